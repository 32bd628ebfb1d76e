//! DVC: `dvc repro` runs the stages whose code, data, parameters or inputs have changed.

use super::stage::{PROGRAM, Task, file, tasks};
use super::yaml::Yaml;
use super::{Context, Existing, Exporter, File, params_yaml, quote};

/// The exporter `dvc`.
///
/// Each value is a file in `outputs/`. `dvc exp run -S n_estimators=400` sets parameters, `PIPELINE_BIN` a built program.
#[derive(Clone, Copy, Debug)]
pub struct Dvc;

impl Exporter for Dvc {
    fn name(&self) -> &'static str {
        "dvc"
    }

    fn about(&self) -> &'static str {
        "DVC stages in dvc.yaml: `dvc repro` in the directory of the version"
    }

    fn files(&self, context: &Context<'_>) -> Vec<File> {
        let stages = tasks(context.definition).into_iter().map(|task| (task.name.to_owned(), stage(context, &task)));
        let document = Yaml::Map(vec![("stages".to_owned(), Yaml::Map(stages.collect()))]).document();
        let text = format!(
            "# {}: `dvc repro` runs what has changed. PIPELINE_BIN names a built program, else cargo builds it.\n{document}",
            context.title()
        );
        let params = File { existing: Existing::Kept, ..File::new("params.yaml", params_yaml(context.definition)) };
        vec![File::new("dvc.yaml", text), params]
    }
}

fn stage(context: &Context<'_>, task: &Task<'_>) -> Yaml {
    let words = task.arguments("outputs/").iter().map(|word| quote::shell(word)).collect::<Vec<_>>().join(" ");
    let mut deps: Vec<String> = ["pipeline.toml", "Cargo.lock", "src"].map(str::to_owned).into();
    for name in task.data {
        deps.extend(context.definition.data_named(name).map(|data| context.inside(&data.path)));
    }
    deps.extend(task.inputs.iter().map(|(name, from)| format!("outputs/{}", file(from, name))));
    deps.extend(task.waits_for.iter().map(|(gate, name)| format!("outputs/{}", file(gate, name))));
    let outs: Vec<String> = task.outputs.iter().map(|(name, _)| format!("outputs/{}", file(task.name, name))).collect();
    let mut fields = vec![("cmd", Yaml::from(plain(&format!("{PROGRAM} {words}"))))];
    fields.push(("deps", deps.iter().map(|path| plain(path)).collect::<Vec<_>>().into()));
    if !task.params.is_empty() {
        fields.push(("params", task.params.to_vec().into()));
    }
    if !outs.is_empty() {
        fields.push(("outs", outs.into()));
    }
    Yaml::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// DVC replaces `${...}`, unless it is told not to.
fn plain(text: &str) -> String {
    text.replace("${", "\\${")
}
