//! Charts of every kind, with plain and with awkward content, and what every output owes to each of them.

use crate::output::train_and_test;
use ironbook_plot::{Chart, KINDS, grid};

/// Numbers between 0 and 1 that are the same in every run.
pub(crate) fn noise(i: u32) -> f64 {
    let z = (i ^ (i >> 16)).wrapping_mul(0x7feb_352d);
    let z = (z ^ (z >> 15)).wrapping_mul(0x846c_a68b);
    f64::from((z ^ (z >> 16)) >> 8) / f64::from(1u32 << 24)
}

/// Nearly normal: the sum of twelve.
fn normal(i: u32) -> f64 {
    (0..12).map(|k| noise(i.wrapping_mul(12).wrapping_add(k))).sum::<f64>() - 6.0
}

fn normals(count: u32, from: u32) -> Vec<f64> {
    (from..from + count).map(normal).collect()
}

const AIRLINES: [&str; 5] = [
    "ExpressJet Airlines Inc.",
    "United Air Lines Inc.",
    "AirTran Airways Corporation",
    "Mesa Airlines Inc.",
    "JetBlue Airways",
];

fn features(count: usize) -> Vec<String> {
    let names = ["hour", "distance", "carrier", "visibility", "wind_gust", "month", "age of plane", "temperature"];
    (0..count).map(|i| if i < names.len() { names[i].to_owned() } else { format!("feature {i}") }).collect()
}

/// SHAP values and the features' own: the first rises with its feature, the third has missing values.
fn swarm(count: usize, rows: u32) -> Chart {
    let values: Vec<Vec<f64>> =
        (0..count).map(|f| (0..rows).map(|i| normal(i + 1000 * f as u32) * 0.5 / (f + 1) as f64).collect()).collect();
    let own = |f: usize, i: usize, v: f64| match f {
        2 if i.is_multiple_of(3) => f64::NAN,
        _ => v * if f.is_multiple_of(2) { 1.0 } else { -1.0 } + noise(i as u32) * 0.3,
    };
    let colour: Vec<Vec<f64>> =
        values.iter().enumerate().map(|(f, c)| c.iter().enumerate().map(|(i, v)| own(f, i, *v)).collect()).collect();
    Chart::beeswarm(&features(count), &values, &colour).unwrap()
}

/// Trials: the last variable is missing where the third is low.
fn parallel(cases: u32) -> Chart {
    let line = |i: u32| {
        let drop = if noise(7 * i + 2) < 0.5 { f64::NAN } else { noise(7 * i + 3) * 0.5 };
        vec![3.0 + (noise(7 * i) * 8.0).floor(), noise(7 * i + 1), (noise(7 * i + 2) * 2.0).floor(), drop]
    };
    let lines: Vec<Vec<f64>> = (0..cases).map(line).collect();
    let values: Vec<f64> =
        lines.iter().map(|line| 0.8 - (line[1] - 0.6).powi(2) - (line[0] - 7.0).abs() / 40.0).collect();
    Chart::parallel(&["max_depth", "learning_rate", "booster", "drop"], &lines, &values).unwrap()
}

fn correlations(count: usize) -> Vec<Vec<f64>> {
    let cell = |i: usize, j: usize| {
        let (i, j) = (i.min(j), i.max(j));
        if i == j { 1.0 } else { noise((i * count + j) as u32) * 1.6 - 0.8 }
    };
    (0..count).map(|i| (0..count).map(|j| cell(i, j)).collect()).collect()
}

