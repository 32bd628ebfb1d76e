//! Huge outputs, empty backgrounds, times, one class: what explanations owe at the edges.

use crate::uniform;
use ironbook_core::Display;
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_explain::{ExplainError, Shap, permutation_importance, shap, shap_against};
use ironbook_learn::tree::ensemble::{Ensemble, LEAF, Tree};
use ironbook_learn::{Fit, Gbdt, GbdtRegressor};

/// A stump on one feature.
fn stump(feature: u32, left: f64, right: f64) -> Tree {
    let mut tree = Tree::leaf(0.0, 10.0, 0);
    (tree.feature, tree.threshold) = (vec![feature, LEAF, LEAF], vec![0.5, 0.0, 0.0]);
    (tree.left, tree.right) = (vec![1, 0, 0], vec![2, 0, 0]);
    (tree.default_left, tree.gain) = (vec![false; 3], vec![0.0; 3]);
    (tree.value, tree.cover) = (vec![0.0, left, right], vec![10.0, 3.0, 7.0]);
    tree
}

/// Values of 1e13 that cancel to a small prediction round by more than a millionth of it, and are right all the same.
#[test]
fn large_values_that_cancel_still_add_up() {
    let huge = 1e13 / 3.0;
    let trees = vec![stump(0, huge, -huge * 1.1), stump(1, -huge * 0.9, huge), stump(2, 0.25, 0.5)];
    let ensemble = Ensemble { n_features: 3, base: vec![0.1], width: 1, trees };
    let mut random = uniform(2);
    let column = |name: &str, random: &mut dyn Iterator<Item = f64>| (name.to_owned(), random.take(50).collect());
    let columns = ["a", "b", "c"].map(|name| column(name, &mut random)).to_vec();
    let matrix = Matrix::from_columns(columns).unwrap();
    let found = Shap::of(&ensemble, vec!["y".to_owned()], matrix.clone()).unwrap();
    // Shapley's values of a sum of stumps are the stumps' own distances from their means.
    let of = |row: usize, j: usize, left: f64, right: f64| {
        let own = if matrix.get(row, j) < 0.5 { left } else { right };
        (found.values().get(row, j) - (own - 0.3 * left - 0.7 * right)).abs()
    };
    for row in 0..50 {
        assert!(of(row, 0, huge, -huge * 1.1) < 1e-2 && of(row, 2, 0.25, 0.5) < 1e-15, "row {row}");
    }
    assert!(Shap::against(&ensemble, vec!["y".to_owned()], matrix.clone(), &matrix.select_rows(&[0, 1, 2])).is_ok());
}

fn dated(rows: usize) -> Dataset {
    let mut random = uniform(5);
    let hours: Vec<f64> = (0..rows).map(|_| (random.next().unwrap() * 8760.0).floor()).collect();
    let time = hours.iter().map(|h| 1_356_998_400.0 + 3600.0 * h).collect();
    let wind = (0..rows).map(|_| random.next().unwrap()).collect();
    let late = hours.iter().map(|h| f64::from(u8::from(h % 24.0 > 15.0 || *h > 7000.0))).collect();
    let columns = vec![("time_hour".to_owned(), Kind::Time, time), ("wind".to_owned(), Kind::Numeric, wind)];
    Dataset::from_parts(Matrix::from_typed(columns).unwrap(), late, "late")
}

#[test]
fn times_are_written_as_times() {
    let data = dated(400);
    let model = Gbdt::params().n_estimators(10).fit(&data).unwrap();
    let svg = shap(&model, &data.features).unwrap().waterfall(0).unwrap().to_svg().unwrap();
    assert!(svg.contains("time_hour = 2013-"), "{svg}");
}

#[test]
fn an_empty_background_is_called_one() {
    let data = dated(200);
    let model = Gbdt::params().n_estimators(3).fit(&data).unwrap();
    let error = shap_against(&model, &data.features, &data.features.select_rows(&[])).unwrap_err();
    assert!(matches!(error, ExplainError::NoBackground) && error.to_string().contains("background has no rows"));
    let error = shap_against(&model, &data.features.select_rows(&[]), &data.features).unwrap_err();
    assert!(matches!(error, ExplainError::NoRows), "{error}");
}

/// A regression of amounts near a billion, and of a constant.
#[test]
fn targets_far_from_zero_and_constant_ones() {
    let mut data = dated(300);
    data.target = (0..300).map(|i| 1e9 + f64::from(i % 7)).collect();
    let model = GbdtRegressor::params().n_estimators(20).fit(&data).unwrap();
    let found = shap(&model, &data.features).unwrap();
    assert!((found.base() - 1e9).abs() < 10.0 && found.bundle().plain().contains("base: late"));
    data.target = vec![4.5; 300];
    let model = GbdtRegressor::params().n_estimators(3).fit(&data).unwrap();
    let found = shap(&model, &data.features).unwrap();
    assert!(found.values().data().iter().all(|v| *v == 0.0) && (found.base() - 4.5).abs() < 1e-6);
    assert!(found.beeswarm().is_ok() && found.waterfall(0).is_ok() && found.bar().is_ok());
}

#[test]
fn one_class_has_no_order_to_lose() {
    let data = dated(200);
    let model = Gbdt::params().n_estimators(3).fit(&data).unwrap();
    let mut one = data.clone();
    one.target = vec![1.0; 200];
    let error = permutation_importance(&model, &one, "roc_auc", 2, 0).unwrap_err().to_string();
    assert!(error.starts_with("roc_auc is not defined on these rows"), "{error}");
    assert!(permutation_importance(&model, &one, "log_loss", 2, 0).is_ok());
}
