//! How fast the embedded store is, and how much memory it needs: `cargo run --release --example store_bench
//! [POINTS [DIRECTORY]]`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures and prints")]

use ironbook_store::store::{Experiments, Runs};
use ironbook_store::{Batch, Metric, NewExperiment, NewRun, Param, Search, SqliteStore, Tag};
use std::time::{Duration, Instant};

fn main() {
    let points: i64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let scratch = tempfile::tempdir().unwrap();
    let directory = std::env::args_os().nth(2).map_or_else(|| scratch.path().to_owned(), Into::into);
    let store = SqliteStore::open(&directory).unwrap();
    let experiment = store.create_experiment(&NewExperiment::named("bench")).unwrap();
    let run = start(&store, &experiment, 0);
    batches(&store, &run);
    singles(&store, &run);
    let many = fill(&store);
    searches(&store, &many);
    curves(&store, &experiment, points);
    println!("memory at most: {} kB", peak());
}

fn start(store: &SqliteStore, experiment: &str, at: i64) -> String {
    let new = NewRun { experiment: experiment.to_owned(), start: Some(at), ..NewRun::default() };
    store.create_run(&new).unwrap().id
}

/// Wall time of a call, and the part of it in which this thread had a processor: on a busy machine they differ.
type Times = Vec<(Duration, Duration)>;

/// Median, 95th percentile and longest; the median of the processor's time.
fn report(what: &str, times: &Times) {
    let (mut wall, mut cpu): (Vec<_>, Vec<_>) = times.iter().copied().unzip();
    wall.sort();
    cpu.sort();
    let at = |share: usize| wall[(wall.len() - 1) * share / 100];
    println!("{what}: median {:?}, p95 {:?}, max {:?}; processor {:?}", at(50), at(95), at(100), cpu[cpu.len() / 2]);
}

fn timed(count: usize, mut call: impl FnMut(usize)) -> Times {
    (0..count)
        .map(|n| {
            let (started, before) = (Instant::now(), on_processor());
            call(n);
            (started.elapsed(), on_processor() - before)
        })
        .collect()
}

/// How long this thread has had a processor.
fn on_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

fn batches(store: &SqliteStore, run: &str) {
    let keys = ["loss", "auc", "val/loss", "val/auc", "lr", "grad", "time", "gpu", "memory", "epoch"];
    let mixed = |n: usize| -> Vec<Metric> {
        (0..1000).map(|i| Metric::new(keys[i % 10], i as f64, 1_000, (n * 100 + i / 10) as i64)).collect()
    };
    let batches: Vec<_> = (0..200).map(mixed).collect();
    let times = timed(200, |n| store.log_batch(run, Batch { metrics: &batches[n], ..Batch::default() }).unwrap());
    let total: Duration = times.iter().map(|t| t.0).sum();
    println!("{:.0} points/s in batches of 1000", 200_000.0 / total.as_secs_f64());
    report("log_batch of 1000 metrics of 10 names", &times);
    let one = |n: usize| -> Vec<Metric> {
        (0..1000).map(|i| Metric::new("one", i as f64, 1_000, (n * 1000 + i) as i64)).collect()
    };
    let batches: Vec<_> = (0..200).map(one).collect();
    report(
        "log_batch of 1000 metrics of one name",
        &timed(200, |n| store.log_batch(run, Batch { metrics: &batches[n], ..Batch::default() }).unwrap()),
    );
}

fn singles(store: &SqliteStore, run: &str) {
    let one = |n: usize| {
        let metrics = &[Metric::new("single", 1.0, 0, n as i64)];
        store.log_batch(run, Batch { metrics, ..Batch::default() }).unwrap();
    };
    report("log_batch of one metric", &timed(5_000, one));
    let params = |n: usize| {
        let params = &[Param::new(format!("p{n}"), n)];
        store.log_batch(run, Batch { params, ..Batch::default() }).unwrap();
    };
    report("log_batch of one param", &timed(1_000, params));
    report("run()", &timed(100, |_| assert!(!store.run(run).unwrap().metrics.is_empty())));
}

fn fill(store: &SqliteStore) -> String {
    let experiment = store.create_experiment(&NewExperiment::named("many")).unwrap();
    let times = timed(10_000, |n| {
        let run = start(store, &experiment, n as i64);
        let params: Vec<_> = ["lr", "depth", "model", "seed", "data"].iter().map(|k| Param::new(*k, n % 7)).collect();
        let value = |at: usize| (n * 7919 + at * 104_729) % 10_000;
        let metrics: Vec<_> = ["auc", "loss", "f1", "precision", "recall"]
            .iter()
            .enumerate()
            .map(|(at, k)| Metric::new(*k, value(at) as f64 / 10_000.0, 0, 0))
            .collect();
        let tags: Vec<_> = ["a", "b", "c", "d"].iter().map(|k| Tag::new(*k, n % 11)).collect();
        store.log_batch(&run, Batch { metrics: &metrics, params: &params, tags: &tags }).unwrap();
    });
    report("create_run and log_batch of 5 params, 5 metrics, 4 tags", &times);
    experiment
}

fn searches(store: &SqliteStore, experiment: &str) {
    let all = Search::experiment(experiment).limit(100);
    let best = all.clone().order("metrics.auc DESC");
    let deep = Search { page: Some(ironbook_store::search::next_page(9_000)), ..all.clone() };
    for (what, search) in [
        ("auc > 0.5 and lr != '3', best first", best.clone().filter("metrics.auc > 0.5 and params.lr != '3'")),
        ("newest", all.clone()),
        ("newest, as MLflow's interface asks", all.clone().order("attributes.start_time DESC")),
        ("newest, page 91", deep),
        ("best first", best.clone()),
        ("tags.a = '3' and params.model LIKE '2%'", all.clone().filter("tags.a = '3' and params.model LIKE '2%'")),
        ("auc > 0.999 (ten of 10,000)", all.clone().filter("metrics.auc > 0.999")),
        ("or and not", best.clone().filter("(metrics.auc > 0.9 or tags.a = '3') and not params.lr = '3'")),
        ("1000 runs", all.clone().limit(1000)),
    ] {
        let mut found = 0;
        let times = timed(30, |_| found = store.search_runs(&search).unwrap().items.len());
        report(&format!("search of 10,000 runs, {what} ({found} found)"), &times);
    }
}

fn curves(store: &SqliteStore, experiment: &str, points: i64) {
    let run = start(store, experiment, 0);
    let started = Instant::now();
    for first in (0..points).step_by(10_000) {
        let metrics: Vec<_> =
            (first..first + 10_000).map(|step| Metric::new("curve", step as f64, step, step)).collect();
        store.log_batch(&run, Batch { metrics: &metrics, ..Batch::default() }).unwrap();
    }
    println!("{points} points in batches of 10,000: {:?}", started.elapsed());
    let runs = [run];
    let curve = || store.metric_curves(&runs, "curve", (None, None), 300).unwrap()[0].1.len();
    report(&format!("curve of {points} points thinned to {}", curve()), &timed(20, |_| assert!(curve() > 200)));
    let page = |_| assert_eq!(store.metric_history_page(&runs[0], "curve", 25_000, None).unwrap().items.len(), 25_000);
    report("history page of 25,000 points", &timed(10, page));
}

/// Most memory that this process had, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
