//! The state of a study behind its lock: trials, sampler, pruner, and what the storage has not taken yet.

use crate::distribution::Distribution;
use crate::error::{Result, TuneError};
use crate::history::History;
use crate::outcome::{Outcome, said};
use crate::pruner::Pruner;
use crate::record::{FAILURE, FIXED, Param, TrialRecord, TrialState, now};
use crate::sampler::{Planned, Sampler};
use crate::storage::{Change, NoteKind, Storage};
use crate::value::ParamValue;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// Why a trial counts as failed whose process has died, as JSON.
pub(crate) const LOST_JSON: &str = "\"nothing was heard of its process any more\"";

/// Everything that changes while a study runs.
pub(crate) struct Core {
    pub(crate) history: History,
    pub(super) sampler: Box<dyn Sampler>,
    pub(super) pruner: Box<dyn Pruner>,
    pub(super) storage: Box<dyn Storage>,
    pub(super) study: i64,
    /// Changes that the storage has not taken, oldest first.
    pub(super) pending: Vec<Change>,
    /// What the storage said when it did not take the first of them.
    pub(super) trouble: Option<TuneError>,
    /// Trials that this process works on.
    own: HashMap<u32, Own>,
    /// Results that came after another process had given their trials up.
    pub(super) late: usize,
    /// The largest number of a trial in the storage.
    last_id: i64,
}

/// A trial that this process works on.
#[derive(Default)]
struct Own {
    /// What belongs together, once it was asked for.
    planned: Option<Planned>,
    /// What has to be used.
    fixed: BTreeMap<String, ParamValue>,
}

impl Core {
    pub(super) fn new(
        history: History,
        (sampler, pruner): (Box<dyn Sampler>, Box<dyn Pruner>),
        (storage, study): (Box<dyn Storage>, i64),
    ) -> Self {
        Core {
            history,
            sampler,
            pruner,
            storage,
            study,
            pending: Vec::new(),
            trouble: None,
            own: HashMap::new(),
            late: 0,
            last_id: -1,
        }
    }

    /// Leaves the storage as it is to be found at rest.
    pub(super) fn settle(&mut self) {
        if self.pending.is_empty() {
            self.storage.settle();
        }
    }

    /// Takes over what other processes have done.
    pub(super) fn sync(&mut self) -> Result<()> {
        let unknown = self.history.unfinished().iter().filter_map(|number| self.history.trial(*number));
        let open: Vec<i64> = unknown.map(|trial| trial.id).filter(|id| *id >= 0).collect();
        let news = self.storage.news(self.study, self.last_id, &open)?;
        for trial in news {
            self.last_id = self.last_id.max(trial.id);
            // Of trials that run here, memory knows more than the storage, until somebody else ends them.
            if trial.state.is_finished() || !self.own.contains_key(&trial.number) {
                self.history.put(trial);
            }
        }
        Ok(())
    }

    /// Begins a trial, one that is enqueued if there is one; returns its number.
    pub(crate) fn begin(&mut self, alive: bool) -> Result<u32> {
        self.flush()?;
        self.sync()?;
        while let Some((id, number)) = self.history.waiting().map(|trial| (trial.id, trial.number)) {
            let now = now();
            let mine = self.storage.claim(id, now)?;
            if let Some(trial) = self.history.trial(number).cloned() {
                self.history.put(TrialRecord { state: TrialState::Running, started: Some(now), ..trial });
            }
            if mine {
                if alive {
                    self.storage.beat(&[id])?;
                }
                return self.adopt(number);
            }
        }
        let number = self.put_new(TrialRecord::begun(now()), alive)?;
        self.adopt(number)
    }

    /// Adds a trial that somebody is going to begin.
    pub(super) fn add(&mut self, record: TrialRecord) -> Result<()> {
        self.flush()?;
        self.sync()?;
        self.put_new(record, false).map(drop)
    }

    /// Puts a new trial into storage and history; returns the number that it has got.
    fn put_new(&mut self, mut record: TrialRecord, alive: bool) -> Result<u32> {
        let (id, number) = self.storage.add_trial(self.study, &record, alive)?;
        (record.id, record.number) = (id, number);
        // Another process may have added some before it.
        if number as usize > self.history.trials().len() {
            self.sync()?;
        }
        self.last_id = self.last_id.max(id);
        self.history.put(record);
        Ok(number)
    }

