//! What the server is.

use super::{Answer, Call, Reply};
use serde_json::json;

/// The version of MLflow's API that is spoken here, which clients ask for to know what they may call.
pub const API_VERSION: &str = "3.17.2";

/// That the server lives.
pub fn health() -> Reply {
    Reply::raw("text/html; charset=utf-8", b"OK".to_vec())
}

/// Which API it speaks.
pub fn version() -> Reply {
    Reply::raw("text/html; charset=utf-8", API_VERSION.as_bytes().to_vec())
}

pub(super) fn server(_: &Call<'_>) -> Answer {
    Ok(Reply::json(&json!({
        // Clients and page take this for "keeps spans and models", which file stores do not.
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "presigned_upload_run_id_supported": false,
        "presigned_upload_model_id_supported": false,
        "features_enabled": { "gateway": false },
        "server": concat!("ironbook/", env!("CARGO_PKG_VERSION")),
    })))
}

/// MLflow's page asks whether to send its maker what its user does: no.
pub(super) fn telemetry(_: &Call<'_>) -> Answer {
    Ok(Reply::json(&json!({
        "disable_ui_telemetry": true,
        "disable_ui_events": [],
        "ui_rollout_percentage": 0,
    })))
}

/// Things that MLflow's page lists and that this server keeps none of.
pub(super) fn none(_: &Call<'_>) -> Answer {
    Ok(Reply::empty())
}

/// No gateway to language models is behind this server.
pub(super) fn no_gateway(_: &Call<'_>) -> Answer {
    Ok(Reply::json(&json!({ "endpoints": [] })))
}

/// No assistant either.
pub(super) fn no_assistant(_: &Call<'_>) -> Answer {
    Ok(Reply::json(&json!({ "providers": {}, "projects": {}, "remote_access_allowed": false })))
}

/// Nor anybody who could provide one.
pub(super) fn no_providers(_: &Call<'_>) -> Answer {
    Ok(Reply::json(&json!({ "providers": [] })))
}
