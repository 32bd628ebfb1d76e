//! All trials of a study in memory, with what samplers and pruners ask of them kept up to date.

use crate::distribution::Distribution;
use crate::importance::{self, Importance};
use crate::record::{Direction, Param, TrialRecord, TrialState};
use std::collections::HashMap;
use std::sync::Arc;

/// The trials of a study, by number.
///
/// Every question that is asked per trial has its answer kept, so that the ten-thousandth trial costs what the tenth does.
#[derive(Debug)]
pub struct History {
    name: String,
    direction: Direction,
    trials: Vec<TrialRecord>,
    finished: Vec<u32>,
    /// Few at any time; in the order of numbers.
    unfinished: Vec<u32>,
    counts: Counts,
    /// Loss and number of the best completed trial.
    best: Option<(f64, u32)>,
    kinds: HashMap<Arc<str>, Vec<Arc<Distribution>>>,
    steps: HashMap<u64, Vec<f64>>,
}

/// How many trials there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// With a value.
    pub complete: usize,
    /// Ended early by a pruner.
    pub pruned: usize,
    /// Ended by an error, a panic or NaN.
    pub failed: usize,
    /// Being computed, here or by another process.
    pub running: usize,
    /// Enqueued.
    pub waiting: usize,
}

impl Counts {
    fn of(&mut self, state: TrialState) -> &mut usize {
        match state {
            TrialState::Complete => &mut self.complete,
            TrialState::Pruned => &mut self.pruned,
            TrialState::Fail => &mut self.failed,
            TrialState::Running => &mut self.running,
            TrialState::Waiting => &mut self.waiting,
        }
    }
}

impl History {
    pub(crate) fn new(name: &str, direction: Direction) -> Self {
        History {
            name: name.to_owned(),
            direction,
            trials: Vec::new(),
            finished: Vec::new(),
            unfinished: Vec::new(),
            counts: Counts::default(),
            best: None,
            kinds: HashMap::new(),
            steps: HashMap::new(),
        }
    }

    /// Name of the study.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the study seeks.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// All trials, by number.
    pub fn trials(&self) -> &[TrialRecord] {
        &self.trials
    }

    /// Numbers of the trials that are complete or pruned, in the order in which this process has learned so.
    pub fn finished(&self) -> &[u32] {
        &self.finished
    }

    /// Trials that are running, by number.
    pub fn running(&self) -> impl Iterator<Item = &TrialRecord> {
        self.unfinished.iter().map(|number| self.at(*number)).filter(|trial| trial.state == TrialState::Running)
    }

    /// The first trial that is enqueued.
    pub(crate) fn waiting(&self) -> Option<&TrialRecord> {
        self.unfinished.iter().map(|number| self.at(*number)).find(|trial| trial.state == TrialState::Waiting)
    }

    /// Numbers of the trials that are running or waiting.
    pub(crate) fn unfinished(&self) -> &[u32] {
        &self.unfinished
    }

    /// How many trials there are in each state.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The completed trial with the best value, the first of equal ones.
    pub fn best(&self) -> Option<&TrialRecord> {
        self.best.map(|(_, number)| self.at(number))
    }

    /// How much each parameter matters, as [`Study::importances`](crate::Study::importances) says; `None` before a trial is
    /// complete.
    pub fn importances(&self) -> Option<Vec<Importance>> {
        importance::ped_anova(self)
    }

    /// What completed trials reported at a step, NaN included.
    pub(crate) fn reported_at(&self, step: u64) -> &[f64] {
        self.steps.get(&step).map_or(&[], Vec::as_slice)
    }

    fn at(&self, number: u32) -> &TrialRecord {
        &self.trials[number as usize]
    }

    pub(crate) fn trial(&self, number: u32) -> Option<&TrialRecord> {
        self.trials.get(number as usize)
    }

    /// For changes that are no end of a trial.
    pub(crate) fn trial_mut(&mut self, number: u32) -> Option<&mut TrialRecord> {
        self.trials.get_mut(number as usize)
    }

