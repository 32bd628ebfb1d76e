//! What can go wrong with a model, in words: first what was wrong, then what to do.

use ironbook_core::Interrupted;
use ironbook_data::Dataset;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
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
    /// There is nothing to learn from.
    #[error("the data has no rows\ncheck the filters and joins that made it")]
    NoRows,
    /// There are no features.
    #[error("the data has no feature columns\nname at least one in Dataset::new(&df, &[..], \"{target}\")")]
    NoFeatures {
        /// Name of the target.
        target: String,
    },
    /// Features and target differ in length.
    #[error("the features have {features} rows, the {what} has {found} values\nmake both from the same rows")]
    Length {
        /// What has another length.
        what: &'static str,
        /// Rows of the features.
        features: usize,
        /// Its length.
        found: usize,
    },
    /// A feature holds values that the model has no use for.
    #[error(
        "feature \"{column}\" has {} in {rows} rows\n{}",
        crate::error::counts(*nan, *infinite),
        crate::error::mend(column, *nan, *infinite)
    )]
    NotFinite {
        /// Name of the feature.
        column: String,
        /// Number of NaN (nulls of a frame arrive as NaN).
        nan: usize,
        /// Number of positive and negative infinities.
        infinite: usize,
        /// Rows in all.
        rows: usize,
    },
    /// A feature's values are so large that sums over them overflow.
    #[error(
        "feature \"{column}\" has values up to {largest:e}, too large to add up\ndivide the column by a constant first"
    )]
    TooLarge {
        /// Name of the feature.
        column: String,
        /// Its largest magnitude.
        largest: f64,
    },
    /// The target of a classifier holds something else than 0 and 1.
    #[error(
        "target \"{target}\" is not binary: it holds {found}\n\
         make it 0 and 1 (or false and true), for instance with col(\"{target}\").gt(lit(15)).alias(\"late\")"
    )]
    NotBinary {
        /// Name of the target.
        target: String,
        /// Some of the values found.
        found: String,
    },
    /// The target has a single value, so there is nothing to tell apart.
    #[error(
        "target \"{target}\" is {class} in every row\na classifier needs rows of both classes: check the filter or the split that made the data"
    )]
    OneClass {
        /// Name of the target.
        target: String,
        /// The value.
        value: f64,
        /// The class in words.
        class: String,
    },
    /// The target of a regression is not finite.
    #[error(
        "target \"{target}\" is NaN or infinite in {count} of {rows} rows\ndrop those rows, for instance with df.lazy().filter(col(\"{target}\").is_finite())"
    )]
    TargetNotFinite {
        /// Name of the target.
        target: String,
        /// Rows concerned.
        count: usize,
        /// Rows in all.
        rows: usize,
    },
    /// The target of a regression or a ranking is text.
    #[error(
        "target \"{target}\" is text ({some}), and the model needs numbers\n\
         for classes take a classifier; for numbers that were read as text cast them: col(\"{target}\").cast(DataType::Float64)"
    )]
    TextTarget {
        /// Name of the target.
        target: String,
        /// Some of its values.
        some: String,
    },
    /// A value of the target is one that the loss has no meaning for.
    #[error(
        "target \"{target}\" is {value} in row {row}, and the loss needs values {expected}\nleave such rows out, or choose another loss"
    )]
    TargetRange {
        /// Name of the target.
        target: String,
        /// Number of the row, from 0.
        row: usize,
        /// The value.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// A ranking needs to know which rows are ranked against each other.
    #[error(
        "there are no groups to rank \"{target}\" within\nsay which query each row belongs to, with Dataset::with_groups"
    )]
    NoGroups {
        /// Name of the target.
        target: String,
    },
    /// A monotone constraint cannot hold.
    #[error(
        "the monotone constraint on \"{feature}\" cannot hold: it {flaw}\nconstrain one of the features that hold numbers, among {features}"
    )]
    Constraint {
        /// Name of the feature.
        feature: String,
        /// Why not.
        flaw: &'static str,
        /// Names of all features.
        features: String,
    },
    /// A sample weight is negative, NaN or infinite.
    #[error("sample weight {row} is {value}\nweights must be finite and at least 0; 0 leaves the row out")]
    Weight {
        /// Number of the row, from 0.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// No row counts.
    #[error("all sample weights are 0\ngive at least one row of each class a positive weight")]
    ZeroWeights,
    /// The columns differ from those that the model was fitted to.
    #[error("{}\ngive predict the columns of the fit: {}", crate::error::difference(missing, unexpected), expected.join(", "))]
    Columns {
        /// Features of the model that are not there.
        missing: Vec<String>,
        /// Columns that the model does not know.
        unexpected: Vec<String>,
        /// Features of the model.
        expected: Vec<String>,
    },
    /// A column is of another kind than in the data that the model was fitted to.
    #[error(
        "column \"{column}\" holds {found}, the model was fitted to {expected}\nmake it as it was made for the fit"
    )]
    Kind {
        /// Name of the column.
        column: String,
        /// What it holds.
        found: String,
        /// What the model expects.
        expected: String,
    },
    /// The model computes with numbers, and the column is text or time.
    #[error(
        "feature \"{column}\" holds {found}, and {model} needs numbers\n\
         encode it first, for instance with features::Pipeline::new().one_hot([\"{column}\"]), or use Gbdt, which takes text as it is"
    )]
    NeedsNumbers {
        /// Name of the column.
        column: String,
        /// What it holds.
        found: String,
        /// Name of the model.
        model: &'static str,
    },
    /// The target of a classifier has values that are no classes.
    #[error(
        "target \"{target}\" is no set of classes: it holds {value}\n\
         for numbers fit a regression; for classes make them whole numbers, booleans or text"
    )]
    NotClasses {
        /// Name of the target.
        target: String,
        /// A value that is no class, or one of too many.
        value: f64,
    },
    /// The data has classes that the model was not fitted to.
    #[error(
        "target \"{target}\" has the class {found}, and the model knows {known}\nleave those rows out, or fit the model to rows of every class"
    )]
    NewClasses {
        /// Name of the target.
        target: String,
        /// The new class.
        found: String,
        /// The classes of the model.
        known: String,
    },
    /// A probability of "the" class was asked of a model with more than two.
    #[error(
        "the model tells {classes} classes apart, so there is no single probability per row\nuse predict_probas, which has a column per class"
    )]
    ManyClasses {
        /// Number of classes.
        classes: usize,
    },
    /// A model file of another library is broken, or holds what cannot be read.
    #[error("this is no {format} model that can be read: {flaw}\n{advice}")]
    ModelFile {
        /// Whose file it is.
        format: &'static str,
        /// What is wrong, and where.
        flaw: String,
        /// What to do.
        advice: &'static str,
    },
    /// The feature pipeline in front of the model refused the data.
    #[error(transparent)]
    Features(Box<dyn std::error::Error + Send + Sync>),
    /// A network inside a model refused something; the source says what.
    #[error(transparent)]
    Network(Box<dyn std::error::Error + Send + Sync>),
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// `3 NaN`, `1 infinite`, or both.
pub(crate) fn counts(nan: usize, infinite: usize) -> String {
    match (nan, infinite) {
        (n, 0) => format!("{n} NaN (missing) values"),
        (0, i) => format!("{i} infinite values"),
        (n, i) => format!("{n} NaN (missing) and {i} infinite values"),
    }
}

