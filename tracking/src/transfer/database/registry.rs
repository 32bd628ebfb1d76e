//! Registered models of MLflow's database.

use super::Database;
use super::read::{text, when};
use crate::transfer::error::Result;
use crate::transfer::parts::{Each, VersionRecord};
use crate::transfer::report::Report;
use ironbook_store::{Alias, ModelVersion, RegisteredModel, Stage, VersionStatus};

/// The stage of versions that were deleted.
pub(super) const DELETED: &str = "Deleted_Internal";

impl Database {
    pub(super) fn read_registry(
        &self,
        report: &Report,
        each: Each<'_, (RegisteredModel, Vec<VersionRecord>)>,
    ) -> Result<()> {
        let sql = format!(
            "SELECT name, creation_time, last_updated_time, description FROM registered_models WHERE {} ORDER BY name",
            self.workspace("registered_models")?
        );
        let found = self.rows(&sql, [], |row| {
            Ok(RegisteredModel {
                name: row.get(0)?,
                created: when(row, 1)?,
                updated: when(row, 2)?,
                description: text(row, 3)?,
                latest_versions: Vec::new(),
                tags: Vec::new(),
                aliases: Vec::new(),
            })
        })?;
        for mut model in found {
            let workspace = self.workspace("registered_model_tags")?;
            let sql =
                format!("SELECT key, value FROM registered_model_tags WHERE name = ?1 AND {workspace} ORDER BY key");
            model.tags = self.tags(&sql, &model.name)?;
            let workspace = self.workspace("registered_model_aliases")?;
            let sql = format!(
                "SELECT alias, version FROM registered_model_aliases WHERE name = ?1 AND {workspace} ORDER BY alias"
            );
            model.aliases = self.rows(&sql, [&model.name], |row| {
                Ok(Alias { alias: row.get(0)?, version: row.get::<_, i64>(1)?.to_string() })
            })?;
            let versions = self.versions(&model, report)?;
            each((model, versions))?;
        }
        Ok(())
    }

    fn versions(&self, model: &RegisteredModel, report: &Report) -> Result<Vec<VersionRecord>> {
        let sql = format!(
            "SELECT version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id,
                 status, status_message, run_link
             FROM model_versions WHERE name = ?1 AND {} ORDER BY version",
            self.workspace("model_versions")?
        );
        let found = self.rows(&sql, [&model.name], |row| {
            let source = text(row, 6)?;
            let version = ModelVersion {
                name: model.name.clone(),
                version: row.get::<_, i64>(0)?.to_string(),
                created: when(row, 1)?,
                updated: when(row, 2)?,
                user: text(row, 4)?,
                stage: Stage::None,
                description: text(row, 3)?,
                model_id: source.strip_prefix("models:/").filter(|id| id.starts_with("m-")).map(str::to_owned),
                source,
                run: row.get::<_, Option<String>>(7)?.filter(|run| !run.is_empty()),
                status: VersionStatus::parse(&text(row, 8)?).unwrap_or_default(),
                status_message: text(row, 9)?,
                run_link: text(row, 10)?,
                tags: Vec::new(),
                aliases: Vec::new(),
            };
            Ok((version, text(row, 5)?))
        })?;
        let mut versions = Vec::with_capacity(found.len());
        for (mut version, stage) in found {
            if stage == DELETED {
                // What is left of it are words that say that it is gone.
                let gone = ModelVersion { source: String::new(), run: None, model_id: None, ..version };
                versions.push(VersionRecord { version: gone, deleted: true });
                continue;
            }
            version.stage = Stage::parse(&stage).unwrap_or_else(|| {
                report.note(format!("version {} of `{}`: its stage `{stage}` is none", version.version, model.name));
                Stage::None
            });
            let sql = format!(
                "SELECT key, value FROM model_version_tags WHERE name = ?1 AND version = ?2 AND {} ORDER BY key",
                self.workspace("model_version_tags")?
            );
            version.tags = self.rows(&sql, (&model.name, &version.version), |row| {
                Ok(ironbook_store::Tag { key: row.get(0)?, value: text(row, 1)? })
            })?;
            let aliases = model.aliases.iter().filter(|alias| alias.version == version.version);
            version.aliases = aliases.map(|alias| alias.alias.clone()).collect();
            versions.push(VersionRecord { version, deleted: false });
        }
        Ok(versions)
    }
}
