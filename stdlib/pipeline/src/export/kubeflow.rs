//! Kubeflow Pipelines: the intermediate representation, one container per stage.

mod deployment;

use super::stage::{before, outputs};
use super::yaml::Yaml;
use super::{Context, Exporter, File};
use crate::definition::{Definition, Param, ParamKind, Stage};

/// The exporter `kubeflow`.
///
/// Values are artifacts; data are imported from the URIs that the pipeline's `data_NAME` parameters give. The image is that
/// of the Dockerfile.
#[derive(Clone, Copy, Debug)]
pub struct Kubeflow;

impl Exporter for Kubeflow {
    fn name(&self) -> &'static str {
        "kubeflow"
    }

    fn about(&self) -> &'static str {
        "Kubeflow Pipelines, IR YAML 2.1.0: upload kubeflow.yaml, and push the image of the Dockerfile"
    }

    fn files(&self, context: &Context<'_>) -> Vec<File> {
        let definition = context.definition;
        let description =
            if definition.description.is_empty() { context.title() } else { definition.description.clone() };
        let document = Yaml::map([
            ("components", deployment::components(definition)),
            ("deploymentSpec", deployment::specification(context)),
            ("pipelineInfo", Yaml::map([("description", description.into()), ("name", id(&definition.name).into())])),
            ("root", root(definition)),
            ("schemaVersion", "2.1.0".into()),
            ("sdkVersion", "kfp-2.17.3".into()),
        ]);
        let text = format!("# {}, for the image {}\n{}", context.title(), context.image, document.document());
        vec![File::new("kubeflow.yaml", text)]
    }
}

/// A name as Kubernetes has them: small letters, digits and `-`; other characters are numbers between `-`.
fn id(name: &str) -> String {
    let piece = |c: char| match c {
        'a'..='z' | '0'..='9' | '-' => c.to_string(),
        'A'..='Z' => c.to_ascii_lowercase().to_string(),
        '_' => "-".to_owned(),
        c => format!("-{:x}-", c as u32),
    };
    name.chars().map(piece).collect::<String>().trim_matches('-').to_owned()
}

/// Names of tasks of stages; two that would be the same are told apart by their places.
fn task(definition: &Definition, stage: &str) -> String {
    let own = id(stage);
    let place = definition.stages.iter().position(|other| other.name == stage).unwrap_or_default();
    let taken = definition.stages[..place].iter().any(|other| id(&other.name) == own);
    if taken || own.is_empty() { format!("{own}-{place}") } else { own }
}

fn import(data: &str) -> String {
    format!("import-{}", id(data))
}

fn parameter_type(param: &Param) -> &'static str {
    match param.kind() {
        Some(ParamKind::Integer) => "NUMBER_INTEGER",
        Some(ParamKind::Float) => "NUMBER_DOUBLE",
        Some(ParamKind::Bool) => "BOOLEAN",
        Some(ParamKind::Text) | None => "STRING",
    }
}

fn artifact(title: &str) -> Yaml {
    let schema = Yaml::map([("schemaTitle", format!("system.{title}").into()), ("schemaVersion", "0.0.1".into())]);
    Yaml::map([("artifactType", schema)])
}

/// What kind of artifact a value is.
fn kind(codec: &str) -> &'static str {
    match codec {
        "model" | "safetensors" => "Model",
        "arrow" => "Dataset",
        _ => "Artifact",
    }
}

fn root(definition: &Definition) -> Yaml {
    let mut tasks: Vec<(String, Yaml)> = Vec::new();
    for data in &definition.data {
        let name = import(&data.name);
        let uri = Yaml::map([("componentInputParameter", format!("data_{}", data.name).into())]);
        let inputs = Yaml::map([("parameters", Yaml::map([("uri", uri)]))]);
        tasks.push((name.clone(), task_of(&name, inputs, Vec::new())));
    }
    for stage in &definition.stages {
        let name = task(definition, &stage.name);
        tasks.push((name.clone(), task_of(&name, inputs(definition, stage), needs(definition, stage))));
    }
    let tasks = Yaml::map([("tasks", Yaml::Map(tasks))]);
    let parameters = Yaml::Map(parameters(definition));
    Yaml::map([("dag", tasks), ("inputDefinitions", Yaml::map([("parameters", parameters)]))])
}

fn parameters(definition: &Definition) -> Vec<(String, Yaml)> {
    let mut out = Vec::new();
    for param in &definition.params {
        let mut fields = vec![("defaultValue", Yaml::from(&param.default))];
        if !param.doc.is_empty() {
            fields.push(("description", param.doc.as_str().into()));
        }
        fields.extend([("isOptional", true.into()), ("parameterType", parameter_type(param).into())]);
        out.push((param.name.clone(), named(fields)));
    }
    for data in &definition.data {
        let description = format!("URI of the data that is {} in the project", data.path);
        let fields = vec![("description", description.into()), ("parameterType", "STRING".into())];
        out.push((format!("data_{}", data.name), named(fields)));
    }
    out
}

fn named(fields: Vec<(&str, Yaml)>) -> Yaml {
    Yaml::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn needs(definition: &Definition, stage: &Stage) -> Vec<String> {
    let imports = stage.data.iter().map(|name| import(name));
    let stages = before(definition, stage).into_iter().map(|name| task(definition, name));
    let mut all: Vec<String> = imports.chain(stages).collect();
    all.sort();
    all
}

fn inputs(definition: &Definition, stage: &Stage) -> Yaml {
    let from = |key: &str, producer: String| {
        let output = Yaml::map([("outputArtifactKey", key.into()), ("producerTask", producer.into())]);
        Yaml::map([("taskOutputArtifact", output)])
    };
    let data = stage.data.iter().map(|name| (format!("data_{name}"), from("artifact", import(name))));
    let values =
        stage.inputs.iter().map(|input| (input.name.clone(), from(&input.name, task(definition, &input.from))));
    let artifacts: Vec<(String, Yaml)> = data.chain(values).collect();
    let parameters: Vec<(String, Yaml)> = stage
        .params
        .iter()
        .map(|name| (name.clone(), Yaml::map([("componentInputParameter", name.as_str().into())])))
        .collect();
    Yaml::Map(
        [("artifacts", artifacts), ("parameters", parameters)]
            .into_iter()
            .filter(|(_, entries)| !entries.is_empty())
            .map(|(name, entries)| (name.to_owned(), Yaml::Map(entries)))
            .collect(),
    )
}

fn task_of(name: &str, inputs: Yaml, needs: Vec<String>) -> Yaml {
    let mut fields = vec![
        ("cachingOptions", Yaml::map([("enableCache", true.into())])),
        ("componentRef", Yaml::map([("name", format!("comp-{name}").into())])),
    ];
    if !needs.is_empty() {
        fields.push(("dependentTasks", needs.into()));
    }
    if !matches!(&inputs, Yaml::Map(entries) if entries.is_empty()) {
        fields.push(("inputs", inputs));
    }
    fields.push(("taskInfo", Yaml::map([("name", name.into())])));
    named(fields)
}
