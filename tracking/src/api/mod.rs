//! MLflow's REST API over a store: one table of routes, a file for each group of them.
//!
//! Each route answers a whole request with a whole answer and may block; what streams is in `proxy` and `download`.

mod artifacts;
mod assessments;
mod call;
pub(crate) mod clock;
mod datasets;
pub(crate) mod download;
mod experiments;
mod fields;
mod history;
mod info;
mod locations;
mod logging;
mod models;
mod otlp;
mod otlp_proto;
mod otlp_size;
mod otlp_span;
pub(crate) mod proxy;
mod refusal;
mod registry;
mod reply;
mod runs;
mod trace_json;
mod trace_metrics;
mod traces;
mod traces_v2;
mod versions;
pub(crate) mod wire;

pub use call::Call;
pub use fields::Fields;
pub use refusal::Refusal;
pub use reply::{Reply, Told};

/// What a route answers.
pub type Answer = Result<Reply, Refusal>;

/// Methods of HTTP that routes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads, with arguments in the query.
    Get,
    /// Does something, with arguments in the body.
    Post,
    /// Changes some of a thing.
    Patch,
    /// Removes.
    Delete,
}

/// One call of the API.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Version of the API that it belongs to: 2 or 3.
    pub version: u8,
    /// Its path below `/api/{version}.0/mlflow/`.
    pub path: &'static str,
    /// Most bytes that its body may have.
    pub limit: usize,
    /// Answers it.
    pub answer: fn(&Call<'_>) -> Answer,
}

/// Most bytes of a body, unless a route says otherwise: a dataset's profile may have 16 MB.
const LIMIT: usize = 32 << 20;

const fn route(method: Method, version: u8, path: &'static str, answer: fn(&Call<'_>) -> Answer) -> Route {
    Route { method, version, path, limit: LIMIT, answer }
}

const fn get(path: &'static str, answer: fn(&Call<'_>) -> Answer) -> Route {
    route(Method::Get, 2, path, answer)
}

const fn post(path: &'static str, answer: fn(&Call<'_>) -> Answer) -> Route {
    route(Method::Post, 2, path, answer)
}

const fn patch(path: &'static str, answer: fn(&Call<'_>) -> Answer) -> Route {
    route(Method::Patch, 2, path, answer)
}

const fn delete(path: &'static str, answer: fn(&Call<'_>) -> Answer) -> Route {
    route(Method::Delete, 2, path, answer)
}

impl Route {
    const fn v3(self) -> Route {
        Route { version: 3, ..self }
    }

    const fn limit(self, limit: usize) -> Route {
        Route { limit, ..self }
    }
}

