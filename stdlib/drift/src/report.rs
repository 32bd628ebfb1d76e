//! What came of a comparison: plain data that serde writes, with stable names.

use crate::error::DriftError;
use crate::finding::Finding;
use crate::stats::{Outcome, Test};
use crate::{view, words};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;
use std::str::FromStr;

/// Something of the reference and of the current table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Both<T> {
    /// Of the reference.
    pub reference: T,
    /// Of the current table.
    pub current: T,
}

impl<T> Both<T> {
    pub(crate) fn new(reference: T, current: T) -> Self {
        Both { reference, current }
    }

    pub(crate) fn of([reference, current]: [T; 2]) -> Self {
        Both { reference, current }
    }
}

/// Whether the current data are distributed as the reference is, column by column.
///
/// It shows itself in notebooks and terminals; [`save_html`](Self::save_html) and [`save_json`](Self::save_json) write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    /// Whether the data as a whole have drifted: `share` is at least `share_threshold` (Evidently's verdict).
    pub drifted: bool,
    /// The share of drifted columns among the tested ones; 0 if none was tested.
    pub share: f64,
    /// See [`DriftOptions::share`](crate::DriftOptions::share).
    pub share_threshold: f64,
    /// How many columns have drifted.
    pub drifted_columns: usize,
    /// How many columns were tested, those among them that lost all their values.
    pub tested_columns: usize,
    /// What the tables are called.
    pub names: Both<String>,
    /// Rows of the tables.
    pub rows: Both<usize>,
    /// The columns that both tables have: target and predictions first, then by drift (times importance).
    pub columns: Vec<ColumnDrift>,
    /// What differs beside the distributions, or needs a look; the gravest first.
    pub findings: Vec<Finding>,
    /// What the control of false discoveries did, if it was asked for.
    pub fdr: Option<FalseDiscoveries>,
    /// How the numbers came about.
    pub notes: Vec<String>,
}

/// What a column is to a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// What it is to predict.
    Target,
    /// What it has predicted.
    Prediction,
    /// What it takes.
    #[default]
    Feature,
}

/// How a column is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers.
    Numeric,
    /// Categories: text, booleans, whole numbers with few values.
    Categorical,
    /// Text of which hardly a value is repeated.
    FreeText,
    /// Dates and times.
    Time,
    /// Anything else, or of two kinds.
    Other,
}

/// What was found of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It has drifted.
    Drifted,
    /// It has not drifted, as far as its test can tell.
    Stable,
    /// It was not tested; `reason` says why.
    Untested,
}

/// One column of both tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnDrift {
    /// Its name.
    pub name: String,
    /// What it is to a model.
    pub role: Role,
    /// How it is looked at.
    pub kind: ColumnKind,
    /// Its types.
    pub types: Both<String>,
    /// What was found.
    pub verdict: Verdict,
    /// Why it was not tested, or what makes it drifted without a test.
    pub reason: Option<String>,
    /// The test, if there was one.
    pub result: Option<TestResult>,
    /// What the model makes of it, as its share of all importances; none where no importances were given.
    pub importance: Option<f64>,
    /// What it is ranked by: the strength of the drift, times the importance if there is one.
    pub rank: f64,
    /// Values that are null or NaN; they are left out of the test.
    pub missing: Both<u64>,
    /// Infinite values; they are left out of the test.
    pub infinite: Both<u64>,
    /// What is not known of its numbers; none where all is, which is always so of tables in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximation: Option<Approximation>,
    /// What is in it.
    pub detail: Detail,
}

/// What is not known of a numeric column that was read in pieces and has more different values than are kept apart: values
/// stand for others close by. Counts, mean, deviation, least and largest value are exact.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approximation {
    /// By how much the distribution function can be off at most, anywhere.
    pub rank: Both<f64>,
    /// How far values can lie from what stands for them at most, on average, in the column's unit.
    pub value: Both<f64>,
}

