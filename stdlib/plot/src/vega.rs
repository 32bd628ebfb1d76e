//! Figures as Vega-Lite 5, which JupyterLab draws without an extension: a layer per layer.

mod ink;

use crate::chart::Chart;
use crate::figure::{Bar, Figure, Fill, Layer, Note, Place, Side};
use crate::layout::ticks;
use crate::look::Look;
use crate::scale::{Axis, Scale};
use crate::scene::Anchor;
use crate::theme::{Color, LABEL, PAGE, SOFT, TICK, TITLE, hex};
use ink::{digits, finish, layer, on_page, paint, rounded};
use serde_json::{Map, Value, json};

/// Pixels that axes and their names take in a grid, where a size is that of the plot alone.
const FRAME: (u32, u32) = (110, 100);

/// Cells of a table beyond which none of them says what it stands for.
const TILES: usize = 2500;

/// The specification. It names no colour of page and texts: those of the reader's theme are taken, JupyterLab's dark one
/// among them; marks and the texts beside them have colours that suit both.
pub(crate) fn spec(chart: &Chart) -> Value {
    let mut spec = view(chart, None);
    spec["$schema"] = json!("https://vega.github.io/schema/vega-lite/v5.json");
    spec["padding"] = json!(12);
    spec["config"] = json!({
        "axis": {
            "gridColor": "#808080", "gridOpacity": 0.2, "domainColor": "#808080", "tickColor": "#808080",
            "labelFontSize": TICK, "titleFontWeight": "normal", "titleFontSize": LABEL,
        },
        "legend": {
            "labelFontSize": TICK, "labelLimit": 400, "titleFontWeight": "normal", "titleFontSize": TICK,
        },
        "axisX": { "titleLimit": chart.width() - 40 },
        "axisY": { "titleLimit": chart.height() - 40 },
        "title": {
            "anchor": "start", "fontSize": TITLE, "limit": chart.width() - 24,
        },
        "view": { "stroke": null },
    });
    spec
}

/// A chart, or as part of a grid one of this size.
fn view(chart: &Chart, part: Option<(u32, u32)>) -> Value {
    let drawing = chart.kind.drawing();
    let mut remarks = String::new();
    let mut out = match drawing.parts() {
        Some((charts, columns)) => grid(&chart.look, charts, columns, part),
        None => {
            let Some(mut figure) = drawing.figure(&chart.look) else { return json!({}) };
            chart.look.refer(&mut figure);
            remarks = figure.remarks.join("; ");
            let mut out = layers(&chart.look, &figure, part.is_none());
            let (width, height) = part.unwrap_or((chart.width(), chart.height()));
            (out["width"], out["height"]) = (json!(width), json!(height));
            if part.is_none() {
                out["autosize"] = json!({ "type": "fit", "contains": "padding" });
            }
            out
        }
    };
    match (&chart.look.title, remarks.as_str()) {
        (None, "") => {}
        (Some(title), "") => out["title"] = json!(title),
        (title, remark) => {
            out["title"] = json!({ "text": title.as_deref().unwrap_or_default(), "subtitle": remark });
        }
    }
    out
}

fn grid(look: &Look, charts: &[Chart], columns: usize, part: Option<(u32, u32)>) -> Value {
    let rows = charts.len().div_ceil(columns) as u32;
    let (width, height) = part.unwrap_or((look.width, look.height));
    let size =
        ((width / columns as u32).saturating_sub(FRAME.0).max(80), (height / rows).saturating_sub(FRAME.1).max(60));
    let views: Vec<Value> = charts.iter().map(|chart| view(chart, Some(size))).collect();
    let apart = json!({ "scale": { "color": "independent" }, "legend": { "color": "independent" } });
    let mut out = json!({ "columns": columns, "resolve": apart });
    out["concat"] = Value::Array(views);
    out
}

/// The two axes as every layer repeats them.
struct Axes {
    x: Value,
    y: Value,
    /// Times are milliseconds in Vega.
    factor: f64,
}

