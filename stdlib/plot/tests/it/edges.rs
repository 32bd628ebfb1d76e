//! Texts and numbers at the edges: very long, wide, forbidden, next to zero, far from it; and how large outputs get.

use ironbook_plot::{Chart, moment};
use std::time::{Duration, Instant};

#[test]
fn very_long_texts_cost_no_time() {
    let long = "wide word ".repeat(200_000);
    let start = Instant::now();
    let chart = Chart::bar(&[long.as_str(), "b"], &[1, 2]).unwrap().title(&*long).x_label(&*long).y_label(&*long);
    let svg = chart.to_svg().unwrap();
    assert!(svg.len() < 20_000, "{}", svg.len());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(chart.to_text(40, 12).lines().all(|line| line.chars().count() <= 40));
}

/// Characters that XML does not allow, or that end a string for the parser of Vega's expressions.
#[test]
fn forbidden_characters_stay_out() {
    let name = "a\u{FFFE}b\u{FFFF}c\u{0}d\u{2028}e";
    let chart = Chart::bar(&[name, "b"], &[1, 2]).unwrap().title(name);
    let svg = chart.to_svg().unwrap();
    assert!(!svg.contains(['\u{FFFE}', '\u{FFFF}', '\u{0}']), "{svg}");
    let vega = chart.to_vega();
    let expression = vega["layer"][0]["encoding"]["x"]["axis"]["labelExpr"].as_str().unwrap();
    assert!(!expression.contains(['\u{2028}', '\n']) && expression.contains("\\u2028"), "{expression}");
}

