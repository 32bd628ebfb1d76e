//! How a study is described, created and resumed.

use super::{Core, Shared, Study};
use crate::error::{Result, TuneError};
use crate::history::History;
use crate::pruner::{AshaParams, HyperbandParams, MedianParams, NoPruner, Pruner};
use crate::record::Direction;
use crate::sampler::{GridParams, RandomParams, Sampler, Tpe, TpeParams};
use crate::storage::{self, Memory, Storage, StudyEntry};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A study that is going to be. The defaults are the smallest value, [`Tpe`], no pruner, and [`Memory`].
#[must_use = "nothing happens before create(), resume() or open()"]
pub struct StudyBuilder {
    name: String,
    direction: Option<Direction>,
    metric: Option<String>,
    sampler: Result<Box<dyn Sampler>>,
    pruner: Result<Box<dyn Pruner>>,
    storage: Result<Box<dyn Storage>>,
}

impl StudyBuilder {
    pub(super) fn new(name: String) -> Self {
        StudyBuilder {
            name,
            direction: None,
            metric: None,
            sampler: Tpe::params().into_sampler(),
            pruner: Ok(Box::new(NoPruner)),
            storage: Ok(Box::new(Memory::new())),
        }
    }

    /// Seeks the smallest value.
    pub fn minimize(self) -> Self {
        self.direction(Direction::Minimize)
    }

    /// Seeks the largest value.
    pub fn maximize(self) -> Self {
        self.direction(Direction::Maximize)
    }

    /// Seeks the smallest or the largest value.
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }

    /// Names what is made small or large: `roc_auc`. Code that reports on its way looks for it
    /// ([`Trial::metric`](crate::Trial::metric)).
    pub fn metric(mut self, name: impl Into<String>) -> Self {
        self.metric = Some(name.into());
        self
    }

    /// Who chooses parameters.
    pub fn sampler(mut self, sampler: impl IntoSampler) -> Self {
        self.sampler = sampler.into_sampler();
        self
    }

    /// Who ends trials early.
    pub fn pruner(mut self, pruner: impl IntoPruner) -> Self {
        self.pruner = pruner.into_pruner();
        self
    }

    /// Where trials are kept.
    pub fn storage(mut self, storage: impl Storage + 'static) -> Self {
        self.storage = Ok(Box::new(storage));
        self
    }

    /// Where trials are kept: `memory`, `sqlite:///relative.db`, `sqlite:////absolute.db`.
    pub fn storage_at(mut self, url: &str) -> Self {
        self.storage = storage::open(url);
        self
    }

    /// Creates the study.
    ///
    /// # Errors
    /// [`TuneError::Exists`]; what was wrong with sampler, pruner or storage.
    pub fn create(self) -> Result<Study> {
        let (name, metric) = (self.name.clone(), self.metric.clone());
        self.begin(|storage, direction| {
            let id = storage.create_study(&name, direction.unwrap_or_default())?;
            metric.map_or(Ok(()), |metric| storage.name_metric(id, &metric))?;
            Ok((id, direction.unwrap_or_default()))
        })
    }

    /// Goes on with a study that exists, also one that Optuna has made.
    ///
    /// # Errors
    /// [`TuneError::NotFound`], [`TuneError::Direction`], [`TuneError::Metric`], [`TuneError::Objectives`]; what was wrong
    /// with sampler, pruner or storage.
    pub fn resume(self) -> Result<Study> {
        let name = self.name.clone();
        self.begin(|storage, direction| {
            if let Some(study) = storage::find(storage, &name)? {
                return resumed(&study, direction);
            }
            let known: Vec<String> =
                storage.studies()?.into_iter().map(|study| format!("\"{}\"", study.name)).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Err(TuneError::NotFound { name: name.clone(), place: storage.place(), known })
        })
    }

    /// Goes on with the study if it exists, else creates it. Of processes that do so at once, one creates it.
    ///
    /// # Errors
    /// Those of [`StudyBuilder::create`] and [`StudyBuilder::resume`].
    pub fn open(self) -> Result<Study> {
        let (name, metric) = (self.name.clone(), self.metric.clone());
        self.begin(|storage, direction| {
            if let Some(study) = storage::find(storage, &name)? {
                return resumed(&study, direction);
            }
            match storage.create_study(&name, direction.unwrap_or_default()) {
                Err(TuneError::Exists { .. }) => {}
                created => {
                    let id = created?;
                    metric.map_or(Ok(()), |metric| storage.name_metric(id, &metric))?;
                    return Ok((id, direction.unwrap_or_default()));
                }
            }
            let gone = || TuneError::NotFound { name: name.clone(), place: String::new(), known: String::new() };
            resumed(&storage::find(storage, &name)?.ok_or_else(gone)?, direction)
        })
    }

    fn begin(
        self,
        study: impl FnOnce(&mut dyn Storage, Option<Direction>) -> Result<(i64, Direction)>,
    ) -> Result<Study> {
        let (sampler, pruner, mut storage) = (self.sampler?, self.pruner?, self.storage?);
        let (id, direction) = study(&mut *storage, self.direction)?;
        let metric = match (storage.metric(id)?, self.metric) {
            (Some(was), Some(is)) if was != is => return Err(TuneError::Metric { name: self.name, was, is }),
            (known, asked) => asked.or(known),
        };
        let history = History::new(&self.name, direction);
        let mut core = Core::new(history, (sampler, pruner), (storage, id));
        core.sync()?;
        core.reap(SILENT)?;
        Ok(Study { shared: Arc::new(Shared { name: self.name, direction, metric, core: Mutex::new(core) }) })
    }
}

