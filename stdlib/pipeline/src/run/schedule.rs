//! Which stage runs when: each as soon as what it needs is there, as many at once as allowed.

mod ahead;
mod registry;

use super::cache::{Entry, Found};
use super::console::Console;
use super::error::is_full;
use super::graph;
use super::job::{self, Ended, Job, Place};
use super::key;
use super::report::{Report, StageReport, StageStatus, Status, time};
use super::stop::Stop;
use super::task::{Failed, FailedKind, Finished, Taken};
use super::tracked::Tracked;
use super::workers::Workers;
use super::{Prepared, RunOptions};
use crate::definition::{Kind, Stage};
use crate::program::{self, Functions};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};
use std::thread::Scope;
use std::time::Instant;

/// What is known of a stage.
enum State {
    Waiting,
    /// In a worker, if this says which.
    Running(Option<usize>),
    /// Its worker is free for the next stage, but not all of its values are written, or those that it took were not; then
    /// with what it has left.
    Returned(usize, Finished, Option<Entry>),
    Done {
        entry: Entry,
        cached: bool,
    },
    Failed(Failed),
}

impl State {
    fn first(given: Option<&Entry>) -> State {
        given.map_or(State::Waiting, |entry| State::Done { entry: entry.clone(), cached: true })
    }
}

/// What reaches the schedule.
pub(crate) enum Event {
    /// The function of a stage has returned; its values are still being written.
    Returned(usize, Finished),
    /// A stage has ended.
    Ended(usize, Ended),
    /// A signal.
    Signal,
}

/// How often a stage is made again because a value of it is damaged.
const MOST_REPAIRS: u32 = 3;
/// How often in a run a stage may go down with its process.
const MOST_LOSSES: u32 = 10;

