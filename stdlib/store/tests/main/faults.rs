//! Faults of the embedded store: locked, full, foreign, newer; and how fast it is.

use crate::run_in;
use ironbook_store::store::{Artifacts, Experiments, Runs};
use ironbook_store::{
    ArtifactsOf, Batch, Code, Error, Metric, NewRun, RunUpdate, Search, SqliteOptions, SqliteStore, Status, Store, Tag,
    locate,
};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

fn points(count: i64) -> Vec<Metric> {
    (0..count).map(|step| Metric::new("loss", 1.0 / (step + 1) as f64, 0, step)).collect()
}

fn log(store: &dyn Store, run: &str, metrics: &[Metric]) -> ironbook_store::Result<()> {
    store.log_batch(run, Batch { metrics, ..Batch::default() })
}

#[test]
fn the_store_is_found_from_below() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    let deep = root.join("project/src/deep");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(locate(&deep), deep.join(".ironbook"), "without anything: the directory itself");
    fs::write(root.join("project/.git"), "gitdir: elsewhere").unwrap();
    assert_eq!(locate(&deep), root.join("project/.ironbook"), "the git root, also of a worktree");
    fs::create_dir(root.join(".ironbook")).unwrap();
    assert_eq!(locate(&deep), root.join("project/.ironbook"), "a repository is a project of its own");
    fs::create_dir(deep.join(".ironbook")).unwrap();
    assert_eq!(locate(&deep), deep.join(".ironbook"), "the nearest one");
    assert_eq!(fs::read_dir(deep.join(".ironbook")).unwrap().count(), 0, "locating creates nothing");
}

#[test]
fn looking_for_a_store_creates_none() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().join(".ironbook");
    assert!(SqliteStore::open_existing(&directory).unwrap().is_none());
    assert!(!directory.exists());
    SqliteStore::open(&directory).unwrap();
    assert!(SqliteStore::open_existing(&directory).unwrap().is_some());
    assert_eq!(fs::read_to_string(directory.join(".gitignore")).unwrap(), "*\n");
}

#[test]
fn a_locked_store_says_so_and_loses_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let options = SqliteOptions { busy_timeout: Duration::from_millis(50), ..SqliteOptions::default() };
    let store = SqliteStore::open_with(temporary.path(), options).unwrap();
    let run = run_in(&store, "locked");
    let other = rusqlite::Connection::open(temporary.path().join("track.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = log(&store, &run, &points(3)).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    assert_eq!(error.code(), Code::TemporarilyUnavailable);
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("database is locked"), "{cause}");
    assert_eq!(store.metric_history(&run, "loss").unwrap(), [], "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    log(&store, &run, &points(3)).unwrap();
    assert_eq!(store.metric_history(&run, "loss").unwrap().len(), 3);
}

#[test]
fn a_full_disk_says_so_and_writes_nothing_partially() {
    let temporary = tempfile::tempdir().unwrap();
    let options = SqliteOptions { max_bytes: Some(300_000), ..SqliteOptions::default() };
    let store = SqliteStore::open_with(temporary.path(), options).unwrap();
    let run = run_in(&store, "full");
    let error = log(&store, &run, &points(100_000)).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    assert_eq!(error.code(), Code::TemporarilyUnavailable);
    assert_eq!(store.metric_history(&run, "loss").unwrap(), []);
    assert_eq!(store.run(&run).unwrap().metrics, []);
    log(&store, &run, &points(10)).unwrap();
    assert_eq!(store.metric_history(&run, "loss").unwrap().len(), 10);
    store.check().unwrap();
}

#[cfg(unix)]
#[test]
fn a_store_that_was_removed_takes_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().join(".ironbook");
    let store = SqliteStore::open(&directory).unwrap();
    let run = run_in(&store, "removed");
    let moved = temporary.path().join("moved");
    let gone = |result: ironbook_store::Result<()>| {
        assert!(matches!(result, Err(Error::Gone { .. })), "{result:?}");
    };
    let all_gone = || {
        gone(log(&store, &run, &points(1)));
        gone(store.write_artifact(ArtifactsOf::Run(&run), "a", &mut &b"x"[..]));
        gone(store.run(&run).map(drop));
    };
    fs::rename(&directory, &moved).unwrap();
    all_gone();
    assert!(!directory.exists(), "nothing is written beside it");
    fs::rename(&moved, &directory).unwrap();
    log(&store, &run, &points(3)).unwrap();
    assert_eq!(store.metric_history(&run, "loss").unwrap().len(), 3, "it is back");
    fs::remove_dir_all(&directory).unwrap();
    all_gone();
    // Another process makes a new one: the two are not mixed.
    let other = SqliteStore::open(&directory).unwrap();
    run_in(&other, "other");
    all_gone();
    assert!(store.experiment_by_name("other").is_err());
}

