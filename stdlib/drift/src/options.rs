//! How data are compared.

use crate::compare;
use crate::error::DriftError;
use crate::report::DriftReport;
use crate::stats::{Outcome, Test};
use crate::table::Tabular;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How data are compared; [`compare`](crate::compare) takes the defaults.
///
/// | option | default | meaning |
/// |---|---|---|
/// | [`target`](Self::target) | the data set's, for a data set | the column that a model is to predict |
/// | [`prediction`](Self::prediction) | none | columns that a model has predicted |
/// | [`columns`](Self::columns) | all that both tables have | which columns are compared |
/// | [`ignore`](Self::ignore) | none | columns that are left out: ids, times of writing |
/// | [`numeric`](Self::numeric), [`categorical`](Self::categorical) | by type and values | which columns are numbers, which categories |
/// | [`numeric_test`](Self::numeric_test) | by the number of rows and values | the test of numeric columns |
/// | [`categorical_test`](Self::categorical_test) | by the number of rows and values | the test of categorical columns |
/// | [`test`](Self::test) | as its kind's | the test of one column |
/// | [`p_threshold`](Self::p_threshold) | 0.05 | the threshold of p-values |
/// | [`distance_threshold`](Self::distance_threshold) | 0.1 | the threshold of distances |
/// | [`threshold`](Self::threshold) | as its test's | the threshold of one column |
/// | [`share`](Self::share) | 0.5 | the share of drifted columns from which on the data have drifted |
/// | [`fdr`](Self::fdr) | off | control of false discoveries (Benjamini and Hochberg) over the p-values |
/// | [`importances`](Self::importances) | none | what a model makes of the columns, by which they are ranked |
/// | [`names`](Self::names) | `reference`, `current` | what the two tables are called in views |
///
/// # Which test
/// Defaults are those of Evidently 0.7.23, by the rows of the reference that have a value, and the different values of both
/// tables together:
///
/// | column | up to 1,000 rows | more rows |
/// |---|---|---|
/// | numbers, more than 5 values | [`Ks`](Test::Ks) | [`Wasserstein`](Test::Wasserstein) |
/// | numbers, 3 to 5 values | [`ChiSquare`](Test::ChiSquare) | [`JensenShannon`](Test::JensenShannon) |
/// | numbers, 1 or 2 values | [`Z`](Test::Z) | [`JensenShannon`](Test::JensenShannon) |
/// | categories, more than 2 | [`ChiSquare`](Test::ChiSquare) | [`JensenShannon`](Test::JensenShannon) |
/// | categories, 1 or 2 | [`Z`](Test::Z) | [`JensenShannon`](Test::JensenShannon) |
///
/// Columns of floats are numbers; whole numbers too, unless the current table has at most ten different ones; booleans and
/// text are categories. Text of which more than half of the values differ in both tables is free text, which is not
/// tested (Evidently trains a classifier on it), and so are dates, times and nested values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriftOptions {
    pub(crate) target: Option<String>,
    pub(crate) predictions: Vec<String>,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) ignored: Vec<String>,
    pub(crate) numeric: Vec<String>,
    pub(crate) categorical: Vec<String>,
    pub(crate) numeric_test: Option<Test>,
    pub(crate) categorical_test: Option<Test>,
    pub(crate) tests: BTreeMap<String, Test>,
    pub(crate) p_threshold: Option<f64>,
    pub(crate) distance_threshold: Option<f64>,
    pub(crate) thresholds: BTreeMap<String, f64>,
    pub(crate) share: f64,
    pub(crate) fdr: bool,
    pub(crate) importances: Vec<(String, f64)>,
    pub(crate) names: [String; 2],
}

impl Default for DriftOptions {
    fn default() -> Self {
        DriftOptions {
            target: None,
            predictions: Vec::new(),
            columns: None,
            ignored: Vec::new(),
            numeric: Vec::new(),
            categorical: Vec::new(),
            numeric_test: None,
            categorical_test: None,
            tests: BTreeMap::new(),
            p_threshold: None,
            distance_threshold: None,
            thresholds: BTreeMap::new(),
            share: 0.5,
            fdr: false,
            importances: Vec::new(),
            names: ["reference".to_owned(), "current".to_owned()],
        }
    }
}

