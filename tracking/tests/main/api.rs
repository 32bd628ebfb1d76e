//! What the API answers, field for field, and what it refuses.

use super::support::{answer, start};
use ironbook_tracking::api::{ALL, Method as Verb};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_as_mlflow_writes_it() {
    let server = start().await;
    let experiment =
        server.v2("experiments/create", json!({ "name": "e", "tags": [{ "key": "a", "value": "b" }] })).await;
    let id = experiment["experiment_id"].as_str().unwrap().to_owned();
    let body = json!({ "experiment_id": id, "run_name": "r", "start_time": 5, "user_id": "u", "tags": [{ "key": "t", "value": "" }] });
    let made = server.v2("runs/create", body).await;
    let run = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    for (key, value, timestamp, step) in [
        ("m", json!(1), json!(3), json!(2)),
        ("n", json!("NaN"), json!("3"), json!(null)),
        ("i", json!("Infinity"), json!(3.0), json!("0")),
    ] {
        server
            .v2(
                "runs/log-metric",
                json!({ "run_id": run, "key": key, "value": value, "timestamp": timestamp, "step": step }),
            )
            .await;
    }
    server.v2("runs/log-parameter", json!({ "run_uuid": run, "key": "p", "value": "" })).await;
    let data = json!({ "name": "d", "digest": "x", "source_type": "local", "source": "{}" });
    let input = json!({ "tags": [{ "key": "mlflow.data.context", "value": "train" }], "dataset": data });
    server.v2("runs/log-inputs", json!({ "run_id": run, "datasets": [input] })).await;
    server.v2("runs/update", json!({ "run_id": run, "status": "FINISHED", "end_time": "9" })).await;
    let (_, found) = server.get(&format!("/ajax-api/2.0/mlflow/runs/get?run_id={run}")).await;
    // What MLflow 3.17.2 answers to these calls, with lists sorted by name.
    let expected = json!({ "run": {
        "info": {
            "run_uuid": run, "experiment_id": id, "run_name": "r", "user_id": "u", "status": "FINISHED", "start_time": 5,
            "end_time": 9, "artifact_uri": format!("mlflow-artifacts:/{id}/{run}/artifacts"), "lifecycle_stage": "active", "run_id": run,
        },
        "data": {
            "metrics": [
                { "key": "i", "value": f64::MAX, "timestamp": 3, "step": 0 },
                { "key": "m", "value": 1.0, "timestamp": 3, "step": 2 },
                { "key": "n", "value": "NaN", "timestamp": 3, "step": 0 },
            ],
            "params": [{ "key": "p", "value": "" }],
            "tags": [{ "key": "mlflow.runName", "value": "r" }, { "key": "t", "value": "" }],
        },
        "inputs": { "dataset_inputs": [{ "tags": [{ "key": "mlflow.data.context", "value": "train" }], "dataset": data }] },
        "outputs": {},
    } });
    assert_eq!(found, expected);
    let (_, history) = server.get(&format!("/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m")).await;
    assert_eq!(history, json!({ "metrics": [{ "key": "m", "value": 1.0, "timestamp": 3, "step": 2 }] }));
    assert_eq!(
        server.get(&format!("/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=none")).await.1,
        json!({})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_say_which_field() {
    let server = start().await;
    let run = server.new_run().await;
    let cases: Vec<(&str, Value, &str)> = vec![
        ("runs/log-metric", json!({ "run_id": run, "key": "m", "value": 1 }), "'timestamp'"),
        ("runs/log-metric", json!({ "run_id": run, "key": "m", "value": true, "timestamp": 1 }), "'value'"),
        ("runs/log-metric", json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1.5 }), "'timestamp'"),
        ("runs/log-metric", json!({ "key": "m", "value": 1, "timestamp": 1 }), "'run_id'"),
        (
            "runs/log-batch",
            json!({ "run_id": run, "metrics": [{ "key": "m", "value": 1, "timestamp": 1 }, { "key": "m", "timestamp": 1 }] }),
            "'metrics[1].value'",
        ),
        ("runs/log-batch", json!({ "run_id": run, "params": [{ "value": "1" }] }), "'params[0].key'"),
        ("runs/log-batch", json!({ "run_id": run, "tags": "t" }), "'tags'"),
        ("runs/create", json!({ "experiment_id": 0 }), "'experiment_id'"),
        ("runs/update", json!({ "run_id": run, "status": "NOPE" }), "'status'"),
        ("runs/search", json!({ "experiment_ids": ["0"], "max_results": 60_000 }), "'max_results'"),
        ("experiments/create", json!({ "name": "" }), "'name'"),
        ("experiments/create", json!(["x"]), "object"),
    ];
    for (path, body, names) in cases {
        let (status, answer) = server.post(&format!("/api/2.0/mlflow/{path}"), body.clone()).await;
        assert_eq!(
            (status, answer["error_code"].as_str()),
            (400, Some("INVALID_PARAMETER_VALUE")),
            "{path} {body}: {answer}"
        );
        assert!(answer["message"].as_str().unwrap().contains(names), "{path} {body}: {answer}");
    }
    assert_eq!(server.get("/api/2.0/mlflow/runs/get?run_id=none").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_of_batches_are_bounded() {
    let server = start().await;
    let run = server.new_run().await;
    let points =
        |n: usize| (0..n).map(|i| json!({ "key": "m", "value": i, "timestamp": i, "step": i })).collect::<Vec<_>>();
    let pairs = |n: usize| (0..n).map(|i| json!({ "key": format!("k{i}"), "value": "v" })).collect::<Vec<_>>();
    let batch = |m: usize, p: usize, t: usize| json!({ "run_id": run, "metrics": points(m), "params": pairs(p), "tags": pairs(t), "who": { "knows": [1] } });
    for (m, p, t, status) in [
        (1000, 0, 0, 200),
        (800, 100, 100, 200),
        (1001, 0, 0, 400),
        (0, 101, 0, 400),
        (0, 0, 101, 400),
        (950, 51, 0, 400),
    ] {
        assert_eq!(server.post("/api/2.0/mlflow/runs/log-batch", batch(m, p, t)).await.0, status, "{m} {p} {t}");
    }
    let huge = server
        .ask(Method::POST, "/api/2.0/mlflow/runs/log-batch")
        .header("content-type", "application/json")
        .body(vec![b' '; 9 << 20]);
    assert_eq!(answer(huge.send().await.unwrap()).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_routes_and_wrong_methods() {
    let server = start().await;
    let (status, answer) = server.get("/api/3.0/mlflow/no/such").await;
    assert_eq!((status, answer["error_code"].as_str()), (404, Some("ENDPOINT_NOT_FOUND")));
    let wrong = server.ask(Method::PUT, "/api/2.0/mlflow/runs/get").send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    let typeless = server.ask(Method::POST, "/api/2.0/mlflow/runs/create").body("{}").send().await.unwrap();
    assert_eq!(typeless.status(), 400, "a body that does not say that it is JSON");
    let form = server
        .ask(Method::POST, "/api/2.0/mlflow/runs/create")
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(form.status(), 400);
}

/// No route panics or fails inside, whatever it is given.
#[tokio::test(flavor = "multi_thread")]
async fn no_route_breaks_on_nonsense() {
    let server = start().await;
    let bodies = [
        "",
        "{}",
        "null",
        "[]",
        "{",
        "\"{}\"",
        r#"{"run_id":[],"name":{},"metrics":[[]],"trace":1,"locations":[{}],"experiment_ids":["x"]}"#,
        r#"{"filter":"((","order_by":["x y z"],"page_token":"!!"}"#,
    ];
    for route in ALL {
        let path = route.path.replace('{', "%7B").replace('}', "%7D");
        let path = format!("/api/{}.0/mlflow/{path}", route.version);
        for body in bodies {
            let (method, path) = match route.method {
                Verb::Get => (Method::GET, format!("{path}?run_id={body}&name=&max_results={body}")),
                Verb::Post => (Method::POST, path.clone()),
                Verb::Patch => (Method::PATCH, path.clone()),
                Verb::Delete => (Method::DELETE, path.clone()),
            };
            let request = server.ask(method, &path).header("content-type", "application/json").body(body);
            let (status, answer) = answer(request.send().await.unwrap()).await;
            assert!(status < 500 || status == 501, "{path} {body}: {status} {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_repeat_names() {
    let server = start().await;
    let runs = [server.new_run().await, server.new_run().await];
    for run in &runs {
        let points: Vec<Value> =
            (0..500).map(|i| json!({ "key": "m", "value": i, "timestamp": i, "step": i })).collect();
        server.v2("runs/log-batch", json!({ "run_id": run, "metrics": points })).await;
    }
    let path = format!(
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={}&run_ids={}&metric_key=m&max_results=10&start_step=0&end_step=499",
        runs[0], runs[1]
    );
    let (status, found) = server.get(&path).await;
    assert_eq!(status, 200, "{found}");
    for run in &runs {
        let steps: Vec<i64> = found["metrics"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|m| m["run_id"] == run.as_str())
            .map(|m| m["step"].as_i64().unwrap())
            .collect();
        assert!(steps.contains(&0) && steps.contains(&499) && steps.len() < 50, "{steps:?}");
    }
    let path = format!(
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id={}&run_id={}&metric_key=m&max_results=700",
        runs[0], runs[1]
    );
    assert_eq!(server.get(&path).await.1["metrics"].as_array().unwrap().len(), 700);
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_answers_what_is_asked() {
    let server = start().await;
    let run = server.new_run().await;
    server.v2("runs/log-metric", json!({ "run_id": run, "key": "m", "value": "NaN", "timestamp": 3 })).await;
    let query = "query GetRun($data: MlflowGetRunInput!) @component(name: \"x\") { mlflowGetRun(input: $data) { apiError { code } run { info { runUuid endTime } experiment { name } modelVersions { version } data { metrics { key value step } } } } }";
    let (status, found) =
        server.post("/graphql", json!({ "query": query, "variables": { "data": { "runUuid": run } } })).await;
    assert_eq!(status, 200);
    assert_eq!(
        found,
        json!({ "errors": null, "data": { "mlflowGetRun": { "apiError": null, "run": {
        "info": { "runUuid": run, "endTime": "0" }, "experiment": { "name": "Default" }, "modelVersions": [],
        "data": { "metrics": [{ "key": "m", "value": null, "step": "0" }] },
    } } } })
    );
    let (_, none) =
        server.post("/graphql", json!({ "query": query, "variables": { "data": { "runUuid": "none" } } })).await;
    assert!(none["data"]["mlflowGetRun"].is_null() && none["errors"][0].as_str().unwrap().contains("none"), "{none}");
    let (_, wrong) = server.post("/graphql", json!({ "query": "{ mlflowGetRun(input: {}) { nothing } }" })).await;
    assert!(wrong["errors"].is_array(), "{wrong}");
}
