//! Copies between stores, without Python. `tests/clients/track_transfer.py` compares with MLflow itself.

use crate::support;
use ironbook_store::store::{Artifacts, Experiments, Models, Registry, Runs, Traces};
use ironbook_store::{
    ArtifactsOf, Assessment, Batch, Dataset, DatasetInput, Metric, MetricOf, ModelInput, ModelOutput, ModelStatus,
    NewExperiment, NewModel, NewRun, NewVersion, Param, RunUpdate, Search, Span, SqliteStore, Stage, Status, Tag,
    TraceInfo, View,
};
use ironbook_tracking::transfer::{Address, Kind, Options, Report, copy, open_sink, open_source};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

const KEYS: [&str; 3] = ["loss", "odd", "val/größe"];

/// Puts one of everything into a store.
fn fill(store: &SqliteStore) {
    store.create_experiment(&NewExperiment::named("first, so that ids differ")).unwrap();
    let new = NewExperiment { tags: vec![Tag::new("note", "ä\nb")], ..NewExperiment::named("Flüge ✈") };
    let experiment = store.create_experiment(&new).unwrap();
    let new = |name: &str, tags: &[Tag]| NewRun {
        experiment: experiment.clone(),
        name: Some(name.to_owned()),
        user: Some("mira".to_owned()),
        start: Some(1_700_000_000_000),
        tags: tags.to_vec(),
    };
    let parent = store.create_run(&new("parent", &[])).unwrap().id;
    let later = NewRun { start: Some(1_700_000_000_500), ..new("child", &[Tag::new("mlflow.parentRunId", &parent)]) };
    let child = store.create_run(&later).unwrap().id;
    for run in [&parent, &child] {
        let mut metrics = Vec::new();
        for key in KEYS {
            for at in 0..50_i64 {
                let value = match (key, at) {
                    ("odd", 3) => f64::NAN,
                    ("odd", 4) => f64::INFINITY,
                    ("odd", 5) => f64::NEG_INFINITY,
                    _ => 0.1 * at as f64,
                };
                metrics.push(Metric::new(key, value, 1_700_000_000_000 + at, at / 2 - 3));
            }
        }
        let params = [Param::new("long", "x".repeat(6000)), Param::new("α/β", "1e5")];
        let tags = [Tag::new("a/b", "line\n\"two\""), Tag::new("empty", "")];
        store.log_batch(run, Batch { metrics: &metrics, params: &params, tags: &tags }).unwrap();
        let dataset = Dataset {
            name: "my flights".to_owned(),
            digest: "12e34567".to_owned(),
            source_type: "local".to_owned(),
            source: "{\"uri\":\"ö\"}".to_owned(),
            schema: Some("[]".to_owned()),
            profile: None,
        };
        let input = DatasetInput { tags: vec![Tag::new("mlflow.data.context", "training")], dataset };
        store.log_inputs(run, &[input], &[]).unwrap();
        for (path, text) in [("a/b/größe.txt", "deep"), ("empty", "")] {
            store.write_artifact(ArtifactsOf::Run(run), path, &mut text.as_bytes()).unwrap();
        }
    }
    let model = store
        .create_model(&NewModel {
            experiment: experiment.clone(),
            name: Some("echo".to_owned()),
            model_type: Some("tree".to_owned()),
            source_run: Some(parent.clone()),
            params: vec![Param::new("depth", 3)],
            tags: vec![Tag::new("kind", "größer")],
        })
        .unwrap()
        .id;
    store.write_artifact(ArtifactsOf::Model(&model), "MLmodel", &mut &b"flavors: {}"[..]).unwrap();
    let of = MetricOf {
        model_id: Some(model.clone()),
        dataset_name: Some("my flights".to_owned()),
        dataset_digest: Some("12e34567".to_owned()),
        run_id: None,
    };
    let points: Vec<Metric> = (0..3)
        .map(|at| Metric { of: Some(Box::new(of.clone())), ..Metric::new("auc", 0.5, 1_700_000_000_000 + at, at) })
        .collect();
    store.log_batch(&parent, Batch { metrics: &points, params: &[], tags: &[] }).unwrap();
    store.finish_model(&model, ModelStatus::Ready, None).unwrap();
    store.log_inputs(&child, &[], &[ModelInput { model_id: model.clone() }]).unwrap();
    store.log_outputs(&parent, &[ModelOutput { model_id: model.clone(), step: 7 }]).unwrap();
    store.create_registered("Wetter model", Some("What\nit is"), &[Tag::new("owner", "mira")]).unwrap();
    for at in 0..5 {
        let source = if at == 0 { format!("models:/{model}") } else { format!("runs:/{parent}/a") };
        let version = NewVersion {
            name: "Wetter model".to_owned(),
            source,
            run: Some(parent.clone()),
            description: Some(format!("number {at}")),
            tags: vec![Tag::new("n", at)],
            ..NewVersion::default()
        };
        store.create_version(&version).unwrap();
    }
    store.delete_version("Wetter model", "2").unwrap();
    store.delete_version("Wetter model", "5").unwrap();
    store.stage_version("Wetter model", "3", Stage::Production, false).unwrap();
    store.set_alias("Wetter model", "champion", "3").unwrap();
    trace(store, &experiment, &parent);
    store
        .update_run(&parent, &RunUpdate { status: Some(Status::Finished), end: Some(1_700_000_009_000), name: None })
        .unwrap();
    store
        .update_run(&child, &RunUpdate { status: Some(Status::Failed), end: Some(1_700_000_008_000), name: None })
        .unwrap();
    store.delete_run(&child).unwrap();
    let gone = store.create_experiment(&NewExperiment::named("deleted one")).unwrap();
    let run = NewRun { experiment: gone.clone(), ..new("goes too", &[]) };
    store.create_run(&run).unwrap();
    store.delete_experiment(&gone).unwrap();
}

