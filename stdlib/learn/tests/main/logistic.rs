//! Logistic regression.

use crate::{dataset, name, uniform};
use ironbook_data::{Dataset, Matrix};
use ironbook_learn::{
    ClassWeight, Fit, Importances, LogisticRegression, LogisticRegressionParams, Predict, PredictProba,
};
use serde::Deserialize;
use serde_json::Value;

/// One case of `reference/logistic.json`: how its data are made, and what scikit-learn found.
#[derive(Deserialize)]
struct Case {
    name: String,
    rows: usize,
    cols: usize,
    seed: u64,
    shift: f64,
    c: Option<Value>,
    scale: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
    near_copy: Option<f64>,
    #[serde(default)]
    weighted: bool,
    #[serde(default)]
    balanced: bool,
    fit_intercept: Option<bool>,
    positives: usize,
    coef: Vec<f64>,
    intercept: f64,
    proba: Vec<f64>,
    predict: Vec<f64>,
}

impl Case {
    fn data(&self) -> Dataset {
        let (n, p) = (self.rows, self.cols);
        let values = uniform(self.seed, n * p);
        let mut x: Vec<Vec<f64>> = values.chunks(n).map(|column| column.iter().map(|u| u - 0.5).collect()).collect();
        let noise = uniform(self.seed + 1, n);
        let late = |i: usize| 1.5 * x[0][i] - x[1][i] + self.shift + noise[i] > 0.5;
        let target = (0..n).map(|i| f64::from(u8::from(late(i)))).collect();
        if let Some(distance) = self.near_copy {
            x[p - 1] = x[0].iter().zip(&x[p - 1]).map(|(first, last)| first + distance * last).collect();
        }
        for (j, column) in x.iter_mut().enumerate() {
            let scale = self.scale.as_ref().map_or(1.0, |s| s[j]);
            let offset = self.offset.as_ref().map_or(0.0, |o| o[j]);
            column.iter_mut().for_each(|value| *value = *value * scale + offset);
        }
        dataset(x, target)
    }

    fn params(&self) -> LogisticRegressionParams {
        let class_weight = if self.balanced { ClassWeight::Balanced } else { ClassWeight::None };
        let c = self.c.as_ref().map_or(1.0, |c| c.as_f64().unwrap_or(f64::INFINITY));
        LogisticRegression::params().c(c).fit_intercept(self.fit_intercept.unwrap_or(true)).class_weight(class_weight)
    }

    fn fit(&self) -> (LogisticRegression, Dataset) {
        let data = self.data();
        let weights: Option<Vec<f64>> =
            self.weighted.then(|| uniform(self.seed + 2, self.rows).iter().map(|u| (u * 4.0).floor()).collect());
        let model = match weights {
            Some(weights) => self.params().fit(&data.clone().with_weights(weights)).unwrap(),
            None => self.params().fit(&data).unwrap(),
        };
        (model, data)
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../reference/logistic.json")).unwrap()
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {found}, expected {expected}");
}

fn first_rows(data: &Dataset, n: usize) -> Matrix {
    data.features.select_rows(&(0..n).collect::<Vec<_>>())
}

#[test]
fn coefficients_and_predictions_are_scikit_learns() {
    let cases = cases();
    assert!(cases.len() >= 14, "{}", cases.len());
    for case in cases {
        let (model, data) = case.fit();
        let positives = data.target.iter().filter(|y| **y == 1.0).count();
        assert_eq!(positives, case.positives, "{}: the data differ from the reference's", case.name);
        assert!(model.converged() && model.warning().is_none(), "{}: {:?}", case.name, model.warning());
        assert!(model.n_iter() <= 15, "{}: {} steps", case.name, model.n_iter());
        // Two nearly equal columns amplify what rounding leaves of the gradient ten thousand times.
        let tolerance = if case.near_copy.is_some() { 1e-5 } else { 1e-7 };
        for (j, (&found, &expected)) in model.coef().iter().zip(&case.coef).enumerate() {
            // Relative to the size that the feature's scale gives its coefficient.
            let unit = case.scale.as_ref().map_or(1.0, |s| if s[j] == 0.0 { 1.0 } else { s[j] });
            close(found * unit, expected * unit, tolerance, &format!("{}, coef {j}", case.name));
        }
        close(model.intercept(), case.intercept, tolerance, &format!("{}, intercept", case.name));
        let head = first_rows(&data, 20);
        for (found, &expected) in model.predict_proba(&head).unwrap().into_iter().zip(&case.proba) {
            close(found, expected, tolerance, &format!("{}, probability", case.name));
        }
        assert_eq!(model.predict(&head).unwrap(), case.predict, "{}", case.name);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let cases = cases();
    for name in ["several blocks", "wide"] {
        let case = cases.iter().find(|c| c.name == name).unwrap();
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| case.fit().0)
        };
        let one = on(1);
        assert_eq!(one, on(2), "{name}");
        assert_eq!(one, on(5), "{name}");
    }
}

#[test]
fn a_constant_feature_gets_a_coefficient_of_zero() {
    let noise = uniform(3, 200);
    let target: Vec<f64> = uniform(4, 200).iter().zip(&noise).map(|(u, x)| f64::from(u8::from(u + x > 1.0))).collect();
    for c in [1.0, f64::INFINITY] {
        let data = dataset(vec![noise.clone(), vec![0.1; 200]], target.clone());
        let model = LogisticRegression::params().c(c).fit(&data).unwrap();
        assert_eq!(model.coef()[1], 0.0);
        assert!(model.converged());
    }
}

