//! One stage from lock to entry: in a process of its own, tried again as often as the definition says.

use super::Prepared;
use super::cache::{Entry, Found};
use super::child::{self, Bounds};
use super::console::Console;
use super::error::Result;
use super::stage;
use super::stop::Stop;
use super::task::{Failed, FailedKind, Outcome, Role, Taken, Task};
use crate::definition::{Register, Stage};
use crate::program::Functions;
use std::fs;
use std::time::{Duration, Instant};

/// What is to be done.
pub(crate) struct Job {
    pub(crate) task: Task,
    pub(crate) key: String,
    timeout: Option<Duration>,
    retries: u32,
    /// Whether it runs though it is there.
    forced: bool,
}

/// How it ended.
pub(crate) enum Ended {
    Done { entry: Entry, cached: bool },
    Failed(Failed),
    Damaged { taken: Taken, why: String },
    Stopped,
}

/// Between looks whether another run has finished the same.
const LOOK: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Job {
    pub(crate) fn of_stage(
        prepared: &Prepared,
        stage: &Stage,
        key: String,
        inputs: Vec<Taken>,
        run: Option<String>,
        forced: bool,
    ) -> Job {
        let settings = &prepared.settings;
        let params = stage.params.iter().filter_map(|name| Some((name.clone(), settings.get(name)?.clone())));
        let data = stage.data.iter().filter_map(|name| Some((name.clone(), prepared.data.get(name)?.path.clone())));
        let task = Task {
            role: Role::Stage,
            inputs,
            params: params.collect(),
            data: data.collect(),
            outputs: stage.outputs.iter().map(|output| output.name.clone()).collect(),
            memory_mb: stage.memory_mb,
            run,
            ..prepared.task(&stage.name)
        };
        let timeout = stage.timeout_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Job { task, key, timeout, retries: stage.retries, forced }
    }

    pub(crate) fn of_register(
        prepared: &Prepared,
        register: &Register,
        key: String,
        taken: Taken,
        run: Option<String>,
    ) -> Job {
        let role = Role::Register(register.clone());
        let task = Task { role, inputs: vec![taken], run, ..prepared.task(super::graph::REGISTER) };
        Job { task, key, timeout: None, retries: 0, forced: true }
    }
}

/// Runs it, in this process with `functions`.
pub(crate) fn run(
    job: &Job,
    prepared: &Prepared,
    functions: Option<&Functions>,
    stop: &Stop,
    console: &Console,
) -> Ended {
    let _lock = match locked(job, prepared, stop, console) {
        Ok(Some(lock)) => lock,
        Ok(None) => return Ended::Stopped,
        Err(error) => return Ended::Failed(Failed::new(FailedKind::NoRoom, error.to_string())),
    };
    if !job.forced
        && let Found::Entry(entry) = prepared.cache.find(&job.key)
    {
        return Ended::Done { entry, cached: true };
    }
    let log = prepared.cache.log(&prepared.definition.name, &job.task.stage, &job.key);
    if let Err(error) = fs::write(&log, "") {
        let failed = Failed::new(FailedKind::NoRoom, format!("its log {} cannot be written: {error}", log.display()));
        return Ended::Failed(failed);
    }
    let bounds = Bounds { log: &log, timeout: job.timeout, threads: prepared.threads };
    let mut tries = 0;
    loop {
        let start = Instant::now();
        let tell = |line: &str| console.line(&job.task.stage, line);
        let ended = match functions {
            Some(functions) => child::Ended::With(stage::perform(functions, &job.task)),
            None => child::run(&job.task, &bounds, stop, &tell),
        };
        let failed = match ended {
            child::Ended::Stopped => return Ended::Stopped,
            child::Ended::With(Outcome::Damaged { taken, why }) => return Ended::Damaged { taken, why },
            child::Ended::With(Outcome::Done(finished)) => {
                let entry = Entry {
                    stage: job.task.stage.clone(),
                    outputs: finished.outputs,
                    passed: finished.passed,
                    registered: finished.registered,
                    seconds: start.elapsed().as_secs_f64(),
                    made: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                    run: job.task.run.clone(),
                };
                return stored(job, prepared, entry);
            }
            child::Ended::With(Outcome::Failed(failed)) => failed,
        };
        if tries == job.retries || !failed.kind.may_pass() {
            return Ended::Failed(failed);
        }
        tries += 1;
        let (left, why) = (job.retries - tries, failed.line());
        console.say(&format!("{}: failed: {why}\n  it is tried again ({left} more times after that)", job.task.stage));
        if !paused(tries, stop) {
            return Ended::Stopped;
        }
    }
}

/// The lock of the key, for which it waits as long as another run has it; none when the run is to end.
fn locked(job: &Job, prepared: &Prepared, stop: &Stop, console: &Console) -> Result<Option<fs::File>> {
    let mut told = false;
    loop {
        let lock = prepared.cache.try_lock(&job.key)?;
        if lock.is_some() || stop.is_asked() {
            return Ok(lock);
        }
        if !std::mem::replace(&mut told, true) {
            console.note(&format!("{}: another run is at it; waiting", job.task.stage));
        }
        std::thread::sleep(LOOK);
    }
}

/// Keeps what was made, if the files that it was made of are still the same.
fn stored(job: &Job, prepared: &Prepared, entry: Entry) -> Ended {
    let changed = job.task.data.keys().find(|name| prepared.data.get(*name).is_some_and(|file| !file.is_unchanged()));
    if let Some(name) = changed {
        let text = format!("the file `{name}` changed while the stage ran; run again when nobody writes to it");
        return Ended::Failed(Failed::new(FailedKind::DataChanged, text));
    }
    match prepared.cache.store(&job.key, &entry, &job.task.work) {
        Ok(()) => Ended::Done { entry, cached: false },
        Err(error) => Ended::Failed(Failed::new(FailedKind::NoRoom, error.to_string())),
    }
}

/// Waits before another try, longer each time; whether to go on.
fn paused(tries: u32, stop: &Stop) -> bool {
    let pause = Duration::from_millis(100).saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE);
    let start = Instant::now();
    while start.elapsed() < pause {
        if stop.is_asked() {
            return false;
        }
        std::thread::sleep(LOOK.min(pause));
    }
    true
}
