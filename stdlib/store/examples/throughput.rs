//! How fast points are logged: embedded, to a server, and through a spool.
//!
//! `cargo run --release -p ironbook-store --example throughput [URI]`: without the address of a tracking server, only
//! what needs none is measured.

#![expect(clippy::print_stdout, reason = "figures are what this prints")]

use ironbook_store::{
    Batch, ClientOptions, Metric, MlflowStore, NewExperiment, NewRun, Result, SpooledStore, SqliteStore, Store,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn points(from: usize, count: usize) -> Vec<Metric> {
    let step = |at: usize| i64::try_from(at).unwrap_or(0);
    (from..from + count).map(|at| Metric::new("loss", 1.0 / (at + 1) as f64, step(at), step(at))).collect()
}

/// Logs `count` points in batches of `size`; how long it took, and the longest single call.
fn log(store: &dyn Store, run: &str, count: usize, size: usize) -> Result<(Duration, Duration)> {
    let batches: Vec<_> = (0..count / size).map(|at| points(at * size, size)).collect();
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    for metrics in &batches {
        let call = Instant::now();
        store.log_batch(run, Batch { metrics, ..Batch::default() })?;
        longest = longest.max(call.elapsed());
    }
    Ok((start.elapsed(), longest))
}

fn report(what: &str, count: usize, size: usize, (took, longest): (Duration, Duration)) {
    let rate = count as f64 / took.as_secs_f64();
    let call = took.as_secs_f64() * 1e6 / (count / size) as f64;
    println!("{what:<34} batches of {size:>4}: {rate:>10.0} points/s, {call:>9.1} µs a call, longest {longest:.1?}");
}

fn new_run(store: &dyn Store) -> Result<String> {
    let name = format!("throughput {}", rand::random::<u64>());
    let experiment = store.create_experiment(&NewExperiment::named(name))?;
    Ok(store.create_run(&NewRun { experiment, ..NewRun::default() })?.id)
}

fn main() -> Result<()> {
    let directory = std::env::temp_dir().join(format!("ironbook-throughput-{}", std::process::id()));
    let done = measure(&directory);
    if std::fs::remove_dir_all(&directory).is_err() {
        println!("{} is left behind", directory.display());
    }
    done
}

fn measure(directory: &std::path::Path) -> Result<()> {
    let embedded = SqliteStore::open(&directory.join("embedded"))?;
    for (count, size) in [(20_000, 1), (200_000, 100), (500_000, 1000)] {
        let run = new_run(&embedded)?;
        report("embedded", count, size, log(&embedded, &run, count, size)?);
    }
    // Nobody listens there.
    let nowhere =
        MlflowStore::open("http://127.0.0.1:9", ClientOptions { max_retries: 0, ..ClientOptions::default() })?;
    let spool = SpooledStore::open(Arc::new(nowhere), &directory.join("away"))?;
    for (count, size) in [(20_000, 1), (500_000, 100), (500_000, 1000)] {
        let run = new_run(&spool)?;
        report("spool, server away", count, size, log(&spool, &run, count, size)?);
    }
    drop(spool);
    let Some(uri) = std::env::args().nth(1) else { return Ok(()) };
    let server = MlflowStore::from_env(&uri)?;
    for (count, size) in [(200, 1), (10_000, 100), (50_000, 1000)] {
        let run = new_run(&server)?;
        report("server", count, size, log(&server, &run, count, size)?);
    }
    let spool = SpooledStore::open(Arc::new(server.without_retries()), &PathBuf::from(directory).join("spool"))?;
    for (count, size) in [(20_000, 1), (100_000, 100)] {
        let run = new_run(&spool)?;
        let start = Instant::now();
        report("spool, server there", count, size, log(&spool, &run, count, size)?);
        let synced = spool.sync(Duration::from_secs(600))?;
        let rate = count as f64 / start.elapsed().as_secs_f64();
        println!("{:<34} arrived after {:.1?}: {rate:.0} points/s; {} wait", "", start.elapsed(), synced.waiting);
    }
    Ok(())
}