#[cfg(unix)]
#[test]
fn a_store_that_may_only_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().join(".ironbook");
    drop(SqliteStore::open(&directory).unwrap());
    let set = |file: u32, folder: u32| {
        fs::set_permissions(directory.join("track.db"), fs::Permissions::from_mode(file)).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(folder)).unwrap();
    };
    set(0o444, 0o555);
    // Whoever administers the machine may write all the same.
    let may = fs::File::options().append(true).open(directory.join("track.db")).is_ok();
    let opened = SqliteStore::open(&directory).and_then(|s| s.set_experiment_tag("0", &Tag::new("a", "b")));
    set(0o644, 0o755);
    match opened {
        Ok(()) => assert!(may),
        Err(error) => {
            assert!(!may && matches!(error, Error::ReadOnly { .. }), "{error:?}");
            assert_eq!(error.code(), Code::PermissionDenied);
        }
    }
}

#[test]
fn a_newer_store_is_refused_untouched() {
    let temporary = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(temporary.path()).unwrap());
    let database = temporary.path().join("track.db");
    let raw = rusqlite::Connection::open(&database).unwrap();
    raw.execute("UPDATE ironbook_schema SET version = 1000", []).unwrap();
    raw.close().unwrap();
    let before = fs::read(&database).unwrap();
    let error = SqliteStore::open(temporary.path()).map(drop).unwrap_err();
    assert!(matches!(error, Error::NewerSchema { found: 1000, .. }), "{error:?}");
    assert!(error.to_string().contains("update Ironbook"), "{error}");
    assert!(fs::read(&database).unwrap() == before);
    let left: Vec<_> = fs::read_dir(temporary.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with("-wal")), "{left:?}");
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    fs::write(temporary.path().join("track.db"), "not a database, but long enough to have a header".repeat(10))
        .unwrap();
    let error = SqliteStore::open(temporary.path()).map(drop).unwrap_err();
    assert!(matches!(error, Error::NotAStore { .. }), "{error:?}");
}

#[test]
fn a_damaged_store_is_recognised() {
    let temporary = tempfile::tempdir().unwrap();
    let database = temporary.path().join("track.db");
    let store = SqliteStore::open(temporary.path()).unwrap();
    let run = run_in(&store, "damaged");
    log(&store, &run, &points(50_000)).unwrap();
    store.check().unwrap();
    drop(store);
    // Everything but the header and the schema becomes nonsense.
    let mut bytes = fs::read(&database).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].iter_mut().enumerate().for_each(|(at, byte)| *byte = (at % 251) as u8);
    fs::write(&database, &bytes).unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let errors = [store.metric_history(&run, "loss").map(drop), store.check()].map(Result::unwrap_err);
    assert!(errors.iter().all(|error| matches!(error, Error::NotAStore { .. })), "{errors:?}");
    // A file that ends too early is not even opened, or its reading fails in the same way.
    fs::write(&database, &bytes[..half - 100]).unwrap();
    let found = SqliteStore::open(temporary.path()).and_then(|store| store.metric_history(&run, "loss"));
    assert!(matches!(found, Err(Error::NotAStore { .. })), "{found:?}");
}

