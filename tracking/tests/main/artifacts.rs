//! Artifacts through the proxy: whole or not at all, bounded in memory, inside their root.

use super::support::{Options, start, start_with};
use futures_util::StreamExt;
use reqwest::{Body, Method};
use std::io::{Read, Write};
use std::net::TcpStream;

const ROOT: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// Resident megabytes of this process.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Set in the process in which the test below is alone.
const ALONE: &str = "IRONBOOK_TEST_ALONE";

/// Memory can be told only of a whole process, and other tests run in this one: the test runs itself in another.
#[test]
fn a_large_file_needs_no_memory() {
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(send_and_fetch());
    }
    let this = std::env::current_exe().unwrap();
    let test = "artifacts::a_large_file_needs_no_memory";
    let ran = std::process::Command::new(this).args(["--exact", test]).env(ALONE, "1").output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && told.contains("1 passed"), "{told}");
}

async fn send_and_fetch() {
    const PIECES: usize = 200;
    let server = start().await;
    let before = resident();
    let mut most = before;
    let pieces = futures_util::stream::iter((0..PIECES).map(|i| Ok::<_, std::io::Error>(vec![i as u8; 1 << 20])));
    let put =
        server.ask(Method::PUT, &format!("{ROOT}/0/big.bin")).body(Body::wrap_stream(pieces)).send().await.unwrap();
    assert_eq!(put.status(), 200);
    most = most.max(resident());
    let mut got = server.ask(Method::GET, &format!("{ROOT}/0/big.bin")).send().await.unwrap().bytes_stream();
    let mut length = 0usize;
    while let Some(piece) = got.next().await {
        let piece = piece.unwrap();
        let right = piece.iter().enumerate().all(|(i, byte)| *byte == ((length + i) >> 20) as u8);
        assert!(right, "at {length}");
        length += piece.len();
        most = most.max(resident());
    }
    assert_eq!(length, PIECES << 20);
    assert!(most - before < 64.0, "{PIECES} MB went through {:.0} MB of memory", most - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_upload_is_none() {
    let server = start().await;
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    let asked = format!("PUT {ROOT}/0/half HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\r\n0123456789");
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(asked.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    })
    .await
    .unwrap();
    assert_eq!(server.get(&format!("{ROOT}/0/half")).await.0, 404);
    assert_eq!(server.get(&format!("{ROOT}?path=0")).await.1, serde_json::json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_out() {
    let server = start().await;
    let secret = server.directory.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    std::os::unix::fs::symlink(&secret, server.directory.path().join("artifacts-link")).unwrap();
    let root = server.directory.path().join("artifacts");
    std::fs::create_dir_all(&root).unwrap();
    std::os::unix::fs::symlink(&secret, root.join("link")).unwrap();
    std::os::unix::fs::symlink(server.directory.path(), root.join("up")).unwrap();
    let paths = [
        "..%2fsecret",
        "%2e%2e/secret",
        "%252e%252e%252fsecret",
        "..%5csecret",
        "%2fetc%2fpasswd",
        "a/%2e%2e/%2e%2e/secret",
        "link",
        "up/secret",
        "C:%5csecret",
        "file:%2f%2f%2fetc%2fpasswd",
    ];
    for path in paths {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let response = server.ask(method.clone(), &format!("{ROOT}/{path}")).body("x").send().await.unwrap();
            let status = response.status().as_u16();
            let text = response.text().await.unwrap();
            assert!(matches!(status, 400 | 404), "{method} {path}: {status} {text}");
        }
    }
    // A client would make `..` plain before it sends it: by hand.
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        let asked = format!("GET {ROOT}/../../../../secret HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(asked.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 40"), "{answer}");
    assert_eq!(std::fs::read_to_string(secret).unwrap(), "secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn shown_files_cannot_act() {
    let server = start().await;
    let run = server.new_run().await;
    let page = "<script>alert(1)</script>";
    let put = server
        .ask(Method::POST, &format!("/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=a/p.html"))
        .body(page);
    assert_eq!(put.send().await.unwrap().status(), 200);
    let got = server.ask(Method::GET, &format!("/get-artifact?run_id={run}&path=a%2Fp.html")).send().await.unwrap();
    let header = |name| got.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-disposition").starts_with("attachment"));
    assert!(header("content-security-policy").contains("sandbox"));
    assert_eq!(got.text().await.unwrap(), page);
    let (_, listed) = server.get(&format!("/api/2.0/mlflow/artifacts/list?run_id={run}&path=a")).await;
    assert_eq!(listed["files"][0], serde_json::json!({ "path": "a/p.html", "is_dir": false, "file_size": page.len() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_keep_no_artifacts() {
    let server = start_with(Options { serves_artifacts: false, ..Options::default() }).await;
    let (status, answer) = server.get(&format!("{ROOT}/x")).await;
    assert_eq!((status, answer["error_code"].as_str()), (503, Some("NOT_IMPLEMENTED")));
}
