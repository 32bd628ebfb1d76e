//! Baselines, files, displays, and bad input.

use crate::{dataset, uniform};
use ironbook_core::Display as _;
use ironbook_learn::{
    Fit, LearnError, LogisticRegression, LogisticRegressionParams, MajorityBaseline, MeanBaseline, Persist,
    PersistError, Predict, PredictProba,
};

fn good() -> ironbook_data::Dataset {
    let x = uniform(1, 60);
    let target = uniform(2, 60).iter().zip(&x).map(|(u, x)| f64::from(u8::from(u + x > 1.0))).collect();
    dataset(vec![x, uniform(3, 60)], target)
}

#[test]
fn the_majority_baseline_predicts_the_prior() {
    let mut data = good();
    data.target = (0..60).map(|i| f64::from(u8::from(i % 4 == 0))).collect();
    let model = MajorityBaseline::params().fit(&data).unwrap();
    assert_eq!(model.predict_proba(&data.features).unwrap(), vec![0.25; 60]);
    assert_eq!(model.predict(&data.features).unwrap(), vec![0.0; 60]);
    data.target.iter_mut().for_each(|y| *y = 1.0);
    assert_eq!(MajorityBaseline::params().fit(&data).unwrap().prior(), 1.0);
}

#[test]
fn the_mean_baseline_predicts_the_mean() {
    let mut data = good();
    data.target = (0..60).map(f64::from).collect();
    let model = MeanBaseline::params().fit(&data).unwrap();
    assert!((model.mean() - 29.5).abs() < 1e-12);
    assert_eq!(model.predict(&data.features).unwrap(), vec![model.mean(); 60]);
    data.target[7] = f64::NAN;
    assert!(matches!(MeanBaseline::params().fit(&data), Err(LearnError::TargetNotFinite { count: 1, rows: 60, .. })));
}

