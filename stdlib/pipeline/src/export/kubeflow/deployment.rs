//! What the tasks run: components with their inputs and outputs, and the containers behind them.

use super::super::Context;
use super::super::stage::Task;
use super::super::yaml::Yaml;
use super::{Graph, import, parameter_type, sections};

/// The interface of each task.
pub(super) fn components(graph: &Graph<'_>) -> Yaml {
    let data = &graph.definition.data;
    let imports = data.iter().map(|data| (format!("comp-{}", import(&data.name)), importer(&data.name)));
    let tasks = graph.iter().map(|(task, id)| (format!("comp-{id}"), component(graph, task, id)));
    Yaml::Map(imports.chain(tasks).collect())
}

fn artifact(title: &str) -> Yaml {
    let schema = Yaml::map([("schemaTitle", format!("system.{title}").into()), ("schemaVersion", "0.0.1".into())]);
    Yaml::map([("artifactType", schema)])
}

/// What kind of artifact a value of a codec is.
fn kind(codec: &str) -> &'static str {
    match codec {
        "model" | "safetensors" => "Model",
        "arrow" => "Dataset",
        _ => "Artifact",
    }
}

fn importer(data: &str) -> Yaml {
    let uri = Yaml::map([("uri", Yaml::map([("parameterType", "STRING".into())]))]);
    Yaml::map([
        ("executorLabel", format!("exec-{}", import(data)).into()),
        ("inputDefinitions", Yaml::map([("parameters", uri)])),
        ("outputDefinitions", Yaml::map([("artifacts", Yaml::map([("artifact", artifact("Dataset"))]))])),
    ])
}

fn component(graph: &Graph<'_>, task: &Task<'_>, id: &str) -> Yaml {
    let data = task.data.iter().map(|name| (graph.data_parameter(name), artifact("Dataset")));
    let values = task.inputs.iter().map(|(name, from)| ((*name).to_owned(), artifact(kind(graph.codec(from, name)))));
    let params = task.params.iter().filter_map(|name| graph.definition.param(name));
    let params = params.map(|param| (param.name.clone(), Yaml::map([("parameterType", parameter_type(param).into())])));
    let made = task.outputs.iter().map(|(name, codec)| ((*name).to_owned(), artifact(kind(codec))));
    let mut fields = vec![("executorLabel".to_owned(), Yaml::from(format!("exec-{id}")))];
    let inputs = sections([("artifacts", data.chain(values).collect()), ("parameters", params.collect())]);
    let outputs = sections([("artifacts", made.collect())]);
    fields.extend(sections([("inputDefinitions", inputs), ("outputDefinitions", outputs)]));
    Yaml::Map(fields)
}

/// What is executed for each task.
pub(super) fn specification(context: &Context<'_>, graph: &Graph<'_>) -> Yaml {
    let data = &graph.definition.data;
    let imports = data.iter().map(|data| (format!("exec-{}", import(&data.name)), import_executor()));
    let tasks = graph.iter().map(|(task, id)| (format!("exec-{id}"), executor(context, graph, task)));
    Yaml::map([("executors", Yaml::Map(imports.chain(tasks).collect()))])
}

fn import_executor() -> Yaml {
    let schema = Yaml::map([("schemaTitle", "system.Dataset".into()), ("schemaVersion", "0.0.1".into())]);
    let importer = Yaml::map([
        ("artifactUri", Yaml::map([("runtimeParameter", "uri".into())])),
        ("reimport", true.into()),
        ("typeSchema", schema),
    ]);
    Yaml::map([("importer", importer)])
}

fn executor(context: &Context<'_>, graph: &Graph<'_>, task: &Task<'_>) -> Yaml {
    let mut words = vec!["run".to_owned(), "--only".to_owned(), task.name.to_owned()];
    for name in task.params {
        words.extend(["-p".to_owned(), format!("{name}={{{{$.inputs.parameters['{name}']}}}}")]);
    }
    let path = |of: &str, name: &str| format!("{{{{$.{of}.artifacts['{name}'].path}}}}");
    for name in task.data {
        words.extend(["--data".to_owned(), format!("{name}={}", path("inputs", &graph.data_parameter(name)))]);
    }
    for (name, _) in &task.inputs {
        words.extend(["--input".to_owned(), format!("{name}={}", path("inputs", name))]);
    }
    for (name, _) in &task.outputs {
        words.extend(["--output".to_owned(), format!("{name}={}", path("outputs", name))]);
    }
    let program = format!("/usr/local/bin/{}", context.definition.name);
    let container = Yaml::map([
        ("args", words.into()),
        ("command", vec![program].into()),
        ("image", context.image.as_str().into()),
    ]);
    Yaml::map([("container", container)])
}
