//! What every store must do: each case runs on each store of [`STORES`]. A case makes experiments of its own, so that
//! a store may be shared by all cases.

use crate::run_in;
use ironbook_track::{Batch, Code, Metric, NewRun, Param, Result, RunUpdate, Search, SqliteStore, Status, Store, Tag};
use std::any::Any;
use std::fmt::Debug;
use std::io::Read;

/// A store, and what must live as long as it does.
type Fixture = (Box<dyn Store>, Box<dyn Any>);

/// Makes a store.
type Make = fn() -> Fixture;

/// Panics if the store does not behave.
type Case = fn(&dyn Store);

/// Every implementation.
static STORES: &[(&str, Make)] = &[("sqlite", sqlite)];

/// Every case.
static CASES: &[(&str, Case)] = &[
    ("experiments have unique names", experiments),
    ("a run goes from start to end", life_of_a_run),
    ("unknown ids are not found", unknown_ids),
    ("params are fixed", params_are_fixed),
    ("long values are cut", long_values_are_cut),
    ("names follow MLflow", names),
    ("metrics keep all values", metric_values),
    ("the latest metric has the greatest step", latest_metrics),
    ("a point is written once", points_are_written_once),
    ("a batch is written whole or not at all", batches_are_atomic),
    ("tags change", tags_change),
    ("runs are found newest first, page by page", search_and_pages),
    ("deleted runs come back", deleted_runs),
    ("artifacts are kept", artifacts),
    ("artifact paths stay inside", artifact_paths),
    ("threads share a store", threads),
];

fn sqlite() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    (Box::new(SqliteStore::open(&directory.path().join(".ironbook")).unwrap()), Box::new(directory))
}

#[test]
fn every_store_passes_every_case() {
    for (store, make) in STORES {
        for (case, run) in CASES {
            println!("{store}: {case}");
            let (store, _keep) = make();
            run(&*store);
        }
    }
}

fn check_code<T: Debug>(result: Result<T>, code: Code) {
    let error = result.expect_err("an error");
    assert_eq!(error.code(), code, "{error}");
}

fn log_params(store: &dyn Store, run: &str, params: &[Param]) -> Result<()> {
    store.log_batch(run, Batch { params, ..Batch::default() })
}

fn log_metrics(store: &dyn Store, run: &str, metrics: &[Metric]) -> Result<()> {
    store.log_batch(run, Batch { metrics, ..Batch::default() })
}

fn point(key: &str, value: f64, timestamp: i64, step: i64) -> Metric {
    Metric { key: key.to_owned(), value, timestamp, step }
}

fn experiments(store: &dyn Store) {
    let id = store.create_experiment("experiments", &[Tag::new("team", "a")]).unwrap();
    check_code(store.create_experiment("experiments", &[]), Code::ResourceAlreadyExists);
    let found = store.experiment_by_name("experiments").unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.tags[0].value.as_str()), (id.as_str(), "a"));
    assert_eq!(store.experiment(&id).unwrap(), found);
    assert!(store.experiments().unwrap().contains(&found));
    assert_eq!(store.experiment_by_name("EXPERIMENTS").unwrap(), None, "names tell cases apart");
    assert_eq!(store.experiment("0").unwrap().name, "Default");
    check_code(store.create_experiment("  ", &[]), Code::InvalidParameterValue);
    check_code(store.create_experiment(&"x".repeat(501), &[]), Code::InvalidParameterValue);
}

fn life_of_a_run(store: &dyn Store) {
    let experiment = store.create_experiment("life", &[]).unwrap();
    let new = NewRun {
        experiment: experiment.clone(),
        name: Some("first".to_owned()),
        start: Some(1_000),
        tags: vec![Tag::new("a", "b")],
    };
    let info = store.create_run(&new).unwrap();
    assert!(info.id.len() == 32 && info.id.bytes().all(|b| b.is_ascii_hexdigit()), "{}", info.id);
    assert_eq!(
        (info.status, info.start, info.end, info.experiment.as_str()),
        (Status::Running, 1_000, None, &*experiment)
    );
    let update = RunUpdate { status: Some(Status::Finished), end: Some(2_000), name: Some("renamed".to_owned()) };
    store.update_run(&info.id, &update).unwrap();
    let run = store.run(&info.id).unwrap();
    assert_eq!((run.info.status, run.info.end, run.info.name.as_str()), (Status::Finished, Some(2_000), "renamed"));
    assert_eq!((run.tag("a"), run.tag("mlflow.runName")), (Some("b"), Some("renamed")));
    // What was logged late still counts.
    log_metrics(store, &info.id, &[point("late", 1.0, 3_000, 0)]).unwrap();
    let unnamed = store.create_run(&NewRun { experiment, ..NewRun::default() }).unwrap();
    assert!(!unnamed.name.is_empty() && unnamed.id != info.id);
}

