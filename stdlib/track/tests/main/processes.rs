//! Runs of other processes: those that died, and those with variables of their own.
//!
//! The other process is this test binary, asked to run one test of it in the role of a child.

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

fn spawn(test: &str, directory: &Path, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).envs(variables.iter().copied());
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
    let mut child = spawn("processes::a_run_whose_process_died_is_recovered", directory.path(), &[]);
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

#[test]
fn variables_say_what_an_hour_costs_and_whether_the_machine_is_watched() {
    if let Some(directory) = role() {
        let run = start("costs", RunOptions::default().directory(&directory)).unwrap();
        ironbook_track::end(Status::Finished).unwrap();
        println!("ack {}", run.id());
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let run = |variables: &[(&str, &str)]| {
        let test = "processes::variables_say_what_an_hour_costs_and_whether_the_machine_is_watched";
        let mut child = spawn(test, directory.path(), variables);
        let run = acknowledged(&mut child).next().unwrap();
        child.wait().unwrap();
        SqliteStore::open(&directory.path().join(".ironbook")).unwrap().run(&run).unwrap()
    };
    // A thousand an hour, for less than a minute and more than nothing.
    let cost = run(&[("IRONBOOK_COST_PER_HOUR", "1000")]).metric("cost").unwrap();
    assert!(cost > 0.0 && cost < 1000.0 / 60.0, "{cost}");
    let plain = run(&[]);
    assert_eq!(plain.metric("cost"), None);
    assert!(plain.metric("system/cpu_utilization_percentage").is_some());
    let unwatched = run(&[("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "false")]);
    assert!(unwatched.metrics.is_empty(), "{:?}", unwatched.metrics);
}
