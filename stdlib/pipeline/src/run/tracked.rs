//! A run in the tracking store: one run, and one nested in it for each stage. Nothing here can fail a run.

use super::cache::Entry;
use super::console::Console;
use super::params::Settings;
use super::report::Status;
use crate::definition::{Definition, Stage};
use ironbook_track::{self as track, Param, RunHandle, RunOptions, Tag};
use std::collections::HashMap;
use std::path::Path;

/// The run, once something is done; a run that finds everything done is none.
pub(crate) struct Tracked<'a> {
    wanted: bool,
    run: Option<RunHandle>,
    stages: HashMap<String, RunHandle>,
    console: &'a Console,
}

impl<'a> Tracked<'a> {
    pub(crate) fn new(wanted: bool, console: &'a Console) -> Tracked<'a> {
        Tracked { wanted, run: None, stages: HashMap::new(), console }
    }

    /// Does something for the record; the first failure is said and ends the record.
    fn tried<T>(&mut self, done: track::Result<T>) -> Option<T> {
        match done {
            Ok(done) => Some(done),
            Err(error) => {
                if self.wanted {
                    self.console.say(&format!("warning: the run is not tracked any further: {error}"));
                }
                self.wanted = false;
                None
            }
        }
    }

    /// Begins, if it has not begun.
    pub(crate) fn begin(&mut self, definition: &Definition, settings: &Settings, project: &Path) {
        if !self.wanted || self.run.is_some() {
            return;
        }
        let options = RunOptions::default()
            .directory(project)
            .when_active(track::WhenActive::Nest)
            .rustc(definition.toolchain.rustc.clone())
            .tag("ironbook.pipeline", &definition.name)
            .tag("ironbook.pipeline.version", &definition.version)
            .tag("ironbook.pipeline.content", &definition.content);
        let started = track::start(&definition.name, options);
        let Some(run) = self.tried(started) else { return };
        let logged = run.log_params(&params(settings, settings.keys()));
        self.run = Some(run);
        self.tried(logged);
    }

    /// A stage begins; the run that its process goes on with.
    pub(crate) fn stage(&mut self, stage: &Stage, settings: &Settings) -> Option<String> {
        let around = self.run.clone().filter(|_| self.wanted)?;
        let tags = [Tag::new("ironbook.pipeline.stage", &stage.name)];
        let nested = self.tried(track::nested(&around, &stage.name, &tags))?;
        let logged = nested.log_params(&params(settings, &stage.params));
        self.tried(logged)?;
        let id = nested.id().to_owned();
        self.stages.insert(stage.name.clone(), nested);
        Some(id)
    }

    /// A stage is done.
    pub(crate) fn done(&mut self, entry: &Entry) {
        let Some(run) = self.stages.remove(&entry.stage) else { return };
        let logged = run
            .log_metric("duration_s", entry.seconds)
            .and_then(|()| run.set_tag("ironbook.pipeline.cached", "false"))
            .and_then(|()| track::end_nested(&run, track::Status::Finished));
        self.tried(logged);
    }

    /// A stage was done before.
    pub(crate) fn cached(&mut self, stage: &Stage, settings: &Settings, entry: &Entry) {
        if self.stage(stage, settings).is_none() {
            return;
        }
        let Some(run) = self.stages.remove(&entry.stage) else { return };
        let from = entry.run.as_deref().map_or(Ok(()), |from| run.set_tag("ironbook.pipeline.cached_from", from));
        let logged = from
            .and_then(|()| run.set_tag("ironbook.pipeline.cached", "true"))
            .and_then(|()| track::end_nested(&run, track::Status::Finished));
        self.tried(logged);
    }

    /// A stage has failed.
    pub(crate) fn failed(&mut self, stage: &str, why: &str, killed: bool) {
        let Some(run) = self.stages.remove(stage) else { return };
        let status = if killed { track::Status::Killed } else { track::Status::Failed };
        let logged = run.set_tag("ironbook.pipeline.why", why).and_then(|()| track::end_nested(&run, status));
        self.tried(logged);
    }

    /// The run's id.
    pub(crate) fn id(&self) -> Option<String> {
        self.run.as_ref().map(|run| run.id().to_owned())
    }

    /// The whole run has ended.
    pub(crate) fn end(&mut self, status: Status) {
        let Some(run) = self.run.clone() else { return };
        let left: Vec<String> = self.stages.keys().cloned().collect();
        left.iter().for_each(|stage| self.failed(stage, "the run ended", true));
        let status = match status {
            Status::Finished => track::Status::Finished,
            Status::GateFailed | Status::Failed => track::Status::Failed,
            Status::Interrupted => track::Status::Killed,
        };
        let ended = run.end(status).and_then(|()| run.store().flush());
        self.tried(ended);
    }
}

fn params<'a>(settings: &Settings, names: impl IntoIterator<Item = &'a String>) -> Vec<Param> {
    names.into_iter().filter_map(|name| Some(Param::new(name, &settings.get(name)?.value))).collect()
}
