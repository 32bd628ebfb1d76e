//! What can go wrong when models are judged, in words: first what was wrong, then what to do.

use ironbook_learn::LearnError;
use polars::prelude::{DataType, PolarsError};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// There is nothing to judge.
    #[error("there are no rows to evaluate\ncheck the filter or the split that made the data")]
    Empty,
    /// Two lists that belong together differ in length.
    #[error("{expected} true values, but {found} {what}\nmake both from the same rows")]
    Length {
        /// What the second list holds.
        what: &'static str,
        /// Length of the list of true values.
        expected: usize,
        /// Length of the second list.
        found: usize,
    },
    /// A class is something else than 0 and 1.
    #[error("{what} {row} is {value}\nclasses must be 0 and 1{}", if *value > 0.0 && *value < 1.0 { ": for probabilities use roc_auc, log_loss or brier" } else { "" })]
    NotBinary {
        /// Which list it is in.
        what: &'static str,
        /// Its row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A class is no whole number.
    #[error("{what} {row} is {value}\nclasses are whole numbers: for probabilities use roc_auc, log_loss or brier")]
    NotClass {
        /// Which list it is in.
        what: &'static str,
        /// Its row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// The values are too many to be classes.
    #[error("there are more than {most} different values\nthese are no classes: for numbers use rmse, mae or r2")]
    TooManyClasses {
        /// Most that there may be.
        most: usize,
    },
    /// The probabilities of a row are not those of all classes.
    #[error(
        "the probabilities of row {row} add up to {sum}\ngive one for each class, each row adding up to 1: divide scores by their sum"
    )]
    NotDistribution {
        /// The row, from 0.
        row: usize,
        /// The sum of its probabilities.
        sum: f64,
    },
    /// A metric is not defined on the rows.
    #[error(
        "{metric} is not defined on {place}: all rows are of one class, or the target does not vary\njudge more rows, or split with StratifiedKFold"
    )]
    Undefined {
        /// The metric asked for.
        metric: String,
        /// Which rows.
        place: String,
    },
    /// The number of a class has no probabilities.
    #[error(
        "row {row} is of class {class}, and there are probabilities of {classes} classes\nnumber the classes from 0"
    )]
    NoClass {
        /// The row, from 0.
        row: usize,
        /// The number of its class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// Counts are negative, or a prediction of counts is not positive.
    #[error(
        "row {row} has the true value {truth} and the prediction {predicted}\nPoisson deviance takes true values of at least 0 and predictions above 0"
    )]
    Counts {
        /// The row, from 0.
        row: usize,
        /// Its true value.
        truth: f64,
        /// Its prediction.
        predicted: f64,
    },
    /// A relevance is negative or not finite.
    #[error("the relevance of row {row} is {value}\nrelevances are at least 0, higher for better rows")]
    Relevance {
        /// The row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// No threshold does what was asked for.
    #[error("no threshold has {what} {wanted}\nthe best is {best}: ask for less, or improve the scores")]
    NoThreshold {
        /// What was asked for.
        what: &'static str,
        /// How much of it.
        wanted: f64,
        /// The most (or least) there is.
        best: f64,
    },
    /// Predictions are NaN or infinite.
    #[error(
        "{count} of {rows} {what} are NaN or infinite, the first in row {row}\nlook for missing features and divisions by zero in what predicted them"
    )]
    NotFinite {
        /// Which list they are in.
        what: &'static str,
        /// How many they are.
        count: usize,
        /// Length of the list.
        rows: usize,
        /// The first one's row, from 0.
        row: usize,
    },
    /// A probability is outside of 0 to 1.
    #[error(
        "probability {row} is {value}\ngive probabilities between 0 and 1, as predict_proba returns them; roc_auc takes any score"
    )]
    NotProbability {
        /// Its row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// The metric compares two classes, and there is one.
    #[error(
        "{metric} is not defined: every true value is {}\nevaluate on rows that hold more than one class, for instance a longer period",
        name.as_ref().map_or_else(|| value.to_string(), |name| format!("\"{name}\""))
    )]
    OneClass {
        /// Name of the metric.
        metric: &'static str,
        /// The only class, or its number.
        value: f64,
        /// Its name, where it has one.
        name: Option<String>,
    },
    /// A sample weight is negative, NaN or infinite.
    #[error("sample weight {row} is {value}\nweights must be finite and at least 0")]
    Weight {
        /// Its row, from 0.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// No row counts.
    #[error("all sample weights are 0\ngive at least one row a positive weight")]
    ZeroWeights,
    /// A share is not between 0 and 1.
    #[error("{name} is {value}\nset it to a share between 0 and 1, for instance {example}")]
    Share {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// A good value.
        example: f64,
    },
    /// There are too few rows to split.
    #[error("{rows} rows cannot be split into two parts\ncheck the filters and joins that made the data")]
    TooFewRows {
        /// Rows of the frame.
        rows: usize,
    },
    /// The frame has no such column.
    #[error("there is no column \"{column}\"\nthe columns are: {}", columns.join(", "))]
    NoColumn {
        /// The name asked for.
        column: String,
        /// The names that exist.
        columns: Vec<String>,
    },
    /// The column's values are no times.
    #[error(
        "column \"{column}\" holds {dtype}, which does not order rows in time\nuse a date, datetime or number column; parse text with col(\"{column}\").str().to_datetime(..)"
    )]
    NotTime {
        /// Name of the column.
        column: String,
        /// Its type.
        dtype: DataType,
    },
    /// Rows have no time.
    #[error(
        "column \"{column}\" is missing in {count} of {rows} rows\nleave them out with df.drop_nulls(Some(&[\"{column}\"]))?, or fill them"
    )]
    MissingTimes {
        /// Name of the column.
        column: String,
        /// Rows without a time (null or NaN).
        count: usize,
        /// Rows of the frame.
        rows: usize,
    },
    /// All rows have one time.
    #[error(
        "column \"{column}\" has the same value in all {rows} rows\nsplit by another column, or at random with holdout_split"
    )]
    OneTime {
        /// Name of the column.
        column: String,
        /// Rows of the frame.
        rows: usize,
    },
    /// A parameter is out of its range.
    #[error("{name} is {value}\nset it to {expected}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// There are fewer rows, groups or rows of a class than folds.
    #[error("{folds} folds of {found} {what} are too many\nask for fewer folds, or for more data")]
    Folds {
        /// Folds asked for.
        folds: usize,
        /// What there are too few of.
        what: &'static str,
        /// How many there are.
        found: usize,
    },
    /// The data has no groups, and the split or the metric needs them.
    #[error("the data has no groups\ngive each row its group with data.with_groups(..)")]
    NoGroups,
    /// A fold names a row that the data does not have.
    #[error("a fold names row {row}, and the data has {rows}\nmake the folds from the same data")]
    Row {
        /// The row named.
        row: usize,
        /// Rows of the data.
        rows: usize,
    },
    /// The report has no such metric.
    #[error("there is no metric \"{metric}\"\nthe metrics are: {}", known.join(", "))]
    NoMetric {
        /// The name asked for.
        metric: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The data has no such feature.
    #[error("there is no feature \"{name}\"\nthe features are: {}", known.join(", "))]
    NoFeature {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A regression is judged on classes.
    #[error(
        "target \"{target}\" is text ({some}), and the model predicts numbers\njudge it on a numeric target, or fit a classifier"
    )]
    TextTarget {
        /// Name of the target.
        target: String,
        /// Its classes.
        some: String,
    },
    /// The metric is not defined on resamples of the rows.
    #[error("the metric is not defined on resamples of these rows\ngive it more rows, of both classes")]
    NoInterval,
    /// A gate has no rules.
    #[error("the gate has no rules\nsay what the model has to show, for instance GateRules::new().better(\"roc_auc\")")]
    NoRules,
    /// A rule compares, and nothing was given to compare with.
    #[error(
        "the rule \"{rule}\" compares, and a threshold gate has no baseline\ncompare with baseline_gate, or ask for at_least or at_most"
    )]
    NeedsBaseline {
        /// The rule, in words.
        rule: String,
    },
    /// A rule about chance needs resamples.
    #[error(
        "there are no resamples of {metric} to compare\nevaluate both models with resamples: files of reports have none"
    )]
    NoResamples {
        /// Name of the metric.
        metric: String,
    },
    /// A model did not pass its gate.
    #[error("the model of \"{target}\" does not pass: {}\nimprove it, or change the rules if they ask for too much", reasons.join("; "))]
    Gate {
        /// Name of the target.
        target: String,
        /// The rules that do not hold, in words.
        reasons: Vec<String>,
    },
    /// There are no folds.
    #[error("there are no folds\ngive at least one, for instance KFold::new(5)")]
    NoFolds,
    /// Something went wrong in a fold.
    #[error("fold {fold}: {source}")]
    InFold {
        /// The fold, from 0.
        fold: usize,
        /// What went wrong.
        source: Box<EvalError>,
    },
    /// A search that tries this says that it is not worth going on.
    #[error(transparent)]
    Stopped(#[from] ironbook_core::pruning::Stopped),
    /// A search that tries this does not say what it is after.
    #[error(
        "the search does not say which metric it seeks\nname it: `--maximize roc_auc`, or `Study::new(..).metric(\"roc_auc\")`"
    )]
    Unnamed,
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] ironbook_core::Interrupted),
    /// The model could not predict.
    #[error(transparent)]
    Model(#[from] LearnError),
    /// polars refused an operation.
    #[error("the frame could not be split\nsee the cause below")]
    Polars(#[from] PolarsError),
}