#[test]
fn saved_models_come_back_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.json");
    for c in [0.3, f64::INFINITY] {
        let model = LogisticRegression::params().c(c).fit(&good()).unwrap();
        model.save(&path).unwrap();
        assert_eq!(LogisticRegression::load(&path).unwrap(), model);
    }
    assert!(matches!(MajorityBaseline::load(&path), Err(PersistError::OtherModel { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    std::fs::write(&path, "[1, 2]").unwrap();
    assert!(matches!(LogisticRegression::load(&path), Err(PersistError::NotAModel { .. })));
    assert!(matches!(LogisticRegression::load(dir.path().join("none")), Err(PersistError::Read { .. })));
    let model = MajorityBaseline::params().fit(&good()).unwrap();
    assert!(matches!(model.save(dir.path().join("no/such/dir")), Err(PersistError::Write { .. })));
}

#[test]
fn displays_name_features_and_parameters() {
    let model = LogisticRegression::params().c(0.5).fit(&good()).unwrap();
    let bundle = model.bundle();
    let text = bundle.plain();
    for part in ["LogisticRegression for \"late\", 60 rows", "\na ", "\n(intercept)", "c = 0.5", "converged in"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(bundle.data["text/html"].as_str().unwrap().contains("<tr><td>a</td>"));
    assert!(MajorityBaseline::params().fit(&good()).unwrap().bundle().plain().contains("P(late = 1)"));
}

fn refused(data: &ironbook_data::Dataset) -> LearnError {
    LogisticRegression::params().fit(data).unwrap_err()
}

#[test]
fn bad_values_name_the_column_and_the_mend() {
    let mut columns = vec![uniform(1, 60), uniform(3, 60)];
    columns[1][4] = f64::NAN;
    columns[1][9] = f64::NAN;
    let error = refused(&dataset(columns.clone(), good().target));
    assert!(
        matches!(&error, LearnError::NotFinite { column, nan: 2, infinite: 0, rows: 60 } if column == "b"),
        "{error}"
    );
    assert!(error.to_string().contains("fill_null") && error.to_string().contains("is_finite"), "{error}");
    columns[1][4] = f64::NEG_INFINITY;
    let error = refused(&dataset(columns.clone(), good().target));
    assert!(matches!(&error, LearnError::NotFinite { nan: 1, infinite: 1, .. }), "{error}");
    columns[1][4] = 1e300;
    columns[1][9] = -1e300;
    let error = refused(&dataset(columns, good().target));
    assert!(matches!(&error, LearnError::TooLarge { column, .. } if column == "b"), "{error}");
}

#[test]
fn bad_targets_are_refused() {
    let mut data = good();
    data.target[3] = 0.5;
    assert!(matches!(refused(&data), LearnError::NotClasses { value: 0.5, .. }));
    data.target[3] = f64::NAN;
    assert!(matches!(refused(&data), LearnError::NotClasses { value, .. } if value.is_nan()));
    data.target = vec![1.0; 60];
    assert!(matches!(refused(&data), LearnError::OneClass { value: 1.0, .. }));
    assert!(refused(&data).to_string().contains("is 1 in every row"));
    data.classes = Some(vec!["EWR".to_owned(), "JFK".to_owned()]);
    assert!(refused(&data).to_string().contains("is \"JFK\" in every row"));
    data.classes = None;
    data.target = vec![0.0; 59];
    assert!(matches!(refused(&data), LearnError::Length { features: 60, found: 59, .. }));
    assert!(matches!(refused(&dataset(vec![vec![]], vec![])), LearnError::NoRows));
}

#[test]
fn bad_weights_are_refused() {
    let data = good();
    let fit = |weights: &[f64]| {
        LogisticRegressionParams::new().fit(&data.clone().with_weights(weights.to_vec())).unwrap_err()
    };
    let mut weights = vec![1.0; 60];
    weights[5] = -1.0;
    assert!(matches!(fit(&weights), LearnError::Weight { row: 5, .. }));
    weights[5] = f64::NAN;
    assert!(matches!(fit(&weights), LearnError::Weight { row: 5, .. }));
    assert!(matches!(fit(&[0.0; 60]), LearnError::ZeroWeights));
    assert!(matches!(fit(&[1.0; 3]), LearnError::Length { .. }));
    // A class of which no row counts is a class that is not there.
    assert!(matches!(fit(&data.target), LearnError::OneClass { value: 1.0, .. }));
}

#[test]
fn bad_parameters_are_refused() {
    let refused = |params: LogisticRegressionParams| match params.fit(&good()).unwrap_err() {
        LearnError::Parameter { name, .. } => name,
        other => panic!("{other}"),
    };
    assert_eq!(refused(LogisticRegression::params().c(0.0)), "c");
    assert_eq!(refused(LogisticRegression::params().c(f64::NAN)), "c");
    assert_eq!(refused(LogisticRegression::params().tol(-1.0)), "tol");
    assert_eq!(refused(LogisticRegression::params().max_iter(0)), "max_iter");
}

#[test]
fn other_columns_are_refused_by_name() {
    let model = LogisticRegression::params().fit(&good()).unwrap();
    let three = dataset(vec![uniform(1, 5), uniform(2, 5), uniform(3, 5)], vec![0.0; 5]).features;
    let one = dataset(vec![uniform(1, 5)], vec![0.0; 5]).features;
    let error = model.predict(&three).unwrap_err();
    assert!(
        matches!(&error, LearnError::Columns { missing, unexpected, .. } if missing.is_empty() && unexpected == &["c"])
    );
    let error = model.predict_proba(&one).unwrap_err();
    assert!(matches!(&error, LearnError::Columns { missing, .. } if missing == &["b"]), "{error}");
    let mut holes = uniform(1, 5);
    holes[2] = f64::NAN;
    let holes = dataset(vec![holes, uniform(2, 5)], vec![0.0; 5]).features;
    assert!(matches!(model.predict(&holes), Err(LearnError::NotFinite { nan: 1, .. })));
}