/// The result of a test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// The test.
    pub test: Test,
    /// Whether `score` is a p-value or a distance.
    pub outcome: Outcome,
    /// The p-value or the distance.
    pub score: f64,
    /// What the score (or the adjusted one) is compared with.
    pub threshold: f64,
    /// The p-value with false discoveries controlled, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<f64>,
    /// By how much the score can be off at most, where the column's numbers are not known exactly and the test says it
    /// ([`Test::Ks`], [`Test::Wasserstein`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
    /// How far beyond its threshold the score lies: 1 at the threshold; see [`Test::strength`].
    pub strength: f64,
}

/// What is in a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Detail {
    /// Numbers.
    Numbers {
        /// The two samples in numbers; none for one without values.
        summary: Both<Option<Summary>>,
        /// How the values are distributed.
        histogram: Histogram,
    },
    /// Categories.
    Categories(CategoryTable),
    /// Times: the first and the last, as text.
    Times {
        /// The first; none without values.
        first: Both<Option<String>>,
        /// The last; none without values.
        last: Both<Option<String>>,
    },
    /// Nothing that could be shown.
    Nothing,
}

/// A numeric sample in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Values that are finite.
    pub count: u64,
    /// Different values.
    pub distinct: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, of the population.
    pub std: f64,
    /// The least.
    pub min: f64,
    /// The quartiles: a quarter, half and three quarters are at most these.
    pub quartiles: [f64; 3],
    /// The largest.
    pub max: f64,
}

/// Shares of both samples in common bins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Where bins begin and end, one more than there are bins; or the values themselves if `each` is set.
    pub edges: Vec<f64>,
    /// Whether each bar is one value.
    pub each: bool,
    /// The share of each sample in each bin.
    pub shares: Both<Vec<f64>>,
    /// The share of each sample below the first bin.
    pub below: Both<f64>,
    /// The share of each sample above the last bin.
    pub above: Both<f64>,
}

/// The categories of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CategoryTable {
    /// Values that are not missing.
    pub count: Both<u64>,
    /// Different values.
    pub distinct: Both<usize>,
    /// The most frequent of them: numbers in their order, names with the most frequent in the reference first.
    pub top: Vec<Category>,
    /// Values of categories that are not in `top`.
    pub others: Both<u64>,
    /// The most frequent categories that the reference does not have.
    pub new: Vec<Category>,
    /// How many categories the reference does not have.
    pub new_count: usize,
    /// How many values are of these.
    pub new_values: u64,
    /// The most frequent categories that the current table does not have.
    pub vanished: Vec<Category>,
    /// How many categories the current table does not have.
    pub vanished_count: usize,
    /// How many values were of these.
    pub vanished_values: u64,
}

/// How often a category occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// How often it occurs.
    pub count: Both<u64>,
}

/// What the control of false discoveries did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FalseDiscoveries {
    /// How many p-values there are.
    pub tests: usize,
    /// How many columns they call drifted by themselves.
    pub before: usize,
    /// How many are drifted with false discoveries controlled.
    pub after: usize,
    /// The columns that are no longer drifted.
    pub withdrawn: Vec<String>,
}

/// What makes a check of drift fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailOn {
    /// The data as a whole have drifted.
    #[default]
    Drift,
    /// A column has drifted.
    Column,
    /// Columns vanished, are new, lost all their values, or changed their type.
    Schema,
}

/// A word that names no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a check cannot fail on \"{word}\"\nthere are: drift (the data as a whole), column (any column), schema (columns and types)"
)]
pub struct UnknownCondition {
    /// The word.
    pub word: String,
}

impl FromStr for FailOn {
    type Err = UnknownCondition;

    fn from_str(word: &str) -> Result<Self, UnknownCondition> {
        match word {
            "drift" => Ok(FailOn::Drift),
            "column" => Ok(FailOn::Column),
            "schema" => Ok(FailOn::Schema),
            _ => Err(UnknownCondition { word: word.to_owned() }),
        }
    }
}