pub(crate) struct Schedule<'a> {
    prepared: &'a Prepared,
    functions: &'a Functions,
    options: &'a RunOptions,
    console: &'a Console,
    tracked: Tracked<'a>,
    stop: Stop,
    machine: String,
    states: Vec<State>,
    /// Stages that ran with values that were made again since.
    outdated: Vec<bool>,
    forced: Vec<bool>,
    repairs: Vec<u32>,
    /// The key of each stage, once what it takes is known; that of the registration last.
    keys: Vec<Option<String>>,
    /// The registration: none, or how it went.
    registered: Option<State>,
    workers: Workers,
    losses: u32,
    events: (Sender<Event>, Receiver<Event>),
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(
        (prepared, functions, options): (&'a Prepared, &'a Functions, &'a RunOptions),
        console: &'a Console,
        stop: Stop,
        events: (Sender<Event>, Receiver<Event>),
    ) -> Schedule<'a> {
        let stages = &prepared.definition.stages;
        let edited = program::edited(functions.source, &prepared.definition);
        let forced = (0..stages.len()).map(|at| options.force && prepared.named[at]).collect();
        Schedule {
            machine: key::machine(&prepared.definition.toolchain, prepared.threads, edited.as_deref()),
            tracked: Tracked::new(options.track, console),
            states: (0..stages.len()).map(|at| State::first(prepared.given.get(&at))).collect(),
            outdated: vec![false; stages.len()],
            repairs: vec![0; stages.len()],
            keys: vec![None; stages.len() + 1],
            registered: None,
            workers: Workers::default(),
            losses: 0,
            prepared,
            functions,
            options,
            console,
            stop,
            forced,
            events,
        }
    }

    /// Runs all that is wanted.
    pub(crate) fn run(mut self) -> Report {
        let start = Instant::now();
        std::thread::scope(|scope| {
            loop {
                while self.settle() || self.advance(scope) {}
                if self.running() == 0 && !self.states.iter().any(|state| matches!(state, State::Returned(..))) {
                    break;
                }
                if let Ok(event) = self.events.1.recv() {
                    self.take(event);
                }
            }
        });
        self.workers.end();
        let status = self.status();
        self.tracked.end(status);
        self.report(status, start.elapsed().as_secs_f64())
    }

    fn stage(&self, at: usize) -> &'a Stage {
        &self.prepared.definition.stages[at]
    }

    fn wanted(&self) -> impl Iterator<Item = usize> + use<'a> {
        let wanted = &self.prepared.wanted;
        (0..wanted.len()).filter(|at| wanted[*at])
    }

    fn running(&self) -> usize {
        let stages = self.states.iter().filter(|state| matches!(state, State::Running(_))).count();
        stages + usize::from(matches!(self.registered, Some(State::Running(_))))
    }

    fn is_halted(&self) -> bool {
        self.stop.is_asked() || !self.options.keep_going && self.failures().any(|(_, gate)| !gate)
    }

    /// Failed stages, and whether each is a gate that has not passed.
    fn failures(&self) -> impl Iterator<Item = (usize, bool)> {
        self.states.iter().enumerate().filter_map(|(at, state)| match state {
            State::Failed(failed) => Some((at, self.is_refusal(at, failed))),
            _ => None,
        })
    }

    fn is_refusal(&self, at: usize, failed: &Failed) -> bool {
        self.stage(at).kind == Kind::Gate && failed.kind == FailedKind::Error
    }

    /// One more step of what can be done now; whether there was one.
    fn advance<'s>(&mut self, scope: &'s Scope<'s, '_>) -> bool
    where
        'a: 's,
    {
        if self.is_halted() {
            return false;
        }
        let free = self.running() < self.prepared.jobs;
        for at in self.wanted() {
            if !matches!(self.states[at], State::Waiting) {
                continue;
            }
            if let Some(inputs) = self.inputs(at) {
                let key = self.key(at, &inputs);
                self.keys[at] = Some(key.clone());
                if !self.forced[at] && self.is_cached(at, &key) {
                    return true;
                }
                if free {
                    self.start(scope, at, (Some(key), inputs), None);
                    return true;
                }
            } else if free && let Some((worker, inputs)) = self.ahead(at) {
                self.keys[at] = Some(self.code(at));
                self.start(scope, at, (None, inputs), Some(worker));
                return true;
            }
        }
        free && self.register(scope)
    }

    /// The values that a stage takes, once they are there.
    fn inputs(&self, at: usize) -> Option<Vec<Taken>> {
        let stage = self.stage(at);
        let taken = stage.inputs.iter().map(|input| {
            let from = graph::index(&self.prepared.definition, &input.from).ok()?;
            let State::Done { entry, .. } = &self.states[from] else { return None };
            let made = entry.outputs.iter().find(|made| made.name == input.name)?;
            Some(Taken { name: input.name.clone(), from: input.from.clone(), digest: made.digest.clone() })
        });
        taken.collect()
    }

    fn is_cached(&mut self, at: usize, key: &str) -> bool {
        match self.prepared.cache.find(key) {
            Found::Entry(entry) => {
                if let Some((lookup, now)) = self.moved(&entry) {
                    let name = |version: &Option<String>| {
                        version.as_ref().map_or("nobody".to_owned(), |v| format!("version {v}"))
                    };
                    let (uri, was, now) = (&lookup.uri, name(&lookup.version), name(&now));
                    let text = format!("{}: {uri} is {now}, and was {was}; it is run again", self.stage(at).name);
                    self.console.note(&text);
                    self.prepared.cache.forget(key);
                    return false;
                }
                self.done(at, entry, true);
                true
            }
            Found::Nothing => false,
            Found::Damaged(why) => {
                self.console
                    .say(&format!("{}: what it had made is damaged ({why}); it is run again", self.stage(at).name));
                self.prepared.cache.forget(key);
                false
            }
        }
    }

    fn done(&mut self, at: usize, entry: Entry, cached: bool) {
        let stage = self.stage(at);
        if stage.kind == Kind::Gate && entry.passed == Some(false) {
            return self.fail(at, Failed::new(FailedKind::Error, "its condition does not hold"), cached);
        }
        let words = if cached { "unchanged".to_owned() } else { format!("done in {}", time(entry.seconds)) };
        if cached {
            self.tracked.cached(stage, &self.prepared.settings, &entry);
        } else {
            self.tracked.done(&entry);
        }
        self.console.ended(&stage.name, &words);
        self.states[at] = State::Done { entry, cached };
    }

    fn start<'s>(
        &mut self,
        scope: &'s Scope<'s, '_>,
        at: usize,
        (key, inputs): (Option<String>, Vec<Taken>),
        worker: Option<usize>,
    ) where
        'a: 's,
    {
        let stage = self.stage(at);
        self.begin_record();
        let run = self.tracked.stage(stage, &self.prepared.settings);
        let values: Vec<_> = inputs.iter().map(|taken| (taken.from.clone(), taken.name.clone())).collect();
        let job = Job::of_stage(self.prepared, stage, (key, self.code(at)), inputs, run, self.forced[at]);
        let worker = match (worker, self.log(at)) {
            (None, Some(log)) if self.in_worker(at) => {
                self.workers.free(&values, self.prepared.threads, &log).map(Some)
            }
            (worker, _) => Ok(worker),
        };
        let worker = match worker {
            Ok(worker) => worker,
            Err(error) => {
                let kind = if is_full(&error) { FailedKind::NoRoom } else { FailedKind::Start };
                return self.fail(at, Failed::new(kind, format!("its process cannot be started: {error}")), false);
            }
        };
        self.states[at] = State::Running(worker);
        let place = match worker {
            Some(worker) => {
                // This stage has begun, but takes its values only now.
                let is_taken = |value: &(String, String)| {
                    values.contains(value) || ahead::is_taken(self.prepared, &self.states, value)
                };
                let (worker, forget) = self.workers.begin(worker, is_taken);
                Place::Worker(worker, forget)
            }
            None if self.options.in_process => Place::Here(self.functions),
            None => Place::Alone,
        };
        self.spawn(scope, at, job, place);
    }

    /// The run in the tracking store begins with the first thing that is done; what was there before is told then.
    fn begin_record(&mut self) {
        if self.tracked.id().is_some() {
            return;
        }
        self.tracked.begin(&self.prepared.definition, &self.prepared.settings, &self.prepared.project);
        for at in self.wanted() {
            if let State::Done { entry, cached: true } = &self.states[at] {
                self.tracked.cached(self.stage(at), &self.prepared.settings, entry);
            }
        }
    }

    fn spawn<'s>(&mut self, scope: &'s Scope<'s, '_>, at: usize, job: Job, place: Place<'s>)
    where
        'a: 's,
    {
        let (prepared, console) = (self.prepared, self.console);
        let (stop, events) = (self.stop.clone(), self.events.0.clone());
        self.console.started(&job.task.stage);
        let work = move || {
            // The schedule waits for both.
            let returned = |finished| _ = events.send(Event::Returned(at, finished));
            let ended = job::run(&job, prepared, &place, (&stop, console), &returned);
            let _ = events.send(Event::Ended(at, ended));
        };
        if let Err(error) = std::thread::Builder::new().spawn_scoped(scope, work) {
            let failed = Failed::new(FailedKind::Start, format!("there is no thread for it: {error}"));
            let _ = self.events.0.send(Event::Ended(at, Ended::Failed(failed)));
        }
    }

    fn take(&mut self, event: Event) {
        let (at, ended) = match event {
            Event::Ended(at, ended) => (at, ended),
            Event::Returned(at, finished) => return self.returned(at, finished),
            Event::Signal => return,
        };
        if at == self.states.len() {
            return self.take_registered(ended);
        }
        if let State::Running(Some(worker)) = self.states[at] {
            // It has written all that it made before it returned, or it has come to nothing.
            match ended {
                Ended::Done { .. } | Ended::Unkeyed(_) | Ended::Failed(_) | Ended::Damaged { .. } => {
                    self.workers.returned(worker, []);
                }
                Ended::Lost | Ended::Stopped => self.workers.retire(worker),
            }
        }
        self.forced[at] = false;
        if std::mem::take(&mut self.outdated[at]) && matches!(ended, Ended::Done { .. } | Ended::Unkeyed(_)) {
            self.console.ended(&self.stage(at).name, "looked at again, since a value that it takes was made again");
            self.states[at] = State::Waiting;
            return;
        }
        match ended {
            Ended::Done { entry, cached } => self.done(at, entry, cached),
            Ended::Unkeyed(entry) => {
                let finished = Finished { outputs: entry.outputs.clone(), ..Finished::default() };
                let worker = match self.states[at] {
                    State::Returned(worker, ..) | State::Running(Some(worker)) => worker,
                    _ => return,
                };
                self.states[at] = State::Returned(worker, finished, Some(entry));
            }
            Ended::Failed(failed) => {
                // A worker whose stage has failed may be gone, or not what it was.
                if let State::Running(Some(worker)) | State::Returned(worker, ..) = self.states[at] {
                    self.workers.retire(worker);
                }
                self.fail(at, failed, false);
            }
            Ended::Damaged { taken, why } => self.repair(at, &taken, &why),
            Ended::Lost if self.losses == MOST_LOSSES => {
                self.fail(at, Failed::new(FailedKind::Died, "its process ended before it began"), false);
            }
            Ended::Lost => {
                self.losses += 1;
                let name = &self.stage(at).name;
                self.tracked.failed(name, "its process went with values that were not written", true);
                self.console.ended(name, "undone, since its process went before all was written");
                self.states[at] = State::Waiting;
            }
            Ended::Stopped => {
                let name = &self.stage(at).name;
                self.tracked.failed(name, "interrupted", true);
                self.console.ended(name, "stopped");
                self.states[at] = State::Waiting;
            }
        }
    }

    fn fail(&mut self, at: usize, failed: Failed, known: bool) {
        let stage = self.stage(at);
        let what = if self.is_refusal(at, &failed) { "the gate has not passed" } else { "failed" };
        self.tracked.failed(&stage.name, &failed.line(), false);
        self.console.failed(&stage.name, &format!("{what}: {}", failed.chain.join("\n  because ")));
        if !known {
            self.show_log(at);
        }
        self.states[at] = State::Failed(failed);
    }

    /// The log of a stage, or of the registration.
    fn log(&self, at: usize) -> Option<PathBuf> {
        let definition = &self.prepared.definition;
        let name = definition.stages.get(at).map_or(graph::REGISTER, |stage| &stage.name);
        self.keys[at].as_ref().map(|key| self.prepared.cache.log(&definition.name, name, key))
    }

    fn show_log(&self, at: usize) {
        let Some(log) = self.log(at).filter(|_| !self.options.in_process) else { return };
        let lines = super::child::last_lines(&log, 10);
        if !lines.is_empty() {
            self.console.say(&format!("  | {}\n  all of it: {}", lines.join("\n  | "), log.display()));
        }
    }

    /// A value was damaged: its stage is made again, and with it all that need it.
    fn repair(&mut self, at: usize, taken: &Taken, why: &str) {
        let text = format!("the value `{}.{}` in the cache is damaged: {why}", taken.from, taken.name);
        let Ok(maker) = graph::index(&self.prepared.definition, &taken.from) else { return };
        self.tracked.failed(&self.stage(at).name, &text, false);
        self.prepared.cache.discard(&taken.digest);
        self.repairs[maker] += 1;
        if self.repairs[maker] > MOST_REPAIRS {
            return self.fail(at, Failed::new(FailedKind::Value, text), false);
        }
        self.console.failed(&self.stage(at).name, &format!("{text}; `{}` is run again", taken.from));
        self.states[at] = State::Waiting;
        // What they hold may be of before.
        self.workers.retire_all();
        let mut again = graph::dependents(&self.prepared.needs, maker);
        again.push(maker);
        for at in again {
            match self.states[at] {
                State::Running(_) | State::Returned(_, _, None) => self.outdated[at] = true,
                State::Done { .. } | State::Returned(_, _, Some(_)) => self.states[at] = State::Waiting,
                State::Waiting | State::Failed(_) => {}
            }
        }
    }

    fn status(&self) -> Status {
        let failed = matches!(self.registered, Some(State::Failed(_))) || self.failures().any(|(_, gate)| !gate);
        if self.stop.is_asked() {
            Status::Interrupted
        } else if failed {
            Status::Failed
        } else if self.failures().next().is_some() {
            Status::GateFailed
        } else {
            Status::Finished
        }
    }

    fn report(&self, status: Status, seconds: f64) -> Report {
        let definition = &self.prepared.definition;
        let registered = match &self.registered {
            Some(State::Done { entry, .. }) => entry.registered.clone(),
            _ => None,
        };
        Report {
            pipeline: definition.name.clone(),
            version: definition.version.clone(),
            status,
            seconds,
            stages: self.wanted().map(|at| self.stage_report(at)).collect(),
            params: self.prepared.settings.clone(),
            data: self.prepared.data.clone(),
            registered,
            run: self.tracked.id(),
        }
    }

    fn stage_report(&self, at: usize) -> StageReport {
        let stage = self.stage(at);
        let empty = StageReport {
            name: stage.name.clone(),
            kind: stage.kind,
            status: StageStatus::NotRun,
            seconds: None,
            outputs: Vec::new(),
            failure: None,
            why: None,
            log: None,
        };
        match &self.states[at] {
            State::Done { entry, cached } => StageReport {
                status: if *cached { StageStatus::Cached } else { StageStatus::Done },
                seconds: Some(entry.seconds),
                outputs: entry.outputs.clone(),
                log: self.log(at),
                ..empty
            },
            State::Failed(failed) => StageReport {
                status: StageStatus::Failed,
                failure: Some(failed.kind),
                why: Some(failed.line()),
                log: self.log(at),
                ..empty
            },
            State::Waiting | State::Running(_) | State::Returned(..) => empty,
        }
    }
}
