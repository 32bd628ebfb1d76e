//! Traces: by OpenTelemetry's protocol in both encodings, and by MLflow's API in both versions.

use super::support::{answer, start};
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};

/// The messages as a client would have them, written anew: what is read must not depend on our own reading.
#[derive(Clone, PartialEq, Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<Resource>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<Scope>,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(fixed64, tag = "7")]
    start: u64,
    #[prost(fixed64, tag = "8")]
    end: u64,
}

const START: u64 = 1_700_000_000_000_000_000;

fn export(trace: u8) -> Vec<u8> {
    let span = |id: u8, parent: Option<u8>, name: &str| Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        parent_span_id: parent.map(|p| vec![p; 8]).unwrap_or_default(),
        name: name.to_owned(),
        start: START + u64::from(id - 1),
        end: START + 1_500_000_000,
    };
    let spans = vec![span(1, None, "outer"), span(2, Some(1), "inner")];
    Export { resource_spans: vec![Resource { scope_spans: vec![Scope { spans }] }] }.encode_to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_come_by_protobuf() {
    let server = start().await;
    let send = |kind: &str, body: Vec<u8>| {
        server
            .ask(Method::POST, "/v1/traces")
            .header("content-type", kind)
            .header("x-mlflow-experiment-id", "0")
            .body(body)
            .send()
    };
    let sent = send("application/x-protobuf", export(0xab)).await.unwrap();
    assert_eq!(sent.status(), 200);
    let id = format!("tr-{}", "ab".repeat(16));
    let (status, found) = server.get(&format!("/api/3.0/mlflow/traces/get?trace_id={id}")).await;
    assert_eq!(status, 200, "{found}");
    let trace = &found["trace"];
    assert_eq!(trace["trace_info"]["execution_duration"], "1.500s");
    assert_eq!(trace["trace_info"]["tags"]["mlflow.trace.spansLocation"], "TRACKING_STORE");
    assert_eq!(trace["spans"][1]["name"], "inner");
    assert_eq!(trace["spans"][1]["parent_span_id"], trace["spans"][0]["span_id"]);
    assert_eq!(trace["spans"][0]["start_time_unix_nano"], START);
    let (_, data) = server.get(&format!("/ajax-api/2.0/mlflow/get-trace-artifact?request_id={id}")).await;
    assert_eq!(data["spans"].as_array().unwrap().len(), 2);
    for (kind, body) in [
        ("text/plain", export(1)),
        ("application/x-protobuf", vec![0xff; 30]),
        ("application/json", b"{".to_vec()),
        ("application/x-protobuf", Vec::new()),
    ] {
        let (status, told) = answer(send(kind, body).await.unwrap()).await;
        assert_eq!((status, told["error_code"].as_str()), (400, Some("BAD_REQUEST")), "{kind}: {told}");
    }
    let packed = server
        .ask(Method::POST, "/v1/traces")
        .header("content-type", "application/x-protobuf")
        .header("content-encoding", "gzip");
    let packed = packed.header("x-mlflow-experiment-id", "0").body(export(2)).send().await.unwrap();
    assert_eq!(packed.status(), 415);
    let nowhere =
        server.ask(Method::POST, "/v1/traces").header("content-type", "application/x-protobuf").body(export(2));
    assert_eq!(nowhere.send().await.unwrap().status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_come_by_json() {
    let server = start().await;
    let attributes = json!([
        { "key": "int", "value": { "intValue": "5" } }, { "key": "text", "value": { "stringValue": "a\"b" } },
        { "key": "list", "value": { "arrayValue": { "values": [{ "boolValue": true }, { "doubleValue": 1.5 }] } } },
        { "key": "map", "value": { "kvlistValue": { "values": [{ "key": "k", "value": { "stringValue": "v" } }] } } },
        { "key": "mlflow.spanType", "value": { "stringValue": "TOOL" } },
    ]);
    let event = json!({ "name": "e", "timeUnixNano": START.to_string(), "attributes": [{ "key": "x", "value": { "intValue": 1 } }] });
    let span = json!({
        "traceId": "CD".repeat(16), "spanId": "ef".repeat(8), "name": "s", "startTimeUnixNano": START.to_string(),
        "endTimeUnixNano": START, "attributes": attributes, "events": [event], "status": { "code": 2, "message": "bad" },
        "links": [{ "traceId": "ab".repeat(16), "spanId": "12".repeat(8) }],
    });
    let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] });
    let sent =
        server.ask(Method::POST, "/v1/traces").header("x-mlflow-experiment-id", "0").json(&body).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let id = format!("tr-{}", "cd".repeat(16));
    let (_, found) = server.get(&format!("/api/3.0/mlflow/traces/get?trace_id={id}")).await;
    let span = &found["trace"]["spans"][0];
    let value =
        |key: &str| span["attributes"].as_array().unwrap().iter().find(|a| a["key"] == key).unwrap()["value"].clone();
    assert_eq!(value("int"), json!({ "int_value": 5 }));
    assert_eq!(value("text"), json!({ "string_value": "a\"b" }));
    assert_eq!(
        value("list"),
        json!({ "array_value": { "values": [{ "bool_value": true }, { "double_value": 1.5 }] } })
    );
    assert_eq!(
        value("map"),
        json!({ "kvlist_value": { "values": [{ "key": "k", "value": { "string_value": "v" } }] } })
    );
    assert_eq!(span["status"], json!({ "message": "bad", "code": "STATUS_CODE_ERROR" }));
    assert_eq!(span["events"][0]["attributes"], json!([{ "key": "x", "value": { "int_value": 1 } }]));
    assert_eq!(span["links"][0]["span_id"], "EhISEhISEhI=");
    assert_eq!(found["trace"]["trace_info"]["state"], "ERROR");
}

