//! The models for tables.

use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_learn::{Fit, LearnError, Persist, Predict, PredictProba};
use ironbook_nn::{MlpClassifier, MlpRegressor, Rng};
use std::sync::Arc;

/// Points of three colours; the target depends on a number, on whether it is missing, and on the colour.
fn table(rows: usize, seed: u64) -> (Matrix, Vec<f64>) {
    let mut rng = Rng::seed(seed);
    let names: Arc<[String]> = ["blue", "green", "red"].map(str::to_owned).into();
    let (mut x, mut colour, mut score) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let (value, code) = (1000.0 + 50.0 * rng.normal(), rng.below(3));
        let missing = rng.uniform() < 0.2;
        x.push(if missing { f64::NAN } else { value });
        colour.push(code as f64);
        score.push(if missing { 2.0 } else { ((value - 1000.0) / 50.0).abs() } + [0.0, -1.0, 1.0][code]);
    }
    let columns = vec![("x".to_owned(), Kind::Numeric, x), ("colour".to_owned(), Kind::Categorical(names), colour)];
    (Matrix::from_typed(columns).unwrap(), score)
}

fn classes(rows: usize, seed: u64) -> Dataset {
    let (features, score) = table(rows, seed);
    Dataset::from_parts(features, score.iter().map(|s| f64::from(u8::from(*s > 1.0))).collect(), "high")
}

#[test]
fn a_classifier_learns_numbers_text_and_missing_values() {
    let model = MlpClassifier::params().lr(0.01).epochs(30).batch_size(64).seed(1).fit(&classes(3000, 1)).unwrap();
    let test = classes(1000, 2);
    let right = model.predict(&test.features).unwrap().iter().zip(&test.target).filter(|(a, b)| a == b).count();
    assert!(right > 960, "{right} of 1000");
    let chances = model.predict_proba(&test.features).unwrap();
    assert!(chances.iter().all(|p| (0.0..=1.0).contains(p)));
    let text = ironbook_core::Display::bundle(&model).plain().to_owned();
    assert!(text.starts_with("MlpClassifier for \"high\", 3000 rows"), "{text}");

    // The same bits once more, and from a file.
    let again = MlpClassifier::params().lr(0.01).epochs(30).batch_size(64).seed(1).fit(&classes(3000, 1)).unwrap();
    assert_eq!(again, model);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.json");
    model.save(&path).unwrap();
    let loaded = MlpClassifier::load(&path).unwrap();
    assert_eq!(loaded, model);
    assert_eq!(loaded.predict_proba(&test.features).unwrap(), chances);
    // One row alone has the same chance, to rounding.
    let one = model.predict_proba(&test.features.select_rows(&[17])).unwrap()[0];
    assert!((one - chances[17]).abs() < 1e-6);
    // A colour that the fit did not know is no error.
    let names: Arc<[String]> = ["red", "violet"].map(str::to_owned).into();
    let columns = vec![
        ("x".to_owned(), Kind::Numeric, vec![1000.0; 2]),
        ("colour".to_owned(), Kind::Categorical(names), vec![0.0, 1.0]),
    ];
    let chances = model.predict_proba(&Matrix::from_typed(columns).unwrap()).unwrap();
    assert!(chances.iter().all(|p| p.is_finite()));
}

#[test]
fn a_classifier_tells_three_classes_apart() {
    let (features, score) = table(2000, 3);
    let three = |s: &f64| {
        if *s < 0.0 {
            0.0
        } else if *s < 1.5 {
            1.0
        } else {
            2.0
        }
    };
    let mut data = Dataset::from_parts(features, score.iter().map(three).collect(), "level");
    data.classes = Some(["low", "middle", "top"].map(str::to_owned).to_vec());
    let model = MlpClassifier::params().lr(0.01).epochs(30).batch_size(64).seed(1).fit(&data).unwrap();
    let right = model.predict(&data.features).unwrap().iter().zip(&data.target).filter(|(a, b)| a == b).count();
    assert!(right > 1850, "{right} of 2000");
    let all = model.predict_probas(&data.features).unwrap();
    assert_eq!(all.names(), ["low", "middle", "top"]);
    let sum: f64 = (0..3).map(|k| all.get(5, k)).sum();
    assert!((sum - 1.0).abs() < 1e-9);
    assert!(matches!(model.predict_proba(&data.features), Err(LearnError::ManyClasses { classes: 3 })));
}