fn unknown_ids(store: &dyn Store) {
    for id in ["0123456789abcdef0123456789abcdef", "", "../../etc", "x", "' OR 1=1 --"] {
        check_code(store.run(id), Code::ResourceDoesNotExist);
        check_code(log_metrics(store, id, &[point("m", 1.0, 0, 0)]), Code::ResourceDoesNotExist);
        check_code(store.metric_history(id, "m"), Code::ResourceDoesNotExist);
        check_code(store.list_artifacts(id, ""), Code::ResourceDoesNotExist);
        check_code(store.write_artifact(id, "a", &mut &b"x"[..]), Code::ResourceDoesNotExist);
        check_code(store.update_run(id, &RunUpdate::default()), Code::ResourceDoesNotExist);
        check_code(store.delete_run(id), Code::ResourceDoesNotExist);
    }
    check_code(store.experiment("999999"), Code::ResourceDoesNotExist);
    check_code(
        store.create_run(&NewRun { experiment: "x".to_owned(), ..NewRun::default() }),
        Code::ResourceDoesNotExist,
    );
}

fn params_are_fixed(store: &dyn Store) {
    let run = run_in(store, "params");
    log_params(store, &run, &[Param::new("c", 1.5), Param::new("text", "ü 'x'; DROP TABLE runs")]).unwrap();
    log_params(store, &run, &[Param::new("c", 1.5)]).unwrap();
    check_code(log_params(store, &run, &[Param::new("c", 2)]), Code::InvalidParameterValue);
    check_code(log_params(store, &run, &[Param::new("d", 1), Param::new("d", 1)]), Code::InvalidParameterValue);
    let found = store.run(&run).unwrap();
    assert_eq!((found.param("c"), found.param("text")), (Some("1.5"), Some("ü 'x'; DROP TABLE runs")));
    assert_eq!(found.params.len(), 2);
}

fn long_values_are_cut(store: &dyn Store) {
    let run = run_in(store, "long");
    let long = "ä".repeat(9_000);
    log_params(store, &run, &[Param::new("p", &long)]).unwrap();
    log_params(store, &run, &[Param::new("p", &long)]).unwrap();
    store.log_batch(&run, Batch { tags: &[Tag::new("t", &long)], ..Batch::default() }).unwrap();
    let found = store.run(&run).unwrap();
    assert_eq!(found.param("p").unwrap().chars().count(), 6_000);
    assert_eq!(found.tag("t").unwrap().chars().count(), 8_000);
    check_code(log_params(store, &run, &[Param::new("k".repeat(251), 1)]), Code::InvalidParameterValue);
}

fn names(store: &dyn Store) {
    let run = run_in(store, "names");
    let good = ["auc", "val/auc", "a b", "x.y-z_1:2", "größe"];
    let points: Vec<_> = good.iter().map(|key| point(key, 1.0, 0, 0)).collect();
    log_metrics(store, &run, &points).unwrap();
    assert_eq!(store.run(&run).unwrap().metrics.len(), good.len());
    for bad in ["", "/a", "a//b", "../a", "a/./b", "a$", "a\nb", "a\u{0}b"] {
        check_code(log_metrics(store, &run, &[point(bad, 1.0, 0, 0)]), Code::InvalidParameterValue);
        check_code(log_params(store, &run, &[Param::new(bad, 1)]), Code::InvalidParameterValue);
        let tags = &[Tag::new(bad, 1)];
        check_code(store.log_batch(&run, Batch { tags, ..Batch::default() }), Code::InvalidParameterValue);
    }
    check_code(log_metrics(store, &run, &[point("a", 1.0, -1, 0)]), Code::InvalidParameterValue);
}

