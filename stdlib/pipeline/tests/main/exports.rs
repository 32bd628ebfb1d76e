//! The files for other tools: as they were looked at and tried with the tools themselves, and what has to hold of each.

use crate::support::full;
use ironbook_pipeline::Definition;
use ironbook_pipeline::export::{ALL, Context, Existing, Exporter, named, params_yaml, write};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn golden() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/main/golden")
}

fn text(exporter: &dyn Exporter, path: &str, definition: &Definition) -> String {
    let files = exporter.files(&Context::new(definition));
    files.into_iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is not written")).text
}

fn yaml(name: &str, path: &str, definition: &Definition) -> Value {
    serde_saphyr::from_str(&text(named(name).unwrap(), path, definition)).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn files_are_as_they_were_looked_at() {
    let definition = full();
    for exporter in ALL {
        for file in exporter.files(&Context::new(&definition)) {
            let path = golden().join(file.path.trim_start_matches('.'));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &file.text).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(file.text, expected, "{}: {}", exporter.name(), file.path);
        }
    }
}

#[test]
fn exporters_have_names_and_write_different_files() {
    let definition = full();
    let names: BTreeSet<&str> = ALL.iter().map(|exporter| exporter.name()).collect();
    assert_eq!(names.len(), ALL.len());
    let mut paths = BTreeSet::new();
    for exporter in ALL {
        assert_eq!(named(exporter.name()).unwrap().about(), exporter.about());
        let files = exporter.files(&Context::new(&definition));
        assert!(!files.is_empty(), "{}", exporter.name());
        assert!(files.into_iter().all(|file| file.text.ends_with('\n') && paths.insert(file.path)));
    }
    assert!(named("other").is_none());
}

#[test]
fn dvc_knows_what_each_stage_depends_on() {
    let dvc = yaml("dvc", "dvc.yaml", &full());
    assert_eq!(keys(&dvc["stages"]), ["read", "train", "judge", "auc_is_good", "register"]);
    let train = &dvc["stages"]["train"];
    assert_eq!(train["params"], serde_json::json!(["n_estimators", "learning_rate", "fast"]));
    assert_eq!(train["outs"], serde_json::json!(["outputs/train/model"]));
    let deps = train["deps"].as_array().unwrap();
    assert!(deps.contains(&"outputs/read/flights".into()) && deps.contains(&"src".into()), "{deps:?}");
    assert_eq!(dvc["stages"]["read"]["deps"][4], "../../../data/weather 2.parquet");
    assert_eq!(dvc["stages"]["auc_is_good"]["outs"][0], "outputs/auc_is_good/auc_is_good");
}

#[test]
fn parameters_come_back_from_yaml() {
    let definition = full();
    let read: Value = serde_saphyr::from_str(&params_yaml(&definition)).unwrap();
    assert_eq!(keys(&read).len(), definition.params.len());
    for param in &definition.params {
        assert_eq!(read[&param.name], serde_json::to_value(&param.default).unwrap(), "{}", param.name);
    }
    let none = Definition { params: Vec::new(), ..full() };
    assert_eq!(serde_saphyr::from_str::<Value>(&params_yaml(&none)).unwrap(), serde_json::json!({}));
}

#[test]
fn kubeflow_tasks_components_and_executors_belong_together() {
    let mut definition = full();
    definition.stages[2].name = "Train".into();
    definition.stages[3].inputs[0].from = "Train".into();
    definition.targets[1] = "Train.report".into();
    assert_eq!(definition.problems(), []);
    let ir = yaml("kubeflow", "kubeflow.yaml", &definition);
    let tasks = ir["root"]["dag"]["tasks"].as_object().unwrap();
    let names: Vec<&str> = tasks.keys().map(String::as_str).collect();
    assert_eq!(names, ["import-flights", "import-weather", "read", "train", "train-2", "auc-is-good", "register"]);
    for (name, task) in tasks {
        let component = &ir["components"][task["componentRef"]["name"].as_str().unwrap()];
        let executor = component["executorLabel"].as_str().unwrap_or_else(|| panic!("{name} has no component"));
        assert!(ir["deploymentSpec"]["executors"][executor].is_object(), "{name}");
        for (key, input) in task["inputs"]["artifacts"].as_object().into_iter().flatten() {
            assert!(component["inputDefinitions"]["artifacts"][key].is_object(), "{name} {key}");
            let from = &input["taskOutputArtifact"];
            let producer = from["producerTask"].as_str().unwrap();
            let made = &ir["components"][format!("comp-{producer}")]["outputDefinitions"]["artifacts"];
            assert!(made[from["outputArtifactKey"].as_str().unwrap()].is_object(), "{name} {key}");
            assert!(task["dependentTasks"].as_array().unwrap().contains(&producer.into()), "{name} {key}");
        }
    }
}

#[test]
fn data_elsewhere_is_named_as_it_is() {
    let mut definition = full();
    definition.data[0].path = "/mnt/flights.parquet".into();
    let context = Context { place: "ml/pipelines/late-flights/1.3.0".into(), ..Context::new(&definition) };
    let text = named("dvc").unwrap().files(&context).remove(0).text;
    assert!(text.contains("- /mnt/flights.parquet\n"), "{text}");
    assert!(text.contains("- ../../../../data/weather 2.parquet\n"), "{text}");
}

#[test]
fn a_crate_without_vendored_sources_copies_none() {
    let definition = full();
    let desk = tempfile::tempdir().unwrap();
    let linked = Context::new(&definition).of(desk.path());
    let text = &named("docker").unwrap().files(&linked)[0].text;
    assert!(!text.contains("vendor") && text.contains("`--link`"), "{text}");
    fs::create_dir(desk.path().join("vendor")).unwrap();
    let vendored = Context::new(&definition).of(desk.path());
    assert!(named("docker").unwrap().files(&vendored)[0].text.contains("COPY vendor vendor\n"));
}

#[test]
fn what_belongs_to_the_version_is_not_replaced() {
    let definition = full();
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("params.yaml"), "n_estimators: 5\n").unwrap();
    fs::write(desk.path().join("dvc.yaml"), "old").unwrap();
    let dvc = named("dvc").unwrap();
    assert_eq!(dvc.files(&Context::new(&definition))[1].existing, Existing::Kept);
    let written = write(dvc, &Context::new(&definition), desk.path()).unwrap();
    assert_eq!(written, [desk.path().join("dvc.yaml")]);
    assert_eq!(fs::read_to_string(desk.path().join("params.yaml")).unwrap(), "n_estimators: 5\n");
    let error = write(dvc, &Context::new(&definition), &desk.path().join("dvc.yaml")).unwrap_err().to_string();
    assert!(error.starts_with("cannot write "), "{error}");
}

/// The program runs a stage called `register` when it is told to register.
#[test]
fn a_stage_called_register_is_no_registration() {
    let mut definition = full();
    definition.stages[2].name = "register".into();
    definition.stages[3].inputs[0].from = "register".into();
    definition.targets[1] = "register.report".into();
    assert_eq!(definition.problems(), []);
    let dvc = yaml("dvc", "dvc.yaml", &definition);
    assert_eq!(keys(&dvc["stages"]), ["read", "train", "register", "auc_is_good"]);
    assert_eq!(dvc["stages"]["register"]["outs"][0], "outputs/register/report");
}
