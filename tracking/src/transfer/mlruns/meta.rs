//! What MLflow's YAML files say. Texts that look like numbers stay texts: a digest may be `12e34567`.

use crate::transfer::error::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads a file.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let broken = |reason: String| Error::Content { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|e| broken(e.to_string()))?;
    let first = |e: String| e.lines().next().unwrap_or_default().to_owned();
    serde_saphyr::from_str(&text).map_err(|e| broken(first(e.to_string())))
}

#[derive(Deserialize)]
pub(super) struct Experiment {
    pub(super) experiment_id: String,
    pub(super) name: String,
    pub(super) artifact_location: Option<String>,
    pub(super) lifecycle_stage: Option<String>,
    pub(super) creation_time: Option<i64>,
    pub(super) last_update_time: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Run {
    pub(super) run_id: Option<String>,
    pub(super) run_uuid: Option<String>,
    pub(super) run_name: Option<String>,
    pub(super) name: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) status: Option<String>,
    pub(super) start_time: Option<i64>,
    pub(super) end_time: Option<i64>,
    pub(super) artifact_uri: Option<String>,
    pub(super) lifecycle_stage: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Link {
    pub(super) source_type: String,
    pub(super) source_id: String,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, Option<String>>,
    pub(super) step: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Dataset {
    pub(super) name: String,
    pub(super) digest: String,
    pub(super) source_type: Option<String>,
    pub(super) source: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) profile: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Model {
    pub(super) model_id: String,
    pub(super) name: String,
    pub(super) artifact_location: Option<String>,
    pub(super) creation_timestamp: Option<i64>,
    pub(super) last_updated_timestamp: Option<i64>,
    pub(super) status: Option<String>,
    pub(super) status_message: Option<String>,
    pub(super) model_type: Option<String>,
    pub(super) source_run_id: Option<String>,
    pub(super) lifecycle_stage: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Registered {
    pub(super) name: String,
    pub(super) creation_timestamp: Option<i64>,
    pub(super) last_updated_timestamp: Option<i64>,
    pub(super) description: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) version: String,
    pub(super) creation_timestamp: Option<i64>,
    pub(super) last_updated_timestamp: Option<i64>,
    pub(super) description: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) current_stage: Option<String>,
    pub(super) source: Option<String>,
    pub(super) run_id: Option<String>,
    pub(super) model_id: Option<String>,
    pub(super) status: Option<String>,
    pub(super) status_message: Option<String>,
    pub(super) run_link: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Trace {
    pub(super) trace_id: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) request_time: Option<String>,
    pub(super) timestamp_ms: Option<i64>,
    pub(super) execution_duration_ms: Option<i64>,
    pub(super) execution_time_ms: Option<i64>,
    pub(super) state: Option<String>,
    pub(super) status: Option<String>,
    pub(super) client_request_id: Option<String>,
    pub(super) request_preview: Option<String>,
    pub(super) response_preview: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_like_numbers_stay_texts() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("meta.yaml");
        let text =
            "digest: 12e34567\nname: 007\nprofile: null\nschema: ''\nsource: '{}'\nsource_type: yes\nmore: [1]\n";
        std::fs::write(&file, text).unwrap();
        let data: Dataset = read(&file).unwrap();
        assert_eq!((data.digest.as_str(), data.name.as_str()), ("12e34567", "007"));
        assert_eq!((data.profile, data.schema.as_deref(), data.source_type.as_deref()), (None, Some(""), Some("yes")));
        std::fs::write(&file, "digest: [").unwrap();
        let words = read::<Dataset>(&file).err().unwrap().to_string();
        assert!(words.contains("meta.yaml"), "{words}");
    }
}
