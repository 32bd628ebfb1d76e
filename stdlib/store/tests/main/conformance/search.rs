//! Searching runs and experiments; MLflow's own answers are compared in `reference.rs`.

use super::{Case, check_code, experiment, log_metrics, log_params, log_tags, point, run_of, unique};
use ironbook_store::{Code, NewExperiment, NewRun, Param, RunUpdate, Search, Status, Store, Tag, View};

pub(super) static CASES: &[(&str, Case)] = &[
    ("runs are found newest first, page by page", pages),
    ("runs are found by what was logged", filters),
    ("runs are ordered, NaN and what is absent last", orders),
    ("experiments are found", experiments),
    ("bad filters are refused", refusals),
    ("no text of a user becomes SQL", injections),
];

pub(super) static LOCAL: &[(&str, Case)] = &[("OR, NOT and parentheses", beyond)];

/// Names of the runs found, in their order.
fn names_of(store: &dyn Store, search: &Search) -> Vec<String> {
    store.search_runs(search).unwrap().items.into_iter().map(|run| run.info.name).collect()
}

fn named(store: &dyn Store, experiment: &str, name: &str, start: i64) -> String {
    let new = NewRun {
        experiment: experiment.to_owned(),
        name: Some(name.to_owned()),
        start: Some(start),
        ..NewRun::default()
    };
    store.create_run(&new).unwrap().id
}

fn pages(store: &dyn Store) {
    let experiment = experiment(store, "search");
    for (name, start) in [("a", 100), ("b", 300), ("c", 200), ("d", 500), ("e", 400)] {
        named(store, &experiment, name, start);
    }
    let all = Search::experiment(&experiment);
    assert_eq!(names_of(store, &all), ["d", "e", "b", "c", "a"]);
    let (mut search, mut pages) = (all.clone().limit(2), Vec::new());
    loop {
        let page = store.search_runs(&search).unwrap();
        pages.push(page.items.iter().map(|r| r.info.name.clone()).collect::<Vec<_>>());
        match page.next {
            Some(next) => search.page = Some(next),
            None => break,
        }
    }
    assert_eq!(pages, [vec!["d", "e"], vec!["b", "c"], vec!["a"]]);
    check_code(store.search_runs(&Search { page: Some("x".to_owned()), ..all.clone() }), Code::InvalidParameterValue);
    check_code(store.search_runs(&all.limit(50_001)), Code::InvalidParameterValue);
    assert_eq!(names_of(store, &Search::experiment("999999999")), Vec::<String>::new());
}

/// Three runs: `a` and `b` with all, `c` with nothing.
fn three(store: &dyn Store) -> (String, [String; 3]) {
    let experiment = experiment(store, "filters");
    let ids = [("a", 1), ("b", 2), ("c", 3)].map(|(name, start)| named(store, &experiment, name, start));
    log_metrics(store, &ids[0], &[point("auc", 0.9, 1, 0), point("val/loss", 0.1, 1, 0)]).unwrap();
    log_metrics(store, &ids[1], &[point("auc", f64::NAN, 1, 0)]).unwrap();
    log_params(store, &ids[0], &[Param::new("model", "GBDT"), Param::new("a b", "it's")]).unwrap();
    log_params(store, &ids[1], &[Param::new("model", "linear")]).unwrap();
    log_tags(store, &ids[1], &[Tag::new("team", "x")]).unwrap();
    store.update_run(&ids[2], &RunUpdate { status: Some(Status::Failed), end: Some(9), name: None }).unwrap();
    (experiment, ids)
}

