//! Versions of pipelines: the command that lists, shows, compares and exports them, and the tools that run what it wrote.

use crate::clients::{MLFLOW, check_with, program};
use crate::support::{Done, cargo, ironbook, target, toy, workspace};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn dvc_runs_an_exported_pipeline() {
    exported(DVC, "dvc", 300);
}

#[test]
fn mlflow_runs_an_exported_pipeline() {
    exported(MLFLOW, "mlproject", 400);
}

#[test]
fn airflow_runs_an_exported_pipeline() {
    exported("IRONBOOK_TEST_AIRFLOW", "airflow", 400);
}

#[test]
fn kubeflow_takes_an_exported_pipeline() {
    exported("IRONBOOK_TEST_KFP", "kubeflow", 300);
}

#[test]
fn the_exported_workflow_is_one() {
    exported(DVC, "github", 120);
}

#[test]
fn odd_texts_come_back_from_exported_files() {
    exported(DVC, "yaml", 120);
}

#[test]
fn definitions_are_what_their_schema_says() {
    exported(DVC, "schema", 120);
}

/// Names the Python with `tests/env/dvc.txt`.
const DVC: &str = "IRONBOOK_TEST_DVC";

#[track_caller]
fn exported(variable: &str, tool: &str, seconds: i64) {
    let toy = toy().to_string_lossy().into_owned();
    check_with(variable, "pipeline_exports.py", &[tool, &program(), &toy], seconds);
}

/// A project with versions 1.2.0 and 1.3.0 of a pipeline.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        let text = fs::read_to_string(workspace().join("stdlib/pipeline/tests/main/full.toml")).unwrap();
        project.version("1.3.0", &text, "pub fn train() {\n    fit(2);\n}\n");
        let older = text.replace("\"1.3.0\"", "\"1.2.0\"").replace("default = 300", "default = 200");
        let older =
            older.replace(&format!("code = \"{}\"", "b1".repeat(32)), &format!("code = \"{}\"", "d".repeat(64)));
        project.version("1.2.0", &older, "pub fn train() {\n    fit(1);\n}\n");
        project
    }

    fn directory(&self, version: &str) -> PathBuf {
        self.0.path().join("pipelines/late-flights").join(version)
    }

    fn version(&self, version: &str, definition: &str, stages: &str) {
        fs::create_dir_all(self.directory(version).join("src")).unwrap();
        fs::write(self.directory(version).join("pipeline.toml"), definition).unwrap();
        fs::write(self.directory(version).join("src/stages.rs"), stages).unwrap();
    }

    fn pipeline(&self, arguments: &[&str]) -> Done {
        self.at(self.0.path(), arguments)
    }

    fn at(&self, place: &Path, arguments: &[&str]) -> Done {
        let done = ironbook().arg("pipeline").args(arguments).current_dir(place).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Done { code: done.status.code(), stdout: text(&done.stdout), stderr: text(&done.stderr) }
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let done = self.pipeline(&[arguments, &["--json"]].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stdout))
    }
}

#[track_caller]
fn says(done: &Done, words: &[&str]) {
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    for words in words {
        assert!(done.stdout.contains(words), "no `{words}` in\n{}", done.stdout);
    }
}

#[test]
fn pipelines_are_listed_and_shown() {
    let project = Project::new();
    let table = "name          versions  latest  promoted          verified\nlate-flights  2         1.3.0   2026-11-26 10:00  yes: 3 of 3";
    says(&project.pipeline(&["list"]), &[table]);
    assert_eq!(project.json(&["list"])[0]["versions"], serde_json::json!(["1.2.0", "1.3.0"]));

    let shown = project.pipeline(&["show", "late-flights@1.3"]);
    says(
        &shown,
        &["late-flights 1.3.0\n", "not compared: read.weather", "NOT as it was written", "\n└─ train → model\n"],
    );
    says(
        &shown,
        &[
            "n_estimators   usize  300",
            "commit 0123456789ab with changes",
            "train.model as late-flights, alias champion",
        ],
    );
    let shown = project.json(&["show", "late-flights"]);
    assert_eq!(shown["definition"]["version"], "1.3.0");
    assert_eq!(shown["intact"], false);
    let deep = project.directory("1.2.0").join("src");
    says(&project.at(&deep, &["path", "late-flights@1.2.0"]), &["pipelines/late-flights/1.2.0\n"]);
}

