//! SVG, PNG, Vega-Lite and the bundle.

use ironbook_core::Display as _;
use ironbook_plot::Chart;
use serde_json::{Value, json};

fn train_and_test() -> Chart {
    let epochs: Vec<u32> = (1..=12).collect();
    let loss = |floor: f64| epochs.iter().map(|e| floor + 0.5 / f64::from(*e)).collect::<Vec<_>>();
    let chart = Chart::line(&epochs, &loss(0.3)).unwrap().name("train").series("test", &epochs, &loss(0.38)).unwrap();
    chart.title("Loss & <progress>").x_label("epoch").y_label("log loss")
}

/// One chart of each kind and of awkward content: what all outputs must cope with.
fn gallery() -> Vec<(&'static str, Chart)> {
    let noise = |i: u32| {
        let z = (i ^ (i >> 16)).wrapping_mul(0x7feb_352d);
        let z = (z ^ (z >> 15)).wrapping_mul(0x846c_a68b);
        f64::from((z ^ (z >> 16)) >> 8) / f64::from(1u32 << 24)
    };
    let cloud: Vec<f64> = (0..9000).map(noise).collect();
    let shifted: Vec<f64> = (0..9000).map(|i| noise(i + 77_777) + cloud[i as usize]).collect();
    let curve: Vec<f64> = (0..=100).map(|i| f64::from(i) / 100.0).collect();
    let tpr: Vec<f64> = curve.iter().map(|x| x.powf(0.4)).collect();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let delays = [10.0, 10.8, 13.2, 13.9, 13.0, 20.8, 21.7, 12.6, 6.7, 6.2, 5.4, 16.6];
    let airlines = [
        "ExpressJet Airlines Inc.",
        "United Air Lines Inc.",
        "AirTran Airways Corporation",
        "Mesa Airlines Inc.",
        "JetBlue Airways",
    ];
    let wave: Vec<f64> = (0..50_000).map(|i| (f64::from(i) / 4000.0).sin() * 120_000.0 + noise(i) * 9000.0).collect();
    let time: Vec<f64> = (0..50_000).map(f64::from).collect();
    vec![
        ("lines", train_and_test()),
        (
            "wave",
            Chart::line(&time, &wave).unwrap().title("A long noisy line").x_label("time (s)").y_label("power (W)"),
        ),
        ("gaps", Chart::line(&[2011, 2012, 2013, 2014, 2015], &[1.0, f64::NAN, 3.0, -2.5, 4.0]).unwrap()),
        (
            "months",
            Chart::bar(&months, &delays).unwrap().title("Mean departure delay").y_label("minutes").x_label("month"),
        ),
        (
            "airlines",
            Chart::bar(&airlines, &[19.9, 12.1, 18.7, 19.0, 13.0])
                .unwrap()
                .title("Mean departure delay")
                .y_label("minutes"),
        ),
        (
            "grouped",
            Chart::bar(&["2012", "2013", "2014"], &[3, -1, 4])
                .unwrap()
                .name("north")
                .bars("south", &[2, 2, -3])
                .unwrap(),
        ),
        (
            "cloud",
            Chart::scatter(&cloud, &shifted)
                .unwrap()
                .name("flights")
                .title("Departure and arrival")
                .x_label("departure")
                .y_label("arrival"),
        ),
        ("few", Chart::scatter(&[1.5, 2.0, 3.25], &[1e-7, 3e-7, 2e-7]).unwrap()),
        (
            "roc",
            Chart::roc(&curve, &tpr, 0.714).unwrap().name("logistic").curve("baseline", &[0, 1], &[0, 1], 0.5).unwrap(),
        ),
        ("one point", Chart::line(&[5], &[0]).unwrap()),
        (
            "many bars",
            Chart::bar(&(0..365).map(|i| format!("day {i}")).collect::<Vec<_>>(), &(0..365).collect::<Vec<_>>())
                .unwrap(),
        ),
        ("tiny", train_and_test().size(200, 200)),
        ("huge values", Chart::line(&[f64::MIN, f64::MAX], &[f64::MIN, f64::MAX]).unwrap()),
        (
            "long texts",
            Chart::bar(&["x".repeat(300)], &[1])
                .unwrap()
                .title("t".repeat(300))
                .x_label("l".repeat(300))
                .y_label("m".repeat(300)),
        ),
    ]
}

/// With `IRONBOOK_CHARTS` set to a directory, the gallery is left there to be looked at.
#[test]
fn the_gallery_is_drawn_in_every_format() {
    let keep = std::env::var_os("IRONBOOK_CHARTS").map(std::path::PathBuf::from);
    for (name, chart) in gallery() {
        let svg = chart.to_svg().unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
        check_xml(name, &svg);
        let png = chart.to_png().unwrap();
        let (width, height, colors) = decode(&png);
        assert_eq!((width, height), (chart.width() * 2, chart.height() * 2), "{name}");
        assert!(colors > 8, "{name} shows only {colors} colours");
        let text = chart.to_text(72, 18);
        let widest = text.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= 72, "{name}: {widest}\n{text}");
        let vega = chart.to_vega().to_string();
        assert!(vega.len() < 700_000, "{name}: {} bytes of Vega-Lite", vega.len());
        if let Some(dir) = &keep {
            let stem = dir.join(name.replace(' ', "-"));
            std::fs::write(stem.with_extension("png"), png).unwrap();
            std::fs::write(stem.with_extension("svg"), svg).unwrap();
            std::fs::write(stem.with_extension("txt"), text).unwrap();
            std::fs::write(stem.with_extension("json"), vega).unwrap();
        }
    }
}

/// Tags balance and nothing is left unescaped.
fn check_xml(name: &str, svg: &str) {
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, rest) = part.split_once('>').unwrap_or_else(|| panic!("{name}: a tag is not closed: {part}"));
        assert!(!rest.contains('>'), "{name}: unescaped text: {rest}");
        assert!(rest.split('&').skip(1).all(|e| e.find(';').is_some_and(|i| i < 6)), "{name}: {rest}");
        match tag.strip_prefix('/') {
            Some(end) => assert_eq!(open.pop(), Some(end), "{name}"),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{name}: {open:?}");
}

/// Width, height and number of different colours.
fn decode(bytes: &[u8]) -> (u32, u32, usize) {
    let mut reader = png::Decoder::new(bytes).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let colors: std::collections::HashSet<&[u8]> = pixels.chunks(3).collect();
    (info.width, info.height, colors.len())
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
    assert_eq!(axis(&years, "x"), json!({ "grid": false, "tickMinStep": 1, "format": "d" }));
    assert_eq!(axis(&years, "y"), json!({ "grid": true }));
    let large = Chart::line(&[1, 2], &[1, 20_000]).unwrap().to_vega();
    assert_eq!(axis(&large, "y")["format"], ",d");
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
