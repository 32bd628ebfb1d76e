//! From paths to routes.

use super::guard::watch;
use super::state::{Shared, blocking};
use crate::api::{self, Call, Method, Refusal, Route, download, proxy};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::{Response, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, get, on};
use ironbook_store::Code;
use std::time::Duration;

/// Most bytes of one request of spans.
const SPANS: usize = 16 << 20;

/// How long a whole body may take to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Spans come outside of the table: their path has no version of MLflow's API.
static EXPORT: Route = Route { method: Method::Post, version: 1, path: "traces", limit: SPANS, answer: api::export };

/// Everything that the server answers.
pub(super) fn router(shared: Shared) -> Router {
    let mut router = Router::new();
    for route in api::ALL {
        let filter = match route.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Patch => MethodFilter::PATCH,
            Method::Delete => MethodFilter::DELETE,
        };
        for prefix in ["api", "ajax-api"] {
            let path = format!("/{prefix}/{}.0/mlflow/{}", route.version, route.path);
            router = router.route(&path, on(filter, move |state, path, request| answer(route, state, path, request)));
        }
    }
    let graphql = api::ALL.iter().find(|route| route.path == "graphql");
    if let Some(route) = graphql {
        router = router.route("/graphql", on(MethodFilter::POST, move |s, p, r| answer(route, s, p, r)));
    }
    router = router.route("/v1/traces", on(MethodFilter::POST, |s, p, r| answer(&EXPORT, s, p, r)));
    for prefix in ["api", "ajax-api"] {
        let root = format!("/{prefix}/2.0/mlflow-artifacts/artifacts");
        let files = on(MethodFilter::GET, proxy_get).put(proxy_put).delete(proxy_delete);
        router = router.route(&root, get(proxy_list)).route(&format!("{root}/"), get(proxy_list));
        router = router.route(&format!("{root}/{{*path}}"), files);
        for version in ["2.0", "3.0"] {
            let path = format!("/{prefix}/{version}/mlflow/logged-models/{{model_id}}/artifacts/files");
            router = router.route(&path, get(model_file));
        }
    }
    router
        .route("/get-artifact", get(run_file))
        .route("/model-versions/get-artifact", get(version_file))
        .route("/health", get(|| async { api::health().response() }))
        .route("/version", get(|| async { api::version().response() }))
        .fallback(crate::ui::serve)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(shared.clone(), watch))
        .with_state(shared)
}

/// What a path is answered that leads nowhere: clients fall back to older calls when they see this code.
pub(crate) fn nowhere(path: &str) -> Response<Body> {
    Refusal::new(Code::EndpointNotFound, format!("There is no endpoint '{path}' here.")).reply().response()
}

async fn wrong_method(request: Request) -> Response<Body> {
    let message = format!("'{}' does not take {}.", request.uri().path(), request.method());
    let refusal =
        Refusal { status: StatusCode::METHOD_NOT_ALLOWED.as_u16(), ..Refusal::new(Code::BadRequest, message) };
    refusal.reply().response()
}

/// Answers a route of the table.
async fn answer(
    route: &'static Route,
    State(shared): State<Shared>,
    path: RawPathParams,
    request: Request,
) -> Response<Body> {
    let path: Vec<(String, String)> = path.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let (parts, body) = request.into_parts();
    let body = match whole(body, route.limit).await {
        Ok(body) => body,
        Err(refusal) => return refusal.reply().response(),
    };
    let call = |state: &super::State| {
        let query = parts.uri.query().unwrap_or_default();
        let call = Call { state, method: route.method, query, path: &path, headers: &parts.headers, body: &body };
        (route.answer)(&call)
    };
    blocking(&shared, call).await.unwrap_or_else(|refusal| refusal.reply()).response()
}

/// A whole body, up to a limit.
async fn whole(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let read = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, limit)).await.map_err(|_| {
        let message = format!("The body did not come within {} seconds.", PATIENCE.as_secs());
        Refusal { status: 408, ..Refusal::new(Code::BadRequest, message) }
    })?;
    read.map_err(|error| {
        let message = format!("The body could not be read, or is larger than {limit} bytes: {error}.");
        Refusal::new(Code::InvalidParameterValue, message)
    })
}

type Raw = Result<Response<Body>, Refusal>;

fn or_refuse(raw: Raw) -> Response<Body> {
    raw.unwrap_or_else(|refusal| refusal.reply().response())
}

fn query(request: &Request) -> String {
    request.uri().query().unwrap_or_default().to_owned()
}

/// The one part of the path that has a name.
fn part(path: &RawPathParams) -> String {
    path.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default()
}

async fn proxy_get(State(shared): State<Shared>, path: RawPathParams) -> Response<Body> {
    or_refuse(proxy::get(shared, part(&path)).await)
}

async fn proxy_list(State(shared): State<Shared>, request: Request) -> Response<Body> {
    or_refuse(proxy::list(shared, query(&request)).await)
}

async fn proxy_delete(State(shared): State<Shared>, path: RawPathParams) -> Response<Body> {
    or_refuse(proxy::delete(shared, part(&path)).await)
}

async fn proxy_put(State(shared): State<Shared>, path: RawPathParams, request: Request) -> Response<Body> {
    or_refuse(proxy::put(shared, part(&path), request.into_body()).await)
}

async fn run_file(State(shared): State<Shared>, request: Request) -> Response<Body> {
    or_refuse(download::of_run(shared, query(&request)).await)
}

async fn version_file(State(shared): State<Shared>, request: Request) -> Response<Body> {
    or_refuse(download::of_version(shared, query(&request)).await)
}

async fn model_file(State(shared): State<Shared>, path: RawPathParams, request: Request) -> Response<Body> {
    or_refuse(download::of_model(shared, part(&path), query(&request)).await)
}
