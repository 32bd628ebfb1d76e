//! Where artifacts lie: moved projects, artifact roots, the proxy's destination, odd paths.

use crate::run_in;
use ironbook_store::store::{Artifacts, Experiments, Models, Runs, Traces};
use ironbook_store::{
    ArtifactsOf, Code, Error, NewExperiment, NewModel, NewRun, Search, SqliteOptions, SqliteStore, TraceInfo,
};
use std::fs;
use std::io::Read;
use std::path::Path;

fn text(store: &SqliteStore, of: ArtifactsOf<'_>, path: &str) -> String {
    let mut text = String::new();
    store.read_artifact(of, path).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn write(store: &SqliteStore, run: &str, path: &str, text: &str) {
    store.write_artifact(ArtifactsOf::Run(run), path, &mut text.as_bytes()).unwrap();
}

#[test]
fn a_project_can_be_moved() {
    let temporary = tempfile::tempdir().unwrap();
    let (before, after) = (temporary.path().join("before"), temporary.path().join("a fter%"));
    let store = SqliteStore::open(&before).unwrap();
    let run = run_in(&store, "moved");
    write(&store, &run, "a.txt", "kept");
    let uri = store.run(&run).unwrap().info.artifact_uri;
    let experiment = store.run(&run).unwrap().info.experiment;
    assert_eq!(uri, format!("file://{}/artifacts/{experiment}/{run}/artifacts", before.display()));
    assert!(before.join(format!("artifacts/{experiment}/{run}/artifacts/a.txt")).is_file(), "as MLflow lays it out");
    drop(store);
    fs::rename(&before, &after).unwrap();
    let store = SqliteStore::open(&after).unwrap();
    assert_eq!(text(&store, ArtifactsOf::Run(&run), "a.txt"), "kept");
    let uri = store.run(&run).unwrap().info.artifact_uri;
    assert!(uri.contains("a%20fter%25/artifacts"), "{uri}");
}

#[test]
fn a_server_serves_what_was_written_without_it() {
    let temporary = tempfile::tempdir().unwrap();
    let local = SqliteStore::open(temporary.path()).unwrap();
    let run = run_in(&local, "shared");
    write(&local, &run, "plots/a.txt", "local");
    let options = SqliteOptions { artifact_root: Some("mlflow-artifacts:/".to_owned()), ..SqliteOptions::default() };
    let server = SqliteStore::open_with(temporary.path(), options).unwrap();
    let info = server.run(&run).unwrap().info;
    assert_eq!(info.artifact_uri, format!("mlflow-artifacts:/{}/{run}/artifacts", info.experiment));
    assert_eq!(text(&server, ArtifactsOf::Run(&run), "plots/a.txt"), "local");
    let listed = server.proxied().list(&format!("{}/{run}/artifacts/plots", info.experiment)).unwrap();
    assert_eq!(listed[0].size, Some(5));
    server.proxied().write(&format!("{}/{run}/artifacts/b.txt", info.experiment), &mut &b"proxied"[..]).unwrap();
    assert_eq!(text(&local, ArtifactsOf::Run(&run), "b.txt"), "proxied");
    // Also if somebody names that directory.
    let named = SqliteOptions {
        artifact_root: Some("mlflow-artifacts:/".to_owned()),
        artifacts_destination: Some(temporary.path().join("artifacts").display().to_string()),
        ..SqliteOptions::default()
    };
    let named = SqliteStore::open_with(temporary.path(), named).unwrap();
    let later = run_in(&named, "later");
    let local_uri = local.run(&later).unwrap().info.artifact_uri;
    assert!(local_uri.starts_with("file://"), "{local_uri}");
    let new = NewModel { experiment: info.experiment.clone(), ..NewModel::default() };
    let model = server.create_model(&new).unwrap();
    assert_eq!(model.artifact_uri, format!("mlflow-artifacts:/{}/models/{}/artifacts", info.experiment, model.id));
    let trace = TraceInfo { trace_id: "tr-1".to_owned(), experiment: info.experiment.clone(), ..TraceInfo::default() };
    let place = format!("mlflow-artifacts:/{}/traces/tr-1/artifacts", info.experiment);
    let stored = server.put_trace(&trace).unwrap();
    assert!(stored.tags.contains(&("mlflow.artifactLocation".to_owned(), place)), "{:?}", stored.tags);
}

#[test]
fn artifacts_can_lie_elsewhere() {
    let temporary = tempfile::tempdir().unwrap();
    let (store, other) = (temporary.path().join("store"), temporary.path().join("other"));
    let options = SqliteOptions {
        database: Some(temporary.path().join("data/elsewhere.db")),
        artifact_root: Some("mlflow-artifacts:/".to_owned()),
        artifacts_destination: Some(other.display().to_string()),
        ..SqliteOptions::default()
    };
    let first = SqliteStore::open_with(&store, options.clone()).unwrap();
    assert!(temporary.path().join("data/elsewhere.db").is_file() && !store.join("track.db").exists());
    let run = run_in(&first, "elsewhere");
    write(&first, &run, "a.txt", "there");
    let experiment = first.run(&run).unwrap().info.experiment;
    assert!(other.join(format!("{experiment}/{run}/artifacts/a.txt")).is_file());
    drop(first);
    // Later without its root: what was fixed stays.
    let second = SqliteStore::open_with(&store, SqliteOptions { artifact_root: None, ..options }).unwrap();
    assert_eq!(text(&second, ArtifactsOf::Run(&run), "a.txt"), "there");
    // An experiment at a place of its own, as a path and as a URI.
    for (name, location) in
        [("path", other.join("own").display().to_string()), ("uri", format!("file://{}/uri", other.display()))]
    {
        let new = NewExperiment { artifact_location: Some(location.clone()), ..NewExperiment::named(name) };
        let experiment = second.create_experiment(&new).unwrap();
        let run = second.create_run(&NewRun { experiment, ..NewRun::default() }).unwrap();
        assert_eq!(run.artifact_uri, format!("{location}/{}/artifacts", run.id));
        write(&second, &run.id, "a.txt", "own");
        assert_eq!(text(&second, ArtifactsOf::Run(&run.id), "a.txt"), "own");
    }
    assert!(other.join("own").is_dir() && other.join("uri").is_dir());
}

#[test]
fn another_root_moves_nothing_that_is_there() {
    let temporary = tempfile::tempdir().unwrap();
    let (store, other) = (temporary.path().join("store"), temporary.path().join("other"));
    let local = SqliteStore::open(&store).unwrap();
    let default = local.create_run(&NewRun { experiment: "0".to_owned(), ..NewRun::default() }).unwrap().id;
    let named = run_in(&local, "named");
    for run in [&default, &named] {
        write(&local, run, "a.txt", "old");
    }
    drop(local);
    let proxy = || Some("mlflow-artifacts:/".to_owned());
    let elsewhere = || Some(other.display().to_string());
    for (artifact_root, artifacts_destination) in
        [(proxy(), elsewhere()), (elsewhere(), None), (Some("mlflow-artifacts:/sub".to_owned()), None)]
    {
        let options = SqliteOptions { artifact_root, artifacts_destination, ..SqliteOptions::default() };
        let server = SqliteStore::open_with(&store, options.clone()).unwrap();
        for run in [&default, &named] {
            assert_eq!(text(&server, ArtifactsOf::Run(run), "a.txt"), "old", "{options:?}");
            // Searching knows the same address.
            let filter = format!("attributes.artifact_uri = '{}'", server.run(run).unwrap().info.artifact_uri);
            let found = server.search_runs(&Search { filter, ..Search::all() }).unwrap();
            assert_eq!(found.items.len(), 1, "{options:?}");
        }
        write(&server, &named, "b.txt", "beside it");
        let experiment =
            NewExperiment::named(format!("new {options:?}").replace(['"', '{', '}', '(', ')', ',', '/'], ""));
        let new = NewRun { experiment: server.create_experiment(&experiment).unwrap(), ..NewRun::default() };
        let new = server.create_run(&new).unwrap();
        assert!(!new.artifact_uri.contains("/store/artifacts/"), "{}", new.artifact_uri);
    }
    let local = SqliteStore::open(&store).unwrap();
    assert_eq!(text(&local, ArtifactsOf::Run(&named), "b.txt"), "beside it");
}

#[test]
fn the_first_experiment_of_a_new_store_lies_at_its_root() {
    let temporary = tempfile::tempdir().unwrap();
    let options = SqliteOptions { artifact_root: Some("s3://bucket/root".to_owned()), ..SqliteOptions::default() };
    let store = SqliteStore::open_with(temporary.path(), options).unwrap();
    assert_eq!(store.experiment("0").unwrap().artifact_location, "s3://bucket/root/0");
}

#[test]
fn unknown_places_say_so() {
    let temporary = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let new = NewExperiment { artifact_location: Some("gopher://x/y".to_owned()), ..NewExperiment::named("gopher") };
    let experiment = store.create_experiment(&new).unwrap();
    let run = store.create_run(&NewRun { experiment, ..NewRun::default() }).unwrap().id;
    let error = store.list_artifacts(ArtifactsOf::Run(&run), "").unwrap_err();
    assert_eq!(error.code(), Code::InvalidParameterValue);
    assert!(error.to_string().contains("gopher://x/y"), "{error}");
    let long = "/x".repeat(2000);
    for bad in [
        "s3://bucket/x?y=1",
        "s3://bucket/x#y",
        "s3://bucket/../x",
        "../x",
        "/a/%2E%2e/x",
        "mlflow-artifacts:/.%2e/.%2e/x",
        "mlflow-artifacts:/a/%2e./%2e./x",
        "mlflow-artifacts:/a/%252e%252e/x",
        "mlflow-artifacts:/..%2f..%2fx",
        "mlflow-artifacts:%2e%2e/x",
        "mlflow-artifacts:/.%09./x",
        "file:///a/.%2e/x",
        " file:///etc",
        "runs:/abc",
        "a\nb",
        long.as_str(),
    ] {
        let new = NewExperiment { artifact_location: Some(bad.to_owned()), ..NewExperiment::named("bad") };
        assert_eq!(store.create_experiment(&new).unwrap_err().code(), Code::InvalidParameterValue, "{bad}");
    }
    for uri in [
        "mlflow-artifacts:/../x",
        "mlflow-artifacts:/a/../../x",
        "mlflow-artifacts://host/../x",
        "mlflow-artifacts:/.%2e/.%2e/x",
        "mlflow-artifacts:/%2e%2E/x",
        "mlflow-artifacts:/a/%252e./%252e./x",
        "mlflow-artifacts:/..%2f..%2fx",
        "mlflow-artifacts:/.\t./x",
        "mlflow-artifacts://host/.%2e/x",
    ] {
        assert!(store.repo(uri).map(drop).is_err(), "{uri}");
    }
}

#[cfg(unix)]
#[test]
fn another_file_system_is_no_obstacle() {
    use std::os::unix::fs::MetadataExt;
    let temporary = tempfile::tempdir().unwrap();
    // Most systems have one in memory; where it is the same, this is the usual way.
    let other = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let devices = [temporary.path(), other.path()].map(|path| fs::metadata(path).unwrap().dev());
    println!("devices {devices:?}");
    let store = SqliteStore::open(temporary.path()).unwrap();
    let location = Some(other.path().display().to_string());
    let experiment =
        store.create_experiment(&NewExperiment { artifact_location: location, ..NewExperiment::named("far") });
    let run = store.create_run(&NewRun { experiment: experiment.unwrap(), ..NewRun::default() }).unwrap().id;
    for content in ["one", "two"] {
        write(&store, &run, "deep/a.txt", content);
        assert_eq!(text(&store, ArtifactsOf::Run(&run), "deep/a.txt"), content);
    }
    assert_eq!((count(other.path()), count(&temporary.path().join("tmp"))), (1, 0), "nothing is left behind");
}

#[test]
fn paths_that_can_never_work_are_refused_as_such() {
    let temporary = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let run = run_in(&store, "never");
    let of = ArtifactsOf::Run(&run);
    write(&store, &run, "a", "file");
    write(&store, &run, "d/x", "file");
    let long = "n".repeat(256);
    for path in ["a/b", "a/b/c", "d", long.as_str(), &format!("d/{long}"), &format!("{long}/x")] {
        let error = store.write_artifact(of, path, &mut &b"x"[..]).unwrap_err();
        assert!(matches!(error, Error::ArtifactPath { .. }), "{path}: {error:?}");
        assert_eq!(error.code(), Code::InvalidParameterValue, "{path}");
    }
    for path in ["a/b", "a/b/c", long.as_str()] {
        assert_eq!(store.read_artifact(of, path).map(drop).unwrap_err().code(), Code::ResourceDoesNotExist, "{path}");
        assert_eq!(store.list_artifacts(of, path).unwrap(), [], "{path}");
    }
    assert_eq!(store.delete_artifact(of, "a/b").unwrap_err().code(), Code::ResourceDoesNotExist);
    assert_eq!(store.delete_artifact(of, &long).unwrap_err().code(), Code::InvalidParameterValue);
    assert_eq!((text(&store, of, "a"), text(&store, of, "d/x")), ("file".to_owned(), "file".to_owned()));
    assert_eq!(count(&temporary.path().join("tmp")), 0, "nothing is left behind");
}

#[test]
fn percent_signs_are_only_characters() {
    let temporary = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(temporary.path()).unwrap();
    let run = run_in(&store, "percent");
    // Whoever decodes twice must not get out: here nothing is decoded at all.
    for path in ["%2e%2e/x", "%2e%2e%2fx", "a/%2e%2e/%2e%2e/x", "%5c..%5cx", "%00"] {
        write(&store, &run, path, "x");
        assert_eq!(text(&store, ArtifactsOf::Run(&run), path), "x");
    }
    let info = store.run(&run).unwrap().info;
    let root = temporary.path().join("artifacts").join(&info.experiment).join(&run).join("artifacts");
    assert_eq!(count(temporary.path().join("artifacts").as_path()), 5, "all below {}", root.display());
    assert_eq!(count(&root), 5);
}

fn count(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}
