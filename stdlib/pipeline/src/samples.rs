//! Samples of what stages take, which travel with a version, so that its crate can test each stage.
//!
//! `samples/<stage>/` has
//! - `<input>.value`: the first rows of each value that the stage takes, as its keeper writes them;
//! - `data/<name>.<ending>`: the first rows of each file that it reads;
//! - `expected.json`: what the stage made of them ([`Expected`]).

mod check;
mod files;
mod take;

pub use check::{Checked, SampleError, check_sample};
pub use files::{FileSampler, register_file_sampler};
pub(crate) use take::take;

use crate::definition::Data;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The folder of a version with its samples.
pub const FOLDER: &str = "samples";
/// The file that tells what a stage made of its sample.
pub const EXPECTED: &str = "expected.json";
/// Rows of a value, unless more are needed.
pub const ROWS: usize = 200;

/// What a stage made of its sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Features of the processor that it was made on.
    pub cpu_features: Vec<String>,
    /// Threads of numeric work that it was made with.
    pub threads: usize,
    /// The names of the samples of files that it reads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, ExpectedOutput>,
}

/// An output of a stage on its sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedOutput {
    /// When its bytes are the same again.
    pub equal: Equal,
    /// BLAKE3 hash of its bytes, 64 hexadecimal digits; empty where they are never the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
}

/// When an output's bytes are the same again, on a processor of the same features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Equal {
    /// With any number of threads.
    Always,
    /// With the same number of threads.
    SameThreads,
    /// Never: they have no order of their own.
    Never,
}

/// What the command `sample` has made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// Each stage, in the definition's order.
    pub stages: Vec<SampledStage>,
}

/// The sample of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampledStage {
    /// The stage.
    pub name: String,
    /// Largest number of rows of the values in it; none where nothing was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Bytes of its files.
    pub bytes: u64,
    /// Why there is no sample; empty where there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why_not: String,
}

/// The name of a file's sample.
fn file_name(data: &Data) -> String {
    match Path::new(&data.path).extension() {
        Some(ending) => format!("{}.{}", data.name, ending.to_string_lossy()),
        None => data.name.clone(),
    }
}

/// Where the sample of a file lies, relative to the version.
fn data_path(stage: &str, file: &str) -> String {
    format!("{FOLDER}/{stage}/data/{file}")
}

/// Where the sample of a value lies, relative to the version.
fn value_path(stage: &str, name: &str) -> String {
    format!("{FOLDER}/{stage}/{name}.value")
}

/// Where it lies what the stage made, relative to the version.
fn expected_path(stage: &str) -> String {
    format!("{FOLDER}/{stage}/{EXPECTED}")
}