fn metric_values(store: &dyn Store) {
    let run = run_in(store, "values");
    let values = [0.1 + 0.2, -1e-308, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let points: Vec<_> = values.iter().zip(0..).map(|(v, step)| point("m", *v, 1_000 + step, step)).collect();
    log_metrics(store, &run, &points).unwrap();
    let history = store.metric_history(&run, "m").unwrap();
    assert_eq!(history.len(), values.len());
    for (found, logged) in history.iter().zip(&points) {
        assert_eq!((found.step, found.timestamp), (logged.step, logged.timestamp));
        // MLflow's own stores turn the infinities into the largest numbers.
        let huge = logged.value.is_infinite() && found.value.abs() >= 1.797e308;
        let same = found.value.to_bits() == logged.value.to_bits() || found.value.is_nan() && logged.value.is_nan();
        assert!(same || huge && found.value.signum() == logged.value.signum(), "{found:?} {logged:?}");
    }
    assert_eq!(store.metric_history(&run, "never").unwrap(), Vec::new());
    log_metrics(store, &run, &[point("n", f64::NAN, 0, 0)]).unwrap();
    assert!(store.run(&run).unwrap().metric("n").unwrap().is_nan());
}

fn latest_metrics(store: &dyn Store) {
    let run = run_in(store, "latest");
    log_metrics(store, &run, &[point("m", 5.0, 100, 2), point("m", 1.0, 300, 1)]).unwrap();
    assert_eq!(store.run(&run).unwrap().metric("m"), Some(5.0), "the step counts before the time");
    log_metrics(store, &run, &[point("m", 4.0, 50, 2)]).unwrap();
    assert_eq!(store.run(&run).unwrap().metric("m"), Some(5.0), "then the time");
    log_metrics(store, &run, &[point("m", 6.0, 100, 2), point("m", 3.0, 100, 2)]).unwrap();
    assert_eq!(store.run(&run).unwrap().metric("m"), Some(6.0), "then the value");
    log_metrics(store, &run, &[point("m", -1.0, 0, 3), point("m", 9.0, 0, -7)]).unwrap();
    let latest = store.run(&run).unwrap();
    assert_eq!(latest.metrics, [point("m", -1.0, 0, 3)]);
    let steps: Vec<_> = store.metric_history(&run, "m").unwrap().iter().map(|m| m.step).collect();
    assert_eq!(steps, [-7, 1, 2, 2, 2, 2, 3]);
}

fn points_are_written_once(store: &dyn Store) {
    let run = run_in(store, "once");
    let points = [point("m", 1.0, 10, 0), point("m", f64::NAN, 10, 0), point("m", 2.0, 10, 0)];
    log_metrics(store, &run, &points).unwrap();
    log_metrics(store, &run, &points).unwrap();
    assert_eq!(store.metric_history(&run, "m").unwrap().len(), 3);
}

fn batches_are_atomic(store: &dyn Store) {
    let run = run_in(store, "atomic");
    log_params(store, &run, &[Param::new("c", 1)]).unwrap();
    let batch = Batch {
        metrics: &[point("new metric", 1.0, 0, 0)],
        params: &[Param::new("a", 1), Param::new("c", 2)],
        tags: &[Tag::new("t", 1)],
    };
    check_code(store.log_batch(&run, batch), Code::InvalidParameterValue);
    let found = store.run(&run).unwrap();
    assert_eq!((found.param("a"), found.tag("t"), found.metrics.len()), (None, None, 0));
    let whole = Batch { params: &[Param::new("a", 1)], ..batch };
    store.log_batch(&run, whole).unwrap();
    let found = store.run(&run).unwrap();
    assert_eq!((found.param("a"), found.tag("t"), found.metric("new metric")), (Some("1"), Some("1"), Some(1.0)));
    store.log_batch(&run, Batch::default()).unwrap();
}

fn tags_change(store: &dyn Store) {
    let run = run_in(store, "tags");
    let set = |value: &str| store.log_batch(&run, Batch { tags: &[Tag::new("t", value)], ..Batch::default() });
    set("one").unwrap();
    set("two").unwrap();
    assert_eq!(store.run(&run).unwrap().tag("t"), Some("two"));
    store.delete_tag(&run, "t").unwrap();
    assert_eq!(store.run(&run).unwrap().tag("t"), None);
    check_code(store.delete_tag(&run, "t"), Code::ResourceDoesNotExist);
}

fn search_and_pages(store: &dyn Store) {
    let experiment = store.create_experiment("search", &[]).unwrap();
    let new = |start| NewRun { experiment: experiment.clone(), start: Some(start), ..NewRun::default() };
    let ids: Vec<_> = [100, 300, 200, 500, 400].map(|start| store.create_run(&new(start)).unwrap().id).into();
    store.update_run(&ids[1], &RunUpdate { status: Some(Status::Failed), ..RunUpdate::default() }).unwrap();
    log_metrics(store, &ids[3], &[point("auc", 0.9, 0, 0)]).unwrap();
    let all = store.search_runs(&Search::experiment(&experiment)).unwrap();
    let starts: Vec<_> = all.runs.iter().map(|r| r.info.start).collect();
    assert_eq!((starts, all.next), (vec![500, 400, 300, 200, 100], None));
    assert_eq!(all.runs[0].metric("auc"), Some(0.9));
    let failed = store.search_runs(&Search::experiment(&experiment).status(Status::Failed)).unwrap();
    assert_eq!(failed.runs.iter().map(|r| &r.info.id).collect::<Vec<_>>(), [&ids[1]]);
    let mut search = Search::experiment(&experiment).limit(2);
    let mut pages = Vec::new();
    loop {
        let page = store.search_runs(&search).unwrap();
        pages.push(page.runs.iter().map(|r| r.info.start).collect::<Vec<_>>());
        match page.next {
            Some(next) => search.page = Some(next),
            None => break,
        }
    }
    assert_eq!(pages, [vec![500, 400], vec![300, 200], vec![100]]);
    check_code(store.search_runs(&Search { page: Some("x".to_owned()), ..Search::all() }), Code::InvalidParameterValue);
    assert_eq!(store.search_runs(&Search::experiment("x")).unwrap().runs.len(), 0);
}

fn deleted_runs(store: &dyn Store) {
    let run = run_in(store, "deleted");
    let experiment = store.experiment_by_name("deleted").unwrap().unwrap().id;
    log_params(store, &run, &[Param::new("c", 1)]).unwrap();
    store.delete_run(&run).unwrap();
    assert_eq!(store.search_runs(&Search::experiment(&experiment)).unwrap().runs.len(), 0);
    assert!(store.run(&run).unwrap().info.deleted);
    check_code(log_metrics(store, &run, &[point("m", 1.0, 0, 0)]), Code::InvalidParameterValue);
    store.restore_run(&run).unwrap();
    assert_eq!(store.search_runs(&Search::experiment(&experiment)).unwrap().runs[0].param("c"), Some("1"));
}

fn text_of(store: &dyn Store, run: &str, path: &str) -> String {
    let mut text = String::new();
    store.read_artifact(run, path).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn artifacts(store: &dyn Store) {
    let run = run_in(store, "artifacts");
    assert_eq!(store.list_artifacts(&run, "").unwrap(), []);
    store.write_artifact(&run, "model.json", &mut &b"{}"[..]).unwrap();
    store.write_artifact(&run, "plots/a b/größe.txt", &mut &b"one"[..]).unwrap();
    store.write_artifact(&run, "plots/a b/größe.txt", &mut &b"three"[..]).unwrap();
    assert_eq!(text_of(store, &run, "plots/a b/größe.txt"), "three");
    let listed = |directory: &str| {
        let found = store.list_artifacts(&run, directory).unwrap();
        found.into_iter().map(|a| (a.path, a.size)).collect::<Vec<_>>()
    };
    assert_eq!(listed(""), [("model.json".to_owned(), Some(2)), ("plots".to_owned(), None)]);
    assert_eq!(listed("plots/a b"), [("plots/a b/größe.txt".to_owned(), Some(5))]);
    assert_eq!(listed("nothing"), []);
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("in/deep")).unwrap();
    std::fs::write(directory.path().join("in/deep/x.bin"), vec![7; 100_000]).unwrap();
    store.copy_artifact(&run, &directory.path().join("in"), None).unwrap();
    store.copy_artifact(&run, &directory.path().join("in/deep/x.bin"), Some("copy/y.bin")).unwrap();
    assert_eq!(listed("in/deep"), [("in/deep/x.bin".to_owned(), Some(100_000))]);
    assert_eq!(listed("copy"), [("copy/y.bin".to_owned(), Some(100_000))]);
    check_code(store.read_artifact(&run, "absent").map(drop), Code::ResourceDoesNotExist);
    check_code(store.copy_artifact(&run, &directory.path().join("absent"), None), Code::ResourceDoesNotExist);
}

fn artifact_paths(store: &dyn Store) {
    let run = run_in(store, "paths");
    for path in ["", "..", "../x", "a/../../x", "/etc/x", "a//b", "./a", "a/.", "C:/x", "a\\..\\x", "a\u{0}b", "a/"] {
        check_code(store.write_artifact(&run, path, &mut &b"x"[..]), Code::InvalidParameterValue);
        check_code(store.read_artifact(&run, path).map(drop), Code::InvalidParameterValue);
        if !path.is_empty() {
            check_code(store.list_artifacts(&run, path), Code::InvalidParameterValue);
        }
    }
    assert_eq!(store.list_artifacts(&run, "").unwrap(), []);
}

fn threads(store: &dyn Store) {
    let run = run_in(store, "threads");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let run = &run;
            scope.spawn(move || {
                for step in 0..25 {
                    log_metrics(store, run, &[point(&format!("m{thread}"), 1.0, 0, step)]).unwrap();
                }
            });
        }
    });
    for thread in 0..4 {
        assert_eq!(store.metric_history(&run, &format!("m{thread}")).unwrap().len(), 25);
    }
}
