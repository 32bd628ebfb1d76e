//! SVG, PNG, Vega-Lite and the bundle.

use crate::gallery::gallery;
use ironbook_core::Display as _;
use ironbook_plot::Chart;
use serde_json::{Value, json};

pub(crate) fn train_and_test() -> Chart {
    let epochs: Vec<u32> = (1..=12).collect();
    let loss = |floor: f64| epochs.iter().map(|e| floor + 0.5 / f64::from(*e)).collect::<Vec<_>>();
    let chart = Chart::line(&epochs, &loss(0.3)).unwrap().name("train").series("test", &epochs, &loss(0.38)).unwrap();
    chart.title("Loss & <progress>").x_label("epoch").y_label("log loss")
}

#[test]
fn titles_labels_and_names_are_in_the_svg() {
    let svg = train_and_test().to_svg().unwrap();
    for text in ["Loss &amp; &lt;progress&gt;", ">epoch<", ">log loss<", ">train<", ">test<", ">10<", ">0.4<"] {
        assert!(svg.contains(text), "{text} is missing");
    }
    assert!(svg.contains("#0072b2") && svg.contains("#d55e00"));
}

#[test]
fn lines_end_where_the_data_end() {
    let svg = Chart::line(&[0, 10], &[0, 10]).unwrap().size(400, 300).to_svg().unwrap();
    let line = svg.lines().find(|l| l.contains("#0072b2") && l.contains("polyline")).unwrap();
    let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
    let points: Vec<f64> = points.split([' ', ',']).map(|p| p.parse().unwrap()).collect();
    let [x0, y0, x1, y1] = points[..] else { panic!("{points:?}") };
    assert!(x0 < 60.0 && x1 > 370.0 && y0 > 250.0 && y1 < 40.0, "{points:?}");
}

/// The layers whose marks are of this type.
fn layers<'a>(vega: &'a Value, mark: &str) -> Vec<&'a Value> {
    vega["layer"].as_array().unwrap().iter().filter(|l| l["mark"]["type"] == mark).collect()
}

#[test]
fn roc_has_the_diagonal_and_the_area() {
    let chart = Chart::roc(&[0.0, 0.2, 1.0], &[0.0, 0.7, 1.0], 0.75).unwrap().name("logistic");
    let svg = chart.to_svg().unwrap();
    assert!(
        svg.contains("stroke-dasharray") && svg.contains("logistic (AUC 0.750)") && svg.contains("false positive rate")
    );
    let vega = chart.to_vega();
    assert_eq!(vega["layer"][0]["mark"]["strokeDash"], json!([5.0, 5.0]));
    assert_eq!(vega["layer"][1]["encoding"]["color"]["scale"]["domain"], json!(["logistic (AUC 0.750)"]));
    assert!(chart.to_text(60, 20).contains("logistic (AUC 0.750)"));
}

