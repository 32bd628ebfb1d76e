//! Values of a run beside values that were kept elsewhere, for instance by the session that the pipeline comes from.

use super::cache::{Cache, Made};
use super::error::{Result, RunError};
use super::report::Report;
use super::{RunOptions, run};
use crate::definition::Definition;
use crate::program::Functions;
use ironbook_core::keep;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The file that names the values to compare with.
pub const FILE: &str = "expected.json";

/// A value to compare with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expected {
    /// The stage that makes it.
    pub stage: String,
    /// Its name.
    pub name: String,
    /// The file with its bytes, as its keeper writes them, relative to the directory.
    pub file: String,
}

/// How two values differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// In no byte.
    Equal,
    /// In bytes only: both mean the same value, as for a `HashMap` that is written in another order.
    Same,
    /// They are different.
    Different,
    /// They cannot be compared.
    Unknown,
}

/// A value that was compared.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedValue {
    /// The stage that makes it.
    pub stage: String,
    /// Its name.
    pub name: String,
    /// How it differs.
    pub result: Difference,
    /// More on that.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// All values that were compared.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// Each of them.
    pub values: Vec<ComparedValue>,
}

impl Compared {
    /// Whether all are equal or the same.
    #[must_use]
    pub fn all_same(&self) -> bool {
        self.values.iter().all(|value| matches!(value.result, Difference::Equal | Difference::Same))
    }
}

/// Compares the values of a run (made first, if they are not there) with those that a directory has.
pub(crate) fn compare(
    definition: Definition,
    functions: &Functions,
    options: &RunOptions,
    directory: &Path,
) -> Result<Compared> {
    let list = directory.join(FILE);
    let bytes = fs::read(&list).map_err(|e| RunError::io("read", &list, e))?;
    let expected: Vec<Expected> = serde_json::from_slice(&bytes).map_err(|e| RunError::io("read", &list, e.into()))?;
    let options = RunOptions { track: false, quiet: true, keep_going: true, ..options.clone() };
    let report = run(definition, functions, &options)?;
    let cache = Cache::open(&options.cache)?;
    let values = expected.into_iter().map(|of| {
        let (result, why) = match made(&report, &of) {
            Some(made) => one(&cache, made, &directory.join(&of.file)),
            None => (Difference::Unknown, "no stage has made it".to_owned()),
        };
        ComparedValue { stage: of.stage, name: of.name, result, why }
    });
    Ok(Compared { values: values.collect() })
}

fn made<'a>(report: &'a Report, of: &Expected) -> Option<&'a Made> {
    let stage = report.stages.iter().find(|stage| stage.name == of.stage)?;
    stage.outputs.iter().find(|made| made.name == of.name)
}

fn one(cache: &Cache, made: &Made, file: &Path) -> (Difference, String) {
    let theirs = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return (Difference::Unknown, format!("{} cannot be read: {error}", file.display())),
    };
    if blake3::hash(&theirs).to_hex().as_str() == made.digest {
        return (Difference::Equal, String::new());
    }
    let Some(keeper) = keep::named(&made.type_name) else {
        return (Difference::Unknown, format!("the program does not know the type {}", made.type_name));
    };
    let ours = match cache.read(&made.digest) {
        Ok(bytes) => bytes,
        Err(error) => return (Difference::Unknown, format!("the run's value cannot be read: {error}")),
    };
    match (keeper.read(&ours), keeper.read(&theirs)) {
        (Ok(a), Ok(b)) => match keeper.same(&*a, &*b) {
            Some(true) => (Difference::Same, String::new()),
            _ => (Difference::Different, format!("{} bytes, and {} there", ours.len(), theirs.len())),
        },
        (Err(error), _) => (Difference::Unknown, format!("the run's value cannot be read: {error}")),
        (_, Err(error)) => {
            (Difference::Unknown, format!("the other value is not of the type {}: {error}", made.type_name))
        }
    }
}