fn filters(store: &dyn Store) {
    let (experiment, ids) = three(store);
    let find = |filter: &str| names_of(store, &Search::experiment(&experiment).filter(filter));
    assert_eq!(find("metrics.auc > 0.5"), ["a"]);
    assert_eq!(find("metrics.auc = 0"), Vec::<String>::new(), "NaN is not 0");
    assert_eq!(find("metric.auc != 0.5"), ["b", "a"], "but not 0.5 either");
    assert_eq!(find("metrics.`val/loss` <= 0.1"), ["a"]);
    assert_eq!(find("params.model = 'GBDT'"), ["a"]);
    assert_eq!(find("params.model != 'GBDT'"), ["b"], "what is absent is not different");
    assert_eq!(find("params.model LIKE 'gb%'"), Vec::<String>::new());
    assert_eq!(find("params.model ILIKE 'gb%'"), ["a"]);
    assert_eq!(find("params.`a b` = \"it's\""), ["a"]);
    assert_eq!(find("tags.team IS NULL"), ["c", "a"]);
    assert_eq!(find("tags.team IS NOT NULL AND params.model = 'linear'"), ["b"]);
    assert_eq!(find("attributes.status = 'FAILED'"), ["c"]);
    assert_eq!(find("status = 'RUNNING' AND start_time >= 2"), ["b"]);
    assert_eq!(find("run_name = 'a'"), ["a"]);
    assert_eq!(find(&format!("run_id IN ('{}', '{}')", ids[0], ids[2])), ["c", "a"]);
    store.delete_run(&ids[0]).unwrap();
    assert_eq!(find("metrics.auc > 0.5"), Vec::<String>::new());
    let deleted = Search::experiment(&experiment).view(View::Deleted);
    assert_eq!(names_of(store, &deleted), ["a"]);
    assert_eq!(names_of(store, &deleted.view(View::All)).len(), 3);
}

fn orders(store: &dyn Store) {
    let (experiment, _) = three(store);
    let d = named(store, &experiment, "d", 4);
    log_metrics(store, &d, &[point("auc", 0.95, 1, 0)]).unwrap();
    let find = |order: &str| names_of(store, &Search::experiment(&experiment).order(order));
    assert_eq!(find("metrics.auc ASC"), ["a", "d", "b", "c"]);
    assert_eq!(find("metrics.auc DESC"), ["d", "a", "b", "c"]);
    assert_eq!(find("params.model"), ["a", "b", "d", "c"]);
    assert_eq!(find("attributes.start_time ASC"), ["a", "b", "c", "d"]);
    assert_eq!(find("end_time DESC"), ["c", "d", "b", "a"]);
    let both = Search::experiment(&experiment).order("status DESC").order("start_time ASC");
    assert_eq!(names_of(store, &both), ["a", "b", "d", "c"]);
    for bad in
        ["metrics.auc SIDEWAYS", "nothing", "dataset.name", "metrics.auc ASC DESC", "", "start_time; DROP TABLE runs"]
    {
        let search = Search::experiment(&experiment).order(bad);
        assert!(store.search_runs(&search).is_err(), "{bad:?}");
    }
}

