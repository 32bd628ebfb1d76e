//! Running a pipeline: what is wanted, what is there, and the rest in processes of their own.

pub mod cache;
pub(crate) mod child;
pub(crate) mod compare;
pub(crate) mod console;
pub mod data;
pub mod error;
pub mod files;
pub mod graph;
pub(crate) mod held;
mod job;
mod key;
pub mod params;
pub(crate) mod predict;
pub mod report;
mod schedule;
pub(crate) mod stage;
pub(crate) mod stop;
pub(crate) mod task;
mod tracked;
pub(crate) mod worker;
mod workers;

use crate::definition::{Definition, Register};
use crate::program::{self, Functions};
use cache::{Cache, Entry, Work};
use console::Console;
use data::{DataFile, DataOptions};
use error::{Result, RunError};
use files::StageFiles;
use params::{Settings, Sources};
use report::Report;
use schedule::{Event, Schedule};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use stop::Stop;
use task::{Role, Task};

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Where parameters come from.
    pub sources: Sources,
    /// Which files are read.
    pub data: DataOptions,
    /// Directory of the project, to which paths in the definition are relative.
    pub project: PathBuf,
    /// Directory of the cache.
    pub cache: PathBuf,
    /// Largest number of stages at once; none: as many as there are cores.
    pub jobs: Option<NonZero<usize>>,
    /// Threads of numeric work in each stage; none: as many as when the version was made.
    pub threads: Option<NonZero<usize>>,
    /// Whether stages run that have nothing to do: the named ones, or all.
    pub force: bool,
    /// The stages to run, with all that they need; none: all.
    pub only: Vec<String>,
    /// Files with values of the one stage that `only` names.
    pub files: StageFiles,
    /// Whether a failure lets stages that do not need the failed one go on.
    pub keep_going: bool,
    /// Whether the run is tracked, and its model registered.
    pub track: bool,
    /// Whether each stage has a process of its own, and all values pass through the disk; else only stages that are bounded
    /// or tried again have one.
    pub isolate: bool,
    /// Whether stages run in this process, one after the other: without bounds on time and memory.
    pub in_process: bool,
    /// Whether only warnings and failures are shown.
    pub quiet: bool,
}

/// A run whose arguments have been looked at.
pub(crate) struct Prepared {
    pub(crate) definition: Definition,
    pub(crate) needs: Vec<Vec<usize>>,
    pub(crate) wanted: Vec<bool>,
    /// Stages that do not run, since what others take of them was given.
    given: BTreeMap<usize, Entry>,
    /// Those that were asked for, without what they need.
    named: Vec<bool>,
    pub(crate) settings: Settings,
    pub(crate) data: BTreeMap<String, DataFile>,
    pub(crate) project: PathBuf,
    pub(crate) cache: Cache,
    work: Work,
    register: Option<Register>,
    jobs: usize,
    threads: usize,
}

impl Prepared {
    /// Looks at everything before anything runs.
    pub(crate) fn new(definition: Definition, options: &RunOptions) -> Result<Prepared> {
        let needs = graph::needs(&definition)?;
        files::check(&definition, options)?;
        let is_given = !options.files.inputs.is_empty();
        let all = options.only.is_empty();
        // A stage may have that name; it is meant then.
        let is_registration = |name: &str| name == graph::REGISTER && graph::index(&definition, name).is_err();
        let registers = all || options.only.iter().any(|name| is_registration(name));
        if registers && !all && definition.register.is_none() {
            graph::index(&definition, graph::REGISTER)?;
        }
        let mut named = vec![all || registers && !is_given; needs.len()];
        for name in options.only.iter().filter(|name| !is_registration(name)) {
            named[graph::index(&definition, name)?] = true;
        }
        let asked: Vec<usize> = (0..needs.len()).filter(|at| named[*at]).collect();
        let wanted = if is_given { named.clone() } else { graph::with_needs(&needs, &asked) };
        let settings = params::resolve(&definition, &options.sources)?;
        let cache = Cache::open(&options.cache)?;
        let work = cache.work()?;
        let given = files::take(&definition, options, (&cache, work.path()))?;
        let project = std::fs::canonicalize(&options.project).map_err(|e| RunError::io("find", &options.project, e))?;
        let read = |name: &str| {
            (0..needs.len()).any(|at| wanted[at] && definition.stages[at].data.iter().any(|of| of == name))
        };
        let files = definition.data.iter().filter(|data| read(&data.name));
        let data = data::resolve(files, &options.data, &project, (&cache, work.path()))?;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let jobs = if options.in_process { 1 } else { options.jobs.map_or(cores, NonZero::get) };
        let threads = threads(options, definition.toolchain.threads).unwrap_or(cores);
        let register = definition.register.clone().filter(|_| registers && options.track);
        Ok(Prepared {
            definition,
            needs,
            wanted,
            given,
            named,
            settings,
            data,
            project,
            cache,
            work,
            register,
            jobs,
            threads,
        })
    }

