//! Several processes on one study: killed in the middle, working at once, creating it at once.
//!
//! The other processes are this test binary, asked to run one test of it in the role of a child.

use ironbook_tune::{Budget, Sqlite, Study, StudyBuilder, Tpe, TrialState};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Tells a child its database.
const ROLE: &str = "IRONBOOK_TUNE_TEST_DATABASE";

fn role() -> Option<PathBuf> {
    std::env::var_os(ROLE).map(PathBuf::from)
}

fn spawn(test: &str, database: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(ROLE, database).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What a child has acknowledged, as it comes.
fn acknowledged(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|line| line.rsplit_once("ack ").map(|(_, said)| said.to_owned()))
}

fn study(database: &Path) -> StudyBuilder {
    Study::new("shared").sampler(Tpe::params().seed(4)).storage(Sqlite::open(database).unwrap())
}

#[test]
fn what_a_killed_process_was_told_is_there() {
    if let Some(database) = role() {
        let study = study(&database).open().unwrap();
        loop {
            let trial = study.ask().unwrap();
            let value = trial.float("x", 0.0..=1.0) + trial.float("y", 0.0..=1.0);
            trial.report(1, value);
            study.tell(&trial, value).unwrap();
            println!("ack {} {value:?}", trial.number());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("study.db");
    for round in 0..4 {
        let mut child = spawn("processes::what_a_killed_process_was_told_is_there", &database);
        let mut said = acknowledged(&mut child);
        let mut told: Vec<String> = said.by_ref().take(20 + round * 7).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        told.extend(said);
        let trials = study(&database).resume().unwrap().trials();
        for line in told {
            let (number, value) = line.split_once(' ').unwrap();
            let trial = &trials[number.parse::<usize>().unwrap()];
            assert_eq!((trial.state(), trial.value()), (TrialState::Complete, value.parse().ok()));
            assert_eq!((trial.params().len(), trial.reports().len()), (2, 1));
        }
        let unfinished = trials.iter().filter(|trial| !trial.state().is_finished()).count();
        assert!(unfinished <= round + 1, "at most one per kill");
    }
}

#[test]
fn processes_share_one_study() {
    if let Some(database) = role() {
        let study = study(&database).open().unwrap();
        let report = study.optimize(Budget::trials(60).jobs(2), |trial| {
            Ok((trial.float("x", -1.0..=1.0) - 0.5).powi(2) + (f64::from(trial.int("n", 1..=9)) - 4.0).powi(2))
        });
        println!("ack {}", report.unwrap().counts().complete);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("study.db");
    let mut children: Vec<Child> = (0..3).map(|_| spawn("processes::processes_share_one_study", &database)).collect();
    for child in &mut children {
        assert_eq!(acknowledged(child).collect::<Vec<_>>(), ["60"]);
        assert!(child.wait().unwrap().success());
    }
    let trials = study(&database).resume().unwrap().trials();
    assert_eq!(trials.len(), 180);
    assert!(trials.iter().enumerate().all(|(i, trial)| trial.number() as usize == i));
    assert!(trials.iter().all(|trial| trial.state() == TrialState::Complete));
    // One seed, and nobody repeats another.
    let mut params: Vec<String> = trials.iter().map(|trial| format!("{:?}", trial.param("x"))).collect();
    params.sort();
    params.dedup();
    assert_eq!(params.len(), 180);
}

#[test]
fn a_total_counts_the_trials_of_all_processes() {
    if let Some(database) = role() {
        let study = study(&database).open().unwrap();
        let report = study.optimize(Budget::total(60), |trial| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            Ok(trial.float("x", -1.0..=1.0))
        });
        println!("ack {}", report.unwrap().counts().complete);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("study.db");
    let test = "processes::a_total_counts_the_trials_of_all_processes";
    let mut children: Vec<Child> = (0..3).map(|_| spawn(test, &database)).collect();
    let counts: Vec<usize> = children.iter_mut().flat_map(acknowledged).map(|line| line.parse().unwrap()).collect();
    assert!(children.iter_mut().all(|child| child.wait().unwrap().success()));
    let again = study(&database).resume().unwrap();
    // At the last one two others may be running.
    assert!((60..=62).contains(&again.trials().len()), "{counts:?}");
    assert_eq!(counts.iter().sum::<usize>(), again.trials().len());
    assert_eq!(again.optimize(Budget::total(60), |_| Ok(0.0)).unwrap().counts().complete, 0);
    drop(again);
}

#[test]
fn a_study_at_rest_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("study.db");
    let open = study(&database).open().unwrap();
    let run = || open.optimize(Budget::trials(20), |trial| Ok(trial.float("x", -1.0..=1.0))).unwrap();
    run();
    // The study is open still.
    let names =
        || std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert_eq!(names(), ["study.db"]);
    let copied = folder.path().join("copy");
    std::fs::copy(&database, &copied).unwrap();
    assert_eq!(study(&copied).resume().unwrap().trials().len(), 20);
    std::fs::remove_file(&copied).unwrap();
    run();
    assert_eq!(study(&database).resume().unwrap().trials().len(), 40);
}

/// In a process of its own, since the interrupt is for all of it.
#[test]
fn an_interrupt_keeps_everything() {
    if let Some(database) = role() {
        let study = study(&database).open().unwrap();
        let report = study.optimize(Budget::new().jobs(2), |trial| {
            let x = trial.float("x", 0.0..=1.0);
            if trial.number() == 20 {
                ironbook_core::interrupt::request();
                // As a loop of a cell does.
                std::panic::resume_unwind(Box::new(ironbook_core::interrupt::InterruptUnwind));
            }
            ironbook_core::check()?;
            Ok(x)
        });
        println!("ack {:?}", report.unwrap().ended());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("study.db");
    let mut child = spawn("processes::an_interrupt_keeps_everything", &database);
    assert_eq!(acknowledged(&mut child).collect::<Vec<_>>(), ["Stopped"]);
    assert!(child.wait().unwrap().success());
    let resumed = study(&database).resume().unwrap();
    let trials = resumed.trials();
    assert_eq!(trials[20].failure().unwrap(), "interrupted");
    // The other job was at one at most.
    assert!(trials[..20].iter().filter(|trial| trial.state() == TrialState::Complete).count() >= 19);
    assert_eq!(resumed.counts().running, 0);
    assert_eq!(
        resumed.optimize(Budget::trials(5), |trial| Ok(trial.float("x", 0.0..=1.0))).unwrap().counts().complete,
        5
    );
}

#[test]
fn a_trial_of_a_dead_process_does_not_stop_a_grid() {
    let place = ironbook_tune::Memory::new();
    let study = || {
        let grid = ironbook_tune::Grid::params().values("x", 0..6);
        Study::new("grid").sampler(grid).storage(place.clone())
    };
    let dead = study().create().unwrap();
    drop(dead.ask().unwrap());
    let alive = study().resume().unwrap();
    let report = alive.optimize(Budget::new(), |trial| Ok(f64::from(trial.int("x", 0..6)))).unwrap();
    // Its place is free again once it counts as lost, which takes a minute.
    assert_eq!(report.counts().complete, 5);
}
