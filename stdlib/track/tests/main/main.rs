//! Tests of tracking: the active run, what it records by itself, models, several processes, the views.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the message, also in their helpers")]

mod active;
mod auto;
mod models;
mod processes;
mod resume;
mod views;

use ironbook_track::{NewExperiment, NewRun, Store};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The active run belongs to the process: the tests that start one take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let guard = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    ironbook_track::end_all(ironbook_track::Status::Killed).unwrap();
    guard
}

/// A run in an experiment of its own.
fn run_in(store: &dyn Store, experiment: &str) -> String {
    let id = match store.experiment_by_name(experiment).unwrap() {
        Some(found) => found.id,
        None => store.create_experiment(&NewExperiment::named(experiment)).unwrap(),
    };
    store.create_run(&NewRun { experiment: id, ..NewRun::default() }).unwrap().id
}
