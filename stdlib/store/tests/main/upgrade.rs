//! Stores of earlier versions.

use ironbook_store::store::{Artifacts, Experiments, Runs};
use ironbook_store::{ArtifactsOf, Batch, Metric, NewRun, Param, Search, SqliteStore, Status, Tag, View};
use std::fs;
use std::io::Read;

const FIRST: &str = "00000000000000000000000000000001";

#[test]
fn a_store_of_version_1_has_everything() {
    let temporary = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(temporary.path().join("track.db")).unwrap();
    database.execute_batch(include_str!("../reference/version_1.sql")).unwrap();
    drop(database);
    // Artifacts lay directly below the run's id.
    let old = temporary.path().join("artifacts").join(FIRST).join("plots");
    fs::create_dir_all(&old).unwrap();
    fs::write(old.join("roc.png"), "picture").unwrap();

    let store = SqliteStore::open(temporary.path()).unwrap();
    let churn = store.experiment("1").unwrap();
    assert_eq!((churn.name.as_str(), churn.created, churn.updated), ("churn", 2000, 2000));
    assert_eq!(churn.tags, [Tag::new("team", "x")]);
    assert_eq!(store.experiment("0").unwrap().name, "Default");
    assert!(store.experiment("2").unwrap().deleted);
    let run = store.run(FIRST).unwrap();
    assert_eq!((run.info.name.as_str(), run.info.user.as_str(), run.info.status), ("first", "ada", Status::Finished));
    assert_eq!(run.params, [Param::new("depth", 3), Param::new("model", "gbdt")]);
    assert_eq!((run.metric("auc"), run.metric("loss").map(f64::is_nan)), (Some(0.75), Some(true)));
    assert_eq!(
        store.metric_history(FIRST, "auc").unwrap(),
        [Metric::new("auc", 0.5, 5, 0), Metric::new("auc", 0.75, 6, 1)]
    );
    let found =
        |search: Search| store.search_runs(&search).unwrap().items.into_iter().map(|r| r.info.name).collect::<Vec<_>>();
    assert_eq!(found(Search::experiment("1")), ["second", "first"]);
    assert_eq!(found(Search::experiment("1").view(View::Deleted)), ["removed"]);
    assert_eq!(found(Search::experiment("1").filter("metrics.auc > 0.7 AND params.model = 'gbdt'")), ["first"]);

    let of = ArtifactsOf::Run(FIRST);
    assert!(run.info.artifact_uri.ends_with(&format!("/artifacts/{FIRST}")), "{}", run.info.artifact_uri);
    assert_eq!(store.list_artifacts(of, "plots").unwrap()[0].path, "plots/roc.png");
    let mut text = String::new();
    store.read_artifact(of, "plots/roc.png").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "picture");
    store.write_artifact(of, "more.txt", &mut &b"x"[..]).unwrap();
    assert!(temporary.path().join("artifacts").join(FIRST).join("more.txt").is_file());

    // It can be written on, and opened again.
    let new = store.create_run(&NewRun { experiment: "1".to_owned(), ..NewRun::default() }).unwrap();
    store.log_batch(&new.id, Batch { metrics: &[Metric::new("auc", 0.9, 7, 0)], ..Batch::default() }).unwrap();
    store.check().unwrap();
    drop(store);
    let store = SqliteStore::open(temporary.path()).unwrap();
    assert_eq!(store.run(&new.id).unwrap().metric("auc"), Some(0.9));
    let version: i64 = rusqlite::Connection::open(temporary.path().join("track.db"))
        .unwrap()
        .query_row("SELECT version FROM ironbook_schema", [], |r| r.get(0))
        .unwrap();
    assert_eq!(version, 2);
}
