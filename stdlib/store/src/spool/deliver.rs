//! Sends what waits: ids translated, neighbouring batches together, creations exactly once.

use super::codec::Owned;
use super::journal::{Fate, Journal, Waiting};
use super::op::{FIRST, Op};
use super::verdict::{Verdict, verdict};
use super::{REGISTRY, SPOOL_ID};
use crate::error::{Code, Error, Result};
use crate::model::{ArtifactsOf, Metric, NewModel, NewRun, NewVersion, Search, Tag, View, tag};
use crate::store::Store;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

/// So many points at most go with one call of the destination, which may cut them further.
const TOGETHER: i64 = 10_000;

/// Sends to a destination.
pub(super) struct Deliverer<'a> {
    pub(super) inner: &'a dyn Store,
    pub(super) journal: &'a Journal,
    pub(super) files: &'a Path,
}

/// What became of an attempt.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Something arrived, or was set aside.
    Moved,
    /// It waits for something that is created elsewhere in the spool, or there was nothing.
    Blocked,
    /// The destination failed.
    Failed(Verdict, Error),
}

/// Why a call was not made or failed.
enum Trouble {
    Blocked,
    Refused(String),
    Inner(Error),
    Spool(Error),
}

type Sent<T> = std::result::Result<T, Trouble>;

