//! The service as a process: it answers, dies in the middle of it, and comes back.

use crate::{project, shapes};
use ironbook_language::Rest;
use ironbook_session::language::{Answer, Cell, Limits, Prelude, Query, Reply, Service, State};
use ironbook_session::library::Paths;
use ironbook_session::{Place, Source};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironbook-language");
const LOADS: Duration = Duration::from_secs(400);
const ANSWERS: Duration = Duration::from_secs(60);

#[test]
fn it_answers_from_cells_and_survives_its_death() {
    if project().is_none() {
        return;
    }
    let service = Service::start(Path::new(PROGRAM), &Paths::from_env()).unwrap();
    // Before it is ready nobody waits for it.
    let began = Instant::now();
    assert_eq!(service.ask("fn", 0, Query::Complete, ANSWERS), None);
    assert!(began.elapsed() < Duration::from_secs(5));
    // A crate that is added while it loads is known once it has.
    let folder = tempfile::tempdir().unwrap();
    service.use_crates(Some(&shapes(folder.path())));
    assert!(service.wait_ready(LOADS), "{:?}", service.state());
    let knows_shapes = || {
        let text = "fn f() { shapes::circle().s";
        let Some(Answer::Candidates(found)) = service.ask(text, text.len(), Query::Complete, ANSWERS) else {
            return false;
        };
        found.iter().any(|candidate| candidate.name == "surface")
    };
    assert!(knows_shapes());

    let cells = [(1, "let table = df!(\"a\" => [1, 2])?;"), (2, "let ü = table.clone();\nü.heig")];
    let cells = cells.map(|(execution, text)| Cell { execution, source: Source::plain(text) });
    let document = Prelude::default().document(&cells);
    let end = cells[1].source.text.len();
    let names = || {
        let at = document.at(2, end).unwrap();
        match service.ask(&document.text, at, Query::Complete, ANSWERS) {
            Some(Answer::Candidates(found)) => found,
            other => panic!("{other:?}"),
        }
    };
    let found = names();
    assert_eq!(found[0].name, "height");
    // Whatever it is sent, it goes on.
    let binary: String = (0..=127u8).map(char::from).collect();
    let unbalanced = ["{", "(", "[", "\"", "/*", "'", "}", "<"].map(|open| open.repeat(50_000));
    for text in [binary.repeat(1000), "let a = 1;".repeat(150_000), "x".repeat(3 << 20)].iter().chain(&unbalanced) {
        for query in [Query::Complete, Query::Hover, Query::Signature] {
            service.ask(text, text.len(), query, ANSWERS);
        }
    }
    assert_eq!(names()[0].name, "height");
    // Macros that are gone take nothing with them.
    let first = service.pid().unwrap();
    for server in children(first) {
        std::process::Command::new("kill").args(["-9", &server.to_string()]).status().unwrap();
    }
    assert_eq!(names()[0].name, "height");
    assert_eq!(service.pid(), Some(first));
    let place = document.place(found[0].range.clone());
    assert_eq!(place, Some(Place { execution: 2, range: end - 4..end }));

    // Killed while it answers: whoever asked gets nothing soon, and the next one runs.
    let killed = service.pid().unwrap();
    let waiting = std::thread::spawn({
        let (service, text) = (service.clone(), document.text.clone());
        move || {
            for at in 0..50 {
                service.ask(&text, text.len() - at, Query::References, ANSWERS);
            }
        }
    });
    std::thread::sleep(Duration::from_millis(30));
    let began = Instant::now();
    std::process::Command::new("kill").args(["-9", &killed.to_string()]).status().unwrap();
    waiting.join().unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    while service.pid().is_none_or(|pid| pid == killed) {
        std::thread::sleep(Duration::from_millis(20));
        assert!(began.elapsed() < Duration::from_secs(20), "not started again");
    }
    assert!(service.wait_ready(LOADS), "{:?}", service.state());
    assert_eq!(names()[0].name, "height");
    assert!(knows_shapes());
    service.use_crates(None);
    assert!(!knows_shapes());
    // A file that is not there yet is looked for again with the next question.
    let later = tempfile::tempdir().unwrap();
    let file = later.path().join("late.json");
    service.use_crates(Some(&file));
    assert!(!knows_shapes());
    std::fs::copy(shapes(folder.path()), &file).unwrap();
    assert!(knows_shapes());
}

