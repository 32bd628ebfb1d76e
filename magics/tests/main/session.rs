//! Magics over the real session; the standard library is built where it is not yet.

use crate::fake::text;
use ironbook_magics::{Expect, RunOptions, Shell, magics};
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, FailureKind, Session, Status, Tier};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;

pub fn library() -> Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    let build = |_| Library::build(&Paths::from_env(), &mut |_| ControlFlow::Continue(()));
    LIBRARY.get_or_init(|| Library::locate(&Paths::from_env()).or_else(build).unwrap()).clone()
}

pub fn shell(directory: &Path) -> Shell {
    let cache = Paths::from_env().cells();
    let config = Config { library: library(), cache, directory: directory.to_owned(), tier: Tier::Auto };
    let mut session = Session::start(config).unwrap();
    session.keep_in(&directory.join(".sessions")).unwrap();
    Shell::new(session)
}

/// Runs a cell; the outputs, and the failure's kind, message and plain report.
fn run(shell: &mut Shell, cell: &str) -> (String, Option<(FailureKind, String)>) {
    let mut events = Vec::new();
    let outcome = shell.run_cell(cell, None, &mut |event| events.push(event));
    let failure = match outcome.status {
        Status::Ok => None,
        Status::Failed(failure) => Some((failure.kind, plain(&failure.report.join("\n")))),
    };
    (text(&events), failure)
}

#[track_caller]
fn ok(shell: &mut Shell, cell: &str) -> String {
    let (output, failure) = run(shell, cell);
    assert_eq!(failure, None, "{cell}\n{output}");
    output
}

