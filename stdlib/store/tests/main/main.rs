//! Tests of stores: the conformance suite, and what only the embedded store has.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the message, also in their helpers")]

mod conformance;
mod faults;
mod grammar;
mod places;
mod processes;
mod reference;
mod scale;
mod upgrade;

use ironbook_store::{NewExperiment, NewRun, Store};

/// A run in the experiment of this name.
fn run_in(store: &dyn Store, experiment: &str) -> String {
    let id = match store.experiment_by_name(experiment).unwrap() {
        Some(found) => found.id,
        None => store.create_experiment(&NewExperiment::named(experiment)).unwrap(),
    };
    store.create_run(&NewRun { experiment: id, ..NewRun::default() }).unwrap().id
}
