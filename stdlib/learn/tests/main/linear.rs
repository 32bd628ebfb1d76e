//! Least squares and penalised linear regressions.

use crate::{dataset, uniform};
use ironbook_core::Display as _;
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_learn::{
    Fit, Importances, LearnError, LinearRegression, Persist, PersistError, Predict, Ridge, RidgeParams,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How the data of a case of `reference/linear.json` are made.
#[derive(Deserialize)]
pub struct Recipe {
    pub name: String,
    rows: usize,
    cols: usize,
    seed: u64,
    near_copy: Option<f64>,
    #[serde(default)]
    sum: bool,
    scale: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
    #[serde(default)]
    weighted: bool,
    pub fit_intercept: Option<bool>,
    classes: Option<u32>,
}

/// The cases of a section of `reference/linear.json`.
pub fn cases<T: DeserializeOwned>(section: &str) -> Vec<T> {
    let mut all: serde_json::Value = serde_json::from_str(include_str!("../reference/linear.json")).unwrap();
    serde_json::from_value(all[section].take()).unwrap()
}

impl Recipe {
    pub fn data(&self) -> Dataset {
        let (n, p) = (self.rows, self.cols);
        let values = uniform(self.seed, n * p);
        let mut x: Vec<Vec<f64>> = values.chunks(n).map(|column| column.iter().map(|u| u - 0.5).collect()).collect();
        let noise = uniform(self.seed + 1, n);
        let signal: Vec<f64> = (0..n).map(|i| 1.5 * x[0][i] - x[1][i] + 0.25 * noise[i]).collect();
        if let Some(distance) = self.near_copy {
            x[p - 1] = x[0].iter().zip(&x[p - 1]).map(|(first, last)| first + distance * last).collect();
        }
        if self.sum {
            x[p - 1] = x[0].iter().zip(&x[1]).map(|(first, second)| first + second).collect();
        }
        for (j, column) in x.iter_mut().enumerate() {
            let scale = self.scale.as_ref().map_or(1.0, |s| s[j]);
            let offset = self.offset.as_ref().map_or(0.0, |o| o[j]);
            column.iter_mut().for_each(|value| *value = *value * scale + offset);
        }
        let class = |s: &f64, k: f64| ((s + 1.3) / 2.6 * k).floor().min(k - 1.0);
        let target = match self.classes {
            Some(k) => signal.iter().map(|s| class(s, f64::from(k))).collect(),
            None => signal.iter().map(|s| 3.0 + s).collect(),
        };
        let data = dataset(x, target);
        if !self.weighted {
            return data;
        }
        data.with_weights(uniform(self.seed + 2, n).iter().map(|u| (u * 4.0).floor()).collect())
    }

    /// How much a coefficient counts: the scale of its column.
    pub fn unit(&self, j: usize) -> f64 {
        self.scale.as_ref().map_or(1.0, |s| if s[j] == 0.0 { 1.0 } else { s[j] })
    }

    /// The size of the numbers that an intercept is made of.
    pub fn reach(&self) -> f64 {
        self.offset.as_ref().map_or(1.0, |o| o.iter().fold(1.0, |m, o| o.abs().max(m)))
    }
}

#[derive(Deserialize)]
pub struct Case {
    #[serde(flatten)]
    pub recipe: Recipe,
    pub alpha: Option<f64>,
    pub l1_ratio: Option<f64>,
    coef: Vec<f64>,
    intercept: f64,
    r2: f64,
}

impl Case {
    pub fn check(&self, coef: &[f64], intercept: f64, r2: f64, tolerance: f64) {
        let near = |found: f64, expected: f64, tolerance: f64, what: &str| {
            let name = &self.recipe.name;
            assert!(
                (found - expected).abs() <= tolerance,
                "{name}, {:?}, {what}: {found}, expected {expected}",
                self.alpha
            );
        };
        assert_eq!(coef.len(), self.coef.len());
        for (j, (&found, &expected)) in coef.iter().zip(&self.coef).enumerate() {
            near(found * self.recipe.unit(j), expected * self.recipe.unit(j), tolerance, &format!("coef {j}"));
        }
        near(intercept, self.intercept, tolerance * self.recipe.reach().max(1.0), "intercept");
        near(r2, self.r2, 1e-9, "r2");
    }
}

#[test]
fn least_squares_has_scikit_learns_coefficients() {
    for case in cases::<Case>("linear") {
        let params = LinearRegression::params().fit_intercept(case.recipe.fit_intercept.unwrap_or(true));
        let model = params.fit(&case.recipe.data()).unwrap();
        // A column that is another one to five digits leaves its coefficient eleven, of 1e5 times the size.
        let tolerance = if case.recipe.name == "near copy" { 1e-6 } else { 1e-9 };
        case.check(model.coef(), model.intercept(), model.r2(), tolerance);
        let told = ["dependent", "dependent, unscaled", "constant", "more columns than rows"];
        assert_eq!(model.warning().is_some(), told.contains(&case.recipe.name.as_str()), "{}", case.recipe.name);
    }
}

#[test]
fn ridge_has_scikit_learns_coefficients() {
    for case in cases::<Case>("ridge") {
        let params = Ridge::params().alpha(case.alpha.unwrap());
        let params = params.fit_intercept(case.recipe.fit_intercept.unwrap_or(true));
        let model = params.fit(&case.recipe.data()).unwrap();
        case.check(model.coef(), model.intercept(), model.r2(), 1e-9);
        assert_eq!(model.warning(), None);
    }
}

/// Flights of a kind: many rows, badly scaled columns, dependences.
fn large() -> Dataset {
    let n = 70_001;
    let u = uniform(77, 4 * n);
    let part = |k: usize| u[k * n..(k + 1) * n].to_vec();
    let sum = part(0).iter().zip(part(1)).map(|(a, b)| 1e3 * a - b).collect();
    let target = (0..n).map(|i| 3.0 * u[i] - u[n + i] + u[3 * n + i]).collect();
    dataset(vec![part(0), part(1).iter().map(|x| 1e6 + x).collect(), part(2), sum, vec![0.1; n]], target)
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let data = large();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (Ridge::params().fit(&data).unwrap(), LinearRegression::params().fit(&data).unwrap()))
    };
    let one = on(1);
    assert_eq!(one, on(3));
    // The residuals are orthogonal to every column: what least squares means.
    let fitted = one.1.predict(&data.features).unwrap();
    for j in 0..5 {
        let column = data.features.column(j);
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let along: f64 = (0..column.len()).map(|i| (column[i] - mean) * (data.target[i] - fitted[i])).sum();
        let size: f64 = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>().sqrt();
        assert!(along.abs() <= 1e-6 * (size + 1e-6), "column {j}: {along}, size {size}");
    }
}

