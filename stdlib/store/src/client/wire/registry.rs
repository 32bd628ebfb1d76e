//! Registered models and their versions.

use super::{int, list, optional, tags, text};
use crate::model::{Alias, ModelVersion, RegisteredModel, Stage, VersionStatus};
use serde_json::Value;

pub(in super::super) fn registered_model(value: &Value) -> RegisteredModel {
    let read = |v: &Value| Alias { alias: text(v, "alias"), version: text(v, "version") };
    let mut aliases: Vec<_> = list(value, "aliases").map(read).collect();
    aliases.sort_by(|a, b| a.alias.cmp(&b.alias));
    RegisteredModel {
        name: text(value, "name"),
        created: int(value, "creation_timestamp"),
        updated: int(value, "last_updated_timestamp"),
        description: text(value, "description"),
        latest_versions: list(value, "latest_versions").map(model_version).collect(),
        tags: tags(value, "tags"),
        aliases,
    }
}

pub(in super::super) fn model_version(value: &Value) -> ModelVersion {
    let mut aliases: Vec<_> = list(value, "aliases").filter_map(|alias| alias.as_str().map(str::to_owned)).collect();
    aliases.sort();
    ModelVersion {
        name: text(value, "name"),
        version: text(value, "version"),
        created: int(value, "creation_timestamp"),
        updated: int(value, "last_updated_timestamp"),
        user: text(value, "user_id"),
        stage: Stage::parse(&text(value, "current_stage")).unwrap_or_default(),
        description: text(value, "description"),
        source: text(value, "source"),
        run: optional(value, "run_id"),
        model_id: optional(value, "model_id"),
        status: VersionStatus::parse(&text(value, "status")).unwrap_or_default(),
        status_message: text(value, "status_message"),
        run_link: text(value, "run_link"),
        tags: tags(value, "tags"),
        aliases,
    }
}