/// How to get rid of values that are not finite.
pub(crate) fn mend(column: &str, nan: usize, infinite: usize) -> String {
    let drop = format!("leave the rows out with df.lazy().filter(col(\"{column}\").is_finite())");
    if infinite > 0 || nan == 0 {
        return format!("{drop}, and look for a division by zero");
    }
    let fill = format!("col(\"{column}\").fill_null(col(\"{column}\").mean())");
    format!("fill them, for instance with df.lazy().with_column({fill}), or {drop}")
}

impl LearnError {
    /// All rows are of the class with this value; text is named as it was read.
    pub fn one_class(data: &Dataset, value: f64) -> Self {
        let name = data.classes.as_ref().and_then(|names| names.get(value as usize));
        let class = name.map_or_else(|| value.to_string(), |name| format!("\"{name}\""));
        LearnError::OneClass { target: data.target_name.clone(), value, class }
    }
}

/// What differs between the columns given and those expected.
pub(crate) fn difference(missing: &[String], unexpected: &[String]) -> String {
    let list = |names: &[String]| names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
    match (missing.is_empty(), unexpected.is_empty()) {
        (false, true) => format!("features are missing: {}", list(missing)),
        (true, _) => format!("the model does not know these columns: {}", list(unexpected)),
        (false, false) => {
            format!("features are missing: {}; the model does not know: {}", list(missing), list(unexpected))
        }
    }
}
