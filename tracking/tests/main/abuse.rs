//! What clients ask for that must not be done, or not be lost.

use super::support::{answer, start};
use ironbook_store::{SqliteStore, Store};
use ironbook_tracking::server::{Guard, Page, Server, State};
use reqwest::Method;
use serde_json::json;
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread")]
async fn clients_name_no_place_of_the_servers_machine() {
    let server = start().await;
    for place in ["/etc", "file:///etc", "etc", "mlflow-artifacts:/.%2e/.%2e/x"] {
        let (status, told) = server
            .post(
                "/api/2.0/mlflow/experiments/create",
                json!({ "name": place.replace(['/', ':'], "-"), "artifact_location": place }),
            )
            .await;
        assert_eq!((status, told["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{place}: {told}");
    }
    server.v2("experiments/create", json!({ "name": "elsewhere", "artifact_location": "s3://bucket/x" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_with_percent_signs_stay() {
    let server = start().await;
    for (sent, name) in [("50%2525.txt", "50%25.txt"), ("a%23b", "a#b"), ("step%3A1", "step:1")] {
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/0/n/{sent}");
        assert_eq!(server.ask(Method::PUT, &path).body(name).send().await.unwrap().status(), 200, "{name}");
        let got = server.ask(Method::GET, &path).send().await.unwrap().text().await.unwrap();
        assert_eq!(got, name);
        let (_, listed) = server.get("/api/2.0/mlflow-artifacts/artifacts?path=0/n").await;
        assert_eq!(listed["files"][0]["path"], name);
        assert_eq!(server.ask(Method::DELETE, &path).send().await.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_models_is_never_broken() {
    const TAG: &str = "mlflow.log-model.history";
    let server = start().await;
    let run = server.new_run().await;
    let log = async |artifact: &str| {
        let model = json!({ "artifact_path": artifact, "flavors": {}, "utc_time_created": "x", "run_id": run });
        let body = json!({ "run_id": run, "model_json": model.to_string() });
        server.post("/api/2.0/mlflow/runs/log-model", body).await.0
    };
    let tag = async || {
        let (_, found) = server.get(&format!("/api/2.0/mlflow/runs/get?run_id={run}")).await;
        let tags = found["run"]["data"]["tags"].as_array().unwrap().clone();
        tags.iter().find(|tag| tag["key"] == TAG).unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(log("a").await, 200);
    assert_eq!(log(&"b".repeat(9000)).await, 400);
    assert_eq!(log("c").await, 200);
    let kept: Vec<serde_json::Value> = serde_json::from_str(&tag().await).unwrap();
    assert_eq!(kept.len(), 2);
    server.v2("runs/set-tag", json!({ "run_id": run, "key": TAG, "value": "[{" })).await;
    assert_eq!(log("d").await, 400);
    assert_eq!(tag().await, "[{");
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_for_a_run_that_is_not_there_are_not_stored() {
    let server = start().await;
    let span = json!({
        "traceId": "cd".repeat(16), "spanId": "ef".repeat(8), "name": "s", "startTimeUnixNano": "1", "endTimeUnixNano": "2",
    });
    let send = |spans: serde_json::Value| {
        let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
        let request = server.ask(Method::POST, "/v1/traces").header("x-mlflow-experiment-id", "0");
        request.header("x-mlflow-run-id", "0".repeat(32)).json(&body).send()
    };
    assert_eq!(send(json!([span])).await.unwrap().status(), 404);
    let (status, _) = server.get(&format!("/api/3.0/mlflow/traces/tr-{}", "cd".repeat(16))).await;
    assert_eq!(status, 404);
    assert_eq!(send(json!(vec![span; 10_001])).await.unwrap().status(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_times_are_refused() {
    let server = start().await;
    for ms in [i64::MAX, i64::MIN, 253_402_300_800_000] {
        let (status, told) =
            server.post("/api/2.0/mlflow/traces", json!({ "experiment_id": "0", "timestamp_ms": ms })).await;
        assert_eq!(status, 400, "{told}");
    }
    let begun = server.v2("traces", json!({ "experiment_id": "0", "timestamp_ms": 1000 })).await;
    let path = format!("/api/2.0/mlflow/traces/{}", begun["trace_info"]["request_id"].as_str().unwrap());
    let end = json!({ "timestamp_ms": i64::MIN, "status": "OK" });
    assert_eq!(answer(server.ask(Method::PATCH, &path).json(&end).send().await.unwrap()).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_upload_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path()).unwrap());
    let told = Arc::new(Mutex::new(Vec::new()));
    let state = State::new(store, None, Guard::local(), Page::None).report({
        let told = Arc::clone(&told);
        move |problem| told.lock().unwrap().push(problem.to_owned())
    });
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), state).await.unwrap();
    let path = format!("http://{}/api/2.0/mlflow-artifacts/artifacts/x", server.address());
    let running = tokio::spawn(server.run(std::future::pending()));
    assert_eq!(reqwest::Client::new().put(path).body("x").send().await.unwrap().status(), 503);
    assert_eq!(told.lock().unwrap().len(), 1);
    running.abort();
}
