//! A search in the tracking store: a run for the study in the active one, and a run in that for each trial.
//!
//! Trials are written by a thread of their own, in batches, so that a store that is slow does not slow the search.

use super::search::Search;
use ironbook_core::record;
use ironbook_track::{self as track, Metric, Param, Past, RunHandle, Status, Tag};
use ironbook_tune::{Best, History, Study, TrialRecord, TrialState, Unfinished};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// Reports of a trial that are written; longer curves are thinned.
const REPORTS: usize = 500;

/// The run of a search, if one is active around it.
pub(super) struct Tracked(Option<Writing>);

struct Writing {
    run: RunHandle,
    metric: String,
    /// Which trials were handed over; those of before the search are not.
    taken: Vec<bool>,
    /// All trials below were handed over.
    below: usize,
    sender: Sender<Vec<Past>>,
    thread: JoinHandle<track::Result<()>>,
}

impl Tracked {
    /// Begins the run of a search in the active one, if runs are recorded by themselves.
    pub(super) fn begin(search: &Search<'_>, study: &Study) -> Self {
        let wanted = record::recorder().is_some();
        let Some(active) = track::active().filter(|_| wanted) else { return Tracked(None) };
        match Writing::begin(search, study, &active) {
            Ok(writing) => Tracked(Some(writing)),
            Err(error) => {
                track::not_recorded(&error);
                Tracked(None)
            }
        }
    }

    /// Hands over the trials that have ended since the last call.
    pub(super) fn take(&mut self, history: &History) {
        if let Some(writing) = &mut self.0 {
            writing.take(history);
        }
    }

    /// Waits until all is written, and ends the run.
    pub(super) fn end(self, study: &Study, best: Option<&Best>) {
        let Some(mut writing) = self.0 else { return };
        study.look(|history| writing.take(history));
        if let Err(error) = writing.end(study, best) {
            track::not_recorded(&error);
        }
    }
}

impl Writing {
    fn begin(search: &Search<'_>, study: &Study, active: &RunHandle) -> track::Result<Self> {
        let tags = [Tag::new("ironbook.tune.study", &search.name), Tag::new("ironbook.tune.storage", study.place())];
        let run = track::nested(active, &search.name, &tags)?;
        let mut params = vec![
            Param::new("direction", search.direction.verb()),
            Param::new("metric", &search.metric),
            Param::new("sampler", search.sampler_name()),
            Param::new("pruner", search.pruner_name()),
            Param::new("jobs", search.jobs),
        ];
        params.extend(search.limit().map(|trials| Param::new("trials", trials)));
        params.extend(search.seed.map(|seed| Param::new("seed", seed)));
        run.log_params(&params)?;
        let (sender, receiver) = channel::<Vec<Past>>();
        let around = run.clone();
        let write = move || receiver.iter().try_for_each(|runs| track::record_past(&around, &runs).map(drop));
        let spawned = thread::Builder::new().name("tune-track".to_owned()).spawn(write);
        let thread =
            spawned.map_err(|source| track::Error::io("start a thread for the runs of trials", ".", source))?;
        let taken: Vec<bool> = study.look(|history| history.trials().iter().map(|t| t.state().is_finished()).collect());
        Ok(Writing { run, metric: search.metric.clone(), taken, below: 0, sender, thread })
    }

    fn take(&mut self, history: &History) {
        let trials = history.trials();
        self.taken.resize(trials.len().max(self.taken.len()), false);
        let mut new = Vec::new();
        for (number, trial) in trials.iter().enumerate().skip(self.below) {
            if !self.taken[number] && trial.state().is_finished() {
                self.taken[number] = true;
                new.push(past(trial, &self.metric));
            }
        }
        while self.taken.get(self.below).is_some_and(|taken| *taken) {
            self.below += 1;
        }
        if !new.is_empty() {
            // A writer that is gone has said why, which `end` tells.
            let _ = self.sender.send(new);
        }
    }

    fn end(self, study: &Study, best: Option<&Best>) -> track::Result<()> {
        drop(self.sender);
        let written = self.thread.join().unwrap_or(Ok(()));
        let counts = study.counts();
        let mut metrics = vec![
            ("trials_complete", counts.complete),
            ("trials_pruned", counts.pruned),
            ("trials_failed", counts.failed),
        ];
        metrics.retain(|metric| metric.1 > 0);
        let mut metrics: Vec<(&str, f64)> = metrics.into_iter().map(|(name, count)| (name, count as f64)).collect();
        let name = clean(&self.metric);
        if let Some(best) = best {
            metrics.push((&name, best.value()));
            let params: Vec<Param> =
                best.params().iter().map(|(name, value)| Param::new(clean(&format!("best.{name}")), value)).collect();
            self.run.log_params(&params)?;
            self.run.log_bytes("best.rs", best.code())?;
        }
        self.run.log_metrics(&metrics)?;
        let status = match best.map(Best::unfinished) {
            Some(None) => Status::Finished,
            Some(Some(Unfinished::Interrupted)) => Status::Killed,
            Some(Some(Unfinished::Failed(_))) | None => Status::Failed,
        };
        track::end_nested(&self.run, status)?;
        written
    }
}

/// A trial as a run.
fn past(trial: &TrialRecord, metric: &str) -> Past {
    let started = trial.started().map_or(0, |at| at.timestamp_millis());
    let ended = trial.ended().map_or(started, |at| at.timestamp_millis());
    let name = clean(metric);
    let complete = trial.state() == TrialState::Complete;
    let every = trial.reports().len().div_ceil(REPORTS).max(1);
    // The value of a trial that was pruned is no value of the objective.
    let reported = format!("{name}_reported");
    let reports = trial.reports().iter().step_by(every);
    let mut metrics: Vec<Metric> =
        reports.map(|(step, value)| Metric::new(&reported, *value, ended, *step as i64)).collect();
    metrics.extend(trial.value().filter(|_| complete).map(|value| Metric::new(&name, value, ended, 0)));
    let mut tags =
        vec![Tag::new("ironbook.tune.state", trial.state()), Tag::new("ironbook.tune.trial", trial.number())];
    tags.extend(trial.failure().map(|why| Tag::new("ironbook.tune.failure", why)));
    Past {
        name: format!("trial {}", trial.number()),
        times: (started, ended),
        status: if trial.state() == TrialState::Fail { Status::Failed } else { Status::Finished },
        params: trial.params().iter().map(|param| Param::new(clean(param.name()), param.value())).collect(),
        metrics,
        tags,
    }
}

/// A name as MLflow allows it.
fn clean(name: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || "_/.- ".contains(c);
    let name: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).take(250).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}
