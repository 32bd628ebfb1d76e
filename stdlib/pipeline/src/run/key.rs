//! The hash over all that a stage's outputs depend on.

use super::data::DataFile;
use super::params::Settings;
use crate::definition::{Stage, Toolchain};
use std::collections::BTreeMap;

/// Bumped when the meaning of keys or entries changes.
const FORM: &str = "ironbook-pipeline-1";

/// Texts of any length, without a doubt where one ends.
pub(crate) struct Keyed(blake3::Hasher);

impl Keyed {
    pub(crate) fn new(what: &str) -> Keyed {
        let mut keyed = Keyed(blake3::Hasher::new());
        keyed.text(FORM).text(what);
        keyed
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Keyed {
        self.0.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        self
    }

    pub(crate) fn count(&mut self, count: usize) -> &mut Keyed {
        self.0.update(&(count as u64).to_le_bytes());
        self
    }

    pub(crate) fn end(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

/// What all stages of a run have in common: a hash over the compiler, the library, the locked crates, the machine, threads.
/// `edited` is the hash of the stages' code when it is not that of the definition.
pub(crate) fn machine(toolchain: &Toolchain, threads: usize, edited: Option<&str>) -> String {
    let mut keyed = Keyed::new("machine");
    keyed.text(&toolchain.rustc).text(&toolchain.library).text(&toolchain.lock);
    keyed.text(std::env::consts::ARCH).text(std::env::consts::OS);
    let features = crate::machine::cpu_features();
    keyed.count(features.len());
    features.iter().for_each(|feature| _ = keyed.text(feature));
    keyed.count(threads);
    edited.map(|hash| keyed.text(hash));
    keyed.end()
}

/// The hash of all that goes into a stage's key but what it takes from other stages.
pub(crate) fn of_code(stage: &Stage, machine: &str, params: &Settings, data: &BTreeMap<String, DataFile>) -> String {
    of_stage(stage, machine, &[], params, data)
}

/// The key of a stage: `inputs` has the digest of each value that it takes, in the definition's order.
pub(crate) fn of_stage(
    stage: &Stage,
    machine: &str,
    inputs: &[String],
    params: &Settings,
    data: &BTreeMap<String, DataFile>,
) -> String {
    let mut keyed = Keyed::new("stage");
    keyed.text(machine).text(&stage.name).text(&stage.code);
    keyed.count(inputs.len());
    for (input, digest) in stage.inputs.iter().zip(inputs) {
        keyed.text(&input.name).text(digest);
    }
    keyed.count(stage.params.len());
    for name in &stage.params {
        keyed.text(name).text(params.get(name).map_or("", |setting| &setting.value));
    }
    keyed.count(stage.data.len());
    for name in &stage.data {
        keyed.text(name).text(data.get(name).map_or("", |file| &file.fingerprint));
    }
    keyed.count(stage.outputs.len());
    for output in &stage.outputs {
        keyed.text(&output.name).text(&output.type_name);
    }
    keyed.end()
}