/// Processes that one has started.
fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
    tasks
        .flatten()
        .map(of)
        .flat_map(|text| text.split_whitespace().flat_map(str::parse).collect::<Vec<u32>>())
        .collect()
}

/// A program in place of the service; it says that it is ready, and does what a script does.
fn in_place(folder: &Path, script: &str) -> PathBuf {
    let program = folder.join("service");
    let ready = r#"{"Ready":{"seconds":0.0,"crates":1}}"#;
    std::fs::write(&program, format!("#!/bin/sh\necho '{ready}'\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    program
}

#[test]
fn one_that_does_not_read_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&in_place(folder.path(), "exec sleep 600"), &Paths::from_env()).unwrap();
    assert!(service.wait_ready(LOADS));
    let began = Instant::now();
    for number in 0..40 {
        // Each is more than a pipe holds.
        let text = format!("{number}{}", "x".repeat(1 << 20));
        assert_eq!(service.ask(&text, 0, Query::Complete, Duration::from_millis(1)), None);
        service.use_crates(Some(Path::new("/nowhere")));
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn one_that_hangs_is_ended_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let program = in_place(folder.path(), "while read line; do :; done");
    let limits = Limits { hangs: Duration::from_millis(100), ..Limits::default() };
    let service = Service::start_with(&program, &Paths::from_env(), limits).unwrap();
    assert!(service.wait_ready(LOADS));
    let first = service.pid();
    let began = Instant::now();
    while service.pid().is_none_or(|pid| Some(pid) == first) {
        assert!(began.elapsed() < LOADS, "it goes on hanging");
        service.ask("fn", 0, Query::Complete, Duration::from_millis(20));
    }
}

#[test]
fn what_it_has_started_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("pid");
    let script = format!("sleep 600 > /dev/null 2>&1 &\necho $! > {}\ncat > /dev/null", told.display());
    let service = Service::start(&in_place(folder.path(), &script), &Paths::from_env()).unwrap();
    assert!(service.wait_ready(LOADS));
    let began = Instant::now();
    let pid = loop {
        match std::fs::read_to_string(&told).unwrap_or_default().trim().parse::<u32>() {
            Ok(pid) => break pid,
            Err(_) => assert!(began.elapsed() < LOADS),
        }
    };
    // The word after the name; whoever inherits what has ended may leave it as a zombie.
    let runs = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    };
    assert!(runs());
    drop(service);
    while runs() {
        assert!(began.elapsed() < Duration::from_secs(20), "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn it_takes_its_group_along_when_its_input_ends() {
    let paths = Paths::from_env();
    let mut command = std::process::Command::new(PROGRAM);
    command.arg("serve").arg("--source").arg(&paths.source).arg("--target").arg(&paths.target).arg("--group");
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
}

#[test]
fn one_that_was_given_up_is_tried_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("dies");
    let starts = folder.path().join("starts");
    std::fs::write(&program, format!("#!/bin/sh\necho x >> {}\nexit 1\n", starts.display())).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let limits = Limits { forgiven: Duration::ZERO, ..Limits::default() };
    let service = Service::start_with(&program, &Paths::from_env(), limits).unwrap();
    assert!(!service.wait_ready(LOADS));
    assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), 4);
    assert_eq!(service.ask("fn", 0, Query::Complete, ANSWERS), None);
    assert!(!service.wait_ready(LOADS));
    assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), 8);
}

#[test]
fn it_ends_with_whoever_started_it_even_while_it_loads() {
    let Some(_) = project() else { return };
    let paths = Paths::from_env();
    let mut command = std::process::Command::new(PROGRAM);
    command.arg("serve").arg("--source").arg(&paths.source).arg("--target").arg(&paths.target);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It has begun to read when it has asked cargo.
    let memory = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0").trim().to_owned();
        line.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let began = Instant::now();
    while memory(child.id()) < 100_000 {
        assert!(began.elapsed() < LOADS);
        std::thread::yield_now();
    }
    drop(child.stdin.take());
    let began = Instant::now();
    assert!(child.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn without_sources_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths { source: folder.path().to_owned(), ..Paths::from_env() };
    let service = Service::start(Path::new(PROGRAM), &paths).unwrap();
    assert!(!service.wait_ready(LOADS));
    let State::Off(reason) = service.state() else { panic!("{:?}", service.state()) };
    assert!(reason.contains("no sources of Ironbook"), "{reason}");
}

#[test]
fn one_that_dies_again_and_again_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("dies");
    std::fs::write(&program, "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let service = Service::start(&program, &Paths::from_env()).unwrap();
    assert!(!service.wait_ready(LOADS));
    let State::Off(reason) = service.state() else { panic!("{:?}", service.state()) };
    assert!(reason.contains("died 4 times"), "{reason}");
}

/// What the service says, over what sources, with so much memory in a hundred.
struct Said {
    meminfo: PathBuf,
    /// Memory once it is ready.
    then: u32,
    output: Vec<u8>,
}

impl std::io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.output.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::fs::write(&self.meminfo, memory(self.then))
    }
}

