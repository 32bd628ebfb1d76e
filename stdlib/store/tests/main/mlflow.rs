//! Against MLflow's own server.

use crate::support::mlflow::{Server, shared};
use crate::support::python;
use ironbook_store::store::{Artifacts, Experiments, Models, Registry, Runs, Traces};
use ironbook_store::{
    ArtifactsOf, Assessment, Batch, ClientOptions, Code, Dataset, DatasetInput, Metric, MlflowStore, ModelOutput,
    ModelStatus, NewExperiment, NewModel, NewRun, NewVersion, Param, RunUpdate, Search, Span, SpooledStore, Stage,
    Status, Tag, TraceInfo,
};
use serde_json::json;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

fn open(uri: &str) -> MlflowStore {
    MlflowStore::open(uri, ClientOptions { backoff_factor: 0.05, backoff_jitter: 0.05, ..Default::default() }).unwrap()
}

fn experiment(store: &MlflowStore, name: &str) -> String {
    store.create_experiment(&NewExperiment::named(name)).unwrap()
}

fn run(store: &MlflowStore, name: &str) -> String {
    let experiment = experiment(store, name);
    store.create_run(&NewRun { experiment, ..NewRun::default() }).unwrap().id
}

#[test]
fn a_run_goes_from_start_to_end() {
    let Some(uri) = shared("a_run_goes_from_start_to_end") else { return };
    let store = open(uri);
    assert!(store.server_version().unwrap().starts_with(|c: char| c.is_ascii_digit()));
    let experiment = experiment(&store, "life");
    let new = NewRun {
        experiment: experiment.clone(),
        name: Some("first".into()),
        user: Some("ann".into()),
        start: Some(1000),
        tags: vec![Tag::new("a", "b")],
    };
    let info = store.create_run(&new).unwrap();
    assert_eq!((info.name.as_str(), info.user.as_str(), info.start), ("first", "ann", 1000));
    let values = [1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e-300];
    let metrics: Vec<_> = (0..).zip(values).map(|(i, v)| Metric::new(format!("m/{i}"), v, 7, -i)).collect();
    let params: Vec<_> = (0..250).map(|i| Param::new(format!("p{i:03}"), "ü".repeat(7000))).collect();
    let tags: Vec<_> = (0..150).map(|i| Tag::new(format!("t{i:03}"), i)).collect();
    store.log_batch(&info.id, Batch { metrics: &metrics, params: &params, tags: &tags }).unwrap();
    store.log_batch(&info.id, Batch { metrics: &metrics, params: &params, tags: &tags }).unwrap();
    let found = store.run(&info.id).unwrap();
    assert_eq!((found.params.len(), found.tag("t149"), found.tag("a")), (250, Some("149"), Some("b")));
    assert_eq!(found.param("p249").unwrap().chars().count(), 6000);
    for (i, value) in values.iter().enumerate() {
        let back = found.metric(&format!("m/{i}")).unwrap();
        let huge = value.is_infinite() && back == f64::MAX.copysign(*value);
        assert!(back == *value || back.is_nan() && value.is_nan() || huge, "{back} {value}");
        assert_eq!(store.metric_history(&info.id, &format!("m/{i}")).unwrap().len(), 1, "written once");
    }
    let changed = store.log_batch(&info.id, Batch { params: &[Param::new("p001", 2)], ..Batch::default() });
    assert_eq!(changed.unwrap_err().code(), Code::InvalidParameterValue);
    let update = RunUpdate { status: Some(Status::Finished), end: Some(2000), name: Some("renamed".into()) };
    let info = store.update_run(&info.id, &update).unwrap();
    assert_eq!((info.status, info.end, info.name.as_str()), (Status::Finished, Some(2000), "renamed"));
    store.delete_tag(&info.id, "a").unwrap();
    assert_eq!(store.run(&info.id).unwrap().tag("a"), None);
    store.delete_run(&info.id).unwrap();
    assert!(store.run(&info.id).unwrap().info.deleted);
    assert!(store.search_runs(&Search::experiment(&experiment)).unwrap().items.is_empty());
    store.restore_run(&info.id).unwrap();
    let filter = Search::experiment(&experiment).filter("metrics.`m/0` > 1 AND tags.t001 = '1'");
    assert_eq!(store.search_runs(&filter).unwrap().items.len(), 1);
    assert_eq!(store.run("0123456789abcdef0123456789abcdef").unwrap_err().code(), Code::ResourceDoesNotExist);
    assert_eq!(store.metric_history("0123456789abcdef", "m").unwrap_err().code(), Code::ResourceDoesNotExist);
    assert_eq!(store.run("../x").unwrap_err().code(), Code::ResourceDoesNotExist);
}

