//! Studies in memory: as fast as it gets, and gone with the process.

use super::{Change, NoteKind, Storage, StudyEntry};
use crate::error::{Result, TuneError};
use crate::record::{Direction, TrialRecord, TrialState};
use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Studies in memory. Clones are the same place, so that a study can be resumed as long as one of them lives.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    studies: Vec<(String, Direction)>,
    /// What each makes small or large, if that has a name.
    metrics: Vec<Option<String>>,
    /// By their number in the storage; each with its study, and when it was last heard of.
    trials: Vec<(i64, TrialRecord, Option<Instant>)>,
    /// How many trials each study has.
    counts: Vec<u32>,
}

impl Memory {
    /// An empty place.
    pub fn new() -> Self {
        Memory::default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn studies(&mut self) -> Result<Vec<StudyEntry>> {
        let inner = self.lock();
        let entry = |(id, (name, direction)): (usize, &(String, Direction))| StudyEntry {
            id: id as i64,
            name: name.clone(),
            directions: vec![*direction],
            trials: inner.counts[id] as usize,
        };
        Ok(inner.studies.iter().enumerate().map(entry).collect())
    }

    fn create_study(&mut self, name: &str, direction: Direction) -> Result<i64> {
        let mut inner = self.lock();
        if inner.studies.iter().any(|study| study.0 == name) {
            return Err(TuneError::Exists { name: name.to_owned(), place: self.place() });
        }
        inner.studies.push((name.to_owned(), direction));
        inner.metrics.push(None);
        inner.counts.push(0);
        Ok(inner.studies.len() as i64 - 1)
    }

    fn name_metric(&mut self, study: i64, metric: &str) -> Result<()> {
        self.lock().metrics[study as usize] = Some(metric.to_owned());
        Ok(())
    }

    fn metric(&mut self, study: i64) -> Result<Option<String>> {
        Ok(self.lock().metrics[study as usize].clone())
    }

    fn add_trial(&mut self, study: i64, trial: &TrialRecord, alive: bool) -> Result<(i64, u32)> {
        let mut inner = self.lock();
        let id = inner.trials.len() as i64;
        let count = &mut inner.counts[study as usize];
        let number = *count;
        *count += 1;
        let mut trial = trial.clone();
        (trial.id, trial.number) = (id, number);
        inner.trials.push((study, trial, alive.then(Instant::now)));
        Ok((id, number))
    }

    fn claim(&mut self, trial: i64, at: DateTime<Utc>) -> Result<bool> {
        let mut inner = self.lock();
        let trial = &mut inner.trials[trial as usize].1;
        let free = trial.state == TrialState::Waiting;
        if free {
            (trial.state, trial.started) = (TrialState::Running, Some(at));
        }
        Ok(free)
    }

    fn write(&mut self, changes: &[Change]) -> Result<bool> {
        let mut inner = self.lock();
        let mut taken = true;
        for change in changes {
            let (Change::Param { trial, .. }
            | Change::Report { trial, .. }
            | Change::Note { trial, .. }
            | Change::Finish { trial, .. }) = change;
            let record = &mut inner.trials[*trial as usize].1;
            taken &= apply(record, change);
        }
        Ok(taken)
    }

    fn news(&mut self, study: i64, after: i64, open: &[i64]) -> Result<Vec<TrialRecord>> {
        let inner = self.lock();
        let new = inner.trials.iter().skip((after + 1).max(0) as usize);
        let known = open.iter().filter_map(|id| inner.trials.get(*id as usize));
        Ok(known.chain(new).filter(|trial| trial.0 == study).map(|trial| trial.1.clone()).collect())
    }

    fn beat(&mut self, trials: &[i64]) -> Result<()> {
        let mut inner = self.lock();
        for trial in trials {
            inner.trials[*trial as usize].2 = Some(Instant::now());
        }
        Ok(())
    }

    fn silent(&mut self, study: i64, since: Duration) -> Result<Vec<i64>> {
        let inner = self.lock();
        let running = inner.trials.iter().filter(|trial| trial.0 == study && trial.1.state == TrialState::Running);
        let silent = running.filter(|trial| trial.2.is_some_and(|heard| heard.elapsed() > since));
        Ok(silent.map(|trial| trial.1.id).collect())
    }
}

/// Changes a running trial; false if it has ended and the change is an end.
fn apply(record: &mut TrialRecord, change: &Change) -> bool {
    match change {
        Change::Param { param, .. } => {
            if record.find(&param.name).is_none() {
                record.params.push(param.clone());
            }
        }
        Change::Report { step, value, .. } => record.set_report(*step, *value),
        Change::Note { kind: NoteKind::User, key, json, .. } => {
            record.user.insert(key.clone(), json.clone());
        }
        Change::Note { kind: NoteKind::System, key, json, .. } => record.note(key, json.clone()),
        Change::Finish { state, value, at, .. } => {
            if record.state.is_finished() {
                return false;
            }
            (record.state, record.value, record.ended) = (*state, *value, Some(*at));
        }
    }
    true
}
