//! A run that this process writes to.

use crate::active;
use crate::run_view::RunView;
use ironbook_core::{Bundle, Display};
use ironbook_store::Store;
use ironbook_store::error::{Error, Result};
use ironbook_store::model::{ArtifactsOf, Batch, Metric, Param, Run, RunInfo, Status, Tag};
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A run of this process. Clones are the same run.
#[derive(Clone)]
pub struct RunHandle(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    info: RunInfo,
    experiment: String,
    /// Step that follows, for each metric logged without one.
    steps: Mutex<HashMap<String, i64>>,
}

impl RunHandle {
    pub(crate) fn new(store: Arc<dyn Store>, info: RunInfo, experiment: String) -> RunHandle {
        RunHandle(Arc::new(Inner { store, info, experiment, steps: Mutex::default() }))
    }

    /// Its store, to be shared.
    pub(crate) fn shared_store(&self) -> Arc<dyn Store> {
        self.0.store.clone()
    }

    /// Its id, 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.0.info.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.info.name
    }

    fn artifacts(&self) -> ArtifactsOf<'_> {
        ArtifactsOf::Run(self.id())
    }

    /// Name of its experiment.
    pub fn experiment(&self) -> &str {
        &self.0.experiment
    }

    /// Its store.
    pub fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    /// What the store has of it now.
    ///
    /// # Errors
    /// Of the store.
    pub fn fetch(&self) -> Result<Run> {
        self.store().run(self.id())
    }

    /// Logs a metric; the step counts up from 0 for each metric.
    ///
    /// # Errors
    /// [`Error::InvalidName`], or of the store.
    pub fn log_metric(&self, key: &str, value: impl Into<f64>) -> Result<()> {
        self.log_metrics(&[(key, value.into())])
    }

    /// Logs a metric at a step (batch, epoch, tree).
    ///
    /// # Errors
    /// [`Error::InvalidName`], a step beyond 64 bits, or of the store.
    pub fn log_metric_at(&self, key: &str, value: impl Into<f64>, step: impl TryInto<i64>) -> Result<()> {
        let expected = "give a number that fits into 64 bits";
        let refused = |_| Error::InvalidValue { what: "step", value: "too large".to_owned(), expected };
        self.put_metrics(&[Metric::now(key, value.into(), step.try_into().map_err(refused)?)])
    }

    /// Logs several metrics in one write; the step counts up from 0 for each metric.
    ///
    /// # Errors
    /// As [`RunHandle::log_metric`].
    pub fn log_metrics(&self, metrics: &[(&str, f64)]) -> Result<()> {
        let steps = self.steps();
        let mut taken: HashMap<&str, i64> = HashMap::new();
        let numbered = metrics.iter().map(|(key, value)| {
            let next = taken.entry(key).or_insert_with(|| steps.get(*key).copied().unwrap_or(0));
            *next += 1;
            Metric::now(*key, *value, *next - 1)
        });
        let points: Vec<_> = numbered.collect();
        self.put_counted(steps, &points)
    }

    /// Logs points with steps and times of your own, in one write.
    ///
    /// # Errors
    /// As [`RunHandle::log_metric`].
    pub fn put_metrics(&self, points: &[Metric]) -> Result<()> {
        self.put_counted(self.steps(), points)
    }

    /// Holds the counters during the write, so that two threads never take one step.
    fn put_counted(&self, mut steps: MutexGuard<'_, HashMap<String, i64>>, points: &[Metric]) -> Result<()> {
        self.store().log_batch(self.id(), Batch { metrics: points, ..Batch::default() })?;
        for Metric { key, step, .. } in points {
            match steps.get_mut(key) {
                Some(next) => *next = (*next).max(step.saturating_add(1)),
                None => drop(steps.insert(key.clone(), step.saturating_add(1))),
            }
        }
        Ok(())
    }

    fn steps(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs a parameter: anything that prints. It stays as it is for this run.
    ///
    /// # Errors
    /// [`Error::ParamChanged`] when it was logged with another value, [`Error::InvalidName`], or of the store.
    pub fn log_param(&self, key: &str, value: impl std::fmt::Display) -> Result<()> {
        self.log_params(&[Param::new(key, value)])
    }

    /// Logs several parameters in one write.
    ///
    /// # Errors
    /// As [`RunHandle::log_param`].
    pub fn log_params(&self, params: &[Param]) -> Result<()> {
        self.store().log_batch(self.id(), Batch { params, ..Batch::default() })
    }

    /// Sets a tag, replacing its earlier value.
    ///
    /// # Errors
    /// [`Error::InvalidName`], or of the store.
    pub fn set_tag(&self, key: &str, value: impl std::fmt::Display) -> Result<()> {
        self.store().log_batch(self.id(), Batch { tags: &[Tag::new(key, value)], ..Batch::default() })
    }

    /// Copies a file, or a directory with all in it, to the run's artifacts, under its own name.
    ///
    /// # Errors
    /// Of the file system or the store.
    pub fn log_artifact(&self, local: impl AsRef<Path>) -> Result<()> {
        self.store().copy_artifact(self.artifacts(), local.as_ref(), None)
    }

    /// Copies a file or directory to the run's artifacts, at a relative path.
    ///
    /// # Errors
    /// [`Error::ArtifactPath`], of the file system or the store.
    pub fn log_artifact_as(&self, local: impl AsRef<Path>, path: &str) -> Result<()> {
        self.store().copy_artifact(self.artifacts(), local.as_ref(), Some(path))
    }

    /// Writes bytes or text as an artifact.
    ///
    /// # Errors
    /// As [`RunHandle::log_artifact_as`].
    pub fn log_bytes(&self, path: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        let mut rest: &[u8] = bytes.as_ref();
        let reader: &mut dyn Read = &mut rest;
        self.store().write_artifact(self.artifacts(), path, reader)
    }

    /// Ends it.
    ///
    /// # Errors
    /// Of the store; the run then stays active.
    pub fn end(&self, status: Status) -> Result<()> {
        active::end_run(self, status)
    }

    /// It in full, to be shown.
    ///
    /// # Errors
    /// Of the store.
    pub fn view(&self) -> Result<RunView> {
        RunView::load(self.store(), self.id())
    }
}

impl std::fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RunHandle({} {})", self.id(), self.name())
    }
}

impl Display for RunHandle {
    fn bundle(&self) -> Bundle {
        match self.view() {
            Ok(view) => view.bundle(),
            Err(error) => Bundle::text(format!("run {} ({}): {error}", self.name(), self.id())),
        }
    }
}