#[test]
fn long_histories_come_in_pages_and_thinned() {
    let Some(uri) = shared("long_histories_come_in_pages_and_thinned") else { return };
    let store = open(uri);
    let run = run(&store, "history");
    let points: Vec<_> = (0..3000).map(|i| Metric::new("loss", f64::from(i), i64::from(i), i64::from(i))).collect();
    store.log_batch(&run, Batch { metrics: &points, ..Batch::default() }).unwrap();
    assert_eq!(store.metric_history(&run, "loss").unwrap(), points);
    let first = store.metric_history_page(&run, "loss", 1000, None).unwrap();
    assert_eq!((first.items.len(), first.items[999].step), (1000, 999));
    let second = store.metric_history_page(&run, "loss", 1000, first.next.as_deref()).unwrap();
    assert_eq!(second.items[0].step, 1000);
    assert!(store.metric_history(&run, "nothing").unwrap().is_empty());
    let curves = store.metric_curves(std::slice::from_ref(&run), "loss", (Some(10), None), 50).unwrap();
    let curve = &curves[0].1;
    assert!(curve.len() < 200 && curve[0].step == 10 && curve[curve.len() - 1].step == 2999, "{}", curve.len());
}

#[test]
fn experiments_are_kept() {
    let Some(uri) = shared("experiments_are_kept") else { return };
    let store = open(uri);
    let id = experiment(&store, "kept");
    assert_eq!(store.create_experiment(&NewExperiment::named("kept")).unwrap_err().code(), Code::ResourceAlreadyExists);
    assert_eq!(store.experiment_by_name("kept").unwrap().unwrap().id, id);
    assert_eq!(store.experiment_by_name("nobody").unwrap(), None);
    store.rename_experiment(&id, "kept well").unwrap();
    store.set_experiment_tag(&id, &Tag::new("k", "v")).unwrap();
    let found = store.experiment(&id).unwrap();
    assert_eq!((found.name.as_str(), found.tags), ("kept well", vec![Tag::new("k", "v")]));
    store.delete_experiment_tag(&id, "k").unwrap();
    store.delete_experiment(&id).unwrap();
    assert!(store.experiment(&id).unwrap().deleted);
    store.restore_experiment(&id).unwrap();
    let page = store.search_experiments(&Search::all().filter("name = 'kept well'")).unwrap();
    assert_eq!(page.items.len(), 1);
}

