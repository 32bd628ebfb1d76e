//! The spool: nothing is lost, nothing comes twice, and what was written is seen.

use crate::support::mini::{Fault, Mini};
use ironbook_store::spool::{SpoolOptions, sync_project};
use ironbook_store::store::{Artifacts, Experiments, Registry, Runs};
use ironbook_store::{
    ArtifactsOf, Batch, ClientOptions, Code, Metric, MlflowStore, ModelOutput, NewExperiment, NewRun, NewVersion,
    Param, RunUpdate, SpooledStore, Status, Store, Tag,
};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub const LONG: Duration = Duration::from_secs(60);

pub fn client(uri: &str) -> Arc<dyn Store> {
    let timeout = Duration::from_secs(2);
    Arc::new(MlflowStore::open(uri, ClientOptions { timeout, max_retries: 0, ..ClientOptions::default() }).unwrap())
}

pub fn open(uri: &str, directory: &Path) -> SpooledStore {
    SpooledStore::open(client(uri), directory).unwrap()
}

pub fn named(name: &str) -> NewRun {
    NewRun { experiment: "0".into(), name: Some(name.into()), ..NewRun::default() }
}

fn log(store: &dyn Store, run: &str, key: &str, steps: std::ops::Range<i64>) {
    for step in steps {
        let metrics = [Metric::new(key, step as f64, step, step)];
        store.log_batch(run, Batch { metrics: &metrics, ..Batch::default() }).unwrap();
    }
}

fn steps(points: &[(String, String, i64, i64)], key: &str) -> Vec<i64> {
    points.iter().filter(|p| p.0 == key).map(|p| p.3).collect()
}

fn arrived(store: &SpooledStore) {
    let report = store.sync(LONG).unwrap();
    assert_eq!((report.waiting, report.refused), (0, 0), "{report:?} {:?}", store.status().unwrap());
}

#[test]
fn with_the_server_there_a_run_has_its_id_at_once() {
    let (mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    let store = open(&mini.uri(), directory.path());
    let info = store.create_run(&named("there")).unwrap();
    assert!(mini.data.lock().unwrap().runs.contains_key(&info.id), "{info:?}");
    log(&store, &info.id, "m", 0..500);
    arrived(&store);
    let run = mini.run_named("there");
    assert_eq!(steps(&run.points, "m"), (0..500).collect::<Vec<_>>());
    assert!(mini.data.lock().unwrap().calls < 200, "neighbours go together");
    store.flush().unwrap();
}

#[test]
fn with_the_server_away_everything_waits_and_is_seen() {
    let (mut mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    mini.down();
    let store = open(&mini.uri(), directory.path());
    let parent = store.create_run(&named("parent")).unwrap();
    let new = NewRun { tags: vec![Tag::new("mlflow.parentRunId", &parent.id)], ..named("child") };
    let run = store.create_run(&new).unwrap().id;
    assert!(run.len() == 32 && run.bytes().all(|b| b.is_ascii_hexdigit()));
    log(&store, &run, "m", 0..10);
    let batch = Batch { params: &[Param::new("p", 1)], tags: &[Tag::new("t", 1), Tag::new("gone", 1)], metrics: &[] };
    store.log_batch(&run, batch).unwrap();
    store.log_batch(&run, Batch { metrics: &[Metric::new("n", f64::NAN, 0, 0)], ..Batch::default() }).unwrap();
    store.delete_tag(&run, "gone").unwrap();
    let of = ArtifactsOf::Run(&run);
    store.write_artifact(of, "a/b.txt", &mut &b"old"[..]).unwrap();
    store.write_artifact(of, "a/b.txt", &mut &b"text"[..]).unwrap();
    let update = RunUpdate { status: Some(Status::Finished), end: Some(9), name: None };
    assert_eq!(store.update_run(&run, &update).unwrap().status, Status::Finished);
    let seen = store.run(&run).unwrap();
    assert_eq!((seen.info.id.as_str(), seen.info.name.as_str(), seen.info.end), (run.as_str(), "child", Some(9)));
    assert_eq!(
        (seen.metric("m"), seen.param("p"), seen.tag("t"), seen.tag("gone")),
        (Some(9.0), Some("1"), Some("1"), None)
    );
    assert_eq!(seen.parent(), Some(parent.id.as_str()));
    assert_eq!(store.metric_history(&run, "m").unwrap().len(), 10);
    let page = store.metric_history_page(&run, "m", 6, None).unwrap();
    assert_eq!(store.metric_history_page(&run, "m", 6, page.next.as_deref()).unwrap().items.len(), 4);
    let mut text = String::new();
    store.read_artifact(of, "a/b.txt").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), store.list_artifacts(of, "a").unwrap()[0].size), ("text", Some(4)));
    let status = store.status().unwrap();
    assert!(status.waiting > 10 && status.last_error.is_some() && status.oldest.is_some(), "{status:?}");
    assert!(store.flush().is_err());
    mini.up();
    arrived(&store);
    assert_eq!(store.metric_history(&run, "m").unwrap().len(), 10);
    mini.down();
    assert!(store.metric_history(&run, "m").is_err(), "a part is not given for the whole");
    assert_eq!(store.run(&run).unwrap().info.name, "child", "what it is, is known");
    mini.up();
    store.sync(Duration::ZERO).unwrap();
    let (there, above) = (mini.run_named("child"), mini.run_named("parent"));
    assert_eq!(steps(&there.points, "m"), (0..10).collect::<Vec<_>>());
    assert_eq!(there.points.last().unwrap().1, "\"NaN\"");
    assert_eq!((there.info["status"].as_str(), there.tags.contains_key("gone")), (Some("FINISHED"), false));
    assert_eq!(there.tags["mlflow.parentRunId"], above.info["run_id"].as_str().unwrap(), "with the server's id");
    assert_eq!(there.artifacts["a/b.txt"], b"text");
    // The id from here stays good, also in another process.
    log(&open(&mini.uri(), directory.path()), &run, "m", 10..20);
    arrived(&store);
    assert_eq!(steps(&mini.run_named("child").points, "m"), (0..20).collect::<Vec<_>>());
    let files = std::fs::read_dir(directory.path()).unwrap().flatten().find(|e| e.path().is_dir()).unwrap();
    assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 0, "copies of artifacts are removed");
}