#[test]
fn repeated_columns_without_penalty_still_have_a_finite_fit() {
    let x = uniform(5, 300);
    let target: Vec<f64> = uniform(6, 300).iter().zip(&x).map(|(u, x)| f64::from(u8::from(u + x > 1.0))).collect();
    let once = LogisticRegression::params().c(f64::INFINITY).fit(&dataset(vec![x.clone()], target.clone())).unwrap();
    let twice = LogisticRegression::params().c(f64::INFINITY).fit(&dataset(vec![x.clone(), x], target)).unwrap();
    assert!(twice.converged(), "{:?}", twice.warning());
    close(twice.coef().iter().sum(), once.coef()[0], 1e-6, "sum of the two coefficients");
}

#[test]
fn too_few_steps_are_said() {
    let case = &cases()[0];
    let model = case.params().max_iter(1).fit(&case.data()).unwrap();
    assert!(!model.converged());
    let warning = model.warning().unwrap();
    assert!(warning.contains("max_iter") && warning.contains("not converged"), "{warning}");
}

#[test]
fn a_weight_of_two_is_a_row_twice_and_of_zero_none() {
    let data = cases()[0].data();
    let weights: Vec<f64> = (0..data.target.len()).map(|i| (i % 3) as f64).collect();
    let rows: Vec<usize> = (0..data.target.len()).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
    let repeated = data.select_rows(&rows);
    let weighted = LogisticRegression::params().fit(&data.clone().with_weights(weights.to_vec())).unwrap();
    let plain = LogisticRegression::params().fit(&repeated).unwrap();
    for (w, p) in weighted.coef().iter().zip(plain.coef()) {
        close(*w, *p, 1e-9, "coefficient");
    }
}

#[test]
fn columns_are_matched_by_name() {
    let case = &cases()[0];
    let (model, data) = case.fit();
    let reversed = (0..4).rev().map(|j| (name(j), data.features.column(j).to_vec())).collect();
    let reversed = Matrix::from_columns(reversed).unwrap();
    assert_eq!(model.predict_proba(&reversed).unwrap(), model.predict_proba(&data.features).unwrap());
}

#[test]
fn importances_do_not_depend_on_the_units() {
    let (model, _) = cases().iter().find(|c| c.name == "unscaled").unwrap().fit();
    let names: Vec<String> = model.importances().into_iter().map(|(name, _)| name).collect();
    // The target follows the first column most, whose coefficient is small because its unit is.
    assert_eq!(names[0], "a");
    assert_eq!(model.coefficients()[3].0, "d");
}

/// Largest derivative of the objective at the model, computed from its predictions alone, per row and deviation.
fn gradient(model: &LogisticRegression, data: &Dataset, c: f64) -> f64 {
    let n = data.target.len() as f64;
    let proba = model.predict_proba(&data.features).unwrap();
    let residual: Vec<f64> = proba.iter().zip(&data.target).map(|(p, y)| p - y).collect();
    let along = |(j, w): (usize, &f64)| {
        let x = data.features.column(j);
        let mean = x.iter().sum::<f64>() / n;
        let std = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        let sum: f64 = x.iter().zip(&residual).map(|(v, r)| (v - mean) * r).sum();
        (sum + w / c).abs() / n / std
    };
    let of_features = model.coef().iter().enumerate().map(along);
    of_features.chain([residual.iter().sum::<f64>().abs() / n]).fold(0.0, f64::max)
}

#[test]
fn difficult_data_are_solved_too() {
    let n = 3000;
    let x = uniform(21, n);
    let heavy: Vec<f64> = uniform(22, n).iter().map(|u| (20.0 * (u - 0.5)).exp()).collect();
    let far: Vec<f64> = uniform(23, n).iter().map(|u| 1e9 + u).collect();
    let small: Vec<f64> = uniform(24, n).iter().map(|u| 1e-9 * u).collect();
    let class = |of: &dyn Fn(usize) -> bool| (0..n).map(|i| f64::from(u8::from(of(i)))).collect::<Vec<f64>>();
    let targets = [
        ("one row of class 1", class(&|i| i == 1234)),
        ("separable by x", class(&|i| x[i] > 0.3)),
        ("separable by the heavy tail", class(&|i| heavy[i] > 1.0)),
        ("unrelated", class(&|i| i % 7 == 0)),
    ];
    let columns = vec![x.clone(), heavy, far, small];
    for (name, target) in targets {
        let data = dataset(columns.clone(), target);
        for c in [1e-6, 1e-2, 1.0, 1e3, 1e6] {
            let model = LogisticRegression::params().c(c).fit(&data).unwrap();
            assert!(model.converged(), "{name}, c = {c}: {:?}", model.warning());
            assert!(model.n_iter() <= 60, "{name}, c = {c}: {} steps", model.n_iter());
            // The far column costs the predictions, made from features as given, nine digits.
            assert!(gradient(&model, &data, c) < 1e-6, "{name}, c = {c}: gradient {}", gradient(&model, &data, c));
        }
    }
}

#[test]
fn perfect_separation_without_penalty_ends() {
    let x: Vec<f64> = uniform(31, 100);
    let target = x.iter().map(|x| f64::from(u8::from(*x > 0.5))).collect();
    let data = dataset(vec![x], target);
    let model = LogisticRegression::params().c(f64::INFINITY).fit(&data).unwrap();
    assert_eq!(model.predict(&data.features).unwrap(), data.target);
    assert!(model.coef()[0].is_finite() && model.coef()[0] > 0.0);
}
