//! The active run of this process, and the functions that cells call.

use crate::compare::{self, Comparison};
use crate::handle::RunHandle;
use crate::models_table::{self, ModelsTable};
use crate::process::{self, Identity};
use crate::run_view::RunView;
use crate::runs_table::RunsTable;
use crate::{auto, context, place, system};
use ironbook_store::Store;
use ironbook_store::model::{NewExperiment, NewRun, Param, Run, RunUpdate, Search, Status, Tag, now_ms, tag};
use ironbook_store::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The active runs, innermost last, and the one that ended last.
struct Runs {
    stack: Vec<RunHandle>,
    ended: Option<RunHandle>,
    /// Ids of the active runs that another process has begun.
    resumed: Vec<String>,
}

impl Runs {
    fn is_resumed(&self, run: &RunHandle) -> bool {
        self.resumed.iter().any(|id| id == run.id())
    }
}

static RUNS: Mutex<Runs> = Mutex::new(Runs { stack: Vec::new(), ended: None, resumed: Vec::new() });

fn lock() -> MutexGuard<'static, Runs> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What [`start`] does when a run is active already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenActive {
    /// It refuses.
    #[default]
    Refuse,
    /// It ends that run as finished.
    End,
    /// The new run is nested in that one, which is active again when the new one ends.
    Nest,
}

/// How a run starts; [`RunOptions::default`] suits most.
#[derive(Clone, Default)]
pub struct RunOptions {
    name: Option<String>,
    tags: Vec<Tag>,
    when_active: WhenActive,
    directory: Option<PathBuf>,
    rustc: Option<String>,
    store: Option<Arc<dyn Store>>,
}

impl RunOptions {
    /// The run's name (default: one is made up).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// One more tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl std::fmt::Display) -> Self {
        self.tags.push(Tag::new(key, value));
        self
    }

    /// What to do with a run that is active (default: refuse to start).
    #[must_use]
    pub fn when_active(mut self, choice: WhenActive) -> Self {
        self.when_active = choice;
        self
    }

    /// Directory of the project, from which the store is found (default: the working directory).
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Version of the compiler, to be recorded.
    #[must_use]
    pub fn rustc(mut self, version: impl Into<String>) -> Self {
        self.rustc = Some(version.into());
        self
    }

    /// The store (default: that of the project).
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }
}

/// Starts a run in an experiment (created if it is new) and makes it the active one of this process.
///
/// Recorded by itself, as tags: git commit, branch and dirtiness, user, machine, working directory, hash of
/// `Cargo.lock`, versions, and the process. Runs that dead processes left running are marked as killed.
///
/// # Errors
/// [`Error::AlreadyActive`] (see [`RunOptions::when_active`]), or of the store.
pub fn start(experiment: &str, options: RunOptions) -> Result<RunHandle> {
    let directory = options.directory.map_or_else(working_directory, Ok)?;
    let mut tags = context::tags(&directory, options.rustc.as_deref());
    tags.extend(options.tags);
    let mut runs = lock();
    if options.when_active == WhenActive::End {
        finish_own(&mut runs)?;
    }
    if let Some(active) = runs.stack.last() {
        // What another process has begun is not this one's to end, and no reason to refuse.
        if options.when_active == WhenActive::Refuse && !runs.is_resumed(active) {
            return Err(Error::AlreadyActive { name: active.name().to_owned() });
        }
        tags.push(Tag::new(tag::PARENT, active.id()));
    }
    let store = match (options.store, runs.stack.last()) {
        (Some(store), _) => store,
        // A nested run belongs where the one around it is.
        (None, Some(active)) => active.shared_store(),
        (None, None) => place::open(&directory)?,
    };
    // What other processes left is no reason to refuse this run.
    let _ = process::recover(&*store);
    let user = Identity::current().user;
    let new = NewRun { experiment: experiment_id(&*store, experiment)?, name: options.name, user, start: None, tags };
    let info = store.create_run(&new)?;
    let handle = RunHandle::new(store, info, experiment.to_owned());
    runs.stack.push(handle.clone());
    drop(runs);
    system::watch(&handle);
    auto::refresh();
    Ok(handle)
}