fn trace(store: &SqliteStore, experiment: &str, run: &str) {
    let id = "tr-0123456789abcdef0123456789abcdef";
    let fields = json!({
        "assessment_name": "helpful", "feedback": { "value": true }, "source": { "source_type": "HUMAN", "source_id": "m" },
        "create_time": "2024-01-02T03:04:05.678Z", "last_update_time": "2024-01-02T03:04:05.678Z", "rationale": "yes",
        "trace_id": id, "valid": true,
    });
    let info = TraceInfo {
        trace_id: id.to_owned(),
        experiment: experiment.to_owned(),
        request_time: 1_700_000_000_123,
        execution_duration: Some(86),
        state: "OK".to_owned(),
        client_request_id: None,
        request_preview: Some("{\"q\": \"wie groß?\"}".to_owned()),
        response_preview: Some("so".to_owned()),
        metadata: vec![("mlflow.sourceRun".to_owned(), run.to_owned())],
        tags: vec![("reviewed".to_owned(), "yes".to_owned())],
        assessments: vec![Assessment {
            assessment_id: "a-00112233445566778899aabbccddeeff".to_owned(),
            fields: fields.as_object().unwrap().clone(),
        }],
    };
    store.put_trace(&info).unwrap();
    let span = |span: &str, encoded: &str, parent: Option<(&str, &str)>| Span {
        trace_id: id.to_owned(),
        span_id: span.to_owned(),
        parent_id: parent.map(|(digits, _)| digits.to_owned()),
        name: "answer".to_owned(),
        span_type: Some("CHAIN".to_owned()),
        status: "OK".to_owned(),
        start_ns: 1_700_000_000_123_000_000,
        end_ns: Some(1_700_000_000_209_000_000),
        content: json!({
            "trace_id": "ASNFZ4mrze8BI0VniavN7w==", "span_id": encoded, "parent_span_id": parent.map(|(_, text)| text),
            "name": "answer", "start_time_unix_nano": 1_700_000_000_123_000_000_i64,
            "end_time_unix_nano": 1_700_000_000_209_000_000_i64, "events": [], "links": [],
            "status": { "code": "STATUS_CODE_OK", "message": "" },
            "attributes": { "mlflow.spanType": "\"CHAIN\"", "mlflow.traceRequestId": format!("\"{id}\"") },
        }),
    };
    let root = ("609e3fe9a9c36881", "YJ4/6anDaIE=");
    let inner = span("b2303234932a6ede", "sjAyNJMqbt4=", Some(root));
    store.log_spans(experiment, &[span(root.0, root.1, None), inner]).unwrap();
}

