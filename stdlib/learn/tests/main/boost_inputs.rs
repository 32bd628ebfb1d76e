//! What boosted trees make of odd input, and what they refuse.

use crate::boost::{Case, rows};
use crate::dataset;
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_learn::boost::{Loss, Monotone};
use ironbook_learn::{Fit, Gbdt, GbdtRanker, GbdtRegressor, LearnError, Predict, PredictProba};

fn some(target: &str) -> Dataset {
    rows(&Case::of(target, 41, false), 300)
}

#[test]
fn columns_that_say_nothing_are_not_used() {
    let data = some("value");
    let names = ["constant", "none", "twin", "a"];
    let a = data.features.column(0).to_vec();
    let columns = [vec![7.0; 300], vec![f64::NAN; 300], a.clone(), a];
    let features = names.iter().map(|n| (*n).to_owned()).zip(columns).collect();
    let odd = Dataset::from_parts(Matrix::from_columns(features).unwrap(), data.target.clone(), "y");
    let model = GbdtRegressor::params().n_estimators(5).fit(&odd).unwrap();
    assert!(model.ensemble().trees.iter().all(|tree| tree.feature.iter().all(|&f| f == 2 || f == u32::MAX)));
    assert!(model.warning().is_none());
}

#[test]
fn infinities_are_the_largest_and_smallest_values() {
    let x: Vec<f64> = (0..300).map(|i| [f64::NEG_INFINITY, 1.0, f64::INFINITY, 1e300][i % 4]).collect();
    let y: Vec<f64> = (0..300).map(|i| [0.0, 1.0, 3.0, 3.0][i % 4]).collect();
    let model = GbdtRegressor::params().n_estimators(150).fit(&dataset(vec![x], y)).unwrap();
    let at = |x| model.predict_row(&[x]).unwrap();
    let expected = [(f64::NEG_INFINITY, 0.0), (1.0, 1.0), (f64::INFINITY, 3.0), (1e300, 3.0)];
    expected.iter().for_each(|&(x, y)| assert!((at(x) - y).abs() < 1e-4, "{x}: {}", at(x)));
}

#[test]
fn without_a_split_the_model_is_a_constant_and_says_so() {
    let one = dataset(vec![vec![1.0]], vec![5.0]);
    let model = GbdtRegressor::params().fit(&one).unwrap();
    assert_eq!(model.predict_row(&[9.0]).unwrap(), 5.0);
    assert!(model.ensemble().trees.is_empty());
    let warning = model.warning().unwrap();
    assert!(warning.starts_with("no split was found, so the model is a constant\n"), "{warning}");
    let constant = dataset(vec![vec![2.0; 100]], (0..100).map(|i| f64::from(i % 2)).collect());
    assert_eq!(Gbdt::params().fit(&constant).unwrap().predict_proba(&constant.features).unwrap(), vec![0.5; 100]);
}

#[test]
fn refusals_of_data() {
    let code = |error: LearnError| error.to_string().lines().next().unwrap().to_owned();
    let fit = |data: &Dataset| code(Gbdt::params().fit(data).unwrap_err());
    assert!(matches!(Gbdt::params().fit(&dataset(vec![vec![]], vec![])), Err(LearnError::NoRows)));
    assert_eq!(fit(&dataset(vec![vec![1.0, 2.0]], vec![1.0, 1.0])), "target \"late\" is 1 in every row");
    assert_eq!(
        fit(&dataset(vec![vec![1.0, 2.0]], vec![0.5, 1.0])),
        "target \"late\" is no set of classes: it holds 0.5"
    );
    assert_eq!(fit(&some("class").with_weights(vec![-1.0; 300])), "sample weight 0 is -1");
    assert_eq!(fit(&some("class").with_weights(vec![0.0; 300])), "all sample weights are 0");
    assert_eq!(
        fit(&some("class").with_weights(vec![1.0; 3])),
        "the features have 300 rows, the list of sample weights has 3 values"
    );
    let mut holes = some("value");
    holes.target[7] = f64::NAN;
    let error = GbdtRegressor::params().fit(&holes).unwrap_err();
    assert_eq!(code(error), "target \"y\" is NaN or infinite in 1 of 300 rows");
    let negative = GbdtRegressor::params().loss(Loss::Poisson).fit(&dataset(vec![vec![1.0, 2.0]], vec![1.0, -2.0]));
    assert_eq!(code(negative.unwrap_err()), "target \"late\" is -2 in row 1, and the loss needs values at least 0");
    let zero = GbdtRegressor::params().loss(Loss::Gamma).fit(&dataset(vec![vec![1.0, 2.0]], vec![1.0, 0.0]));
    assert_eq!(code(zero.unwrap_err()), "target \"late\" is 0 in row 1, and the loss needs values above 0");
    assert_eq!(code(GbdtRanker::params().fit(&some("value")).unwrap_err()), "there are no groups to rank \"y\" within");
    let mut few = some("grade");
    few.groups = Some(vec![1; 3]);
    assert!(matches!(GbdtRanker::params().fit(&few), Err(LearnError::Length { found: 3, .. })));
}