/// Charts of one kind each, as a reader would make them; the kind's name comes first.
pub(crate) fn kinds() -> Vec<(&'static str, &'static str, Chart)> {
    let curve: Vec<f64> = (0..=100).map(|i| f64::from(i) / 100.0).collect();
    let tpr: Vec<f64> = curve.iter().map(|x| x.powf(0.4)).collect();
    let precision: Vec<f64> = curve.iter().map(|r| 0.2 + 0.75 * (1.0 - r).powf(1.5)).collect();
    let weaker: Vec<f64> = curve.iter().map(|r| 0.2 + 0.4 * (1.0 - r).powf(0.7)).collect();
    let tenths: Vec<f64> = (0..10).map(|i| (f64::from(i) + 0.5) / 10.0).collect();
    let observed: Vec<f64> = tenths.iter().map(|p| p * p * 0.6 + p * 0.35).collect();
    let counts = [4200, 2600, 1500, 900, 610, 400, 300, 210, 140, 60];
    let errors = [0.4, 0.5, 0.6, 0.3, 0.8];
    let steps: Vec<u32> = (1..=20).collect();
    let folds = |floor: f64, seed: u32| -> Vec<Vec<f64>> {
        let fold = |s: u32, f: u32| floor - 0.4 / f64::from(s) + 0.015 * normal(s * 7 + f + seed);
        steps.iter().map(|s| (0..5).map(|f| fold(*s, f)).collect()).collect()
    };
    let days: Vec<f64> = (0..365).map(|d| 1_356_998_400.0 + 86_400.0 * f64::from(d)).collect();
    let season: Vec<f64> = (0..365).map(|d| 12.0 - 9.0 * (f64::from(d) / 58.1).cos() + normal(d)).collect();
    let groups: Vec<Vec<f64>> = (0..5)
        .map(|g| normals(400, g * 900).iter().map(|v| (v * 0.6 + f64::from(g) * 0.2).exp() * 10.0).collect())
        .collect();
    let wild = normals(400, 5).iter().map(|v| v * 0.4 + 1.0).collect::<Vec<_>>();
    vec![
        (
            "line or scatter",
            "time",
            Chart::line(&days, &season)
                .unwrap()
                .time_x()
                .unwrap()
                .title("Temperature, New York 2013")
                .y_label("°C")
                .hline(0.0, "freezing")
                .unwrap()
                .vline(1_369_008_000.0, "a new sensor")
                .unwrap(),
        ),
        (
            "line or scatter",
            "learning curve",
            Chart::learning_curve(&steps, &folds(0.95, 0), &folds(0.88, 50)).unwrap().y_label("ROC AUC"),
        ),
        (
            "line or scatter",
            "errors",
            Chart::line(&[1, 2, 3, 4, 5], &[2.0, 3.1, 2.7, 4.0, 4.4])
                .unwrap()
                .name("a")
                .error_bars(&errors)
                .unwrap()
                .series("b", &[1, 2, 3, 4, 5], &[1.0, 1.4, 1.9, 1.7, 2.4])
                .unwrap()
                .error_bars(&errors)
                .unwrap()
                .title("Means and their deviations"),
        ),
        (
            "line or scatter",
            "log",
            Chart::line(&[1.0, 10.0, 100.0, 1e3, 1e4, 1e5], &[0.9, 0.21, 0.05, 0.011, 0.0, 0.0006])
                .unwrap()
                .log_x()
                .unwrap()
                .log_y()
                .unwrap()
                .title("Loss")
                .x_label("step")
                .y_label("loss"),
        ),
        (
            "bar",
            "lying",
            Chart::barh(&features(8), &[0.31, 0.22, 0.14, 0.11, 0.09, 0.06, 0.05, 0.02])
                .unwrap()
                .title("Importances")
                .y_label("share of the gain"),
        ),
        (
            "bar",
            "stacked",
            Chart::bar(&["2012", "2013", "2014"], &[3, 1, 4])
                .unwrap()
                .name("north")
                .bars("south", &[2, 2, -3])
                .unwrap()
                .bars("west", &[1, 2, 2])
                .unwrap()
                .stacked()
                .unwrap()
                .title("Stacked"),
        ),
        (
            "bar",
            "bar errors",
            Chart::bar(&["logistic", "forest", "boosting"], &[0.71, 0.78, 0.81])
                .unwrap()
                .error_bars(&[0.02, 0.015, 0.01])
                .unwrap()
                .title("ROC AUC over five folds"),
        ),
        (
            "ROC or precision-recall",
            "pr",
            Chart::pr(&curve, &precision, 0.512)
                .unwrap()
                .name("boosting")
                .curve("logistic", &curve, &weaker, 0.431)
                .unwrap()
                .hline(0.2, "share of positives")
                .unwrap(),
        ),
        (
            "histogram",
            "histogram",
            Chart::histogram(&normals(20_000, 3)).unwrap().title("Errors of the prediction").x_label("minutes"),
        ),
        (
            "histogram",
            "overlaid",
            Chart::histogram(&normals(4000, 3))
                .unwrap()
                .name("on time")
                .values("late", &normals(2500, 99).iter().map(|v| v * 0.7 + 2.0).collect::<Vec<_>>())
                .unwrap()
                .title("Predicted risk")
                .vline(1.0, "threshold")
                .unwrap(),
        ),
        (
            "box",
            "boxes",
            Chart::boxplot(&["Mon", "Tue", "Wed", "Thu", "Fri"], &groups).unwrap().title("Delay").y_label("minutes"),
        ),
        ("box", "lying boxes", Chart::boxplot(&AIRLINES, &groups).unwrap().title("Delay").y_label("minutes")),
        (
            "heatmap",
            "correlations",
            Chart::heatmap(&features(8), &features(8), &correlations(8)).unwrap().title("Correlations"),
        ),
        (
            "heatmap",
            "hours",
            Chart::heatmap(
                &(0..24).map(|h| format!("{h}h")).collect::<Vec<_>>(),
                &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
                &(0..7)
                    .map(|d| {
                        (0..24)
                            .map(|h| 100.0 + 60.0 * (f64::from(h - 6) / 4.0).sin() + 20.0 * noise(d * 24 + h as u32))
                            .collect()
                    })
                    .collect::<Vec<_>>(),
            )
            .unwrap()
            .title("Flights per hour")
            .size(900, 320),
        ),
        (
            "confusion",
            "confusion",
            Chart::confusion(&["on time", "late"], &[vec![52_310, 4120], vec![9871, 11_204]]).unwrap(),
        ),
        (
            "confusion",
            "digits",
            Chart::confusion(
                &(0..10).map(|d| d.to_string()).collect::<Vec<_>>(),
                &(0..10)
                    .map(|i| (0..10).map(|j| if i == j { 90 } else { (noise(i * 10 + j) * 4.0) as u32 }).collect())
                    .collect::<Vec<_>>(),
            )
            .unwrap(),
        ),
        (
            "calibration",
            "calibration",
            Chart::calibration(&tenths, &observed, &counts)
                .unwrap()
                .name("forest")
                .calibrated(
                    "logistic",
                    &tenths,
                    &tenths.iter().map(|p| p * 0.9 + 0.04).collect::<Vec<_>>(),
                    &[900, 1900, 2600, 2100, 1400, 900, 600, 300, 140, 60],
                )
                .unwrap(),
        ),
        ("beeswarm", "beeswarm", swarm(8, 1500).title("SHAP values")),
        (
            "parallel coordinates",
            "parallel coordinates",
            parallel(200)
                .ends(vec![
                    ("3".to_owned(), "10".to_owned()),
                    ("0.001".to_owned(), "0.3".to_owned()),
                    ("gbtree".to_owned(), "dart".to_owned()),
                    ("0".to_owned(), "0.5".to_owned()),
                ])
                .unwrap()
                .title("Trials")
                .y_label("ROC AUC"),
        ),
        (
            "waterfall",
            "waterfall",
            Chart::waterfall(
                0.234,
                &features(14),
                &[0.21, -0.13, 0.08, 0.05, -0.04, 0.03, 0.02, -0.02, 0.01, 0.004, -0.003, 0.002, 0.001, -0.001],
            )
            .unwrap()
            .title("Why flight 461 is expected to be late"),
        ),
        (
            "ROC or precision-recall",
            "roc of three",
            Chart::roc(&curve, &tpr, 0.714)
                .unwrap()
                .name("logistic")
                .curve("boosting", &curve, &curve.iter().map(|x| x.powf(0.25)).collect::<Vec<_>>(), 0.8)
                .unwrap()
                .curve("chance", &[0, 1], &[0, 1], 0.5)
                .unwrap(),
        ),
        (
            "grid",
            "grid",
            grid(
                vec![
                    Chart::histogram(&wild).unwrap().title("Delay").x_label("minutes"),
                    Chart::scatter(&wild, &groups[0]).unwrap().title("Delay and distance"),
                    Chart::bar(&["a", "b", "c"], &[3, 1, 2]).unwrap().title("Counts"),
                    Chart::roc(&curve, &tpr, 0.714).unwrap(),
                ],
                2,
            )
            .unwrap()
            .title("Four views of the flights")
            .size(1000, 760),
        ),
    ]
}