#[test]
fn artifacts_go_through_the_server() {
    let Some(uri) = shared("artifacts_go_through_the_server") else { return };
    let store = open(uri);
    let run = run(&store, "artifacts");
    let of = ArtifactsOf::Run(&run);
    store.write_artifact(of, "a/ü b+&.txt", &mut &b"text"[..]).unwrap();
    store.write_artifact(of, "a/ü b+&.txt", &mut &b"other"[..]).unwrap();
    let size = 20 << 20;
    store.write_artifact(of, "large.bin", &mut std::io::repeat(3).take(size)).unwrap();
    let mut text = String::new();
    store.read_artifact(of, "a/ü b+&.txt").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "other");
    let mut large = Vec::new();
    store.read_artifact(of, "large.bin").unwrap().read_to_end(&mut large).unwrap();
    assert!(large.len() as u64 == size && large.iter().all(|b| *b == 3));
    let listed = store.list_artifacts(of, "").unwrap();
    let listed: Vec<_> = listed.iter().map(|entry| (entry.path.as_str(), entry.size)).collect();
    assert_eq!(listed, [("a", None), ("large.bin", Some(size))]);
    assert_eq!(store.list_artifacts(of, "a").unwrap()[0].path, "a/ü b+&.txt");
    assert!(store.list_artifacts(of, "large.bin").unwrap().is_empty());
    assert!(store.list_artifacts(of, "nothing").unwrap().is_empty());
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(store.fetch_artifact(of, "", &directory.path().join("copy")).unwrap(), 2);
    assert_eq!(std::fs::read(directory.path().join("copy/a/ü b+&.txt")).unwrap(), b"other");
    store.copy_artifact(of, &directory.path().join("copy/a"), Some("again")).unwrap();
    assert_eq!(store.list_artifacts(of, "again").unwrap().len(), 1);
    store.delete_artifact(of, "a").unwrap();
    assert!(store.list_artifacts(of, "a").unwrap().is_empty());
    for missing in [
        store.read_artifact(of, "a/ü b+&.txt").map(drop),
        store.delete_artifact(of, "a"),
        store.write_artifact(ArtifactsOf::Run("0123456789abcdef0123456789abcdef"), "a", &mut &b""[..]),
    ] {
        assert_eq!(missing.unwrap_err().code(), Code::ResourceDoesNotExist);
    }
    for path in ["../x", "/etc/passwd", "a/../../x", ""] {
        assert_eq!(store.write_artifact(of, path, &mut &b""[..]).unwrap_err().code(), Code::InvalidParameterValue);
    }
}

#[test]
fn inputs_outputs_and_models() {
    let Some(uri) = shared("inputs_outputs_and_models") else { return };
    let store = open(uri);
    let run = run(&store, "models");
    let experiment = store.run(&run).unwrap().info.experiment;
    let dataset = Dataset {
        name: "iris".into(),
        digest: "abc".into(),
        source_type: "local".into(),
        source: "{}".into(),
        schema: Some("{\"a\":1}".into()),
        profile: None,
    };
    let input = DatasetInput { tags: vec![Tag::new("mlflow.data.context", "training")], dataset };
    store.log_inputs(&run, std::slice::from_ref(&input), &[]).unwrap();
    store.log_inputs(&run, std::slice::from_ref(&input), &[]).unwrap();
    let new = NewModel {
        experiment: experiment.clone(),
        name: Some("net".into()),
        model_type: Some("gbdt".into()),
        source_run: Some(run.clone()),
        params: (0..150).map(|i| Param::new(format!("p{i}"), i)).collect(),
        tags: vec![Tag::new("k", "v")],
    };
    let model = store.create_model(&new).unwrap();
    assert_eq!((model.status, model.params.len(), model.source_run.as_ref()), (ModelStatus::Pending, 150, Some(&run)));
    let output = ModelOutput { model_id: model.id.clone(), step: 3 };
    store.log_outputs(&run, std::slice::from_ref(&output)).unwrap();
    let mut auc = Metric::new("auc", 0.9, 5, 3);
    auc.of = Some(Box::new(ironbook_store::MetricOf { model_id: Some(model.id.clone()), ..Default::default() }));
    store.log_batch(&run, Batch { metrics: &[auc], ..Batch::default() }).unwrap();
    store.write_artifact(ArtifactsOf::Model(&model.id), "MLmodel", &mut &b"x"[..]).unwrap();
    assert_eq!(store.list_artifacts(ArtifactsOf::Model(&model.id), "").unwrap()[0].path, "MLmodel");
    let model = store.finish_model(&model.id, ModelStatus::Ready, None).unwrap();
    assert_eq!(model.status, ModelStatus::Ready);
    store.set_model_tags(&model.id, &[Tag::new("a/b", "c")]).unwrap();
    store.log_model_params(&model.id, &[Param::new("late", 1)]).unwrap();
    let model = store.model(&model.id).unwrap();
    assert_eq!((model.params.len(), model.tags.len(), model.metrics[0].value), (151, 2, 0.9));
    store.delete_model_tag(&model.id, "k").unwrap();
    let found = store.search_models(&Search::experiment(&experiment).filter("metrics.auc > 0.5"), &[], &[]).unwrap();
    assert_eq!(found.items[0].id, model.id);
    let whole = store.run(&run).unwrap();
    assert_eq!((whole.datasets, whole.model_outputs), (vec![input], vec![output]));
    let summaries = store.experiment_datasets(&[experiment]).unwrap();
    assert_eq!((summaries[0].name.as_str(), summaries[0].context.as_deref()), ("iris", Some("training")));
    store.delete_model(&model.id).unwrap();
    assert_eq!(store.model(&model.id).unwrap_err().code(), Code::ResourceDoesNotExist);
}

