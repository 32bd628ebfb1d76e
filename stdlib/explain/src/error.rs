//! Why something cannot be explained, in words: first what was wrong, then what to do.

use ironbook_core::Interrupted;
use ironbook_eval::EvalError;
use ironbook_learn::LearnError;
use ironbook_plot::PlotError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The features do not fit the model.
    #[error(transparent)]
    Model(#[from] LearnError),
    /// The model cannot be judged on the data.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The values cannot be drawn.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// There is nothing to explain.
    #[error("there are no rows to explain\ncheck the filter that made the features")]
    NoRows,
    /// There is no background.
    #[error(
        "the background has no rows\ngive some rows that stand for the data, for instance a hundred of the training rows"
    )]
    NoBackground,
    /// SHAP values and base do not add up to the prediction.
    #[error(
        "the SHAP values of row {row} and the base add up to {sum}, the trees predict {prediction}\n\
         the model is damaged, for instance by hand-made covers that are NaN: fit or load it again"
    )]
    NotAdditive {
        /// Number of the row, from 0.
        row: usize,
        /// Base and SHAP values together.
        sum: f64,
        /// What the trees predict.
        prediction: f64,
    },
    /// The trees are no trees.
    #[error("the ensemble cannot be read: {flaw}\nfit the model again, or load it from its file")]
    Flaw {
        /// What is wrong, and where.
        flaw: String,
    },
    /// Paths with too many features.
    #[error(
        "tree {tree} has a path over {features} features, and exact SHAP values go up to {most}\n\
         fit the model with a max_depth of at most {most}"
    )]
    Path {
        /// Number of the tree.
        tree: usize,
        /// Features on the path.
        features: usize,
        /// Most that can be explained.
        most: usize,
    },
    /// No output of this name.
    #[error("the model has no output \"{name}\"\nit has {}", known.join(", "))]
    Output {
        /// The name asked for.
        name: String,
        /// The outputs there are.
        known: Vec<String>,
    },
    /// A chart of one output was asked of several.
    #[error(
        "the model has {} outputs, and this chart shows one\nchoose it first, for instance with shap.output(\"{}\")?",
        known.len(),
        known[0]
    )]
    Outputs {
        /// The outputs there are.
        known: Vec<String>,
    },
    /// No such row.
    #[error("row {row} was not explained: there are {rows} rows, counted from 0\ngive a row below {rows}")]
    Row {
        /// The row asked for.
        row: usize,
        /// Rows there are.
        rows: usize,
    },
    /// Nothing was to be repeated.
    #[error("the number of repeats is 0\nset it to at least 1; 5 is usual, more make the deviation smaller")]
    Repeats,
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}
