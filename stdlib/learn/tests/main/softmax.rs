//! Logistic regression of many classes and with penalties on sizes; lasso and elastic net.

use crate::linear::{Case, Recipe, cases};
use crate::{dataset, uniform};
use ironbook_core::Display as _;
use ironbook_data::Dataset;
use ironbook_learn::{
    ClassWeight, ElasticNet, ElasticNetParams, Fit, LearnError, LogisticRegression, LogisticRegressionParams, Persist,
    Predict, PredictProba,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Logistic {
    #[serde(flatten)]
    recipe: Recipe,
    c: Option<Value>,
    l1_ratio: Option<f64>,
    #[serde(default)]
    balanced: bool,
    coef: Vec<Vec<f64>>,
    intercept: Vec<f64>,
    proba: Vec<Vec<f64>>,
    predict: Vec<f64>,
}

impl Logistic {
    fn params(&self) -> LogisticRegressionParams {
        LogisticRegression::params()
            .c(self.c.as_ref().map_or(1.0, |c| c.as_f64().unwrap_or(f64::INFINITY)))
            .l1_ratio(self.l1_ratio.unwrap_or(0.0))
            .fit_intercept(self.recipe.fit_intercept.unwrap_or(true))
            .class_weight(if self.balanced { ClassWeight::Balanced } else { ClassWeight::None })
    }
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {found}, expected {expected}");
}

#[test]
fn coefficients_and_probabilities_are_scikit_learns() {
    for case in cases::<Logistic>("logistic") {
        let (name, data) = (&case.recipe.name, case.recipe.data());
        let model = case.params().fit(&data).unwrap();
        assert!(model.converged(), "{name}: {:?}", model.warning());
        let expected: Vec<f64> = case.coef.concat();
        assert_eq!(model.coef().len(), expected.len());
        let p = data.features.cols();
        for (at, (&found, &expected)) in model.coef().iter().zip(&expected).enumerate() {
            let unit = case.recipe.unit(at % p);
            close(found * unit, expected * unit, 1e-6, &format!("{name}, coef {at}"));
            assert!(case.l1_ratio.is_none() || (found == 0.0) == (expected == 0.0), "{name}, coef {at}: {found}");
        }
        for (&found, &expected) in model.intercepts().iter().zip(&case.intercept) {
            close(found, expected, 1e-6 * case.recipe.reach(), &format!("{name}, intercept"));
        }
        let rows: Vec<usize> = (0..case.predict.len()).collect();
        let head = data.features.select_rows(&rows);
        let probas = model.predict_probas(&head).unwrap();
        for (row, expected) in case.proba.iter().enumerate() {
            expected
                .iter()
                .enumerate()
                .for_each(|(k, &e)| close(probas.get(row, k), e, 1e-6, &format!("{name}, probability")));
        }
        assert_eq!(model.predict(&head).unwrap(), case.predict, "{name}");
    }
}

#[test]
fn lasso_and_elastic_net_have_scikit_learns_coefficients() {
    for case in cases::<Case>("sparse") {
        let params = ElasticNet::params().alpha(case.alpha.unwrap()).l1_ratio(case.l1_ratio.unwrap());
        let params = params.fit_intercept(case.recipe.fit_intercept.unwrap_or(true));
        let model = params.fit(&case.recipe.data()).unwrap();
        assert_eq!(model.warning(), None, "{}", case.recipe.name);
        case.check(model.coef(), model.intercept(), model.r2(), 1e-7);
    }
}

fn three() -> Dataset {
    let target = uniform(5, 300).iter().zip(uniform(6, 300)).map(|(u, v)| ((u + v) * 1.5).floor()).collect();
    dataset(vec![uniform(5, 300), uniform(7, 300)], target)
}

#[test]
fn text_classes_keep_their_names_and_classes_without_rows_have_no_chance() {
    let mut data = three();
    data.classes = Some(["early", "even", "late", "never"].map(str::to_owned).to_vec());
    let model = LogisticRegression::params().fit(&data).unwrap();
    let probas = model.predict_probas(&data.features).unwrap();
    assert_eq!(probas.names(), ["early", "even", "late", "never"]);
    assert!(probas.column(3).iter().all(|p| *p == 0.0));
    assert!((0..300).all(|i| ((0..4).map(|k| probas.get(i, k)).sum::<f64>() - 1.0).abs() < 1e-12));
    assert!(matches!(model.predict_proba(&data.features), Err(LearnError::ManyClasses { classes: 4 })));
    for part in ["early", "late", "(intercept)"] {
        assert!(model.bundle().plain().contains(part));
    }
    let dir = tempfile::tempdir().unwrap();
    model.save(dir.path().join("m.json")).unwrap();
    assert_eq!(LogisticRegression::load(dir.path().join("m.json")).unwrap(), model);
}

#[test]
fn any_two_values_are_two_classes() {
    let mut data = three();
    data.target.iter_mut().for_each(|y| *y = if *y > 0.0 { 7.0 } else { -2.0 });
    let model = LogisticRegression::params().fit(&data).unwrap();
    assert!(model.predict(&data.features).unwrap().iter().all(|y| *y == 7.0 || *y == -2.0));
    let plain = Dataset { target: data.target.iter().map(|y| f64::from(u8::from(*y > 0.0))).collect(), ..data };
    assert_eq!(LogisticRegression::params().fit(&plain).unwrap().coef(), model.coef());
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let n = 9001;
    let target = uniform(1, n).iter().zip(uniform(2, n)).map(|(u, v)| ((u + v) * 2.0).floor()).collect();
    let data = dataset(vec![uniform(1, n), uniform(3, n), uniform(4, n)], target);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let fit = |ratio| LogisticRegression::params().c(0.1).l1_ratio(ratio).fit(&data).unwrap();
        pool.install(|| (fit(0.0), fit(1.0), ElasticNetParams::lasso().alpha(0.01).fit(&data).unwrap()))
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn bad_parameters_are_refused() {
    let name = |error| match error {
        LearnError::Parameter { name, .. } => name,
        other => panic!("{other}"),
    };
    let logistic = |ratio| name(LogisticRegression::params().l1_ratio(ratio).fit(&three()).unwrap_err());
    assert_eq!((logistic(-0.1), logistic(f64::NAN)), ("l1_ratio", "l1_ratio"));
    let elastic = |params: ElasticNetParams| name(params.fit(&three()).unwrap_err());
    assert_eq!(elastic(ElasticNetParams::new().alpha(0.0)), "alpha");
    assert_eq!(elastic(ElasticNetParams::new().l1_ratio(1.5)), "l1_ratio");
    assert_eq!(elastic(ElasticNetParams::new().max_iter(0)), "max_iter");
}