#[test]
fn the_registry_keeps_versions() {
    let Some(uri) = shared("the_registry_keeps_versions") else { return };
    let store = open(uri);
    let run = run(&store, "registry");
    store.create_registered("net", Some("a net"), &[Tag::new("k", "v")]).unwrap();
    assert_eq!(store.create_registered("net", None, &[]).unwrap_err().code(), Code::ResourceAlreadyExists);
    let source = format!("runs:/{run}/model");
    let new = NewVersion { name: "net".into(), source, run: Some(run), ..NewVersion::default() };
    let version = store.create_version(&new).unwrap();
    assert_eq!((version.version.as_str(), store.create_version(&new).unwrap().version.as_str()), ("1", "2"));
    store.set_alias("net", "champion", "2").unwrap();
    assert_eq!(store.version_by_alias("net", "champion").unwrap().version, "2");
    store.describe_version("net", "1", "the first").unwrap();
    store.stage_version("net", "1", Stage::Production, false).unwrap();
    store.set_version_tag("net", "1", &Tag::new("a", "b")).unwrap();
    let one = store.version("net", "1").unwrap();
    assert_eq!((one.stage, one.description.as_str(), one.tags.len()), (Stage::Production, "the first", 1));
    assert_eq!(store.latest_versions("net", &[Stage::Production]).unwrap()[0].version, "1");
    assert_eq!(store.search_versions(&Search::all().filter("name = 'net'")).unwrap().items.len(), 2);
    assert!(store.version_uri("net", "1").unwrap().contains("model"));
    store.delete_version_tag("net", "1", "a").unwrap();
    store.delete_alias("net", "champion").unwrap();
    store.delete_version("net", "2").unwrap();
    store.set_registered_tag("net", &Tag::new("x", "y")).unwrap();
    store.delete_registered_tag("net", "k").unwrap();
    store.describe_registered("net", "new").unwrap();
    store.rename_registered("net", "net2").unwrap();
    let found = store.registered("net2").unwrap();
    assert_eq!((found.description.as_str(), found.tags), ("new", vec![Tag::new("x", "y")]));
    assert_eq!(store.search_registered(&Search::all().filter("name = 'net2'")).unwrap().items.len(), 1);
    store.delete_registered("net2").unwrap();
    assert_eq!(store.registered("net2").unwrap_err().code(), Code::ResourceDoesNotExist);
}

