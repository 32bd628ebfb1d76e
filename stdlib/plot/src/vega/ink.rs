//! Layers of a specification with their data and colours.

use crate::figure::{ColorBar, Figure, Fill, Key, Place};
use crate::theme::{Color, INK, MISSING, SOFT, color, hex};
use serde_json::{Map, Value, json};

/// Eight digits: what JSON needs for a screen.
pub(super) fn digits(value: f64) -> Value {
    json!(format!("{value:.7e}").parse::<f64>().unwrap_or(value))
}

/// A colour that reads on light and dark pages: the ink of white cards becomes a grey.
pub(super) fn on_page(color: Color) -> String {
    if color == INK || color == SOFT { "#808890".to_owned() } else { hex(color) }
}

/// As written, without the digits that widening an `f32` brings.
pub(super) fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0
}

/// Colours that differ from mark to mark go with the data.
pub(super) fn paint(values: &mut [Value], fill: &Fill) {
    for (i, value) in values.iter_mut().enumerate() {
        match fill {
            Fill::Each(colors) => value["c"] = json!(hex(colors[i])),
            Fill::Ramp(at) => value["v"] = json!((at[i] * 1000.0).round() / 1000.0),
            Fill::Series(_) | Fill::Plain(_) => {}
        }
    }
}

/// Puts a layer together with its colour.
pub(super) fn finish(values: Vec<Value>, mut mark: Value, mut encoding: Value, fill: &Fill, figure: &Figure) -> Value {
    match fill {
        Fill::Series(i) if figure.legend.is_empty() => mark["color"] = json!(hex(color(*i))),
        Fill::Series(i) => encoding["color"] = series(*i, figure),
        Fill::Plain(color) => mark["color"] = json!(on_page(*color)),
        // Without a title of its own, which would become the legend's.
        Fill::Each(_) => {
            encoding["color"] = json!({ "field": "c", "type": "nominal", "scale": null, "title": null });
        }
        Fill::Ramp(at) => {
            let missing = at.iter().any(|t| t.is_nan());
            if let Some(bar) = &figure.bar {
                encoding["color"] = ramp(bar, missing);
            }
            if missing {
                // Otherwise marks without a colour are left out.
                mark["invalid"] = Value::Null;
            }
        }
    }
    layer(values, mark, encoding)
}

/// A layer with its own data; moved, as `json!` would copy them.
pub(super) fn layer(values: Vec<Value>, mark: Value, encoding: Value) -> Value {
    let data = Map::from_iter([("values".to_owned(), Value::Array(values))]);
    let parts = [("data", Value::Object(data)), ("mark", mark), ("encoding", encoding)];
    Value::Object(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
}

fn series(i: usize, figure: &Figure) -> Value {
    let names: Vec<&str> = figure.legend.iter().map(|e| e.name.as_str()).collect();
    let range: Vec<String> = (0..names.len()).map(|i| hex(color(i))).collect();
    let orient = match figure.place {
        Place::Above => "top",
        Place::LowerRight => "bottom-right",
        Place::LowerLeft => "bottom-left",
        Place::UpperLeft => "top-left",
    };
    let symbol = match figure.legend[i].key {
        Key::Line => "stroke",
        Key::Box => "square",
        Key::Dot => "circle",
    };
    let legend =
        json!({ "orient": orient, "title": null, "symbolType": symbol, "symbolOpacity": 1, "symbolStrokeWidth": 2.5 });
    json!({ "datum": names[i], "type": "nominal", "scale": { "domain": names, "range": range }, "legend": legend })
}

fn ramp(bar: &ColorBar, missing: bool) -> Value {
    let colors: Vec<String> = bar.ramp.stops().iter().map(|c| hex(*c)).collect();
    let ends = [json!(bar.ends.0), json!(bar.ends.1)];
    let expression = format!("datum.value < 0.5 ? {} : {}", ends[0], ends[1]);
    let title = Some(&bar.title).filter(|t| !t.is_empty());
    let legend = json!({ "title": title, "values": [0, 1], "labelExpr": expression, "gradientLength": 160 });
    let scale = json!({ "domain": [0, 1], "range": colors });
    let mut out = json!({ "field": "v", "type": "quantitative", "scale": scale, "legend": legend });
    if missing {
        out["condition"] = json!({ "test": "!isValid(datum.v)", "value": hex(MISSING) });
    }
    out
}
