//! Failures of the machine.

use super::{Crate, drawn};
use ironbook_session::diagnostics::{Context, Level, Style, not_loaded, parse_messages, report};
use ironbook_session::map::SourceMap;
use ironbook_session::{Failure, FailureKind};
use std::process::Command;

fn failure(stderr: &str) -> Failure {
    let map = SourceMap::default();
    report(&parse_messages(stderr), &Context { map: &map, generated: "", cells: &|_| None }, Style::Plain)
}

fn json(message: &str, child: &str) -> String {
    let message = serde_json::json!({
        "$message_type": "diagnostic", "message": message, "code": null, "level": "error", "spans": [], "rendered": null,
        "children": [{"message": child, "code": null, "level": "note", "spans": [], "children": [], "rendered": null}],
    });
    message.to_string()
}

#[test]
fn a_missing_linker_is_named_by_the_real_compiler() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cell.rs");
    std::fs::write(&file, "#[unsafe(no_mangle)] pub extern \"C\" fn f() {}").unwrap();
    let output = Command::new("rustc")
        .args(["--edition", "2024", "--crate-type", "cdylib", "--error-format=json", "-C", "linker=no-such-linker"])
        .arg("--out-dir")
        .arg(directory.path())
        .arg(&file)
        .output()
        .unwrap();
    let failure = failure(&String::from_utf8_lossy(&output.stderr));
    assert_eq!((failure.kind, failure.name.as_str()), (FailureKind::Environment, "no-linker"));
    assert!(failure.hints[0].contains("install"), "{failure:?}");
}

#[test]
fn an_undefined_symbol_is_named_by_the_real_linker() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cell.rs");
    let text = "unsafe extern \"C\" { fn nowhere_to_be_found(); } fn main() { unsafe { nowhere_to_be_found() } }";
    std::fs::write(&file, text).unwrap();
    let output = Command::new("rustc")
        .args(["--edition", "2024", "--error-format=json", "--out-dir"])
        .arg(directory.path())
        .arg(&file)
        .output()
        .unwrap();
    let failure = failure(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(failure.name, "undefined-symbol", "{failure:?}");
    assert_eq!(failure.message, "the linker found no definition of `nowhere_to_be_found`");
}

#[test]
fn a_full_disk_is_told_from_an_error_in_the_cell() {
    let failure = failure(&json("failed to write /tmp/cell.o: No space left on device (os error 28)", ""));
    assert_eq!((failure.kind, failure.name.as_str()), (FailureKind::Environment, "disk-full"));
}

#[test]
fn a_crash_of_the_compiler_is_not_the_cells_fault() {
    let stderr = "thread 'rustc' panicked at compiler/rustc_x/src/y.rs:1:2:\nunexpected\nstack backtrace:";
    let failure = failure(stderr);
    assert_eq!((failure.kind, failure.name.as_str()), (FailureKind::Environment, "compiler-crash"));
    assert!(drawn(&failure).contains("panicked at"), "{failure:?}");
}

#[test]
fn a_compiler_that_says_nothing_or_something_unknown_fails_in_words() {
    assert_eq!(failure("").kind, FailureKind::Environment);
    let failure = failure("error: unknown codegen option\n");
    assert_eq!(failure.kind, FailureKind::Environment);
    assert!(drawn(&failure).contains("unknown codegen option"));
}

#[test]
fn a_library_of_another_compiler_is_told_from_an_unknown_crate_in_the_cell() {
    let compiled = Crate::new().items(1, "extern crate not_there;").compile();
    assert_eq!(compiled.failure().kind, FailureKind::Compile);
    let mut builder = ironbook_session::map::Builder::default();
    builder.glue("extern crate not_there;");
    let compiled = Crate::of(builder).compile();
    assert_eq!(compiled.failure().name, "library");
}

#[test]
fn a_symbol_that_the_loader_misses_is_named() {
    assert_eq!(not_loaded("/x/cell.so: undefined symbol: nowhere").name, "undefined-symbol");
    assert_eq!(not_loaded("/x/cell.so: file too short").name, "loader");
}

#[test]
fn lines_that_are_no_messages_are_kept() {
    let messages = parse_messages(&format!(
        "one\ntwo\n{}\n{{\"$message_type\":\"artifact\",\"artifact\":\"x\"}}\nthree",
        json("m", "n")
    ));
    let seen: Vec<_> = messages.iter().map(|m| (m.level, m.message.as_str())).collect();
    assert_eq!(seen, [(Level::Raw, "one\ntwo"), (Level::Error, "m"), (Level::Raw, "three")]);
}