#[test]
fn traces_are_kept() {
    let Some(uri) = shared("traces_are_kept") else { return };
    let store = open(uri);
    let run = run(&store, "traces");
    let experiment = store.run(&run).unwrap().info.experiment;
    let id = "tr-0123456789abcdef0123456789abcdef".to_owned();
    let info = TraceInfo {
        trace_id: id.clone(),
        experiment: experiment.clone(),
        request_time: 1_700_000_000_123,
        execution_duration: Some(1500),
        state: "OK".into(),
        request_preview: Some("?".into()),
        tags: vec![("a".into(), "b".into())],
        metadata: vec![("m".into(), "n".into())],
        ..TraceInfo::default()
    };
    let stored = store.put_trace(&info).unwrap();
    assert_eq!((stored.request_time, stored.execution_duration), (1_700_000_000_123, Some(1500)));
    let attributes = json!({"mlflow.spanType": "\"LLM\"", "mlflow.spanInputs": "{\"q\":[1,2.5,true,null]}"});
    let span = Span {
        trace_id: id.clone(),
        span_id: "0123456789abcdef".into(),
        parent_id: None,
        name: "root".into(),
        span_type: Some("LLM".into()),
        status: "OK".into(),
        start_ns: 1_700_000_000_123_000_001,
        end_ns: Some(1_700_000_001_623_000_002),
        content: json!({"attributes": attributes, "events": [], "links": [], "status": {"code": "STATUS_CODE_OK"}}),
    };
    store.log_spans(&experiment, std::slice::from_ref(&span)).unwrap();
    let spans = store.spans(&id).unwrap();
    assert_eq!((spans.len(), spans[0].name.as_str(), spans[0].span_type.as_deref()), (1, "root", Some("LLM")));
    assert_eq!((spans[0].start_ns, spans[0].end_ns), (span.start_ns, span.end_ns));
    let inputs = spans[0].content["attributes"]["mlflow.spanInputs"].as_str().unwrap();
    let inputs: serde_json::Value = serde_json::from_str(inputs).unwrap();
    assert_eq!(inputs, json!({"q": [1, 2.5, true, null]}));
    store.set_trace_tag(&id, "x", "y").unwrap();
    store.delete_trace_tag(&id, "a").unwrap();
    let back = store.trace(&id).unwrap();
    let has = |key: &str| back.tags.iter().any(|(k, _)| k == key);
    assert!(has("x") && !has("a"));
    let found = store.search_traces(&Search::experiment(&experiment).filter("tags.x = 'y'")).unwrap();
    assert_eq!(found.items.len(), 1);
    let said = json!({
        "assessment_name": "good", "feedback": {"value": true},
        "source": {"source_type": "HUMAN", "source_id": "ann"},
    });
    let new = Assessment { assessment_id: String::new(), fields: said.as_object().unwrap().clone() };
    let kept = store.create_assessment(&id, &new).unwrap();
    assert!(kept.assessment_id.starts_with("a-"), "{kept:?}");
    let mut change = Assessment { assessment_id: kept.assessment_id.clone(), ..Assessment::default() };
    change.fields.insert("rationale".into(), json!("because"));
    assert_eq!(store.update_assessment(&id, &change).unwrap().fields["rationale"], "because");
    assert_eq!(store.assessment(&id, &kept.assessment_id).unwrap().fields["assessment_name"], "good");
    store.delete_assessment(&id, &kept.assessment_id).unwrap();
    store.link_traces(&run, std::slice::from_ref(&id)).unwrap();
    assert_eq!(store.delete_traces(&experiment, std::slice::from_ref(&id), None, None).unwrap(), 1);
    assert_eq!(store.trace(&id).unwrap_err().code(), Code::ResourceDoesNotExist);
}

