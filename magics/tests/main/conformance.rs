//! What holds for every magic.

use crate::fake::{Fake, text};
use ironbook_magics::{Expect, Form, Shell, magics, registry};
use ironbook_session::{FailureKind, Status};
use std::collections::BTreeSet;

#[test]
fn every_file_is_a_magic_of_its_name() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/src/magics";
    let files: BTreeSet<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let names: Vec<_> = magics::ALL.iter().map(|magic| magic.name().to_owned()).collect();
    assert!(names.is_sorted(), "ALL is sorted by name");
    assert_eq!(files, names.iter().cloned().collect());
    for name in names {
        let file = std::fs::read_to_string(format!("{directory}/{name}.rs")).unwrap();
        let type_name: String = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert!(file.contains(&format!("pub struct {type_name};")), "{name}");
        assert!(file.starts_with("//! "), "{name}");
    }
}

#[test]
fn every_magic_explains_itself() {
    for magic in magics::ALL {
        let (name, summary) = (magic.name(), magic.summary());
        assert!(!summary.is_empty() && summary.len() <= 80 && !summary.ends_with('.'), "{name}: {summary}");
        assert!(!magic.examples().is_empty(), "{name} has no example");
        let help = registry::help(*magic);
        assert!(help.contains("Usage: %"), "{name}: {help}");
        let shown = magic.examples().iter().any(|example| !matches!(example.expect, Expect::Failed(_)));
        assert_eq!(help.contains("Examples:"), shown, "{name}");
        assert!(!help.contains('\u{1b}'), "{name}: colour codes in plain help");
        assert!(help.lines().all(|line| line.chars().count() <= 130), "{name}: {help}");
        registry::command(*magic).debug_assert();
    }
}

#[test]
fn every_magic_refuses_an_unknown_argument() {
    for magic in magics::ALL {
        let sign = if magic.form() == Form::Cell { "%%" } else { "%" };
        let directory = tempfile::tempdir().unwrap();
        let mut shell = Shell::new(Fake::new(directory.path()));
        let cell = format!("{sign}{} --no-such-argument\nlet a = 1;", magic.name());
        let outcome = shell.run_cell(&cell, None, &mut |_| {});
        let Status::Failed(failure) = outcome.status else { panic!("{cell} ran") };
        assert_eq!(failure.kind, FailureKind::Magic, "{cell}");
        assert_eq!(failure.name, "wrong arguments", "{cell}");
        assert!(shell.engine().sources.is_empty(), "{cell}");
    }
}

#[test]
fn every_magic_answers_a_question() {
    for magic in magics::ALL {
        let directory = tempfile::tempdir().unwrap();
        let mut shell = Shell::new(Fake::new(directory.path()));
        for cell in [format!("%{}?", magic.name()), format!("%help {}", magic.name())] {
            let mut events = Vec::new();
            let outcome = shell.run_cell(&cell, None, &mut |event| events.push(event));
            assert!(outcome.status.is_ok(), "{cell}");
            assert!(text(&events).contains(magic.summary()), "{cell}");
        }
    }
}

/// Without a compiler: examples are read and lowered, and those that are no Rust do what they say.
#[test]
fn every_example_is_read() {
    for magic in magics::ALL {
        for example in magic.examples() {
            let directory = tempfile::tempdir().unwrap();
            let mut shell = Shell::new(Fake::new(directory.path()));
            let mut events = Vec::new();
            let outcome = shell.run_cell(example.code, None, &mut |event| events.push(event));
            let output = text(&events);
            let compiled = !outcome.executions.is_empty();
            match (example.expect, outcome.status) {
                (Expect::Failed(kind), Status::Failed(failure)) => assert_eq!(failure.kind, kind, "{}", example.code),
                (Expect::Failed(_), Status::Ok) => panic!("{} ran", example.code),
                (_, Status::Failed(failure)) => panic!("{}: {}", example.code, failure.message),
                (Expect::Contains(part), Status::Ok) if !compiled => {
                    assert!(output.contains(part), "{}: {output}", example.code);
                }
                (_, Status::Ok) => {}
            }
        }
    }
}
