//! Pipelines inside models: fitted together, judged on columns as they are, saved in one file.

use crate::{data, numbers, text, uniform};
use ironbook_core::Display as _;
use ironbook_data::{Dataset, Matrix};
use ironbook_features::{Featured, FittedPipeline, Impute, Pipeline};
use ironbook_learn::{
    Fit, LearnError, LogisticRegression, MajorityBaseline, Persist, PersistError, Predict, PredictProba,
};

fn table(seed: u64, rows: usize) -> Dataset {
    let u = uniform(seed, rows * 3);
    let city: Vec<&str> = u[..rows].iter().map(|u| ["Oslo", "Rome", "Lima"][(u * 3.0) as usize]).collect();
    let temp: Vec<f64> = u[rows..2 * rows].iter().map(|&u| if u < 0.1 { f64::NAN } else { 30.0 * u }).collect();
    let late =
        (0..rows).map(|i| f64::from(u8::from(u[2 * rows + i] + if city[i] == "Oslo" { 0.3 } else { 0.0 } > 0.6)));
    let target = late.collect();
    Dataset { target, ..data(vec![text("city", &city), numbers("temp", &temp)]) }
}

fn pipeline() -> Pipeline {
    Pipeline::new().impute("temp", Impute::Median.with_indicator()).standardise("temp").one_hot("city")
}

fn model() -> Featured<LogisticRegression> {
    pipeline().then(LogisticRegression::params()).fit(&table(1, 300)).unwrap()
}

#[test]
fn the_pair_does_what_the_two_do() {
    let data = table(1, 300);
    let (features, made) = pipeline().fit_transform(&data).unwrap();
    let alone = LogisticRegression::params().fit(&made).unwrap();
    let both = model();
    assert_eq!((both.features(), both.model()), (&features, &alone));
    let later = table(2, 50).features;
    let by_hand = alone.predict_proba(&features.transform(&later).unwrap()).unwrap();
    assert_eq!(both.predict_proba(&later).unwrap(), by_hand);
    assert_eq!(both.predict(&later).unwrap(), alone.predict(&features.transform(&later).unwrap()).unwrap());
    assert_eq!(both.predict_probas(&later).unwrap().column(1), by_hand);
}

#[test]
fn the_signature_has_the_columns_of_the_table() {
    let signature = model().signature();
    assert_eq!(signature.names().collect::<Vec<_>>(), ["city", "temp"]);
    assert_eq!((signature.target.as_str(), signature.classes.unwrap().values), ("y", vec![0.0, 1.0]));
}

#[test]
fn a_file_holds_both() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.json");
    let model = model();
    model.save(&path).unwrap();
    let loaded = Featured::<LogisticRegression>::load(&path).unwrap();
    assert_eq!(loaded, model);
    let later = table(2, 50).features;
    assert_eq!(loaded.predict_proba(&later).unwrap(), model.predict_proba(&later).unwrap());
    let other = Featured::<MajorityBaseline>::load(&path).unwrap_err();
    let PersistError::NotAModel { source, .. } = &other else { panic!("{other}") };
    assert!(source.to_string().contains("ironbook/logistic_regression, not ironbook/majority_baseline"), "{source}");
    assert!(matches!(FittedPipeline::load(&path), Err(PersistError::OtherModel { .. })));
    let params = serde_json::to_string(&pipeline().then(LogisticRegression::params())).unwrap();
    let again: ironbook_features::WithFeatures<ironbook_learn::LogisticRegressionParams> =
        serde_json::from_str(&params).unwrap();
    assert_eq!(again.fit(&table(1, 300)).unwrap(), model);
}

#[test]
fn errors_of_the_pipeline_keep_their_words() {
    let params = Pipeline::new().standardise("tempo").then(LogisticRegression::params());
    let error = params.fit(&table(1, 30)).unwrap_err();
    assert!(error.to_string().contains("there is no column \"tempo\""), "{error}");
    let one = Matrix::from_typed(vec![text("city", &["Oslo"])]).unwrap();
    let error = model().predict(&one).unwrap_err();
    assert!(matches!(&error, LearnError::Columns { missing, .. } if missing == &["temp"]), "{error}");
    let kinds = Matrix::from_typed(vec![numbers("city", &[1.0]), numbers("temp", &[1.0])]).unwrap();
    let error = model().predict(&kinds).unwrap_err();
    assert!(matches!(&error, LearnError::Kind { column, .. } if column == "city"), "{error}");
}

#[test]
fn displays_say_what_was_learned() {
    let bundle = model().bundle();
    let text = bundle.plain();
    for part in
        ["LogisticRegression for \"y\"", "Pipeline from 2 columns to 5", "with indicator", "3 indicators", "city_Lima"]
    {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(bundle.data["text/html"].as_str().unwrap().matches("<table>").count() == 2);
    let text = pipeline().bundle().plain().to_owned();
    assert!(text.contains("Pipeline of 3 steps") && text.contains("impute median"), "{text}");
}
