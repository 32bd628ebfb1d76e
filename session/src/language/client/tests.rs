//! The client against scripts in the place of the service.

use super::*;

#[test]
fn the_program_lies_beside_the_running_one() {
    assert_eq!(program(Some("0"), None), None);
    assert_eq!(program(Some("/x/l"), None), Some("/x/l".into()));
    assert_eq!(program(None, Some(Path::new("/b/ironbook"))), Some("/b/ironbook-language".into()));
    assert_eq!(program(Some(""), None), None);
}

#[test]
fn a_missing_program_is_named() {
    let error = Service::start(Path::new("/no/ironbook-language"), &Paths::from_env()).err().unwrap();
    assert!(error.to_string().contains("/no/ironbook-language"), "{error}");
}

/// A service that is a script.
#[cfg(unix)]
fn script(folder: &Path, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("service");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Another test may start a process while the script is being written, which holds the file open for a moment.
#[cfg(unix)]
fn started(program: &Path, limits: Limits) -> Service {
    loop {
        match Service::start_with(program, &Paths::from_env(), limits) {
            Err(ServiceError::Start { source, .. }) if source.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            started => return started.unwrap(),
        }
    }
}

#[cfg(unix)]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn one_that_could_not_work_is_tried_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let program = script(folder.path(), r#"echo '{"Unable":{"reason":"no sources"}}'"#);
    let limits = Limits { forgiven: Duration::from_millis(50), ..Limits::default() };
    let service = started(&program, limits);
    until("it says so", || service.state() == State::Off("no sources".to_owned()) && service.pid().is_none());
    script(folder.path(), r#"echo '{"Ready":{"seconds":0,"crates":1}}'; cat > /dev/null"#);
    until("it is ready", || {
        service.ask("fn", 0, Query::Hover, Duration::ZERO);
        matches!(service.state(), State::Ready { .. })
    });
}

#[cfg(unix)]
#[test]
fn one_that_never_comes_to_read_is_ended_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let program = script(folder.path(), "echo > \"$0.begun\"; exec sleep 1000");
    let limits = Limits { loads: Duration::from_millis(500), ..Limits::default() };
    let service = started(&program, limits);
    let first = service.pid();
    assert!(service.ask("fn", 0, Query::Hover, Duration::ZERO).is_none());
    assert!(service.pid().is_some() && service.pid() == first, "it may load for a while");
    until("it has begun", || folder.path().join("service.begun").exists());
    script(folder.path(), r#"echo '{"Ready":{"seconds":0,"crates":1}}'; cat > /dev/null"#);
    until("it is ready", || {
        service.ask("fn", 0, Query::Hover, Duration::ZERO);
        matches!(service.state(), State::Ready { .. })
    });
    assert_ne!(service.pid(), first);
}

#[cfg(unix)]
#[test]
fn who_completes_waits_less_for_a_silent_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"echo '{"Ready":{"seconds":0,"crates":1}}'
        while read line; do [ -e "$0.go" ] && echo '{"Answer":{"id":9,"answer":"Nothing"}}'; done"#;
    let program = script(folder.path(), text);
    let limits = Limits { silent: Duration::from_millis(600), ..Limits::default() };
    let service = started(&program, limits);
    until("it is ready", || matches!(service.state(), State::Ready { .. }));
    let took = |query: Query| {
        let began = Instant::now();
        assert!(service.ask("fn", 0, query, Duration::from_millis(400)).is_none());
        began.elapsed().as_millis()
    };
    let waits = [(); 3].map(|()| took(Query::Complete));
    assert!(waits[0] >= 400 && waits[1] >= 400 && (100..400).contains(&waits[2]), "{waits:?}");
    assert!(took(Query::Hover) >= 400, "what nothing else answers");
    std::fs::write(folder.path().join("service.go"), "").unwrap();
    took(Query::Complete);
    assert!(took(Query::Complete) >= 400, "it has said something");
}
