//! What is known of a trial: parameters, reports, outcome.

use crate::distribution::Distribution;
use crate::value::ParamValue;
use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What a study seeks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// The smallest value (a loss).
    #[default]
    Minimize,
    /// The largest value (a score).
    Maximize,
}

impl Direction {
    /// Whether the first value is better.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        self.loss(a) < self.loss(b)
    }

    /// The value as something to make small.
    pub(crate) fn loss(self, value: f64) -> f64 {
        if self == Direction::Minimize { value } else { -value }
    }

    /// As one says it: `minimize`, `maximize`.
    pub fn verb(self) -> &'static str {
        if self == Direction::Minimize { "minimize" } else { "maximize" }
    }
}

/// Where a trial is in its life; the names are those of Optuna's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrialState {
    /// It is being computed.
    Running,
    /// It has a value.
    Complete,
    /// A pruner has ended it early.
    Pruned,
    /// It ended with an error, a panic or NaN.
    Fail,
    /// It was enqueued, and nobody has begun it.
    Waiting,
}

impl TrialState {
    /// Whether nothing will change any more.
    pub fn is_finished(self) -> bool {
        matches!(self, TrialState::Complete | TrialState::Pruned | TrialState::Fail)
    }
}

impl fmt::Display for TrialState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TrialState::Running => "running",
            TrialState::Complete => "complete",
            TrialState::Pruned => "pruned",
            TrialState::Fail => "failed",
            TrialState::Waiting => "waiting",
        })
    }
}

/// One parameter of one trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    pub(crate) name: Arc<str>,
    pub(crate) distribution: Arc<Distribution>,
    pub(crate) internal: f64,
}

impl Param {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may be.
    pub fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    /// What it was set to.
    pub fn value(&self) -> ParamValue {
        self.distribution.value(self.internal)
    }

    /// The float that stands for it in the database and for samplers.
    pub fn internal(&self) -> f64 {
        self.internal
    }
}

/// Notes on a trial or a study: JSON by name.
pub type Attributes = BTreeMap<String, String>;

/// Name of the note that says why a trial has failed.
pub(crate) const FAILURE: &str = "ironbook:failure";
/// Begins the names of the notes with which successive halving marks rungs; Optuna's name.
pub(crate) const RUNG: &str = "completed_rung_";
/// Name of the note with the parameters that an enqueued trial has to use; Optuna's name.
pub(crate) const FIXED: &str = "fixed_params";

/// What is known of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRecord {
    pub(crate) id: i64,
    pub(crate) number: u32,
    pub(crate) state: TrialState,
    pub(crate) value: Option<f64>,
    pub(crate) params: Vec<Param>,
    /// By step, in the order of steps.
    pub(crate) reports: Vec<(u64, f64)>,
    pub(crate) user: Attributes,
    pub(crate) system: Attributes,
    /// Values at the rungs of successive halving, from the first on.
    pub(crate) rungs: Vec<f64>,
    /// Values that a running trial is going to use, by parameter.
    pub(crate) planned: Vec<(Arc<str>, f64)>,
    pub(crate) started: Option<DateTime<Utc>>,
    pub(crate) ended: Option<DateTime<Utc>>,
}

impl TrialRecord {
    pub(crate) fn new(id: i64, number: u32, state: TrialState) -> Self {
        TrialRecord {
            id,
            number,
            state,
            value: None,
            params: Vec::new(),
            reports: Vec::new(),
            user: Attributes::new(),
            system: Attributes::new(),
            rungs: Vec::new(),
            planned: Vec::new(),
            started: None,
            ended: None,
        }
    }

    /// A trial that was begun now and of which nothing else is known, for [`Storage::add_trial`](crate::Storage::add_trial).
    pub fn begun(at: DateTime<Utc>) -> Self {
        TrialRecord { started: Some(at), ..TrialRecord::new(-1, 0, TrialState::Running) }
    }

    /// Its number in the storage, unlike others there of whatever study; -1 if it is in none.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Its number, counted from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Where it is in its life.
    pub fn state(&self) -> TrialState {
        self.state
    }

    /// What it came to; of a pruned trial the last value that it reported.
    pub fn value(&self) -> Option<f64> {
        self.value
    }

    /// Its parameters, in the order in which they were asked for.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The value of one parameter.
    pub fn param(&self, name: &str) -> Option<ParamValue> {
        self.find(name).map(Param::value)
    }

    /// The values that it reported, by step.
    pub fn reports(&self) -> &[(u64, f64)] {
        &self.reports
    }

    /// Why it failed, if this library has run it.
    pub fn failure(&self) -> Option<String> {
        self.system.get(FAILURE).and_then(|json| serde_json::from_str(json).ok())
    }

    /// Notes of the user: JSON by name.
    pub fn user_attributes(&self) -> &Attributes {
        &self.user
    }

    /// Notes of samplers and pruners: JSON by name.
    pub fn system_attributes(&self) -> &Attributes {
        &self.system
    }

    /// When it was begun.
    pub fn started(&self) -> Option<DateTime<Utc>> {
        self.started
    }

    /// When it ended.
    pub fn ended(&self) -> Option<DateTime<Utc>> {
        self.ended
    }

    /// How long it took, in seconds, if it has ended.
    pub fn seconds(&self) -> Option<f64> {
        Some((self.ended? - self.started?).num_microseconds()? as f64 / 1e6)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| &*param.name == name)
    }

    /// As [`TrialRecord::find`]; names of one study are one text in memory most of the time.
    pub(crate) fn find_interned(&self, name: &Arc<str>) -> Option<&Param> {
        self.params.iter().find(|param| Arc::ptr_eq(&param.name, name)).or_else(|| self.find(name))
    }

    /// The last step with its report.
    pub(crate) fn last_report(&self) -> Option<(u64, f64)> {
        self.reports.last().copied()
    }

    pub(crate) fn report_at(&self, step: u64) -> Option<f64> {
        let place = self.reports.binary_search_by_key(&step, |report| report.0).ok()?;
        Some(self.reports[place].1)
    }

    /// Takes a report; a second one at the same step replaces the first.
    pub(crate) fn set_report(&mut self, step: u64, value: f64) {
        match self.reports.binary_search_by_key(&step, |report| report.0) {
            Ok(place) => self.reports[place].1 = value,
            Err(place) => self.reports.insert(place, (step, value)),
        }
    }

    /// Takes over a note of a sampler or pruner.
    pub(crate) fn note(&mut self, key: &str, json: String) {
        self.system.insert(key.to_owned(), json);
        if key.starts_with(RUNG) {
            while let Some(json) = self.system.get(&format!("{RUNG}{}", self.rungs.len())) {
                self.rungs.push(parse_float(json).unwrap_or(f64::NAN));
            }
        }
    }
}

/// Now, as exactly as the database writes it.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A number as Python's `json` writes it, which has names for what JSON cannot say.
pub(crate) fn parse_float(json: &str) -> Option<f64> {
    match json.trim() {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        text => text.parse().ok(),
    }
}

/// A number as Python's `json` writes and reads it.
pub(crate) fn float_json(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{value:?}")
    }
}
