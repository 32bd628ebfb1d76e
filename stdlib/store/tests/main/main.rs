//! Tests of stores: the conformance suite, what only the embedded store has, and stores behind a network.
//!
//! What needs MLflow asks `IRONBOOK_TEST_MLFLOW` for a Python that has it, says SKIPPED without, and fails without where
//! `CI` is `true`.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the message, also in their helpers")]
#![expect(clippy::print_stdout, reason = "children speak to their parents, and what is skipped is said")]

mod buckets;
mod children;
mod conformance;
mod faults;
mod grammar;
mod mlflow;
mod places;
mod processes;
mod reference;
mod scale;
mod spool;
mod support;
mod tls;
mod upgrade;
mod wire;

use ironbook_store::{NewExperiment, NewRun, Store};

/// A run in the experiment of this name.
fn run_in(store: &dyn Store, experiment: &str) -> String {
    let id = match store.experiment_by_name(experiment).unwrap() {
        Some(found) => found.id,
        None => store.create_experiment(&NewExperiment::named(experiment)).unwrap(),
    };
    store.create_run(&NewRun { experiment: id, ..NewRun::default() }).unwrap().id
}