/// A run in another one, for a further model; it is not the active one.
pub(crate) fn start_nested(around: &RunHandle, name: String) -> Result<RunHandle> {
    let store = around.shared_store();
    let mut tags = Identity::current().tags();
    tags.push(Tag::new(tag::PARENT, around.id()));
    let new = NewRun {
        experiment: around.experiment_id().to_owned(),
        name: Some(name),
        user: Identity::current().user,
        start: None,
        tags,
    };
    let info = store.create_run(&new)?;
    Ok(RunHandle::new(store, info, around.experiment().to_owned()))
}

/// Ends a run of [`start_nested`], at a time or now.
pub(crate) fn end_nested(run: &RunHandle, status: Status, end: Option<i64>) -> Result<()> {
    let update = RunUpdate { status: Some(status), end: Some(end.unwrap_or_else(now_ms)), name: None };
    run.store().update_run(run.id(), &update).map(drop)
}

pub(crate) fn working_directory() -> Result<PathBuf> {
    std::env::current_dir().map_err(|e| Error::io("find the working directory", ".", e))
}

fn experiment_id(store: &dyn Store, name: &str) -> Result<String> {
    match store.experiment_by_name(name) {
        Ok(Some(found)) => return Ok(found.id),
        // A server that is away is told later; if it has this experiment by then, the run goes there.
        Ok(None) | Err(Error::Unreachable { .. }) => {}
        Err(error) => return Err(error),
    }
    match store.create_experiment(&NewExperiment::named(name)) {
        // Another process was faster.
        Err(Error::AlreadyExists { what, name }) => match store.experiment_by_name(&name)? {
            Some(found) => Ok(found.id),
            None => Err(Error::AlreadyExists { what, name }),
        },
        done => done,
    }
}

/// Makes a run that another process has begun the active one.
pub(crate) fn push_resumed(run: &RunHandle) {
    let mut runs = lock();
    runs.resumed.push(run.id().to_owned());
    runs.stack.push(run.clone());
}

/// Ends what was started within a resumed run, and leaves it.
pub(crate) fn pop_resumed(run: &RunHandle) -> Result<()> {
    let mut runs = lock();
    let mut ended = Ok(());
    while let Some(within) = runs.stack.last().filter(|last| last.id() != run.id()).cloned() {
        let done = finish(&mut runs, &within, Status::Finished);
        runs.stack.retain(|r| r.id() != within.id());
        ended = ended.and(done);
    }
    runs.stack.retain(|r| r.id() != run.id());
    runs.resumed.retain(|id| id != run.id());
    ended
}

/// Ends this run, wherever it stands among the active ones.
pub(crate) fn end_run(run: &RunHandle, status: Status) -> Result<()> {
    finish(&mut lock(), run, status)
}

fn finish_all(runs: &mut Runs, status: Status) -> Result<usize> {
    let count = runs.stack.len();
    while let Some(active) = runs.stack.last().cloned() {
        finish(runs, &active, status)?;
    }
    Ok(count)
}

/// Ends the runs that this process has begun, up to one that it only goes on with.
fn finish_own(runs: &mut Runs) -> Result<()> {
    while let Some(active) = runs.stack.last().filter(|active| !runs.is_resumed(active)).cloned() {
        finish(runs, &active, Status::Finished)?;
    }
    Ok(())
}

fn finish(runs: &mut Runs, run: &RunHandle, status: Status) -> Result<()> {
    auto::run_ends(run, status);
    system::unwatch(run);
    let update = RunUpdate { status: Some(status), end: Some(now_ms()), name: None };
    // If the store refuses, the run stays active: ending it can be tried again.
    run.store().update_run(run.id(), &update)?;
    runs.stack.retain(|r| r.id() != run.id());
    runs.ended = Some(run.clone());
    if runs.stack.is_empty() {
        ironbook_core::record::set_on(false);
    }
    Ok(())
}

/// The active run, if there is one (the innermost).
pub fn active() -> Option<RunHandle> {
    lock().stack.last().cloned()
}

fn need(what: impl FnOnce() -> String) -> Result<RunHandle> {
    active().ok_or_else(|| Error::NoActiveRun { what: format!("`{}` was not logged", what()) })
}

/// [`RunHandle::log_metric`] on the active run.
///
/// # Errors
/// [`Error::NoActiveRun`], and those of the method.
pub fn log_metric(key: &str, value: impl Into<f64>) -> Result<()> {
    need(|| key.to_owned())?.log_metric(key, value)
}

