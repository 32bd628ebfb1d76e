//! The registry through a spool: new models, versions and aliases may wait; everything else asks the server.

use super::journal::Fate;
use super::op::Op;
use super::verdict::{Verdict, verdict};
use super::{REGISTRY, SpooledStore, new_id};
use crate::error::Result;
use crate::model::{ModelVersion, NewVersion, Page, RegisteredModel, Search, Stage, Tag, VersionStatus, now_ms};
use crate::store::Registry;

/// The lane of a registered model.
fn lane(name: &str) -> String {
    format!("{REGISTRY}{name}")
}

impl SpooledStore {
    /// Asks the server at once, if nothing of the model waits and it answers; `None`: it is to wait.
    fn now<T>(&self, name: &str, call: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        if self.health().away || self.has_waiting(&lane(name))? {
            return Ok(None);
        }
        match call() {
            Ok(done) => Ok(Some(done)),
            Err(e) if verdict(&e) == Verdict::Never => Err(e),
            Err(_) => Ok(None),
        }
    }

    /// The number of a version: that of one that was created here may be known by now.
    fn number(&self, version: &str) -> Result<String> {
        self.need_remote(version)
    }

    /// The server, once nothing of the model waits.
    fn settled(&self, name: &str) -> Result<&dyn crate::Store> {
        self.settle(&lane(name))?;
        Ok(self.inner())
    }
}

impl Registry for SpooledStore {
    fn create_registered(&self, name: &str, description: Option<&str>, tags: &[Tag]) -> Result<RegisteredModel> {
        if let Some(model) = self.now(name, || self.inner().create_registered(name, description, tags))? {
            return Ok(model);
        }
        let description = description.map(str::to_owned);
        let op = Op::CreateRegistered { name: name.to_owned(), description: description.clone(), tags: tags.to_vec() };
        self.push(&lane(name), &op)?;
        let now = now_ms();
        Ok(RegisteredModel {
            name: name.to_owned(),
            created: now,
            updated: now,
            description: description.unwrap_or_default(),
            latest_versions: Vec::new(),
            tags: tags.to_vec(),
            aliases: Vec::new(),
        })
    }

    fn registered(&self, name: &str) -> Result<RegisteredModel> {
        self.settled(name)?.registered(name)
    }

    fn rename_registered(&self, name: &str, new: &str) -> Result<RegisteredModel> {
        self.settled(name)?.rename_registered(name, new)
    }

    fn describe_registered(&self, name: &str, description: &str) -> Result<RegisteredModel> {
        self.settled(name)?.describe_registered(name, description)
    }

    fn delete_registered(&self, name: &str) -> Result<()> {
        self.settled(name)?.delete_registered(name)
    }

    fn search_registered(&self, search: &Search) -> Result<Page<RegisteredModel>> {
        self.inner().search_registered(search)
    }

    fn set_registered_tag(&self, name: &str, tag: &Tag) -> Result<()> {
        self.settled(name)?.set_registered_tag(name, tag)
    }

    fn delete_registered_tag(&self, name: &str, key: &str) -> Result<()> {
        self.settled(name)?.delete_registered_tag(name, key)
    }

    fn set_alias(&self, name: &str, alias: &str, version: &str) -> Result<()> {
        if let Some(number) = self.remote_of(version)?
            && self.now(name, || self.inner().set_alias(name, alias, &number))?.is_some()
        {
            return Ok(());
        }
        let (name_, alias, version) = (name.to_owned(), alias.to_owned(), version.to_owned());
        self.push(&lane(name), &Op::SetAlias { name: name_, alias, version })
    }

    fn delete_alias(&self, name: &str, alias: &str) -> Result<()> {
        self.settled(name)?.delete_alias(name, alias)
    }

    fn version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        self.settled(name)?.version_by_alias(name, alias)
    }

    fn latest_versions(&self, name: &str, stages: &[Stage]) -> Result<Vec<ModelVersion>> {
        self.settled(name)?.latest_versions(name, stages)
    }

    /// The version has a name of its own (`spool-...`) until the server has given it a number.
    fn create_version(&self, new: &NewVersion) -> Result<ModelVersion> {
        let id = format!("spool-{}", new_id());
        match self.create(&lane(&new.name), &id, "", &Op::CreateVersion(id.clone(), new.clone()))? {
            Fate::Created(number) => self.inner().version(&new.name, &number),
            Fate::Refused(reason) => Err(self.refused("version", &reason)),
            Fate::Waiting | Fate::Foreign => {
                let now = now_ms();
                Ok(ModelVersion {
                    name: new.name.clone(),
                    version: id,
                    created: now,
                    updated: now,
                    user: String::new(),
                    stage: Stage::None,
                    description: new.description.clone().unwrap_or_default(),
                    source: new.source.clone(),
                    run: new.run.clone(),
                    model_id: new.model_id.clone(),
                    status: VersionStatus::Pending,
                    status_message: "it waits in the spool".to_owned(),
                    run_link: new.run_link.clone().unwrap_or_default(),
                    tags: new.tags.clone(),
                    aliases: Vec::new(),
                })
            }
        }
    }

    fn version(&self, name: &str, version: &str) -> Result<ModelVersion> {
        self.inner().version(name, &self.number(version)?)
    }

    fn describe_version(&self, name: &str, version: &str, description: &str) -> Result<ModelVersion> {
        self.inner().describe_version(name, &self.number(version)?, description)
    }

    fn stage_version(&self, name: &str, version: &str, stage: Stage, archive: bool) -> Result<ModelVersion> {
        self.inner().stage_version(name, &self.number(version)?, stage, archive)
    }

    fn delete_version(&self, name: &str, version: &str) -> Result<()> {
        self.inner().delete_version(name, &self.number(version)?)
    }

    fn search_versions(&self, search: &Search) -> Result<Page<ModelVersion>> {
        self.inner().search_versions(search)
    }

    fn version_uri(&self, name: &str, version: &str) -> Result<String> {
        self.inner().version_uri(name, &self.number(version)?)
    }

    fn set_version_tag(&self, name: &str, version: &str, tag: &Tag) -> Result<()> {
        self.inner().set_version_tag(name, &self.number(version)?, tag)
    }

    fn delete_version_tag(&self, name: &str, version: &str, key: &str) -> Result<()> {
        self.inner().delete_version_tag(name, &self.number(version)?, key)
    }
}
