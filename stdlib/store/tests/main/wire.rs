//! Against servers that answer badly.

use crate::support::fake::{Fake, Reply, Request};
use ironbook_store::store::{Artifacts, Experiments, Models, Runs};
use ironbook_store::{
    Batch, ClientOptions, Code, Error, Metric, MlflowStore, NewExperiment, NewModel, NewRun, Store, client,
};
use serde_json::json;
use std::time::{Duration, Instant};

fn quick() -> ClientOptions {
    let timeout = Duration::from_millis(500);
    ClientOptions { timeout, max_retries: 3, backoff_factor: 0.01, backoff_jitter: 0.01, ..ClientOptions::default() }
}

fn open(fake: &Fake) -> MlflowStore {
    MlflowStore::open(&fake.uri, quick()).unwrap()
}

fn run() -> Reply {
    Reply::Json(200, json!({"run": {"info": {"run_id": "r", "artifact_uri": "mlflow-artifacts:/0/r/artifacts"}}}))
}

fn busy() -> Reply {
    Reply::error(503, "TEMPORARILY_UNAVAILABLE")
}

fn broken() -> Reply {
    Reply::error(500, "INTERNAL_ERROR")
}

fn new_run() -> NewRun {
    NewRun { experiment: "0".into(), ..NewRun::default() }
}

#[test]
fn what_may_be_repeated_is_repeated() {
    for trouble in [busy, broken, || Reply::Close, || Reply::Cut, || Reply::Hang] {
        let fake = Fake::script(vec![trouble, trouble, run]);
        assert_eq!(open(&fake).run("r").unwrap().info.id, "r");
        assert_eq!(fake.seen().len(), 3);
    }
    let fake = Fake::script(vec![busy, || Reply::Json(200, json!({}))]);
    open(&fake).log_batch("r", Batch { metrics: &[Metric::new("m", 1.0, 0, 0)], ..Batch::default() }).unwrap();
    assert_eq!(fake.seen().len(), 2);
}

#[test]
fn attempts_end() {
    let fake = Fake::script(vec![broken]);
    assert_eq!(open(&fake).run("r").unwrap_err().code(), Code::InternalError);
    assert_eq!(fake.seen().len(), 4, "one and three repeats");
    let fake = Fake::script(vec![|| Reply::error(400, "INVALID_PARAMETER_VALUE")]);
    assert_eq!(open(&fake).run("r").unwrap_err().code(), Code::InvalidParameterValue);
    assert_eq!(fake.seen().len(), 1, "what is wrong stays wrong");
}

#[test]
fn a_creation_is_not_sent_twice_when_it_may_have_happened() {
    for trouble in [broken, || Reply::error(504, "x"), || Reply::Close, || Reply::Cut, || Reply::Hang] {
        let fake = Fake::script(vec![trouble, run]);
        assert!(open(&fake).create_run(&new_run()).is_err());
        assert_eq!(fake.seen().len(), 1);
    }
    for refusal in [busy, || Reply::error(429, "REQUEST_LIMIT_EXCEEDED")] {
        let fake = Fake::script(vec![refusal, run]);
        open(&fake).create_run(&new_run()).unwrap();
        assert_eq!(fake.seen().len(), 2);
    }
}