#[test]
fn a_regressor_learns_values_of_any_size() {
    let (features, score) = table(2000, 3);
    let target: Vec<f64> = score.iter().map(|s| 1e6 + 1e4 * s).collect();
    let data = Dataset::from_parts(features, target, "y");
    let model = MlpRegressor::params().lr(0.01).epochs(40).batch_size(64).seed(1).fit(&data).unwrap();
    let found = model.predict(&data.features).unwrap();
    let mean = data.target.iter().sum::<f64>() / 2000.0;
    let error: f64 = found.iter().zip(&data.target).map(|(a, b)| (a - b) * (a - b)).sum();
    let spread: f64 = data.target.iter().map(|y| (y - mean) * (y - mean)).sum();
    assert!(error / spread < 0.02, "R2 {}", 1.0 - error / spread);
}

#[test]
fn rows_of_weight_zero_do_not_count() {
    // Half of the rows say the opposite, with weight 0.
    let good = classes(600, 1);
    let mut bad = good.clone();
    bad.target.iter_mut().for_each(|y| *y = 1.0 - *y);
    let rows: Vec<usize> = (0..600).chain(0..600).collect();
    let mut both = good.select_rows(&rows);
    both.target[600..].copy_from_slice(&bad.target);
    let weights = (0..1200).map(|i| if i < 600 { 1.0 } else { 0.0 }).collect();
    let params = MlpClassifier::params().lr(0.01).epochs(40).batch_size(64).seed(1);
    let model = params.fit(&both.with_weights(weights)).unwrap();
    let right = model.predict(&good.features).unwrap().iter().zip(&good.target).filter(|(a, b)| a == b).count();
    assert!(right > 560, "{right} of 600");
}

#[test]
fn bad_data_is_refused_in_words() {
    let params = MlpClassifier::params().epochs(1).seed(0);
    let column = |values: Vec<f64>| Matrix::from_columns(vec![("x".to_owned(), values)]).unwrap();
    let fit = |x: Vec<f64>, y: Vec<f64>| params.fit(&Dataset::from_parts(column(x), y, "y"));
    assert!(matches!(fit(vec![], vec![]), Err(LearnError::NoRows)));
    assert!(matches!(fit(vec![1.0], vec![1.0]), Err(LearnError::OneClass { .. })));
    assert!(matches!(fit(vec![1.0, 2.0], vec![1.0]), Err(LearnError::Length { .. })));
    assert!(matches!(fit(vec![1.0, 2.0], vec![0.5, 1.0]), Err(LearnError::NotClasses { .. })));
    assert!(matches!(fit(vec![1.0, f64::INFINITY], vec![0.0, 1.0]), Err(LearnError::NotFinite { infinite: 1, .. })));
    // Constant and all-missing columns, and two rows, are fine.
    let constant = fit(vec![3.0, 3.0], vec![0.0, 1.0]).unwrap();
    fit(vec![f64::NAN, f64::NAN], vec![0.0, 1.0]).unwrap();
    let y: Vec<f64> = vec![1.0, f64::NAN];
    let regression = MlpRegressor::params().fit(&Dataset::from_parts(column(vec![1.0, 2.0]), y, "y"));
    assert!(matches!(regression, Err(LearnError::TargetNotFinite { count: 1, .. })));
    let data = Dataset::from_parts(column(vec![1.0, 2.0]), vec![0.0, 1.0], "y").with_weights(vec![1.0, -1.0]);
    assert!(matches!(params.fit(&data), Err(LearnError::Weight { row: 1, .. })));
    let other = Matrix::from_columns(vec![("z".to_owned(), vec![1.0])]).unwrap();
    assert!(matches!(constant.predict(&other), Err(LearnError::Columns { .. })));
    for (name, params) in [
        ("hidden", MlpClassifier::params().hidden([0])),
        ("dropout", MlpClassifier::params().dropout(1.0)),
        ("epochs", MlpClassifier::params().epochs(0)),
        ("batch_size", MlpClassifier::params().batch_size(0)),
        ("lr", MlpClassifier::params().lr(0.0)),
        ("decay", MlpClassifier::params().decay(-1.0)),
        ("validation", MlpClassifier::params().validation(1.0)),
    ] {
        let refused = params.fit(&classes(20, 1));
        assert!(matches!(refused, Err(LearnError::Parameter { name: n, .. }) if n == name), "{name}");
    }
}
