//! Signals, and processes that are left.

use crate::program::toy::{Toy, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::process::Stdio;

/// The processes whose working directory is that of a toy: the toy's, and what they have started.
pub fn of_folder(toy: &Toy) -> Vec<String> {
    let folder = fs::canonicalize(toy.folder.path()).unwrap();
    let all = fs::read_dir("/proc").unwrap().flatten();
    let of = all.filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder));
    let alive =
        of.filter(|entry| !fs::read_to_string(entry.path().join("stat")).is_ok_and(|stat| stat.contains(") Z ")));
    alive.map(|entry| fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default().replace('\0', " ")).collect()
}

fn interrupted_by(signal: Signal) {
    let toy = Toy::new();
    let mut command = toy.command(&["run", "--json", "--no-track"]);
    command.env("TOY_TROUBLE", "sum:child").stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = command.spawn().unwrap();
    wait_for("the stage runs", || fs::read_to_string(toy.path("ran")).is_ok_and(|text| text.contains("sum")));
    wait_for("it has started something", || of_folder(&toy).iter().any(|line| line.starts_with("sleep")));
    kill_process(Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap(), signal).unwrap();
    let ran = crate::program::toy::said(&run.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert_eq!(ran.json()["status"], "interrupted");
    assert_eq!(of_folder(&toy), Vec::<String>::new());
    toy.ran();
    assert_eq!(toy.run(&[]).code, Some(0));
    assert!(!toy.ran().contains("read"), "what was done is done");
}

#[test]
fn an_interrupt_leaves_no_orphan() {
    interrupted_by(Signal::INT);
}

#[test]
fn sigterm_does_the_same() {
    interrupted_by(Signal::TERM);
}

#[test]
fn a_killed_run_leaves_no_orphan() {
    let toy = Toy::new();
    let mut command = toy.command(&["run", "--no-track"]);
    let mut run = command.env("TOY_TROUBLE", "sum:child").stderr(Stdio::null()).spawn().unwrap();
    wait_for("it has started something", || of_folder(&toy).iter().any(|line| line.starts_with("sleep")));
    run.kill().unwrap();
    run.wait().unwrap();
    wait_for("all are gone", || of_folder(&toy).is_empty());
}

#[test]
fn an_interrupt_while_another_run_is_waited_for() {
    let toy = Toy::new();
    let start = || {
        let mut command = toy.command(&["run", "--no-track"]);
        command.env("TOY_TROUBLE", "read:hang").stderr(Stdio::null()).spawn().unwrap()
    };
    let mut first = start();
    wait_for("the first is at it", || fs::read_to_string(toy.path("ran")).is_ok_and(|text| text.contains("read")));
    let mut second = start();
    let works = || fs::read_dir(toy.cache().join("work")).unwrap().count();
    wait_for("the second waits", || works() == 2);
    std::thread::sleep(std::time::Duration::from_millis(300));
    for run in [&mut second, &mut first] {
        kill_process(Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap(), Signal::INT).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(130));
    }
    assert_eq!(toy.ran(), "read");
}
