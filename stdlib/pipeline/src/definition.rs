//! `pipeline.toml`: what a version of a pipeline is.
//!
//! The schema is published beside this crate (`schema/pipeline-1.json`).

pub(crate) mod check;
mod content;
mod error;
mod params;
mod read;
mod spans;

pub use content::{Change, Changes, FILES, canonical, content_hash, seal, verify};
pub use error::{Error, Problem};
pub use params::ParamKind;

use serde::{Deserialize, Serialize};

/// The form of `pipeline.toml` that this release writes. Newer ones are refused, older ones read.
pub const SCHEMA: u32 = 1;

/// Name of the file in the directory of a version.
pub const FILE: &str = "pipeline.toml";

/// A version of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The form of this file: [`SCHEMA`].
    pub schema: u32,
    /// Name of the pipeline: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Semantic version, as `1.3.0`.
    pub version: String,
    /// BLAKE3 hash of what the version is: this file without `version`, `content`, `origin`, `verified` and the numbers of
    /// cells, and all other files of the version that a run reads ([`content_hash`]). Two promotions of the same have the
    /// same.
    pub content: String,
    /// BLAKE3 hash of `src/stages.rs`: a program that was built of another one knows that its stages' hashes are not theirs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// What it is for, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The values that it is run for, each as `stage.value`.
    pub targets: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// What it was made with.
    pub toolchain: Toolchain,
    /// What can be set from outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Param>,
    /// Files that are read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Data>,
    /// What is run, each after those that it needs.
    pub stages: Vec<Stage>,
    /// The model that is registered when all gates have passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<Register>,
    /// What was accepted although it may keep a run from giving the same again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Allowed>,
    /// What its runs in clean processes showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
}

/// Where a version comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// When it was promoted, RFC 3339.
    pub promoted: String,
    /// The session's id, if it is kept on disk.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub session: String,
    /// The notebook or script.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notebook: String,
    /// Commit of the project's git repository.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub git_commit: String,
    /// Whether the repository had changes that are not in the commit.
    #[serde(default)]
    pub git_dirty: bool,
    /// Numbers of the cells, in the order in which they ran.
    pub cells: Vec<u64>,
}

/// What a version was made with. A run on the same gives the same, bit for bit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// `rustc --version`.
    pub rustc: String,
    /// Version of Ironbook.
    pub ironbook: String,
    /// Hash of the standard library's sources that travel with the version.
    pub library: String,
    /// BLAKE3 hash of `Cargo.lock`.
    pub lock: String,
    /// Target triple.
    pub target: String,
    /// Features of the processor that results may depend on: `avx2`, `fma`, ...
    pub cpu_features: Vec<String>,
    /// Number of threads that numeric work used.
    pub threads: usize,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Name of the variable.
    pub name: String,
    /// Its Rust type: a number, `bool`, `char`, `String` or `&str`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The value in the session.
    pub default: toml::Value,
    /// What it means: the comment beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

/// A file that is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Name by which `--data NAME=PATH` replaces it.
    pub name: String,
    /// Where it was, relative to the project.
    pub path: String,
    /// `blake3:` and the hash of the content when it was promoted.
    pub fingerprint: String,
    /// Bytes.
    pub bytes: u64,
}

/// What a stage is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Makes values.
    #[default]
    Stage,
    /// Decides: its failure keeps the model from being registered.
    Gate,
}

impl Kind {
    fn is_stage(&self) -> bool {
        *self == Kind::Stage
    }
}

/// A stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name, which is that of its function.
    pub name: String,
    /// Whether it makes values or decides.
    #[serde(default, skip_serializing_if = "Kind::is_stage")]
    pub kind: Kind,
    /// BLAKE3 hash of its function and of all items that it reaches.
    pub code: String,
    /// Numbers of the cells that it was made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<u64>,
    /// Parameters that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<String>,
    /// Files that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<String>,
    /// Seconds after which it is stopped and has failed; none: it may take as long as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<f64>,
    /// How often it is tried again after a failure.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// Largest memory of its process, in MiB; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// Values of other stages that it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// Values that it makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A value that a stage takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its name, in the stage that makes it and in this one.
    pub name: String,
    /// The stage that makes it.
    pub from: String,
    /// Its Rust type.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// A value that a stage makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its Rust type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// How it is written: `arrow`, `safetensors`, `model`, `plain`, `serde`.
    pub codec: String,
}

/// A model that is registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The model, as `stage.value`.
    pub model: String,
    /// Name of the registered model.
    #[serde(rename = "as")]
    pub name: String,
    /// Alias that the new version gets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alias: String,
}

/// Something that was accepted with `--allow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The name that `--allow` was given.
    pub name: String,
    /// What it would have been refused for.
    pub why: String,
}

/// What the runs in clean processes showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// How many runs.
    pub runs: u32,
    /// Values that were compared with the session's.
    pub compared: u32,
    /// Those that were equal, bit for bit.
    pub equal: u32,
    /// Values of which the session had none to compare with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_compared: Vec<String>,
    /// Digests of the outputs, `stage.value` first.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub digests: std::collections::BTreeMap<String, String>,
}