fn info(id: &str) -> Value {
    json!({ "trace": { "trace_info": {
        "trace_id": id, "trace_location": { "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": "0" } },
        "request_time": "2026-03-01T12:00:00.250Z", "execution_duration": "1.5s", "state": "OK", "request_preview": "q",
        "trace_metadata": { "a": "b" }, "tags": { "mlflow.traceName": "n" },
    } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_and_what_is_said_about_them() {
    let server = start().await;
    let id = format!("tr-{}", "0a".repeat(16));
    let (status, made) = server.post("/api/3.0/mlflow/traces", info(&id)).await;
    assert_eq!(status, 200, "{made}");
    let of = &made["trace"]["trace_info"];
    assert_eq!(
        (of["execution_duration"].as_str(), of["request_time"].as_str()),
        (Some("1.500s"), Some("2026-03-01T12:00:00.250Z"))
    );
    assert_eq!(of["tags"]["mlflow.artifactLocation"], format!("mlflow-artifacts:/0/traces/{id}/artifacts"));
    let said = json!({ "assessment": { "assessment_name": "ok", "source": { "source_type": "HUMAN", "source_id": "me" }, "feedback": { "value": true } } });
    let (status, said) = server.post(&format!("/api/3.0/mlflow/traces/{id}/assessments"), said).await;
    assert_eq!((status, said["assessment"]["valid"].as_bool()), (200, Some(true)), "{said}");
    let path =
        format!("/api/3.0/mlflow/traces/{id}/assessments/{}", said["assessment"]["assessment_id"].as_str().unwrap());
    let change =
        json!({ "assessment": { "rationale": "because", "feedback": { "value": false } }, "update_mask": "rationale" });
    let (_, changed) = answer(server.ask(Method::PATCH, &path).json(&change).send().await.unwrap()).await;
    assert_eq!(changed["assessment"]["rationale"], "because");
    assert_eq!(changed["assessment"]["feedback"]["value"], true, "what the mask does not name stays");
    let tags = format!("/api/3.0/mlflow/traces/{id}/tags");
    let own = json!({ "key": "mlflow.trace.spansLocation", "value": "x" });
    assert_eq!(server.ask(Method::PATCH, &tags).json(&own).send().await.unwrap().status(), 400);
    let place = json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": "0" } });
    let (_, found) = server.post("/api/3.0/mlflow/traces/search", json!({ "locations": [place] })).await;
    assert_eq!(found["traces"][0]["assessments"][0]["assessment_name"], "ok");
    let (_, old) = server.get(&format!("/api/2.0/mlflow/traces/{id}/info")).await;
    assert_eq!(
        (old["trace_info"]["timestamp_ms"].as_i64(), old["trace_info"]["execution_time_ms"].as_i64()),
        (Some(1_772_366_400_250), Some(1500))
    );
    let count = json!({ "experiment_ids": ["0"], "view_type": "TRACES", "metric_name": "trace_count", "aggregations": [{ "aggregation_type": "COUNT" }] });
    let (_, counted) = server.post("/ajax-api/3.0/mlflow/traces/metrics", count).await;
    assert_eq!(counted, json!({ "data_points": [{ "metric_name": "trace_count", "values": { "COUNT": 1.0 } }] }));
    let (status, _) = server.post("/api/3.0/mlflow/traces/delete-traces", json!({ "experiment_id": "0" })).await;
    assert_eq!(status, 400, "it must be said which");
    let (_, gone) =
        server.post("/api/3.0/mlflow/traces/delete-traces", json!({ "experiment_id": "0", "request_ids": [id] })).await;
    assert_eq!(gone, json!({ "traces_deleted": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn older_clients_start_and_end_traces() {
    let server = start().await;
    let begun = json!({ "experiment_id": "0", "timestamp_ms": 1000, "request_metadata": [{ "key": "a", "value": "b" }], "tags": [] });
    let begun = server.v2("traces", begun).await;
    let id = begun["trace_info"]["request_id"].as_str().unwrap().to_owned();
    assert_eq!(begun["trace_info"]["status"], "IN_PROGRESS");
    let end = json!({ "timestamp_ms": 1250, "status": "OK", "request_metadata": [{ "key": "c", "value": "d" }] });
    let (status, ended) =
        answer(server.ask(Method::PATCH, &format!("/api/2.0/mlflow/traces/{id}")).json(&end).send().await.unwrap())
            .await;
    assert_eq!((status, ended["trace_info"]["execution_time_ms"].as_i64()), (200, Some(250)), "{ended}");
    assert_eq!(ended["trace_info"]["request_metadata"].as_array().unwrap().len(), 2);
    let (_, found) = server.get("/api/2.0/mlflow/traces?experiment_ids=0").await;
    assert_eq!(found["traces"][0]["request_id"], id.as_str());
}
