//! A bucket of S3, as moto imitates it: `IRONBOOK_TEST_S3` names its `moto_server`.

use crate::children::spawn;
use crate::support::{free_port, peer};
use ironbook_store::artifacts;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROLE: &str = "IRONBOOK_STORE_TEST_BUCKET";

/// What the child does: credentials and endpoint are in its environment.
fn use_bucket() {
    let scratch = tempfile::tempdir().unwrap();
    let repo = artifacts::open("s3://bucket/0/run/artifacts", scratch.path()).unwrap();
    repo.write("a/b ü+%.txt", &mut &b"text"[..]).unwrap();
    let size = 40_u64 << 20;
    repo.write("large", &mut std::io::repeat(5).take(size)).unwrap();
    let mut back = Vec::new();
    repo.read("large").unwrap().read_to_end(&mut back).unwrap();
    assert!(back.len() as u64 == size && back.iter().all(|b| *b == 5));
    let listed: Vec<_> = repo.list("").unwrap().into_iter().map(|entry| (entry.path, entry.size)).collect();
    assert_eq!(listed, [("a".to_owned(), None), ("large".to_owned(), Some(size))]);
    assert_eq!(repo.list("a").unwrap()[0].path, "a/b ü+%.txt");
    repo.delete("a").unwrap();
    assert!(repo.list("a").unwrap().is_empty() && repo.read("a/b ü+%.txt").is_err());
    let nowhere = artifacts::open("s3://nothing-here/x", scratch.path()).unwrap();
    assert!(nowhere.write("a", &mut &b"x"[..]).is_err());
}

#[test]
fn a_bucket_keeps_artifacts() {
    if std::env::var_os(ROLE).is_some() {
        return use_bucket();
    }
    let Some(moto) = peer("IRONBOOK_TEST_S3", "a_bucket_keeps_artifacts") else { return };
    let port = free_port();
    let mut server = Command::new(moto)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(e) => assert!(Instant::now() < deadline, "moto did not start: {e}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let made = "PUT /bucket HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(made.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let endpoint = format!("http://127.0.0.1:{port}");
    let mut child = spawn(
        "buckets::a_bucket_keeps_artifacts",
        &[
            (ROLE, "1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "us-east-1"),
            ("MLFLOW_S3_ENDPOINT_URL", &endpoint),
        ],
    );
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    let ended = child.wait().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(ended.success(), "{answer}\n{said}");
}
