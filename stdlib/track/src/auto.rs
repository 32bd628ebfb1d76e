//! What a run records by itself: fits, judgements and training steps, as the library tells of them.
//!
//! The first model that is fitted within a run is the run's; each further one gets a nested run of its own, so that a run
//! never holds the parameters of one model and the metrics of another. A model knows the fit that it comes from (its
//! [`Mark`](ironbook_core::record::Mark)), so that judging it later writes to the right run. Nothing here can fail a fit:
//! what cannot be written is said once.

use crate::active;
use crate::data::input_of;
use crate::handle::RunHandle;
use crate::pending::Pending;
use ironbook_core::record::{self, Fitted, Judged, Recorder};
use ironbook_core::{Bundle, display};
use ironbook_store::model::{Metric, MetricOf, Param, now_ms};
use ironbook_store::{DatasetInput, Error, Result, Status};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// Fits whose example rows are kept.
const EXAMPLES: u64 = 200;

/// Whether the user wants it.
static WANTED: AtomicBool = AtomicBool::new(true);
static AUTO: Auto = Auto { state: LazyLock::new(Mutex::default), next: AtomicU64::new(1), pending: Pending::new() };

/// Turns the recording of fits, judgements and cells on or off (it is on at first).
pub fn set_auto(on: bool) {
    WANTED.store(on, Ordering::Relaxed);
    refresh();
}

/// Whether fits, judgements and cells are recorded.
pub fn auto() -> bool {
    WANTED.load(Ordering::Relaxed)
}

/// Listens while a run is active.
pub(crate) fn refresh() {
    record::set_on(auto() && active().is_some());
}

/// Makes this crate the one that the library tells.
pub(crate) fn install() {
    record::listen(&AUTO);
}

/// Tells the user of something that could not be recorded, once.
pub(crate) fn say(error: &Error) {
    AUTO.say(error);
}

/// A text and the causes of an error, a line each.
fn with_causes(mut text: String, error: &Error) -> String {
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(&format!("\ncause: {next}"));
        cause = next.source();
    }
    text
}

/// Shows a line to the user.
pub(crate) fn tell(text: String) {
    display(&Note(text));
}

/// Writes what training steps have left.
pub(crate) fn flush() {
    AUTO.pending.flush();
}

/// The run that a model was fitted in.
pub(crate) fn run_of(mark: record::Mark) -> Option<RunHandle> {
    mark.number().and_then(|mark| AUTO.state().marks.get(&mark).cloned())
}

/// Some rows of the data that a model was fitted to, as MLflow's split form.
pub(crate) fn example_of(mark: record::Mark) -> Option<serde_json::Value> {
    mark.number().and_then(|mark| AUTO.state().examples.get(&mark).cloned())
}

/// Writes what training steps have left, and ends the nested runs of a run.
pub(crate) fn run_ends(run: &RunHandle, status: Status) {
    AUTO.pending.flush();
    let nested: Vec<RunHandle> = {
        let mut state = AUTO.state();
        let nested: HashSet<String> =
            state.nested.get(run.id()).into_iter().flatten().map(|child| child.id().to_owned()).collect();
        state.fits.retain(|_, of| of.id() != run.id() && !nested.contains(of.id()));
        state.taken.remove(run.id());
        state.nested.remove(run.id()).unwrap_or_default()
    };
    for child in nested {
        let end = AUTO.state().touched.remove(child.id());
        AUTO.try_to(|| active::end_nested(&child, status, end));
    }
}

struct Auto {
    state: LazyLock<Mutex<State>>,
    next: AtomicU64,
    pending: Pending,
}

#[derive(Default)]
struct State {
    /// Fits under way, by token.
    fits: HashMap<u64, RunHandle>,
    /// The run of each fitted model, by the number of its mark.
    marks: HashMap<u64, RunHandle>,
    /// Some rows of the training data of each fitted model, by the number of its mark.
    examples: HashMap<u64, serde_json::Value>,
    /// Ids of the runs that have a model.
    taken: HashSet<String>,
    /// Runs of further models, by the id of the run around them.
    nested: HashMap<String, Vec<RunHandle>>,
    /// When the last was written to each nested run, by its id: that is its end.
    touched: HashMap<String, i64>,
    /// How often each run was judged.
    judged: HashMap<String, i64>,
    /// What was said already.
    said: HashSet<String>,
}

impl Auto {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something for the record; a failure is told to the user once, and stops nothing.
    fn try_to<T>(&self, call: impl FnOnce() -> Result<T>) -> Option<T> {
        match call() {
            Ok(done) => Some(done),
            Err(error) => {
                self.say(&error);
                None
            }
        }
    }

    fn say(&self, error: &Error) {
        let text = format!("not recorded: {error}");
        if self.state().said.insert(text.clone()) {
            tell(with_causes(text, error));
        }
    }

    /// The run for the next model: the active one if it has none yet, else a new one nested in it.
    fn run_for(&self, model: &str) -> Option<RunHandle> {
        let active = active()?;
        if self.state().taken.insert(active.id().to_owned()) {
            return Some(active);
        }
        let count = self.state().nested.get(active.id()).map_or(0, Vec::len);
        let child = self.try_to(|| active::start_nested(&active, format!("{model} {}", count + 2)))?;
        let mut state = self.state();
        state.taken.insert(child.id().to_owned());
        state.nested.entry(active.id().to_owned()).or_default().push(child.clone());
        Some(child)
    }
}

impl Auto {
    /// The run for a judgement of a model that no run has fitted: the active one if it has no model, else one nested in it.
    fn run_for_judgement(&self) -> Option<RunHandle> {
        let active = active()?;
        if self.state().taken.contains(active.id()) { self.run_for("evaluation") } else { Some(active) }
    }

