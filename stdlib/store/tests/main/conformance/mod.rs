//! What every store must do: each case runs on each store of [`STORES`]. A case makes experiments of its own, so that
//! a store may be shared by all cases; it needs no empty store, and looks behind no interface.

mod artifacts;
mod experiments;
mod models;
mod registry;
mod runs;
mod search;
mod traces;

use ironbook_store::{
    Batch, ClientOptions, Code, Metric, MlflowStore, NewExperiment, NewRun, Param, Result, SqliteStore, Store, Tag,
};
use std::any::Any;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};

/// A store, and what must live as long as it does.
type Fixture = (Box<dyn Store>, Box<dyn Any>);

/// Makes a store.
type Make = fn() -> Fixture;

/// Panics if the store does not behave.
pub(crate) type Case = fn(&dyn Store);

/// Every implementation.
static STORES: &[(&str, Make)] = &[("sqlite", sqlite)];

/// Every part of the interface, with its cases.
static PARTS: &[(&str, &[(&str, Case)])] = &[
    ("experiments", experiments::CASES),
    ("runs", runs::CASES),
    ("search", search::CASES),
    ("artifacts", artifacts::CASES),
    ("models", models::CASES),
    ("registry", registry::CASES),
    ("traces", traces::CASES),
];

/// Cases that MLflow's own server cannot pass: its interface has limits, or its store another mind.
static LOCAL: &[(&str, &[(&str, Case)])] =
    &[("runs", runs::LOCAL), ("search", search::LOCAL), ("traces", traces::LOCAL)];

fn sqlite() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    (Box::new(SqliteStore::open(&directory.path().join(".ironbook")).unwrap()), Box::new(directory))
}

#[test]
fn every_store_passes_every_case() {
    for (store, make) in STORES {
        for (part, cases) in PARTS.iter().chain(LOCAL) {
            for (case, run) in *cases {
                println!("{store}: {part}: {case}");
                let (store, _keep) = make();
                run(&*store);
            }
        }
    }
}

#[test]
fn one_store_passes_all_cases_together() {
    for (_, make) in STORES {
        let (store, _keep) = make();
        for (part, cases) in PARTS.iter().chain(LOCAL) {
            for (case, run) in *cases {
                println!("{part}: {case}");
                run(&*store);
            }
        }
    }
}

#[test]
fn mlflows_server_passes_every_case() {
    let Some(uri) = crate::support::mlflow::shared("mlflows_server_passes_every_case") else { return };
    let options = ClientOptions { backoff_factor: 0.05, backoff_jitter: 0.05, ..ClientOptions::default() };
    let store = MlflowStore::open(uri, options).unwrap();
    let mut failed = Vec::new();
    for (part, cases) in PARTS {
        for (case, run) in *cases {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&store)));
            println!("mlflow: {part}: {case}: {}", if caught.is_ok() { "ok" } else { "FAILED" });
            failed.extend(caught.is_err().then_some(*case));
        }
    }
    assert_eq!(failed, [""; 0]);
}

fn check_code<T: Debug>(result: Result<T>, code: Code) {
    let error = result.expect_err("an error");
    assert_eq!(error.code(), code, "{error}");
}

/// A name that no other case has, also not that of an earlier test on a lasting server.
fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{what} {} {}", since.as_micros(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A new experiment.
fn experiment(store: &dyn Store, what: &str) -> String {
    store.create_experiment(&NewExperiment::named(unique(what))).unwrap()
}

/// A run in a new experiment.
fn run(store: &dyn Store, what: &str) -> String {
    run_of(store, &experiment(store, what))
}

/// A run in an experiment.
fn run_of(store: &dyn Store, experiment: &str) -> String {
    store.create_run(&NewRun { experiment: experiment.to_owned(), start: Some(1_000), ..NewRun::default() }).unwrap().id
}

fn log_params(store: &dyn Store, run: &str, params: &[Param]) -> Result<()> {
    store.log_batch(run, Batch { params, ..Batch::default() })
}

fn log_metrics(store: &dyn Store, run: &str, metrics: &[Metric]) -> Result<()> {
    store.log_batch(run, Batch { metrics, ..Batch::default() })
}

fn log_tags(store: &dyn Store, run: &str, tags: &[Tag]) -> Result<()> {
    store.log_batch(run, Batch { tags, ..Batch::default() })
}

fn point(key: &str, value: f64, timestamp: i64, step: i64) -> Metric {
    Metric::new(key, value, timestamp, step)
}