/// All that a store says, by what does not depend on it: names where ids may change.
fn describe(store: &SqliteStore, keeps_ids: bool) -> BTreeMap<String, Value> {
    let mut said = BTreeMap::new();
    let number = |value: f64| {
        if value.abs() < f64::MAX { value.to_string() } else { format!("{}", value.signum() * f64::INFINITY) }
    };
    let files = |of: ArtifactsOf<'_>| {
        let (mut waiting, mut found) = (vec![String::new()], BTreeMap::new());
        while let Some(directory) = waiting.pop() {
            for entry in store.list_artifacts(of, &directory).unwrap() {
                if entry.is_directory() {
                    waiting.push(entry.path);
                    continue;
                }
                let mut text = String::new();
                store.read_artifact(of, &entry.path).unwrap().read_to_string(&mut text).unwrap();
                found.insert(entry.path, text);
            }
        }
        json!(found)
    };
    let tags = |tags: &[Tag]| {
        let own = ["mlflow.parentRunId", "ironbook.imported.from"];
        json!(
            tags.iter()
                .filter(|tag| keeps_ids || !own.contains(&&*tag.key))
                .map(|t| (&t.key, &t.value))
                .collect::<BTreeMap<_, _>>()
        )
    };
    let id = |id: &str| if keeps_ids { json!(id) } else { json!(null) };
    let mut names = BTreeMap::new();
    for experiment in store.search_experiments(&Search::all().view(View::All)).unwrap().items {
        let times = if keeps_ids && experiment.id != "0" {
            json!([experiment.created, experiment.updated])
        } else {
            json!(null)
        };
        let text = json!([id(&experiment.id), experiment.deleted, tags(&experiment.tags), times]);
        said.insert(format!("experiment {}", experiment.name), text);
        for run in store.search_runs(&Search::experiment(&experiment.id).view(View::All)).unwrap().items {
            names.insert(run.info.id.clone(), run.info.name.clone());
            let info = &run.info;
            let mut curves = BTreeMap::new();
            for metric in &run.metrics {
                let points = store.metric_history(&info.id, &metric.key).unwrap();
                let mut points: Vec<_> = points.iter().map(|m| (m.step, m.timestamp, number(m.value))).collect();
                points.sort();
                curves.insert(metric.key.clone(), (number(metric.value), points));
            }
            let text = json!([
                id(&info.id),
                experiment.name,
                info.user,
                info.status.as_str(),
                info.start,
                info.end,
                info.deleted,
                run.params,
                tags(&run.tags),
                curves,
                run.datasets,
                run.model_inputs.len(),
                run.model_outputs.iter().map(|o| o.step).collect::<Vec<_>>(),
                files(ArtifactsOf::Run(&info.id)),
            ]);
            said.insert(format!("run {}", info.name), text);
        }
        for model in store.search_models(&Search::experiment(&experiment.id), &[], &[]).unwrap().items {
            let times = if keeps_ids { json!([model.created, model.updated]) } else { json!(null) };
            // Over REST, only the latest point is known.
            let points = if keeps_ids { store.model_points(&model.id).unwrap() } else { model.metrics.clone() };
            let points: Vec<_> = points
                .iter()
                .map(|m| {
                    let of = m.of.as_deref().unwrap();
                    json!([
                        m.key,
                        number(m.value),
                        m.step,
                        m.timestamp,
                        of.dataset_name,
                        of.dataset_digest,
                        names[of.run_id.as_ref().unwrap()]
                    ])
                })
                .collect();
            let text = json!([
                id(&model.id),
                model.status,
                model.model_type,
                model.source_run.as_ref().map(|run| &names[run]),
                model.params,
                tags(&model.tags),
                points,
                times,
                files(ArtifactsOf::Model(&model.id)),
            ]);
            said.insert(format!("model {}", model.name), text);
        }
        for trace in store.search_traces(&Search::experiment(&experiment.id)).unwrap().items {
            let spans: Vec<_> = store
                .spans(&trace.trace_id)
                .unwrap()
                .into_iter()
                .map(|s| (s.span_id, s.parent_id, s.span_type, s.content))
                .collect();
            let assessments: Vec<_> = trace
                .assessments
                .iter()
                .map(|a| json!([id(&a.assessment_id), a.fields["feedback"], a.fields["source"], a.fields["rationale"]]))
                .collect();
            let text = json!([
                experiment.name,
                trace.request_time,
                trace.execution_duration,
                trace.state,
                trace.request_preview,
                trace.response_preview,
                trace.tags.iter().find(|(key, _)| key == "reviewed"),
                trace.metadata.iter().find(|(key, _)| key == "mlflow.sourceRun").map(|(_, run)| &names[run]),
                assessments,
                spans,
            ]);
            said.insert(format!("trace {}", trace.trace_id), text);
        }
    }
    for model in store.search_registered(&Search::all()).unwrap().items {
        let text = json!([model.description, tags(&model.tags), model.aliases]);
        said.insert(format!("registered {}", model.name), text);
    }
    for version in store.search_versions(&Search::all()).unwrap().items {
        let times = if keeps_ids { json!([version.created, version.updated]) } else { json!(null) };
        let run = version.run.as_ref().map(|run| &names[run]);
        let text = json!([
            version.stage,
            version.description,
            version.status,
            tags(&version.tags),
            version.aliases,
            run,
            times
        ]);
        said.insert(format!("version {}/{}", version.name, version.version), text);
    }
    said
}