fn layers(look: &Look, figure: &Figure, whole: bool) -> Value {
    let (across, up) = ticks(look);
    let (xs, ys) = (figure.x.axis(across), figure.y.axis(up));
    let axes = Axes {
        x: channel(&figure.x, &xs, (look, false, figure.zoom)),
        y: channel(&figure.y, &ys, (look, true, figure.zoom)),
        factor: if figure.x.scale == Scale::Time { 1000.0 } else { 1.0 },
    };
    let mut layers: Vec<Value> = figure.layers.iter().flat_map(|layer| axes.layer(layer, figure)).collect();
    if figure.place == Place::Above {
        in_columns(&mut layers, look, figure);
    }
    if let Some(first) = layers.first_mut().filter(|_| figure.zoom && whole) {
        first["params"] = json!([{ "name": "zoom", "select": "interval", "bind": "scales" }]);
    }
    Value::Object(Map::from_iter([("layer".to_owned(), Value::Array(layers))]))
}

/// Legends above the plot in as many columns as have room, and not beyond a third of the picture.
fn in_columns(layers: &mut [Value], look: &Look, figure: &Figure) {
    let wide = |name: &str| crate::font::width(name, TICK, crate::font::Weight::Regular).min(400.0) + 40.0;
    let widest = figure.legend.iter().map(|entry| wide(&entry.name)).fold(1.0, f32::max);
    let columns = ((look.width as f32 - 60.0) / widest).floor().max(1.0) as usize;
    let rows = ((look.height as f32 / 3.0) / (TICK + 4.0)).floor().max(1.0) as usize;
    for layer in layers {
        let legend = layer.pointer_mut("/encoding/color/legend").filter(|legend| legend.is_object());
        if let Some(legend) = legend {
            (legend["columns"], legend["symbolLimit"]) = (json!(columns), json!(columns * rows));
        }
    }
}

/// An axis as a channel of the encoding, without its field.
fn channel(side: &Side, axis: &Axis, (look, upwards, zoom): (&Look, bool, bool)) -> Value {
    let (lo, hi) = axis.ends();
    let (kind, scale, ms) = match side.scale {
        Scale::Linear | Scale::Bands(_) => ("quantitative", "linear", 1.0),
        Scale::Log => ("quantitative", "log", 1.0),
        Scale::Time => ("temporal", "utc", 1000.0),
    };
    let mut scale = json!({ "type": scale, "domain": [lo * ms, hi * ms], "nice": false });
    if side.scale == Scale::Linear {
        scale["zero"] = json!(false);
    }
    let mut out = json!({ "type": kind, "title": side.label, "scale": scale });
    out["axis"] = match &side.scale {
        Scale::Bands(labels) => {
            if upwards {
                out["scale"]["reverse"] = json!(true);
            }
            bands(labels, look, upwards)
        }
        Scale::Linear if side.whole => {
            // Whole numbers (years, epochs) get whole ticks, and a comma from five digits on.
            let large = lo.abs().max(hi.abs()) >= 10_000.0;
            let format = if large { ",d" } else { "d" };
            // Vega puts ticks between whole numbers all the same: these have no label where they can come by zooming.
            let label = format!("datum.value == floor(datum.value) ? format(datum.value, '{format}') : ''");
            match zoom {
                true => json!({ "grid": side.grid, "tickMinStep": 1, "labelExpr": label }),
                false => json!({ "grid": side.grid, "values": axis.ticks(), "format": format }),
            }
        }
        Scale::Linear if !(1e-4..1e15).contains(&lo.abs().max(hi.abs())) => {
            json!({ "grid": side.grid, "format": "~e" })
        }
        Scale::Log => json!({ "grid": side.grid, "values": axis.ticks(), "format": "~g" }),
        _ => json!({ "grid": side.grid }),
    };
    if side.is_bands() {
        out["axis"]["grid"] = json!(side.grid);
    }
    out
}

