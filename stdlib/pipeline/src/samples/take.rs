//! Taking samples: each stage is run on the first rows of what it took in a run of the whole pipeline.

use super::files::{self, Cut};
use super::{Equal, Expected, ExpectedOutput, Sampled, SampledStage, data_path, expected_path, file_name, value_path};
use crate::definition::{Definition, Stage};
use crate::program::Functions;
use crate::run::cache::{Cache, Made, Work};
use crate::run::child::{self, Bounds};
use crate::run::error::{Result, RunError};
use crate::run::params::{self, Settings, Sources};
use crate::run::report::Report;
use crate::run::stop::Stop;
use crate::run::task::{FailedKind, Finished, Outcome, Role, Taken, Task};
use crate::run::{RunOptions, run};
use ironbook_core::keep;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

/// Bytes of the samples of all stages together.
const ALL: u64 = 5 << 20;
/// Bytes of one stage's sample.
const LARGEST: u64 = 2 << 20;
/// Bytes of a value whose rows nobody knows.
const LARGEST_WHOLE: u64 = 256 << 10;
/// A stage that takes longer on its sample has none.
const LONGEST: Duration = Duration::from_secs(10);
/// How many rows of files go with a row of values.
const FILE_ROWS: (usize, usize) = (5, 2);
/// How often a value is written to see whether its bytes have an order. Two entries of a map change places half the time.
const WRITES: usize = 16;

/// Writes `samples/` into the directory of a version.
///
/// # Errors
/// When the pipeline cannot be run, or a file not be written. A stage without a sample is no error.
pub(crate) fn take(
    definition: &Definition,
    functions: &Functions,
    options: &RunOptions,
    (directory, rows): (&Path, usize),
) -> Result<Sampled> {
    let options = RunOptions { track: false, quiet: true, keep_going: true, ..options.clone() };
    let report = run(definition.clone(), functions, &options)?;
    let sampler = Sampler::new(definition, &options, report)?;
    let (mut left, mut stages) = (ALL, Vec::new());
    for stage in &definition.stages {
        let sampled = match sampler.stage(stage, rows.max(1)) {
            Ok(sample) if sample.bytes() > left => Err("the samples of other stages take all the room".to_owned()),
            other => other,
        };
        stages.push(match sampled {
            Err(why_not) => SampledStage { name: stage.name.clone(), rows: None, bytes: 0, why_not },
            Ok(sample) => {
                left -= sample.bytes();
                sample.write(directory)?;
                let rows = sample.cut.then_some(sample.rows);
                SampledStage { name: stage.name.clone(), rows, bytes: sample.bytes(), why_not: String::new() }
            }
        });
    }
    Ok(Sampled { stages })
}

/// The files of a stage's sample, relative to the version.
struct Sample {
    rows: usize,
    /// Whether something in it has more rows.
    cut: bool,
    files: BTreeMap<String, Vec<u8>>,
}

impl Sample {
    fn bytes(&self) -> u64 {
        self.files.values().map(|bytes| bytes.len() as u64).sum()
    }

    fn write(&self, directory: &Path) -> Result<()> {
        for (path, bytes) in &self.files {
            let path = directory.join(path);
            let folder = path.parent().unwrap_or(directory);
            let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, bytes));
            written.map_err(|e| RunError::io("write", &path, e))?;
        }
        Ok(())
    }
}

struct Sampler<'a> {
    definition: &'a Definition,
    report: Report,
    project: PathBuf,
    /// The cache of the whole run.
    recorded: Cache,
    settings: Settings,
    threads: usize,
    stop: Stop,
    desk: tempfile::TempDir,
    /// The cache of the runs on samples.
    cache: Cache,
    work: Work,
}

