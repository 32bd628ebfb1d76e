//! Registered models of MLflow's file store.

use super::layout::{META, MODELS, TAGS, directories, values};
use super::meta;
use super::read::{FilesSource, reported};
use crate::transfer::error::Result;
use crate::transfer::parts::{Each, VersionRecord};
use crate::transfer::report::Report;
use ironbook_store::{Alias, ModelVersion, RegisteredModel, Stage, VersionStatus};
use std::path::Path;

/// The stage of versions that were deleted.
pub(super) const DELETED: &str = "Deleted_Internal";
/// What directories of versions begin with.
pub(super) const VERSION: &str = "version-";

impl FilesSource {
    pub(super) fn read_registry(
        &self,
        report: &Report,
        each: Each<'_, (RegisteredModel, Vec<VersionRecord>)>,
    ) -> Result<()> {
        for path in directories(&self.root.join(MODELS))? {
            let Some(meta) = reported::<meta::Registered>(&path.join(META), report) else { continue };
            let aliases = values(&path.join("aliases"), report)?;
            let created = meta.creation_timestamp.unwrap_or_default();
            let model = RegisteredModel {
                name: meta.name,
                created,
                updated: meta.last_updated_timestamp.unwrap_or(created),
                description: meta.description.unwrap_or_default(),
                latest_versions: Vec::new(),
                tags: values(&path.join(TAGS), report)?,
                aliases: aliases.into_iter().map(|tag| Alias { alias: tag.key, version: tag.value }).collect(),
            };
            let mut versions = Vec::new();
            for directory in directories(&path)? {
                let is_version = directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with(VERSION));
                if is_version && let Some(meta) = reported::<meta::Version>(&directory.join(META), report) {
                    versions.push(version_of(&directory, meta, &model, report)?);
                }
            }
            versions.sort_by_key(|record| record.version.version.parse::<u64>().unwrap_or(u64::MAX));
            each((model, versions))?;
        }
        Ok(())
    }
}

fn version_of(path: &Path, meta: meta::Version, model: &RegisteredModel, report: &Report) -> Result<VersionRecord> {
    let stage = meta.current_stage.unwrap_or_default();
    let deleted = stage == DELETED;
    let created = meta.creation_timestamp.unwrap_or_default();
    let source = meta.source.unwrap_or_default();
    let named = source.strip_prefix("models:/").filter(|id| id.starts_with("m-")).map(str::to_owned);
    let aliases = model.aliases.iter().filter(|alias| alias.version == meta.version);
    let version = ModelVersion {
        name: model.name.clone(),
        created,
        updated: meta.last_updated_timestamp.unwrap_or(created),
        user: meta.user_id.unwrap_or_default(),
        stage: Stage::parse(&stage).unwrap_or_default(),
        description: meta.description.unwrap_or_default(),
        run: meta.run_id.filter(|run| !run.is_empty()),
        model_id: meta.model_id.filter(|id| !id.is_empty()).or(named),
        source,
        status: meta.status.and_then(|status| VersionStatus::parse(&status)).unwrap_or_default(),
        status_message: meta.status_message.unwrap_or_default(),
        run_link: meta.run_link.unwrap_or_default(),
        tags: values(&path.join(TAGS), report)?,
        aliases: aliases.map(|alias| alias.alias.clone()).collect(),
        version: meta.version,
    };
    Ok(VersionRecord { version, deleted })
}
