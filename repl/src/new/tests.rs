//! What `ironbook new` writes and refuses, without running any of it.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it expected")]

use super::{FILES, New, check_name, crate_name, run};
use crate::Error;
use std::fs;
use std::path::Path;

fn made(directory: &Path, name: &str) -> Result<u8, Error> {
    run(&New { directory: directory.to_owned(), name: Some(name.to_owned()), no_git: true })
}

#[test]
fn names_are_those_of_crates() {
    for good in ["late-flights", "a", "b2_c", "Rides"] {
        check_name(good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for (bad, word) in [
        ("", "begin with a letter"),
        ("2fast", "begin with a letter"),
        ("über", "begin with a letter"),
        ("a b", "may have"),
        ("a/b", "may have"),
        ("match", "Rust's own"),
        ("polars", "another crate"),
        ("candle-core", "another crate"),
    ] {
        let said = check_name(bad).unwrap_err();
        assert!(said.to_string().contains(word) && said.remedy().is_some(), "{bad}: {said}");
    }
    assert!(check_name(&"a".repeat(65)).is_err());
    assert_eq!(crate_name("late-flights"), "late_flights");
}

#[test]
fn all_files_are_written_and_filled() {
    let directory = tempfile::tempdir().unwrap();
    let project = directory.path().join("deep/project");
    made(&project, "late-flights").unwrap();
    for (path, _) in FILES {
        let text = fs::read_to_string(project.join(path)).unwrap();
        assert!(!text.contains("{{name}}") && !text.contains("{{crate}}"), "{path}");
        if path.ends_with(".ipynb") {
            let notebook: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(notebook["metadata"]["kernelspec"]["name"], "ironbook", "{path}");
        }
        if path.ends_with(".toml") {
            text.parse::<toml::Table>().unwrap();
        }
    }
    assert!(fs::read_to_string(project.join("src/Cargo.toml")).unwrap().contains("name = \"late-flights\""));
    assert!(fs::read_to_string(project.join("tests/library.rs")).unwrap().contains("use late_flights::pleasant;"));
    assert!(!project.join(".git").exists());
}

#[test]
fn nothing_is_written_over() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("thesis.tex"), "years of work").unwrap();
    let refused = made(directory.path(), "thesis").unwrap_err();
    assert!(matches!(refused, Error::NotEmpty { .. }) && refused.remedy().is_some(), "{refused}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    let file = directory.path().join("thesis.tex");
    assert!(made(&file, "thesis").is_err());
    assert_eq!(fs::read_to_string(file).unwrap(), "years of work");
}

#[test]
fn a_wrong_name_makes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let project = directory.path().join("match");
    let refused = run(&New { directory: project.clone(), name: None, no_git: true }).unwrap_err();
    assert!(matches!(refused, Error::ProjectName { .. }), "{refused}");
    assert!(!project.exists());
}
