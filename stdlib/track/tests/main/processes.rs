//! Runs of processes that died. The other process is this test binary, asked to run one test of it in the role of a child.

use ironbook_track::Runs as _;
use ironbook_track::{RunOptions, SqliteStore, Status, recover, start};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Tells a child its directory.
const ROLE: &str = "IRONBOOK_TRACK_TEST_DIRECTORY";

fn role() -> Option<PathBuf> {
    std::env::var_os(ROLE).map(PathBuf::from)
}

fn spawn(test: &str, directory: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(ROLE, directory).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What a child has acknowledged, as it comes.
fn acknowledged(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|line| line.rsplit_once("ack ").map(|(_, said)| said.to_owned()))
}

#[test]
fn a_run_whose_process_died_is_recovered() {
    if let Some(directory) = role() {
        let run = start("dies", RunOptions::default().directory(&directory)).unwrap();
        run.log_metric("m", 1.0).unwrap();
        println!("ack {}", run.id());
        // Until it is killed.
        std::io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut child = spawn("processes::a_run_whose_process_died_is_recovered", directory.path());
    let run = acknowledged(&mut child).next().unwrap();
    let store = SqliteStore::open(&directory.path().join(".ironbook")).unwrap();
    assert_eq!(recover(&store).unwrap(), [], "it lives");
    child.kill().unwrap();
    child.wait().unwrap();
    let recovered = recover(&store).unwrap();
    assert_eq!(recovered.iter().map(|r| (&*r.id, r.status)).collect::<Vec<_>>(), [(&*run, Status::Killed)]);
    let found = store.run(&run).unwrap();
    assert_eq!(found.info.end, Some(found.metrics[0].timestamp.max(found.info.start)));
    assert_eq!(recover(&store).unwrap(), []);
}
