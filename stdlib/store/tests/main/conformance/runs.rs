//! Runs and what is logged to them.

use super::{Case, check_code, experiment, log_metrics, log_params, log_tags, point, run, run_of};
use ironbook_store::{
    Batch, Code, Dataset, DatasetInput, DatasetSummary, Metric, NewRun, Param, RunUpdate, Search, Status, Store, Tag,
};

pub(super) static CASES: &[(&str, Case)] = &[
    ("a run goes from start to end", life),
    ("names of runs and their tag agree", run_names),
    ("unknown ids are not found", unknown_ids),
    ("params are fixed", params_are_fixed),
    ("long values are cut", long_values_are_cut),
    ("names follow MLflow", names),
    ("metrics keep all values", metric_values),
    ("the latest metric has the greatest step", latest_metrics),
    ("a point is written once", points_are_written_once),
    ("tags change", tags_change),
    ("histories come in pages", history_pages),
    ("curves are thinned", curves),
    ("deleted runs come back", deleted_runs),
    ("data is known by name and digest", datasets),
    ("threads share a store", threads),
];

pub(super) static LOCAL: &[(&str, Case)] = &[
    ("a batch is written whole or not at all", batches_are_atomic),
    ("a batch may have any size", large_batches),
    ("curves whose steps lie in clusters keep enough points", clustered_curves),
];

fn life(store: &dyn Store) {
    let experiment = experiment(store, "life");
    let new = NewRun {
        experiment: experiment.clone(),
        name: Some("first".to_owned()),
        user: Some("ada".to_owned()),
        start: Some(1_000),
        tags: vec![Tag::new("a", "b")],
    };
    let info = store.create_run(&new).unwrap();
    assert!(info.id.len() == 32 && info.id.bytes().all(|b| b.is_ascii_hexdigit()), "{}", info.id);
    assert_eq!((info.status, info.start, info.end), (Status::Running, 1_000, None));
    assert_eq!((&info.experiment, info.user.as_str(), info.name.as_str()), (&experiment, "ada", "first"));
    let above = store.experiment(&experiment).unwrap().artifact_location;
    assert_eq!(info.artifact_uri, format!("{above}/{}/artifacts", info.id));
    let update = RunUpdate { status: Some(Status::Finished), end: Some(2_000), name: Some("renamed".to_owned()) };
    assert_eq!(store.update_run(&info.id, &update).unwrap().status, Status::Finished);
    let run = store.run(&info.id).unwrap();
    assert_eq!((run.info.status, run.info.end, run.info.name.as_str()), (Status::Finished, Some(2_000), "renamed"));
    assert_eq!((run.tag("a"), run.tag("mlflow.runName")), (Some("b"), Some("renamed")));
    // What was logged late still counts.
    log_metrics(store, &info.id, &[point("late", 1.0, 3_000, 0)]).unwrap();
    assert_eq!(store.run(&info.id).unwrap().metric("late"), Some(1.0));
}

fn run_names(store: &dyn Store) {
    let experiment = experiment(store, "names");
    let new = |name: Option<&str>, tag: Option<&str>| NewRun {
        experiment: experiment.clone(),
        name: name.map(str::to_owned),
        start: Some(1),
        tags: tag.map(|tag| Tag::new("mlflow.runName", tag)).into_iter().collect(),
        ..NewRun::default()
    };
    let unnamed = store.create_run(&new(None, None)).unwrap();
    assert!(!unnamed.name.is_empty());
    assert_eq!(store.run(&unnamed.id).unwrap().tag("mlflow.runName"), Some(unnamed.name.as_str()));
    assert_eq!(store.create_run(&new(None, Some("tagged"))).unwrap().name, "tagged");
    assert_eq!(store.create_run(&new(Some("same"), Some("same"))).unwrap().name, "same");
    check_code(store.create_run(&new(Some("one"), Some("other"))), Code::InvalidParameterValue);
}

