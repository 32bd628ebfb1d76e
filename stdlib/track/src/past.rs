//! Runs in another one that have ended already: the trials of a search, written together and behind its back.

use crate::handle::RunHandle;
use crate::process::Identity;
use ironbook_store::model::{Batch, Metric, NewRun, Param, RunUpdate, Status, Tag, tag};
use ironbook_store::{Error, Result};

/// A run that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Its name.
    pub name: String,
    /// When it started and ended, in milliseconds since 1970.
    pub times: (i64, i64),
    /// How it ended.
    pub status: Status,
    /// What it was set to.
    pub params: Vec<Param>,
    /// What it came to.
    pub metrics: Vec<Metric>,
    /// What else is known of it.
    pub tags: Vec<Tag>,
}

/// Writes runs that have ended into `around`; returns their ids.
///
/// # Errors
/// Of the store; those before are written then.
pub fn record_past(around: &RunHandle, runs: &[Past]) -> Result<Vec<String>> {
    let identity = Identity::current();
    let all = [identity.tags(), vec![Tag::new(tag::PARENT, around.id())]].concat();
    let store = around.store();
    let write = |past: &Past| {
        let new = NewRun {
            experiment: around.experiment_id().to_owned(),
            name: Some(past.name.clone()),
            user: identity.user.clone(),
            start: Some(past.times.0),
            tags: [all.as_slice(), &past.tags].concat(),
        };
        let id = store.create_run(&new)?.id;
        store.log_batch(&id, Batch { metrics: &past.metrics, params: &past.params, tags: &[] })?;
        store.update_run(&id, &RunUpdate { status: Some(past.status), end: Some(past.times.1), name: None })?;
        Ok::<String, Error>(id)
    };
    runs.iter().map(write).collect()
}

/// Tells the user once that something could not be recorded.
pub fn not_recorded(error: &Error) {
    crate::auto::say(error);
}