/// Charts of every kind and of awkward content: what all outputs must cope with.
pub(crate) fn gallery() -> Vec<(&'static str, Chart)> {
    let cloud: Vec<f64> = (0..9000).map(noise).collect();
    let shifted: Vec<f64> = (0..9000).map(|i| noise(i + 77_777) + cloud[i as usize]).collect();
    let curve: Vec<f64> = (0..=100).map(|i| f64::from(i) / 100.0).collect();
    let tpr: Vec<f64> = curve.iter().map(|x| x.powf(0.4)).collect();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let delays = [10.0, 10.8, 13.2, 13.9, 13.0, 20.8, 21.7, 12.6, 6.7, 6.2, 5.4, 16.6];
    let wave: Vec<f64> = (0..50_000).map(|i| (f64::from(i) / 4000.0).sin() * 120_000.0 + noise(i) * 9000.0).collect();
    let time: Vec<f64> = (0..50_000).map(f64::from).collect();
    let mut all = vec![
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
            Chart::bar(&AIRLINES, &[19.9, 12.1, 18.7, 19.0, 13.0])
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
    ];
    all.extend(awkward());
    all.extend(kinds().into_iter().map(|(_, name, chart)| (name, chart)));
    all
}

/// Values that break naive drawings: missing, constant, huge, one, many.
fn awkward() -> Vec<(&'static str, Chart)> {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let many: Vec<String> = (0..120).map(|i| format!("a rather long name of category {i}")).collect();
    let square = |n: usize, v: f64| vec![vec![v; n]; n];
    vec![
        ("constant histogram", Chart::histogram(&[4.2; 50]).unwrap()),
        ("one value", Chart::histogram(&[7]).unwrap()),
        ("infinite histogram", Chart::histogram(&[1.0, nan, inf, 2.5, 3.0]).unwrap()),
        ("huge histogram", Chart::histogram(&[f64::MIN, 0.0, f64::MAX]).unwrap()),
        (
            "whole histogram",
            Chart::histogram(&(0..500).map(|i| (normal(i) * 2.0).round()).collect::<Vec<_>>()).unwrap(),
        ),
        ("log histogram", Chart::histogram(&normals(5000, 8)).unwrap().log_y().unwrap()),
        ("empty group", Chart::boxplot(&["a", "b", "c"], &[vec![1.0, 2.0, 3.0], vec![], vec![nan, 5.0]]).unwrap()),
        ("constant groups", Chart::boxplot(&["a", "b"], &[vec![2.0; 9], vec![2.0; 9]]).unwrap()),
        ("huge groups", Chart::boxplot(&["a", "b"], &[vec![-1e300, 1e300], vec![1e-300, 0.0]]).unwrap()),
        ("many groups", Chart::boxplot(&many[..40], &vec![normals(20, 0); 40]).unwrap()),
        ("one cell", Chart::heatmap(&["x"], &["y"], &[vec![3.0]]).unwrap()),
        ("constant cells", Chart::heatmap(&many[..3], &many[..3], &square(3, 0.0)).unwrap()),
        ("missing cells", Chart::heatmap(&["a", "b"], &["c", "d"], &[vec![nan, -1.0], vec![2e9, inf]]).unwrap()),
        ("many cells", Chart::heatmap(&many[..60], &many[..60], &correlations(60)).unwrap()),
        ("huge cells", Chart::heatmap(&["a", "b"], &["c"], &[vec![f64::MIN, f64::MAX]]).unwrap()),
        ("no counts", Chart::confusion(&["a", "b"], &square(2, 0.0)).unwrap()),
        ("one class", Chart::confusion(&["only"], &[vec![12]]).unwrap()),
        ("many classes", Chart::confusion(&many[..60], &square(60, 3.0)).unwrap()),
        ("one bin", Chart::calibration(&[0.4], &[0.5], &[10]).unwrap()),
        ("empty bins", Chart::calibration(&[nan, 0.5, 0.5], &[nan, 0.2, 0.4], &[0, 3, 5]).unwrap()),
        ("one dot", Chart::beeswarm(&["a"], &[vec![0.0]], &[vec![1.0]]).unwrap()),
        ("many features", swarm(34, 400)),
        (
            "no colours",
            Chart::beeswarm(&["a", "b"], &[vec![1.0, nan, 1.0], vec![1e9; 3]], &[vec![], vec![nan; 3]]).unwrap(),
        ),
        ("no contribution", Chart::waterfall(0.0, &["a"], &[0.0]).unwrap()),
        ("one line", Chart::parallel(&["only"], &[vec![1.0]], &[2.0]).unwrap()),
        ("many lines", parallel(3000).small_first().unwrap()),
        (
            "many axes",
            Chart::parallel(&many[..40], &[vec![1.0; 40], vec![nan; 40], vec![2.0; 40]], &[1.0, 2.0, nan]).unwrap(),
        ),
        (
            "far lines",
            Chart::parallel(&["a", "b"], &[vec![-1e308, nan], vec![1e308, 5e-324]], &[-1e308, 1e308]).unwrap(),
        ),
        (
            "lines and points",
            Chart::line(&[1, 2, 3], &[3, 2, 1]).unwrap().points("tries", &[1, 3], &[3.5, nan]).unwrap(),
        ),
        ("falling", Chart::waterfall(-3e6, &many[..3], &[-1e6, -2e6, -4e6]).unwrap()),
        ("short log", Chart::scatter(&[1.1, 1.2, 1.3], &[5.0, 5.5, 6.0]).unwrap().log_x().unwrap().log_y().unwrap()),
        ("long log", Chart::line(&[1, 2, 3], &[1e-300, 1.0, 1e300]).unwrap().log_y().unwrap()),
        ("one moment", Chart::line(&[1.5e9], &[1.0]).unwrap().time_x().unwrap()),
        ("moments", Chart::line(&[1.5e9, 1.5e9 + 0.01], &[1.0, 2.0]).unwrap().time_x().unwrap()),
        ("one step", Chart::learning_curve(&[1], &[vec![0.5]], &[vec![0.4, nan]]).unwrap()),
        (
            "gap in a band",
            Chart::learning_curve(
                &[1, 2, 3],
                &[vec![1.0, 2.0], vec![], vec![2.0, 2.5]],
                &[vec![1.0], vec![0.9], vec![0.7]],
            )
            .unwrap(),
        ),
        ("many lying bars", Chart::barh(&many, &(0..120).collect::<Vec<_>>()).unwrap()),
        ("stack of one", Chart::bar(&["a"], &[0]).unwrap().stacked().unwrap()),
        (
            "many series",
            (0..30).fold(Chart::line(&[0, 1], &[0, 1]).unwrap(), |c, i| {
                c.series(many[i].clone(), &[0, 1], &[i, 1]).unwrap()
            }),
        ),
        ("same names", Chart::line(&[0, 1], &[0, 1]).unwrap().name("a").series("a", &[0, 1], &[1, 0]).unwrap()),
        (
            "far reference",
            Chart::line(&[0, 1], &[0, 1]).unwrap().hline(-40.0, "far below \"&<").unwrap().vline(1e4, "far").unwrap(),
        ),
        ("grid of one", grid(vec![Chart::line(&[1, 2], &[1, 2]).unwrap()], 9).unwrap()),
        ("grid of grids", grid((0..4).map(|_| grid(vec![swarm(3, 50); 3], 2).unwrap()).collect(), 3).unwrap()),
    ]
}