fn unknown_ids(store: &dyn Store) {
    let id = "0123456789abcdef0123456789abcdef";
    check_code(store.run(id), Code::ResourceDoesNotExist);
    check_code(log_metrics(store, id, &[point("m", 1.0, 0, 0)]), Code::ResourceDoesNotExist);
    check_code(store.update_run(id, &RunUpdate { end: Some(1), ..RunUpdate::default() }), Code::ResourceDoesNotExist);
    check_code(store.delete_run(id), Code::ResourceDoesNotExist);
    check_code(store.restore_run(id), Code::ResourceDoesNotExist);
    check_code(store.delete_tag(id, "a"), Code::ResourceDoesNotExist);
    check_code(store.metric_history(id, "m"), Code::ResourceDoesNotExist);
    check_code(store.log_inputs(id, &[data("a", "1", "")], &[]), Code::ResourceDoesNotExist);
    let new = NewRun { experiment: "999999999".to_owned(), start: Some(1), ..NewRun::default() };
    check_code(store.create_run(&new), Code::ResourceDoesNotExist);
    for id in ["", "../../etc", "x", "' OR 1=1 --"] {
        assert!(store.run(id).is_err() && log_metrics(store, id, &[point("m", 1.0, 0, 0)]).is_err(), "{id:?}");
    }
}

fn params_are_fixed(store: &dyn Store) {
    let run = run(store, "params");
    log_params(store, &run, &[Param::new("c", 1.5), Param::new("text", "ü 'x'; DROP TABLE runs")]).unwrap();
    log_params(store, &run, &[Param::new("c", 1.5)]).unwrap();
    check_code(log_params(store, &run, &[Param::new("c", 2)]), Code::InvalidParameterValue);
    check_code(log_params(store, &run, &[Param::new("d", 1), Param::new("d", 1)]), Code::InvalidParameterValue);
    let found = store.run(&run).unwrap();
    assert_eq!((found.param("c"), found.param("text")), (Some("1.5"), Some("ü 'x'; DROP TABLE runs")));
    assert_eq!(found.params.len(), 2);
}

fn long_values_are_cut(store: &dyn Store) {
    let run = run(store, "long");
    let long = "ä".repeat(9_000);
    log_params(store, &run, &[Param::new("p", &long), Param::new("whole", "x".repeat(6_000))]).unwrap();
    log_params(store, &run, &[Param::new("p", &long)]).unwrap();
    log_tags(store, &run, &[Tag::new("t", &long)]).unwrap();
    let found = store.run(&run).unwrap();
    assert_eq!(found.param("p").unwrap().chars().count(), 6_000);
    assert_eq!(found.param("whole").unwrap().len(), 6_000);
    assert_eq!(found.tag("t").unwrap().chars().count(), 8_000);
    check_code(log_params(store, &run, &[Param::new("k".repeat(251), 1)]), Code::InvalidParameterValue);
    log_params(store, &run, &[Param::new("k".repeat(250), 1)]).unwrap();
}

fn names(store: &dyn Store) {
    let run = run(store, "names");
    let good = ["auc", "val/auc", "a b", "x.y-z_1:2", "größe"];
    let points: Vec<_> = good.iter().map(|key| point(key, 1.0, 0, 0)).collect();
    log_metrics(store, &run, &points).unwrap();
    assert_eq!(store.run(&run).unwrap().metrics.len(), good.len());
    for bad in ["", "/a", "a//b", "../a", "a/./b", "a$", "a\nb", "a\u{0}b"] {
        check_code(log_metrics(store, &run, &[point(bad, 1.0, 0, 0)]), Code::InvalidParameterValue);
        check_code(log_params(store, &run, &[Param::new(bad, 1)]), Code::InvalidParameterValue);
        check_code(log_tags(store, &run, &[Tag::new(bad, 1)]), Code::InvalidParameterValue);
    }
    check_code(log_metrics(store, &run, &[point("a", 1.0, -1, 0)]), Code::InvalidParameterValue);
}

