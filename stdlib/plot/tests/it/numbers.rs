//! What charts compute, against numpy (reference/make.py).

use ironbook_plot::Chart;
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/numpy.json")).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn close(name: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{name}: {ours:?} {theirs:?}");
    for (a, b) in ours.iter().zip(theirs) {
        // Vega-Lite carries eight digits.
        assert!((a - b).abs() <= 2e-7 * b.abs().max(1.0), "{name}: {a} instead of {b}");
    }
}

/// A field of the data of the nth layer of this type.
fn field(vega: &Value, mark: &str, nth: usize, name: &str) -> Vec<f64> {
    let layer = vega["layer"].as_array().unwrap().iter().filter(|l| l["mark"]["type"] == mark).nth(nth).unwrap();
    layer["data"]["values"].as_array().unwrap().iter().map(|v| v[name].as_f64().unwrap()).collect()
}

const SAMPLES: [&str; 4] = ["normal", "skewed", "heavy", "few"];

#[test]
fn bins_and_counts_are_those_of_numpy() {
    for name in SAMPLES {
        let expect = &reference()[name];
        let (values, edges) = (floats(&expect["values"]), floats(&expect["edges"]));
        if edges.len() > 101 {
            continue; // more bins than a chart has
        }
        let filled = |counts: &Value| floats(counts).into_iter().filter(|c| *c > 0.0).collect::<Vec<_>>();
        let vega = Chart::histogram(&values).unwrap().to_vega();
        close(name, &field(&vega, "rect", 0, "value"), &filled(&expect["counts"]));
        let lows: Vec<f64> =
            floats(&expect["counts"]).iter().zip(&edges).filter(|(c, _)| **c > 0.0).map(|(_, e)| *e).collect();
        close(name, &field(&vega, "rect", 0, "x"), &lows);
        let ten = Chart::histogram(&values).unwrap().bins(10).unwrap().to_vega();
        close(name, &field(&ten, "rect", 0, "value"), &filled(&expect["ten"]));
    }
}

#[test]
fn values_on_edges_are_counted_as_by_numpy() {
    for name in ["tenths", "sums", "parts"] {
        let expect = &reference()[name];
        for (bins, counts) in expect["bins"].as_object().unwrap() {
            let chart = Chart::histogram(&floats(&expect["values"])).unwrap().bins(bins.parse().unwrap()).unwrap();
            let filled: Vec<f64> = floats(counts).into_iter().filter(|c| *c > 0.0).collect();
            assert_eq!(field(&chart.to_vega(), "rect", 0, "value"), filled, "{name} in {bins}");
        }
    }
}

#[test]
fn a_hundred_bins_at_most_hold_everything() {
    let values: Vec<f64> = (0..100_000).map(|i| (f64::from(i) / 1000.0).exp2().min(1e9)).collect();
    let counts = field(&Chart::histogram(&values).unwrap().to_vega(), "rect", 0, "value");
    assert!(counts.len() <= 100);
    assert_eq!(counts.iter().sum::<f64>(), 100_000.0);
}

#[test]
fn boxes_are_tukeys() {
    for name in SAMPLES {
        let expect = &reference()[name];
        let vega = Chart::boxplot(&["a"], &[floats(&expect["values"])]).unwrap().to_vega();
        let [q1, median, q3] = floats(&expect["quartiles"])[..] else { panic!("{name}") };
        close(name, &field(&vega, "rect", 0, "y"), &[q1]);
        close(name, &field(&vega, "rect", 0, "y2"), &[q3]);
        close(name, &field(&vega, "rect", 0, "value"), &[median]);
        let whiskers = floats(&expect["whiskers"]);
        close(name, &field(&vega, "rule", 0, "y")[..1], &whiskers[..1]);
        close(name, &field(&vega, "rule", 0, "y2")[1..], &whiskers[1..]);
        let outliers = floats(&expect["outliers"]);
        if !outliers.is_empty() {
            close(name, &field(&vega, "point", 0, "y"), &outliers);
        }
    }
}

#[test]
fn learning_curves_have_means_and_deviations() {
    let expect = &reference()["scores"];
    let scores: Vec<Vec<f64>> = expect["values"].as_array().unwrap().iter().map(floats).collect();
    let vega = Chart::learning_curve(&[1, 2, 3, 4], &scores, &scores).unwrap().to_vega();
    let (mean, std) = (floats(&expect["mean"]), floats(&expect["std"]));
    close("mean", &field(&vega, "line", 1, "y"), &mean);
    let at = |sign: f64| mean.iter().zip(&std).map(|(m, d)| m + sign * d).collect::<Vec<_>>();
    close("low", &field(&vega, "area", 0, "y"), &at(-1.0));
    close("high", &field(&vega, "area", 1, "y2"), &at(1.0));
}

