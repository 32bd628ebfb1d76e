//! Where studies are kept: in memory, or in a database that Optuna reads and writes as well.

mod memory;
pub mod sqlite;

pub use memory::Memory;
pub use sqlite::{Sqlite, SqliteOptions};

use crate::error::{Result, TuneError};
use crate::record::{Direction, Param, TrialRecord, TrialState};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// A study as a storage lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyEntry {
    /// Its number in the storage.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// One per objective.
    pub directions: Vec<Direction>,
    /// How many trials it has.
    pub trials: usize,
}

/// Whose notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// The user's.
    User,
    /// Those of samplers and pruners.
    System,
}

/// Something that has happened to a running trial.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A parameter was set.
    Param {
        /// The trial, by its number in the storage.
        trial: i64,
        /// Name, range and value.
        param: Param,
    },
    /// A value was reported.
    Report {
        /// The trial.
        trial: i64,
        /// The step.
        step: u64,
        /// The value, which may be NaN.
        value: f64,
    },
    /// A note was made; a second one of the same name replaces the first.
    Note {
        /// The trial.
        trial: i64,
        /// Whose.
        kind: NoteKind,
        /// Its name.
        key: String,
        /// What it says.
        json: String,
    },
    /// The trial has ended.
    Finish {
        /// The trial.
        trial: i64,
        /// How.
        state: TrialState,
        /// With what.
        value: Option<f64>,
        /// When.
        at: DateTime<Utc>,
    },
}

/// A place for studies.
///
/// A study reads it once and then asks for news of others; what it does itself it knows. `tests/main/conformance.rs` says
/// what every implementation has to do.
pub trait Storage: Send {
    /// The place, in words.
    fn place(&self) -> String;

    /// All studies.
    ///
    /// # Errors
    /// The storage's.
    fn studies(&mut self) -> Result<Vec<StudyEntry>>;

    /// Begins a study; returns its number.
    ///
    /// # Errors
    /// [`TuneError::Exists`], and the storage's.
    fn create_study(&mut self, name: &str, direction: Direction) -> Result<i64>;

    /// Keeps the name of what a study makes small or large, where Optuna's users see it.
    ///
    /// # Errors
    /// The storage's.
    fn name_metric(&mut self, study: i64, metric: &str) -> Result<()> {
        let _ = (study, metric);
        Ok(())
    }

    /// The name that [`Storage::name_metric`] has kept.
    ///
    /// # Errors
    /// The storage's.
    fn metric(&mut self, study: i64) -> Result<Option<String>> {
        let _ = study;
        Ok(None)
    }

    /// Adds a trial with all that its record says but for the number, which is the next one. With `alive` it counts as
    /// abandoned unless [`Storage::beat`] is called again and again.
    ///
    /// # Errors
    /// The storage's.
    fn add_trial(&mut self, study: i64, trial: &TrialRecord, alive: bool) -> Result<(i64, u32)>;

    /// Makes a waiting trial a running one; false if another was faster.
    ///
    /// # Errors
    /// The storage's.
    fn claim(&mut self, trial: i64, at: DateTime<Utc>) -> Result<bool>;

    /// Takes all changes or none. False if a trial could not be ended because another process has ended it.
    ///
    /// # Errors
    /// The storage's.
    fn write(&mut self, changes: &[Change]) -> Result<bool>;

    /// Trials with numbers in the storage above `after`, and those of `open`, as they are now; nothing if no other
    /// process has written since the last call.
    ///
    /// # Errors
    /// The storage's.
    fn news(&mut self, study: i64, after: i64, open: &[i64]) -> Result<Vec<TrialRecord>>;

    /// Says that these trials are being worked on.
    ///
    /// # Errors
    /// The storage's.
    fn beat(&mut self, trials: &[i64]) -> Result<()>;

    /// Running trials of which nothing was heard for so long, though they had said that they are alive.
    ///
    /// # Errors
    /// The storage's.
    fn silent(&mut self, study: i64, since: Duration) -> Result<Vec<i64>>;

    /// Puts all that was written where it stays at rest, as one file can be copied; more may be written afterwards. Does
    /// nothing where others are at work on it, and is nothing to fail for.
    fn settle(&mut self) {}
}

/// The storage at an address: `memory`, `sqlite:///relative.db`, `sqlite:////absolute.db`, as Optuna writes them.
///
/// # Errors
/// [`TuneError::Address`], and those of [`Sqlite::open`].
pub fn open(url: &str) -> Result<Box<dyn Storage>> {
    if url == "memory" {
        return Ok(Box::new(Memory::new()));
    }
    match url.strip_prefix("sqlite:///") {
        Some(path) if !path.is_empty() => Ok(Box::new(Sqlite::open(path)?)),
        _ => Err(TuneError::Address { url: url.to_owned() }),
    }
}

/// The study of this name, if there is one with one objective.
pub(crate) fn find(storage: &mut dyn Storage, name: &str) -> Result<Option<StudyEntry>> {
    let found = storage.studies()?.into_iter().find(|study| study.name == name);
    match found {
        Some(study) if study.directions.len() != 1 => {
            Err(TuneError::Objectives { name: name.to_owned(), objectives: study.directions.len() })
        }
        found => Ok(found),
    }
}
