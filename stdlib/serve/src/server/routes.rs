//! From paths to routes.

use super::refusal::{Refusal, Words};
use super::score::{infer, invocations, predict};
use super::state::Shared;
use crate::metrics::Beside;
use crate::page;
use crate::served::Served;
use crate::wire::oip::{PREDICTION, PROBABILITY};
use crate::wire::write::datatype;
use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};
use ironbook_data::Kind;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Everything that the server answers.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/invocations", post(invocations))
        .route("/predict", post(predict))
        .route("/ping", get(ping))
        .route("/health", get(ping))
        .route("/version", get(|| async { plain(env!("CARGO_PKG_VERSION"), "application/json") }))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .route("/", get(|| async { page::index() }))
        .route("/page.js", get(|| async { page::script() }))
        .route("/page.css", get(|| async { page::style() }))
        .route("/favicon.ico", get(|| async { page::icon() }))
        .route("/v2", get(server))
        .route("/v2/health/live", get(|| async { json_of(&json!({ "live": true })) }))
        .route("/v2/health/ready", get(ready))
        .route("/v2/models/{model}", get(model))
        .route("/v2/models/{model}/ready", get(model_ready))
        .route("/v2/models/{model}/infer", post(model_infer))
        .route("/v2/models/{model}/versions/{version}", get(model))
        .route("/v2/models/{model}/versions/{version}/ready", get(model_ready))
        .route("/v2/models/{model}/versions/{version}/infer", post(model_infer))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .with_state(shared)
}

fn words(path: &str) -> Words {
    if path.starts_with("/v2") { Words::Oip } else { Words::Mlflow }
}

async fn nowhere(request: Request) -> Response<Body> {
    let path = request.uri().path();
    Refusal::Nowhere(format!("There is no endpoint '{path}' here.")).response(words(path))
}

async fn wrong_method(request: Request) -> Response<Body> {
    let path = request.uri().path();
    Refusal::Method(format!("'{path}' does not take {}.", request.method())).response(words(path))
}

fn plain(text: impl Into<Body>, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn json_of(value: &Value) -> Response<Body> {
    plain(value.to_string(), "application/json")
}

/// As MLflow answers; a server that is being stopped gets no new work from whoever asks this.
async fn ping(State(shared): State<Shared>) -> Response<Body> {
    if shared.stopping.load(Ordering::Relaxed) {
        return Refusal::Stopping.response(Words::Mlflow);
    }
    plain("\n", "application/json")
}

async fn ready(State(shared): State<Shared>) -> Response<Body> {
    let ready = !shared.stopping.load(Ordering::Relaxed);
    let mut response = json_of(&json!({ "ready": ready }));
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

async fn metrics(State(shared): State<Shared>) -> Response<Body> {
    let served = shared.slot.get();
    let log = shared.log.as_ref().map(|log| {
        let counts = log.counts();
        [&counts.written, &counts.lost, &counts.files].map(|count| count.load(Ordering::Relaxed))
    });
    let text = shared.metrics.text(&Beside { model: &served.name, version: &served.version, log });
    plain(text, "text/plain; version=0.0.4; charset=utf-8")
}

async fn openapi(State(shared): State<Shared>) -> Response<Body> {
    json_of(&page::openapi(&shared.slot.get(), shared.guard.key.is_some()))
}

async fn server() -> Response<Body> {
    json_of(&json!({
        "name": "ironbook",
        "version": env!("CARGO_PKG_VERSION"),
        "extensions": ["binary_tensor_data"],
    }))
}

/// What is served, if it is the model and the version that a path names. Who asks it asks this one, also when another one is
/// put in place meanwhile.
fn named(shared: &Shared, path: &RawPathParams) -> Result<Arc<Served>, Refusal> {
    let part = |name: &str| path.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
    let served = shared.slot.get();
    let model = part("model").unwrap_or_default();
    if model != served.name {
        return Err(Refusal::Nowhere(format!("the model '{model}' is not served here, '{}' is", served.name)));
    }
    match part("version") {
        Some(version) if version != served.version => {
            let told = format!("version {version} of '{model}' is not served here, version {} is", served.version);
            Err(Refusal::Nowhere(told))
        }
        _ => Ok(served),
    }
}

async fn model_infer(State(shared): State<Shared>, path: RawPathParams, request: Request) -> Response<Body> {
    match named(&shared, &path) {
        Ok(served) => infer(&shared, &served, request).await,
        Err(refusal) => refusal.response(Words::Oip),
    }
}

async fn model_ready(State(shared): State<Shared>, path: RawPathParams) -> Response<Body> {
    match named(&shared, &path) {
        Ok(served) => json_of(&json!({ "name": served.name, "ready": true })),
        Err(refusal) => refusal.response(Words::Oip),
    }
}

/// The tensors that the model takes and gives.
async fn model(State(shared): State<Shared>, path: RawPathParams) -> Response<Body> {
    let served = match named(&shared, &path) {
        Ok(served) => served,
        Err(refusal) => return refusal.response(Words::Oip),
    };
    let signature = served.contract.signature();
    let input = |feature: &ironbook_learn::Feature| {
        let kind = if feature.kind == Kind::Numeric { "FP64" } else { "BYTES" };
        json!({ "name": feature.name, "datatype": kind, "shape": [-1] })
    };
    let inputs: Vec<Value> = signature.features.iter().map(input).collect();
    let labels = served.labels.as_deref();
    let mut outputs = vec![json!({ "name": PREDICTION, "datatype": datatype(labels, PREDICTION), "shape": [-1] })];
    if let Some(classes) = &signature.classes {
        let shape = [-1, classes.len() as i64];
        let parameters = json!({ "classes": classes.names().join(",") });
        outputs.push(json!({ "name": PROBABILITY, "datatype": "FP64", "shape": shape, "parameters": parameters }));
    }
    json_of(&json!({
        "name": served.name,
        "versions": [served.version],
        "platform": "ironbook",
        "inputs": inputs,
        "outputs": outputs,
    }))
}
