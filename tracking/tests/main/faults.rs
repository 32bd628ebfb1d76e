//! Full disks, broken connections, orders to stop.

use super::support::{Options, start, start_with};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said() {
    let server = start_with(Options { max_bytes: Some(1 << 20), ..Options::default() }).await;
    let run = server.new_run().await;
    let mut acknowledged = 0;
    let refused = loop {
        let points: Vec<_> = (0..1000)
            .map(|i| json!({ "key": "m", "value": i, "timestamp": i, "step": acknowledged * 1000 + i }))
            .collect();
        let (status, answer) =
            server.post("/api/2.0/mlflow/runs/log-batch", json!({ "run_id": run, "metrics": points })).await;
        if status != 200 {
            break (status, answer);
        }
        acknowledged += 1;
        assert!(acknowledged < 1000, "the limit was never met");
    };
    assert_eq!((refused.0, refused.1["error_code"].as_str()), (503, Some("TEMPORARILY_UNAVAILABLE")), "{}", refused.1);
    let told = refused.1["message"].as_str().unwrap();
    assert!(!told.contains(server.directory.path().to_str().unwrap()), "a path of the server is told: {told}");
    let (_, history) = server.get(&format!("/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m")).await;
    assert_eq!(
        history["metrics"].as_array().unwrap().len(),
        acknowledged * 1000,
        "all that was acknowledged, and no more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_ends_what_it_does() {
    let mut server = start().await;
    let run = server.new_run().await;
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    let body = json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1 }).to_string();
    // A request of which the second half comes after the order.
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /api/2.0/mlflow/runs/log-metric HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server says that it reads the body: the request has been seen before the order comes.
    let go = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut seen = vec![0; go.len()];
    stream.read_exact(&mut seen).unwrap();
    assert_eq!(seen, go);
    stream.write_all(&body.as_bytes()[..10]).unwrap();
    let rest = body[10..].to_owned();
    let late = tokio::task::spawn_blocking(move || {
        stream.write_all(rest.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    server.stop().await;
    assert!(late.await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(TcpStream::connect(&address).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_said() {
    use ironbook_tracking::server::{Guard, Page, Server, StartError, State};
    let server = start().await;
    let directory = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(ironbook_store::SqliteStore::open(directory.path()).unwrap());
    let state = State::new(store, None, Guard::local(), Page::None);
    let address = server.base.strip_prefix("http://").unwrap().parse().unwrap();
    let error = Server::bind(address, state).await.err().unwrap();
    assert!(matches!(error, StartError::Taken(at) if at == address), "{error}");
}