#[test]
fn a_server_that_is_killed_and_comes_back_has_everything_once() {
    let Some(python) = python("a_server_that_is_killed_and_comes_back_has_everything_once") else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(&python, directory.path());
    let client = MlflowStore::open(&server.uri, ClientOptions::default()).unwrap();
    let spool = SpooledStore::open(Arc::new(client.without_retries()), &directory.path().join("spool")).unwrap();
    let new = |name: &str| NewRun { experiment: "0".into(), name: Some(name.into()), ..NewRun::default() };
    let first = spool.create_run(&new("first")).unwrap().id;
    let log = |run: &str, steps: std::ops::Range<i64>| {
        for step in steps {
            let metrics = [Metric::new("m", step as f64, step, step), Metric::new("n", -step as f64, step, step)];
            spool.log_batch(run, Batch { metrics: &metrics, ..Batch::default() }).unwrap();
        }
    };
    log(&first, 0..500);
    server.down();
    log(&first, 500..1000);
    let second = spool.create_run(&new("second")).unwrap().id;
    let params: Vec<_> = (0..120).map(|i| Param::new(format!("p{i}"), i)).collect();
    spool.log_batch(&second, Batch { params: &params, ..Batch::default() }).unwrap();
    let model = NewModel { experiment: "0".into(), source_run: Some(second.clone()), ..NewModel::default() };
    let model = spool.create_model(&model).unwrap().id;
    spool.write_artifact(ArtifactsOf::Model(&model), "weights", &mut &b"w"[..]).unwrap();
    spool.finish_model(&model, ModelStatus::Ready, None).unwrap();
    spool.log_outputs(&second, &[ModelOutput { model_id: model, step: 0 }]).unwrap();
    spool.create_registered("net", None, &[]).unwrap();
    let source = format!("runs:/{second}/model");
    let version = NewVersion { name: "net".into(), source, run: Some(second), ..NewVersion::default() };
    let version = spool.create_version(&version).unwrap().version;
    spool.set_alias("net", "champion", &version).unwrap();
    server.up();
    log(&first, 1000..1500);
    let report = spool.sync(Duration::from_secs(120)).unwrap();
    assert_eq!((report.waiting, report.refused), (0, 0), "{report:?} {:?}", spool.status().unwrap());
    for key in ["m", "n"] {
        let steps: Vec<_> = client.metric_history(&first, key).unwrap().iter().map(|m| m.step).collect();
        assert_eq!(steps, (0..1500).collect::<Vec<_>>());
    }
    let runs = client.search_runs(&Search::experiment("0")).unwrap().items;
    let second = runs.iter().find(|run| run.info.name == "second").unwrap();
    assert_eq!((runs.len(), second.params.len(), second.model_outputs.len()), (2, 120, 1));
    let model = client.model(&second.model_outputs[0].model_id).unwrap();
    assert_eq!((model.status, model.source_run.as_ref()), (ModelStatus::Ready, Some(&second.info.id)));
    assert_eq!(client.list_artifacts(ArtifactsOf::Model(&model.id), "").unwrap()[0].path, "weights");
    let champion = client.version_by_alias("net", "champion").unwrap();
    assert_eq!((champion.version.as_str(), champion.source), ("1", format!("runs:/{}/model", second.info.id)));
}

#[test]
fn what_was_created_is_found_again_by_its_tag() {
    let Some(uri) = shared("what_was_created_is_found_again_by_its_tag") else { return };
    let store = open(uri);
    let experiment = experiment(&store, "found again");
    let tag = Tag::new(ironbook_store::spool::SPOOL_ID, "0123456789abcdef0123456789abcdef");
    let filter = "tags.`ironbook.spool.id` = '0123456789abcdef0123456789abcdef'";
    let run =
        store.create_run(&NewRun { experiment: experiment.clone(), tags: vec![tag.clone()], ..NewRun::default() });
    let search = Search::experiment(&experiment).filter(filter).view(ironbook_store::View::All).limit(2);
    assert_eq!(store.search_runs(&search).unwrap().items[0].info.id, run.unwrap().id);
    let new = NewModel { experiment: experiment.clone(), tags: vec![tag.clone()], ..NewModel::default() };
    let model = store.create_model(&new).unwrap();
    let search = Search::experiment(&experiment).filter(filter).limit(2);
    assert_eq!(store.search_models(&search, &[], &[]).unwrap().items[0].id, model.id);
    store.create_registered("it's found", None, &[]).unwrap();
    let new =
        NewVersion { name: "it's found".into(), source: "s3://b/x".into(), tags: vec![tag], ..NewVersion::default() };
    store.create_version(&new).unwrap();
    assert_eq!(store.search_versions(&Search::all().filter(filter).limit(2)).unwrap().items.len(), 1);
}