fn transfer(from: &str, to: &str) -> Report {
    let (from, to) = (Address::parse(from).unwrap(), Address::parse(to).unwrap());
    let (source, mut sink) = (open_source(&from).unwrap(), open_sink(&to).unwrap());
    let report = Report::default();
    copy(&*source, &mut *sink, Options { artifacts: true }, &report, &|_| {}).unwrap();
    report
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn same(one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, value) in one {
        assert_eq!(value, &other[name], "{name}");
    }
}

#[test]
fn a_store_goes_into_another_and_twice_is_once() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    let one = SqliteStore::open(&from).unwrap();
    fill(&one);
    let report = transfer(text(&from), text(&to));
    assert!(!report.has_skipped(), "{report}");
    assert_eq!(report.added(Kind::Run), 3);
    let other = SqliteStore::open(&to).unwrap();
    same(&describe(&one, true), &describe(&other, true));
    let next = NewVersion { name: "Wetter model".to_owned(), source: "x".to_owned(), ..NewVersion::default() };
    let report = transfer(text(&from), text(&to));
    assert!(report.to_string().starts_with("nothing new"), "{report}");
    same(&describe(&one, true), &describe(&other, true));
    assert_eq!(other.create_version(&next).unwrap().version, "6", "numbers of deleted versions are not used again");
}

#[test]
fn mlflows_files_keep_everything() {
    let place = tempfile::tempdir().unwrap();
    let (from, files, to) = (place.path().join("from"), place.path().join("mlruns"), place.path().join("to"));
    let one = SqliteStore::open(&from).unwrap();
    fill(&one);
    let report = transfer(text(&from), text(&files));
    assert!(!report.has_skipped(), "{report}");
    assert!(transfer(text(&from), text(&files)).to_string().starts_with("nothing new"));
    // A directory that was moved is read as well.
    let moved = place.path().join("moved");
    std::fs::create_dir(&moved).unwrap();
    std::fs::rename(&files, moved.join("mlruns")).unwrap();
    let report = transfer(text(&moved.join("mlruns")), text(&to));
    assert!(!report.has_skipped(), "{report}");
    same(&describe(&one, true), &describe(&SqliteStore::open(&to).unwrap(), true));
}