fn metric_values(store: &dyn Store) {
    let run = run(store, "values");
    let values = [0.1 + 0.2, -1e-308, f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
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
    let run = run(store, "latest");
    let latest = || store.run(&run).unwrap().metric("m");
    log_metrics(store, &run, &[point("m", 5.0, 100, 2), point("m", 1.0, 300, 1)]).unwrap();
    assert_eq!(latest(), Some(5.0), "the step counts before the time");
    log_metrics(store, &run, &[point("m", 4.0, 50, 2)]).unwrap();
    assert_eq!(latest(), Some(5.0), "then the time, also when a clock went back");
    log_metrics(store, &run, &[point("m", 6.0, 100, 2), point("m", 3.0, 100, 2)]).unwrap();
    assert_eq!(latest(), Some(6.0), "then the value");
    log_metrics(store, &run, &[point("m", -1.0, 0, 3), point("m", 9.0, 0, -7)]).unwrap();
    assert_eq!(store.run(&run).unwrap().metrics, [point("m", -1.0, 0, 3)]);
    let mut steps: Vec<_> = store.metric_history(&run, "m").unwrap().iter().map(|m| m.step).collect();
    steps.sort_unstable();
    assert_eq!(steps, [-7, 1, 2, 2, 2, 2, 3]);
}

fn points_are_written_once(store: &dyn Store) {
    let run = run(store, "once");
    let points = [point("m", 1.0, 10, 0), point("m", f64::NAN, 10, 0), point("m", 2.0, 10, 0)];
    log_metrics(store, &run, &points).unwrap();
    log_metrics(store, &run, &points).unwrap();
    assert_eq!(store.metric_history(&run, "m").unwrap().len(), 3);
}

fn batches_are_atomic(store: &dyn Store) {
    let run = run(store, "atomic");
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

fn large_batches(store: &dyn Store) {
    let run = run(store, "large");
    let params: Vec<_> = (0..1_000).map(|n| Param::new(format!("p{n}"), n)).collect();
    let metrics: Vec<_> = (0..60_000).map(|step| point("m", step as f64, 0, step)).collect();
    let tags: Vec<_> = (0..1_000).map(|n| Tag::new(format!("t{n}"), n)).collect();
    store.log_batch(&run, Batch { metrics: &metrics, params: &params, tags: &tags }).unwrap();
    let found = store.run(&run).unwrap();
    assert_eq!((found.params.len(), found.tags.len()), (1_000, 1_001));
    assert_eq!(store.metric_history(&run, "m").unwrap(), metrics);
    let mut pages = 0;
    let mut page = None;
    loop {
        let part = store.metric_history_page(&run, "m", 25_000, page.as_deref()).unwrap();
        pages += 1;
        page = part.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
}

fn tags_change(store: &dyn Store) {
    let run = run(store, "tags");
    let set = |value: &str| log_tags(store, &run, &[Tag::new("t", value)]);
    set("one").unwrap();
    set("two").unwrap();
    assert_eq!(store.run(&run).unwrap().tag("t"), Some("two"));
    store.delete_tag(&run, "t").unwrap();
    assert_eq!(store.run(&run).unwrap().tag("t"), None);
    check_code(store.delete_tag(&run, "t"), Code::ResourceDoesNotExist);
}

fn history_pages(store: &dyn Store) {
    let run = run(store, "pages");
    let points: Vec<_> = (0..25).map(|n| point("m", f64::from(n), i64::from(n), i64::from(n))).collect();
    log_metrics(store, &run, &points).unwrap();
    let (mut seen, mut page, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let part = store.metric_history_page(&run, "m", 10, page.as_deref()).unwrap();
        sizes.push(part.items.len());
        seen.extend(part.items);
        match part.next {
            Some(next) => page = Some(next),
            None => break,
        }
    }
    assert_eq!((sizes, seen), (vec![10, 10, 5], points));
    check_code(store.metric_history_page(&run, "m", 10, Some("no token")), Code::InvalidParameterValue);
}

fn curves(store: &dyn Store) {
    let experiment = experiment(store, "curves");
    let runs = [run_of(store, &experiment), run_of(store, &experiment), run_of(store, &experiment)];
    let points: Vec<_> = (0..1_000).map(|n| point("m", f64::from(n), 5, i64::from(n))).collect();
    log_metrics(store, &runs[0], &points).unwrap();
    log_metrics(store, &runs[1], &points[..7]).unwrap();
    let curves = store.metric_curves(&runs, "m", (None, None), 50).unwrap();
    assert_eq!(curves.iter().map(|(run, _)| run).collect::<Vec<_>>(), runs.iter().collect::<Vec<_>>());
    let long = &curves[0].1;
    assert!((25..=60).contains(&long.len()), "{}", long.len());
    assert_eq!((long[0].step, long[long.len() - 1].step), (0, 999), "both ends");
    assert!(long.windows(2).all(|pair| pair[0].step < pair[1].step && pair[1].step - pair[0].step < 45));
    assert_eq!(curves[1].1, points[..7], "few points stay");
    assert_eq!(curves[2].1, [], "a run without the metric");
    let part = store.metric_curves(&runs[..1], "m", (Some(100), Some(199)), 50).unwrap().remove(0).1;
    assert_eq!((part[0].step, part[part.len() - 1].step), (100, 199));
    let all = store.metric_curves(&runs[..1], "m", (Some(100), Some(109)), 50).unwrap().remove(0).1;
    assert_eq!(all, points[100..110]);
}

fn clustered_curves(store: &dyn Store) {
    let run = run(store, "clusters");
    let mut points: Vec<_> = (0..5_000).map(|n| point("m", n as f64, n, 0)).collect();
    points.push(point("m", 1.0, 0, 1_000_000));
    log_metrics(store, &run, &points).unwrap();
    let curve = store.metric_curves(&[run], "m", (None, None), 100).unwrap().remove(0).1;
    assert_eq!(curve.len(), 100);
    assert_eq!((&curve[0], &curve[99]), (&points[0], &points[5_000]));
}

fn deleted_runs(store: &dyn Store) {
    let experiment = experiment(store, "deleted");
    let run = run_of(store, &experiment);
    log_params(store, &run, &[Param::new("c", 1)]).unwrap();
    store.delete_run(&run).unwrap();
    assert_eq!(store.search_runs(&Search::experiment(&experiment)).unwrap().items.len(), 0);
    assert!(store.run(&run).unwrap().info.deleted);
    check_code(log_metrics(store, &run, &[point("m", 1.0, 0, 0)]), Code::InvalidParameterValue);
    check_code(log_params(store, &run, &[Param::new("d", 1)]), Code::InvalidParameterValue);
    check_code(store.delete_tag(&run, "mlflow.runName"), Code::InvalidParameterValue);
    check_code(
        store.update_run(&run, &RunUpdate { end: Some(1), ..RunUpdate::default() }),
        Code::InvalidParameterValue,
    );
    check_code(store.log_inputs(&run, &[data("a", "1", "")], &[]), Code::InvalidParameterValue);
    store.restore_run(&run).unwrap();
    let found = store.search_runs(&Search::experiment(&experiment)).unwrap();
    assert_eq!(found.items[0].param("c"), Some("1"));
}

fn data(name: &str, digest: &str, context: &str) -> DatasetInput {
    let dataset = Dataset {
        name: name.to_owned(),
        digest: digest.to_owned(),
        source_type: "local".to_owned(),
        source: "{\"uri\": \"x.csv\"}".to_owned(),
        schema: Some("{\"a\": \"long\"}".to_owned()),
        profile: None,
    };
    let tags = if context.is_empty() { Vec::new() } else { vec![Tag::new("mlflow.data.context", context)] };
    DatasetInput { tags, dataset }
}

fn datasets(store: &dyn Store) {
    let experiment = experiment(store, "datasets");
    let (one, two) = (run_of(store, &experiment), run_of(store, &experiment));
    store.log_inputs(&one, &[data("iris", "abc", "training"), data("iris", "def", "eval")], &[]).unwrap();
    store.log_inputs(&one, &[data("iris", "abc", "changed")], &[]).unwrap();
    store.log_inputs(&two, &[data("iris", "abc", "training")], &[]).unwrap();
    let mut found = store.run(&one).unwrap().datasets;
    found.sort_by(|a, b| a.dataset.digest.cmp(&b.dataset.digest));
    assert_eq!(found, [data("iris", "abc", "training"), data("iris", "def", "eval")], "what is there stays");
    assert_eq!(store.run(&two).unwrap().datasets.len(), 1);
    let mut summary = store.experiment_datasets(std::slice::from_ref(&experiment)).unwrap();
    summary.sort_by(|a, b| a.digest.cmp(&b.digest));
    let of = |digest: &str, context: &str| DatasetSummary {
        experiment_id: experiment.clone(),
        name: "iris".to_owned(),
        digest: digest.to_owned(),
        context: Some(context.to_owned()),
    };
    assert_eq!(summary, [of("abc", "training"), of("def", "eval")]);
    check_code(store.log_inputs(&one, &[data("x", &"d".repeat(37), "")], &[]), Code::InvalidParameterValue);
    check_code(store.log_inputs(&one, &[data(&"x".repeat(501), "d", "")], &[]), Code::InvalidParameterValue);
}

fn threads(store: &dyn Store) {
    let run = run(store, "threads");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let run = &run;
            scope.spawn(move || {
                for step in 0..25 {
                    log_metrics(store, run, &[Metric::new(format!("m{thread}"), 1.0, 0, step)]).unwrap();
                    assert!(
                        store.run(run).unwrap().metric(&format!("m{thread}")).is_some(),
                        "one reads what one wrote"
                    );
                }
            });
        }
    });
    for thread in 0..4 {
        assert_eq!(store.metric_history(&run, &format!("m{thread}")).unwrap().len(), 25);
    }
}