/// All calls. Each is served below `/api` and below `/ajax-api`.
pub static ALL: &[Route] = &[
    post("experiments/create", experiments::create),
    get("experiments/get", experiments::get),
    get("experiments/get-by-name", experiments::get_by_name),
    post("experiments/search", experiments::search),
    get("experiments/search", experiments::search),
    get("experiments/list", experiments::search),
    post("experiments/update", experiments::update),
    post("experiments/delete", experiments::delete),
    post("experiments/restore", experiments::restore),
    post("experiments/set-experiment-tag", experiments::set_tag),
    post("experiments/delete-experiment-tag", experiments::delete_tag),
    post("experiments/search-datasets", datasets::search),
    post("runs/create", runs::create),
    get("runs/get", runs::get),
    post("runs/update", runs::update),
    post("runs/delete", runs::delete),
    post("runs/restore", runs::restore),
    post("runs/search", runs::search),
    post("runs/log-metric", logging::metric).limit(1 << 20),
    post("runs/log-parameter", logging::param).limit(1 << 20),
    post("runs/log-batch", logging::batch).limit(8 << 20),
    post("runs/set-tag", logging::set_tag).limit(1 << 20),
    post("runs/delete-tag", logging::delete_tag),
    post("runs/log-inputs", datasets::log_inputs),
    post("runs/outputs", datasets::log_outputs),
    post("runs/log-model", models::log_legacy),
    get("metrics/get-history", history::get),
    get("metrics/get-history-bulk", history::bulk),
    get("metrics/get-history-bulk-interval", history::interval),
    get("artifacts/list", artifacts::list),
    post("upload-artifact", artifacts::upload).limit(artifacts::UPLOAD_LIMIT + 1),
    post("logged-models", models::create),
    post("logged-models/search", models::search),
    get("logged-models/{model_id}", models::get),
    patch("logged-models/{model_id}", models::finish),
    delete("logged-models/{model_id}", models::delete),
    post("logged-models/{model_id}/params", models::log_params),
    patch("logged-models/{model_id}/tags", models::set_tags),
    delete("logged-models/{model_id}/tags/{tag_key}", models::delete_tag),
    get("logged-models/{model_id}/artifacts/directories", models::list_artifacts),
    post("registered-models/create", registry::create),
    get("registered-models/get", registry::get),
    post("registered-models/rename", registry::rename),
    patch("registered-models/update", registry::update),
    delete("registered-models/delete", registry::delete),
    get("registered-models/search", registry::search),
    get("registered-models/get-latest-versions", registry::latest),
    post("registered-models/get-latest-versions", registry::latest),
    post("registered-models/set-tag", registry::set_tag),
    delete("registered-models/delete-tag", registry::delete_tag),
    post("registered-models/alias", registry::set_alias),
    delete("registered-models/alias", registry::delete_alias),
    get("registered-models/alias", registry::by_alias),
    post("model-versions/create", versions::create),
    get("model-versions/get", versions::get),
    patch("model-versions/update", versions::update),
    delete("model-versions/delete", versions::delete),
    get("model-versions/search", versions::search),
    get("model-versions/get-download-uri", versions::uri),
    post("model-versions/transition-stage", versions::stage),
    post("model-versions/set-tag", versions::set_tag),
    delete("model-versions/delete-tag", versions::delete_tag),
    post("traces", traces::start).v3(),
    post("traces/search", traces::search).v3(),
    get("traces/get", traces::get_whole).v3(),
    get("traces/batchGet", traces::batch).v3(),
    post("traces/batchGetInfos", traces::batch_infos).v3(),
    post("traces/delete-traces", traces::delete).v3(),
    get("traces/{trace_id}", traces::get).v3(),
    patch("traces/{trace_id}/tags", traces::set_tag).v3(),
    route(Method::Delete, 3, "traces/{trace_id}/tags", traces::delete_tag),
    get("get-trace-artifact", traces::data).v3(),
    post("traces/{trace_id}/assessments", assessments::create).v3(),
    get("traces/{trace_id}/assessments/{assessment_id}", assessments::get).v3(),
    patch("traces/{trace_id}/assessments/{assessment_id}", assessments::update).v3(),
    route(Method::Delete, 3, "traces/{trace_id}/assessments/{assessment_id}", assessments::delete),
    post("traces/link-to-run", traces::link),
    post("traces/link-prompts", traces::link_prompts),
    post("traces/delete-traces", traces::delete),
    post("traces", traces_v2::start),
    get("traces", traces_v2::search),
    patch("traces/{trace_id}", traces_v2::end),
    get("traces/{trace_id}/info", traces_v2::get),
    patch("traces/{trace_id}/tags", traces::set_tag),
    delete("traces/{trace_id}/tags", traces::delete_tag),
    get("get-trace-artifact", traces::data),
    get("server-info", info::server).v3(),
    get("ui-telemetry", info::telemetry).v3(),
    post("traces/metrics", trace_metrics::query).v3(),
    post("datasets/search", info::none).v3(),
    get("datasets/search", info::none).v3(),
    get("scorers/list", info::none).v3(),
    get("gateway-proxy", info::no_gateway),
    get("assistant/config", info::no_assistant).v3(),
    get("assistant/providers", info::no_providers).v3(),
    post("graphql", crate::graphql::answer).limit(1 << 20),
];

pub(crate) use history::find_curves;
pub(crate) use locations::local;
pub(crate) use runs::find as find_runs;
pub(crate) use versions::find as find_versions;

/// Plain answers outside of the table.
pub use info::{API_VERSION, health, version};
/// Stores spans that come by OpenTelemetry's protocol, at `/v1/traces`.
pub use otlp::export;
