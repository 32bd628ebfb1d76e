//! Experiments through a spool: creations wait, and what was read is remembered for when the server is away.

use super::journal::Fate;
use super::op::Op;
use super::verdict::{Verdict, verdict};
use super::{EXISTED, SpooledStore, new_id};
use crate::error::{Error, Result};
use crate::model::{DatasetSummary, Experiment, NewExperiment, Page, Search, Tag, now_ms};
use crate::store::Experiments;
use crate::validate;

impl SpooledStore {
    fn remember(&self, experiment: &Experiment) -> Result<()> {
        let text = serde_json::to_string(experiment).unwrap_or_default();
        for note in [format!("experiment {}", experiment.id), format!("experiment named {}", experiment.name)] {
            if self.journal.note(&note)?.as_deref() != Some(&text) {
                self.journal.set_note(&note, Some(&text))?;
            }
        }
        Ok(())
    }

    fn remembered(&self, note: &str) -> Result<Option<Experiment>> {
        Ok(self.journal.note(note)?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The server's answer, or what is remembered while it is away.
    fn asked(&self, note: &str, question: impl FnOnce() -> Result<Option<Experiment>>) -> Result<Option<Experiment>> {
        let error = if self.health().away {
            self.not_there_yet()
        } else {
            match question() {
                Ok(found) => {
                    if let Some(experiment) = &found {
                        self.remember(experiment)?;
                    }
                    return Ok(found);
                }
                Err(e) if verdict(&e) == Verdict::Never => return Err(e),
                Err(e) => e,
            }
        };
        self.remembered(note)?.map(Some).ok_or(error)
    }
}

impl Experiments for SpooledStore {
    fn create_experiment(&self, new: &NewExperiment) -> Result<String> {
        validate::experiment_name(&new.name)?;
        new.tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        let taken = || Error::AlreadyExists { what: "experiment", name: new.name.clone() };
        if self.remembered(&format!("experiment named {}", new.name))?.is_some() {
            return Err(taken());
        }
        let id = format!("spool-{}", new_id());
        match self.create(&id, &id, "", &Op::CreateExperiment(new.clone()))? {
            Fate::Created(_) if self.journal.info(&id)?.as_deref() == Some(EXISTED) => Err(taken()),
            Fate::Created(remote) => Ok(remote),
            Fate::Refused(reason) => Err(self.refused("experiment", &reason)),
            Fate::Waiting | Fate::Foreign => {
                let now = now_ms();
                self.remember(&Experiment {
                    id: id.clone(),
                    name: new.name.clone(),
                    artifact_location: new.artifact_location.clone().unwrap_or_default(),
                    deleted: false,
                    created: now,
                    updated: now,
                    tags: new.tags.clone(),
                })?;
                Ok(id)
            }
        }
    }

    fn experiment(&self, id: &str) -> Result<Experiment> {
        let note = format!("experiment {id}");
        let Some(remote) = self.remote_of(id)? else {
            return self.remembered(&note)?.ok_or_else(|| self.not_there_yet());
        };
        let found = self.asked(&note, || self.inner().experiment(&remote).map(Some))?;
        found.map(|e| Experiment { id: id.to_owned(), ..e }).ok_or_else(|| self.not_there_yet())
    }

    fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>> {
        let note = format!("experiment named {name}");
        // One that waits to be created is not on the server yet.
        if let Some(known) = self.remembered(&note)?
            && known.id.starts_with("spool-")
            && self.remote_of(&known.id)?.is_none()
        {
            return Ok(Some(known));
        }
        self.asked(&note, || self.inner().experiment_by_name(name))
    }

    fn search_experiments(&self, search: &Search) -> Result<Page<Experiment>> {
        self.inner().search_experiments(search)
    }

    fn rename_experiment(&self, id: &str, name: &str) -> Result<()> {
        let remote = self.need_remote(id)?;
        let old = self.inner().experiment(&remote)?;
        self.inner().rename_experiment(&remote, name)?;
        self.journal.set_note(&format!("experiment named {}", old.name), None)
    }

    fn delete_experiment(&self, id: &str) -> Result<()> {
        self.inner().delete_experiment(&self.need_remote(id)?)
    }

    fn restore_experiment(&self, id: &str) -> Result<()> {
        self.inner().restore_experiment(&self.need_remote(id)?)
    }

    fn set_experiment_tag(&self, id: &str, tag: &Tag) -> Result<()> {
        self.inner().set_experiment_tag(&self.need_remote(id)?, tag)
    }

    fn delete_experiment_tag(&self, id: &str, key: &str) -> Result<()> {
        self.inner().delete_experiment_tag(&self.need_remote(id)?, key)
    }

    fn experiment_datasets(&self, ids: &[String]) -> Result<Vec<DatasetSummary>> {
        let ids = ids.iter().map(|id| self.need_remote(id)).collect::<Result<Vec<_>>>()?;
        self.inner().experiment_datasets(&ids)
    }
}
