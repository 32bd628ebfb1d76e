//! Runs that one process begins and another goes on with.

use crate::turn;
use ironbook_track::{self as track, RunOptions, Status, Tag, WhenActive};

#[test]
fn a_run_is_gone_on_with_and_left_as_it_was() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let whole = track::start("resume", RunOptions::default().directory(folder.path())).unwrap();
    let stage = track::nested(&whole, "stage", &[Tag::new("kind", "stage")]).unwrap();
    assert_eq!(track::active().unwrap().id(), whole.id());

    let resumed = track::resume(stage.id(), folder.path()).unwrap();
    assert_eq!(track::active().unwrap().id(), stage.id());
    track::log_metric("loss", 0.5).unwrap();
    // A cell that starts a run of its own is not refused: its run is nested.
    let own = track::start("resume", RunOptions::default()).unwrap();
    assert_eq!(own.fetch().unwrap().tag("mlflow.parentRunId"), Some(stage.id()));
    let refused = track::start("resume", RunOptions::default());
    assert!(matches!(refused, Err(track::Error::AlreadyActive { .. })));
    track::leave(&resumed).unwrap();
    assert_eq!(track::active().unwrap().id(), whole.id());
    assert_eq!(own.fetch().unwrap().info.status, Status::Finished);

    let now = stage.fetch().unwrap();
    assert_eq!((now.info.status, now.metric("loss"), now.tag("kind")), (Status::Running, Some(0.5), Some("stage")));
    assert_eq!(now.tag("mlflow.parentRunId"), Some(whole.id()));
    track::end_nested(&stage, Status::Failed).unwrap();
    assert_eq!(stage.fetch().unwrap().info.status, Status::Failed);
    track::end(Status::Finished).unwrap();
}

#[test]
fn a_run_started_with_end_does_not_end_what_another_process_has_begun() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let whole = track::start("resume", RunOptions::default().directory(folder.path())).unwrap();
    let stage = track::nested(&whole, "stage", &[]).unwrap();
    let resumed = track::resume(stage.id(), folder.path()).unwrap();
    let own = track::start("resume", RunOptions::default().when_active(WhenActive::End)).unwrap();
    assert_eq!(stage.fetch().unwrap().info.status, Status::Running);
    assert_eq!(own.fetch().unwrap().tag("mlflow.parentRunId"), Some(stage.id()));
    track::leave(&resumed).unwrap();
    assert!(track::resume("0123", folder.path()).is_err());
    track::end_nested(&stage, Status::Finished).unwrap();
    track::end(Status::Finished).unwrap();
}