/// [`RunHandle::log_metric_at`] on the active run.
///
/// # Errors
/// [`Error::NoActiveRun`], and those of the method.
pub fn log_metric_at(key: &str, value: impl Into<f64>, step: impl TryInto<i64>) -> Result<()> {
    need(|| key.to_owned())?.log_metric_at(key, value, step)
}

/// [`RunHandle::log_metrics`] on the active run.
///
/// # Errors
/// [`Error::NoActiveRun`], and those of the method.
pub fn log_metrics(metrics: &[(&str, f64)]) -> Result<()> {
    need(|| metrics.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(", "))?.log_metrics(metrics)
}

/// [`RunHandle::log_param`] on the active run.
///
/// # Errors
/// [`Error::NoActiveRun`], and those of the method.
pub fn log_param(key: &str, value: impl std::fmt::Display) -> Result<()> {
    need(|| key.to_owned())?.log_param(key, value)
}

/// [`RunHandle::log_params`] on the active run.
///
/// # Errors
/// [`Error::NoActiveRun`], and those of the method.
pub fn log_params(params: &[Param]) -> Result<()> {
    need(|| params.iter().map(|p| p.key.as_str()).collect::<Vec<_>>().join(", "))?.log_params(params)
}

/// [`RunHandle::set_tag`] on the active run.
///
/// # Errors
/// [`Error::NoActiveRun`], and those of the method.
pub fn set_tag(key: &str, value: impl std::fmt::Display) -> Result<()> {
    need(|| key.to_owned())?.set_tag(key, value)
}

/// [`RunHandle::log_artifact`] on the active run.
///
/// # Errors
/// [`Error::NoActiveRun`], and those of the method.
pub fn log_artifact(local: impl AsRef<Path>) -> Result<()> {
    need(|| local.as_ref().display().to_string())?.log_artifact(local)
}

/// Ends the active run (the innermost). The one around it, if there is one, is active again. A run on a server is waited
/// for, ten seconds at most and not while the server is away.
///
/// # Errors
/// [`Error::NoActiveRun`], or of the store; the run then stays active.
pub fn end(status: Status) -> Result<()> {
    let mut runs = lock();
    let active =
        runs.stack.last().cloned().ok_or_else(|| Error::NoActiveRun { what: "there is none to end".into() })?;
    finish(&mut runs, &active, status)?;
    drop(runs);
    // Nothing is lost that has not arrived: it only waits.
    if let Err(error) = active.store().flush() {
        auto::tell(format!("the run has ended, and is on its way: {error}"));
    }
    Ok(())
}

/// Ends all active runs, innermost first: for the orderly end of a process. Returns how many there were.
///
/// # Errors
/// Of the store; the runs not yet ended then stay active.
pub fn end_all(status: Status) -> Result<usize> {
    let (count, stores) = {
        let mut runs = lock();
        let stores: Vec<Arc<dyn Store>> = runs.stack.iter().map(RunHandle::shared_store).collect();
        (finish_all(&mut runs, status)?, stores)
    };
    // What does not arrive now waits on disk for the next process.
    stores.iter().for_each(|store| drop(store.flush()));
    place::flush();
    Ok(count)
}

/// Forgets the run that ended last, whose store is looked into when no run is active.
pub(crate) fn forget_ended() {
    lock().ended = None;
}

/// The run that ended last.
pub(crate) fn ended() -> Option<RunHandle> {
    lock().ended.clone()
}

/// The store for what belongs to no run.
pub(crate) fn store_for_new() -> Result<Arc<dyn Store>> {
    place::open(&working_directory()?)
}

/// The store to look into: of the active run, else of the one that ended last, else of the working directory.
pub(crate) fn store_to_show() -> Result<Arc<dyn Store>> {
    let known = {
        let runs = lock();
        runs.stack.last().or(runs.ended.as_ref()).map(RunHandle::shared_store)
    };
    let store = match known {
        Some(store) => store,
        None => {
            let directory = working_directory()?;
            let missing = || Error::NotFound { what: "run in", name: directory.display().to_string() };
            place::open_existing(&directory)?.ok_or_else(missing)?
        }
    };
    // A run whose process was killed should not be shown as running; showing does not depend on it.
    let _ = process::recover(&*store);
    Ok(store)
}