/// Every kind in the registry is in the gallery.
#[test]
fn the_gallery_has_every_kind() {
    let shown: Vec<&str> = kinds().iter().map(|k| k.0).collect();
    for kind in KINDS {
        assert!(shown.contains(kind), "no chart of kind {kind} in the gallery");
    }
    for (kind, name, chart) in kinds() {
        let json = serde_json::to_value(&chart).unwrap();
        let key = json["kind"].as_object().unwrap().keys().next().unwrap().clone();
        let index = [
            "curves",
            "bars",
            "rates",
            "histogram",
            "boxes",
            "heatmap",
            "confusion",
            "calibration",
            "beeswarm",
            "waterfall",
            "parallel",
            "grid",
        ];
        let at = index.iter().position(|k| *k == key).unwrap();
        assert_eq!(KINDS[at], kind, "{name}");
    }
}

/// What every kind owes to every output. With `IRONBOOK_CHARTS` set to a directory, the gallery is left
/// there to be looked at.
#[test]
fn the_gallery_is_drawn_in_every_format() {
    let keep = std::env::var_os("IRONBOOK_CHARTS").map(std::path::PathBuf::from);
    for (name, chart) in gallery().into_iter().rev() {
        let (width, height) = (chart.width(), chart.height());
        check_svg(name, &chart);
        check_svg(name, &chart.clone().size(200, 200));
        check_text(name, &chart);
        let vega = chart.to_vega().to_string();
        assert!(vega.len() < 1_200_000 && !vega.contains("NaN"), "{name}: {} bytes of Vega-Lite", vega.len());
        let png = chart.to_png().unwrap();
        let (wide, high, colors) = decode(&png);
        assert_eq!((wide, high), (width * 2, height * 2), "{name}");
        assert!(colors > 8, "{name} shows only {colors} colours");
        if let Some(dir) = &keep {
            let stem = dir.join(name.replace(' ', "-"));
            std::fs::write(stem.with_extension("png"), png).unwrap();
            std::fs::write(stem.with_extension("svg"), chart.to_svg().unwrap()).unwrap();
            std::fs::write(stem.with_extension("txt"), chart.to_text(72, 18)).unwrap();
            std::fs::write(stem.with_extension("json"), chart.to_vega().to_string()).unwrap();
        }
    }
}

