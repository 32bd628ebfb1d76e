//! Requests that are wrong, too large, too slow or too many, and models that fail.

use crate::support::{classifier, featured, options, record, split, start, start_own, start_with};
use ironbook_core::record::Mark;
use ironbook_data::Kind;
use ironbook_learn::{Feature, Signature};
use ironbook_serve::{Answers, Contract, Failure, Model, Options, Rows};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn fields(told: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    told["fields"].as_array().unwrap().iter().map(|field| (text(&field["field"]), text(&field["problem"]))).collect()
}

fn named(field: &str, problem: &str) -> (String, String) {
    (field.to_owned(), problem.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_that_is_wrong_is_named() {
    let server = start(&classifier(2));
    let body = json!({ "carrier": 5, "hour": "late", "extra": [1], "time": "yesterday" });
    let expected = [
        named("carrier", "wrong_type"),
        named("hour", "wrong_type"),
        named("extra", "unexpected"),
        named("time", "wrong_type"),
        named("distance", "missing"),
    ];
    let (status, told) = server.post("/predict", body.clone()).await;
    assert_eq!((status, fields(&told).as_slice()), (422, expected.as_slice()), "{told}");
    let message = told["message"].as_str().unwrap();
    for part in [
        "\"hour\" holds \"late\" in row 0, expected a number",
        "\"distance\" is missing in row 0",
        "\"extra\" is no column",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let (status, told) = server.post("/invocations", json!({ "dataframe_records": [record(), body] })).await;
    assert_eq!((status, told["fields"][0]["row"].as_i64()), (422, Some(1)));
    let columns =
        json!({ "inputs": { "carrier": ["UA", 5, true], "hour": [1, [2], 3], "distance": [1, 2, 3], "x": [1, 2, 3] } });
    let (status, told) = server.post("/invocations", columns).await;
    let expected = [
        named("carrier", "wrong_type"),
        named("hour", "wrong_type"),
        named("x", "unexpected"),
        named("time", "missing"),
    ];
    assert_eq!((status, fields(&told).as_slice()), (422, expected.as_slice()));
    assert_eq!((told["fields"][0]["row"].as_i64(), told["fields"][0]["rows"].as_i64()), (Some(1), Some(2)));
    let split =
        json!({ "dataframe_split": { "columns": ["hour", "hour", "carrier", "y"], "data": [[1, 2, "UA", 3]] } });
    let (status, told) = server.post("/invocations", split).await;
    let expected =
        [named("hour", "repeated"), named("y", "unexpected"), named("distance", "missing"), named("time", "missing")];
    assert_eq!((status, fields(&told).as_slice()), (422, expected.as_slice()));
    let csv = "hour,carrier,distance,time,z\nx,UA,1,2013-01-01,0\n,UA,1,2013-01-01,0\n";
    let (status, told) = server.send("/invocations", "text/csv", csv).await;
    assert_eq!(
        (status, fields(&told).as_slice()),
        (422, [named("z", "unexpected"), named("hour", "wrong_type")].as_slice())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_refuses_a_value_says_which() {
    use ironbook_features::{OneHot, Pipeline, Unknown};
    use ironbook_learn::{Fit, Gbdt};
    let steps = Pipeline::new().one_hot_with(["carrier"], OneHot::new().unknown(Unknown::Refuse));
    let model = steps.then(Gbdt::params().n_estimators(3)).fit(&crate::support::late()).unwrap();
    let server = start(&model);
    let mut row = record();
    row["carrier"] = json!("ZZ");
    let (status, told) = server.post("/predict", json!([record(), row])).await;
    assert_eq!((status, fields(&told).as_slice()), (422, [named("carrier", "refused")].as_slice()), "{told}");
    assert_eq!(told["fields"][0]["row"].as_i64(), Some(1));
    assert_eq!(start(&featured()).post("/predict", json!([record()])).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_json_is_refused_with_its_place() {
    let server = start(&classifier(2));
    let (status, told) =
        server.send("/invocations", "application/json", "{\"dataframe_split\":\n {\"columns\": [x]}}").await;
    assert_eq!((status, &told["error_code"]), (400, &json!("BAD_REQUEST")));
    assert_eq!(told["position"], json!({ "byte": 34, "line": 2, "column": 15 }));
    assert!(told["message"].as_str().unwrap().contains("line 2 column 15"));
    let (status, told) = server.send("/predict", "application/json", &b"[\"\xff\"]"[..]).await;
    assert_eq!((status, told["position"]["byte"].as_i64()), (400, Some(2)));
    for body in [
        json!({}),
        json!([]),
        json!(null),
        json!({ "dataframe_split": [] }),
        json!({ "dataframe_split": {} }),
        json!({ "dataframe_split": { "data": [[1]], "columns": ["hour"], "x": 1 } }),
        json!({ "dataframe_records": {} }),
        json!({ "instances": [[1, 2]] }),
        json!({ "instances": 5 }),
        json!({ "inputs": "x" }),
        json!({ "instances": [], "inputs": [] }),
        json!({ "inputs": { "hour": [1, 2], "distance": [1] } }),
        json!({ "instances": [], "params": [] }),
        json!({ "instances": [], "params": { "predict_method": "x" } }),
    ] {
        let (status, told) = server.post("/invocations", body.clone()).await;
        assert_eq!((status, &told["error_code"]), (400, &json!("BAD_REQUEST")), "{body}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_types_and_large_bodies_are_refused() {
    let server = start_with(&classifier(2), Options { max_body: 1000, max_bodies: 1500, ..options() });
    for kind in [
        "text/plain",
        "application/vnd.apache.parquet",
        "",
        "application/json; charset=latin-1",
        "application/json; a=b",
    ] {
        assert_eq!(server.send("/invocations", kind, "{}").await.0, 415, "{kind}");
    }
    let unsaid = server.ask(Method::POST, "/invocations").body("{}").send().await.unwrap();
    assert_eq!(unsaid.status(), 415);
    let packed = server.ask(Method::POST, "/invocations").header("content-encoding", "gzip");
    assert_eq!(packed.header("content-type", "application/json").body("{}").send().await.unwrap().status(), 415);
    assert_eq!(server.send("/invocations", "application/json", vec![b' '; 1001]).await.0, 413);
    // Without its length said before.
    let pieces = (0..20).map(|_| Ok::<_, std::io::Error>(vec![b' '; 100]));
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    assert_eq!(server.send("/invocations", "application/json", stream).await.0, 413);
    assert_eq!(server.post("/invocations", split()).await.0, 200);
}

/// Sends all of a body before it reads, as most clients do; what was answered.
async fn sent_before_read(base: &str, head: &str, piece: &[u8], pieces: usize) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(format!("{head}\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    for _ in 0..pieces {
        stream.write_all(piece).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_far_too_much_hears_why() {
    let server = start_with(&classifier(2), Options { key: Some(ironbook_serve::ApiKey::new("k")), ..options() });
    let piece = vec![b' '; 1 << 20];
    let chunk = [b"100000\r\n".as_slice(), &piece, b"\r\n"].concat();
    let length = format!("content-length: {}", 64 << 20);
    let known = "content-type: application/json\r\nx-api-key: k";
    for (head, piece, status) in [
        (format!("POST /invocations HTTP/1.1\r\n{known}\r\n{length}"), &piece, "413"),
        (format!("POST /predict HTTP/1.1\r\n{known}\r\ntransfer-encoding: chunked"), &chunk, "413"),
        (format!("POST /predict HTTP/1.1\r\n{length}"), &piece, "401"),
        (format!("POST /nothing HTTP/1.1\r\nx-api-key: k\r\n{length}"), &piece, "404"),
    ] {
        let answer = sent_before_read(&server.base, &head, piece, 64).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert!(serde_json::from_str::<Value>(body).unwrap()["message"].is_string(), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let server = start_with(&classifier(2), Options { silence: Duration::from_millis(200), ..options() });
    let connect = || TcpStream::connect(server.base.trim_start_matches("http://"));
    // Byte by byte, which is no end of silence; nothing at all; and silent after an answer.
    let (mut slow, mut silent, mut kept) =
        (connect().await.unwrap(), connect().await.unwrap(), connect().await.unwrap());
    kept.write_all(b"GET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    let mut sent = 0;
    while slow.write_all(b"G").await.is_ok() && begun.elapsed() < Duration::from_secs(30) {
        sent += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{sent} bytes in {:?}", begun.elapsed());
    let mut answer = String::new();
    silent.read_to_string(&mut answer).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    kept.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && begun.elapsed() < Duration::from_secs(20), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_is_no_longer_counted() {
    let (model, begun, go) = odd();
    let mut server = start_own(model, options());
    server.client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let head = "POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{\"x\": 4}";
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
    assert_eq!(server.metric("ironbook_serve_in_flight").await, 2.0, "it, and the one that asks");
    drop(stream);
    while server.metric("ironbook_serve_connections").await > 1.0 {}
    assert_eq!(server.metric("ironbook_serve_in_flight").await, 1.0);
    assert_eq!(server.metric("ironbook_serve_requests_total{route=\"predict\",status=\"499\"}").await, 1.0);
    go.send(()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server = start_with(&classifier(2), Options { patience: Duration::from_millis(100), ..options() });
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    let head = "POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(server.post("/invocations", split()).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_from_a_body_counts_as_held_too() {
    let server = start_with(&classifier(2), Options { max_bodies: 3000, ..options() });
    // Four bytes a row are 32 in memory.
    let csv = |rows: usize| "carrier,hour,distance,time\n".to_owned() + &",,,\n".repeat(rows);
    assert_eq!(server.send("/invocations", "text/csv", csv(80)).await.0, 200);
    assert_eq!(server.send("/invocations", "text/csv", csv(100)).await.0, 429);
    assert_eq!(server.send("/invocations", "text/csv", csv(80)).await.0, 200, "nothing is held any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_cost_as_much_as_they_are_long() {
    let log = tempfile::tempdir().unwrap();
    let options = Options { log: Some(ironbook_serve::LogOptions::new(log.path())), ..options() };
    let server = start_with(&classifier(2), options);
    let begun = Instant::now();
    // 300,000 texts that are no category, each looked up again by the log.
    let csv = "carrier,hour,distance,time\n".to_owned() + &"??,1,1,2013-01-01\n".repeat(300_000);
    assert_eq!(server.send("/invocations", "text/csv", csv).await.0, 200);
    // 600,000 columns, half of them one that is there already.
    let columns = "\"z\",".repeat(300_000) + &"\"hour\",".repeat(300_000);
    let split = format!("{{\"dataframe_split\": {{\"columns\": [{columns}\"x\"], \"data\": []}}}}");
    assert_eq!(server.send("/invocations", "application/json", split).await.0, 422);
    // By the square of their length they would take minutes.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_its_answer_is_left() {
    let (model, _, _) = odd();
    let mut server = start_own(model, Options { patience: Duration::from_secs(1), ..options() });
    // Asks for the metrics, and keeps no connection.
    server.client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let body = "x\n".to_owned() + &"5\n".repeat(1_500_000);
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    let length = body.len();
    let head = format!(
        "POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/csv\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    while server.metric("ironbook_serve_requests_total{route=\"predict\",status=\"200\"}").await < 1.0 {}
    // The one that asks for the metrics is left.
    while server.metric("ironbook_serve_connections").await > 1.0 {}
    let mut answer = Vec::new();
    // Cut off, or reset.
    let read = stream.read_to_end(&mut answer).await;
    let head = String::from_utf8_lossy(&answer[..300]).to_lowercase();
    let said = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
    assert!(read.is_err() || answer.len() < said.unwrap(), "all {} bytes came", answer.len());
}

/// Does what its one value says: 1 panics, 2 fails, 3 answers too little, 4 waits until it is let go.
struct Odd {
    begun: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
}

impl Model for Odd {
    fn signature(&self) -> Signature {
        let features = vec![Feature { name: "x".to_owned(), kind: Kind::Numeric }];
        Signature { features, target: "y".to_owned(), classes: None, mark: Mark::default() }
    }

    fn answer(&self, rows: &Rows, _: &Contract, into: &mut Answers) -> Result<(), Failure> {
        let values: Vec<f64> = (0..rows.len()).map(|row| rows.row(row)[0]).collect();
        assert!(!values.contains(&1.0), "the value 1");
        if values.contains(&2.0) {
            return Err(Failure::Failed("the value 2".into()));
        }
        if values.contains(&4.0) {
            self.begun.lock().unwrap().send(()).unwrap();
            let _ = self.go.lock().unwrap().recv();
        }
        into.predictions = if values.contains(&3.0) { Vec::new() } else { values };
        Ok(())
    }
}

fn odd() -> (Odd, Receiver<()>, Sender<()>) {
    let ((begun, seen), (go, told)) = (channel(), channel());
    (Odd { begun: Mutex::new(begun), go: Mutex::new(told) }, seen, go)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_takes_nobody_with_it() {
    let (model, _, _) = odd();
    let server = start_own(model, options());
    for (value, told) in [(1, "the value 1"), (2, "the value 2"), (3, "0 predictions")] {
        let (status, answer) = server.post("/predict", json!({ "x": value })).await;
        assert_eq!((status, &answer["error_code"]), (500, &json!("INTERNAL_ERROR")));
        assert!(answer["message"].as_str().unwrap().contains(told), "{answer}");
    }
    // Rows of several requests are answered together, and each has its own answer all the same.
    let values: Vec<i32> = (0..60).map(|i| if i % 6 == 0 { 1 } else { 5 }).collect();
    let answers =
        futures_util::future::join_all(values.iter().map(|x| server.post("/predict", json!({ "x": x })))).await;
    for (value, (status, _)) in values.iter().zip(answers) {
        assert_eq!(status, if *value == 1 { 500 } else { 200 });
    }
    assert_eq!(server.metric("ironbook_serve_panics_total").await, 11.0);
    let told = server.told.lock().unwrap();
    assert_eq!(told.len(), 1, "thirteen failures fill no disk: {told:?}");
    assert!(told[0].contains("status 500"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_model_is_at_is_answered_and_logged_before_the_server_ends() {
    let log = tempfile::tempdir().unwrap();
    let (model, begun, go) = odd();
    let options = Options { log: Some(ironbook_serve::LogOptions::new(log.path())), ..options() };
    let mut server = start_own(model, options);
    let slow = tokio::spawn(server.ask(Method::POST, "/predict").json(&json!({ "x": 4 })).send());
    tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
    let address = server.base.trim_start_matches("http://").to_owned();
    let mut stopping = tokio::spawn(async move { server.stop().await });
    // It accepts nothing more, and waits.
    while TcpStream::connect(&address).await.is_ok() {}
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut stopping).await.is_err(), "it has ended");
    go.send(()).unwrap();
    let answer = slow.await.unwrap().unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["connection"].to_str().unwrap()), (200, "close"));
    stopping.await.unwrap();
    let files: Vec<_> = std::fs::read_dir(log.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(ironbook_data::read_parquet(&files[0]).unwrap().height(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_answers_and_full_queues_are_said() {
    let (model, begun, go) = odd();
    let few = Options { workers: 1, queue: 2, deadline: Duration::from_millis(400), ..options() };
    let server = start_own(model, few);
    let slow = tokio::spawn(server.ask(Method::POST, "/predict").json(&json!({ "x": 4 })).send());
    tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
    let waiting: Vec<_> =
        (0..5).map(|_| tokio::spawn(server.ask(Method::POST, "/predict").json(&json!({ "x": 5 })).send())).collect();
    let mut statuses = Vec::new();
    for answer in waiting {
        let answer = answer.await.unwrap().unwrap();
        if answer.status() == 429 {
            assert_eq!(answer.headers()["retry-after"], "1");
        }
        statuses.push(answer.status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [429, 429, 429, 504, 504]);
    assert_eq!(slow.await.unwrap().unwrap().status(), 504);
    go.send(()).unwrap();
    let mut status = 0;
    for _ in 0..100 {
        status = server.post("/predict", json!({ "x": 5 })).await.0;
        if status == 200 {
            break;
        }
    }
    assert_eq!(status, 200, "a server that is free again answers");
}
