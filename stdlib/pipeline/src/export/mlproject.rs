//! MLproject: `mlflow run` runs the whole pipeline.

use super::stage::{PROGRAM, data_parameter};
use super::yaml::Yaml;
use super::{Context, Exporter, File};
use crate::definition::{Definition, Param, ParamKind};

/// The exporter `mlproject`.
///
/// The entry point `main` has the parameters, `on_data` also the paths of all data, which it needs.
#[derive(Clone, Copy, Debug)]
pub struct MlProject;

impl Exporter for MlProject {
    fn name(&self) -> &'static str {
        "mlproject"
    }

    fn about(&self) -> &'static str {
        "an MLproject file: `mlflow run --env-manager local .` in the directory of the version"
    }

    fn files(&self, context: &Context<'_>) -> Vec<File> {
        let definition = context.definition;
        let mut entries = vec![("main".to_owned(), entry(definition, &[]))];
        if !definition.data.is_empty() {
            let data: Vec<&str> = definition.data.iter().map(|data| data.name.as_str()).collect();
            entries.push(("on_data".to_owned(), entry(definition, &data)));
        }
        let document =
            Yaml::map([("name", definition.name.as_str().into()), ("entry_points", Yaml::Map(entries))]).document();
        let text = format!(
            "# {}: `mlflow run --env-manager local .`; PIPELINE_BIN names a built program, else cargo builds it.\n{document}",
            context.title()
        );
        vec![File::new("MLproject", text)]
    }
}

fn entry(definition: &Definition, data: &[&str]) -> Yaml {
    // MLflow formats the command: braces of the shell are doubled.
    let mut command = PROGRAM.replace('{', "{{").replace('}', "}}") + " run";
    let mut typed = Vec::new();
    for param in &definition.params {
        command.push_str(&format!(" -p {0}={{{0}}}", param.name));
        typed.push((param.name.clone(), parameter(param)));
    }
    for name in data {
        let field = data_parameter(definition, name);
        command.push_str(&format!(" --data {name}={{{field}}}"));
        typed.push((field, Yaml::map([("type", "path".into())])));
    }
    let mut fields = Vec::new();
    if !typed.is_empty() {
        fields.push(("parameters".to_owned(), Yaml::Map(typed)));
    }
    fields.push(("command".to_owned(), command.into()));
    Yaml::Map(fields)
}

fn parameter(param: &Param) -> Yaml {
    let type_name = match param.kind() {
        Some(ParamKind::Float) => "float",
        // MLflow has no whole numbers: as text they keep all digits.
        _ => "string",
    };
    let default = match &param.default {
        value @ toml::Value::Float(_) => Yaml::from(value),
        toml::Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    };
    Yaml::map([("type", type_name.into()), ("default", default)])
}