#[test]
fn every_kind_can_be_large() {
    for (_, name, chart) in kinds() {
        check_svg(name, &chart.clone().size(4000, 4000));
        check_svg(name, &chart.size(200, 4000));
    }
}

fn check_svg(name: &str, chart: &Chart) {
    let name = format!("{name} at {} x {}", chart.width(), chart.height());
    let svg = chart.to_svg().unwrap();
    assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{name}");
    check_xml(&name, &svg);
    within_bounds(&name, &svg, (chart.width(), chart.height()));
}

fn check_text(name: &str, chart: &Chart) {
    for (columns, rows) in [(72, 18), (20, 6), (40, 12), (200, 60)] {
        let text = chart.to_text(columns, rows);
        let widest = text.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= columns, "{name}: {widest} of {columns} columns\n{text}");
        let words = || text.split(|c: char| !c.is_alphanumeric());
        assert!(words().all(|w| w != "inf" && w != "NaN"), "{name}\n{text}");
        let room = if rows >= 12 { rows } else { 14 };
        assert!(text.lines().count() <= room, "{name}: more than {rows} rows\n{text}");
    }
}

/// Positions of shapes lie within the picture; texts begin within it.
fn within_bounds(name: &str, svg: &str, (width, height): (u32, u32)) {
    let limits = [("x=\"", width), ("cx=\"", width), ("y=\"", height), ("cy=\"", height)];
    for line in svg.lines().skip(1) {
        for (attribute, most) in limits {
            let Some(rest) = line.split(&format!(" {attribute}")).nth(1) else { continue };
            let value: f64 = rest.split('"').next().unwrap().parse().unwrap();
            assert!((-3.0..=f64::from(most) + 3.0).contains(&value), "{name}: {line}");
        }
        if let Some(points) = line.split("points=\"").nth(1) {
            let numbers = points.split('"').next().unwrap().split([' ', ',']).filter(|p| !p.is_empty());
            for (i, v) in numbers.enumerate() {
                let (v, most) = (v.parse::<f64>().unwrap(), if i % 2 == 0 { width } else { height });
                assert!((-3.0..=f64::from(most) + 3.0).contains(&v), "{name}: {v} in {line}");
            }
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
