//! Several processes on one store: killed in the middle, writing at once, creating it at once.
//!
//! The other processes are this test binary, asked to run one test of it in the role of a child.

use crate::run_in;
use ironbook_track::Runs as _;
use ironbook_track::{Batch, Metric, RunOptions, Search, SqliteStore, Status, recover, start};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Tells a child its directory.
const ROLE: &str = "IRONBOOK_TRACK_TEST_DIRECTORY";
/// Tells a child what it writes.
const KEY: &str = "IRONBOOK_TRACK_TEST_KEY";

fn role() -> Option<PathBuf> {
    std::env::var_os(ROLE).map(PathBuf::from)
}

fn spawn(test: &str, directory: &Path, key: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(ROLE, directory).env(KEY, key).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What a child has acknowledged, as it comes.
fn acknowledged(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|line| line.rsplit_once("ack ").map(|(_, said)| said.to_owned()))
}

fn points(key: &str, step: i64, count: usize) -> Vec<Metric> {
    (0..count).map(|i| Metric::new(format!("{key}{i}"), step as f64, 0, step)).collect()
}

#[test]
fn a_writer_killed_in_the_middle_leaves_a_sound_store() {
    const WIDTH: usize = 20;
    if let Some(directory) = role() {
        let store = SqliteStore::open(&directory).unwrap();
        let run = run_in(&store, "killed");
        println!("ack {run}");
        for step in 0.. {
            let metrics = &points("m", step, WIDTH);
            store.log_batch(&run, Batch { metrics, ..Batch::default() }).unwrap();
            println!("ack {step}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let mut child = spawn("processes::a_writer_killed_in_the_middle_leaves_a_sound_store", directory.path(), "");
        let mut said = acknowledged(&mut child);
        let run = said.next().unwrap();
        let last_seen = said.nth(100 + round).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let last: i64 = said.last().unwrap_or(last_seen).parse().unwrap();
        let store = SqliteStore::open(directory.path()).unwrap();
        store.check().unwrap();
        let lengths: Vec<_> = (0..WIDTH).map(|i| store.metric_history(&run, &format!("m{i}")).unwrap().len()).collect();
        assert!(lengths.iter().all(|l| *l == lengths[0]), "every batch is whole: {lengths:?}");
        assert!(lengths[0] as i64 > last, "what was acknowledged is there: {} {last}", lengths[0]);
        run_in(&store, "after");
    }
}

#[test]
fn processes_that_write_at_once_lose_nothing() {
    const STEPS: i64 = 300;
    if let Some(directory) = role() {
        let key = std::env::var(KEY).unwrap();
        let store = SqliteStore::open(&directory).unwrap();
        let run = store.search_runs(&Search::all()).unwrap().items[0].info.id.clone();
        println!("ack ready");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        for step in 0..STEPS {
            store.log_batch(&run, Batch { metrics: &points(&key, step, 1), ..Batch::default() }).unwrap();
        }
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    let run = run_in(&store, "shared");
    let name = "processes::processes_that_write_at_once_lose_nothing";
    let mut children = ["a", "b", "c"].map(|key| spawn(name, directory.path(), key));
    let readers: Vec<_> = children
        .iter_mut()
        .map(|child| {
            let mut said = acknowledged(child);
            assert_eq!(said.next().as_deref(), Some("ready"));
            said
        })
        .collect();
    // All are ready: the closing of their input lets them go at once.
    children.iter_mut().for_each(|child| drop(child.stdin.take()));
    readers.into_iter().for_each(|said| drop(said.last()));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    for key in ["a0", "b0", "c0"] {
        assert_eq!(store.metric_history(&run, key).unwrap().len() as i64, STEPS);
    }
    store.check().unwrap();
}

#[test]
fn a_store_may_be_created_by_many_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let gate = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                gate.wait();
                let store = SqliteStore::open(&directory.path().join(".ironbook")).unwrap();
                run_in(&store, "Default");
            });
        }
    });
    let store = SqliteStore::open(&directory.path().join(".ironbook")).unwrap();
    assert_eq!(store.search_runs(&Search::all()).unwrap().items.len(), 8);
}

#[test]
fn a_run_whose_process_died_is_recovered() {
    if let Some(directory) = role() {
        let run = start("dies", RunOptions::default().directory(&directory)).unwrap();
        run.log_metric("m", 1.0).unwrap();
        println!("ack {}", run.id());
        // Until it is killed.
        std::io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut child = spawn("processes::a_run_whose_process_died_is_recovered", directory.path(), "");
    let run = acknowledged(&mut child).next().unwrap();
    let store = SqliteStore::open(&directory.path().join(".ironbook")).unwrap();
    assert_eq!(recover(&store).unwrap(), [], "it lives");
    child.kill().unwrap();
    child.wait().unwrap();
    let recovered = recover(&store).unwrap();
    assert_eq!(recovered.iter().map(|r| (&*r.id, r.status)).collect::<Vec<_>>(), [(&*run, Status::Killed)]);
    let found = store.run(&run).unwrap();
    assert_eq!(found.info.end, Some(found.metrics[0].timestamp.max(found.info.start)));
    assert_eq!(recover(&store).unwrap(), []);
}