#[test]
fn retry_after_is_honoured() {
    let fake = Fake::script(vec![|| Reply::Raw(429, "Retry-After: 1\r\n".into(), Vec::new()), run]);
    let start = Instant::now();
    open(&fake).run("r").unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_server_that_is_not_there_is_said() {
    let uri = format!("http://ann:s3cret@127.0.0.1:{}", crate::support::free_port());
    let store = MlflowStore::open(&uri, quick()).unwrap();
    let error = store.run("r").unwrap_err();
    let all = format!("{error} {error:?} {store:?} {}", store.location());
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(!all.contains("s3cret") && !all.contains("ann"), "{all}");
}

#[test]
fn answers_that_make_no_sense_are_errors() {
    for nonsense in [
        || Reply::Raw(200, String::new(), b"<html>sign in</html>".to_vec()),
        || Reply::Raw(200, String::new(), b"[1, 2".to_vec()),
        || Reply::Raw(200, String::new(), vec![0xff; 1000]),
        || Reply::Raw(200, String::new(), Vec::new()),
        || Reply::Json(200, json!([])),
        || Reply::Json(200, json!({"run": 5})),
        || Reply::Json(200, json!({"run": {"info": null}})),
    ] {
        let fake = Fake::script(vec![nonsense]);
        // Never a panic; what can be read of it is a run without anything.
        match open(&fake).run("r") {
            Ok(run) => assert!(run.info.id.is_empty()),
            Err(error) => assert_eq!(error.code(), Code::InternalError, "{error}"),
        }
        assert!(open(&fake).create_run(&new_run()).map_or(true, |info| info.id.is_empty()));
    }
}

#[test]
fn a_huge_answer_does_not_fill_the_memory() {
    let fake = Fake::script(vec![|| Reply::Huge(1 << 40)]);
    let error = open(&fake).run("r").unwrap_err();
    assert!(error.to_string().contains("256 MiB"), "{error}");
}

#[test]
fn credentials_are_sent_and_never_shown() {
    let fake = Fake::script(vec![|| Reply::error(401, "UNAUTHENTICATED")]);
    let token = ClientOptions { credentials: client::Credentials::Token(client::Secret::new("t0ken")), ..quick() };
    let store = MlflowStore::open(&fake.uri, token.clone()).unwrap();
    let error = store.run("r").unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert!(!format!("{error} {error:?} {store:?}").contains("t0ken"));
    assert!(error.to_string().contains("MLFLOW_TRACKING_TOKEN"), "{error}");
    let with = fake.uri.replace("http://", "http://ann:p%40ss@");
    MlflowStore::open(&with, token).unwrap().run("r").unwrap_err();
    let sent: Vec<_> = fake.seen().iter().map(|r| r.header("authorization").unwrap_or_default().to_owned()).collect();
    assert_eq!(sent, ["Bearer t0ken", "Basic YW5uOnBAc3M="]);
}

#[test]
fn an_old_server_is_unsupported() {
    let page = || Reply::Raw(404, String::new(), b"<html><h1>Not Found</h1></html>".to_vec());
    let fake = Fake::script(vec![page]);
    let new = NewModel { experiment: "0".into(), ..NewModel::default() };
    let error = open(&fake).create_model(&new).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }) && error.to_string().contains("MLflow 3"), "{error}");
    assert_eq!(open(&fake).run("r").unwrap_err().code(), Code::EndpointNotFound);
}

#[test]
fn wrong_names_are_refused_before_anything_is_sent() {
    let fake = Fake::script(vec![run]);
    let store = open(&fake);
    let wrong = Metric::new("../x", 1.0, 0, 0);
    assert!(store.log_batch("r", Batch { metrics: &[wrong], ..Batch::default() }).is_err());
    assert!(store.create_experiment(&NewExperiment::named(" ")).is_err());
    assert!(store.run("a/b").is_err());
    assert!(store.model("../../x").is_err());
    assert!(fake.seen().is_empty());
}

#[test]
fn a_redirect_is_not_followed() {
    let fake = Fake::script(vec![|| Reply::Raw(302, "Location: http://127.0.0.1:9/x\r\n".into(), Vec::new())]);
    let error = open(&fake).create_run(&new_run()).unwrap_err();
    assert!(error.to_string().contains("http://127.0.0.1:9/x"), "{error}");
}

#[test]
fn a_listing_cannot_lead_out_of_the_directory() {
    let answer = |request: &Request| match request.path.starts_with("/api/2.0/mlflow-artifacts") {
        true => Reply::Json(200, json!({"files": [{"path": "..", "is_dir": false, "file_size": 1}]})),
        false => run(),
    };
    let fake = Fake::start(answer);
    let directory = tempfile::tempdir().unwrap();
    let of = ironbook_store::ArtifactsOf::Run("r");
    let error = open(&fake).fetch_artifact(of, "", &directory.path().join("copy")).unwrap_err();
    assert_eq!(error.code(), Code::InvalidParameterValue, "{error}");
}

#[test]
fn calls_work_inside_of_a_runtime_and_from_many_threads() {
    let fake = Fake::script(vec![run]);
    let store = open(&fake);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { assert_eq!(store.run("r").unwrap().info.id, "r") });
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| (0..20).for_each(|_| drop(store.run("r").unwrap())));
        }
    });
    assert_eq!(fake.seen().len(), 321);
}
