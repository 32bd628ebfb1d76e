//! What can go wrong with feature pipelines, in words: first what was wrong, then what to do.

use ironbook_core::Interrupted;
use ironbook_data::DataError;
use ironbook_learn::LearnError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// There is nothing to learn from.
    #[error("the data has no rows\ncheck the filters and joins that made it")]
    NoRows,
    /// A step was fitted to fewer rows than it needs.
    #[error("{step} needs at least {needed} rows, and there are {rows}\nfit the pipeline to more rows")]
    FewRows {
        /// Name of the step.
        step: &'static str,
        /// Rows there are.
        rows: usize,
        /// Rows needed.
        needed: usize,
    },
    /// A parameter of a step is out of its range.
    #[error("{step}: {name} is {value}\nset it to {expected}")]
    Parameter {
        /// Name of the step.
        step: &'static str,
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A step names a column that is not there.
    #[error("{step}: there is no column \"{name}\"\nat this step there are: {}", columns.join(", "))]
    UnknownColumn {
        /// The name.
        name: String,
        /// Name of the step.
        step: &'static str,
        /// The columns at this step.
        columns: Vec<String>,
    },
    /// A step names a column twice.
    #[error("{step}: column \"{name}\" is named twice\nname it once")]
    NamedTwice {
        /// The name.
        name: String,
        /// Name of the step.
        step: &'static str,
    },
    /// A step would make a column whose name is taken.
    #[error(
        "{step} makes a column \"{name}\", and there is one of that name already\nrename or drop the other before this step"
    )]
    Taken {
        /// The name.
        name: String,
        /// Name of the step.
        step: &'static str,
    },
    /// A step cannot work with a column of this kind.
    #[error("{step}: column \"{column}\" holds {found}\n{needs}")]
    WrongKind {
        /// Name of the column.
        column: String,
        /// What it holds.
        found: String,
        /// Name of the step.
        step: &'static str,
        /// What the step needs.
        needs: &'static str,
    },
    /// A column has no values to learn from.
    #[error(
        "{step}: all {rows} values of column \"{column}\" are missing\ndrop the column, or fill it with Impute::Constant"
    )]
    AllMissing {
        /// Name of the column.
        column: String,
        /// Name of the step.
        step: &'static str,
        /// Number of rows.
        rows: usize,
    },
    /// A column holds an infinite value.
    #[error(
        "{step}: column \"{column}\" is {value} in row {row}\nlook for a division by zero in what made it; make such values missing (NaN) or drop the rows"
    )]
    Infinite {
        /// Name of the column.
        column: String,
        /// Name of the step.
        step: &'static str,
        /// Number of the row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A column's values are so large that sums over them overflow.
    #[error("{step}: column \"{column}\" has values too large to add up\ndivide the column by a constant first")]
    TooLarge {
        /// Name of the column.
        column: String,
        /// Name of the step.
        step: &'static str,
    },
    /// A column holds a value that a step is not defined for.
    #[error("{step}: column \"{column}\" is {value} in row {row}\n{needs}")]
    OutOfRange {
        /// Name of the column.
        column: String,
        /// Name of the step.
        step: &'static str,
        /// Number of the row, from 0.
        row: usize,
        /// The value.
        value: f64,
        /// What the step needs.
        needs: &'static str,
    },
    /// A column has more distinct values than categories make sense for.
    #[error(
        "{step}: column \"{column}\" has more than {most} distinct numbers\nit is a quantity, not a category: leave it out of this step, or cut it into ranges first"
    )]
    ManyLevels {
        /// Name of the column.
        column: String,
        /// Name of the step.
        step: &'static str,
        /// How many are allowed.
        most: usize,
    },
    /// Indicators would take more memory than there is.
    #[error(
        "{step}: column \"{column}\" has {made} categories, and as many columns of {rows} rows take {} GB\n\
         use target_encode or ordinal instead, or let rare categories share an indicator: OneHot::new().max_categories(50)",
        made * rows / 125_000_000
    )]
    TooWide {
        /// Name of the column.
        column: String,
        /// Name of the step.
        step: &'static str,
        /// Columns that would be made.
        made: usize,
        /// Rows there are.
        rows: usize,
    },
    /// A category that the fit did not see, where the step was told to refuse such.
    #[error("{step}: column \"{column}\" is {value} in row {row}, which the fit did not see\n{mend}")]
    UnknownCategory {
        /// Name of the column.
        column: String,
        /// Name of the step.
        step: &'static str,
        /// Number of the row, from 0.
        row: usize,
        /// The category.
        value: String,
        /// What to do.
        mend: &'static str,
    },
    /// The target has missing or infinite values.
    #[error("{step}: target \"{target}\" is {value} in row {row}\ndrop the rows without a target")]
    Target {
        /// Name of the target.
        target: String,
        /// Name of the step.
        step: &'static str,
        /// Number of the row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Features and target differ in length.
    #[error("the features have {features} rows, the target has {found} values\nmake both from the same rows")]
    Length {
        /// Rows of the features.
        features: usize,
        /// Values of the target.
        found: usize,
    },
    /// The column that gives the order of rows has a missing value.
    #[error(
        "{step}: column \"{column}\", which orders the rows, is missing in row {row}\ndrop such rows, or fill the column first"
    )]
    NoOrder {
        /// Name of the column.
        column: String,
        /// Name of the step.
        step: &'static str,
        /// Number of the row, from 0.
        row: usize,
    },
    /// A stream was given a row that is older than one it had before.
    #[error(
        "lag: the stream was given {column} = {found} after {column} = {last}\npush rows in the order of their times, or transform them as one batch"
    )]
    OutOfOrder {
        /// Name of the column that orders the rows.
        column: String,
        /// Its value in the row.
        found: f64,
        /// Its latest value before.
        last: f64,
    },
    /// The columns differ from those that the pipeline was fitted to.
    #[error("{}\ngive transform the columns of the fit: {}", crate::error::difference(missing, unexpected), expected.join(", "))]
    Columns {
        /// Columns of the fit that are not there.
        missing: Vec<String>,
        /// Columns that the pipeline does not know.
        unexpected: Vec<String>,
        /// Columns of the fit.
        expected: Vec<String>,
    },
    /// A column is of another kind than in the data that the pipeline was fitted to.
    #[error(
        "column \"{column}\" holds {found}, the pipeline was fitted to {expected}\nmake it as it was made for the fit"
    )]
    Kind {
        /// Name of the column.
        column: String,
        /// What it holds.
        found: String,
        /// What the pipeline expects.
        expected: String,
    },
    /// No columns are left.
    #[error("no columns are left after the last step\ndrop fewer of them")]
    NothingLeft,
    /// An error of the data library.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Models take pipelines inside them, and report in their own error type.
impl From<FeatureError> for LearnError {
    fn from(error: FeatureError) -> Self {
        match error {
            FeatureError::NoRows => LearnError::NoRows,
            FeatureError::Columns { missing, unexpected, expected } => {
                LearnError::Columns { missing, unexpected, expected }
            }
            FeatureError::Kind { column, found, expected } => LearnError::Kind { column, found, expected },
            FeatureError::Interrupted(interrupted) => LearnError::Interrupted(interrupted),
            other => LearnError::Features(Box::new(other)),
        }
    }
}

/// What differs between the columns given and those expected.
fn difference(missing: &[String], unexpected: &[String]) -> String {
    let list = |names: &[String]| names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
    match (missing.is_empty(), unexpected.is_empty()) {
        (false, true) => format!("columns are missing: {}", list(missing)),
        (true, _) => format!("the pipeline does not know these columns: {}", list(unexpected)),
        (false, false) => {
            format!("columns are missing: {}; the pipeline does not know: {}", list(missing), list(unexpected))
        }
    }
}
