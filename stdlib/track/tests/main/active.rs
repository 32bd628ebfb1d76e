//! The active run of the process and what it records by itself.

use crate::turn;
use ironbook_track::Experiments as _;
use ironbook_track::{self as track, Error, RunHandle, RunOptions, SqliteStore, Status, WhenActive};
use std::path::Path;
use std::process::Command;

fn start(directory: &Path, options: RunOptions) -> RunHandle {
    track::start("flights", options.directory(directory)).unwrap()
}

#[test]
fn logging_without_a_run_says_what_to_do() {
    let _turn = turn();
    for error in [
        track::log_metric("auc", 0.5).unwrap_err(),
        track::log_metric_at("auc", 0.5, 3).unwrap_err(),
        track::log_metrics(&[("auc", 0.5)]).unwrap_err(),
        track::log_param("c", 1).unwrap_err(),
        track::set_tag("t", "v").unwrap_err(),
        track::log_artifact("file").unwrap_err(),
        track::end(Status::Finished).unwrap_err(),
    ] {
        assert!(matches!(error, Error::NoActiveRun { .. }), "{error:?}");
        assert!(error.to_string().contains("%track start NAME"), "{error}");
    }
    assert!(track::end(Status::Finished).unwrap_err().to_string().contains("none to end"));
}

#[test]
fn cells_log_to_the_active_run() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("notes.txt");
    std::fs::write(&file, "hello").unwrap();
    let run = start(directory.path(), RunOptions::default().name("first").tag("kind", "test").rustc("rustc 1.95.0\n"));
    assert_eq!(track::active().unwrap().id(), run.id());
    track::log_param("c", 0.1).unwrap();
    track::log_metric("auc", 0.75_f32).unwrap();
    track::log_metrics(&[("auc", 0.8), ("loss", f64::NAN), ("auc", 0.85)]).unwrap();
    track::log_metric_at("auc", 0.9, 10_usize).unwrap();
    track::log_metric("auc", 0.95).unwrap();
    track::set_tag("kind", "final").unwrap();
    track::log_artifact(&file).unwrap();
    run.log_bytes("model/weights.json", "[1]").unwrap();
    assert!(track::log_metric_at("auc", 0.9, u64::MAX).is_err());
    track::end(Status::Finished).unwrap();
    assert!(track::active().is_none());
    let found = run.fetch().unwrap();
    assert_eq!((found.info.name.as_str(), found.info.status), ("first", Status::Finished));
    assert!(found.info.end >= Some(found.info.start));
    assert_eq!(
        (found.param("c"), found.tag("kind"), found.tag("ironbook.rustc")),
        (Some("0.1"), Some("final"), Some("rustc 1.95.0"))
    );
    let steps: Vec<_> = run.store().metric_history(run.id(), "auc").unwrap().iter().map(|m| m.step).collect();
    assert_eq!(steps, [0, 1, 2, 10, 11], "without a step it counts up");
    assert_eq!(found.metric("auc"), Some(0.95));
    let artifacts: Vec<_> = run.view().unwrap().artifacts.into_iter().map(|a| a.path).collect();
    assert_eq!(artifacts, ["model/weights.json", "notes.txt"]);
    assert_eq!(track::show().unwrap().run.info.id, run.id(), "the run that ended last");
    assert_eq!(track::view(&run.id()[..8]).unwrap().run.info.id, run.id());
    assert_eq!(track::runs("flights").unwrap().runs.len(), 1);
    assert!(matches!(track::runs("absent"), Err(Error::NotFound { .. })));
}

#[test]
fn a_second_run_is_refused_nested_or_ends_the_first() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let outer = start(directory.path(), RunOptions::default().name("outer"));
    let again = track::start("flights", RunOptions::default().directory(directory.path()));
    assert!(matches!(again, Err(Error::AlreadyActive { name }) if name == "outer"));
    let inner = start(directory.path(), RunOptions::default().when_active(WhenActive::Nest));
    assert_eq!(inner.fetch().unwrap().parent(), Some(outer.id()));
    assert_eq!(inner.store().location(), outer.store().location());
    track::end(Status::Failed).unwrap();
    assert_eq!(track::active().unwrap().id(), outer.id());
    let next = start(directory.path(), RunOptions::default().when_active(WhenActive::End));
    assert_eq!(outer.fetch().unwrap().info.status, Status::Finished);
    assert_eq!(inner.fetch().unwrap().info.status, Status::Failed);
    start(directory.path(), RunOptions::default().when_active(WhenActive::Nest));
    assert_eq!(track::end_all(Status::Killed).unwrap(), 2);
    assert!(track::active().is_none());
    assert_eq!(next.fetch().unwrap().info.status, Status::Killed);
}

#[test]
fn a_run_records_its_surroundings() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]);
        let done = command.args(arguments).current_dir(directory.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "-q", "-b", "topic"]);
    std::fs::write(directory.path().join("Cargo.lock"), "abc").unwrap();
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    let tags = |run: &RunHandle| {
        let found = run.fetch().unwrap();
        run.end(Status::Finished).unwrap();
        let keys = [
            "mlflow.source.git.commit",
            "mlflow.source.git.branch",
            "ironbook.git.dirty",
            "ironbook.cargo_lock.blake3",
        ];
        keys.map(|key| found.tag(key).map(str::to_owned).unwrap())
    };
    let commit = git(&["rev-parse", "HEAD"]);
    let hash = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"; // BLAKE3 of "abc", from its reference
    let clean = tags(&start(directory.path(), RunOptions::default()));
    assert_eq!(clean, [commit.as_str(), "topic", "false", hash]);
    let second = tags(&start(directory.path(), RunOptions::default()));
    assert_eq!(second[2], "false", "the store itself does not make the project dirty");
    std::fs::write(directory.path().join("Cargo.lock"), "abcd").unwrap();
    let dirty = tags(&start(directory.path(), RunOptions::default()));
    assert_eq!(dirty[2], "true");
    assert_ne!(dirty[3], hash);
}

#[test]
fn a_run_outlives_a_handle_and_a_store_that_cannot_be_opened_is_an_error() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    drop(start(directory.path(), RunOptions::default()));
    track::log_metric("m", 1.0).unwrap();
    track::end(Status::Finished).unwrap();
    let store = SqliteStore::open(&directory.path().join(".ironbook")).unwrap();
    assert_eq!(store.experiment_by_name("flights").unwrap().map(|e| e.name).as_deref(), Some("flights"));
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(track::start("x", RunOptions::default().directory(&file)).is_err());
    assert!(track::active().is_none(), "a start that failed leaves no active run");
}
