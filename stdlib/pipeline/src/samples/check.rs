//! A stage on its sample, as the tests of an exported crate run it.

use super::{Equal, Expected, expected_path, take};
use crate::definition::Definition;
use crate::program::Pipeline;
use crate::run::cache::Cache;
use crate::run::error::RunError;
use crate::run::params::{self, Sources};
use crate::run::stage;
use crate::run::task::{Finished, Outcome};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// One stage at a time: tests are threads of one process, which has one working directory and one seed.
static ALONE: Mutex<()> = Mutex::new(());

/// What a check has compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Outputs whose bytes are those that were recorded.
    pub equal: Vec<String>,
    /// Outputs that were made, and whose bytes nobody can expect to be the same on this machine.
    pub made: Vec<String>,
}

/// Why a stage has not passed its check.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The version has no sample of the stage, or one that cannot be read.
    #[error("the sample of the stage `{stage}` cannot be read: {path}: {why}")]
    NoSample {
        /// The stage.
        stage: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It does not run on its sample.
    #[error("the stage `{stage}` does not run on its sample: {why}")]
    Failed {
        /// The stage.
        stage: String,
        /// Why.
        why: String,
    },
    /// It makes other values of its sample.
    #[error(
        "the stage `{stage}` makes something else of its sample than when the version was made: {}\n\
         its code, or a library that it calls, gives other results now",
        .values.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Different {
        /// The stage.
        stage: String,
        /// What differs.
        values: Vec<DifferentValue>,
    },
    /// What the runner needs is not there.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A value that is not what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferentValue {
    /// Its name.
    pub name: String,
    /// The digest that was recorded.
    pub recorded: String,
    /// The digest of what was made; empty where nothing was.
    pub found: String,
}

impl std::fmt::Display for DifferentValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
        match self.found.is_empty() {
            true => write!(f, "`{}` is missing", self.name),
            false => write!(f, "`{}` is {}.., and was {}..", self.name, short(&self.found), short(&self.recorded)),
        }
    }
}

/// Runs a stage in this process on its sample below `directory`, a version, and compares what it makes.
///
/// Bytes are compared on processors with the features of the one that the sample was made on; where they depend on the
/// number of threads, with the same number. Else it is enough that the stage makes all its outputs.
///
/// The working directory is `directory` afterwards.
///
/// # Errors
/// [`SampleError`].
pub fn check_sample(pipeline: &Pipeline, stage: &str, directory: impl AsRef<Path>) -> Result<Checked, SampleError> {
    let directory = directory.as_ref();
    let expected = recorded(stage, directory)?;
    let made = made(pipeline, (stage, &expected), directory)?;
    let same_processor = crate::machine::cpu_features() == expected.cpu_features;
    let same_threads = threads() == expected.threads;
    let (mut checked, mut values) = (Checked::default(), Vec::new());
    for (name, output) in expected.outputs {
        let found = made.outputs.iter().find(|made| made.name == name).map(|made| made.digest.clone());
        let comparable = same_processor
            && match output.equal {
                Equal::Always => true,
                Equal::SameThreads => same_threads,
                Equal::Never => false,
            };
        match found {
            Some(found) if comparable && found == output.digest => checked.equal.push(name),
            Some(_) if !comparable => checked.made.push(name),
            found => values.push(DifferentValue { name, recorded: output.digest, found: found.unwrap_or_default() }),
        }
    }
    if values.is_empty() { Ok(checked) } else { Err(SampleError::Different { stage: stage.to_owned(), values }) }
}

fn recorded(stage: &str, directory: &Path) -> Result<Expected, SampleError> {
    let path = directory.join(expected_path(stage));
    let read = std::fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
    read.map_err(|error| SampleError::NoSample { stage: stage.to_owned(), path, why: error.to_string() })
}

fn made(pipeline: &Pipeline, (name, expected): (&str, &Expected), directory: &Path) -> Result<Finished, SampleError> {
    let failed = |why: String| SampleError::Failed { stage: name.to_owned(), why };
    let definition = Definition::parse(pipeline.definition).map_err(|error| RunError::Definition(error.to_string()))?;
    let stage = definition.stages.iter().find(|stage| stage.name == name);
    let stage = stage.ok_or_else(|| failed("the definition has no such stage".to_owned()))?;
    let directory = std::fs::canonicalize(directory).map_err(|e| RunError::io("find", directory, e))?;
    let desk = tempfile::tempdir().map_err(|e| RunError::io("write to", &std::env::temp_dir(), e))?;
    let cache = Cache::open(&desk.path().join("cache"))?;
    let work = cache.work()?;
    let settings = params::resolve(&definition, &Sources::default())?;
    let outcome = desk.path().join("outcome");
    let place = (&settings, &cache, work.path().to_owned(), directory.as_path(), outcome);
    let task = take::task((stage, &expected.files), place)?;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    match stage::perform(&pipeline.functions, &task) {
        Outcome::Done(finished) => Ok(finished),
        Outcome::Failed(error) => Err(failed(error.line())),
        Outcome::Damaged { taken, why } => Err(failed(format!("`{}` cannot be read: {why}", taken.name))),
    }
}

/// Threads that numeric libraries use in this process.
fn threads() -> usize {
    let set = std::env::var(crate::run::child::THREADS[0]).ok().and_then(|text| text.parse().ok());
    set.filter(|threads| *threads > 0).unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get))
}
