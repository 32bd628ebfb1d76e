//! Who may ask.

use crate::support::{classifier, options, split, start, start_with};
use ironbook_serve::{ApiKey, Options};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_asked_for_where_it_matters() {
    let server = start_with(&classifier(2), Options { key: Some(ApiKey::new("k")), ..options() });
    for path in ["/invocations", "/predict", "/v2/models/flights/infer"] {
        let response = server.ask(Method::POST, path).json(&split()).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers()["www-authenticate"].to_str().unwrap()),
            (401, "Bearer")
        );
    }
    for path in ["/metrics", "/openapi.json", "/v2/models/flights", "/v2"] {
        assert_eq!(server.get(path).await.0, 401, "{path}");
    }
    for path in ["/", "/ping", "/health", "/version", "/page.js", "/v2/health/ready"] {
        assert_eq!(server.get(path).await.0, 200, "{path}");
    }
    let with =
        |name: &str, value: &str| server.ask(Method::POST, "/invocations").header(name, value).json(&split()).send();
    assert_eq!(with("authorization", "Bearer k").await.unwrap().status(), 200);
    assert_eq!(with("x-api-key", "k").await.unwrap().status(), 200);
    assert_eq!(with("x-api-key", "l").await.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_pages_and_names_are_refused() {
    let server = start(&classifier(2));
    let evil = server.ask(Method::POST, "/invocations").header("origin", "https://evil.example").json(&split());
    assert_eq!(evil.send().await.unwrap().status(), 403);
    let renamed = server.ask(Method::GET, "/metrics").header("host", "evil.example");
    assert_eq!(renamed.send().await.unwrap().status(), 403);
}
