//! What the library tells of its work, for whoever records runs: fits, judgements, steps of a training.
//!
//! The parts of the library know nothing of tracking. They tell this module, and tracking listens while a run is active;
//! otherwise telling costs one look at a flag. Fits within something larger (the folds of a cross-validation) are not
//! told: see [`Hush`](crate::display::Hush).

use crate::bundle::Bundle;
use crate::live;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Instant;

/// Names the fit that a model comes from, in this process; nothing for a model from a file.
///
/// It is no part of the model: all marks are equal, and files have none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark(Option<NonZeroU64>);

impl Mark {
    /// A mark that nothing has yet.
    pub fn fresh() -> Mark {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Mark(NonZeroU64::new(NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Its number, if it has one.
    pub fn number(self) -> Option<u64> {
        self.0.map(NonZeroU64::get)
    }
}

impl PartialEq for Mark {
    fn eq(&self, _: &Mark) -> bool {
        true
    }
}

impl Eq for Mark {}

/// Data, described well enough to be recognised.
pub struct Data<'a> {
    /// What it is used for: `training`, `validation`, `evaluation`.
    pub context: &'static str,
    /// Number of rows.
    pub rows: usize,
    /// Name and kind of each column, the target last.
    pub columns: &'a dyn Fn() -> Vec<(String, String)>,
    /// Name of the target; empty where there is none.
    pub target: &'a str,
    /// A hash over all values, in hexadecimal digits; it reads all of the data.
    pub digest: &'a dyn Fn() -> String,
    /// Some of the rows without the target, as `{"columns": [..], "data": [[..], ..]}`; none where they are no table.
    pub example: &'a dyn Fn() -> Option<Value>,
    /// The files that this process has read, which the data may come from; the latest last.
    pub files: fn() -> Vec<File>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path or pattern as given.
    pub path: String,
    /// `CSV`, `Parquet`, ...
    pub format: String,
    /// Bytes of it.
    pub bytes: u64,
    /// Rows, if they were counted.
    pub rows: Option<u64>,
    /// Hash of the content, in hexadecimal digits, if it was hashed.
    pub digest: Option<String>,
}

/// A curve: the values of a metric from step 0 on.
pub struct Curve {
    /// Name of the metric.
    pub name: String,
    /// Its values.
    pub values: Vec<f64>,
}

/// A fit that has ended.
pub struct Fitted<'a> {
    /// What [`Recorder::begins`] answered.
    pub token: u64,
    /// The mark of the model; none if the fit failed.
    pub mark: Mark,
    /// Kind of model: `Gbdt`.
    pub model: &'a str,
    /// Its parameters by name, the seed among them.
    pub params: &'a [(String, String)],
    /// The training data, and others that it read.
    pub data: &'a [&'a Data<'a>],
    /// How long it took.
    pub seconds: f64,
    /// What is known of how it went.
    pub curves: Vec<Curve>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// A judgement of a model.
pub struct Judged<'a> {
    /// The mark of the model.
    pub mark: Mark,
    /// The metrics by name.
    pub metrics: &'a [(String, f64)],
    /// The data that it was judged on.
    pub data: Option<&'a Data<'a>>,
    /// Name of the report among artifacts, and what it shows; it is made on demand.
    pub report: Option<(&'a str, &'a dyn Fn() -> Bundle)>,
}

/// Who records.
pub trait Recorder: Send + Sync {
    /// A fit of this kind of model begins; a number for its end.
    fn begins(&self, model: &str) -> u64;

    /// A fit has ended.
    fn fitted(&self, fit: &Fitted<'_>);

    /// A model was judged.
    fn judged(&self, judged: &Judged<'_>);

    /// Values of metrics at a step of a training; called often, so it must not wait for anything.
    fn step(&self, step: i64, metrics: &[(&str, f64)]);
}

static RECORDER: OnceLock<&'static dyn Recorder> = OnceLock::new();
static ON: AtomicBool = AtomicBool::new(false);

/// Names who records; the first one stays.
pub fn listen(recorder: &'static dyn Recorder) {
    // A second call is of the same library, loaded once.
    let _ = RECORDER.set(recorder);
}

/// Whether a run is active that wants to be told.
pub fn set_on(on: bool) {
    ON.store(on, Ordering::Release);
}

/// Who wants to be told now.
pub fn recorder() -> Option<&'static dyn Recorder> {
    let on = ON.load(Ordering::Acquire) && !live::is_hushed();
    on.then(|| RECORDER.get().copied()).flatten()
}

/// A fit under way. What it is made of (the training of a network within the fit of a classifier) is not told apart.
pub struct Fit {
    recorder: &'static dyn Recorder,
    model: &'static str,
    token: u64,
    started: Instant,
    ended: bool,
}

impl Fit {
    /// Tells that a fit begins; `None` where nobody listens, or within another fit of this thread.
    pub fn begin(model: &'static str) -> Option<Fit> {
        let recorder = recorder()?;
        if INSIDE.replace(true) {
            return None;
        }
        Some(Fit { recorder, model, token: recorder.begins(model), started: Instant::now(), ended: false })
    }

