//! The registry's alias moves while requests are answered.

use crate::support::{classifier, options, record, register, start_registered};
use ironbook_serve::Options;
use ironbook_store::SqliteStore;
use ironbook_store::store::Registry;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_versions_are_exchanged() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(directory.path()).unwrap());
    register(&store, &classifier(3));
    register(&store, &crate::support::featured());
    let server = Arc::new(start_registered(&store, Options { poll: Duration::from_millis(10), ..options() }));
    let mut asking = tokio::task::JoinSet::new();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    for _ in 0..8 {
        let (server, stopped) = (Arc::clone(&server), stopped.clone());
        asking.spawn(async move {
            let mut versions = BTreeSet::new();
            while !*stopped.borrow() {
                let (status, told) = server.post("/predict", record()).await;
                assert_eq!(status, 200, "{told}");
                versions.insert(told["version"].as_str().unwrap().to_owned());
            }
            versions
        });
    }
    for version in ["1", "2", "1", "2", "1"] {
        store.set_alias("flights", "champion", version).unwrap();
        let mut now = Value::Null;
        while now != json!(version) {
            now = server.post("/predict", record()).await.1["version"].clone();
        }
    }
    stop.send(true).unwrap();
    while let Some(versions) = asking.join_next().await {
        assert_eq!(versions.unwrap().len(), 2);
    }
    assert_eq!(server.metric("ironbook_serve_swaps_total").await, 5.0);
    assert_eq!(server.metric("ironbook_serve_model_info{model=\"flights\",version=\"1\"}").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_version_stays_while_the_registry_is_away_or_its_model_is_broken() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(directory.path()).unwrap());
    register(&store, &classifier(3));
    let server = start_registered(&store, Options { poll: Duration::from_millis(10), ..options() });
    store.delete_alias("flights", "champion").unwrap();
    while server.metric("ironbook_serve_registry_failures_total").await < 2.0 {}
    assert_eq!(server.post("/predict", record()).await.1["version"], json!("1"));
    // A version whose file is no model.
    let version = register(&store, &classifier(2));
    let broken = store.version("flights", &version).unwrap();
    let mut files = vec![directory.path().to_owned()];
    while let Some(path) = files.pop() {
        match path.is_dir() {
            true => files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path())),
            false
                if path.ends_with("model.json")
                    && path.to_string_lossy().contains(broken.model_id.as_deref().unwrap()) =>
            {
                std::fs::write(path, "{").unwrap();
            }
            false => {}
        }
    }
    // The good one may have been put in place before its file was broken.
    store.set_alias("flights", "champion", "1").unwrap();
    while server.post("/predict", record()).await.1["version"] != json!("1") {}
    store.set_alias("flights", "champion", &version).unwrap();
    let before = server.metric("ironbook_serve_registry_failures_total").await;
    while server.metric("ironbook_serve_registry_failures_total").await < before + 2.0 {}
    assert_eq!(server.post("/predict", record()).await.1["version"], json!("1"));
    assert!(server.told.lock().unwrap().iter().any(|told| told.contains("version 1 goes on answering")));
    store.set_alias("flights", "champion", "1").unwrap();
}

/// A request that names its version is answered by that one, also when another one is put in place before its body is there.
#[tokio::test(flavor = "multi_thread")]
async fn the_version_that_is_named_answers() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(directory.path()).unwrap());
    register(&store, &classifier(3));
    let server = start_registered(&store, Options { poll: Duration::from_millis(10), ..options() });
    let inputs = json!([
        { "name": "carrier", "shape": [1], "datatype": "BYTES", "data": ["UA"] },
        { "name": "hour", "shape": [1], "datatype": "FP64", "data": [17.0] },
        { "name": "distance", "shape": [1], "datatype": "INT64", "data": [1400] },
        { "name": "time", "shape": [1], "datatype": "BYTES", "data": ["2013-01-01T17:00:00"] },
    ]);
    let body = json!({ "inputs": inputs }).to_string();
    let mut stream = tokio::net::TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /v2/models/flights/versions/1/infer HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server waits for the body now.
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    register(&store, &classifier(2));
    while server.metric("ironbook_serve_swaps_total").await < 1.0 {}
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"model_version\":\"1\""), "{answer}");
}