/// Places of the terminal, as unicode's table of East Asian widths has them.
fn places(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[test]
fn wide_letters_keep_columns_aligned() {
    let labels = ["東京", "New York", "Sa\u{303}o"];
    let text = Chart::bar(&labels, &[3, 2, 1]).unwrap().to_text(40, 10);
    let bars: Vec<usize> = text.lines().map(|line| places(line.split('│').next().unwrap())).collect();
    assert_eq!(bars, [9, 9, 9], "{text}");
    let names: Vec<String> = (0..4).map(|i| format!("非常に長い名前の特徴{i}")).collect();
    let charts = [
        Chart::bar(&names, &[3, 2, 1, 5]).unwrap().title("売上".repeat(40)),
        Chart::boxplot(&names, &vec![vec![1.0, 2.0, 5.0]; 4]).unwrap(),
        Chart::heatmap(&names, &names, &vec![vec![1.0; 4]; 4]).unwrap().x_label("列"),
        Chart::confusion(&names, &vec![vec![1; 4]; 4]).unwrap(),
        Chart::waterfall(1.0, &names, &[1.0, -2.0, 0.5, 0.1]).unwrap(),
        Chart::beeswarm(&names, &vec![vec![1.0, 2.0]; 4], &vec![vec![]; 4]).unwrap(),
        Chart::line(&[1, 2], &[1, 2]).unwrap().name("系列一").series("系列二", &[1, 2], &[2, 1]).unwrap().y_label("円"),
    ];
    for chart in charts {
        for columns in [24, 40, 72] {
            let text = chart.to_text(columns, 14);
            assert!(text.lines().all(|line| places(line) <= columns), "{columns}\n{text}");
        }
        assert!(chart.to_svg().is_ok() && chart.to_png().is_ok());
    }
}

/// Lying bars beside labels that only a reader's own font has: there is room for them.
#[test]
fn wide_letters_have_room() {
    let svg = Chart::barh(&["東京都千代田区"], &[1]).unwrap().to_svg().unwrap();
    let label = svg.lines().find(|line| line.contains("東京")).unwrap();
    let x: f64 = label.split("x=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    assert!(x >= 7.0 * 11.0, "seven squares of 11 pixels end at {x}");
}

#[test]
fn constants_next_to_zero_and_at_the_end_of_floats() {
    for v in [5e-324, -5e-324, 1e-310, f64::MAX, f64::MIN] {
        for chart in [
            Chart::line(&[1, 2], &[v, v]).unwrap(),
            Chart::scatter(&[v, v], &[v, v]).unwrap(),
            Chart::bar(&["a"], &[v]).unwrap(),
            Chart::histogram(&[v, v]).unwrap(),
            Chart::boxplot(&["a"], &[vec![v, v]]).unwrap(),
            Chart::line(&[1, 2], &[v, v]).unwrap().hline(0.0, "zero").unwrap(),
        ] {
            let svg = chart.to_svg().unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{v:e}\n{svg}");
            assert!(svg.matches("<text").count() < 40, "{v:e}\n{svg}");
            assert!(chart.to_png().is_ok());
        }
    }
}

#[test]
fn many_large_series_stay_small() {
    let x: Vec<f64> = (0..20_000).map(f64::from).collect();
    let wave = |k: u32| x.iter().map(|v| (v / 500.0).sin() + f64::from(k)).collect::<Vec<_>>();
    let lines = (1..40).fold(Chart::line(&x, &wave(0)).unwrap(), |c, k| c.series(k.to_string(), &x, &wave(k)).unwrap());
    let dots =
        (1..40).fold(Chart::scatter(&x, &wave(0)).unwrap(), |c, k| c.series(k.to_string(), &x, &wave(k)).unwrap());
    for (name, chart) in [("lines", lines), ("dots", dots)] {
        let (vega, svg) = (chart.to_vega().to_string().len(), chart.to_svg().unwrap().len());
        assert!(vega < 1_300_000 && svg < 1_500_000, "{name}: {vega} {svg}");
    }
}

#[test]
fn eight_series_have_eight_colours() {
    let chart =
        (1..8).fold(Chart::line(&[0, 1], &[0, 1]).unwrap(), |c, k| c.series(k.to_string(), &[0, 1], &[k, 1]).unwrap());
    let vega = chart.to_vega();
    let range = vega["layer"][0]["encoding"]["color"]["scale"]["range"].as_array().unwrap();
    let different: std::collections::HashSet<&str> = range.iter().map(|c| c.as_str().unwrap()).collect();
    assert_eq!((range.len(), different.len()), (8, 8));
}

/// Vega leaves marks out whose colour is null unless it is told not to: text features of a beeswarm, missing cells.
#[test]
fn marks_without_a_colour_are_drawn_by_vega() {
    let swarm = Chart::beeswarm(&["text", "n"], &[vec![1.0, 2.0], vec![0.5, 0.1]], &[vec![], vec![1.0, 2.0]]).unwrap();
    let cells = Chart::heatmap(&["a", "b"], &["c"], &[vec![1.0, f64::NAN]]).unwrap();
    for (chart, mark) in [(swarm, "point"), (cells, "rect")] {
        let vega = chart.to_vega();
        let layers = vega["layer"].as_array().unwrap();
        let layer = layers.iter().find(|l| l["mark"]["type"] == mark).unwrap();
        assert_eq!(layer["mark"].get("invalid"), Some(&serde_json::Value::Null));
        assert_eq!(layer["encoding"]["color"]["condition"]["value"], "#c9ccd1");
    }
}

#[test]
fn legends_and_titles_of_vega_keep_within_the_picture() {
    let long = "a rather long name of a series ".repeat(2);
    let chart = (1..30)
        .fold(Chart::line(&[0, 1], &[0, 1]).unwrap(), |c, k| c.series(format!("{long}{k}"), &[0, 1], &[k, 1]).unwrap());
    let vega = chart.title("t".repeat(500)).to_vega();
    let legend = &vega["layer"][0]["encoding"]["color"]["legend"];
    assert_eq!((&legend["columns"], legend["symbolLimit"].as_u64().unwrap() < 12), (&serde_json::json!(1), true));
    assert!(vega["config"]["title"]["limit"] == 616 && vega["config"]["axisX"]["titleLimit"] == 600);
}

/// On a logarithmic axis bars reach down to it.
#[test]
fn bars_of_a_logarithmic_histogram_stand_on_the_axis() {
    let vega = Chart::histogram(&[1.0, 1.5, 1.6, 1.7, 9.0]).unwrap().log_y().unwrap().to_vega();
    let (scale, bar) = (&vega["layer"][0]["encoding"]["y"]["scale"], &vega["layer"][0]["data"]["values"][0]);
    let (low, foot) = (scale["domain"][0].as_f64().unwrap(), bar["y"].as_f64().unwrap());
    assert!((low - foot).abs() < 1e-12, "{low} {foot}");
}

#[test]
fn moments_are_dates() {
    assert_eq!(
        (moment(1_356_998_400.0).as_str(), moment(1_357_000_200.0).as_str()),
        ("2013-01-01", "2013-01-01 00:30")
    );
}