#[test]
fn a_clock_that_goes_back_confuses_nobody() {
    let temporary = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let experiment = store.experiment_by_name("Default").unwrap().unwrap().id;
    let run =
        |start| store.create_run(&NewRun { experiment: experiment.clone(), start: Some(start), ..NewRun::default() });
    let (late, early) = (run(9_000_000_000_000).unwrap().id, run(1_000).unwrap().id);
    store
        .update_run(&late, &RunUpdate { end: Some(5), status: Some(Status::Finished), ..RunUpdate::default() })
        .unwrap();
    let metrics = [Metric::new("m", 1.0, 9_000, 0), Metric::new("m", 2.0, 10, 1)];
    log(&store, &early, &metrics).unwrap();
    assert_eq!(store.run(&early).unwrap().metric("m"), Some(2.0), "the step counts, not the clock");
    assert_eq!(store.metric_history(&early, "m").unwrap(), metrics);
    let order: Vec<_> = store.search_runs(&Search::all()).unwrap().items.into_iter().map(|r| r.info.id).collect();
    assert_eq!(order, [late, early]);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("file");
    fs::write(&file, "").unwrap();
    let error = SqliteStore::open(&file.join(".ironbook")).map(drop).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if path.ends_with(".ironbook")), "{error:?}");
}

#[cfg(unix)]
#[test]
fn artifacts_do_not_follow_links_out() {
    let temporary = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let run = run_in(&store, "links");
    store.write_artifact(ArtifactsOf::Run(&run), "real/x", &mut &b"x"[..]).unwrap();
    let experiment = store.run(&run).unwrap().info.experiment;
    let root = temporary.path().join("artifacts").join(experiment).join(&run).join("artifacts");
    std::os::unix::fs::symlink(outside.path(), root.join("link")).unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    let refused = |result: ironbook_store::Result<()>| {
        assert!(matches!(result, Err(Error::ArtifactPath { .. })), "{result:?}");
    };
    refused(store.write_artifact(ArtifactsOf::Run(&run), "link/x", &mut &b"x"[..]));
    refused(store.read_artifact(ArtifactsOf::Run(&run), "link/secret").map(drop));
    refused(store.list_artifacts(ArtifactsOf::Run(&run), "link").map(drop));
    let paths: Vec<_> = store.list_artifacts(ArtifactsOf::Run(&run), "").unwrap().into_iter().map(|a| a.path).collect();
    assert_eq!(paths, ["real"]);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn an_artifact_that_breaks_off_leaves_the_old_one() {
    struct Breaks;
    impl std::io::Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::new(std::io::ErrorKind::StorageFull, "full"))
        }
    }
    let temporary = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let run = run_in(&store, "breaks");
    store.write_artifact(ArtifactsOf::Run(&run), "a", &mut &b"old"[..]).unwrap();
    let error =
        store.write_artifact(ArtifactsOf::Run(&run), "a", &mut std::io::Read::chain(&b"new"[..], Breaks)).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    let mut text = String::new();
    store.read_artifact(ArtifactsOf::Run(&run), "a").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "old");
    assert_eq!(fs::read_dir(temporary.path().join("tmp")).unwrap().count(), 0);
}

/// The fastest of three, since the machine may be busy with something else.
fn fastest(directory: &Path, mut work: impl FnMut(&SqliteStore, &str)) -> Duration {
    let store = SqliteStore::open(directory).unwrap();
    let times = (0..3).map(|_| {
        let run = run_in(&store, "speed");
        let started = Instant::now();
        work(&store, &run);
        started.elapsed()
    });
    times.min().unwrap()
}

#[test]
fn metrics_are_written_fast() {
    let temporary = tempfile::tempdir().unwrap();
    let batch = points(10_000);
    let one = fastest(temporary.path(), |store, run| log(store, run, &batch).unwrap());
    let single = fastest(temporary.path(), |store, run| {
        batch[..1000].chunks(1).for_each(|point| log(store, run, point).unwrap());
    });
    println!("10,000 metrics in a batch: {one:?}; 1,000 single ones: {single:?}");
    assert!(one < Duration::from_millis(100), "{one:?}");
    assert!(single < Duration::from_secs(1), "{single:?}");
}
