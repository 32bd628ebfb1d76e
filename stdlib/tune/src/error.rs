//! What can go wrong with a study, in words: first what was wrong, then what to do.

use crate::record::TrialState;
use std::path::PathBuf;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, TuneError>;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuneError {
    /// A range has no values.
    #[error("parameter \"{name}\" has the empty range {range}\nits lower end has to be at most its upper end")]
    EmptyRange {
        /// The parameter.
        name: String,
        /// Its range.
        range: String,
    },
    /// A choice among nothing.
    #[error("parameter \"{name}\" has no choices\ngive it at least one")]
    NoChoices {
        /// The parameter.
        name: String,
    },
    /// A logarithmic range that is not above 0.
    #[error("parameter \"{name}\" has the logarithmic range {range}\nits lower end has to be above 0")]
    LogRange {
        /// The parameter.
        name: String,
        /// Its range.
        range: String,
    },
    /// A step that leads nowhere.
    #[error("parameter \"{name}\" has steps of {step}\na step has to be above 0")]
    Step {
        /// The parameter.
        name: String,
        /// Its step.
        step: String,
    },
    /// An end of a range is NaN or infinite, or so is their distance.
    #[error("parameter \"{name}\" has the range {range}\nits ends and their distance have to be finite")]
    NotFinite {
        /// The parameter.
        name: String,
        /// Its range.
        range: String,
    },
    /// Whole numbers that floats cannot tell apart.
    #[error("parameter \"{name}\" has the range {range}\nwhole numbers may go up to 2^53; use a float beyond that")]
    TooLarge {
        /// The parameter.
        name: String,
        /// Its range.
        range: String,
    },
    /// A parameter is of another kind than before in this study.
    #[error(
        "parameter \"{name}\" was {was} in this study and is now {is}\n\
         the ends of a range may change, its kind, its scale and choices may not: give it another name"
    )]
    Incompatible {
        /// The parameter.
        name: String,
        /// What it was.
        was: String,
        /// What it is.
        is: String,
    },
    /// A setting of a sampler, a pruner or a budget is out of its range.
    #[error("{name} is {value}\nset it to {expected}")]
    Parameter {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A grid does not have this parameter.
    #[error("parameter \"{name}\" is not in the grid ({known})\nadd it there, or take a sampler that needs no grid")]
    NotInGrid {
        /// The parameter.
        name: String,
        /// What the grid has.
        known: String,
    },
    /// A value that was fixed or comes from a grid is of the wrong kind.
    #[error("parameter \"{name}\" is set to {value} and is {distribution}\nset it to a value of that kind")]
    Unfit {
        /// The parameter.
        name: String,
        /// The value.
        value: String,
        /// What it may be.
        distribution: String,
    },
    /// A trial asks again for a parameter, and its value lies outside of the new range; or a grid's value does.
    #[error(
        "parameter \"{name}\" is {value} in this trial, and now it is to be {distribution}\ngive it another name, or a range that has the value"
    )]
    Outside {
        /// The parameter.
        name: String,
        /// Its value.
        value: String,
        /// What it may be.
        distribution: String,
    },
    /// Fixed parameters lack one.
    #[error("parameter \"{name}\" has no value ({known})\nthe code asks for more than the trial had")]
    NotFixed {
        /// The parameter.
        name: String,
        /// What is fixed.
        known: String,
    },
    /// The best trial was not asked for this.
    #[error(
        "the best trial has no parameter \"{name}\"; it has {known}\ncheck the name; what is asked for in branches that it did not take is not there"
    )]
    NoParam {
        /// The parameter.
        name: String,
        /// What it has.
        known: String,
    },
    /// A parameter was read as something that it is not.
    #[error(
        "parameter \"{name}\" is {value}, which is not {expected}\nread it with float, int, text or flag, whichever fits"
    )]
    Read {
        /// The parameter.
        name: String,
        /// Its value.
        value: String,
        /// As what it was read.
        expected: &'static str,
    },
    /// The study is there already.
    #[error("the study \"{name}\" exists in {place}\nresume it, or give this one another name")]
    Exists {
        /// Name of the study.
        name: String,
        /// Where.
        place: String,
    },
    /// There is no such study.
    #[error("there is no study \"{name}\" in {place}; it has {known}\ncheck the name, or create it")]
    NotFound {
        /// Name of the study.
        name: String,
        /// Where.
        place: String,
        /// The studies there.
        known: String,
    },
    /// The study goes the other way.
    #[error("the study \"{name}\" is to {was}\nask for the same, or give this one another name")]
    Direction {
        /// Name of the study.
        name: String,
        /// What it does.
        was: &'static str,
    },
    /// The study makes something else small or large.
    #[error(
        "the study \"{name}\" is about \"{was}\", not \"{is}\"\nask for \"{was}\", or give this one another name: values of both cannot be compared"
    )]
    Metric {
        /// Name of the study.
        name: String,
        /// What it is about.
        was: String,
        /// What was asked for.
        is: String,
    },
    /// A study with several objectives.
    #[error("the study \"{name}\" has {objectives} objectives\nonly studies with one can be resumed here")]
    Objectives {
        /// Name of the study.
        name: String,
        /// How many.
        objectives: usize,
    },
    /// A trial that has ended, or was never begun here, is to be changed.
    #[error("trial {number} is {state}, not running\nonly a running trial can be asked, told or reported")]
    NotRunning {
        /// Number of the trial.
        number: u32,
        /// What it is.
        state: TrialState,
    },
    /// There is no such trial.
    #[error("the study has no trial {number}\nit has {trials} trials, counted from 0")]
    NoTrial {
        /// Number of the trial.
        number: u32,
        /// How many there are.
        trials: usize,
    },
    /// Nothing is completed yet.
    #[error("the study \"{name}\" has no completed trial\nrun it first; failed and pruned trials have no best")]
    NothingCompleted {
        /// Name of the study.
        name: String,
    },
    /// An address of a storage that is not known here.
    #[error("\"{url}\" is not a storage\nwrite memory, sqlite:///study.db or sqlite:////absolute/study.db")]
    Address {
        /// What was given.
        url: String,
    },
    /// A file could not be looked at or made.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A sampler of the user's has panicked between trials.
    #[error("the sampler panicked: {why}\nmend it; what was done is kept")]
    Sampler {
        /// With what.
        why: String,
    },
    /// No thread could be started.
    #[error("cannot start a thread for trials: {source}\nask for fewer jobs")]
    Thread {
        /// Why not.
        source: std::io::Error,
    },
    /// The database's file has been removed or replaced.
    #[error("the database {} has been removed or replaced\nput it back and save, or copy the study elsewhere", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// Another process keeps the database.
    #[error("the database {} is locked by another process, for {waited_s:.0} s now\nend that process's transaction, and save", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// How long it was waited for, in seconds.
        waited_s: f64,
        /// The database's error.
        source: Box<rusqlite::Error>,
    },
    /// There is no room.
    #[error("there is no room to write {}\nfree some, and save", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// The database's error.
        source: Box<rusqlite::Error>,
    },
    /// The database may not be written.
    #[error("the database {} is read-only\ngive yourself the right to write it and its folder", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// The database's error.
        source: Box<rusqlite::Error>,
    },
    /// The file is not a database, or a damaged one.
    #[error("{} is not a database, or it is damaged\nname another file, or restore it", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// The database's error.
        source: Box<rusqlite::Error>,
    },
    /// The database has another version of Optuna's schema.
    #[error(
        "the database {} has Optuna's schema {found}, this library knows {expected}\n\
         bring it there with Python: optuna storage upgrade --storage sqlite:///{}", path.display(), path.display()
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: String,
        /// Ours.
        expected: &'static str,
    },
    /// A row that Optuna would not have written.
    #[error("the database {} has a row that cannot be read: {what}\nrepair or remove it", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The row, and what is wrong with it.
        what: String,
    },
    /// Another error of the database.
    #[error("the database {} failed: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The database's error.
        source: Box<rusqlite::Error>,
    },
    /// The storage failed while the study ran; what it did not take is kept in memory.
    #[error(
        "{source}\nthe study has ended early; {changes} changes since are in memory only: save() once the storage is \
         back, or copy_to() another one"
    )]
    Unsaved {
        /// Changes that wait.
        changes: usize,
        /// What the storage said first.
        source: Box<TuneError>,
    },
}