/// Labels at whole positions: as many as have room.
fn bands(labels: &[String], look: &Look, upwards: bool) -> Value {
    let length = if upwards { look.height.saturating_sub(90) } else { look.width.saturating_sub(100) } as f32;
    let band = length / labels.len().max(1) as f32;
    let widest = labels.iter().map(|l| crate::font::width(l, TICK, crate::font::Weight::Regular)).fold(0.0, f32::max);
    let slanted = !upwards && widest + 6.0 > band && band >= TICK + 3.0 && labels.len() > 1;
    let need = if upwards || slanted { TICK + 1.0 } else { widest + 6.0 };
    let every = (need / band).ceil().max(1.0) as usize;
    let values: Vec<usize> = (0..labels.len()).step_by(every).collect();
    let names: Map<String, Value> = values.iter().map(|i| (i.to_string(), json!(labels[*i]))).collect();
    let limit = if upwards {
        look.width as f32 * 0.4
    } else if slanted {
        look.height as f32 * 0.4
    } else {
        (band * every as f32).max(40.0)
    };
    let angle = if slanted { -45 } else { 0 };
    // The object in the expression is JSON, which Vega's expressions contain.
    // These two end a line for the parser of expressions, within a string as well.
    let names = Value::Object(names).to_string().replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    let expression = format!("{names}[datum.value]");
    let mut axis = json!({ "values": values, "labelExpr": expression, "labelAngle": angle, "labelLimit": limit });
    (axis["ticks"], axis["labelOverlap"]) = (json!(false), json!(false));
    axis
}

impl Axes {
    /// The encoding of these fields.
    fn encoding(&self, x: &str, y: &str) -> Value {
        let (mut across, mut up) = (self.x.clone(), self.y.clone());
        (across["field"], up["field"]) = (json!(x), json!(y));
        json!({ "x": across, "y": up })
    }

    fn layer(&self, layer: &Layer, figure: &Figure) -> Vec<Value> {
        match layer {
            Layer::Line { runs, fill, width, dash, dots } => {
                vec![self.line(runs, fill, (*width, *dash, *dots), figure)]
            }
            Layer::Dots { points, fill, radius, alpha } => vec![self.dots(points, fill, (*radius, *alpha), figure)],
            Layer::Bars { bars, fill, alpha, gap } => vec![self.bars(bars, fill, (*alpha, *gap), figure)],
            Layer::Band { runs, fill } => vec![self.band(runs, fill, figure)],
            Layer::Spans { spans, upright, color, cap, width } => self.spans(spans, *upright, (*color, *cap, *width)),
            Layer::Rule { at, upright, name, color, dash } => {
                self.rule((*at, *upright), name.as_deref(), *color, *dash)
            }
            Layer::Texts { texts } => self.texts(texts, figure.is_tiled()),
        }
    }

    fn line(
        &self,
        runs: &[Vec<(f64, f64)>],
        fill: &Fill,
        (width, dash, dots): (f32, Option<f32>, bool),
        figure: &Figure,
    ) -> Value {
        let mut mark = json!({ "type": "line", "strokeWidth": rounded(width), "tooltip": dash.is_none() });
        mark["interpolate"] = json!("linear");
        mark["clip"] = json!(figure.zoom && !dots);
        if let Some(dash) = dash {
            mark["strokeDash"] = json!([dash, dash]);
        }
        if dots || runs.iter().any(|r| r.len() == 1) {
            mark["point"] = json!({ "filled": true, "size": 30 });
        }
        let mut encoding = self.encoding("x", "y");
        // The order of the points is the line's, not that of x; `part` parts it at its gaps.
        encoding["order"] = Value::Null;
        encoding["detail"] = json!({ "field": "part" });
        finish(self.runs(runs), mark, encoding, fill, figure)
    }