    /// A task for a stage of this name, with nothing to take and nothing to make.
    fn task(&self, stage: &str) -> Task {
        Task {
            role: Role::Stage,
            stage: stage.to_owned(),
            project: self.project.clone(),
            cache: self.cache.root().to_owned(),
            work: self.work.path().to_owned(),
            outcome: self.work.path().join(format!("{stage}.outcome")),
            inputs: Vec::new(),
            params: Settings::new(),
            data: BTreeMap::new(),
            outputs: Vec::new(),
            memory_mb: None,
            run: None,
        }
    }
}

/// Threads of numeric work: in this process what its environment says, else what was asked for or recorded.
fn threads(options: &RunOptions, recorded: usize) -> Option<usize> {
    if options.in_process {
        return std::env::var(child::THREADS[0]).ok()?.parse().ok();
    }
    options.threads.map(NonZero::get).or(Some(recorded).filter(|threads| *threads > 0))
}

/// Runs a pipeline.
///
/// # Errors
/// When it cannot begin. That a stage fails is no error, but part of the report.
pub(crate) fn run(definition: Definition, functions: &Functions, options: &RunOptions) -> Result<Report> {
    functions.fit(&definition)?;
    let prepared = Prepared::new(definition, options)?;
    let console = Console::new(options.quiet);
    if program::edited(functions.source, &prepared.definition).is_some() {
        console
            .note("note: src/stages.rs was edited after the version was made; promote again for a version of its own");
    }
    say_differences(&prepared, options, &console);
    let (events, taken) = std::sync::mpsc::channel();
    let signals = events.clone();
    // Nobody waits for it any more once the run has ended.
    let stop = Stop::listen(move || drop(signals.send(Event::Signal)));
    let stop = stop.map_err(|e| RunError::io("listen for signals to", Path::new("this process"), e))?;
    let report = Schedule::new((&prepared, functions, options), &console, stop, (events, taken)).run();
    if report.status == report::Status::Finished {
        files::leave((&options.only, &options.files, options.track), &report, &prepared.cache)?;
    }
    Ok(report)
}

/// What may keep the run from giving the same bits as when the version was made.
fn say_differences(prepared: &Prepared, options: &RunOptions, console: &Console) {
    let made = &prepared.definition.toolchain;
    let here = crate::machine::cpu_features();
    let missing: Vec<&str> =
        made.cpu_features.iter().map(String::as_str).filter(|feature| !here.iter().any(|has| has == feature)).collect();
    if !missing.is_empty() {
        let text = "note: this processor lacks {} of the one that the version was made on; numbers may differ in their last digits";
        console.note(&text.replace("{}", &missing.join(", ")));
    }
    if made.threads > 0 && prepared.threads != made.threads {
        let (now, then) = (prepared.threads, made.threads);
        console.note(&format!("note: {now} threads instead of {then}; numbers may differ in their last digits"));
    }
    if prepared.definition.register.is_some() && !options.track {
        console.note("note: nothing is registered without tracking");
    }
}

/// The cache of a project, unless another one is given.
#[must_use]
pub fn cache_of(project: &Path) -> PathBuf {
    project.join(".ironbook").join("pipeline")
}
