//! A thousand random requests: each gets what it deserves, and the server lives. `bench/serve/fuzz.rs` sends more.

mod requests;

use crate::support::{classifier, options, record, start_with};
use ironbook_serve::{LogOptions, Options};
use requests::{is_fair, request};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn random_requests_are_refused_rightly() {
    let directory = tempfile::tempdir().unwrap();
    let server = start_with(&classifier(3), Options { log: Some(LogOptions::new(directory.path())), ..options() });
    let mut seen: BTreeMap<u16, usize> = BTreeMap::new();
    for number in 0..1000 {
        let fuzzed = request(number);
        let mut asked = server.ask(fuzzed.method.clone(), &fuzzed.path).body(fuzzed.body.clone());
        for (name, value) in &fuzzed.headers {
            asked = asked.header(*name, value);
        }
        let response = asked.send().await.unwrap();
        let status = response.status().as_u16();
        assert!(is_fair(status), "{number}: {status} for {fuzzed:?}");
        let text = response.text().await.unwrap();
        if status >= 400 {
            let told: Value = serde_json::from_str(&text).unwrap();
            assert!(told["message"].is_string() || told["error"].is_string(), "{number}: {text}");
        } else if fuzzed.path.ends_with("infer") || ["/invocations", "/predict"].contains(&fuzzed.path.as_str()) {
            let end = text.find('\0').unwrap_or(text.len());
            assert!(serde_json::from_str::<Value>(&text[..end]).is_ok(), "{number}: {text}");
        }
        *seen.entry(status).or_default() += 1;
    }
    // Damage of every kind was done.
    assert!(
        [200, 400, 404, 415, 422].iter().all(|status| seen.get(status).is_some_and(|count| *count > 5)),
        "{seen:?}"
    );
    assert_eq!(server.metric("ironbook_serve_panics_total").await, 0.0);
    assert_eq!(server.post("/predict", record()).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_ends_its_connection_and_no_other() {
    let server = start_with(&classifier(2), options());
    let address = server.base.trim_start_matches("http://").to_owned();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    for text in [
        "",
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /predict HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        "POST /predict HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "POST /predict HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}",
        &long,
    ] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        // The server may close before everything is sent.
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let status = answer.get(9..12).map(|status| String::from_utf8_lossy(status).into_owned());
        assert!(status.as_ref().is_none_or(|status| status.starts_with('4')), "{text:?}: {status:?}");
    }
    assert_eq!(server.post("/predict", record()).await.0, 200);
}
