//! Logged models.

use super::{int, list, metric_of_run, optional, params, tags, text};
use crate::model::{LoggedModel, ModelStatus};
use serde_json::Value;

pub(in super::super) fn logged_model(value: &Value) -> LoggedModel {
    const NOTHING: &Value = &Value::Null;
    let (info, data) = (value.get("info").unwrap_or(NOTHING), value.get("data").unwrap_or(NOTHING));
    let mut metrics: Vec<_> = list(data, "metrics").map(metric_of_run).collect();
    metrics.sort_by(|a, b| a.key.cmp(&b.key));
    LoggedModel {
        id: text(info, "model_id"),
        experiment: text(info, "experiment_id"),
        name: text(info, "name"),
        created: int(info, "creation_timestamp_ms"),
        updated: int(info, "last_updated_timestamp_ms"),
        artifact_uri: text(info, "artifact_uri"),
        status: ModelStatus::parse(&text(info, "status")).unwrap_or_default(),
        status_message: text(info, "status_message"),
        model_type: text(info, "model_type"),
        source_run: optional(info, "source_run_id"),
        params: params(data, "params"),
        metrics,
        tags: tags(info, "tags"),
    }
}

/// The state as the call that ends a model wants it.
pub(in super::super) fn status_name(status: ModelStatus) -> &'static str {
    status.as_str()
}