fn experiments(store: &dyn Store) {
    let key = unique("exp").replace(' ', "_");
    for (name, team) in [("b", "x"), ("A", "y"), ("c", "x")] {
        let tags = vec![Tag::new("team", team)];
        store.create_experiment(&NewExperiment { tags, ..NewExperiment::named(format!("{key} {name}")) }).unwrap();
    }
    let find = |filter: &str, order: &[&str]| {
        let mut search = Search::all().filter(format!("name LIKE '{key}%'{filter}"));
        search.order_by = order.iter().map(|o| (*o).to_owned()).collect();
        let found = store.search_experiments(&search).unwrap().items;
        found.into_iter().map(|e| e.name.rsplit(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(find("", &["name ASC"]), ["A", "b", "c"]);
    assert_eq!(find("", &["name DESC"]), ["c", "b", "A"]);
    assert_eq!(find("", &["experiment_id"]), ["b", "A", "c"]);
    assert_eq!(find(" AND tags.team = 'x'", &["name"]), ["b", "c"]);
    assert_eq!(find(" AND tag.team IS NULL", &[]), Vec::<String>::new());
    assert_eq!(find(" AND creation_time > 1", &[]).len(), 3);
    for bad in ["params.a = 'x'", "name > 'x'", "creation_time > 'x'", "experiment_id LIKE '1'"] {
        check_code(store.search_experiments(&Search::all().filter(bad)), Code::InvalidParameterValue);
    }
}

fn refusals(store: &dyn Store) {
    let experiment = experiment(store, "refusals");
    for bad in [
        "metrics.auc > '5'",
        "params.model = 5",
        "params.model > 'x'",
        "metrics.auc LIKE 'x'",
        "metrics.auc IS NULL",
        "nothing = 'x'",
        "metrik.auc > 1",
        "status IN ('RUNNING')",
        "run_id IN ()",
        "dataset.size = 'x'",
        "params.a = unquoted",
        "params.a = 'open",
        "metrics.a/b > 1",
        "metrics.a > 1; metrics.b > 1",
        "metrics.a > 1, metrics.b > 1",
        "metrics.a ~ 1",
        "metrics.a >",
        "5 > metrics.a",
        "start_time > 'x'",
    ] {
        check_code(store.search_runs(&Search::experiment(&experiment).filter(bad)), Code::InvalidParameterValue);
    }
}

fn injections(store: &dyn Store) {
    let experiment = experiment(store, "injections");
    let run = run_of(store, &experiment);
    let nasty =
        ["' OR 1=1 --", "'; DROP TABLE runs; --", "\" OR \"\"=\"", "%' --", "a' UNION SELECT 1 --", "`", "\\", "?1"];
    for text in nasty {
        let filters = [
            format!("params.x = \"{}\"", text.replace('"', "")),
            format!("params.x = '{}'", text.replace('\'', "")),
            format!("tags.`{}` = 'x'", text.replace('`', "")),
            format!("metrics.`{}` > 0", text.replace('`', "")),
            format!("params.x LIKE \"{}\"", text.replace('"', "")),
            format!("attributes.run_name ILIKE \"{}\"", text.replace('"', "")),
            format!("dataset.name IN (\"{}\")", text.replace('"', "")),
        ];
        for filter in filters {
            // Refused or without a result, never more.
            if let Ok(page) = store.search_runs(&Search::experiment(&experiment).filter(&filter)) {
                assert_eq!(page.items.len(), 0, "{filter}");
            }
        }
        let order = format!("tags.`{}` DESC", text.replace('`', ""));
        if let Ok(page) = store.search_runs(&Search::experiment(&experiment).order(order)) {
            assert_eq!(page.items.len(), 1);
        }
        let found = store.search_runs(&Search { page: Some(text.to_owned()), ..Search::experiment(&experiment) });
        check_code(found, Code::InvalidParameterValue);
        check_code(store.search_runs(&Search::experiment(text)), Code::InvalidParameterValue);
    }
    assert_eq!(store.run(&run).unwrap().info.id, run, "everything is still there");
}

fn beyond(store: &dyn Store) {
    let (experiment, _) = three(store);
    let find = |filter: &str| names_of(store, &Search::experiment(&experiment).filter(filter));
    assert_eq!(find("metrics.auc > 0.5 OR status = 'FAILED'"), ["c", "a"]);
    assert_eq!(find("NOT (params.model = 'GBDT')"), ["c", "b"], "also what is absent");
    assert_eq!(find("NOT params.model = 'GBDT' AND NOT status = 'FAILED'"), ["b"]);
    assert_eq!(find("(metrics.auc > 0.5 OR tags.team = 'x') and params.model like 'l%'"), ["b"]);
    assert_eq!(find("NOT end_time > 5"), ["b", "a"], "what has not ended did not end after 5");
    assert_eq!(find("NOT (NOT (end_time > 5))"), ["c"]);
    assert_eq!(find("NOT (metrics.auc > 0.5 OR tags.team = 'x')"), ["c"]);
}