fn memory(available: u32) -> String {
    format!("MemTotal: 100 kB\nMemAvailable: {available} kB\n")
}

/// What it says until it ends by itself, when so much of a hundred is free at first, and so much once it is ready.
fn said(source: &Path, (first, then): (u32, u32), end: Duration) -> Vec<Reply> {
    let folder = tempfile::tempdir().unwrap();
    let meminfo = folder.path().join("meminfo");
    std::fs::write(&meminfo, memory(first)).unwrap();
    let rest = Rest { quiet: Duration::from_millis(20), end, meminfo: meminfo.clone(), groups: Vec::new() };
    let (open, input) = std::io::pipe().unwrap();
    let mut said = Said { meminfo, then, output: Vec::new() };
    let ended = || panic!("nobody closed it");
    let open = (BufReader::new(open), ended);
    ironbook_language::serve(source, &Paths::from_env().target, open, &mut said, &rest).unwrap();
    std::mem::forget(input);
    String::from_utf8(said.output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A library of nothing, which is read soon.
fn small(folder: &Path) -> &Path {
    let write = |path: &str, text: &str| std::fs::write(folder.join(path), text).unwrap();
    std::fs::create_dir(folder.join("src")).unwrap();
    write("Cargo.toml", "[package]\nname = \"ironbook\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"ironbook\"\nversion = \"0.1.0\"\n");
    write("src/lib.rs", "pub mod prelude {}\n");
    folder
}

#[test]
fn where_memory_is_short_it_does_not_load() {
    assert_eq!(said(Path::new("/nowhere"), (5, 5), LOADS), [Reply::Rests]);
}

#[test]
fn it_ends_where_nobody_asks_for_long_or_memory_becomes_short() {
    let Some(_) = project() else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = small(folder.path());
    for (memory, end) in [((90, 90), Duration::from_millis(100)), ((90, 5), LOADS)] {
        let said = said(source, memory, end);
        assert!(matches!(said[..], [Reply::Ready { crates: 1, .. }, Reply::Rests]), "{said:?}");
    }
}

#[test]
fn one_that_rests_is_started_by_the_next_question() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("rests");
    let starts = folder.path().join("starts");
    let ready = r#"{"Ready":{"seconds":0.0,"crates":1}}"#;
    let script = format!("#!/bin/sh\necho x >> {}\necho '{ready}'\necho '\"Rests\"'\n", starts.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let service = Service::start(&program, &Paths::from_env()).unwrap();
    let began = Instant::now();
    for wanted in 1..=6 {
        while service.state() != State::Asleep {
            assert!(began.elapsed() < LOADS, "{:?}", service.state());
            std::thread::yield_now();
        }
        assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), wanted);
        assert_eq!(service.ask("fn", 0, Query::Complete, ANSWERS), None);
    }
}

#[test]
fn where_memory_was_short_it_is_not_started_at_each_question() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("rests");
    let starts = folder.path().join("starts");
    std::fs::write(&program, format!("#!/bin/sh\necho x >> {}\necho '\"Rests\"'\n", starts.display())).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let started = |pause: Duration| {
        let limits = Limits { pause, ..Limits::default() };
        let service = Service::start_with(&program, &Paths::from_env(), limits).unwrap();
        let began = Instant::now();
        for _ in 0..3 {
            while service.state() != State::Asleep {
                assert!(began.elapsed() < LOADS, "{:?}", service.state());
                std::thread::yield_now();
            }
            assert_eq!(service.ask("fn", 0, Query::Complete, ANSWERS), None);
        }
        while service.state() != State::Asleep {
            std::thread::yield_now();
        }
        let count = std::fs::read_to_string(&starts).unwrap().lines().count();
        std::fs::remove_file(&starts).unwrap();
        count
    };
    assert_eq!(started(Duration::from_secs(600)), 1);
    assert_eq!(started(Duration::ZERO), 4);
}