#[test]
fn rows_without_weight_are_left_out() {
    let mut data = some("class");
    let kept: Vec<usize> = (0..300).filter(|i| i % 3 != 0).collect();
    let expected = Gbdt::params().n_estimators(5).fit(&data.select_rows(&kept)).unwrap();
    // A class that only rows without weight have is no class.
    (0..300).filter(|i| i % 3 == 0).for_each(|i| data.target[i] = 7.0);
    let weights = (0..300).map(|i| if i % 3 == 0 { 0.0 } else { 1.0 }).collect();
    let found = Gbdt::params().n_estimators(5).fit(&data.with_weights(weights)).unwrap();
    assert_eq!(found.ensemble().trees, expected.ensemble().trees);
}

#[test]
fn validation_rows_must_be_like_the_others() {
    let data = some("class");
    let params = Gbdt::params().n_estimators(3);
    let mut other = data.clone();
    other.target[3] = 2.0;
    let error = params.fit_eval(&data, &other).unwrap_err().to_string();
    assert!(error.starts_with("target \"y\" has the class 2, and the model knows 0, 1\n"), "{error}");
    let narrow = dataset(vec![vec![1.0, 2.0]], vec![0.0, 1.0]);
    assert!(matches!(params.fit_eval(&data, &narrow), Err(LearnError::Columns { .. })));
    assert!(matches!(params.fit_eval(&data, &dataset(vec![vec![]], vec![])), Err(LearnError::NoRows)));
    let few = dataset(vec![vec![1.0, 2.0]], vec![0.0, 1.0]);
    let error = params.early_stopping(2).fit(&few).unwrap_err().to_string();
    assert!(error.starts_with("validation_fraction is 0.1\n") && error.contains("fit_eval"), "{error}");
}

#[test]
fn other_columns_are_refused_at_predictions() {
    let model = Gbdt::params().n_estimators(2).fit(&some("class")).unwrap();
    let narrow = dataset(vec![vec![1.0, 2.0]], vec![0.0, 1.0]);
    let error = model.predict(&narrow.features).unwrap_err().to_string();
    assert!(error.starts_with("features are missing: \"b\", \"c\", \"d\", \"e\"\n"), "{error}");
    let kind = Kind::Categorical(["u".to_owned()].as_slice().into());
    let column = |j: usize| (crate::name(j), if j == 2 { kind.clone() } else { Kind::Numeric }, vec![0.0]);
    let error = model.predict(&Matrix::from_typed((0..5).map(column).collect()).unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("column \"c\" holds text (u), the model was fitted to numbers\n"), "{error}");
}

#[test]
fn refusals_of_parameters() {
    let data = some("class");
    let p = Gbdt::params;
    let bad = [
        (p().n_estimators(0), "n_estimators is 0"),
        (p().num_leaves(1), "num_leaves is 1"),
        (p().max_bin(256), "max_bin is 256"),
        (p().max_depth(0), "max_depth is 0"),
        (p().early_stopping(0), "early_stopping is 0"),
        (p().max_cat_threshold(0), "max_cat_threshold is 0"),
        (p().learning_rate(0.0), "learning_rate is 0"),
        (p().learning_rate(f64::NAN), "learning_rate is NaN"),
        (p().subsample(0.0), "subsample is 0"),
        (p().colsample_bytree(1.5), "colsample_bytree is 1.5"),
        (p().validation_fraction(1.0), "validation_fraction is 1"),
        (p().reg_lambda(-1.0), "reg_lambda is -1"),
        (p().min_split_gain(f64::INFINITY), "min_split_gain is inf"),
        (p().scale_pos_weight(0.0), "scale_pos_weight is 0"),
        (p().monotone("z", Monotone::Increasing), "the monotone constraint on \"z\" cannot hold: it is no feature"),
    ];
    for (params, expected) in bad {
        let error = params.fit(&data).unwrap_err().to_string();
        let mut lines = error.lines();
        assert_eq!(lines.next(), Some(expected));
        assert!(lines.next().is_some(), "{error} says what to do");
    }
    for loss in [Loss::Huber(0.0), Loss::Quantile(1.0), Loss::Tweedie(2.0)] {
        let error = GbdtRegressor::params().loss(loss).fit(&some("value")).unwrap_err();
        assert!(matches!(error, LearnError::Parameter { name: "loss", .. }));
    }
    assert!(matches!(GbdtRanker::params().truncation(0).fit(&some("grade")), Err(LearnError::Parameter { .. })));
    let text = Kind::Categorical(["u".to_owned()].as_slice().into());
    let column = Matrix::from_typed(vec![("x".into(), text, vec![0.0, 0.0])]).unwrap();
    let data = Dataset::from_parts(column, vec![1.0, 2.0], "y");
    let error = GbdtRegressor::params().monotone("x", Monotone::Increasing).fit(&data).unwrap_err().to_string();
    assert!(error.contains("it is text, which has no direction"), "{error}");
}
