//! Charts as Vega-Lite 5, which JupyterLab draws without an extension.

use crate::chart::{Chart, Mark};
use crate::layout::legend_name;
use crate::sample;
use crate::theme::{AXIS, GRID, INK, SOFT, color, hex};
use serde_json::{Value, json};

/// The specification.
pub(crate) fn spec(chart: &Chart) -> Value {
    let mut spec = match chart.mark {
        Mark::Bar => bars(chart),
        Mark::Line | Mark::Scatter | Mark::Roc => curves(chart),
    };
    spec["$schema"] = json!("https://vega.github.io/schema/vega-lite/v5.json");
    spec["background"] = json!("white");
    spec["width"] = json!(chart.width);
    spec["height"] = json!(chart.height);
    spec["autosize"] = json!({ "type": "fit", "contains": "padding" });
    spec["padding"] = json!(12);
    if let Some(title) = title(chart) {
        spec["title"] = title;
    }
    spec["config"] = json!({
        "axis": { "gridColor": hex(GRID), "domainColor": hex(AXIS), "tickColor": hex(AXIS), "labelColor": hex(SOFT), "titleColor": hex(INK), "titleFontWeight": "normal", "titleFontSize": 12, "labelFontSize": 11 },
        "axisX": { "grid": chart.mark == Mark::Roc },
        "scale": { "bandPaddingInner": 0.24 },
        "legend": { "labelColor": hex(INK), "labelFontSize": 11, "labelLimit": 400 },
        "title": { "anchor": "start", "color": hex(INK), "fontSize": 15, "subtitleColor": hex(SOFT) },
        "view": { "stroke": null },
    });
    spec
}

fn title(chart: &Chart) -> Option<Value> {
    match (&chart.title, sample::remark(chart)) {
        (None, None) => None,
        (title, None) => Some(json!(title)),
        (title, Some(remark)) => Some(json!({ "text": title.as_deref().unwrap_or_default(), "subtitle": remark })),
    }
}

/// Whole numbers (years, epochs) get whole ticks, and a comma from five digits on.
fn ticks(values: &[Value], field: &str) -> Value {
    let numbers = || values.iter().filter_map(|v| v[field].as_f64());
    if !numbers().all(|v| v.fract() == 0.0) {
        return json!({});
    }
    let large = numbers().any(|v| v.abs() >= 10_000.0);
    json!({ "tickMinStep": 1, "format": if large { ",d" } else { "d" } })
}

/// Legend entry of series `i`.
fn entry(chart: &Chart, i: usize) -> String {
    legend_name(chart, &chart.series[i]).unwrap_or_else(|| format!("series {}", i + 1))
}

/// Colour by series; the legend is left out where it would say nothing.
fn colors(chart: &Chart) -> Value {
    let names: Vec<String> = (0..chart.series.len()).map(|i| entry(chart, i)).collect();
    let range: Vec<String> = (0..chart.series.len()).map(|i| hex(color(i))).collect();
    let speaks = names.len() > 1 || legend_name(chart, &chart.series[0]).is_some();
    let place = if chart.mark == Mark::Roc { "bottom-right" } else { "top" };
    let legend = if speaks { json!({ "orient": place, "title": null }) } else { Value::Null };
    json!({ "field": "series", "type": "nominal", "scale": { "domain": names, "range": range }, "legend": legend })
}

fn curves(chart: &Chart) -> Value {
    let mut values = Vec::new();
    for (i, series) in chart.series.iter().enumerate() {
        for (part, run) in sample::runs(chart, series).into_iter().enumerate() {
            // `part` parts a line at its gaps, which Vega-Lite would bridge.
            values.extend(
                run.into_iter().map(|(x, y)| json!({ "x": x, "y": y, "series": entry(chart, i), "part": part })),
            );
        }
    }
    let rates = chart.mark == Mark::Roc;
    let axis = |field: &str, label: &Option<String>| {
        let scale = if rates { json!({ "domain": [0, 1] }) } else { json!({ "zero": false, "nice": field == "y" }) };
        json!({ "field": field, "type": "quantitative", "title": label, "scale": scale, "axis": ticks(&values, field) })
    };
    let few = chart.series.iter().all(|s| s.x.len() <= 24);
    let mark = match chart.mark {
        Mark::Scatter => json!({ "type": "point", "filled": true, "opacity": 0.6, "tooltip": true }),
        Mark::Roc => json!({ "type": "line", "tooltip": true, "interpolate": "linear" }),
        _ => json!({ "type": "line", "point": few, "tooltip": true }),
    };
    // The order of the points is the line's, not that of x.
    let mut encoding =
        json!({ "x": axis("x", &chart.x_label), "y": axis("y", &chart.y_label), "color": colors(chart) });
    if chart.mark != Mark::Scatter {
        encoding["order"] = Value::Null;
        encoding["detail"] = json!({ "field": "part" });
    }
    let data = json!({ "values": values });
    let zoom = json!([{ "name": "zoom", "select": "interval", "bind": "scales" }]);
    if !rates {
        return json!({ "data": data, "mark": mark, "encoding": encoding, "params": zoom });
    }
    let chance = json!({
        "data": { "values": [{ "x": 0, "y": 0 }, { "x": 1, "y": 1 }] },
        "mark": { "type": "line", "strokeDash": [5, 5], "color": hex(AXIS), "strokeWidth": 1.2 },
        "encoding": { "x": { "field": "x", "type": "quantitative" }, "y": { "field": "y", "type": "quantitative" } },
    });
    json!({ "layer": [chance, { "data": data, "mark": mark, "encoding": encoding }] })
}

fn bars(chart: &Chart) -> Value {
    let mut values = Vec::new();
    for (i, series) in chart.series.iter().enumerate() {
        let finite = chart.labels.iter().zip(&series.y).enumerate().filter(|(_, (_, v))| v.is_finite());
        values.extend(finite.map(
            |(at, (label, value))| json!({ "label": label, "value": value, "series": entry(chart, i), "at": at }),
        ));
    }
    let long = chart.labels.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    let lying = long * chart.labels.len() * 7 > chart.width as usize && chart.labels.len() <= 30;
    let (labels, heights, offset) = if lying { ("y", "x", "yOffset") } else { ("x", "y", "xOffset") };
    let mut encoding = json!({});
    encoding[labels] = json!({ "field": "label", "type": "nominal", "sort": null, "title": chart.x_label, "axis": { "labelAngle": 0, "labelOverlap": true } });
    encoding[heights] = json!({ "field": "value", "type": "quantitative", "title": chart.y_label });
    encoding["color"] = colors(chart);
    if chart.series.len() > 1 {
        encoding[offset] = json!({ "field": "series", "sort": null });
    }
    json!({ "data": { "values": values }, "mark": { "type": "bar", "tooltip": true }, "encoding": encoding })
}