    fn dots(&self, points: &[(f64, f64)], fill: &Fill, (radius, alpha): (f32, f32), figure: &Figure) -> Value {
        let point = |p: &(f64, f64)| json!({ "x": self.number(p.0), "y": digits(p.1) });
        let mut values: Vec<Value> = points.iter().map(point).collect();
        paint(&mut values, fill);
        let size = (std::f32::consts::PI * radius * radius).round();
        let mut mark = json!({ "type": "point", "filled": true, "size": size, "opacity": rounded(alpha) });
        (mark["tooltip"], mark["clip"]) = (json!(true), json!(figure.zoom));
        finish(values, mark, self.encoding("x", "y"), fill, figure)
    }

    /// Bars with what they stand for; many cells of a table as their corners only, which is a quarter of the text.
    fn bars(&self, bars: &[Bar], fill: &Fill, (alpha, gap): (f32, f32), figure: &Figure) -> Value {
        let square = |b: &Bar| b.x.1 - b.x.0 == 1.0 && b.y.1 - b.y.0 == 1.0;
        let tiles = bars.len() > TILES && bars.iter().all(square);
        let bar = |b: &Bar| {
            let mut value = json!({ "x": digits(b.x.0), "y": digits(b.y.0) });
            if !tiles {
                (value["x2"], value["y2"]) = (digits(b.x.1), digits(b.y.1));
                (value["label"], value["value"]) = (json!(b.label), json!(b.value));
            }
            value
        };
        let mut values: Vec<Value> = bars.iter().map(bar).collect();
        paint(&mut values, fill);
        let mut encoding = self.encoding("x", "y");
        (encoding["x2"], encoding["y2"]) = (json!({ "field": "x2" }), json!({ "field": "y2" }));
        let shown = json!([{ "field": "label", "type": "nominal" }, { "field": "value", "type": "quantitative" }]);
        let mut mark = json!({ "type": "rect", "opacity": rounded(alpha), "strokeWidth": rounded(gap * 2.0) });
        if gap > 0.0 {
            mark["stroke"] = json!(hex(PAGE));
        }
        if !tiles {
            encoding["tooltip"] = shown;
            return finish(values, mark, encoding, fill, figure);
        }
        let mut layer = finish(values, mark, encoding, fill, figure);
        let corner = |field: &str| json!({ "calculate": format!("datum.{field} + 1"), "as": format!("{field}2") });
        layer["transform"] = json!([corner("x"), corner("y")]);
        layer
    }

    fn band(&self, runs: &[Vec<(f64, f64, f64)>], fill: &Fill, figure: &Figure) -> Value {
        let point = |(part, p): (usize, &(f64, f64, f64))| json!({ "x": self.number(p.0), "y": digits(p.1), "y2": digits(p.2), "part": part });
        let values = runs.iter().enumerate().flat_map(|(i, r)| r.iter().map(move |p| (i, p))).map(point).collect();
        let mut encoding = self.encoding("x", "y");
        encoding["y2"] = json!({ "field": "y2" });
        encoding["detail"] = json!({ "field": "part" });
        let mark = json!({ "type": "area", "opacity": 0.18, "clip": figure.zoom });
        finish(values, mark, encoding, fill, figure)
    }

    /// A position along x, with the digits that a screen can show.
    fn number(&self, x: f64) -> Value {
        if self.factor == 1.0 { digits(x) } else { json!(x * self.factor) }
    }

    fn runs(&self, runs: &[Vec<(f64, f64)>]) -> Vec<Value> {
        let numbered = runs.iter().enumerate().flat_map(|(part, run)| run.iter().map(move |p| (part, p)));
        numbered.map(|(part, p)| json!({ "x": self.number(p.0), "y": digits(p.1), "part": part })).collect()
    }

