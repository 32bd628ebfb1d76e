//! Experiments.

use crate::model::Tag;
use serde::{Deserialize, Serialize};

/// A group of runs that answer one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its id, as text (MLflow's are numbers in text too); `0` is the experiment `Default`.
    pub id: String,
    /// Its name, unique in the store, deleted ones included.
    pub name: String,
    /// Where the artifacts of its runs lie: a URI; each run has a directory below.
    pub artifact_location: String,
    /// Whether it was deleted (it can be restored).
    pub deleted: bool,
    /// When it was created.
    pub created: i64,
    /// When it was last changed.
    pub updated: i64,
    /// Its tags, by name.
    pub tags: Vec<Tag>,
}

/// What [`crate::store::Experiments::create_experiment`] needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewExperiment {
    /// Its name.
    pub name: String,
    /// Where the artifacts of its runs are to lie: a URI without query and fragment; the store chooses if absent.
    pub artifact_location: Option<String>,
    /// First tags.
    pub tags: Vec<Tag>,
}

impl NewExperiment {
    /// An experiment of this name, without tags, its artifacts where the store puts them.
    pub fn named(name: impl Into<String>) -> NewExperiment {
        NewExperiment { name: name.into(), ..NewExperiment::default() }
    }
}