fn owned(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

impl DriftOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The column that a model is to predict. It is compared where both tables have it, and stands first.
    #[must_use]
    pub fn target(mut self, name: impl Into<String>) -> Self {
        self.target = Some(name.into());
        self
    }

    /// A column that a model has predicted; call it again for more (probabilities of several classes).
    #[must_use]
    pub fn prediction(mut self, name: impl Into<String>) -> Self {
        self.predictions.push(name.into());
        self
    }

    /// Compares these columns only.
    #[must_use]
    pub fn columns(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns = Some(owned(names));
        self
    }

    /// Leaves these columns out.
    #[must_use]
    pub fn ignore(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignored.extend(owned(names));
        self
    }

    /// Takes these columns of numbers for numbers, however few values they have.
    #[must_use]
    pub fn numeric(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.numeric.extend(owned(names));
        self
    }

    /// Takes these columns for categories: codes that are written as numbers, text with many values.
    #[must_use]
    pub fn categorical(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.categorical.extend(owned(names));
        self
    }

    /// The test of all numeric columns that have none of their own.
    #[must_use]
    pub fn numeric_test(mut self, test: Test) -> Self {
        self.numeric_test = Some(test);
        self
    }

    /// The test of all categorical columns that have none of their own.
    #[must_use]
    pub fn categorical_test(mut self, test: Test) -> Self {
        self.categorical_test = Some(test);
        self
    }

    /// The test of one column.
    #[must_use]
    pub fn test(mut self, column: impl Into<String>, test: Test) -> Self {
        self.tests.insert(column.into(), test);
        self
    }

    /// The threshold of all p-values (a level between 0 and 1).
    #[must_use]
    pub fn p_threshold(mut self, level: f64) -> Self {
        self.p_threshold = Some(level);
        self
    }

    /// The threshold of all distances.
    #[must_use]
    pub fn distance_threshold(mut self, distance: f64) -> Self {
        self.distance_threshold = Some(distance);
        self
    }

    /// The threshold of one column.
    #[must_use]
    pub fn threshold(mut self, column: impl Into<String>, threshold: f64) -> Self {
        self.thresholds.insert(column.into(), threshold);
        self
    }

    /// The share of drifted columns from which on the data as a whole have drifted.
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Controls false discoveries: of the columns that p-values call drifted, no more than the threshold's share is
    /// expected to be so by chance (Benjamini and Hochberg 1995). Distances are no chances; their columns stay as they are.
    #[must_use]
    pub fn fdr(mut self) -> Self {
        self.fdr = true;
        self
    }

    /// What a model makes of the columns: gains, permutation importances, mean absolute SHAP values, in any unit, not
    /// negative. Columns are then ranked by drift times importance. Names that the tables do not have are noted.
    #[must_use]
    pub fn importances(mut self, importances: &[(String, f64)]) -> Self {
        self.importances = importances.to_vec();
        self
    }

    /// The target, if one was named.
    pub fn target_name(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// Whether columns were named.
    pub fn has_columns(&self) -> bool {
        self.columns.is_some()
    }

    /// Whether importances were given.
    pub fn has_importances(&self) -> bool {
        !self.importances.is_empty()
    }

    /// What the two tables are called in views: `train`, `June`.
    #[must_use]
    pub fn names(mut self, reference: impl Into<String>, current: impl Into<String>) -> Self {
        self.names = [reference.into(), current.into()];
        self
    }

    /// Compares two tables.
    ///
    /// # Errors
    /// [`DriftError::NoRows`] for an empty window, [`DriftError::NothingInCommon`], [`DriftError::UnknownColumn`] for names
    /// of options, [`DriftError::TestKind`], [`DriftError::Threshold`], [`DriftError::Share`], [`DriftError::Importance`];
    /// [`DriftError::Interrupted`].
    pub fn compare(&self, reference: &dyn Tabular, current: &dyn Tabular) -> Result<DriftReport, DriftError> {
        self.check()?;
        compare::report(self, reference, current)
    }

    fn check(&self) -> Result<(), DriftError> {
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(DriftError::Share { value: self.share });
        }
        for (test, kind) in [(self.numeric_test, "numeric"), (self.categorical_test, "categorical")] {
            if let Some(test) = test {
                fits(test, kind, &format!("all {kind} ones"))?;
            }
        }
        let levels = [(self.p_threshold, Test::Ks), (self.distance_threshold, Test::Wasserstein)];
        for (level, test) in levels.into_iter().filter_map(|(level, test)| Some((level?, test))) {
            sound(test, level)?;
        }
        match self.importances.iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            Some((column, value)) => Err(DriftError::Importance { column: column.clone(), value: *value }),
            None => Ok(()),
        }
    }

    /// The threshold of a column that is tested so.
    pub(crate) fn threshold_of(&self, column: &str, test: Test) -> Result<f64, DriftError> {
        let general = match test.outcome() {
            Outcome::PValue => self.p_threshold,
            Outcome::Distance => self.distance_threshold,
        };
        let own = self.thresholds.get(column).copied();
        let threshold = own.or(general).unwrap_or(test.default_threshold());
        sound(test, threshold).map(|()| threshold)
    }
}

fn sound(test: Test, threshold: f64) -> Result<(), DriftError> {
    let sound = match test.outcome() {
        Outcome::PValue => threshold > 0.0 && threshold < 1.0,
        Outcome::Distance => threshold > 0.0 && threshold.is_finite(),
    };
    if sound { Ok(()) } else { Err(DriftError::Threshold { test, value: threshold }) }
}

/// Refuses a test that is not for columns of this kind.
pub(crate) fn fits(test: Test, kind: &'static str, column: &str) -> Result<(), DriftError> {
    let fits = if kind == "numeric" { test.is_for_numbers() } else { test.is_for_categories() };
    if fits { Ok(()) } else { Err(DriftError::TestKind { column: column.to_owned(), test, kind }) }
}
