//! Many runs: orders that follow an index answer as those that look at every run; reading keeps nobody from writing.

use ironbook_store::store::{Experiments, Runs};
use ironbook_store::{Batch, Metric, NewExperiment, NewRun, Search, SqliteStore};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// More than a store looks at one by one.
const RUNS: i64 = 2_300;

/// The value of a run: some are NaN, some absent, many equal.
fn value(n: i64) -> Option<f64> {
    match n % 23 {
        0 => None,
        1 => Some(f64::NAN),
        _ => Some(((n * 7919) % 400) as f64 / 400.0),
    }
}

fn all_pages(store: &SqliteStore, mut search: Search) -> Vec<i64> {
    let mut found = Vec::new();
    loop {
        let page = store.search_runs(&search).unwrap();
        assert!(page.items.len() <= search.limit);
        found.extend(page.items.iter().map(|run| run.info.start));
        search.page = page.next;
        if search.page.is_none() {
            return found;
        }
    }
}

#[test]
fn orders_by_a_metric_are_right_however_many_runs() {
    let temporary = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let experiment = store.create_experiment(&NewExperiment::named("many")).unwrap();
    let other = store.create_experiment(&NewExperiment::named("other")).unwrap();
    for n in 0..RUNS {
        // Runs of another experiment have the metric, too.
        for experiment in [&experiment, &other].into_iter().take(if n % 50 == 0 { 2 } else { 1 }) {
            let new = NewRun { experiment: experiment.clone(), start: Some(n), ..NewRun::default() };
            let run = store.create_run(&new).unwrap().id;
            let metrics: Vec<_> = value(n).map(|v| Metric::new("auc", v, 0, 0)).into_iter().collect();
            store.log_batch(&run, Batch { metrics: &metrics, ..Batch::default() }).unwrap();
        }
    }
    for descending in [false, true] {
        let mut expected: Vec<i64> = (0..RUNS).collect();
        let class = |n: &i64| match value(*n) {
            Some(v) if v.is_nan() => (1, 0.0),
            Some(v) => (0, if descending { -v } else { v }),
            None => (2, 0.0),
        };
        expected.sort_by(|a, b| class(a).partial_cmp(&class(b)).unwrap().then(b.cmp(a)));
        let order = if descending { "metrics.auc DESC" } else { "metrics.auc" };
        let search = Search::experiment(&experiment).order(order).limit(500);
        assert_eq!(all_pages(&store, search.clone()), expected, "{order}");
        let good: Vec<i64> = expected.iter().copied().filter(|n| value(*n).is_some_and(|v| v > 0.5)).collect();
        assert_eq!(all_pages(&store, search.clone().filter("metrics.auc > 0.5")), good, "{order}");
        let bad: Vec<i64> =
            expected.iter().copied().filter(|n| value(*n).is_none_or(|v| v.is_nan() || v <= 0.5)).collect();
        assert_eq!(all_pages(&store, search.clone().filter("NOT metrics.auc > 0.5")), bad, "{order}");
        let late: Vec<i64> = expected.iter().copied().filter(|n| *n >= 2_200).collect();
        assert_eq!(all_pages(&store, search.filter("start_time >= 2200")), late, "{order}");
    }
}

#[test]
fn a_long_read_keeps_nobody_from_writing() {
    let temporary = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let experiment = store.create_experiment(&NewExperiment::named("long")).unwrap();
    let run = |_| store.create_run(&NewRun { experiment: experiment.clone(), ..NewRun::default() }).unwrap().id;
    let (long, short) = (run(0), run(1));
    let metrics: Vec<_> = (0..300_000).map(|step| Metric::new("m", 1.0, 0, step)).collect();
    store.log_batch(&long, Batch { metrics: &metrics, ..Batch::default() }).unwrap();
    let reading = AtomicBool::new(true);
    let waited = std::thread::scope(|scope| {
        // More readers than connections: those wait for each other, the writer for none of them.
        let readers: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let started = Instant::now();
                    assert_eq!(store.metric_history(&long, "m").unwrap().len(), metrics.len());
                    started.elapsed()
                })
            })
            .collect();
        let writer = scope.spawn(|| {
            let (mut step, mut longest) = (0, Duration::ZERO);
            while reading.load(Ordering::Relaxed) {
                let started = Instant::now();
                store
                    .log_batch(&short, Batch { metrics: &[Metric::new("m", 1.0, 0, step)], ..Batch::default() })
                    .unwrap();
                longest = longest.max(started.elapsed());
                step += 1;
            }
            (step, longest)
        });
        let read: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
        reading.store(false, Ordering::Relaxed);
        (read, writer.join().unwrap())
    });
    let (read, (written, longest)) = waited;
    println!("read in {read:?}; meanwhile {written} writes, the longest {longest:?}");
    assert!(written > 20, "one after the other there would be few: {written}");
}
