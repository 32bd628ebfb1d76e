//! Searches compared with MLflow: the same things, the same filters and orders, the answers of its own store.
//!
//! `tests/reference/make_search.py` wrote the answers.

use ironbook_store::store::{Experiments, Models, Registry, Runs, Traces};
use ironbook_store::{
    Batch, Code, Dataset, DatasetInput, Metric, MetricOf, ModelOrder, NewExperiment, NewModel, NewRun, NewVersion,
    Param, Result, RunUpdate, Search, SqliteStore, Tag, TraceInfo,
};
use serde_json::Value;
use std::collections::HashMap;

/// What Ironbook answers otherwise, and why.
const OTHERWISE: &[(&str, &str, &str)] =
    &[("runs", "metrics. > 1", "a name is missing, which is no metric that nobody has")];

fn tags(value: &Value) -> Vec<Tag> {
    value.as_object().unwrap().iter().map(|(key, value)| Tag::new(key, value.as_str().unwrap())).collect()
}

fn params(value: &Value) -> Vec<Param> {
    tags(value).into_iter().map(|tag| Param { key: tag.key, value: tag.value }).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A store with the things of the reference, and their names by id.
fn fill(store: &SqliteStore, data: &Value) -> HashMap<String, String> {
    let mut names = HashMap::from([("0".to_owned(), "default".to_owned())]);
    let list = |what: &str| data[what].as_array().unwrap().iter().enumerate();
    let mut home = String::new();
    for (at, e) in list("experiments") {
        let new = NewExperiment { tags: tags(&e["tags"]), ..NewExperiment::named(text(&e["name"])) };
        let id = store.create_experiment(&new).unwrap();
        if at == 0 {
            home.clone_from(&id);
        }
        names.insert(id, format!("e{at}"));
    }
    names.insert("home".to_owned(), home.clone());
    for (at, r) in list("runs") {
        names.insert(run(store, &home, r), format!("r{at}"));
    }
    for (at, m) in list("models") {
        names.insert(model(store, &home, m), format!("m{at}"));
    }
    for (at, t) in list("traces") {
        let pairs = |what: &str| tags(&t[what]).into_iter().map(|tag| (tag.key, tag.value)).collect();
        let info = TraceInfo {
            trace_id: format!("tr-{at:032x}"),
            experiment: home.clone(),
            request_time: t["at"].as_i64().unwrap(),
            execution_duration: t["duration"].as_i64(),
            state: text(&t["state"]),
            tags: pairs("tags"),
            metadata: pairs("metadata"),
            ..TraceInfo::default()
        };
        names.insert(store.put_trace(&info).unwrap().trace_id, format!("t{at}"));
    }
    for (_, g) in list("registered") {
        let name = text(&g["name"]);
        store.create_registered(&name, None, &tags(&g["tags"])).unwrap();
        for (at, v) in g["versions"].as_array().unwrap().iter().enumerate() {
            let source = format!("s3://bucket/{name}/{}", at + 1);
            let new = NewVersion { name: name.clone(), source, tags: tags(&v["tags"]), ..NewVersion::default() };
            store.create_version(&new).unwrap();
        }
    }
    names
}

fn run(store: &SqliteStore, experiment: &str, r: &Value) -> String {
    let new = NewRun {
        experiment: experiment.to_owned(),
        name: Some(text(&r["name"])),
        user: Some(text(&r["user"])),
        start: r["start"].as_i64(),
        tags: tags(&r["tags"]),
    };
    let id = store.create_run(&new).unwrap().id;
    let value = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let metrics = r["metrics"].as_object().unwrap().iter().map(|(key, v)| Metric::new(key, value(v), 1, 0));
    let (metrics, params) = (metrics.collect::<Vec<_>>(), params(&r["params"]));
    store.log_batch(&id, Batch { metrics: &metrics, params: &params, tags: &[] }).unwrap();
    let inputs = r["datasets"].as_array().unwrap().iter().map(|d| DatasetInput {
        tags: vec![Tag::new("mlflow.data.context", text(&d[2]))],
        dataset: Dataset { name: text(&d[0]), digest: text(&d[1]), ..Dataset::default() },
    });
    store.log_inputs(&id, &inputs.collect::<Vec<_>>(), &[]).unwrap();
    let status = Some(text(&r["status"]).parse().unwrap());
    store.update_run(&id, &RunUpdate { name: None, status, end: r["end"].as_i64() }).unwrap();
    id
}

fn model(store: &SqliteStore, experiment: &str, m: &Value) -> String {
    let new = NewModel {
        experiment: experiment.to_owned(),
        name: Some(text(&m["name"])),
        model_type: Some(text(&m["type"])),
        source_run: None,
        params: params(&m["params"]),
        tags: tags(&m["tags"]),
    };
    let id = store.create_model(&new).unwrap().id;
    let metrics = m["metrics"].as_array().unwrap().iter().map(|point| {
        let of = MetricOf {
            model_id: Some(id.clone()),
            dataset_name: point[4][0].as_str().map(str::to_owned),
            dataset_digest: point[4][1].as_str().map(str::to_owned),
            run_id: None,
        };
        let (key, value) = (text(&point[0]), point[1].as_f64().unwrap());
        let metric = Metric::new(key, value, point[2].as_i64().unwrap(), point[3].as_i64().unwrap());
        Metric { of: Some(Box::new(of)), ..metric }
    });
    // Under a run of its own, which the searches leave out: MLflow's store keeps them with the model alone.
    let run = store.create_run(&NewRun { experiment: "0".to_owned(), ..NewRun::default() }).unwrap().id;
    store.log_batch(&run, Batch { metrics: &metrics.collect::<Vec<_>>(), ..Batch::default() }).unwrap();
    id
}

/// What a case finds, by name.
fn ask(store: &SqliteStore, names: &HashMap<String, String>, case: &Value) -> Result<Vec<String>> {
    let mut search = Search::all().filter(text(&case["filter"])).limit(100);
    search.order_by = case["order_by"].as_array().unwrap().iter().map(text).collect();
    let home = Search { experiments: vec![names["home"].clone()], ..search.clone() };
    let name = |id: &str| names[id].clone();
    Ok(match case["subject"].as_str().unwrap() {
        "runs" => store.search_runs(&home)?.items.iter().map(|r| name(&r.info.id)).collect(),
        "experiments" => store.search_experiments(&search)?.items.iter().map(|e| name(&e.id)).collect(),
        "registered" => store.search_registered(&search)?.items.into_iter().map(|m| m.name).collect(),
        "versions" => {
            let found = store.search_versions(&search)?.items;
            found.iter().map(|v| format!("{}/{}", v.name, v.version)).collect()
        }
        "models" => {
            let order: Vec<_> = search
                .order_by
                .iter()
                .map(|key| ModelOrder {
                    field: key.trim_end_matches(" DESC").to_owned(),
                    ascending: !key.ends_with(" DESC"),
                    ..ModelOrder::default()
                })
                .collect();
            let datasets: Vec<_> = case["datasets"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|d| (text(&d[0]), d[1].as_str().map(str::to_owned)))
                .collect();
            store.search_models(&home, &datasets, &order)?.items.iter().map(|m| name(&m.id)).collect()
        }
        "traces" => store.search_traces(&home)?.items.iter().map(|t| name(&t.trace_id)).collect(),
        other => panic!("{other}"),
    })
}

#[test]
fn searches_answer_as_mlflow() {
    let reference: Value = serde_json::from_str(include_str!("../reference/search.json")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    let names = fill(&store, &reference["data"]);
    let cases = reference["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    let mut excused = 0;
    for case in cases {
        let expected = case["found"].as_array().map(|found| found.iter().map(text).collect::<Vec<_>>());
        let answer = match ask(&store, &names, case) {
            Ok(found) => Some(found),
            Err(error) => {
                assert_eq!(error.code(), Code::InvalidParameterValue, "{case}: {error}");
                None
            }
        };
        let is_of =
            |(subject, filter, _): &&(&str, &str, &str)| case["subject"] == *subject && case["filter"] == *filter;
        match OTHERWISE.iter().find(is_of) {
            Some((.., why)) => {
                assert_ne!(answer, expected, "{case}: now as MLflow, so not because {why}");
                excused += 1;
            }
            None if answer != expected => wrong.push(format!("{case}\n  here: {answer:?}")),
            None => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(excused, OTHERWISE.len());
}