#[test]
fn vega_lite_carries_the_data() {
    let vega = train_and_test().to_vega();
    assert_eq!(vega["$schema"], "https://vega.github.io/schema/vega-lite/v5.json");
    let lines = layers(&vega, "line");
    let counts: Vec<usize> = lines.iter().map(|l| l["data"]["values"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [12, 12]);
    assert_eq!(lines[0]["data"]["values"][0], json!({ "x": 1.0, "y": 0.8, "part": 0 }));
    assert_eq!(lines[0]["encoding"]["color"]["datum"], "train");
    assert_eq!(lines[0]["encoding"]["x"]["title"], "epoch");
    let bars = Chart::bar(&["b", "a"], &[1.0, f64::NAN]).unwrap().to_vega();
    let bar = json!([{ "label": "b", "value": 1.0, "x": -0.38, "x2": 0.38, "y": 0.0, "y2": 1.0 }]);
    assert_eq!(layers(&bars, "rect")[0]["data"]["values"], bar);
    assert_eq!(bars["layer"][0]["encoding"]["x"]["axis"]["labelExpr"], "{\"0\":\"b\",\"1\":\"a\"}[datum.value]");
}

#[test]
fn whole_numbers_get_whole_ticks() {
    let years = Chart::line(&[2011, 2012], &[0.5, 20_000.0]).unwrap().to_vega();
    let axis = |vega: &Value, side: &str| vega["layer"][0]["encoding"][side]["axis"].clone();
    let label = "datum.value == floor(datum.value) ? format(datum.value, 'd') : ''";
    assert_eq!(axis(&years, "x"), json!({ "grid": false, "tickMinStep": 1, "labelExpr": label }));
    assert_eq!(axis(&years, "y"), json!({ "grid": true }));
    let large = Chart::line(&[1, 2], &[1, 20_000]).unwrap().to_vega();
    assert!(axis(&large, "y")["labelExpr"].as_str().unwrap().contains("',d'"));
    // What cannot be zoomed has the ticks of the other outputs.
    let counts = Chart::histogram(&[1.0, 1.0, 2.0]).unwrap().to_vega();
    assert_eq!(axis(&counts, "y"), json!({ "grid": true, "values": [0.0, 1.0, 2.0], "format": "d" }));
}

#[test]
fn a_gap_parts_the_line() {
    let chart = Chart::line(&[1, 2, 3, 4, 5], &[1.0, 2.0, f64::NAN, 4.0, 5.0]).unwrap();
    let lines = chart.to_svg().unwrap().lines().filter(|l| l.contains("polyline") && l.contains("#0072b2")).count();
    assert_eq!(lines, 2);
    let vega = chart.to_vega();
    let values = vega["layer"][0]["data"]["values"].as_array().unwrap();
    let parts: Vec<Value> = values.iter().map(|v| v["part"].clone()).collect();
    assert_eq!(parts, [json!(0), json!(0), json!(1), json!(1)]);
}

#[test]
fn a_gap_parts_the_band() {
    let low = [0.0, 1.0, f64::NAN, 3.0, 4.0];
    let chart = Chart::line(&[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5]).unwrap().band(&low, &[2, 3, 4, 5, 6]).unwrap();
    assert_eq!(chart.to_svg().unwrap().matches("<polygon").count(), 2);
    let vega = chart.to_vega();
    let parts: Vec<&Value> =
        layers(&vega, "area")[0]["data"]["values"].as_array().unwrap().iter().map(|v| &v["part"]).collect();
    assert_eq!(parts, [0, 0, 1, 1]);
}

#[test]
fn time_axes_write_dates() {
    let chart = Chart::line(&[1_356_998_400, 1_388_534_400], &[1, 2]).unwrap().time_x().unwrap();
    let svg = chart.to_svg().unwrap();
    assert!(svg.contains(">2013-01<") && svg.contains(">2013-07<") && svg.contains(">2014-01<"), "{svg}");
    let vega = chart.to_vega();
    let x = &vega["layer"][0]["encoding"]["x"];
    assert_eq!((&x["type"], &x["scale"]["type"]), (&json!("temporal"), &json!("utc")));
    assert_eq!(vega["layer"][0]["data"]["values"][0]["x"], 1_356_998_400_000.0);
    assert!(chart.to_text(72, 18).contains("2013-07"));
}

#[test]
fn logarithmic_axes_have_a_length_per_decade() {
    let chart = Chart::line(&[1, 2, 3], &[1, 10, 1000]).unwrap().log_y().unwrap().size(400, 400);
    let svg = chart.to_svg().unwrap();
    let line = svg.lines().find(|l| l.contains("#0072b2") && l.contains("polyline")).unwrap();
    let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
    let y: Vec<f64> = points.split(' ').map(|p| p.split(',').nth(1).unwrap().parse().unwrap()).collect();
    assert!(((y[1] - y[2]) / (y[0] - y[1]) - 2.0).abs() < 0.01, "{y:?}");
    assert_eq!(chart.to_vega()["layer"][0]["encoding"]["y"]["scale"]["type"], "log");
    let zero = Chart::line(&[1, 2], &[0, 10]).unwrap().log_y().unwrap();
    assert!(zero.to_svg().unwrap().contains("1 value of zero or below is not on the logarithmic axis"));
}

#[test]
fn reference_lines_are_named_in_every_output() {
    let chart = Chart::line(&[1, 2], &[1, 2]).unwrap().hline(1.5, "target").unwrap();
    assert!(chart.to_svg().unwrap().contains(">target<"));
    assert!(chart.to_text(60, 16).contains("┄ target 1.5"));
    assert_eq!(layers(&chart.to_vega(), "rule")[0]["data"]["values"], json!([{ "name": "target", "y": 1.5 }]));
}

#[test]
fn grids_hold_their_charts_in_every_output() {
    let part = |title: &str| Chart::bar(&["a", "b"], &[1, 2]).unwrap().title(title);
    let chart = ironbook_plot::grid(vec![part("one"), part("two"), part("three")], 2).unwrap().title("all");
    assert_eq!((chart.width(), chart.height()), (1280, 800));
    let (svg, text, vega) = (chart.to_svg().unwrap(), chart.to_text(72, 18), chart.to_vega());
    for title in ["one", "two", "three", "all"] {
        assert!(svg.contains(&format!(">{title}<")) && text.contains(title), "{title}\n{text}");
    }
    assert_eq!(vega["concat"].as_array().map(Vec::len), Some(3));
    assert_eq!((&vega["columns"], &vega["concat"][2]["title"]), (&json!(2), &json!("three")));
}

#[test]
fn big_data_give_small_outputs_that_say_so() {
    let x: Vec<f64> = (0..336_776).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|v| (v / 1e4).sin()).collect();
    let line = Chart::line(&x, &y).unwrap().bundle();
    let json = line.data["application/vnd.vegalite.v5+json"].to_string();
    assert!(json.len() < 250_000, "{}", json.len());
    let cloud = Chart::scatter(&x, &y).unwrap();
    assert!(cloud.to_svg().unwrap().contains("one point in 85 is shown"));
    assert!(cloud.to_text(72, 18).contains("one point in 85 is shown"));
    assert_eq!(cloud.to_vega()["title"]["subtitle"], "one point in 85 is shown");
}