/// The runs of an experiment, newest first, with the parameters that differ and the latest metrics.
///
/// # Errors
/// [`Error::NotFound`], or of the store.
pub fn runs(experiment: &str) -> Result<RunsTable> {
    RunsTable::load(&*store_to_show()?, experiment, Search::all().limit)
}

/// The active run in full; without one, the run that ended last here, else the newest of the project.
///
/// # Errors
/// [`Error::NotFound`] if there is none, or of the store.
pub fn show() -> Result<RunView> {
    let latest = {
        let runs = lock();
        runs.stack.last().or(runs.ended.as_ref()).cloned()
    };
    if let Some(run) = latest {
        return run.view();
    }
    let store = store_to_show()?;
    let newest = store.search_runs(&Search::all().limit(1))?.items.pop();
    let run = newest.ok_or_else(|| Error::NotFound { what: "run in", name: store.location() })?;
    RunView::load(&*store, &run.info.id)
}

/// The newest runs of the project, of all experiments.
///
/// # Errors
/// [`Error::NotFound`] without a store, or of the store.
pub fn recent(limit: usize) -> Result<RunsTable> {
    RunsTable::recent(&*store_to_show()?, limit)
}

/// The registered models, or the versions of one.
///
/// # Errors
/// [`Error::Unknown`] for a name that nobody has, or of the store.
pub fn models(name: Option<&str>) -> Result<ModelsTable> {
    let store = match store_to_show() {
        Ok(store) => Some(store),
        Err(Error::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    match (name, store) {
        (Some(name), Some(store)) => ModelsTable::of(&*store, name),
        (None, Some(store)) => ModelsTable::all(&*store),
        (None, None) => Ok(ModelsTable::none()),
        (Some(name), None) => Err(models_table::unknown(name, Vec::new())),
    }
}

/// The runs with the best values of a metric, the best first. Smaller is better where the metric's name says so (`loss`,
/// `rmse`, ..), or as `smaller` says. Of one experiment: that of the active run, else of the newest run with the metric.
///
/// # Errors
/// [`Error::NotFound`] if no run has the metric, naming those that there are; of the store.
pub fn best(metric: &str, smaller: Option<bool>, limit: usize) -> Result<RunsTable> {
    let store = store_to_show()?;
    let smaller = smaller.unwrap_or_else(|| compare::smaller_is_better(metric));
    RunsTable::best(&*store, metric, smaller, limit)
}

/// Runs side by side, each named as for [`view`]; without names the newest of the project (at most ten).
///
/// # Errors
/// [`Error::NotFound`], [`Error::InvalidValue`] for fewer than two or more than ten, or of the store.
pub fn compare(names: &[&str]) -> Result<Comparison> {
    let store = store_to_show()?;
    let runs = if names.is_empty() {
        store.search_runs(&Search::all().limit(compare::MAX_RUNS))?.items
    } else {
        names.iter().map(|name| find(&*store, name)).collect::<Result<_>>()?
    };
    Comparison::load(&*store, runs)
}

/// Returns once everything that was logged is where it belongs.
///
/// # Errors
/// Of the store: what is not there yet, and why.
pub fn flush() -> Result<()> {
    auto::flush();
    match active() {
        Some(run) => run.store().flush(),
        None => Ok(()),
    }
}

/// A run in full, by its id, the beginning of its id, or its name (then the newest of that name).
///
/// # Errors
/// [`Error::NotFound`], or of the store.
pub fn view(run: &str) -> Result<RunView> {
    let store = store_to_show()?;
    RunView::load(&*store, &find(&*store, run)?.info.id)
}

/// A run by its id, the beginning of its id, or its name (then the newest of that name).
pub(crate) fn find(store: &dyn Store, run: &str) -> Result<Run> {
    let mut search = Search::all();
    loop {
        let page = store.search_runs(&search)?;
        let is_it = |r: &Run| r.info.name == run || (!run.is_empty() && r.info.id.starts_with(run));
        if let Some(found) = page.items.into_iter().find(is_it) {
            return Ok(found);
        }
        match page.next {
            Some(next) => search.page = Some(next),
            None => return Err(Error::NotFound { what: "run", name: run.to_owned() }),
        }
    }
}
