//! Kubeflow Pipelines: the intermediate representation, one container per stage.

mod deployment;

use super::stage::{Task, data_parameter, tasks};
use super::yaml::Yaml;
use super::{Context, Exporter, File};
use crate::definition::{Definition, Param, ParamKind};

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
        let graph = Graph::new(context.definition);
        let definition = context.definition;
        let description =
            if definition.description.is_empty() { context.title() } else { definition.description.clone() };
        let document = Yaml::map([
            ("components", deployment::components(&graph)),
            ("deploymentSpec", deployment::specification(context, &graph)),
            ("pipelineInfo", Yaml::map([("description", description.into()), ("name", id(&definition.name).into())])),
            ("root", root(&graph)),
            ("schemaVersion", "2.1.0".into()),
            ("sdkVersion", "kfp-2.17.3".into()),
        ]);
        let text = format!("# {}, for the image {}\n{}", context.title(), context.image, document.document());
        vec![File::new("kubeflow.yaml", text)]
    }
}

/// The tasks, with names as Kubernetes has them.
struct Graph<'a> {
    definition: &'a Definition,
    tasks: Vec<Task<'a>>,
    ids: Vec<String>,
}

impl<'a> Graph<'a> {
    fn new(definition: &'a Definition) -> Graph<'a> {
        let tasks = tasks(definition);
        let mut ids: Vec<String> = Vec::new();
        for (at, task) in tasks.iter().enumerate() {
            let own = id(task.name);
            // Two that would be the same are told apart by their places.
            ids.push(if own.is_empty() || ids.contains(&own) { format!("{own}-{at}") } else { own });
        }
        Graph { definition, tasks, ids }
    }

    fn id(&self, task: &str) -> &str {
        self.tasks.iter().position(|one| one.name == task).map_or("", |at| &self.ids[at])
    }

    /// Each task with its id.
    fn iter(&self) -> impl Iterator<Item = (&Task<'a>, &str)> {
        self.tasks.iter().zip(self.ids.iter().map(String::as_str))
    }

    /// The codec of a value.
    fn codec(&self, task: &str, value: &str) -> &str {
        let outputs = self.tasks.iter().filter(|one| one.name == task).flat_map(|task| &task.outputs);
        outputs.into_iter().find(|output| output.0 == value).map_or("", |output| output.1)
    }

    fn data_parameter(&self, name: &str) -> String {
        data_parameter(self.definition, name)
    }
}

/// A name of small letters, digits and `-`; other characters are numbers between `-`.
fn id(name: &str) -> String {
    let piece = |c: char| match c {
        'a'..='z' | '0'..='9' | '-' => c.to_string(),
        'A'..='Z' => c.to_ascii_lowercase().to_string(),
        '_' => "-".to_owned(),
        c => format!("-{:x}-", c as u32),
    };
    name.chars().map(piece).collect::<String>().trim_matches('-').to_owned()
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

/// Entries that are there.
fn sections<const N: usize>(sections: [(&str, Vec<(String, Yaml)>); N]) -> Vec<(String, Yaml)> {
    let filled = sections.into_iter().filter(|(_, entries)| !entries.is_empty());
    filled.map(|(name, entries)| (name.to_owned(), Yaml::Map(entries))).collect()
}

fn root(graph: &Graph<'_>) -> Yaml {
    let mut all: Vec<(String, Yaml)> = Vec::new();
    for data in &graph.definition.data {
        let name = import(&data.name);
        let uri = Yaml::map([("componentInputParameter", graph.data_parameter(&data.name).into())]);
        all.push((name.clone(), task_of(&name, sections([("parameters", vec![("uri".to_owned(), uri)])]), Vec::new())));
    }
    for (task, id) in graph.iter() {
        all.push((id.to_owned(), task_of(id, inputs(graph, task), needs(graph, task))));
    }
    let mut fields = vec![("dag".to_owned(), Yaml::map([("tasks", Yaml::Map(all))]))];
    let parameters = sections([("parameters", parameters(graph))]);
    if !parameters.is_empty() {
        fields.push(("inputDefinitions".to_owned(), Yaml::Map(parameters)));
    }
    Yaml::Map(fields)
}

fn parameters(graph: &Graph<'_>) -> Vec<(String, Yaml)> {
    let mut out = Vec::new();
    for param in &graph.definition.params {
        let mut fields = vec![("defaultValue".to_owned(), Yaml::from(&param.default))];
        if !param.doc.is_empty() {
            fields.push(("description".to_owned(), param.doc.as_str().into()));
        }
        fields.push(("isOptional".to_owned(), true.into()));
        fields.push(("parameterType".to_owned(), parameter_type(param).into()));
        out.push((param.name.clone(), Yaml::Map(fields)));
    }
    for data in &graph.definition.data {
        let description = format!("URI of the data that is {} in the project", data.path);
        let fields = Yaml::map([("description", description.into()), ("parameterType", "STRING".into())]);
        out.push((graph.data_parameter(&data.name), fields));
    }
    out
}

fn needs(graph: &Graph<'_>, task: &Task<'_>) -> Vec<String> {
    let imports = task.data.iter().map(|name| import(name));
    let mut all: Vec<String> = imports.chain(task.before().into_iter().map(|name| graph.id(name).to_owned())).collect();
    all.sort();
    all
}

fn inputs(graph: &Graph<'_>, task: &Task<'_>) -> Vec<(String, Yaml)> {
    let from = |key: &str, producer: String| {
        let output = Yaml::map([("outputArtifactKey", key.into()), ("producerTask", producer.into())]);
        Yaml::map([("taskOutputArtifact", output)])
    };
    let data = task.data.iter().map(|name| (graph.data_parameter(name), from("artifact", import(name))));
    let values = task.inputs.iter().map(|(name, maker)| ((*name).to_owned(), from(name, graph.id(maker).to_owned())));
    let parameters =
        task.params.iter().map(|name| (name.clone(), Yaml::map([("componentInputParameter", name.as_str().into())])));
    sections([("artifacts", data.chain(values).collect()), ("parameters", parameters.collect())])
}

fn task_of(name: &str, inputs: Vec<(String, Yaml)>, needs: Vec<String>) -> Yaml {
    let mut fields = vec![
        ("cachingOptions".to_owned(), Yaml::map([("enableCache", true.into())])),
        ("componentRef".to_owned(), Yaml::map([("name", format!("comp-{name}").into())])),
    ];
    if !needs.is_empty() {
        fields.push(("dependentTasks".to_owned(), needs.into()));
    }
    if !inputs.is_empty() {
        fields.push(("inputs".to_owned(), Yaml::Map(inputs)));
    }
    fields.push(("taskInfo".to_owned(), Yaml::map([("name", name.into())])));
    Yaml::Map(fields)
}
