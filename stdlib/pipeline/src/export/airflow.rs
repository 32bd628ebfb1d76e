//! Airflow 3: a DAG with one task per stage.

use super::quote::{line, python, python_value, shell};
use super::stage::{Task, tasks};
use super::{Context, Exporter, File};
use crate::definition::{Param, ParamKind};
use std::fmt::Write as _;

/// The exporter `airflow`.
///
/// Tasks call the program by the shell; the values of a run lie in a directory of its own, which all workers have to see.
#[derive(Clone, Copy, Debug)]
pub struct Airflow;

impl Exporter for Airflow {
    fn name(&self) -> &'static str {
        "airflow"
    }

    fn about(&self) -> &'static str {
        "an Airflow 3 DAG: put airflow_dag.py, or a link to it, into the folder of DAGs"
    }

    fn files(&self, context: &Context<'_>) -> Vec<File> {
        vec![File::new("airflow_dag.py", dag(context))]
    }
}

fn dag(context: &Context<'_>) -> String {
    let definition = context.definition;
    let docs = if definition.description.is_empty() { context.title() } else { line(&definition.description) };
    let mut out = HEAD.replace("TITLE", &context.title());
    out.push_str("with DAG(\n");
    let _ = writeln!(out, "    dag_id={},", python(&definition.name));
    let _ = writeln!(out, "    description={},", python(&docs));
    out.push_str("    schedule=None,\n    catchup=False,\n");
    let _ = writeln!(out, "    tags=[\"ironbook\", {}],", python(&definition.version));
    out.push_str("    params={\n");
    for param in &definition.params {
        let _ = writeln!(out, "        {}: {},", python(&param.name), parameter(param));
    }
    out.push_str("    },\n):\n");
    let tasks = tasks(definition);
    for task in &tasks {
        out.push_str(&call(context, task));
    }
    for task in &tasks {
        for name in task.before() {
            let _ = writeln!(out, "    tasks[{}] >> tasks[{}]", python(name), python(task.name));
        }
    }
    out
}

const HEAD: &str = r#""""TITLE: one task per stage. Retries and time limits are the program's own.

PIPELINE_DIR names the directory of the version (default: where this file is), PIPELINE_BIN a built program (default:
cargo builds it), PIPELINE_VALUES the directory for values between stages, which all workers have to see.
"""

import os
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

DIRECTORY = os.environ.get("PIPELINE_DIR", str(Path(__file__).resolve().parent))
PROGRAM = os.environ.get("PIPELINE_BIN", "cargo run --quiet --locked --")
VALUES = os.environ.get("PIPELINE_VALUES", f"{DIRECTORY}/outputs/airflow") + "/{{ run_id }}/"

tasks = {}


def stage(name, arguments, parameters):
    """A task that runs one stage; parameters travel in the environment."""
    tasks[name] = BashOperator(
        task_id=name,
        bash_command=f"exec {PROGRAM} {arguments}",
        cwd=DIRECTORY,
        env={"VALUES": VALUES, **parameters},
        append_env=True,
    )


"#;

fn parameter(param: &Param) -> String {
    let type_name = match param.kind() {
        Some(ParamKind::Integer) => "integer",
        Some(ParamKind::Float) => "number",
        Some(ParamKind::Bool) => "boolean",
        Some(ParamKind::Text) | None => "string",
    };
    let mut out = format!("Param({}, type=\"{type_name}\"", python_value(&param.default));
    if !param.doc.is_empty() {
        let _ = write!(out, ", description={}", python(&line(&param.doc)));
    }
    out + ")"
}

fn call(context: &Context<'_>, task: &Task<'_>) -> String {
    let words: Vec<String> = task.arguments("$VALUES").iter().map(|word| argument(word)).collect();
    let mut parameters = Vec::new();
    for param in task.params.iter().filter_map(|name| context.definition.param(name)) {
        // Python's `True` is no value of Rust.
        let filter = if param.kind() == Some(ParamKind::Bool) { " | lower" } else { "" };
        let variable = python(&format!("IRONBOOK_PARAM_{}", param.name.to_uppercase()));
        let value = python(&format!("{{{{ params[{:?}]{filter} }}}}", param.name));
        parameters.push(format!("            {variable}: {value},\n"));
    }
    let parameters =
        if parameters.is_empty() { "{}".to_owned() } else { format!("{{\n{}        }}", parameters.concat()) };
    format!(
        "    stage(\n        {},\n        {},\n        {parameters},\n    )\n",
        python(task.name),
        python(&words.join(" "))
    )
}

/// A word of the shell in which `$VALUES` is replaced by the shell, whatever is in it.
fn argument(word: &str) -> String {
    match word.split_once("$VALUES") {
        Some((name, path)) => format!("{name}\"$VALUES\"{}", shell(path)),
        None => shell(word),
    }
}
