//! The process as it is started, and how it ends.

use crate::support::{classifier, logged, record};
use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program `ironbook serve` by itself, which `cargo test` builds beside the tests.
pub fn program() -> PathBuf {
    let program = std::env::current_exe().unwrap().parent().unwrap().with_file_name("examples").join("serve");
    assert!(program.is_file(), "{} is not there: `cargo build -p ironbook-serve --examples`", program.display());
    program
}

fn command(model: &Path) -> Command {
    on_port(model, "0")
}

fn on_port(model: &Path, port: &str) -> Command {
    let mut command = Command::new(program());
    command.arg(model).args(["--port", port, "--name", "flights"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("MLFLOW_TRACKING_URI").env_remove("IRONBOOK_SERVE_KEY");
    command
}

/// Starts the program; the address that it says.
fn start(command: &mut Command) -> (Child, String) {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(line.starts_with("Serving flights version 1 at http://127.0.0.1:"), "{line}");
    (child, address)
}

fn terminate(child: &Child) {
    tell(child, Signal::TERM);
}

fn tell(child: &Child, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_answered_and_logged_when_the_process_is_told_to_stop() {
    let directory = tempfile::tempdir().unwrap();
    logged(&classifier(5), directory.path());
    let log = directory.path().join("log");
    let (mut child, address) = start(command(directory.path()).arg("--log").arg(&log));
    let client = Client::builder().no_proxy().build().unwrap();
    let rows: Vec<Value> = vec![record(); 50];
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (client, address, rows) = (client.clone(), address.clone(), rows.clone());
        asking.spawn(async move {
            let (mut answered, mut broken) = (0, 0);
            // Until nobody listens any more.
            loop {
                match client.post(format!("{address}/predict")).json(&json!(rows)).send().await {
                    Ok(response) => {
                        assert_eq!(response.status(), 200);
                        assert_eq!(
                            response.json::<Value>().await.unwrap()["predictions"].as_array().unwrap().len(),
                            50
                        );
                        answered += 50;
                    }
                    // A connection that was kept can be closed at the moment at which a request is sent; none is answered.
                    Err(error) if error.is_connect() || error.is_request() => broken += 1,
                    Err(error) => panic!("{error:?}"),
                }
                if broken > 0 {
                    return answered;
                }
            }
        });
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    terminate(&child);
    let mut answered = 0;
    while let Some(more) = asking.join_next().await {
        answered += more.unwrap();
    }
    assert!(tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap().success());
    let files: Vec<PathBuf> = std::fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path()).collect();
    let written: usize = files.iter().map(|file| ironbook_data::read_parquet(file).unwrap().height()).sum();
    assert!(answered > 0);
    assert_eq!(written, answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_closes_ends_a_server_unless_it_was_told_to_go_on() {
    let directory = tempfile::tempdir().unwrap();
    logged(&classifier(2), directory.path());
    let plain = command(directory.path());
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(plain.get_program()).args(plain.get_args());
    ignoring.stdout(Stdio::piped()).env_remove("IRONBOOK_SERVE_KEY");
    let (mut child, address) = start(&mut ignoring);
    tell(&child, Signal::HUP);
    let client = Client::builder().no_proxy().build().unwrap();
    // It would be gone by the second answer.
    for _ in 0..20 {
        assert_eq!(client.get(format!("{address}/ping")).send().await.unwrap().status(), 200);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    terminate(&child);
    assert!(tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap().success());
    // As it is where these tests were not started with `nohup` themselves.
    let mut plainly = Command::new("env");
    plainly.arg("--default-signal=HUP").arg(plain.get_program()).args(plain.get_args());
    let (mut child, _) = start(plainly.stdout(Stdio::piped()).env_remove("IRONBOOK_SERVE_KEY"));
    tell(&child, Signal::HUP);
    assert!(tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap().success());
}

/// The system refuses to write more than some blocks, as a full disk does.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_stops_no_answer() {
    let directory = tempfile::tempdir().unwrap();
    logged(&classifier(2), directory.path());
    let plain = command(directory.path());
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"])
        .arg(plain.get_program())
        .args(plain.get_args());
    limited.arg("--log").arg(directory.path().join("log")).args(["--log-every", "0.05"]);
    limited.stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("IRONBOOK_SERVE_KEY");
    let (mut child, address) = start(&mut limited);
    let client = Client::builder().no_proxy().build().unwrap();
    let lost = async || {
        let text = client.get(format!("{address}/metrics")).send().await.unwrap().text().await.unwrap();
        let count = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        (count("ironbook_serve_log_rows_lost_total").unwrap(), count("ironbook_serve_log_rows_total").unwrap())
    };
    // Values that differ, so that they take room.
    let rows: Vec<Value> = (0..4000)
        .map(|i| {
            let mut row = record();
            row["hour"] = json!(f64::from(i).sin());
            row
        })
        .collect();
    let mut asked = 0;
    while lost().await.0 == 0 {
        let response = client.post(format!("{address}/predict")).json(&rows).send().await.unwrap();
        assert_eq!(response.status(), 200);
        asked += 4000;
        assert!(asked < 1_000_000, "nothing is lost of {asked} rows");
    }
    assert_eq!(client.post(format!("{address}/predict")).json(&rows).send().await.unwrap().status(), 200);
    terminate(&child);
    let mut told = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut told).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(told.matches("requests are not logged").count(), 1, "{asked} rows: {told}");
    let left = std::fs::read_dir(directory.path().join("log")).unwrap().count();
    assert_eq!(left, 0, "nothing half written is left");
}

#[test]
fn what_cannot_start_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let fails = |command: &mut Command, words: &str| {
        let mut child = command.spawn().unwrap();
        // One that does start ends here, too.
        let mut line = String::new();
        if BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap() > 0 {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(line.is_empty() && !output.status.success() && told.contains(words), "{line}{told}");
    };
    fails(&mut command(directory.path()), "cannot be fetched");
    std::fs::write(directory.path().join("MLmodel"), "flavors:\n  sklearn:\n    code: null\n").unwrap();
    fails(&mut command(directory.path()), "sklearn");
    logged(&classifier(2), directory.path());
    fails(command(directory.path()).args(["--host", "0.0.0.0"]), "--allow-remote");
    fails(command(directory.path()).env("IRONBOOK_SERVE_KEY", " "), "the API key is empty");
    let no_text = std::ffi::OsStr::from_bytes(b"k\xff");
    fails(command(directory.path()).env("IRONBOOK_SERVE_KEY", no_text), "the API key has characters");
    fails(command(directory.path()).env("IRONBOOK_SERVE_KEY", "schlüssel"), "the API key has characters");
    fails(command(directory.path()).args(["--log-sample", "2"]), "from 0 to 1");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    fails(&mut on_port(directory.path(), &port), "is taken by another program");
    std::fs::write(directory.path().join("model.json"), "{\"learner\": {}}").unwrap();
    fails(&mut command(directory.path()), "cannot be loaded");
    let store = directory.path().join("store");
    let mut unknown = Command::new(program());
    unknown.stdout(Stdio::piped()).stderr(Stdio::piped());
    fails(unknown.arg("models:/none@champion").arg("--store").arg(&store), "cannot be fetched");
}