#[test]
fn two_versions_are_compared_in_words_and_as_a_table() {
    let project = Project::new();
    let both = project.pipeline(&["diff", "late-flights@1.2.0", "late-flights@1.3.0", "--code"]);
    let head = "late-flights@1.2.0 → late-flights@1.3.0: a minor change\n";
    says(&both, &[head, "- parameter n_estimators: default 300, was 200\n", "- stage train: code changed\n"]);
    says(
        &both,
        &["part       name          what     before        after         level\n", "-    fit(1);\n+    fit(2);\n"],
    );
    let last = project.json(&["diff", "late-flights"]);
    assert_eq!((last["level"].as_str(), last["differences"].as_array().unwrap().len()), (Some("minor"), 2));
    says(&project.pipeline(&["diff", "late-flights", "late-flights"]), &["nothing has changed"]);
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let project = Project::new();
    for (arguments, words) in [
        (&["show", "early"][..], "there is no pipeline `early`"),
        (&["show", "late-flights@2"], "help: there are 1.2.0, 1.3.0"),
        (&["diff", "late-flights@1.2.0"], "is the first version of its pipeline"),
        (&["export", "late-flights", "argo"], "possible values: dvc, mlproject, airflow, kubeflow, github, docker"),
    ] {
        let done = project.pipeline(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}");
        assert!(done.stderr.contains(words), "{}", done.stderr);
    }
    fs::write(project.directory("1.3.0").join("pipeline.toml"), "schema = 2\n").unwrap();
    let newer = project.pipeline(&["show", "late-flights"]);
    assert!(newer.stderr.contains("written by a newer Ironbook (schema 2"), "{}", newer.stderr);
    assert!(newer.stderr.contains("help: update Ironbook to read it"), "{}", newer.stderr);
    says(&project.pipeline(&["list"]), &["not readable:"]);
}

#[test]
fn all_tools_files_are_written() {
    let project = Project::new();
    let written = project.json(&["export", "late-flights", "--image", "registry.example/late:7"]);
    assert_eq!(written.as_array().unwrap().len(), 6);
    for file in
        ["dvc.yaml", "MLproject", "airflow_dag.py", "kubeflow.yaml", "Dockerfile", ".github/workflows/late-flights.yml"]
    {
        assert!(project.directory("1.3.0").join(file).is_file(), "{file}");
    }
    let kubeflow = fs::read_to_string(project.directory("1.3.0").join("kubeflow.yaml")).unwrap();
    assert!(kubeflow.contains("image: registry.example/late:7\n"));
}

/// A script of the usual kind: a file, a table, a data set, a model.
const SCRIPT: &str = r#"// %% parameters
let least = 20.0; // who is younger is left out
let trees = 5usize;

// %%
use ironbook::data::read_csv;
let raw = read_csv("data/people.csv")?;

// %%
let kept = raw.lazy().filter(col("age").gt_eq(lit(least))).collect()?;

// %%
let all = Dataset::new(&kept, &["age", "weight"], "ill")?;
let model = RandomForest::params().n_estimators(trees).fit(&all)?;

// %%
let shares = model.predict_proba(&all.features)?;
let summary = (all.rows(), shares.iter().sum::<f64>());
"#;

/// A project with the script, and a version made of it. It is always here, so that what is compiled of the library is found
/// by the next run.
fn exported_project() -> (PathBuf, PathBuf) {
    let project = target().join("exported");
    if project.exists() {
        fs::remove_dir_all(&project).unwrap();
    }
    fs::create_dir_all(project.join("data")).unwrap();
    fs::create_dir(project.join(".ironbook")).unwrap();
    let ill = |at: usize| if at.is_multiple_of(3) { "yes" } else { "no" };
    let row = |at: usize| format!("{},{},{}\n", 15 + at * 7 % 60, 50 + at * 13 % 40, ill(at));
    let rows: String = (0..60).map(row).collect();
    fs::write(project.join("data/people.csv"), format!("age,weight,ill\n{rows}")).unwrap();
    fs::write(project.join("people.rs"), SCRIPT).unwrap();
    let promoted = ironbook()
        .args(["promote", "people.rs", "--name", "exported-people", "--target", "summary", "--target", "model"])
        .current_dir(&project)
        .output()
        .unwrap();
    Done::from(promoted).check(0, &[]);
    let version = project.join("pipelines/exported-people/1.0.0");
    (project, version)
}

