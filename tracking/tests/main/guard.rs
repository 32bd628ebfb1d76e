//! Who may call, over real connections.

use super::support::{Options, start, start_with};
use ironbook_tracking::server::{Credentials, Guard, Page, Server, StartError, State};
use reqwest::Method;

const PATH: &str = "/api/2.0/mlflow/experiments/get?experiment_id=0";

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_asked() {
    let credentials = Credentials::default().token("secret").users("ann:word").unwrap();
    let server = start_with(Options { guard: Guard { credentials, ..Guard::local() }, ..Options::default() }).await;
    let status = async |with: &dyn Fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder| {
        with(server.ask(Method::GET, PATH)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(&|r| r).await, 401);
    assert_eq!(status(&|r| r.bearer_auth("wrong")).await, 401);
    assert_eq!(status(&|r| r.basic_auth("ann", Some("wrong"))).await, 401);
    assert_eq!(status(&|r| r.bearer_auth("secret")).await, 200);
    assert_eq!(status(&|r| r.basic_auth("ann", Some("word"))).await, 200);
    let asked = server.ask(Method::GET, PATH).send().await.unwrap();
    assert_eq!(asked.headers()["www-authenticate"], "Basic realm=\"ironbook\"");
    for open in ["/health", "/version"] {
        assert_eq!(server.get(open).await.0, 200);
    }
    for closed in ["/", "/get-artifact?run_id=x&path=y", "/v1/traces", "/graphql", "/no/such"] {
        assert_eq!(server.get(closed).await.0, 401, "{closed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_are_refused() {
    let server = start().await;
    let strange = server.ask(Method::GET, PATH).header("host", "evil.example").send().await.unwrap();
    assert_eq!(strange.status(), 403);
    let create = |origin: &str| {
        let request = server.ask(Method::POST, "/api/2.0/mlflow/runs/create").header("origin", origin);
        request.header("content-type", "application/json").body("{}").send()
    };
    assert_eq!(create("https://evil.example").await.unwrap().status(), 403);
    assert_eq!(create("null").await.unwrap().status(), 403);
    assert_eq!(create("http://localhost:8888").await.unwrap().status(), 200);
    let preflight = |origin: &str| server.ask(Method::OPTIONS, PATH).header("origin", origin).send();
    let local = preflight("http://localhost:8888").await.unwrap();
    assert_eq!(local.headers()["access-control-allow-origin"], "http://localhost:8888");
    assert!(preflight("https://evil.example").await.unwrap().headers().get("access-control-allow-origin").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_server_must_be_meant() {
    let directory = tempfile::tempdir().unwrap();
    let state = |guard| {
        let store = std::sync::Arc::new(ironbook_store::SqliteStore::open(directory.path()).unwrap());
        State::new(store, None, guard, Page::None)
    };
    let anywhere = "0.0.0.0:0".parse().unwrap();
    let refused = Server::bind(anywhere, state(Guard::default())).await.err().unwrap();
    assert!(matches!(refused, StartError::Open(_)), "{refused}");
    assert!(Server::bind(anywhere, state(Guard { allow_remote: true, ..Guard::default() })).await.is_ok());
    let asks = Guard { credentials: Credentials::default().token("t"), ..Guard::default() };
    assert!(Server::bind(anywhere, state(asks)).await.is_ok());
}