impl DriftReport {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnDrift> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a check with this condition fails.
    pub fn fails(&self, on: FailOn) -> bool {
        match on {
            FailOn::Drift => self.drifted,
            FailOn::Column => self.drifted_columns > 0,
            FailOn::Schema => self.findings.iter().any(|finding| finding.kind.is_schema()),
        }
    }

    /// Refuses data for which a check with this condition fails; for gates of pipelines and for CI.
    ///
    /// # Errors
    /// [`DriftError::Failed`], which says what was found.
    pub fn require(&self, on: FailOn) -> Result<(), DriftError> {
        if !self.fails(on) {
            return Ok(());
        }
        let words = match on {
            FailOn::Schema => {
                let found = self.findings.iter().filter(|finding| finding.kind.is_schema());
                format!("columns and types differ: {}", some(found.map(ToString::to_string), "; "))
            }
            _ => {
                let drifted = self.columns.iter().filter(|column| column.verdict == Verdict::Drifted);
                format!("{}: {}", view::headline(self), some(drifted.map(|column| words::name(&column.name)), ", "))
            }
        };
        Err(DriftError::Failed { words })
    }

    /// All numbers by name, for a tracking store: `drift.share`, `drift.columns` (how many drifted), `drift.drifted` (0 or
    /// 1), and `drift.COLUMN` for the score of each tested column.
    ///
    /// Letters that names of metrics cannot have become `_`; a name that is taken gets one more.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let mut all = vec![
            ("drift.share".to_owned(), self.share),
            ("drift.columns".to_owned(), self.drifted_columns as f64),
            ("drift.drifted".to_owned(), f64::from(u8::from(self.drifted))),
        ];
        let mut taken: HashSet<String> = all.iter().map(|(name, _)| name.clone()).collect();
        for column in &self.columns {
            let Some(result) = &column.result else { continue };
            let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ':');
            let plain: String = column.name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
            let mut name = format!("drift.{plain}");
            while !taken.insert(name.clone()) {
                name.push('_');
            }
            all.push((name, result.score));
        }
        all
    }

    /// The report as text, at most `width` columns of the terminal wide (but at least 60).
    pub fn to_text(&self, width: usize) -> String {
        view::text(self, width.max(60))
    }

    /// The report as a piece of HTML for notebooks; it needs nothing from elsewhere, and no script.
    pub fn to_html(&self) -> String {
        view::fragment(self)
    }

    /// The report as an HTML page that needs nothing from elsewhere, and no script.
    pub fn to_page(&self) -> String {
        view::page(self)
    }

    /// The report as JSON, with the names of the fields; `serde_json::from_str` reads it back.
    pub fn to_json(&self) -> String {
        // Plain data with names as keys: nothing that JSON could refuse.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Writes [`to_page`](Self::to_page).
    ///
    /// # Errors
    /// [`DriftError::Write`].
    pub fn save_html(&self, path: impl AsRef<Path>) -> Result<(), DriftError> {
        write(path.as_ref(), &self.to_page())
    }

    /// Writes [`to_json`](Self::to_json).
    ///
    /// # Errors
    /// [`DriftError::Write`].
    pub fn save_json(&self, path: impl AsRef<Path>) -> Result<(), DriftError> {
        write(path.as_ref(), &self.to_json())
    }
}

/// The first five of them.
fn some(all: impl Iterator<Item = String>, between: &str) -> String {
    let mut all = all.peekable();
    let first: Vec<String> = all.by_ref().take(5).collect();
    first.join(between) + if all.peek().is_some() { ", .." } else { "" }
}

fn write(path: &Path, text: &str) -> Result<(), DriftError> {
    std::fs::write(path, text).map_err(|source| DriftError::Write { path: path.to_owned(), source })
}

impl Display for DriftReport {
    fn bundle(&self) -> Bundle {
        Bundle::text(self.to_text(ironbook_data::TEXT_WIDTH)).html(self.to_html())
    }
}

impl Inspect for DriftReport {
    fn shape(&self) -> Option<String> {
        Some(format!("{} of {} columns drifted", self.drifted_columns, self.tested_columns))
    }
}