/// What cargo tells of a build of the version's crate, artifact by artifact.
fn built_by_cargo(version: &Path) -> Vec<Value> {
    for entry in fs::read_dir(target().join("debug/deps")).unwrap().flatten() {
        // Each content of a version is another program.
        if entry.file_name().to_string_lossy().starts_with("exported_people-") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let mut build = cargo(version);
    build.args(["build", "--locked", "--offline", "--message-format", "json-render-diagnostics"]);
    // Of the library, only that it compiles matters here.
    for name in ["data", "eval", "explain", "features", "learn", "nn", "plot", "store"] {
        build.args(["--config", &format!("profile.dev.package.ironbook-{name}.opt-level=0")]);
    }
    let built = build.output().unwrap();
    let stderr = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success() && !stderr.contains("warning"), "{stderr}");
    let messages = String::from_utf8(built.stdout).unwrap();
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter(|message| message["reason"] == "compiler-artifact").collect()
}

/// Removes what was compiled of an older library, and writes down what is there of this one.
fn forget_older(artifacts: &[Value]) {
    let list = target().join("exported.txt");
    let own = artifacts.iter().filter(|artifact| !of_registry(artifact));
    let files = own.filter_map(|artifact| artifact["filenames"].as_array()).flatten().filter_map(Value::as_str);
    let files: Vec<&str> = files.filter(|file| file.contains("/deps/")).collect();
    let older = fs::read_to_string(&list).unwrap_or_default();
    for file in older.lines().filter(|file| !files.contains(file)) {
        drop(fs::remove_file(file));
    }
    fs::write(list, files.join("\n")).unwrap();
}

fn of_registry(artifact: &Value) -> bool {
    artifact["package_id"].as_str().is_some_and(|id| id.starts_with("registry"))
}

/// The digests of what all stages make.
fn made(command: &mut Command, project: &Path, cache: &str) -> Value {
    let done = command.args(["--no-track", "--json", "--cache", cache]).current_dir(project).output().unwrap();
    let done = Done::from(done);
    done.check(0, &[]);
    let report: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stdout));
    report["stages"].as_array().unwrap().iter().map(|stage| stage["outputs"].clone()).collect()
}

/// What users do with a version on another machine, which the direct compilation of promotion says nothing of. Crates of
/// registries have to be those of the workspace, or polars would be compiled a second time.
#[test]
fn an_exported_crate_is_built_by_cargo_and_gives_the_same() {
    let (project, version) = exported_project();
    let lock = fs::read_to_string(version.join("Cargo.lock")).unwrap();
    let artifacts = built_by_cargo(&version);
    forget_older(&artifacts);
    let (shared, again): (Vec<&Value>, Vec<&Value>) =
        artifacts.iter().filter(|artifact| of_registry(artifact)).partition(|artifact| artifact["fresh"] == true);
    assert!(again.is_empty(), "these are compiled in the workspace, and were compiled again: {again:#?}");
    assert!(shared.len() > 300, "{}", shared.len());
    assert_eq!(fs::read_to_string(version.join("Cargo.lock")).unwrap(), lock, "cargo has nothing to add");

    let program = artifacts.iter().rev().find_map(|artifact| artifact["executable"].as_str()).unwrap();
    let by_cargo = made(Command::new(program).arg("run"), &project, "by-cargo");
    assert!(by_cargo.as_array().unwrap().len() > 1, "{by_cargo}");
    let directly = made(ironbook().args(["pipeline", "run"]).arg(&version), &project, "directly");
    assert_eq!(by_cargo, directly);
}
