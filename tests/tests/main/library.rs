//! The standard library's build: interrupted, by two at once, and with another compiler.

use crate::support::{Desk, Done, ironbook, run, target};
use ironbook_session::library::{Library, Missing, Paths, find_program};
use rustix::process::{Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

/// `ironbook setup` for a user who has built nothing; the compiled crates are shared, so that it takes seconds.
fn setup(desk: &Desk) -> Command {
    let mut command = ironbook();
    command.arg("setup").env("IRONBOOK_HOME", desk.path("home")).env("CARGO_TARGET_DIR", target());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn paths(desk: &Desk) -> Paths {
    let real = Paths::from_env();
    Paths { data: desk.path("home"), target: target(), source: real.source, cuda: None, installed: None }
}

/// Reads standard error until a line says this; gives the rest of it.
fn wait_for(child: &mut Child, words: &str) -> BufReader<std::process::ChildStderr> {
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended without saying `{words}`");
    }
    lines
}

#[test]
fn an_interrupted_build_goes_on_and_two_builders_share_it() {
    let desk = Desk::new();
    assert!(matches!(Library::locate(&paths(&desk)), Err(Missing::NotBuilt)));

    let mut first = setup(&desk).spawn().unwrap();
    let mut rest = wait_for(&mut first, "finding out what to compile");
    kill_process(rustix::process::Pid::from_child(&first), Signal::INT).unwrap();
    let mut words = String::new();
    rest.read_to_string(&mut words).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(130), "{words}");
    assert!(words.contains("goes on from here"), "{words}");
    assert!(matches!(Library::locate(&paths(&desk)), Err(Missing::NotBuilt)));

    let both = [setup(&desk).spawn().unwrap(), setup(&desk).spawn().unwrap()];
    for child in both {
        Done::from(child.wait_with_output().unwrap()).check(0, &["once", "ready"]);
    }
    let library = Library::locate(&paths(&desk)).unwrap();
    assert!(library.externs.iter().any(|(name, path)| name == "polars" && path.is_file()));
    let copies = fs::read_dir(desk.path("home/std")).unwrap().flatten();
    let copies: Vec<_> = copies.filter(|entry| entry.path().join("manifest.json").is_file()).collect();
    assert_eq!(copies.len(), 1, "both use one copy");
    let leftovers = fs::read_dir(desk.path("home/std")).unwrap().flatten();
    assert!(leftovers.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(".building")));

    another_compiler_is_told(&desk);
}

/// As if the library had been built before the compiler was updated.
fn another_compiler_is_told(desk: &Desk) {
    let index = desk.path("home/std/index");
    for file in fs::read_dir(&index).unwrap().flatten() {
        let mut entry: Value = serde_json::from_str(&fs::read_to_string(file.path()).unwrap()).unwrap();
        entry["rustc_version"] = "rustc 1.90.0 (older)\n".into();
        fs::remove_file(file.path()).unwrap();
        fs::write(index.join("older.json"), entry.to_string()).unwrap();
    }
    let missing = Library::locate(&paths(desk)).unwrap_err();
    assert!(matches!(&missing, Missing::OtherRustc { have, .. } if have == "rustc 1.90.0 (older)"), "{missing}");
    assert!(missing.can_build() && missing.remedy().contains("ironbook setup"));
}

#[test]
fn without_sources_it_says_where_it_looked() {
    let done = ironbook().arg("setup").env("IRONBOOK_SOURCE", "/nowhere").output().unwrap();
    Done::from(done).check(1, &["Ironbook's sources are not in /nowhere", "IRONBOOK_SOURCE"]);
}

#[test]
fn setup_makes_the_language_service_once() {
    let desk = Desk::new();
    let (programs, target) = (desk.path("bin"), desk.path("target"));
    fs::create_dir_all(&programs).unwrap();
    fs::create_dir_all(target.join("debug")).unwrap();
    let program = target.join("debug/ironbook");
    fs::copy(ironbook().get_program(), &program).unwrap();
    let cargo = |script: &str| {
        let path = programs.join("cargo");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let setup = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("setup").args(arguments).env("PATH", &path).env("CARGO_TARGET_DIR", &target);
        command.env("RUST_SRC_PATH", "/nowhere");
        Done::from(command.env("NO_COLOR", "1").env_remove("IRONBOOK_LANGUAGE").output().unwrap())
    };
    cargo("exit 101");
    let without = setup(&["--no-language"]);
    without.check(0, &["the standard library is ready"]);
    assert!(!without.stderr.contains("language service"), "{}", without.stderr);
    setup(&[]).check(1, &["the language service did not compile", "--no-language"]);
    let wanted = "build --locked -p ironbook-language --bin ironbook-language --profile dev --message-format=json-render-diagnostics";
    let service = target.join("debug/ironbook-language");
    let artifact = serde_json::json!({
        "reason": "compiler-artifact", "package_id": "p", "features": [], "fresh": false, "profile": {"opt_level": "0"},
        "target": {"name": "ironbook-language", "kind": ["bin"]}, "filenames": [&service],
    });
    cargo(&format!("test \"$*\" = '{wanted}' && touch {} && echo '{artifact}'", service.display()));
    setup(&[]).check(0, &["is compiled, once", "the language service is ready", "RUST_SRC_PATH names another"]);
    let again = setup(&[]);
    again.check(0, &["the language service is ready"]);
    assert!(!again.stderr.contains("once"), "{}", again.stderr);
    fs::remove_file(&service).unwrap();
    cargo(&format!("echo '{artifact}'"));
    setup(&[]).check(0, &["IRONBOOK_LANGUAGE="]);
    fs::remove_file(programs.join("cargo")).unwrap();
    let tools = desk.path("tools");
    fs::create_dir(&tools).unwrap();
    std::os::unix::fs::symlink(find_program("rustc").unwrap(), tools.join("rustc")).unwrap();
    let mut bare = Command::new(&program);
    bare.arg("setup").env("PATH", &tools).env("CARGO_TARGET_DIR", &target).env("CARGO_HOME", desk.path("nothing"));
    Done::from(bare.env("NO_COLOR", "1").env_remove("IRONBOOK_LANGUAGE").output().unwrap())
        .check(0, &["the standard library is ready", "the language service is not there", "cargo"]);
}

/// Where another place makes it, nobody is told that `setup` would.
#[test]
fn a_language_service_that_setup_does_not_make_is_not_promised() {
    let mut named = ironbook();
    named.arg("setup").env("IRONBOOK_LANGUAGE", "/nowhere/service");
    Done::from(named.output().unwrap()).check(0, &["/nowhere/service", "IRONBOOK_LANGUAGE names it"]);
    let desk = Desk::new();
    let copy = desk.path("ironbook");
    fs::copy(ironbook().get_program(), &copy).unwrap();
    let mut elsewhere = Command::new(&copy);
    elsewhere.arg("setup").env("CARGO_TARGET_DIR", target()).env("NO_COLOR", "1").env_remove("IRONBOOK_LANGUAGE");
    Done::from(elsewhere.output().unwrap()).check(0, &["is not there", "cargo build -p ironbook-language"]);
}

#[test]
fn the_doctor_finds_nothing_wrong() {
    let done = run(["doctor"]);
    done.check(0, &[]);
    for check in ["compiler", "linker", "library", "cells", "disk", "GPU"] {
        assert!(done.stdout.contains(check), "no {check} in:\n{}", done.stdout);
    }
}
