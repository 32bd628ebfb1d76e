//! What can go wrong with a search, in words: first what was wrong, then what to do.

use ironbook_core::Interrupted;
use ironbook_tune::TuneError;

/// An error of a search.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuningError {
    /// All trials have failed.
    #[error("{}\ntrial {number} was the first that failed: {why}", no_value(*.trials, *.failed, *.pruned))]
    AllFailed {
        /// Trials that ended.
        trials: usize,
        /// Of these, such that failed.
        failed: usize,
        /// Of these, such that were pruned.
        pruned: usize,
        /// The first that failed.
        number: u32,
        /// Why it failed.
        why: String,
    },
    /// All trials were pruned.
    #[error(
        "none of the {trials} trials has a value: all were pruned\ntake another pruner, or report a value that grows with the objective"
    )]
    AllPruned {
        /// Trials that ended.
        trials: usize,
    },
    /// No trial has ended in time.
    #[error("no trial ended within the time\ngive it more: --timeout")]
    NoTime,
    /// A grid without values.
    #[error("the grid has no values\nlist those of each parameter: --grid max_depth=3,6,9 --grid rate=0.01,0.1")]
    NoGrid,
    /// The study is there already.
    #[error("the study \"{name}\" exists in {place}\ngo on with it: --resume; or give this one another name")]
    Exists {
        /// The name.
        name: String,
        /// Where.
        place: String,
    },
    /// There is no study of this name in the session.
    #[error(
        "this session has no study \"{name}\"; it has {known}\nrun its `%%tune` cell, or open the database that it is in: tune::Study::new(name).storage_at(url).resume()"
    )]
    NoStudy {
        /// The name.
        name: String,
        /// What there is.
        known: String,
    },
    /// The study went wrong; what was done is kept.
    #[error("{0}")]
    Ended(String),
    /// The study could not begin, or went wrong before any trial had a value.
    #[error(transparent)]
    Tune(#[from] TuneError),
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

fn no_value(trials: usize, failed: usize, pruned: usize) -> String {
    let none = if trials == 1 {
        "the one trial has no value".to_owned()
    } else {
        format!("none of the {trials} trials has a value")
    };
    match pruned {
        0 => format!("{none}: {}", if trials == 1 { "it failed" } else { "all failed" }),
        _ => format!("{none}: {failed} failed, {pruned} were pruned"),
    }
}
