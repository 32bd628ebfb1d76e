//! Why a gate could not decide, or did not pass.

use ironbook_data::DataError;
use ironbook_eval::EvalError;
use ironbook_learn::LearnError;
use std::time::Duration;

/// An error of a gate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The champion is a model of another type.
    #[error(
        "{name} is of type {found}, the model of type {expected}\n\
         load it by its type and compare them: gates::against(&model, &models::load::<{found}>(\"{uri}\")?, &test, &rules)?"
    )]
    OtherType {
        /// The champion's name.
        name: String,
        /// Its address.
        uri: String,
        /// Its type, as a cell would write it.
        found: String,
        /// The type of the model.
        expected: String,
    },
    /// The test data lacks columns that one of the models reads.
    #[error(
        "{who} reads columns that the test data lacks: {}\n\
         keep them in the test data, where each model is given the columns that it reads; where they are gone for good, \
         register the model without this gate once", missing.join(", ")
    )]
    Columns {
        /// Which model.
        who: String,
        /// The columns.
        missing: Vec<String>,
    },
    /// The champion predicts another target.
    #[error(
        "{name} predicts \"{found}\", and the target of the test data is \"{expected}\"\n\
         compare models of one target: give the target the name of the fit, or register under another name"
    )]
    Target {
        /// The champion's name.
        name: String,
        /// Its target.
        found: String,
        /// The target of the test data.
        expected: String,
    },
    /// The champion cannot be judged on the test data.
    #[error(
        "{name} cannot be judged on the test data\n\
         see the cause below; make the data as for its fit, or register the model without this gate once"
    )]
    Judged {
        /// The champion's name.
        name: String,
        /// The cause.
        source: Box<EvalError>,
    },
    /// The champion's file cannot be read.
    #[error("{name} cannot be loaded\nsee the cause below; register it anew, or give the alias to another version")]
    Damaged {
        /// The champion's name.
        name: String,
        /// The cause.
        source: ironbook_core::PersistError,
    },
    /// There is no row to predict.
    #[error("there are no rows to predict\ngive the features of at least one row")]
    NoRows,
    /// A prediction takes too long.
    #[error(
        "one row takes {p99:.3?} (p99 of {predictions} predictions; the median is {p50:.3?}), and the limit is {limit:.3?}\n\
         make the model smaller (fewer or shallower trees, fewer features), or raise the limit"
    )]
    Slow {
        /// The limit.
        limit: Duration,
        /// The median.
        p50: Duration,
        /// The 99th percentile.
        p99: Duration,
        /// How many were measured.
        predictions: usize,
    },
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] ironbook_track::Error),
    /// The model could not be judged, or the rules make no sense.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The model could not predict.
    #[error(transparent)]
    Model(#[from] LearnError),
    /// The columns could not be taken.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] ironbook_core::Interrupted),
}