    /// Makes a trial one that this process works on.
    fn adopt(&mut self, number: u32) -> Result<u32> {
        let mut own = Own::default();
        if let Some(json) = self.history.trial(number).and_then(|trial| trial.system.get(FIXED)) {
            own.fixed = serde_json::from_str(json).unwrap_or_default();
        }
        let fixed = !own.fixed.is_empty();
        self.own.insert(number, own);
        // A trial with given parameters takes no place in a grid, nor does one that has its place already.
        let placed = self.history.trial(number).is_some_and(|trial| trial.system.contains_key("grid_id"));
        if !fixed && !placed {
            // A sampler is anybody's code; its trial is not to run for ever.
            let notes = catch_unwind(AssertUnwindSafe(|| self.sampler.begin(&self.history, number)));
            let notes = notes.map_err(|payload| said(&*payload).to_owned());
            match notes {
                Ok(notes) => notes.into_iter().for_each(|(key, json)| self.note(number, NoteKind::System, key, json)),
                Err(why) => {
                    self.tell(number, Outcome::Failed(format!("the sampler panicked: {why}")))?;
                    return Err(TuneError::Sampler { why });
                }
            }
        }
        Ok(number)
    }

    /// The running trial of this number.
    fn running(&self, number: u32) -> Result<&TrialRecord> {
        let trials = self.history.trials().len();
        let trial = self.history.trial(number).ok_or(TuneError::NoTrial { number, trials })?;
        if trial.state == TrialState::Running && self.own.contains_key(&number) {
            return Ok(trial);
        }
        Err(TuneError::NotRunning { number, state: trial.state })
    }

    /// The value of a parameter of a running trial.
    pub(crate) fn suggest(
        &mut self,
        number: u32,
        name: &str,
        distribution: Distribution,
    ) -> Result<(f64, Arc<Distribution>)> {
        let trial = self.running(number)?;
        let id = trial.id;
        if let Some(param) = trial.find(name) {
            check(name, &param.distribution, &distribution)?;
            // Asked again, also for another range that has it, a trial answers what it answered first.
            if !distribution.contains(param.internal) {
                let value = param.distribution.value(param.internal).to_rust();
                return Err(TuneError::Outside {
                    name: name.to_owned(),
                    value,
                    distribution: distribution.to_string(),
                });
            }
            return Ok((param.internal, Arc::clone(&param.distribution)));
        }
        if let Some(known) = self.history.kind(name) {
            check(name, known, &distribution)?;
        }
        let internal = self.pick(number, name, &distribution)?;
        let (name, distribution) = self.history.intern(name, distribution);
        let param = Param { name, distribution: Arc::clone(&distribution), internal };
        self.history.set_param(number, param.clone());
        self.write(Change::Param { trial: id, param });
        Ok((internal, distribution))
    }

    /// A value for a parameter: given, the only one, planned with others, or chosen for itself.
    fn pick(&mut self, number: u32, name: &str, distribution: &Distribution) -> Result<f64> {
        let own = self.own.get(&number);
        if let Some(value) = own.and_then(|own| own.fixed.get(name)) {
            let unfit = || TuneError::Unfit {
                name: name.to_owned(),
                value: value.to_rust(),
                distribution: distribution.to_string(),
            };
            return distribution.internal(value).ok_or_else(unfit);
        }
        if distribution.is_single() {
            return Ok(distribution.first());
        }
        if own.is_some_and(|own| own.planned.is_none()) {
            let planned = self.sampler.plan(&self.history, number);
            if let Some(trial) = self.history.trial_mut(number) {
                trial.planned = planned.iter().map(|(name, _, value)| (Arc::clone(name), *value)).collect();
            }
            if let Some(own) = self.own.get_mut(&number) {
                own.planned = Some(planned);
            }
        }
        let planned = self.own.get(&number).and_then(|own| own.planned.as_ref());
        if let Some((_, was, value)) = planned.and_then(|planned| planned.iter().find(|each| &*each.0 == name)) {
            check(name, was, distribution)?;
            // A range that has moved away from the value is asked for by itself.
            if distribution.contains(*value) {
                return Ok(*value);
            }
        }
        self.sampler.choose(&self.history, number, name, distribution)
    }

    /// Takes a report of a running trial; a second one at the same step is left out.
    pub(crate) fn report(&mut self, number: u32, step: u64, value: f64) -> Result<()> {
        let trial = self.running(number)?;
        let id = trial.id;
        if trial.report_at(step).is_none() {
            if let Some(trial) = self.history.trial_mut(number) {
                trial.set_report(step, value);
            }
            self.write(Change::Report { trial: id, step, value });
        }
        Ok(())
    }