    /// The first distribution that the study had for a parameter.
    pub(crate) fn kind(&self, name: &str) -> Option<&Arc<Distribution>> {
        self.kinds.get(name).and_then(|kinds| kinds.first())
    }

    /// The one copy of a parameter's name, if the study knows it.
    pub(crate) fn name_of(&self, name: &str) -> Option<Arc<str>> {
        self.kinds.get_key_value(name).map(|(name, _)| Arc::clone(name))
    }

    /// The one copy of a name and of a distribution that all trials share.
    pub(crate) fn intern(&mut self, name: &str, distribution: Distribution) -> (Arc<str>, Arc<Distribution>) {
        if let Some((name, kinds)) = self.kinds.get_key_value(name) {
            // Equal but for NaN among choices, or 1 instead of 1.0: not the same text in the database.
            if let Some(known) = kinds.iter().find(|known| ***known == distribution) {
                return (Arc::clone(name), Arc::clone(known));
            }
        }
        let name = self.kinds.get_key_value(name).map_or_else(|| Arc::from(name), |(name, _)| Arc::clone(name));
        let distribution = Arc::new(distribution);
        self.kinds.entry(Arc::clone(&name)).or_default().push(Arc::clone(&distribution));
        (name, distribution)
    }

    /// Sets a parameter of a running trial.
    pub(crate) fn set_param(&mut self, number: u32, param: Param) {
        if let Some(trial) = self.trial_mut(number) {
            trial.params.push(param);
        }
    }

    /// Takes a trial in, or what has become of it. A trial that has ended stays as it is.
    pub(crate) fn put(&mut self, mut trial: TrialRecord) {
        for param in &mut trial.params {
            let known = self.intern(&param.name, (*param.distribution).clone());
            (param.name, param.distribution) = known;
        }
        let number = trial.number;
        match self.trials.get_mut(number as usize) {
            Some(old) if old.state.is_finished() => return,
            Some(old) => {
                *self.counts.of(old.state) -= 1;
                // Plans are known to the process alone that made them.
                trial.planned = std::mem::take(&mut old.planned);
                *old = trial;
            }
            None => {
                // A number that is missing in between is another process's trial that cannot be seen yet.
                while self.trials.len() < number as usize {
                    let missing = self.trials.len() as u32;
                    self.trials.push(TrialRecord::new(-1, missing, TrialState::Running));
                    self.unfinished.push(missing);
                    self.counts.running += 1;
                }
                self.trials.push(trial);
            }
        }
        self.settle(number);
    }

    /// Ends a trial.
    pub(crate) fn finish(&mut self, number: u32, change: impl FnOnce(&mut TrialRecord)) {
        if let Some(trial) = self.trials.get_mut(number as usize)
            && !trial.state.is_finished()
        {
            *self.counts.of(trial.state) -= 1;
            change(trial);
            self.settle(number);
        }
    }

    /// Brings everything that is kept about trials up to date after one has come, or has changed its state.
    fn settle(&mut self, number: u32) {
        let trial = &mut self.trials[number as usize];
        *self.counts.of(trial.state) += 1;
        let place = self.unfinished.binary_search(&number);
        if !trial.state.is_finished() {
            if let Err(place) = place {
                self.unfinished.insert(place, number);
            }
            return;
        }
        if let Ok(place) = place {
            self.unfinished.remove(place);
        }
        trial.planned = Vec::new();
        if trial.state == TrialState::Fail {
            return;
        }
        self.finished.push(number);
        if trial.state == TrialState::Complete {
            for (step, value) in &trial.reports {
                self.steps.entry(*step).or_default().push(*value);
            }
            let loss = trial.value.map_or(f64::INFINITY, |value| self.direction.loss(value));
            if self.best.is_none_or(|best| (loss, number) < best) {
                self.best = Some((loss, number));
            }
        }
    }
}