/// Without colour codes.
pub fn plain(report: &str) -> String {
    let mut parts = report.split('\u{1b}');
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[test]
fn examples_do_what_they_say() {
    let mut wrong = Vec::new();
    for magic in magics::ALL {
        for example in magic.examples() {
            let directory = tempfile::tempdir().unwrap();
            let (output, failure) = run(&mut shell(directory.path()), example.code);
            let right = match (example.expect, &failure) {
                (Expect::Failed(expected), Some((kind, _))) => expected == *kind,
                (Expect::Contains(part), None) => output.contains(part),
                (Expect::Ok, None) => true,
                _ => false,
            };
            if !right {
                wrong.push(format!("{}\n{output}{}", example.code, failure.map(|f| f.1).unwrap_or_default()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn errors_point_at_the_magic() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    let (_, failure) = run(shell, "let a = 1;\n%time a + missing_name");
    let (kind, report) = failure.unwrap();
    assert_eq!(kind, FailureKind::Compile, "{report}");
    assert!(report.contains("2:11") && report.contains("%time a + missing_name"), "{report}");
    let (_, failure) = run(shell, "let a = 1;\n%track log loss=missing_name");
    let (kind, report) = failure.unwrap();
    assert_eq!(kind, FailureKind::Compile, "{report}");
    assert!(report.contains("%track log loss=missing_name") && report.contains("missing_name"), "{report}");
    let (_, failure) = run(shell, "let b = 2;\nb\n%who");
    let (_, report) = failure.unwrap();
    assert!(report.contains("end the line above it with `;`"), "{report}");
}

#[test]
fn a_session_with_magics() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    let output = ok(shell, "let xs = vec![1.5f64; 1000];\n%time let total = xs.iter().sum::<f64>();\ntotal");
    // "compiled before" where an earlier run of this test left the cell in the cache.
    assert!(output.contains("wall ") && output.contains("compile") && output.contains("1500"), "{output}");
    let output = ok(shell, "%timeit -r 3 xs.iter().sum::<f64>()");
    assert!(output.contains("of 3 runs") && output.contains("opt-level 2"), "{output}");
    let output = ok(shell, "%whos");
    assert!(output.contains("Vec<f64>") && output.contains("len 1000") && output.contains("total"), "{output}");
    assert!(!output.contains("__ironbook"), "{output}");
    assert!(ok(shell, "total?").contains("1500"));
    ok(shell, "#[derive(Debug, Clone)]\nstruct Point { x: f64 }\nimpl Point { fn new() -> Self { Point { x: 1.0 } } }");
    let output = ok(shell, "Point?");
    assert!(output.contains("struct Point") && output.contains("fn new()"), "{output}");
    assert!(ok(shell, "%expand let y = 3;").contains("let y = 3;"));
    let output = ok(shell, "%reset -f\n%who");
    assert!(output.contains("There are no variables"), "{output}");
}

#[test]
fn own_magics() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    ok(shell, "fn magic_shout(args: &str) -> String { args.to_uppercase() }");
    assert!(ok(shell, "%shout hello").contains("HELLO"));
    ok(
        shell,
        "mod library { pub fn magic_whisper(args: &str) -> String { args.to_lowercase() } }\nuse library::magic_whisper;",
    );
    assert!(ok(shell, "%whisper HELLO").contains("hello"));
    ok(shell, "macro_rules! magic_twice { ($e:expr) => { $e * 2 } }\nlet n = 21;");
    assert!(ok(shell, "%twice n").contains("42"));
}

#[test]
fn tracking_in_a_loop() {
    let directory = tempfile::tempdir().unwrap();
    let shell = &mut shell(directory.path());
    ok(shell, "%track start flights --name boosted --tag kind=test");
    ok(
        shell,
        "let mut loss = 1.0f32;\nfor step in 0..3usize {\n    loss /= 2.0;\n    %track log loss=loss --step step\n}",
    );
    ok(shell, "%track param depth=3 rate=loss\n%track end");
    let output = ok(shell, "%track show");
    assert!(output.contains("boosted") && output.contains("0.125") && output.contains("depth"), "{output}");
    assert!(ok(shell, "%track show -e flights").contains("boosted"));
    assert!(output.contains("boosted") && ok(shell, "%track").contains("boosted"));
}

#[test]
fn an_interrupt_skips_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let mut shell = shell(directory.path());
    ok(&mut shell, "let kept = 7;");
    let handle = shell.handle();
    let outcome = shell.run_cell("println!(\"ready\");\nloop {}\n%cd /\nlet lost = 1;", None, &mut |event| {
        if text(&[event]).contains("ready") {
            handle.interrupt();
        }
    });
    assert!(matches!(outcome.status, Status::Failed(failure) if failure.kind == FailureKind::Interrupted));
    assert_eq!(ok(&mut shell, "%who"), "kept\n");
}

#[test]
fn a_session_is_promoted_where_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let mut shell = shell(directory.path());
    ok(&mut shell, "let parts = vec![1.5, 2.5, 4.0];");
    ok(&mut shell, "let mean = parts.iter().sum::<f64>() / parts.len() as f64;\nmean");
    let said = ok(&mut shell, "%promote tiny --description \"the mean of three\"");
    assert!(said.contains("tiny 1.0.0: reproduced: 2 of 2 values, bit for bit"), "{said}");
    let version = directory.path().join("pipelines/tiny/1.0.0");
    for file in
        ["pipeline.toml", "src/stages.rs", "Cargo.lock", "dvc.yaml", "MLproject", "Dockerfile", "vendor/Cargo.toml"]
    {
        assert!(version.join(file).is_file(), "{file}");
    }
    let again = ok(&mut shell, "%promote tiny --description \"the mean of three\"");
    assert!(again.contains("nothing has changed"), "{again}");
    ok(&mut shell, "let late = std::time::SystemTime::now();\nlet seconds = late.elapsed()?.as_secs_f64();");
    let (_, failure) = run(&mut shell, "%promote timed --target seconds");
    let (kind, report) = failure.unwrap();
    assert_eq!(kind, FailureKind::Magic);
    assert!(report.contains("clock") && report.contains("cell 5, line 1") && report.contains("remedy"), "{report}");
}

/// Runs a cell as JupyterLab asks for it; whether it ran, and what it said.
fn on_page(shell: &mut Shell, (cell, text): (&str, &str), tags: &[&str], deleted: &[&str]) -> (bool, String) {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let (tags, deleted) = (texts(tags), texts(deleted));
    let mut events = Vec::new();
    let options = RunOptions { cell: Some(cell), tags: &tags, deleted: &deleted, ..RunOptions::default() };
    let outcome = shell.run(text, options, &mut |event| events.push(event));
    let report = match &outcome.status {
        Status::Ok => String::new(),
        Status::Failed(failure) => plain(&failure.report.join("\n")),
    };
    (outcome.status.is_ok(), self::text(&events) + &report)
}

#[test]
fn cells_that_the_front_end_deleted_make_nothing_to_promote() {
    const PARTS: &str = "let parts = vec![1.5, 2.5, 4.0];";
    let promote = ("p", "%promote tiny --target mean --no-verify");
    let directory = tempfile::tempdir().unwrap();
    let mut shell = shell(directory.path());
    assert!(on_page(&mut shell, ("k", "let rate = 2.0;"), &["parameters"], &[]).0);
    assert!(on_page(&mut shell, ("a", PARTS), &[], &[]).0);
    assert!(on_page(&mut shell, ("b", "let mean = parts.iter().sum::<f64>() / rate;"), &[], &[]).0);
    assert!(on_page(&mut shell, ("c", "parts.len()"), &[], &["x"]).0);
    // The cell that promotes brings the news.
    let (promoted, said) = on_page(&mut shell, promote, &[], &["a"]);
    assert!(
        !promoted && said.contains("maker-gone") && said.contains("`parts`") && said.contains("and run it"),
        "{said}"
    );
    // A session that goes on in another process still knows it.
    drop(shell);
    let mut shell = self::shell(directory.path());
    assert!(on_page(&mut shell, ("r", "%resume"), &[], &[]).0);
    let (promoted, said) = on_page(&mut shell, promote, &[], &[]);
    assert!(!promoted && said.contains("maker-gone"), "{said}");
    // Another cell's deletion harms nobody, and the tag is known.
    assert!(on_page(&mut shell, ("a", PARTS), &[], &[]).0);
    let (promoted, said) = on_page(&mut shell, promote, &[], &["c"]);
    assert!(promoted, "{said}");
    let definition = std::fs::read_to_string(directory.path().join("pipelines/tiny/1.0.0/params.yaml")).unwrap();
    assert!(definition.contains("rate"), "{definition}");
}

#[test]
fn what_ran_last_in_a_cell_counts_though_it_was_no_rust() {
    let directory = tempfile::tempdir().unwrap();
    let mut shell = shell(directory.path());
    assert!(on_page(&mut shell, ("a", "let parts = vec![1.5, 2.5, 4.0];"), &[], &[]).0);
    assert!(on_page(&mut shell, ("a", "%who"), &[], &[]).0);
    let (promoted, said) = on_page(&mut shell, ("p", "%promote tiny --target parts --no-verify"), &[], &[]);
    assert!(!promoted && said.contains("edited") && said.contains("run cell 1"), "{said}");
}

#[test]
fn a_saved_notebook_of_other_cells_is_none_of_this_session() {
    let directory = tempfile::tempdir().unwrap();
    let mut shell = shell(directory.path());
    assert!(on_page(&mut shell, ("w0s", "let parts = vec![1.5, 2.5];"), &[], &[]).0);
    let cell = |id: &str| {
        format!(
            r#"{{"cell_type": "code", "id": "{id}", "metadata": {{}}, "source": "let parts = vec![1.5, 2.5];", "outputs": [], "execution_count": 1}}"#
        )
    };
    for (id, words) in [("a1", "none of the 1 cells"), ("w0s", "tiny 1.0.0")] {
        let text = format!(r#"{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": [{}]}}"#, cell(id));
        std::fs::write(directory.path().join("n.ipynb"), text).unwrap();
        let promote = "%promote tiny --target parts --no-verify --notebook n.ipynb";
        let (_, said) = on_page(&mut shell, ("p", promote), &[], &[]);
        assert!(said.contains(words), "{said}");
    }
}