    /// What the pruner says of a running trial.
    pub(crate) fn judge(&mut self, number: u32) -> Result<bool> {
        self.running(number)?;
        let Some(trial) = self.history.trial(number) else { return Ok(false) };
        let verdict = self.pruner.judge(&self.history, trial);
        for (key, json) in verdict.notes {
            self.note(number, NoteKind::System, key, json);
        }
        Ok(verdict.prune)
    }

    /// Makes a note on a trial.
    pub(crate) fn note(&mut self, number: u32, kind: NoteKind, key: String, json: String) {
        let Some(trial) = self.history.trial_mut(number) else { return };
        let id = trial.id;
        match kind {
            NoteKind::User => _ = trial.user.insert(key.clone(), json.clone()),
            NoteKind::System => trial.note(&key, json.clone()),
        }
        self.write(Change::Note { trial: id, kind, key, json });
    }

    /// Ends a running trial.
    pub(crate) fn tell(&mut self, number: u32, outcome: Outcome) -> Result<()> {
        let trial = self.running(number)?;
        let (id, last) = (trial.id, trial.last_report().map(|report| report.1).filter(|value| !value.is_nan()));
        let (state, value, failure) = match outcome {
            Outcome::Complete(value) if value.is_nan() => {
                (TrialState::Fail, None, Some("the objective returned NaN".to_owned()))
            }
            Outcome::Complete(value) => (TrialState::Complete, Some(value), None),
            Outcome::Pruned => (TrialState::Pruned, last, None),
            Outcome::Failed(why) => (TrialState::Fail, None, Some(why)),
        };
        self.own.remove(&number);
        let mut changes = Vec::with_capacity(2);
        if let Some(why) = failure {
            let json = serde_json::to_string(&why).expect("a text");
            if let Some(trial) = self.history.trial_mut(number) {
                trial.system.insert(FAILURE.to_owned(), json.clone());
            }
            changes.push(Change::Note { trial: id, kind: NoteKind::System, key: FAILURE.to_owned(), json });
        }
        let at = now();
        self.history.finish(number, |trial| (trial.state, trial.value, trial.ended) = (state, value, Some(at)));
        changes.push(Change::Finish { trial: id, state, value, at });
        self.write_all(changes);
        Ok(())
    }

    /// Gives up trials of dead processes; returns their numbers.
    pub(super) fn reap(&mut self, since: Duration) -> Result<usize> {
        let mut reaped = 0;
        for id in self.storage.silent(self.study, since)? {
            let dead = self.history.running().find(|trial| trial.id == id).map(|trial| trial.number);
            let Some(number) = dead.filter(|number| !self.own.contains_key(number)) else { continue };
            self.own.insert(number, Own::default());
            self.tell(number, Outcome::Failed(serde_json::from_str(LOST_JSON).expect("a text")))?;
            reaped += 1;
        }
        Ok(reaped)
    }

    /// Says that the trials that run here are alive.
    pub(super) fn beat(&mut self) -> Result<()> {
        let trials = self.own.keys().filter_map(|number| self.history.trial(*number));
        let ids: Vec<i64> = trials.map(|trial| trial.id).collect();
        if ids.is_empty() { Ok(()) } else { self.storage.beat(&ids) }
    }

    fn write(&mut self, change: Change) {
        self.write_all(vec![change]);
    }

    /// Writes through; what the storage does not take now waits, and everything after it as well.
    fn write_all(&mut self, changes: Vec<Change>) {
        if self.pending.is_empty() {
            match self.storage.write(&changes) {
                Ok(true) => {}
                Ok(false) => self.late += 1,
                Err(error) => {
                    self.trouble = Some(error);
                    self.pending = changes;
                }
            }
        } else {
            self.pending.extend(changes);
        }
    }

    /// What keeps changes from being saved, if some are not; tries once more unless the trouble is fresh.
    pub(super) fn unsaved(&mut self) -> Option<TuneError> {
        if self.pending.is_empty() {
            return None;
        }
        let source = match self.trouble.take() {
            Some(trouble) => trouble,
            None => self.flush().err()?,
        };
        Some(TuneError::Unsaved { changes: self.pending.len(), source: Box::new(source) })
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> Result<()> {
        if !self.pending.is_empty() {
            if !self.storage.write(&self.pending)? {
                self.late += 1;
            }
            self.pending.clear();
            self.trouble = None;
        }
        Ok(())
    }
}

/// Whether a parameter may be what it is to be, after what it was.
fn check(name: &str, was: &Distribution, is: &Distribution) -> Result<()> {
    if was.is_compatible(is) {
        return Ok(());
    }
    Err(TuneError::Incompatible { name: name.to_owned(), was: was.to_string(), is: is.to_string() })
}