    /// Parameters as the run can take them: a name that it has already, with another value, stands under `fit.`.
    fn fitting(&self, run: &RunHandle, fit: &Fitted<'_>) -> Vec<Param> {
        let taken = self.try_to(|| run.fetch()).map_or_else(Vec::new, |run| run.params);
        let mut names = HashSet::new();
        let mut all = Vec::new();
        for Param { key, value } in std::iter::once(Param::new("model", fit.model)).chain(fit.params.iter().map(param))
        {
            let differs = |name: &str| taken.iter().any(|known| known.key == name && known.value != value);
            let mut name = if differs(&key) { format!("fit.{key}") } else { key.clone() };
            let mut count = 1;
            while differs(&name) || !names.insert(name.clone()) {
                count += 1;
                name = format!("{key}.{count}");
            }
            all.push(Param { key: name, value });
        }
        all
    }

    /// A fit that failed leaves its error, and the run to the next one.
    fn failed(&self, run: &RunHandle, fit: &Fitted<'_>, error: &str) {
        self.try_to(|| run.set_tag("ironbook.fit.error", format!("{}: {error}", fit.model)));
        let nested = {
            let mut state = self.state();
            state.taken.remove(run.id());
            let lists = state.nested.values_mut();
            lists.fold(false, |found, list| {
                let before = list.len();
                list.retain(|child| child.id() != run.id());
                found || list.len() < before
            })
        };
        if nested {
            self.try_to(|| active::end_nested(run, Status::Failed, None));
        }
    }
}

impl Recorder for Auto {
    fn begins(&self, model: &str) -> u64 {
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(run) = self.run_for(model) {
            self.state().fits.insert(token, run);
        }
        token
    }

    fn fitted(&self, fit: &Fitted<'_>) {
        let Some(run) = self.state().fits.remove(&fit.token) else { return };
        if let Some(mark) = fit.mark.number() {
            self.state().marks.insert(mark, run.clone());
            if let Some(example) = fit.data.first().and_then(|data| (data.example)()) {
                let mut state = self.state();
                state.examples.insert(mark, example);
                // Models are registered soon after they were fitted.
                state.examples.retain(|of, _| of + EXAMPLES > mark);
            }
        }
        self.pending.flush();
        if let Some(error) = &fit.error {
            return self.failed(&run, fit, error);
        }
        let params = self.fitting(&run, fit);
        self.try_to(|| run.log_params(&params));
        let now = now_ms();
        let mut points = vec![Metric::new("fit_seconds", fit.seconds, now, 0)];
        for curve in &fit.curves {
            let at = |(step, value): (usize, &f64)| Metric::new(&curve.name, *value, now, step as i64);
            points.extend(curve.values.iter().enumerate().map(at));
        }
        self.try_to(|| run.put_metrics(&points));
        if !fit.data.is_empty() {
            let inputs: Vec<DatasetInput> = fit.data.iter().flat_map(|data| input_of(data)).collect();
            self.try_to(|| run.store().log_inputs(run.id(), &inputs, &[]));
        }
        self.state().touched.insert(run.id().to_owned(), now_ms());
        if let Some(device) = record::device() {
            self.try_to(|| run.set_tag(ironbook_store::model::tag::DEVICE, device));
        }
    }

    fn judged(&self, judged: &Judged<'_>) {
        let Some(run) = run_of(judged.mark).or_else(|| self.run_for_judgement()) else { return };
        let step = {
            let mut state = self.state();
            let count = state.judged.entry(run.id().to_owned()).or_insert(0);
            *count += 1;
            *count - 1
        };
        let inputs = judged.data.map(input_of).unwrap_or_default();
        let of = inputs.first().map(|input| {
            Box::new(MetricOf {
                dataset_name: Some(input.dataset.name.clone()),
                dataset_digest: Some(input.dataset.digest.clone()),
                ..MetricOf::default()
            })
        });
        let now = now_ms();
        let point = |(name, value): &(String, f64)| Metric { of: of.clone(), ..Metric::new(name, *value, now, step) };
        let points: Vec<Metric> = judged.metrics.iter().map(point).collect();
        self.try_to(|| run.put_metrics(&points));
        if !inputs.is_empty() {
            self.try_to(|| run.store().log_inputs(run.id(), &inputs, &[]));
        }
        self.state().touched.insert(run.id().to_owned(), now_ms());
        if let Some((name, show)) = &judged.report
            && let Some(html) = show().data.get("text/html").and_then(|html| html.as_str())
        {
            let page = format!("<!doctype html><meta charset=\"utf-8\"><title>{name}</title>{html}");
            self.try_to(|| run.log_bytes(name, page));
        }
    }

    fn step(&self, fit: Option<u64>, step: i64, metrics: &[(&str, f64)]) {
        // A fit whose run has ended meanwhile has nowhere to write to: not into the next run.
        let run = match fit {
            Some(token) => self.state().fits.get(&token).cloned(),
            None => active(),
        };
        if let Some(run) = run {
            AUTO.pending.push(&run, step, metrics);
        }
    }
}

fn param((key, value): &(String, String)) -> Param {
    Param { key: clean(key), value: value.clone() }
}

/// A name as MLflow allows it.
fn clean(name: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || "_/.- ".contains(c);
    name.chars().map(|c| if allowed(c) { c } else { '_' }).take(250).collect()
}

/// A line for the user.
struct Note(String);

impl ironbook_core::Display for Note {
    fn bundle(&self) -> Bundle {
        Bundle::text(self.0.clone())
    }
}
