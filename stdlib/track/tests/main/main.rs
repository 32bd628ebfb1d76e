//! Tests of tracking: the conformance suite of stores, faults, several processes, the active run, the views.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the message, also in their helpers")]

mod active;
mod conformance;
mod faults;
mod processes;
mod views;

use ironbook_track::{NewRun, Store};

/// A run in an experiment of its own.
fn run_in(store: &dyn Store, experiment: &str) -> String {
    let id = match store.experiment_by_name(experiment).unwrap() {
        Some(found) => found.id,
        None => store.create_experiment(experiment, &[]).unwrap(),
    };
    store.create_run(&NewRun { experiment: id, ..NewRun::default() }).unwrap().id
}
