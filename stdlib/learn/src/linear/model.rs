//! What the linear regressions have in common once they are fitted.

use super::least_squares::{Problem, Solution};
use super::score::{scores, wrong_length};
use crate::card;
use crate::check;
use crate::error::LearnError;
use crate::model::{Importances, Predict, Signature};
use crate::table::number;
use crate::task::{Regression, Task as _};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Persist};
use ironbook_data::{Dataset, Matrix};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Parameters of a linear regression.
pub trait LinearParams: Clone + Default + Serialize + DeserializeOwned + sealed::Sealed {
    /// Name of the model.
    const NAME: &'static str;
    /// Name of its file format.
    const FORMAT: &'static str;

    /// The parameters in words.
    fn words(&self) -> String;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// A fitted linear regression: predicts `features . coef + intercept`.
///
/// Its names are [`LinearRegression`](crate::LinearRegression), [`Ridge`](crate::Ridge),
/// [`ElasticNet`](crate::ElasticNet), the lasso among it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "P: LinearParams")]
pub struct Linear<P> {
    params: P,
    signature: Signature,
    coef: Vec<f64>,
    intercept: f64,
    feature_std: Vec<f64>,
    n_rows: usize,
    n_iter: usize,
    r2: f64,
    warning: Option<String>,
}

impl<P: LinearParams> Linear<P> {
    pub(crate) fn new(
        params: &P,
        data: &Dataset,
        problem: &Problem<'_>,
        solution: Solution,
        (n_iter, warning): (usize, Option<String>),
    ) -> Self {
        Linear {
            params: params.clone(),
            signature: Signature::of(data, None),
            coef: solution.coef,
            intercept: solution.intercept,
            feature_std: problem.std.clone(),
            n_rows: data.target.len(),
            n_iter,
            r2: solution.r2,
            warning,
        }
    }

    /// Parameters with their defaults.
    pub fn params() -> P {
        P::default()
    }

    /// The parameters it was fitted with.
    pub fn fitted_params(&self) -> &P {
        &self.params
    }

    /// One coefficient per feature, in the order of the fit.
    pub fn coef(&self) -> &[f64] {
        &self.coef
    }

    /// The prediction where all features are 0; 0 without an intercept.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// The coefficients with the names of their features.
    pub fn coefficients(&self) -> Vec<(String, f64)> {
        self.signature.names().map(str::to_owned).zip(self.coef.iter().copied()).collect()
    }

    /// Share of the target's variance that is explained in the training data; below 0 where the mean would do better.
    pub fn r2(&self) -> f64 {
        self.r2
    }

    /// Rounds of the solver; 1 where the solution is direct.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// What is to be said of the fit, and what to do: columns that others determine, or that it did not converge.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

/// `|coef| * std`: by how much the prediction moves when the feature moves by its standard deviation in the training
/// data.
impl<P: LinearParams> Importances for Linear<P> {
    fn importances(&self) -> Vec<(String, f64)> {
        let sizes = self.coef.iter().zip(&self.feature_std).map(|(w, s)| (w * s).abs());
        let mut all: Vec<(String, f64)> = self.signature.names().map(str::to_owned).zip(sizes).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }
}

impl<P: LinearParams> Predict for Linear<P> {
    type Task = Regression;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let columns = check::columns(features, &self.signature)?;
        scores(&self.signature, &columns, features.rows(), &self.coef, self.intercept)
    }

    fn signature(&self) -> Signature {
        self.signature.clone()
    }
}

/// The same for each kind of parameters, for [`ironbook_core::persist_here`].
macro_rules! persist {
    ($($params:ty),*) => {$(
        impl Persist for Linear<$params> {
            const FORMAT: &'static str = <$params>::FORMAT;

            ironbook_core::persist_here!();

            fn flaw(&self) -> Option<String> {
                flaw(&self.signature, &self.coef, &self.feature_std)
            }
        }
    )*};
}

persist!(super::ordinary::LinearRegressionParams, super::ordinary::RidgeParams, super::elastic::ElasticNetParams);

fn flaw(signature: &Signature, coef: &[f64], feature_std: &[f64]) -> Option<String> {
    let features = signature.features.len();
    let lists = [("coef", coef.len(), features), ("feature_std", feature_std.len(), features)];
    signature.flaw().or_else(|| wrong_length(&lists))
}

impl<P: LinearParams> Display for Linear<P> {
    fn bundle(&self) -> Bundle {
        let r2 = format!("explains {} of the variance of the training data", number(self.r2));
        let words = self.params.words();
        shown(
            P::NAME,
            (&self.signature, self.n_rows),
            (&self.coef, &self.feature_std, self.intercept),
            (words, r2, self.warning()),
        )
    }
}

fn shown(
    model: &str,
    (signature, rows): (&Signature, usize),
    (coef, feature_std, intercept): (&[f64], &[f64], f64),
    (words, note, warning): (String, String, Option<&str>),
) -> Bundle {
    let mut table = card::model(model, Regression::NAME, signature, rows, &["feature", "coef", "coef * std"]);
    if !words.is_empty() {
        table.field("parameters", words);
    }
    card::coefficients(&mut table, &signature.names().collect::<Vec<_>>(), coef, feature_std);
    table.row(["(intercept)".to_owned(), number(intercept), String::new()]);
    table.note(note);
    if let Some(warning) = warning {
        table.note(format!("warning: {warning}"));
    }
    table.bundle()
}

impl<P: LinearParams> Inspect for Linear<P> {
    fn shape(&self) -> Option<String> {
        Some(format!("{} features", self.coef.len()))
    }

    fn heap_bytes(&self) -> u64 {
        let names: usize = self.signature.names().map(|n| n.len() + size_of::<String>()).sum();
        (names + 2 * self.coef.len() * size_of::<f64>()) as u64
    }
}
