//! Runs that several processes write to: one begins and ends it, others go on with it in between.

use crate::active;
use crate::auto;
use crate::handle::RunHandle;
use crate::place;
use crate::process::Identity;
use ironbook_store::Result;
use ironbook_store::model::{NewRun, RunUpdate, Status, Tag, now_ms, tag};
use std::path::Path;

/// A run in another one, which is not the active one. [`end_nested`] ends it.
///
/// # Errors
/// Of the store.
pub fn nested(around: &RunHandle, name: &str, tags: &[Tag]) -> Result<RunHandle> {
    let store = around.shared_store();
    let identity = Identity::current();
    let mut all = identity.tags();
    all.push(Tag::new(tag::PARENT, around.id()));
    all.extend_from_slice(tags);
    let new = NewRun {
        experiment: around.experiment_id().to_owned(),
        name: Some(name.to_owned()),
        user: identity.user,
        start: None,
        tags: all,
    };
    let info = store.create_run(&new)?;
    Ok(RunHandle::new(store, info, around.experiment().to_owned()))
}

/// Ends a run of [`nested`].
///
/// # Errors
/// Of the store.
pub fn end_nested(run: &RunHandle, status: Status) -> Result<()> {
    let update = RunUpdate { status: Some(status), end: Some(now_ms()), name: None };
    run.store().update_run(run.id(), &update).map(drop)
}

/// Goes on with a run that another process has begun and will end: it is the active one of this process, until [`leave`].
/// Runs that are started meanwhile are nested in it. `directory` is in the project, from which the store is found.
///
/// # Errors
/// [`ironbook_store::Error::NotFound`], or of the store.
pub fn resume(id: &str, directory: impl AsRef<Path>) -> Result<RunHandle> {
    let store = place::open(directory.as_ref())?;
    let run = store.run(id)?;
    let experiment = store.experiment(&run.info.experiment)?.name;
    let handle = RunHandle::new(store, run.info, experiment);
    active::push_resumed(&handle);
    auto::refresh();
    Ok(handle)
}

/// Leaves a run of [`resume`] to the process that has begun it. Runs that were started within it and have not ended, end.
///
/// # Errors
/// Of the store: what is not written, and why.
pub fn leave(run: &RunHandle) -> Result<()> {
    let ended = active::pop_resumed(run);
    auto::run_ends(run, Status::Finished);
    auto::refresh();
    ended.and(run.store().flush())
}