    /// Tells that it has ended: the model's mark, its parameters, the data, the curves, and why it failed if it did.
    pub fn end(
        mut self,
        mark: Mark,
        params: &[(String, String)],
        data: &[&Data<'_>],
        curves: Vec<Curve>,
        error: Option<String>,
    ) {
        self.tell(mark, params, data, curves, error);
    }

    fn tell(
        &mut self,
        mark: Mark,
        params: &[(String, String)],
        data: &[&Data<'_>],
        curves: Vec<Curve>,
        error: Option<String>,
    ) {
        self.ended = true;
        let seconds = self.started.elapsed().as_secs_f64();
        let (token, model) = (self.token, self.model);
        self.recorder.fitted(&Fitted { token, mark, model, params, data, seconds, curves, error });
    }
}

impl Drop for Fit {
    fn drop(&mut self) {
        if !self.ended {
            let error = Some("it did not come to its end".to_owned());
            self.tell(Mark::default(), &[], &[], Vec::new(), error);
        }
        INSIDE.set(false);
    }
}

/// Tells values of metrics at a step of a training.
pub fn step(step: i64, metrics: &[(&str, f64)]) {
    if let Some(recorder) = recorder() {
        recorder.step(step, metrics);
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static EXTRA: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

/// Adds a parameter to the fits that this thread makes within `inside`: what stands around a model.
pub fn with_param<T>(name: &str, value: impl FnOnce() -> String, inside: impl FnOnce() -> T) -> T {
    if recorder().is_none() {
        return inside();
    }
    EXTRA.with_borrow_mut(|extra| extra.push((name.to_owned(), value())));
    let _added = Added;
    inside()
}

struct Added;

impl Drop for Added {
    fn drop(&mut self) {
        EXTRA.with_borrow_mut(|extra| drop(extra.pop()));
    }
}

/// What [`with_param`] added around here.
pub fn extra_params() -> Vec<(String, String)> {
    EXTRA.with_borrow(Clone::clone)
}

/// A device that computes: its name, as found by whoever opened it first.
static DEVICE: RwLock<Option<String>> = RwLock::new(None);

/// Notes on which device is computed.
pub fn set_device(name: impl Into<String>) {
    *DEVICE.write().unwrap_or_else(PoisonError::into_inner) = Some(name.into());
}

/// The device that was noted last; `None` while everything ran on the CPU.
pub fn device() -> Option<String> {
    DEVICE.read().unwrap_or_else(PoisonError::into_inner).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_differ_and_are_no_part_of_a_model() {
        let (a, b) = (Mark::fresh(), Mark::fresh());
        assert_ne!(a.number(), b.number());
        assert_eq!(a, b);
        assert_eq!(Mark::default().number(), None);
    }

    #[test]
    fn parameters_around_end_with_what_they_stand_around() {
        struct Nobody;
        impl Recorder for Nobody {
            fn begins(&self, _: &str) -> u64 {
                0
            }
            fn fitted(&self, _: &Fitted<'_>) {}
            fn judged(&self, _: &Judged<'_>) {}
            fn step(&self, _: i64, _: &[(&str, f64)]) {}
        }
        assert_eq!(with_param("a", || unreachable!("nobody listens"), extra_params), []);
        listen(&Nobody);
        set_on(true);
        let inside = with_param("a", || "1".to_owned(), || with_param("b", || "2".to_owned(), extra_params));
        assert_eq!(inside, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        assert_eq!(extra_params(), []);
        let hush = crate::display::Hush::new();
        assert!(recorder().is_none());
        drop(hush);
        assert!(recorder().is_some());
        let outer = Fit::begin("outer");
        assert!(outer.is_some() && Fit::begin("inner").is_none());
        drop(outer);
        assert!(Fit::begin("next").is_some());
        set_on(false);
        assert!(recorder().is_none());
    }
}
