//! Linear models, baselines and their files: hostile data and damaged files.

use crate::{dataset, uniform};
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_learn::{
    ElasticNet, ElasticNetParams, Fit, Gbdt, GbdtRanker, GbdtRegressor, Importances, LearnError, LinearRegression,
    LogisticRegression, MajorityBaseline, MeanBaseline, Persist, PersistError, Predict, PredictProba, RandomForest,
    RandomForestRegressor, Ridge,
};
use serde_json::Value;

/// A target that is text, as numbers become that were read as text.
fn text_target() -> Dataset {
    let mut data = dataset(vec![uniform(1, 40)], (0..40).map(|i| f64::from(i % 2)).collect());
    data.classes = Some(vec!["1.5".to_owned(), "2.5".to_owned()]);
    data.with_groups(vec![0; 40])
}

#[test]
fn models_that_predict_numbers_refuse_text() {
    let data = text_target();
    let errors = [
        MeanBaseline::params().fit(&data).unwrap_err(),
        LinearRegression::params().fit(&data).unwrap_err(),
        Ridge::params().fit(&data).unwrap_err(),
        ElasticNet::params().fit(&data).unwrap_err(),
        RandomForestRegressor::params().fit(&data).unwrap_err(),
        GbdtRegressor::params().fit(&data).unwrap_err(),
        GbdtRanker::params().fit(&data).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, LearnError::TextTarget { .. }), "{error}");
        assert!(error.to_string().contains("\"1.5\", \"2.5\""), "{error}");
    }
    assert!(LogisticRegression::params().fit(&data).is_ok());
}

#[test]
fn baselines_count_rows_by_their_weights() {
    // numpy: average([0, 1, 1, 4], weights=[1, 0, 2, 5])
    let data = dataset(vec![uniform(1, 4)], vec![0.0, 1.0, 1.0, 4.0]).with_weights(vec![1.0, 0.0, 2.0, 5.0]);
    assert_eq!(MeanBaseline::params().fit(&data).unwrap().mean(), 2.75);
    let data = dataset(vec![uniform(1, 4)], vec![0.0, 1.0, 1.0, 0.0]).with_weights(vec![1.0, 0.0, 2.0, 5.0]);
    assert_eq!(MajorityBaseline::params().fit(&data).unwrap().prior(), 0.25);
}

#[test]
fn weights_that_cannot_be_added_up_are_refused() {
    let data = dataset(vec![uniform(1, 4)], vec![0.0, 1.0, 1.0, 0.0]).with_weights(vec![1e308; 4]);
    for error in [Ridge::params().fit(&data).unwrap_err(), LogisticRegression::params().fit(&data).unwrap_err()] {
        assert!(error.to_string().contains("the sum of the sample weights is infinite"), "{error}");
    }
}

#[test]
fn minus_zero_is_the_class_zero() {
    let data =
        dataset(vec![uniform(1, 60)], (0..60).map(|i| if i % 3 == 0 { 1.0 } else { [0.0, -0.0][i % 2] }).collect());
    let model = LogisticRegression::params().fit(&data).unwrap();
    assert_eq!(model.signature().classes.unwrap().values, [0.0, 1.0]);
    assert_eq!(
        RandomForest::params().n_estimators(3).seed(1).fit(&data).unwrap().signature().classes.unwrap().len(),
        2
    );
}

/// Without an intercept: R² of a target and deviations of features with means far from 0.
#[test]
fn large_means_do_not_cost_the_digits_of_r2_and_importances() {
    let noise = uniform(2, 500);
    let x: Vec<f64> = uniform(1, 500).iter().map(|u| 1e9 + u).collect();
    let y: Vec<f64> = x.iter().zip(&noise).map(|(x, u)| x + u).collect();
    let data = dataset(vec![x.clone()], y.clone());
    let model = LinearRegression::params().fit_intercept(false).fit(&data).unwrap();
    let w = model.coef()[0];
    // By hand, from the differences, as sklearn.metrics.r2_score does.
    let mean = y.iter().map(|y| y - 1e9).sum::<f64>() / 500.0;
    let (error, total) = x
        .iter()
        .zip(&y)
        .fold((0.0, 0.0), |(error, total), (x, y)| (error + (y - w * x).powi(2), total + (y - 1e9 - mean).powi(2)));
    assert!((model.r2() - (1.0 - error / total)).abs() < 1e-6, "{} for {}", model.r2(), 1.0 - error / total);
    let centre = x.iter().map(|x| x - 1e9).sum::<f64>() / 500.0;
    let std = (x.iter().map(|x| (x - 1e9 - centre).powi(2)).sum::<f64>() / 500.0).sqrt();
    assert!((model.importances()[0].1 - w.abs() * std).abs() < 1e-6 * std);
    // scikit-learn's r2_score of a constant target: 1 for a perfect fit, 0 for any other.
    let flat = dataset(vec![uniform(3, 50)], vec![5.0; 50]);
    assert_eq!(Ridge::params().fit_intercept(false).fit(&flat).unwrap().r2(), 0.0);
    let ones = dataset(vec![vec![2.0; 50]], vec![5.0; 50]);
    assert_eq!(LinearRegression::params().fit_intercept(false).fit(&ones).unwrap().r2(), 1.0);
}

