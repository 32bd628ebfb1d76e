//! One stage from lock to entry: where it runs, and tried again as often as the definition says.

use super::Prepared;
use super::cache::{Entry, Found};
use super::child::{self, Bounds};
use super::console::Console;
use super::error::Result;
use super::stage;
use super::stop::Stop;
use super::task::{Failed, FailedKind, Finished, Outcome, Role, Taken, Task};
use super::worker::{Order, Worker};
use crate::definition::{Register, Stage};
use crate::program::Functions;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is to be done.
pub(crate) struct Job {
    pub(crate) task: Task,
    /// Of its outputs; none as long as values that it takes are not written.
    pub(crate) key: Option<String>,
    /// The hash of its code.
    code: String,
    timeout: Option<Duration>,
    retries: u32,
    /// Whether it runs though it is there.
    forced: bool,
}

/// Where a stage runs.
pub(crate) enum Place<'a> {
    /// In this process.
    Here(&'a Functions),
    /// In a process of its own.
    Alone,
    /// In one that performs several, which is to let these values go first.
    Worker(Arc<Worker>, Vec<(String, String)>),
}

/// How it ended.
pub(crate) enum Ended {
    Done {
        entry: Entry,
        cached: bool,
    },
    /// As `Done`, but its key is not known yet, and nothing is stored.
    Unkeyed(Entry),
    /// Its worker ended because of another stage, before all was written.
    Lost,
    Failed(Failed),
    Damaged {
        taken: Taken,
        why: String,
    },
    Stopped,
}

/// Between looks whether another run has finished the same.
const LOOK: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Job {
    pub(crate) fn of_stage(
        prepared: &Prepared,
        stage: &Stage,
        (key, code): (Option<String>, String),
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
        Job { task, key, code, timeout, retries: stage.retries, forced }
    }

    /// Where the stage prints to: by its key, or as long as there is none, by its code.
    fn log(&self, prepared: &Prepared) -> PathBuf {
        prepared.cache.log(&prepared.definition.name, &self.task.stage, self.key.as_ref().unwrap_or(&self.code))
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
        Job { task, code: key.clone(), key: Some(key), timeout: None, retries: 0, forced: true }
    }
}

/// Runs it; `returned` is told when the worker that does so can begin another one.
pub(crate) fn run(
    job: &Job,
    prepared: &Prepared,
    place: &Place<'_>,
    (stop, console): (&Stop, &Console),
    returned: &dyn Fn(Finished),
) -> Ended {
    let mut _lock = None;
    if let Some(key) = &job.key {
        match locked(key, job, prepared, (stop, console)) {
            Ok(Some(lock)) => _lock = Some(lock),
            Ok(None) => return Ended::Stopped,
            Err(error) => return Ended::Failed(Failed::new(FailedKind::NoRoom, error.to_string())),
        }
        if !job.forced
            && let Found::Entry(entry) = prepared.cache.find(key)
        {
            return Ended::Done { entry, cached: true };
        }
    }
    let log = job.log(prepared);
    if let Err(error) = fs::write(&log, "") {
        let failed = Failed::new(FailedKind::NoRoom, format!("its log {} cannot be written: {error}", log.display()));
        return Ended::Failed(failed);
    }
    let bounds = Bounds { log: &log, timeout: job.timeout, threads: prepared.threads };
    let mut tries = 0;
    loop {
        let start = Instant::now();
        let mut seconds = None;
        let tell = |line: &str| console.line(&job.task.stage, line);
        let ended = match place {
            Place::Here(functions) => child::Ended::With(stage::perform(functions, &job.task)),
            Place::Alone => child::run(&job.task, &bounds, stop, &tell),
            Place::Worker(worker, forget) => {
                let order = Order { task: job.task.clone(), log: log.clone(), forget: forget.clone() };
                worker.perform(&order, stop, &tell, &mut |finished| {
                    seconds = Some(start.elapsed().as_secs_f64());
                    returned(finished);
                })
            }
        };
        let failed = match ended {
            child::Ended::Stopped => return Ended::Stopped,
            child::Ended::Lost => return Ended::Lost,
            child::Ended::With(Outcome::Damaged { taken, why }) => return Ended::Damaged { taken, why },
            child::Ended::With(Outcome::Done(finished)) => {
                let entry = Entry {
                    stage: job.task.stage.clone(),
                    outputs: finished.outputs,
                    passed: finished.passed,
                    registered: finished.registered,
                    lookups: finished.lookups,
                    seconds: seconds.unwrap_or_else(|| start.elapsed().as_secs_f64()),
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
fn locked(key: &str, job: &Job, prepared: &Prepared, (stop, console): (&Stop, &Console)) -> Result<Option<fs::File>> {
    let mut told = false;
    loop {
        let lock = prepared.cache.try_lock(key)?;
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
    let Some(key) = &job.key else { return Ended::Unkeyed(entry) };
    match store(prepared, (key, &job.code), &entry) {
        Ok(()) => Ended::Done { entry, cached: false },
        Err(failed) => Ended::Failed(failed),
    }
}

/// Keeps it in the cache.
pub(crate) fn store(prepared: &Prepared, (key, code): (&str, &str), entry: &Entry) -> std::result::Result<(), Failed> {
    prepared.cache.see(code);
    let stored = prepared.cache.store(key, entry, prepared.work.path());
    stored.map_err(|error| Failed::new(FailedKind::NoRoom, error.to_string()))
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
