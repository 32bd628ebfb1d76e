//! Every step against the scikit-learn transformer of the same name.

use crate::{numbers, text};
use ironbook_data::{Dataset, Matrix};
use ironbook_features::{Impute, OneHot, Pipeline, TargetEncode, Unknown};
use serde_json::Value;

struct Reference {
    json: Value,
    train: usize,
}

fn reference() -> Reference {
    let json: Value = serde_json::from_str(include_str!("../reference/steps.json")).unwrap();
    let train = json["train"].as_u64().unwrap() as usize;
    Reference { json, train }
}

fn floats(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

impl Reference {
    /// These columns in these rows.
    fn matrix(&self, names: &[&str], rows: std::ops::Range<usize>) -> Matrix {
        let column = |name: &&str| {
            let values = &self.json["data"][*name].as_array().unwrap()[rows.clone()];
            match *name {
                "city" | "hub" => text(name, &values.iter().map(|v| v.as_str().unwrap_or("")).collect::<Vec<_>>()),
                _ => numbers(name, &floats(&values.to_vec().into())),
            }
        };
        Matrix::from_typed(names.iter().map(column).collect()).unwrap()
    }

    fn training(&self, names: &[&str], target: &str) -> Dataset {
        let features = self.matrix(names, 0..self.train);
        let values = &self.json[target].as_array().unwrap()[..self.train];
        if target != "three" {
            return Dataset::from_parts(features, floats(&values.to_vec().into()), target);
        }
        let (_, kind, codes) = text(target, &values.iter().map(|v| v.as_str().unwrap()).collect::<Vec<_>>());
        let classes = kind.categories().map(|names| names.to_vec());
        Dataset { classes, ..Dataset::from_parts(features, codes, target) }
    }

    fn later(&self, names: &[&str]) -> Matrix {
        let rows = self.json["value"].as_array().unwrap().len();
        self.matrix(names, self.train..rows)
    }
}

fn same(found: &Matrix, expected: &Value, columns: &[usize], tolerance: f64, what: &str) {
    let expected = expected.as_array().unwrap();
    assert_eq!(expected.len(), found.cols(), "{what}: {:?}", found.names());
    for (column, &j) in expected.iter().zip(columns) {
        for (row, (x, y)) in found.column(j).iter().zip(floats(column)).enumerate() {
            let near = x.is_nan() && y.is_nan() || (x - y).abs() <= tolerance * y.abs().max(1.0);
            assert!(near, "{what}, {} in row {row}: {x}, expected {y}", found.names()[j]);
        }
    }
}

/// Fits to the training rows and compares the three transformations; `columns` are ours in the order of theirs.
fn check(pipeline: &Pipeline, names: &[&str], target: &str, expected: &Value, columns: &[usize], tolerance: f64) {
    let reference = reference();
    let data = reference.training(names, target);
    let (fitted, first) = pipeline.fit_transform(&data).unwrap();
    let what = format!("{names:?} {target}");
    let cross_fitted = expected.get("first").unwrap_or(&expected["train"]);
    same(&first.features, cross_fitted, columns, tolerance, &format!("{what}, fit_transform"));
    let again = fitted.transform(&data.features).unwrap();
    same(&again, &expected["train"], columns, tolerance, &format!("{what}, transform"));
    let later = fitted.transform(&reference.later(names)).unwrap();
    same(&later, &expected["later"], columns, tolerance, &format!("{what}, later rows"));
    assert_eq!(pipeline.fit(&data).unwrap(), fitted);
}

#[test]
fn impute() {
    let expected = &reference().json["impute"];
    let strategies = [("median", Impute::Median), ("mean", Impute::Mean), ("most_frequent", Impute::MostFrequent)];
    for (name, with) in strategies {
        let pipeline = Pipeline::new().impute(["temp", "count"], with.with_indicator());
        // scikit-learn puts the indicators last.
        check(&pipeline, &["temp", "count"], "value", &expected[name], &[0, 2, 1, 3], 1e-13);
    }
}

#[test]
fn impute_text() {
    let reference = reference();
    let data = reference.training(&["city"], "value");
    let (_, made) = Pipeline::new().impute("city", Impute::MostFrequent).fit_transform(&data).unwrap();
    let names = made.features.kinds()[0].categories().unwrap().clone();
    let found: Vec<&str> = made.features.column(0).iter().map(|&code| names[code as usize].as_str()).collect();
    let expected: Vec<&str> =
        reference.json["impute_text"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert_eq!(found, expected);
}

#[test]
fn standardise() {
    let names = ["temp", "count", "big", "flat"];
    let expected = &reference().json["standardise"];
    // A spread of 0.3 around 1e9 has six digits less than the numbers themselves.
    check(&Pipeline::new().standardise(names), &names, "value", expected, &[0, 1, 2, 3], 1e-7);
    let names = &names[..2];
    let first_two = |part: &str| Value::from(expected[part].as_array().unwrap()[..2].to_vec());
    let expected = serde_json::json!({ "train": first_two("train"), "later": first_two("later") });
    check(&Pipeline::new().standardise(names), names, "value", &expected, &[0, 1], 1e-13);
}

#[test]
fn min_max() {
    let names = ["temp", "count", "flat"];
    check(&Pipeline::new().min_max(names), &names, "value", &reference().json["min_max"], &[0, 1, 2], 1e-13);
}

#[test]
fn one_hot() {
    let expected = &reference().json["one_hot"];
    let cases = [
        ("plain", OneHot::new()),
        ("drop_first", OneHot::new().drop_first()),
        ("min_frequency", OneHot::new().min_frequency(15).unknown(Unknown::Infrequent)),
        ("max_categories", OneHot::new().max_categories(4)),
        ("all_there", OneHot::new().max_categories(3)),
        ("both", OneHot::new().min_frequency(15).drop_first().unknown(Unknown::Infrequent)),
    ];
    for (name, options) in cases {
        let pipeline = Pipeline::new().one_hot_with(["city", "hub"], options);
        let names: Vec<String> = expected[name]["names"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_str().unwrap().replace("_nan", "_missing").replace("_infrequent_sklearn", "_infrequent"))
            .collect();
        let fitted = pipeline.fit(&reference().training(&["city", "hub"], "value")).unwrap();
        let found: Vec<&String> = fitted.outputs().iter().map(|feature| &feature.name).collect();
        assert_eq!(found, names.iter().collect::<Vec<_>>(), "{name}");
        let order: Vec<usize> = (0..names.len()).collect();
        check(&pipeline, &["city", "hub"], "value", &expected[name], &order, 0.0);
    }
}

#[test]
fn ordinal() {
    let expected = &reference().json["ordinal"];
    check(&Pipeline::new().ordinal(["city", "hub"]), &["city", "hub"], "value", expected, &[0, 1], 0.0);
}

#[test]
fn target_encode() {
    let expected = &reference().json["target"];
    let unshuffled = || TargetEncode::new().shuffle(false);
    let cases = [
        ("continuous", "value", unshuffled()),
        ("binary", "binary", unshuffled()),
        ("multiclass", "three", unshuffled()),
        ("smooth_continuous", "value", unshuffled().smooth(12.5)),
        ("smooth_binary", "binary", unshuffled().smooth(0.0)),
    ];
    for (name, target, options) in cases {
        let order: Vec<usize> = (0..if name == "multiclass" { 6 } else { 2 }).collect();
        let pipeline = Pipeline::new().target_encode_with(["city", "hub"], options);
        check(&pipeline, &["city", "hub"], target, &expected[name], &order, 1e-13);
    }
}
