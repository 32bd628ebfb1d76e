//! Spools and processes: killed in the middle, two at once. The other processes are this test binary, asked to run one
//! test of it in the role of a child.

use crate::spool::{LONG, named, open};
use crate::support::mini::{Fault, Mini};
use ironbook_store::store::Runs;
use ironbook_store::{Batch, Metric};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Tells a child its directory, and its server.
const DIRECTORY: &str = "IRONBOOK_STORE_TEST_DIRECTORY";
const URI: &str = "IRONBOOK_STORE_TEST_URI";
const NAME: &str = "IRONBOOK_STORE_TEST_NAME";

/// Starts a child.
pub fn spawn(test: &str, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn start(test: &str, directory: &Path, uri: &str, name: &str) -> Child {
    spawn(test, &[(DIRECTORY, directory.to_str().unwrap()), (URI, uri), (NAME, name)])
}

/// What a child has acknowledged, as it comes.
fn acknowledged(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|line| line.rsplit_once("ack ").map(|(_, said)| said.to_owned()))
}

/// In a child: creates a run and logs to it, saying each step, until killed or for so many steps.
fn child(steps: i64) -> bool {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return false };
    let store = open(&std::env::var(URI).unwrap(), Path::new(&directory));
    let run = store.create_run(&named(&std::env::var(NAME).unwrap())).unwrap().id;
    println!("ack {run}");
    for step in 0..steps {
        let metrics = [Metric::new("m", step as f64, 0, step), Metric::new("n", step as f64, 0, step)];
        store.log_batch(&run, Batch { metrics: &metrics, ..Batch::default() }).unwrap();
        println!("ack {step}");
    }
    true
}

#[test]
fn what_a_killed_process_was_told_is_there() {
    if child(i64::MAX) {
        return;
    }
    let (mut mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    for round in 0..6 {
        let name = format!("run {round}");
        match round % 3 {
            0 => mini.down(),
            1 => mini.fail(|_| Fault::None),
            _ => {
                let mut count = 0;
                mini.fail(move |_| {
                    count += 1;
                    // Not every second one: a probe and a call in turn would then always lose the call's answer.
                    if count % 3 == 0 { Fault::CloseAfter } else { Fault::None }
                });
            }
        }
        let mut child =
            start("children::what_a_killed_process_was_told_is_there", directory.path(), &mini.uri(), &name);
        let mut said = acknowledged(&mut child);
        let run = said.next().unwrap();
        let seen = said.nth(200 + 37 * round).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let last: i64 = said.last().unwrap_or(seen).parse().unwrap();
        if round % 3 == 0 {
            mini.up();
        }
        let store = open(&mini.uri(), directory.path());
        let report = store.sync(LONG).unwrap();
        assert_eq!((report.waiting, report.refused), (0, 0), "{report:?}");
        let found = mini.run_named(&name);
        for key in ["m", "n"] {
            let steps: Vec<_> = found.points.iter().filter(|p| p.0 == key).map(|p| p.3).collect();
            assert_eq!(steps, (0..steps.len() as i64).collect::<Vec<_>>(), "each once, in order");
            assert!(steps.len() as i64 > last, "{} {last}", steps.len());
        }
        // The id that the dead process had is good here.
        assert_eq!(store.metric_history(&run, "m").unwrap().len(), found.points.len() / 2);
    }
    assert_eq!(mini.data.lock().unwrap().runs.len(), 6);
}

#[test]
fn two_processes_share_a_spool() {
    const STEPS: i64 = 400;
    if child(STEPS) {
        return;
    }
    let (mut mini, directory) = (Mini::start(), tempfile::tempdir().unwrap());
    mini.down();
    let names = ["a", "b", "c"];
    let uri = mini.uri();
    let test = "children::two_processes_share_a_spool";
    let mut children = names.map(|name| start(test, directory.path(), &uri, name));
    // Both are at work when the server comes.
    let said: Vec<_> = children.iter_mut().map(acknowledged).collect();
    let mut ids = BTreeSet::new();
    for (at, mut said) in said.into_iter().enumerate() {
        ids.insert(said.next().unwrap());
        if at == 0 {
            mini.up();
        }
        std::thread::spawn(move || said.last());
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = open(&mini.uri(), directory.path());
    let report = store.sync(LONG).unwrap();
    assert_eq!((report.waiting, report.refused, ids.len()), (0, 0, 3), "{report:?}");
    for name in names {
        let found = mini.run_named(name);
        let steps: Vec<_> = found.points.iter().filter(|p| p.0 == "m").map(|p| p.3).collect();
        assert_eq!(steps, (0..STEPS).collect::<Vec<_>>());
    }
}