#[test]
fn waterfalls_end_at_the_prediction() {
    let contributions: Vec<f64> = (0..25).map(|i| if i % 3 == 0 { -0.01 } else { 0.007 } * f64::from(i)).collect();
    let labels: Vec<String> = (0..25).map(|i| format!("f{i}")).collect();
    let vega = Chart::waterfall(0.3, &labels, &contributions).unwrap().to_vega();
    let (from, to) = (field(&vega, "rect", 0, "x"), field(&vega, "rect", 0, "x2"));
    assert_eq!(from.len(), 10, "nine and the rest");
    close("base", &from[..1], &[0.3]);
    close("steps", &from[1..], &to[..9]);
    close("prediction", &to[9..], &[0.3 + contributions.iter().sum::<f64>()]);
    let size = |i: usize| (to[i] - from[i]).abs();
    assert!((1..9).all(|i| size(i) <= size(i - 1) + 1e-6));
}

#[test]
fn beeswarms_put_values_where_they_are_and_the_important_on_top() {
    let values = vec![vec![0.1, -0.1, 0.2], vec![2.0, -3.0, 1.0]];
    let chart = Chart::beeswarm(&["weak", "strong"], &values, &[vec![1.0, 2.0, 3.0], vec![]]).unwrap();
    let vega = chart.to_vega();
    close("x", &field(&vega, "point", 0, "x"), &[2.0, -3.0, 1.0, 0.1, -0.1, 0.2]);
    let labels = vega["layer"][0]["encoding"]["x"]["axis"].clone();
    assert!(labels.is_object());
    let y = vega["layer"][1]["encoding"]["y"]["axis"]["labelExpr"].as_str().unwrap();
    assert!(y.starts_with("{\"0\":\"strong\",\"1\":\"weak\"}"), "{y}");
    let colors = vega["layer"][1]["data"]["values"].as_array().unwrap();
    assert!(colors[0]["v"].is_null() && colors[3]["v"] == 0.0 && colors[5]["v"] == 1.0, "{colors:?}");
    assert_eq!(vega["layer"][1]["encoding"]["color"]["condition"]["test"], "!isValid(datum.v)");
}

#[test]
fn precision_is_drawn_in_steps() {
    // As scikit-learn gives them: recall falling, precision of each threshold.
    let vega = Chart::pr(&[1.0, 0.5, 0.0], &[0.5, 0.8, 1.0], 0.65).unwrap().to_vega();
    close("recall", &field(&vega, "line", 0, "x"), &[1.0, 0.5, 0.5, 0.0, 0.0]);
    close("precision", &field(&vega, "line", 0, "y"), &[0.5, 0.5, 0.8, 0.8, 1.0]);
    let area: f64 = [(1.0 - 0.5) * 0.5, (0.5 - 0.0) * 0.8].iter().sum();
    assert_eq!(area, 0.65, "the area under these steps is the average precision");
}

#[test]
fn confusion_shares_are_those_of_the_rows() {
    let text = Chart::confusion(&["no", "yes"], &[vec![90, 10], vec![1, 3]]).unwrap().to_text(72, 18);
    for part in ["90 90.0%", "10 10.0%", "1 25.0%", "3 75.0%"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn stacks_add_up_on_both_sides_of_zero() {
    let chart = Chart::bar(&["a"], &[2]).unwrap().bars("b", &[3]).unwrap().bars("c", &[-1]).unwrap().stacked().unwrap();
    let vega = chart.to_vega();
    let ends: Vec<(f64, f64)> =
        (0..3).map(|i| (field(&vega, "rect", i, "y")[0], field(&vega, "rect", i, "y2")[0])).collect();
    assert_eq!(ends, [(0.0, 2.0), (2.0, 5.0), (0.0, -1.0)]);
}

#[test]
fn signed_tables_have_zero_in_the_middle_of_the_colours() {
    let vega = Chart::heatmap(&["a", "b", "c"], &["r"], &[vec![-1.0, 0.0, 4.0]]).unwrap().to_vega();
    assert_eq!(field(&vega, "rect", 0, "v"), [0.375, 0.5, 1.0]);
    let plain = Chart::heatmap(&["a", "b", "c"], &["r"], &[vec![1.0, 2.0, 5.0]]).unwrap().to_vega();
    assert_eq!(field(&plain, "rect", 0, "v"), [0.0, 0.25, 1.0]);
}
