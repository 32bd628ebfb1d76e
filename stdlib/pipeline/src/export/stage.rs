//! What the files of tools with stages of their own have in common.

use crate::definition::{Definition, Kind, Stage};

/// Runs the program of the version: what `PIPELINE_BIN` says, else cargo's.
pub(super) const PROGRAM: &str = "${PIPELINE_BIN:-cargo run --quiet --locked --}";

/// The task that registers the model, behind all gates.
const REGISTER: &str = "register";

/// What such a tool runs by one call of the program.
pub(super) struct Task<'a> {
    pub(super) name: &'a str,
    pub(super) params: &'a [String],
    pub(super) data: &'a [String],
    /// Values that it takes, and the tasks that make them.
    pub(super) inputs: Vec<(&'a str, &'a str)>,
    /// Values that it leaves, and their codecs.
    pub(super) outputs: Vec<(&'a str, &'a str)>,
    /// Tasks that it only waits for, with a value that they leave.
    pub(super) waits_for: Vec<(&'a str, &'a str)>,
}

impl Task<'_> {
    /// The tasks before it, each once.
    pub(super) fn before(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for name in self.inputs.iter().map(|input| input.1).chain(self.waits_for.iter().map(|gate| gate.0)) {
            if !out.contains(&name) {
                out.push(name);
            }
        }
        out
    }

    /// The arguments that run it, its values being read and written below a directory.
    pub(super) fn arguments(&self, values: &str) -> Vec<String> {
        let mut out = vec!["run".to_owned(), "--only".to_owned(), self.name.to_owned()];
        for (name, from) in &self.inputs {
            out.extend(["--input".to_owned(), format!("{name}={values}{}", file(from, name))]);
        }
        for (name, _) in &self.outputs {
            out.extend(["--output".to_owned(), format!("{name}={values}{}", file(self.name, name))]);
        }
        out
    }
}

/// The tasks of a definition, in its order; the registration, if there is one, comes last.
pub(super) fn tasks(definition: &Definition) -> Vec<Task<'_>> {
    let mut out: Vec<Task<'_>> = definition.stages.iter().map(task).collect();
    // The program would run a stage of that name instead.
    let register = definition.register.as_ref().filter(|_| definition.stage(REGISTER).is_none());
    let model = register.and_then(|register| register.model.split_once('.'));
    if let Some((stage, value)) = model {
        let gates = definition.stages.iter().filter(|stage| stage.kind == Kind::Gate);
        let waits_for = gates.filter_map(|gate| Some((gate.name.as_str(), outputs(gate).first()?.0))).collect();
        let (inputs, outputs) = (vec![(value, stage)], vec![(REGISTER, "")]);
        out.push(Task { name: REGISTER, params: &[], data: &[], inputs, outputs, waits_for });
    }
    out
}

fn task(stage: &Stage) -> Task<'_> {
    Task {
        name: &stage.name,
        params: &stage.params,
        data: &stage.data,
        inputs: stage.inputs.iter().map(|input| (input.name.as_str(), input.from.as_str())).collect(),
        outputs: outputs(stage),
        waits_for: Vec::new(),
    }
}

/// The values that a stage leaves. A gate without any leaves a file in its own name, so that others can see that it has
/// passed.
fn outputs(stage: &Stage) -> Vec<(&str, &str)> {
    if stage.kind == Kind::Gate && stage.outputs.is_empty() {
        return vec![(&stage.name, "")];
    }
    stage.outputs.iter().map(|output| (output.name.as_str(), output.codec.as_str())).collect()
}

/// Where the value of a stage lies, relative to the directory with all values.
pub(super) fn file(stage: &str, value: &str) -> String {
    format!("{stage}/{value}")
}

/// The name under which the path or address of data is asked for: `data_NAME`, longer where something else is called so.
pub(super) fn data_parameter(definition: &Definition, name: &str) -> String {
    let mut out = format!("data_{name}");
    let is_input =
        |name: &String| definition.stages.iter().flat_map(|stage| &stage.inputs).any(|one| one.name == *name);
    while definition.param(&out).is_some() || is_input(&out) {
        out.push('_');
    }
    out
}