impl<'a> Sampler<'a> {
    fn new(definition: &'a Definition, options: &RunOptions, report: Report) -> Result<Sampler<'a>> {
        let desk = tempfile::tempdir().map_err(|e| RunError::io("write to", &std::env::temp_dir(), e))?;
        let cache = Cache::open(&desk.path().join("cache"))?;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = definition.toolchain.threads;
        Ok(Sampler {
            definition,
            report,
            project: options.project.clone(),
            recorded: Cache::open(&options.cache)?,
            settings: params::resolve(definition, &Sources::default())?,
            threads: if threads > 0 { threads } else { cores },
            stop: Stop::listen(|| ())
                .map_err(|e| RunError::io("listen for signals to", Path::new("this process"), e))?,
            work: cache.work()?,
            cache,
            desk,
        })
    }

    /// The smallest sample that the stage can be run on; else why there is none.
    fn stage(&self, stage: &Stage, rows: usize) -> std::result::Result<Sample, String> {
        let mut rows = rows;
        let mut failed = None;
        loop {
            // Where more rows are too many, the reason is why fewer were not enough.
            let mut sample = self.cut(stage, rows).map_err(|why| failed.take().unwrap_or(why))?;
            match self.expected(stage, &sample) {
                Ok(expected) => {
                    let text = serde_json::to_string_pretty(&expected).map_err(|error| error.to_string())?;
                    sample.files.insert(expected_path(&stage.name), (text + "\n").into_bytes());
                    return Ok(sample);
                }
                Err((kind, why)) if !sample.cut || kind == FailedKind::Timeout => return Err(why),
                Err((_, why)) => failed = Some(why),
            }
            rows = rows.saturating_mul(10);
        }
    }

    /// The first rows of all that the stage takes.
    fn cut(&self, stage: &Stage, rows: usize) -> std::result::Result<Sample, String> {
        let mut sample = Sample { rows, cut: false, files: BTreeMap::new() };
        for input in &stage.inputs {
            let (bytes, cut) =
                self.value(&input.from, &input.name, rows).map_err(|why| format!("`{}` {why}", input.name))?;
            sample.cut |= cut;
            sample.files.insert(value_path(&stage.name, &input.name), bytes);
        }
        for name in &stage.data {
            let (path, bytes, cut) = self.file(&stage.name, name, rows).map_err(|why| format!("`{name}` {why}"))?;
            sample.cut |= cut;
            sample.files.insert(path, bytes);
        }
        match sample.bytes() {
            bytes if bytes > LARGEST => Err(format!("a sample would have {} KB", bytes >> 10)),
            _ => Ok(sample),
        }
    }

    /// The bytes of a value's first rows, and whether it has more.
    fn value(&self, from: &str, name: &str, rows: usize) -> std::result::Result<(Vec<u8>, bool), String> {
        let made = self.made(from, name).ok_or("was not made")?;
        let keeper = keep::named(&made.type_name).ok_or("is of a type that the program does not know")?;
        let bytes = self.recorded.read(&made.digest).map_err(|error| format!("cannot be read: {error}"))?;
        let value = keeper.read(&bytes).map_err(|error| format!("cannot be read: {error}"))?;
        let (bytes, cut) = match keep::cut(&*value, rows) {
            keep::Cut::NoRows if made.bytes > LARGEST_WHOLE => {
                return Err(format!("has {} KB, and no rows to cut it to", made.bytes >> 10));
            }
            keep::Cut::NoRows | keep::Cut::Whole => (bytes, false),
            keep::Cut::First(first) => {
                let mut bytes = Vec::new();
                keeper.write(&*first, &mut bytes).map_err(|error| format!("cannot be written: {error}"))?;
                (bytes, true)
            }
        };
        // Only such types have values whose bytes come in any order.
        if keeper.same(&*value, &*value).is_some() && !has_order(&keeper, &bytes) {
            return Err("is written in another order each time (a map without one)".to_owned());
        }
        Ok((bytes, cut))
    }

    fn made(&self, stage: &str, name: &str) -> Option<&Made> {
        let stage = self.report.stages.iter().find(|of| of.name == stage)?;
        stage.outputs.iter().find(|made| made.name == name)
    }

    /// Path and bytes of a file's first rows, and whether it has more.
    fn file(&self, stage: &str, name: &str, rows: usize) -> std::result::Result<(String, Vec<u8>, bool), String> {
        let data = self.definition.data.iter().find(|data| data.name == name).ok_or("is no file of the pipeline")?;
        let read = self.report.data.get(name).ok_or("was not read")?;
        let (from, to) = (self.project.join(&read.path), self.desk.path().join("file"));
        let rows = rows.saturating_mul(FILE_ROWS.0) / FILE_ROWS.1;
        let _ = fs::remove_file(&to);
        let cut = files::cut(&from, &to, rows, LARGEST).map_err(|error| format!("cannot be cut: {error}"))?;
        if cut == Cut::TooLarge {
            return Err(format!("has {} KB, too many for a sample", read.bytes >> 10));
        }
        let bytes = fs::read(&to).map_err(|error| format!("cannot be cut: {error}"))?;
        Ok((data_path(stage, &file_name(data)), bytes, cut == Cut::First))
    }

    /// What the stage makes of a sample.
    fn expected(&self, stage: &Stage, sample: &Sample) -> std::result::Result<Expected, (FailedKind, String)> {
        let other_threads = if self.threads == 1 { 2 } else { 1 };
        let first = self.run(stage, sample, self.threads)?;
        let other = self.run(stage, sample, other_threads)?;
        let digest = |of: &Finished, name: &str| of.outputs.iter().find(|o| o.name == name).map(|o| o.digest.clone());
        let differs = first.outputs.iter().any(|made| digest(&other, &made.name).as_ref() != Some(&made.digest));
        let again = if differs { Some(self.run(stage, sample, self.threads)?) } else { None };
        let outputs = first.outputs.iter().map(|made| {
            let same_in = |of: &Finished| digest(of, &made.name).as_ref() == Some(&made.digest);
            let equal = match &again {
                _ if !self.output_has_order(made) => Equal::Never,
                _ if same_in(&other) => Equal::Always,
                Some(again) if same_in(again) => Equal::SameThreads,
                _ => Equal::Never,
            };
            let digest = if equal == Equal::Never { String::new() } else { made.digest.clone() };
            (made.name.clone(), ExpectedOutput { equal, digest })
        });
        Ok(Expected {
            cpu_features: crate::machine::cpu_features(),
            threads: self.threads,
            files: self.files(stage),
            outputs: outputs.collect(),
        })
    }

    /// The names of the samples of a stage's files.
    fn files(&self, stage: &Stage) -> BTreeMap<String, String> {
        let read = self.definition.data.iter().filter(|data| stage.data.contains(&data.name));
        read.map(|data| (data.name.clone(), file_name(data))).collect()
    }

    fn output_has_order(&self, made: &Made) -> bool {
        let (Some(keeper), Ok(bytes)) = (keep::named(&made.type_name), self.cache.read(&made.digest)) else {
            return true;
        };
        let Ok(value) = keeper.read(&bytes) else { return true };
        keeper.same(&*value, &*value).is_none() || has_order(&keeper, &bytes)
    }

    fn run(
        &self,
        stage: &Stage,
        sample: &Sample,
        threads: usize,
    ) -> std::result::Result<Finished, (FailedKind, String)> {
        let broken = |error: io::Error| (FailedKind::Start, format!("the sample cannot be written: {error}"));
        let place = tempfile::tempdir_in(self.desk.path()).map_err(broken)?;
        sample.write(place.path()).map_err(|error| (FailedKind::Start, error.to_string()))?;
        let outcome = self.desk.path().join("outcome");
        let work = self.work.path().to_owned();
        let task = task((stage, &self.files(stage)), (&self.settings, &self.cache, work, place.path(), outcome));
        let task = task.map_err(|error| (FailedKind::Start, error.to_string()))?;
        let log = self.desk.path().join("log");
        let own = stage.timeout_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let timeout = Some(own.unwrap_or(LONGEST).min(LONGEST));
        match child::run(&task, &Bounds { log: &log, timeout, threads }, &self.stop, &|_| ()) {
            child::Ended::Stopped | child::Ended::Lost => Err((FailedKind::Timeout, "it was interrupted".to_owned())),
            child::Ended::With(Outcome::Done(finished)) => Ok(finished),
            child::Ended::With(Outcome::Damaged { why, .. }) => Err((FailedKind::Start, why)),
            child::Ended::With(Outcome::Failed(failed)) => {
                Err((failed.kind, format!("it cannot be run on a sample: {}", failed.line())))
            }
        }
    }
}

/// Whether a value is written with the same bytes however often it is read.
fn has_order(keeper: &keep::Keeper, bytes: &[u8]) -> bool {
    (0..WRITES).all(|_| {
        let mut again = Vec::new();
        keeper.read(bytes).and_then(|value| keeper.write(&*value, &mut again)).is_ok() && again == bytes
    })
}

/// The task of running a stage on the sample in a directory, its values taken into the cache.
pub(super) fn task(
    (stage, files): (&Stage, &BTreeMap<String, String>),
    (settings, cache, work, directory, outcome): (&Settings, &Cache, PathBuf, &Path, PathBuf),
) -> Result<Task> {
    let mut inputs = Vec::new();
    for input in &stage.inputs {
        let path = directory.join(value_path(&stage.name, &input.name));
        let taken = fs::read(&path).and_then(|bytes| cache.write(&work, |to| to.write_all(&bytes)));
        let (digest, _) = taken.map_err(|e| RunError::io("read", &path, e))?;
        inputs.push(Taken { name: input.name.clone(), from: input.from.clone(), digest });
    }
    let params = stage.params.iter().filter_map(|name| Some((name.clone(), settings.get(name)?.clone())));
    Ok(Task {
        role: Role::Stage,
        stage: stage.name.clone(),
        project: directory.to_owned(),
        cache: cache.root().to_owned(),
        outcome,
        inputs,
        params: params.collect(),
        data: files.iter().map(|(name, file)| (name.clone(), data_path(&stage.name, file))).collect(),
        outputs: stage.outputs.iter().map(|output| output.name.clone()).collect(),
        memory_mb: stage.memory_mb,
        run: None,
        work,
    })
}
