//! `ironbook track status` and `ironbook track sync`, as programs.

use crate::support::program;
use ironbook_store::store::Runs;
use ironbook_store::{Batch, Metric, NewRun, SPOOL, Search, SpooledStore, SqliteStore};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn track(place: &Path, arguments: &[&str]) -> (bool, String) {
    let done = Command::new(program()).args(arguments).current_dir(place).output().unwrap();
    let words = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.success(), words)
}

#[test]
fn what_waits_is_told_and_sent() {
    let place = tempfile::tempdir().unwrap();
    let project = place.path().join(".ironbook");
    std::fs::create_dir(&project).unwrap();
    let (good, words) = track(place.path(), &["status"]);
    assert!(good && words.contains("nothing waits"), "{words}");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let uri = format!("http://127.0.0.1:{port}");
    let store = SpooledStore::open(SpooledStore::destination(&uri).unwrap(), &project.join(SPOOL)).unwrap();
    let run = store.create_run(&NewRun { experiment: "0".to_owned(), ..NewRun::default() }).unwrap();
    store.log_batch(&run.id, Batch { metrics: &[Metric::new("auc", 0.5, 7, 1)], params: &[], tags: &[] }).unwrap();
    drop(store);
    let (good, words) = track(place.path(), &["status"]);
    assert!(good && words.contains(&uri) && words.contains("calls wait with 1 points"), "{words}");
    let (good, words) = track(place.path(), &["sync", "--timeout", "1"]);
    assert!(!good && words.contains("0 sent") && words.contains(&uri), "{words}");
    let there = place.path().join("there");
    let mut command = Command::new(program());
    command.args(["server", "--ui", "none", "--port", &port.to_string(), "--store"]).arg(&there);
    let mut server = Server(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("Serving"), "{line}");
    let (good, words) = track(place.path(), &["sync"]);
    assert!(good && words.contains(" 0 waiting, 0 refused"), "{words}");
    let runs = SqliteStore::open(&there).unwrap().search_runs(&Search::all()).unwrap().items;
    assert_eq!(runs.iter().map(|run| run.metric("auc")).collect::<Vec<_>>(), [Some(0.5)]);
}
