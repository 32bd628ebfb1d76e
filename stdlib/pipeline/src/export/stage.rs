//! What the files of tools with stages of their own have in common.

use crate::definition::{Definition, Kind, Stage};
use std::collections::BTreeSet;

/// Runs the program of the version: what `PIPELINE_BIN` says, else cargo's.
pub(super) const PROGRAM: &str = "${PIPELINE_BIN:-cargo run --quiet --locked --}";

/// Where the value of a stage lies, relative to the directory with all values.
pub(super) fn file(stage: &str, value: &str) -> String {
    format!("{stage}/{value}")
}

/// Names of the values that a stage leaves. A gate without any leaves a file in its own name, so that others can see that
/// it has passed.
pub(super) fn outputs(stage: &Stage) -> Vec<&str> {
    if stage.kind == Kind::Gate && stage.outputs.is_empty() {
        return vec![&stage.name];
    }
    stage.outputs.iter().map(|output| output.name.as_str()).collect()
}

/// The arguments that run one stage, its values being read and written below a directory.
pub(super) fn arguments(stage: &Stage, values: &str) -> Vec<String> {
    let mut out = vec!["run".to_owned(), "--only".to_owned(), stage.name.clone()];
    for input in &stage.inputs {
        out.extend(["--input".to_owned(), format!("{}={values}{}", input.name, file(&input.from, &input.name))]);
    }
    for name in outputs(stage) {
        out.extend(["--output".to_owned(), format!("{name}={values}{}", file(&stage.name, name))]);
    }
    out
}

/// The stages that a stage has to wait for: those that it takes from, in the order of the definition.
pub(super) fn before<'a>(definition: &'a Definition, stage: &'a Stage) -> Vec<&'a str> {
    let needed: BTreeSet<&str> = stage.inputs.iter().map(|input| input.from.as_str()).collect();
    let names = definition.stages.iter().map(|stage| stage.name.as_str());
    names.filter(|name| needed.contains(name)).collect()
}