    fn spans(
        &self,
        spans: &[crate::figure::Span],
        upright: bool,
        (color, cap, width): (Color, f32, f32),
    ) -> Vec<Value> {
        let (at, lo, hi) = if upright { ("x", "y", "y2") } else { ("y", "x", "x2") };
        let place = |v: f64| if upright { json!(v * self.factor) } else { json!(v) };
        let values: Vec<Value> = spans.iter().map(|s| json!({ at: place(s.at), lo: s.lo, hi: s.hi })).collect();
        let mut encoding = self.encoding("x", "y");
        encoding[hi] = json!({ "field": hi });
        let mark = json!({ "type": "rule", "color": on_page(color), "strokeWidth": rounded(width) });
        let mut out = vec![json!({ "data": { "values": values }, "mark": mark, "encoding": encoding })];
        for end in [lo, hi].into_iter().filter(|_| cap > 0.0) {
            let (angle, size) = (if upright { 0 } else { 90 }, cap * cap * 4.0);
            let mut mark = json!({ "type": "point", "shape": "stroke", "angle": angle, "size": size });
            (mark["stroke"], mark["strokeWidth"]) = (json!(on_page(color)), json!(rounded(width)));
            let encoding = if upright { self.encoding("x", end) } else { self.encoding(end, "y") };
            out.push(json!({ "data": { "values": values }, "mark": mark, "encoding": encoding }));
        }
        out
    }

    fn rule(&self, (at, upright): (f64, bool), name: Option<&str>, color: Color, dash: Option<f32>) -> Vec<Value> {
        let field = if upright { "x" } else { "y" };
        let place = if upright { at * self.factor } else { at };
        let data = json!({ "values": [{ field: place, "name": name }] });
        let mut encoding = self.encoding("x", "y");
        let other = if upright { "y" } else { "x" };
        if let Some(channels) = encoding.as_object_mut() {
            channels.remove(other);
        }
        let dash = dash.map(|d| json!([d, d]));
        let mark = json!({ "type": "rule", "color": on_page(color), "strokeWidth": 1.2, "strokeDash": dash });
        let mut out = vec![json!({ "data": data, "mark": mark, "encoding": encoding })];
        if name.is_some() {
            let end = if upright { json!(0) } else { json!("width") };
            encoding[other] = json!({ "value": end });
            encoding["text"] = json!({ "field": "name", "type": "nominal" });
            let (align, dx, dy) = if upright { ("left", 5, 8) } else { ("right", -2, -7) };
            let mark =
                json!({ "type": "text", "align": align, "dx": dx, "dy": dy, "color": on_page(SOFT), "fontSize": TICK });
            out.push(json!({ "data": data, "mark": mark, "encoding": encoding }));
        }
        out
    }

    /// Texts, a layer for all that are moved alike.
    fn texts(&self, texts: &[Note], tiled: bool) -> Vec<Value> {
        let mut groups: Vec<((f32, f32), Anchor, Vec<Value>)> = Vec::new();
        for note in texts {
            let color = if tiled { hex(note.color) } else { on_page(note.color) };
            let value = json!({ "x": note.at.0 * self.factor, "y": note.at.1, "text": note.text, "c": color });
            match groups.iter_mut().find(|g| g.0 == note.shift && g.1 == note.anchor) {
                Some(group) => group.2.push(value),
                None => groups.push((note.shift, note.anchor, vec![value])),
            }
        }
        let group = |((dx, dy), anchor, values): ((f32, f32), Anchor, Vec<Value>)| {
            let align = match anchor {
                Anchor::Start => "left",
                Anchor::Middle => "center",
                Anchor::End => "right",
            };
            let mut mark = json!({ "type": "text", "align": align, "baseline": "alphabetic", "fontSize": TICK });
            (mark["dx"], mark["dy"]) = (json!(rounded(dx)), json!(rounded(dy)));
            let mut encoding = self.encoding("x", "y");
            encoding["text"] = json!({ "field": "text", "type": "nominal" });
            encoding["color"] = json!({ "field": "c", "type": "nominal", "scale": null, "title": null });
            layer(values, mark, encoding)
        };
        groups.into_iter().map(group).collect()
    }
}