#[test]
fn the_bundle_has_what_each_reader_needs() {
    let bundle = train_and_test().bundle();
    let types: Vec<&str> = bundle.data.keys().map(String::as_str).collect();
    assert_eq!(types, ["text/plain", "application/vnd.vegalite.v5+json", "image/png"]);
    let bytes: usize = bundle.data.values().map(|value| value.to_string().len()).sum();
    assert!(bytes < 300_000, "{bytes}");
    assert!(bundle.data["image/png"].as_str().unwrap().starts_with("iVBORw0KGgo"), "base64 of a PNG");
    assert_eq!(bundle.metadata["image/png"], json!({ "width": 640, "height": 400 }));
}

#[test]
fn charts_survive_json() {
    for (name, chart) in gallery() {
        let text = serde_json::to_string(&chart).unwrap();
        let back: Chart = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text, "{name}");
        assert_eq!(back.to_svg().unwrap(), chart.to_svg().unwrap(), "{name}");
    }
}

#[test]
fn plotters_itself_has_the_font() {
    use plotters::prelude::*;
    ironbook_plot::register();
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (100, 50)).into_drawing_area();
    let style = ("sans-serif", 12).into_font();
    let (width, _) = style.box_size("ironbook").expect("the font is there");
    area.draw(&Text::new("ironbook", (0, 0), style)).unwrap();
    drop(area);
    assert!(width > 30 && svg.contains("ironbook"));
}

/// JupyterLab's dark theme gives text and page their colours, unless the chart names its own.
#[test]
fn vega_leaves_page_and_texts_to_the_theme() {
    let charts = [
        train_and_test().title("t").hline(0.5, "limit").unwrap(),
        Chart::bar(&["a", "b"], &[1, 2]).unwrap(),
        Chart::waterfall(0.5, &["a"], &[1.0]).unwrap(),
    ];
    for chart in charts {
        let spec = chart.to_vega();
        assert!(spec.get("background").is_none() && spec["config"]["axis"].get("labelColor").is_none());
        for ink in ["#22262b", "#5a6169"] {
            assert!(!spec.to_string().contains(ink), "{ink} in {spec:#}");
        }
    }
    let tiles = Chart::confusion(&["a", "b"], &[vec![9, 1], vec![1, 9]]).unwrap().to_vega().to_string();
    assert!(tiles.contains("#22262b"), "texts on cells keep the ink that reads on them");
}