#[test]
fn a_weight_of_two_is_a_row_twice_and_of_zero_none() {
    let data = cases::<Case>("linear")[0].recipe.data();
    let weights: Vec<f64> = (0..data.target.len()).map(|i| (i % 3) as f64).collect();
    let rows: Vec<usize> = (0..data.target.len()).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
    let weighted = Ridge::params().fit(&data.clone().with_weights(weights)).unwrap();
    let repeated = Ridge::params().fit(&data.select_rows(&rows)).unwrap();
    for (w, r) in weighted.coef().iter().zip(repeated.coef()) {
        assert!((w - r).abs() < 1e-12);
    }
}

#[test]
fn one_row_and_a_constant_target() {
    let one = LinearRegression::params().fit(&dataset(vec![vec![4.0], vec![-1.0]], vec![7.0])).unwrap();
    assert_eq!((one.coef(), one.intercept()), (&[0.0, 0.0][..], 7.0));
    let flat = Ridge::params().fit(&dataset(vec![uniform(1, 50)], vec![0.1; 50])).unwrap();
    assert_eq!((flat.coef(), flat.intercept(), flat.r2()), (&[0.0][..], 0.1, 1.0));
}

#[test]
fn bad_values_name_the_column_and_the_mend() {
    let fit = |data: &Dataset| Ridge::params().fit(data).unwrap_err();
    let good = || vec![uniform(1, 60), uniform(3, 60)];
    let mut columns = good();
    columns[1][4] = f64::NAN;
    columns[1][9] = f64::INFINITY;
    let error = fit(&dataset(columns, uniform(2, 60)));
    assert!(
        matches!(&error, LearnError::NotFinite { column, nan: 1, infinite: 1, rows: 60 } if column == "b"),
        "{error}"
    );
    let mut columns = good();
    columns[0][4] = 1e300;
    let error = fit(&dataset(columns, uniform(2, 60)));
    assert!(matches!(&error, LearnError::TooLarge { column, largest: 1e300 } if column == "a"), "{error}");
    let mut target = uniform(2, 60);
    target[3] = f64::NAN;
    let error = fit(&dataset(good(), target.clone()));
    assert!(matches!(&error, LearnError::TargetNotFinite { count: 1, rows: 60, .. }), "{error}");
    target.pop();
    assert!(matches!(fit(&dataset(good(), target)), LearnError::Length { found: 59, .. }));
    assert!(matches!(fit(&dataset(vec![vec![]], vec![])), LearnError::NoRows));
    let data = dataset(good(), uniform(2, 60));
    assert!(matches!(fit(&data.clone().with_weights(vec![-1.0; 60])), LearnError::Weight { row: 0, .. }));
    assert!(matches!(fit(&data.clone().with_weights(vec![0.0; 60])), LearnError::ZeroWeights));
    let text = Matrix::from_typed(vec![("c".to_owned(), Kind::Categorical(["x".to_owned()].into()), vec![0.0; 3])]);
    let error = fit(&Dataset::from_parts(text.unwrap(), vec![1.0; 3], "y"));
    assert!(matches!(&error, LearnError::NeedsNumbers { model: "Ridge", .. }), "{error}");
    for alpha in [-1.0, f64::NAN, f64::INFINITY] {
        let error = Ridge::params().alpha(alpha).fit(&data).unwrap_err();
        assert!(matches!(error, LearnError::Parameter { name: "alpha", .. }), "{error}");
    }
}

#[test]
fn files_displays_and_importances() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.json");
    let data = cases::<Case>("linear")[2].recipe.data();
    let model = RidgeParams::new().alpha(0.5).fit(&data).unwrap();
    model.save(&path).unwrap();
    assert_eq!(Ridge::load(&path).unwrap(), model);
    assert!(matches!(LinearRegression::load(&path), Err(PersistError::OtherModel { .. })));
    let bundle = model.bundle();
    for part in ["Ridge for \"late\", 300 rows", "\na ", "(intercept)", "alpha = 0.5", "explains 0.6"] {
        assert!(bundle.plain().contains(part), "{part:?} is not in\n{}", bundle.plain());
    }
    // The target follows the first column most, whose coefficient is small because its unit is.
    assert_eq!(model.importances()[0].0, "a");
    let reversed = (0..4).rev().map(|j| (crate::name(j), data.features.column(j).to_vec())).collect();
    let reversed = Matrix::from_columns(reversed).unwrap();
    assert_eq!(model.predict(&reversed).unwrap(), model.predict(&data.features).unwrap());
    let error = model.predict(&dataset(vec![uniform(1, 5)], vec![0.0; 5]).features).unwrap_err();
    assert!(matches!(&error, LearnError::Columns { missing, .. } if missing == &["b", "c", "d"]), "{error}");
}