#[test]
fn experiments_of_one_name_become_one_and_ids_that_are_taken_change() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    let (one, other) = (SqliteStore::open(&from).unwrap(), SqliteStore::open(&to).unwrap());
    let run = |store: &SqliteStore, experiment: &str| {
        store.create_run(&NewRun { experiment: experiment.to_owned(), ..NewRun::default() }).unwrap().id
    };
    let [a, b] = ["a", "b"].map(|name| one.create_experiment(&NewExperiment::named(name)).unwrap());
    let [b_there, _] = ["b", "c"].map(|name| other.create_experiment(&NewExperiment::named(name)).unwrap());
    let (in_a, in_b, was) = (run(&one, &a), run(&one, &b), run(&other, &b_there));
    one.set_experiment_tag(&b, &Tag::new("t", "1")).unwrap();
    let report = transfer(text(&from), text(&to)).to_string();
    assert!(report.contains("experiment `b` was there already"), "{report}");
    assert!(report.contains("experiment `a` has the id 3 instead of 1"), "{report}");
    assert_eq!(other.run(&in_a).unwrap().info.experiment, "3");
    assert_eq!(other.run(&in_b).unwrap().info.experiment, b_there);
    assert_eq!(other.search_runs(&Search::experiment(&b_there)).unwrap().items.len(), 2);
    assert!(other.run(&was).is_ok());
    // What goes on there comes with the next copy.
    one.log_batch(&in_a, Batch { metrics: &[Metric::new("m", 1.0, 5, 0)], params: &[], tags: &[] }).unwrap();
    one.update_run(&in_a, &RunUpdate { status: Some(Status::Finished), end: Some(9), name: None }).unwrap();
    let report = transfer(text(&from), text(&to)).to_string();
    assert!(report.contains("runs               0 new, 1 completed, 1 there already"), "{report}");
    let now = other.run(&in_a).unwrap();
    assert_eq!((now.info.status, now.info.end, now.metric("m")), (Status::Finished, Some(9), Some(1.0)));
}

#[test]
fn without_artifacts_their_places_stay() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    let one = SqliteStore::open(&from).unwrap();
    fill(&one);
    let (source, mut sink) = (
        open_source(&Address::parse(text(&from)).unwrap()).unwrap(),
        open_sink(&Address::parse(text(&to)).unwrap()).unwrap(),
    );
    let report = Report::default();
    copy(&*source, &mut *sink, Options { artifacts: false }, &report, &|_| {}).unwrap();
    assert_eq!((report.added(Kind::File), report.has_skipped()), (0, false), "{report}");
    let other = SqliteStore::open(&to).unwrap();
    for run in one.search_runs(&Search::all().view(View::All)).unwrap().items {
        assert_eq!(other.run(&run.info.id).unwrap().info.artifact_uri, run.info.artifact_uri);
    }
    assert!(!to.join("artifacts").exists(), "nothing was copied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_filled_and_read() {
    let place = tempfile::tempdir().unwrap();
    let (from, back) = (place.path().join("from"), place.path().join("back"));
    let one = SqliteStore::open(&from).unwrap();
    fill(&one);
    let server = support::start().await;
    let uri = server.base.clone();
    let copied = tokio::task::spawn_blocking(move || {
        let there = transfer(text(&from), &uri).to_string();
        let again = transfer(text(&from), &uri).to_string();
        let report = transfer(&uri, text(&back));
        (there, again, report.has_skipped(), report.to_string(), describe(&SqliteStore::open(&back).unwrap(), false))
    });
    let (there, again, has_skipped, report, back) = copied.await.unwrap();
    assert!(!there.contains("skipped") && !has_skipped, "{there}\n{report}");
    assert!(again.starts_with("nothing new"), "{again}");
    same(&describe(&one, false), &back);
}

/// Runs the comparison with MLflow's own client.
#[test]
fn mlflow_says_the_same_of_original_and_copy() {
    let name = "mlflow_says_the_same_of_original_and_copy";
    let python = match std::env::var_os("IRONBOOK_TEST_MLFLOW").filter(|path| !path.is_empty()) {
        Some(python) => python,
        None => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "IRONBOOK_TEST_MLFLOW must be set in CI for {name}");
            println!("SKIPPED {name}: IRONBOOK_TEST_MLFLOW is not set");
            return;
        }
    };
    let program = support::program();
    let script = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../tests/clients/track_transfer.py");
    let done = std::process::Command::new(python).arg(script).arg(program).output().unwrap();
    let words = [&done.stdout, &done.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(done.status.success() && words[0].contains("all good"), "{}\n{}", words[0], words[1]);
}