impl Deliverer<'_> {
    /// Creates what is the first of its lane.
    pub(super) fn create(&self, waiting: &Waiting) -> Result<Outcome> {
        self.mark(waiting)?;
        let local = waiting.lane.as_str();
        let created = match &waiting.op {
            Op::CreateExperiment(new) => self.create_experiment(local, new),
            Op::CreateRun(new) => self.create_run(local, new, waiting.attempted),
            Op::CreateModel(new) => self.create_model(local, new, waiting.attempted),
            _ => Err(Trouble::Refused("this is no creation".to_owned())),
        };
        self.settle(waiting, created.map(Some), Some(local))
    }

    /// Sends what is at the front of a lane.
    pub(super) fn lane(&self, lane: &str) -> Result<Outcome> {
        let rows = self.journal.lane(lane, TOGETHER)?;
        let Some(first) = rows.first() else { return Ok(Outcome::Blocked) };
        if first.op.encode().0 == FIRST {
            return Ok(Outcome::Blocked);
        }
        if !matches!(first.op, Op::Batch(_)) {
            return self.call(first);
        }
        let (batch, count) = merge(&rows);
        let sent = self.batch(lane, batch);
        match sent {
            // One of them is at fault: the first goes alone, so that the others are not set aside with it.
            Err(Trouble::Inner(error)) if count > 1 && verdict(&error) == Verdict::Never => {
                let (batch, _) = merge(&rows[..1]);
                let sent = self.batch(lane, batch);
                self.settle(first, sent.map(|()| None), None)
            }
            Ok(()) => {
                let ids: Vec<_> = rows[..count].iter().map(|row| row.id).collect();
                self.journal.done(&ids, None, self.files)?;
                Ok(Outcome::Moved)
            }
            other => self.settle(first, other.map(|()| None), None),
        }
    }

    /// Remembers, before the first attempt, that there was one.
    fn mark(&self, waiting: &Waiting) -> Result<()> {
        if waiting.attempted { Ok(()) } else { self.journal.attempt(waiting.id) }
    }

    /// Records what became of a row.
    fn settle(&self, row: &Waiting, sent: Sent<Option<String>>, local: Option<&str>) -> Result<Outcome> {
        match sent {
            Ok(remote) => {
                let created = local.zip(remote.as_deref());
                self.journal.done(&[row.id], created, self.files)?;
                Ok(Outcome::Moved)
            }
            Err(Trouble::Blocked) => Ok(Outcome::Blocked),
            Err(Trouble::Refused(reason)) => self.journal.refuse(row.id, local, &reason).map(|()| Outcome::Moved),
            Err(Trouble::Spool(error)) => Err(error),
            Err(Trouble::Inner(error)) => match verdict(&error) {
                Verdict::Never => {
                    let reason = error.to_string();
                    self.journal.refuse(row.id, local, &reason).map(|()| Outcome::Moved)
                }
                passing => Ok(Outcome::Failed(passing, error)),
            },
        }
    }

    /// The destination's id of something.
    fn remote(&self, id: &str) -> Sent<String> {
        match self.journal.fate(id).map_err(Trouble::Spool)? {
            Fate::Foreign => Ok(id.to_owned()),
            Fate::Created(remote) => Ok(remote),
            Fate::Waiting => Err(Trouble::Blocked),
            Fate::Refused(reason) => {
                Err(Trouble::Refused(format!("it belongs to `{id}`, which was refused: {reason}")))
            }
        }
    }

    fn remote_of(&self, id: &Option<String>) -> Sent<Option<String>> {
        id.as_deref().map(|id| self.remote(id)).transpose()
    }

    /// Tags with the destination's ids in them. A parent that was refused is named as it was.
    fn tags(&self, tags: &[Tag]) -> Sent<Vec<Tag>> {
        let translate = |t: &Tag| match t.key.as_str() {
            tag::PARENT => match self.remote(&t.value) {
                Ok(remote) => Ok(Tag::new(tag::PARENT, remote)),
                Err(Trouble::Refused(_)) => Ok(t.clone()),
                Err(other) => Err(other),
            },
            _ => Ok(t.clone()),
        };
        tags.iter().map(translate).collect()
    }

    /// `runs:/ID/...` and `models:/ID` with the destination's ids.
    fn source(&self, source: &str) -> Sent<String> {
        for scheme in ["runs:/", "models:/"] {
            if let Some(rest) = source.strip_prefix(scheme) {
                let (id, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                return Ok(format!("{scheme}{}{path}", self.remote(id)?));
            }
        }
        Ok(source.to_owned())
    }

    fn create_experiment(&self, local: &str, new: &crate::model::NewExperiment) -> Sent<String> {
        match self.inner.create_experiment(new) {
            Err(e) if e.code() == Code::ResourceAlreadyExists => {
                let found = self.inner.experiment_by_name(&new.name).map_err(Trouble::Inner)?;
                let found = found.ok_or(Trouble::Inner(e))?;
                self.journal.set_info(local, super::EXISTED).map_err(Trouble::Spool)?;
                Ok(found.id)
            }
            other => other.map_err(Trouble::Inner),
        }
    }

    fn create_run(&self, local: &str, new: &NewRun, attempted: bool) -> Sent<String> {
        let experiment = self.remote(&new.experiment)?;
        let mut new = NewRun { experiment, tags: self.tags(&new.tags)?, ..new.clone() };
        new.tags.push(Tag::new(SPOOL_ID, local));
        let known = if attempted {
            let search = Search::experiment(&new.experiment).filter(condition(local)).view(View::All).limit(2);
            let found = self.inner.search_runs(&search).map_err(Trouble::Inner)?;
            found.items.into_iter().next().map(|run| run.info)
        } else {
            None
        };
        let info = match known {
            Some(info) => info,
            None => self.inner.create_run(&new).map_err(Trouble::Inner)?,
        };
        self.keep(local, &info)?;
        Ok(info.id)
    }

    fn create_model(&self, local: &str, new: &NewModel, attempted: bool) -> Sent<String> {
        let experiment = self.remote(&new.experiment)?;
        let source_run = self.remote_of(&new.source_run)?;
        let mut new = NewModel { experiment, source_run, ..new.clone() };
        new.tags.push(Tag::new(SPOOL_ID, local));
        let known = if attempted {
            let search = Search::experiment(&new.experiment).filter(condition(local)).limit(2);
            let found = self.inner.search_models(&search, &[], &[]).map_err(Trouble::Inner)?;
            found.items.into_iter().next()
        } else {
            None
        };
        let model = match known {
            Some(model) => {
                // Parameters beyond the first hundred follow the creation, and may not have.
                if model.params.len() < new.params.len() {
                    self.inner.log_model_params(&model.id, &new.params).map_err(Trouble::Inner)?;
                }
                model
            }
            None => self.inner.create_model(&new).map_err(Trouble::Inner)?,
        };
        self.keep(local, &model)?;
        Ok(model.id)
    }

    fn create_version(&self, local: &str, new: &NewVersion, attempted: bool) -> Sent<String> {
        let (run, model_id) = (self.remote_of(&new.run)?, self.remote_of(&new.model_id)?);
        let mut new = NewVersion { source: self.source(&new.source)?, run, model_id, ..new.clone() };
        new.tags.push(Tag::new(SPOOL_ID, local));
        if attempted {
            let search = Search::all().filter(condition(local)).limit(2);
            let found = self.inner.search_versions(&search).map_err(Trouble::Inner)?;
            if let Some(version) = found.items.into_iter().next() {
                return Ok(version.version);
            }
        }
        self.inner.create_version(&new).map(|version| version.version).map_err(Trouble::Inner)
    }

    /// Keeps what the destination says of something that was created here.
    fn keep(&self, local: &str, info: &impl serde::Serialize) -> Sent<()> {
        let text = serde_json::to_string(info).unwrap_or_default();
        self.journal.set_info(local, &text).map_err(Trouble::Spool)
    }

    fn batch(&self, lane: &str, mut batch: Owned) -> Sent<()> {
        let run = self.remote(lane)?;
        batch.tags = self.tags(&batch.tags)?;
        for metric in &mut batch.metrics {
            if let Some(model) = metric.of.as_mut().and_then(|of| of.model_id.as_mut()) {
                *model = self.remote(model)?;
            }
        }
        self.inner.log_batch(&run, batch.borrow()).map_err(Trouble::Inner)
    }

    fn call(&self, row: &Waiting) -> Result<Outcome> {
        self.mark(row)?;
        if let Op::CreateVersion(local, new) = &row.op {
            let created = self.create_version(local, new, row.attempted);
            return self.settle(row, created.map(Some), Some(local));
        }
        let sent = match self.carry_out(row) {
            // Done by an attempt of which nobody heard.
            Err(Trouble::Inner(e)) if row.attempted && undone(&row.op) && e.code() == Code::ResourceDoesNotExist => {
                Ok(())
            }
            other => other,
        };
        self.settle(row, sent.map(|()| None), None)
    }

    fn carry_out(&self, row: &Waiting) -> Sent<()> {
        let inner = self.inner;
        let lane = row.lane.as_str();
        if let Some(_name) = lane.strip_prefix(REGISTRY) {
            return self.register(&row.op);
        }
        let id = self.remote(lane)?;
        let of = if is_model(lane) { ArtifactsOf::Model(&id) } else { ArtifactsOf::Run(&id) };
        let done = match &row.op {
            Op::UpdateRun(update) => match inner.update_run(&id, update) {
                Ok(info) => return self.keep(lane, &info),
                Err(e) => Err(e),
            },
            Op::DeleteRun => inner.delete_run(&id),
            Op::RestoreRun => inner.restore_run(&id),
            Op::DeleteTag(key) => inner.delete_tag(&id, key),
            Op::Inputs(datasets, models) => {
                let mut models = models.clone();
                for model in &mut models {
                    model.model_id = self.remote(&model.model_id)?;
                }
                inner.log_inputs(&id, datasets, &models)
            }
            Op::Outputs(models) => {
                let mut models = models.clone();
                for model in &mut models {
                    model.model_id = self.remote(&model.model_id)?;
                }
                if row.attempted {
                    let there = inner.run(&id).map_err(Trouble::Inner)?.model_outputs;
                    models.retain(|model| !there.contains(model));
                }
                if models.is_empty() { Ok(()) } else { inner.log_outputs(&id, &models) }
            }
            Op::WriteArtifact { path, hash } => {
                let copy = self.files.join(hash);
                let opened = File::open(&copy)
                    .map_err(|e| Trouble::Refused(format!("its copy {} cannot be read: {e}", copy.display())));
                inner.write_artifact(of, path, &mut opened?)
            }
            Op::DeleteArtifact { path } => inner.delete_artifact(of, path),
            Op::FinishModel(status, message) => match inner.finish_model(&id, *status, message.as_deref()) {
                Ok(model) => return self.keep(lane, &model),
                Err(e) => Err(e),
            },
            Op::ModelParams(params) => inner.log_model_params(&id, params),
            Op::ModelTags(tags) => inner.set_model_tags(&id, tags),
            _ => return Err(Trouble::Refused("this call belongs elsewhere".to_owned())),
        };
        done.map_err(Trouble::Inner)
    }

    fn register(&self, op: &Op) -> Sent<()> {
        match op {
            Op::CreateRegistered { name, description, tags } => {
                match self.inner.create_registered(name, description.as_deref(), tags) {
                    Err(e) if e.code() == Code::ResourceAlreadyExists => Ok(()),
                    other => other.map(drop).map_err(Trouble::Inner),
                }
            }
            Op::SetAlias { name, alias, version } => {
                let version = self.remote(version)?;
                self.inner.set_alias(name, alias, &version).map_err(Trouble::Inner)
            }
            _ => Err(Trouble::Refused("this call belongs elsewhere".to_owned())),
        }
    }
}