/// After so long without a sign of life a trial is given up.
pub(super) const SILENT: Duration = Duration::from_secs(60);

fn resumed(study: &StudyEntry, asked: Option<Direction>) -> Result<(i64, Direction)> {
    let direction = study.directions[0];
    if asked.is_some_and(|asked| asked != direction) {
        return Err(TuneError::Direction { name: study.name.clone(), was: direction.verb() });
    }
    Ok((study.id, direction))
}

/// A sampler, or parameters of one.
pub trait IntoSampler {
    /// The sampler.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    fn into_sampler(self) -> Result<Box<dyn Sampler>>;
}

impl<S: Sampler + 'static> IntoSampler for S {
    fn into_sampler(self) -> Result<Box<dyn Sampler>> {
        Ok(Box::new(self))
    }
}

impl IntoSampler for Box<dyn Sampler> {
    fn into_sampler(self) -> Result<Box<dyn Sampler>> {
        Ok(self)
    }
}

impl IntoSampler for TpeParams {
    fn into_sampler(self) -> Result<Box<dyn Sampler>> {
        Ok(Box::new(self.build()?))
    }
}

impl IntoSampler for RandomParams {
    fn into_sampler(self) -> Result<Box<dyn Sampler>> {
        Ok(Box::new(self.build()))
    }
}

impl IntoSampler for GridParams {
    fn into_sampler(self) -> Result<Box<dyn Sampler>> {
        Ok(Box::new(self.build()?))
    }
}

/// A pruner, or parameters of one.
pub trait IntoPruner {
    /// The pruner.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    fn into_pruner(self) -> Result<Box<dyn Pruner>>;
}

impl<P: Pruner + 'static> IntoPruner for P {
    fn into_pruner(self) -> Result<Box<dyn Pruner>> {
        Ok(Box::new(self))
    }
}

impl IntoPruner for Box<dyn Pruner> {
    fn into_pruner(self) -> Result<Box<dyn Pruner>> {
        Ok(self)
    }
}

impl IntoPruner for MedianParams {
    fn into_pruner(self) -> Result<Box<dyn Pruner>> {
        Ok(Box::new(self.build()?))
    }
}

impl IntoPruner for AshaParams {
    fn into_pruner(self) -> Result<Box<dyn Pruner>> {
        Ok(Box::new(self.build()?))
    }
}

impl IntoPruner for HyperbandParams {
    fn into_pruner(self) -> Result<Box<dyn Pruner>> {
        Ok(Box::new(self.build()?))
    }
}