#[test]
fn a_server_that_fails_half_of_the_time_gets_everything_once() {
    let (mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    let mut count = 0_u64;
    mini.fail(move |_| {
        count += 1;
        // Mixed well enough, and the same each time.
        let mixed = count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        match mixed % 10 {
            0 => Fault::Before(503),
            1 => Fault::After(500),
            2 => Fault::CloseBefore,
            3 => Fault::CloseAfter,
            4 => Fault::Before(429),
            _ => Fault::None,
        }
    });
    let store = open(&mini.uri(), directory.path());
    let runs: Vec<_> = (0..4).map(|i| store.create_run(&named(&format!("run {i}"))).unwrap().id).collect();
    std::thread::scope(|scope| {
        for run in &runs {
            scope.spawn(|| log(&store, run, "m", 0..300));
        }
    });
    for run in &runs {
        store.log_outputs(run, &[ModelOutput { model_id: "m-1".into(), step: 1 }]).unwrap();
        store.write_artifact(ArtifactsOf::Run(run), "x", &mut &b"same"[..]).unwrap();
        store.update_run(run, &RunUpdate { status: Some(Status::Finished), ..RunUpdate::default() }).unwrap();
    }
    let new = NewVersion { name: "net".into(), source: format!("runs:/{}/x", runs[0]), ..NewVersion::default() };
    for _ in 0..3 {
        store.create_version(&new).unwrap();
    }
    arrived(&store);
    for i in 0..4 {
        let run = mini.run_named(&format!("run {i}"));
        assert_eq!(steps(&run.points, "m"), (0..300).collect::<Vec<_>>(), "each once, in order");
        assert_eq!((run.outputs.len(), run.info["status"].as_str()), (1, Some("FINISHED")));
        assert_eq!(run.artifacts["x"], b"same");
    }
    let data = mini.data.lock().unwrap();
    assert_eq!((data.runs.len(), data.versions.len()), (4, 3));
    let source = data.versions[0]["source"].as_str().unwrap();
    let id = source.strip_prefix("runs:/").unwrap().strip_suffix("/x").unwrap();
    assert!(data.runs.contains_key(id), "{source}");
}

#[test]
fn what_is_refused_is_kept_and_holds_up_nothing() {
    let (mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    let store = open(&mini.uri(), directory.path());
    let run = store.create_run(&named("refused")).unwrap().id;
    let param = |value: i32| store.log_batch(&run, Batch { params: &[Param::new("p", value)], ..Batch::default() });
    param(1).unwrap();
    log(&store, &run, "m", 0..5);
    param(2).unwrap();
    log(&store, &run, "m", 5..10);
    let report = store.sync(LONG).unwrap();
    assert_eq!((report.waiting, report.refused), (0, 1));
    assert_eq!(steps(&mini.run_named("refused").points, "m"), (0..10).collect::<Vec<_>>());
    let refused = store.status().unwrap().refused;
    assert!(refused[0].what.contains("`p`") && !refused[0].reason.is_empty(), "{refused:?}");
    // It outlives the process, can be tried again, and forgotten.
    drop(store);
    let store = open(&mini.uri(), directory.path());
    assert_eq!(store.retry_refused().unwrap(), 1);
    assert_eq!(store.sync(LONG).unwrap().refused, 1);
    assert_eq!(store.drop_refused().unwrap(), 1);
    assert_eq!(store.status().unwrap().refused_count, 0);
    // What depends on a creation that was refused is refused with it.
    let lost = store.create_run(&NewRun { experiment: "77".into(), ..NewRun::default() });
    assert_eq!(lost.unwrap_err().code(), Code::InvalidParameterValue);
}

#[test]
fn a_wrong_token_loses_nothing() {
    let (mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    mini.fail(|_| Fault::Before(401));
    let store = open(&mini.uri(), directory.path());
    let run = store.create_run(&named("token")).unwrap().id;
    log(&store, &run, "m", 0..5);
    let report = store.sync(Duration::from_millis(300)).unwrap();
    assert!(report.refused == 0 && report.waiting > 0 && report.error.is_some(), "{report:?}");
    mini.fail(|_| Fault::None);
    arrived(&store);
    assert_eq!(steps(&mini.run_named("token").points, "m").len(), 5);
}

#[test]
fn experiments_may_be_made_and_known_without_the_server() {
    let (mut mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    let store = open(&mini.uri(), directory.path());
    assert_eq!(store.experiment_by_name("Default").unwrap().unwrap().id, "0");
    assert_eq!(
        store.create_experiment(&NewExperiment::named("Default")).unwrap_err().code(),
        Code::ResourceAlreadyExists
    );
    mini.down();
    assert_eq!(store.experiment_by_name("Default").unwrap().unwrap().id, "0", "it is remembered");
    let id = store.create_experiment(&NewExperiment::named("new")).unwrap();
    assert_eq!(store.experiment_by_name("new").unwrap().unwrap().id, id);
    let run = store.create_run(&NewRun { experiment: id, ..named("in new") }).unwrap().id;
    log(&store, &run, "m", 0..3);
    mini.up();
    // Somebody else was faster.
    mini.data.lock().unwrap().experiments.push(("1".into(), "new".into()));
    arrived(&store);
    assert_eq!(mini.run_named("in new").experiment, "1");
}

#[test]
fn a_full_disk_accepts_nothing() {
    let (mut mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    mini.down();
    let options = SpoolOptions { max_bytes: Some(400 << 10), ..SpoolOptions::default() };
    let store = SpooledStore::open_with(client(&mini.uri()), directory.path(), options).unwrap();
    let run = store.create_run(&named("full")).unwrap().id;
    let batch: Vec<_> = (0..100).map(|i| Metric::new(format!("some long name {i}"), 1.0, 0, 0)).collect();
    let mut accepted = 0;
    let error = loop {
        let metrics: Vec<_> = batch.iter().map(|m| Metric { step: accepted, ..m.clone() }).collect();
        match store.log_batch(&run, Batch { metrics: &metrics, ..Batch::default() }) {
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("full") && error.to_string().contains("nothing was written"), "{error}");
    mini.up();
    arrived(&store);
    assert_eq!(mini.run_named("full").points.len() as i64, accepted * 100, "what was accepted, and nothing else");
}

#[test]
fn all_spools_of_a_project_are_sent_without_their_stores() {
    let (mut one, mut other, directory) = (Mini::start(), Mini::start(), tempfile::tempdir().unwrap());
    for mini in [&mut one, &mut other] {
        mini.down();
        let store = open(&mini.uri(), directory.path());
        let run = store.create_run(&named("later")).unwrap().id;
        log(&store, &run, "m", 0..5);
        mini.up();
        drop(store);
    }
    let synced = sync_project(directory.path(), LONG, &|uri| Ok(client(uri))).unwrap();
    assert_eq!(synced.len(), 2);
    assert!(synced.iter().all(|s| s.report.as_ref().is_ok_and(|r| r.waiting == 0)), "{synced:?}");
    for mini in [one, other] {
        assert_eq!(steps(&mini.run_named("later").points, "m").len(), 5);
    }
}

#[test]
fn secrets_do_not_reach_the_spool() {
    let (mut mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    mini.down();
    let uri = mini.uri().replace("http://", "http://ann:s3cret@");
    let store = open(&uri, directory.path());
    store.create_run(&named("secret")).unwrap();
    assert_eq!(store.status().unwrap().destination, mini.uri());
    assert!(!format!("{store:?} {:?}", store.status().unwrap()).contains("s3cret"));
    for entry in std::fs::read_dir(directory.path()).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        assert!(!bytes.windows(6).any(|w| w == b"s3cret"), "{:?}", entry.path());
    }
}
