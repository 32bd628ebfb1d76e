//! The service as a process: it answers, dies in the middle of it, and comes back.

use crate::project;
use ironbook_language::Rest;
use ironbook_session::language::{Answer, Cell, Prelude, Query, Reply, Service, State};
use ironbook_session::library::Paths;
use ironbook_session::{Place, Source};
use std::io::BufReader;
use std::path::Path;
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
    assert!(service.wait_ready(LOADS), "{:?}", service.state());

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

#[test]
fn where_memory_is_short_it_ends_until_it_is_asked_again() {
    let Some(_) = project() else { return };
    let folder = tempfile::tempdir().unwrap();
    let meminfo = folder.path().join("meminfo");
    std::fs::write(&meminfo, "MemTotal: 1000 kB\nMemAvailable: 50 kB\n").unwrap();
    let rest = Rest { quiet: Duration::from_millis(20), meminfo };
    let paths = Paths::from_env();
    let (open, input) = std::io::pipe().unwrap();
    let mut output = Vec::new();
    ironbook_language::serve(&paths.source, &paths.target, BufReader::new(open), &mut output, &rest).unwrap();
    drop(input);
    let said: Vec<Reply> =
        String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(matches!(said[..], [Reply::Ready { .. }, Reply::Rests]), "{said:?}");
}

#[test]
fn one_that_rests_is_started_by_the_next_question() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("rests");
    let starts = folder.path().join("starts");
    let script = format!("#!/bin/sh\necho x >> {}\necho '\"Rests\"'\n", starts.display());
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