/// Finds what was created by this spool.
fn condition(local: &str) -> String {
    format!("tags.`{SPOOL_ID}` = '{local}'")
}

/// Whether the thing that a call is about is gone once it is done.
fn undone(op: &Op) -> bool {
    matches!(op, Op::DeleteTag(_) | Op::DeleteArtifact { .. } | Op::DeleteRun)
}

/// Whether this is the id of a logged model.
pub(super) fn is_model(id: &str) -> bool {
    id.starts_with("m-")
}

/// The batches at the front of a lane as one, and how many they are.
fn merge(rows: &[Waiting]) -> (Owned, usize) {
    let mut whole = Owned::default();
    let mut params: HashMap<&str, &str> = HashMap::new();
    let mut tags: HashMap<&str, usize> = HashMap::new();
    let mut count = 0;
    for row in rows {
        let Op::Batch(batch) = &row.op else { break };
        // A parameter that changes is refused alone.
        if batch.params.iter().any(|p| params.get(p.key.as_str()).is_some_and(|value| *value != p.value)) {
            break;
        }
        for param in &batch.params {
            if params.insert(&param.key, &param.value).is_none() {
                whole.params.push(param.clone());
            }
        }
        for tag in &batch.tags {
            // The last value wins.
            match tags.get(tag.key.as_str()) {
                Some(at) => whole.tags[*at] = tag.clone(),
                None => {
                    tags.insert(&tag.key, whole.tags.len());
                    whole.tags.push(tag.clone());
                }
            }
        }
        whole.metrics.extend(batch.metrics.iter().map(Metric::clone));
        count += 1;
    }
    (whole, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Param;

    fn row(batch: Owned) -> Waiting {
        Waiting { id: 0, lane: String::new(), op: Op::Batch(batch), attempted: false }
    }

    #[test]
    fn batches_go_together_until_a_parameter_changes() {
        let point = |step| Metric::new("m", 1.0, 0, step);
        let rows = [
            row(Owned { metrics: vec![point(0)], params: vec![Param::new("a", 1)], tags: vec![Tag::new("t", 1)] }),
            row(Owned { metrics: vec![point(1)], params: vec![Param::new("a", 1)], tags: vec![Tag::new("t", 2)] }),
            row(Owned { params: vec![Param::new("a", 2)], ..Owned::default() }),
        ];
        let (whole, count) = merge(&rows);
        assert_eq!((count, whole.metrics.len(), whole.params.len()), (2, 2, 1));
        assert_eq!(whole.tags, [Tag::new("t", 2)]);
    }
}