#[test]
fn an_elastic_net_without_intercept_converges_on_a_constant_target() {
    let data = dataset(vec![uniform(3, 50), uniform(4, 50)], vec![5.0; 50]);
    let model = ElasticNetParams::lasso().alpha(0.01).fit_intercept(false).fit(&data).unwrap();
    assert_eq!(model.warning(), None);
    assert!(model.n_iter() < 1000);
    let strict = ElasticNet::params()
        .tol(1e-300)
        .max_iter(5)
        .fit(&dataset(vec![uniform(3, 50), uniform(4, 50)], uniform(5, 50)));
    assert!(strict.unwrap().warning().is_none_or(|warning| warning.contains("raise max_iter or alpha")));
}

#[test]
fn a_penalty_that_overflows_is_refused() {
    let data = dataset(vec![uniform(1, 4)], vec![0.0, 1.0, 1.0, 0.0]);
    let error = LogisticRegression::params().c(1e-310).fit(&data).unwrap_err();
    assert!(matches!(error, LearnError::Parameter { name: "c", .. }), "{error}");
}

/// Collinear, constant, tiny and huge columns at once: a finite fit, or words.
#[test]
fn degenerate_columns_have_finite_coefficients() {
    let a = uniform(1, 80);
    let columns = vec![
        a.clone(),
        a.iter().map(|x| -3.0 * x).collect(),
        vec![7.0; 80],
        a.iter().map(|x| x * 1e-120).collect(),
        uniform(2, 80).iter().map(|x| x * 1e120).collect(),
        vec![1e-310; 80],
    ];
    let y: Vec<f64> = uniform(3, 80);
    let numbers = dataset(columns.clone(), y.clone());
    let classes = dataset(columns.clone(), y.iter().map(|y| (3.0 * y).floor()).collect());
    let two = dataset(columns, y.iter().map(|y| f64::from(u8::from(*y > 0.5))).collect());
    let finite = |coef: &[f64]| assert!(coef.iter().all(|w| w.is_finite()), "{coef:?}");
    let ordinary = LinearRegression::params().fit(&numbers).unwrap();
    finite(ordinary.coef());
    assert!(ordinary.warning().unwrap().contains("of 6 columns are constant or determined by the others"));
    finite(Ridge::params().fit(&numbers).unwrap().coef());
    finite(ElasticNetParams::lasso().alpha(1e-4).fit(&numbers).unwrap().coef());
    for data in [&classes, &two] {
        for l1_ratio in [0.0, 0.5, 1.0] {
            let model = LogisticRegression::params().l1_ratio(l1_ratio).fit(data).unwrap();
            finite(model.coef());
            assert!(model.converged() || model.warning().is_some());
            let shares = model.predict_probas(&data.features).unwrap();
            for row in 0..data.rows() {
                let sum: f64 = (0..shares.cols()).map(|k| shares.get(row, k)).sum();
                assert!((sum - 1.0).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn predictions_that_overflow_are_refused_by_name() {
    let y: Vec<f64> = uniform(3, 90);
    let numbers = dataset(vec![uniform(1, 90), uniform(2, 90).iter().map(|x| x * 1e-3).collect()], y.clone());
    let new = dataset(vec![vec![0.5; 2], vec![1.0, -1.7e308]], vec![0.0; 2]);
    let classes = Dataset { target: y.iter().map(|y| (3.0 * y).floor()).collect(), ..numbers.clone() };
    let ridge = Ridge::params().alpha(0.0).fit(&numbers).unwrap().predict(&new.features).unwrap_err();
    let logistic = LogisticRegression::params().c(1e6).fit(&classes).unwrap().predict(&new.features).unwrap_err();
    for error in [ridge, logistic] {
        assert!(matches!(&error, LearnError::TooLarge { column, largest: 1.7e308 } if column == "b"), "{error}");
    }
}

/// Every model comes back from its file bit for bit.
fn round_trip<M: Persist + PartialEq + std::fmt::Debug>(model: &M) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.json");
    model.save(&path).unwrap();
    let loaded = M::load(&path).unwrap();
    assert_eq!(&loaded, model);
    loaded.save(&path).unwrap();
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap()
}

/// What loading a damaged file says.
fn damaged<M: Persist + std::fmt::Debug>(file: &Value, damage: impl FnOnce(&mut Value)) -> String {
    let mut file = file.clone();
    damage(&mut file["model"]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.json");
    std::fs::write(&path, file.to_string()).unwrap();
    match M::load(&path) {
        Err(PersistError::NotAModel { source, .. }) => source.to_string(),
        other => panic!("{other:?}"),
    }
}

fn pop(list: &mut Value) {
    list.as_array_mut().unwrap().pop().unwrap();
}

#[test]
fn models_come_back_and_damaged_ones_are_refused() {
    let y: Vec<f64> = uniform(3, 90);
    let columns = || vec![uniform(1, 90), uniform(2, 90)];
    let numbers = dataset(columns(), y.clone());
    let classes = dataset(columns(), y.iter().map(|y| (3.0 * y).floor()).collect());
    round_trip(&MeanBaseline::params().fit(&numbers).unwrap());
    round_trip(&LinearRegression::params().fit(&numbers).unwrap());
    round_trip(&ElasticNet::params().alpha(0.01).fit(&numbers).unwrap());
    let file = round_trip(&Ridge::params().fit(&numbers).unwrap());
    assert!(damaged::<Ridge>(&file, |m| pop(&mut m["coef"])).contains("coef has 1 numbers, not 2"));
    assert!(damaged::<Ridge>(&file, |m| pop(&mut m["feature_std"])).contains("feature_std has 1 numbers, not 2"));
    assert!(damaged::<Ridge>(&file, |m| m["signature"]["features"][1]["name"] = "a".into()).contains("\"a\" twice"));
    assert!(!damaged::<Ridge>(&file, |m| m["intercept"] = Value::Null).is_empty());
    let file = round_trip(&LogisticRegression::params().fit(&classes).unwrap());
    let logistic = |damage: fn(&mut Value)| damaged::<LogisticRegression>(&file, damage);
    assert!(logistic(|m| m["intercepts"] = Value::Array(vec![])).contains("intercepts has 0 numbers, not 3"));
    assert!(logistic(|m| pop(&mut m["coef"])).contains("coef has 5 numbers, not 6"));
    assert!(logistic(|m| pop(&mut m["feature_std"])).contains("feature_std has 1 numbers, not 2"));
    assert!(logistic(|m| m["seen"][2] = 9.into()).contains("seen is [0, 1, 9], with 3 classes"));
    assert!(logistic(|m| m["seen"] = Value::Array(vec![])).contains("seen is []"));
    assert!(logistic(|m| m["signature"]["classes"] = Value::Null).contains("with 0 classes"));
    assert!(logistic(|m| m["signature"]["classes"]["values"][0] = 1.0.into()).contains("not in ascending order"));
    let file = round_trip(&RandomForest::params().n_estimators(3).seed(1).fit(&classes).unwrap());
    let forest = |damage: fn(&mut Value)| damaged::<RandomForest>(&file, damage);
    assert!(
        forest(|m| pop(&mut m["fitted"]["signature"]["classes"]["values"]))
            .contains("3 outputs, its signature 2 and 1")
    );
    assert!(forest(|m| pop(&mut m["fitted"]["signature"]["features"])).contains("its signature 1 and 3"));
    assert!(forest(|m| m["fitted"]["ensemble"]["trees"] = Value::Array(vec![])).contains("its 0 trees"));
    round_trip(&RandomForestRegressor::params().n_estimators(3).seed(1).fit(&numbers).unwrap());
}

#[test]
fn a_damaged_booster_is_refused() {
    let y: Vec<f64> = uniform(3, 90);
    let data = dataset(vec![uniform(1, 90), uniform(2, 90)], y.iter().map(|y| (3.0 * y).floor()).collect());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.json");
    Gbdt::params().n_estimators(2).seed(1).fit(&data).unwrap().save(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let part = "\\\"values\\\":[0.0,1.0,2.0]";
    assert!(text.contains(part), "{text}");
    for (damage, words) in [("[0.0,1.0]", "3 outputs for 2 classes"), ("[0.0,2.0,1.0]", "not in ascending order")] {
        std::fs::write(&path, text.replace(part, &format!("\\\"values\\\":{damage}"))).unwrap();
        match Gbdt::load(&path) {
            Err(PersistError::NotAModel { source, .. }) => assert!(source.to_string().contains(words), "{source}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn categories_of_a_file_have_to_be_in_order() {
    let kind = Kind::Categorical(["x".to_owned(), "y".to_owned()].into());
    let codes = (0..40).map(|i| f64::from(i % 2)).collect();
    let features = Matrix::from_typed(vec![("c".to_owned(), kind, codes)]).unwrap();
    let data = Dataset::from_parts(features, uniform(1, 40), "y");
    let file = round_trip(&RandomForestRegressor::params().n_estimators(2).seed(1).fit(&data).unwrap());
    let text = file.to_string();
    assert!(text.contains("[\"x\",\"y\"]"), "{text}");
    let swapped: Value = serde_json::from_str(&text.replace("[\"x\",\"y\"]", "[\"y\",\"x\"]")).unwrap();
    assert!(
        damaged::<RandomForestRegressor>(&swapped, |_| ())
            .contains("the categories of \"c\" are not in ascending order")
    );
}
