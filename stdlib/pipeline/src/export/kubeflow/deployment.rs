//! What the tasks run: components with their inputs and outputs, and the containers behind them.

use super::super::Context;
use super::{artifact, import, kind, named, outputs, parameter_type, task};
use crate::definition::{Definition, Stage};
use crate::export::yaml::Yaml;

/// The interface of each task.
pub(super) fn components(definition: &Definition) -> Yaml {
    let data = definition.data.iter().map(|data| (format!("comp-{}", import(&data.name)), importer(&data.name)));
    let stages = definition
        .stages
        .iter()
        .map(|stage| (format!("comp-{}", task(definition, &stage.name)), component(definition, stage)));
    Yaml::Map(data.chain(stages).collect())
}

fn importer(data: &str) -> Yaml {
    let uri = Yaml::map([("uri", Yaml::map([("parameterType", "STRING".into())]))]);
    Yaml::map([
        ("executorLabel", format!("exec-{}", import(data)).into()),
        ("inputDefinitions", Yaml::map([("parameters", uri)])),
        ("outputDefinitions", Yaml::map([("artifacts", Yaml::map([("artifact", artifact("Dataset"))]))])),
    ])
}

fn component(definition: &Definition, stage: &Stage) -> Yaml {
    let data = stage.data.iter().map(|name| (format!("data_{name}"), artifact("Dataset")));
    let kind_of = |target: String| definition.output(&target).map_or("Artifact", |output| kind(&output.codec));
    let values = stage
        .inputs
        .iter()
        .map(|input| (input.name.clone(), artifact(kind_of(format!("{}.{}", input.from, input.name)))));
    let inputs: Vec<(String, Yaml)> = data.chain(values).collect();
    let params = stage.params.iter().filter_map(|name| definition.param(name));
    let params: Vec<(String, Yaml)> = params
        .map(|param| (param.name.clone(), Yaml::map([("parameterType", parameter_type(param).into())])))
        .collect();
    let made: Vec<(String, Yaml)> = outputs(stage)
        .into_iter()
        .map(|name| (name.to_owned(), artifact(kind_of(format!("{}.{name}", stage.name)))))
        .collect();
    let mut fields = vec![("executorLabel", Yaml::from(format!("exec-{}", task(definition, &stage.name))))];
    let sections: Vec<(&str, Yaml)> = [("artifacts", inputs), ("parameters", params)]
        .into_iter()
        .filter(|(_, entries)| !entries.is_empty())
        .map(|(name, entries)| (name, Yaml::Map(entries)))
        .collect();
    if !sections.is_empty() {
        fields.push(("inputDefinitions", named(sections)));
    }
    if !made.is_empty() {
        fields.push(("outputDefinitions", Yaml::map([("artifacts", Yaml::Map(made))])));
    }
    named(fields)
}

/// What is executed for each task.
pub(super) fn specification(context: &Context<'_>) -> Yaml {
    let definition = context.definition;
    let data = definition.data.iter().map(|data| (format!("exec-{}", import(&data.name)), import_executor()));
    let stages = definition
        .stages
        .iter()
        .map(|stage| (format!("exec-{}", task(definition, &stage.name)), executor(context, stage)));
    Yaml::map([("executors", Yaml::Map(data.chain(stages).collect()))])
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

fn executor(context: &Context<'_>, stage: &Stage) -> Yaml {
    let mut words = vec!["run".to_owned(), "--only".to_owned(), stage.name.clone(), "--no-track".to_owned()];
    for name in &stage.params {
        words.extend(["-p".to_owned(), format!("{name}={{{{$.inputs.parameters['{name}']}}}}")]);
    }
    for name in &stage.data {
        words.extend(["--data".to_owned(), format!("{name}={{{{$.inputs.artifacts['data_{name}'].path}}}}")]);
    }
    for input in &stage.inputs {
        let name = &input.name;
        words.extend(["--input".to_owned(), format!("{name}={{{{$.inputs.artifacts['{name}'].path}}}}")]);
    }
    for name in outputs(stage) {
        words.extend(["--output".to_owned(), format!("{name}={{{{$.outputs.artifacts['{name}'].path}}}}")]);
    }
    let program = format!("/usr/local/bin/{}", context.definition.name);
    let container = Yaml::map([
        ("args", words.into()),
        ("command", vec![program].into()),
        ("image", context.image.as_str().into()),
    ]);
    Yaml::map([("container", container)])
}
