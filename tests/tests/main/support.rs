//! What the system tests share: the built command, files to run, and processes to watch.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;

/// The workspace.
pub fn workspace() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap())
        .parent()
        .expect("this crate lies in the workspace")
        .to_owned()
}

/// cargo's target directory: this test runs in `<target>/debug/deps`.
pub fn target() -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    program.ancestors().nth(3).expect("the test lies in <target>/debug/deps").to_owned()
}

/// Whether `cargo test` tells its program this of itself. Build scripts that look at it (ring's) would run again, and all
/// that stands on them, polars too, would be compiled anew.
fn is_of_cargo_test(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix))
        || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "CARGO_MAKEFLAGS", "OUT_DIR"].contains(&&*name)
}

/// cargo in a directory, with the target directory of this test.
pub fn cargo(directory: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_cargo_test(name)) {
        cargo.env_remove(name);
    }
    cargo.current_dir(directory).stdin(Stdio::null()).env("CARGO_TARGET_DIR", target());
    cargo
}

/// Builds something of the workspace.
fn build(arguments: &[&str]) {
    let built = cargo(&workspace()).arg("build").args(arguments).status().expect("cargo starts");
    assert!(built.success(), "{arguments:?} does not build");
}

/// The `ironbook` command, built, with the library ready.
pub fn ironbook() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        build(&["-p", "ironbook-repl", "--bin", "ironbook"]);
        let program = target().join("debug/ironbook");
        let setup = Command::new(&program)
            .args(["setup", "--no-language"])
            .stdin(Stdio::null())
            .status()
            .expect("ironbook starts");
        assert!(setup.success(), "the library does not build");
        program
    });
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

/// The example `toy` of ironbook-pipeline, built.
pub fn toy() -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| build(&["-p", "ironbook-pipeline", "--example", "toy"]));
    target().join("debug/examples/toy")
}

/// The Python of the tests with its jupyter_client; without one the test is skipped, which CI does not allow.
pub fn jupyter(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("IRONBOOK_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI sets IRONBOOK_TEST_PYTHON");
        eprintln!("SKIPPED: {test} (it needs IRONBOOK_TEST_PYTHON with jupyter_client)");
    }
    python
}

/// A finished command.
pub struct Done {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Done {
        Done {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Done {
    /// Asserts the exit status and that standard error says all of these.
    #[track_caller]
    pub fn check(&self, code: i32, words: &[&str]) -> &Done {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in stderr:\n{}", self.stderr);
        }
        self
    }
}

/// Runs `ironbook` with arguments to its end.
pub fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Done {
    ironbook().args(arguments).output().expect("ironbook starts").into()
}

/// A directory with files to run.
pub struct Desk {
    pub folder: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Desk {
        Desk { folder: tempfile::tempdir().expect("a temporary directory") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).expect("the desk can be written");
        self.path(name)
    }

    /// A Rust notebook with these code cells.
    pub fn notebook(&self, name: &str, cells: &[&str]) -> PathBuf {
        let cells: Vec<Value> = cells.iter().map(|source| code(source, &[])).collect();
        self.write(name, &notebook(&cells).to_string())
    }

    pub fn read(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path(name)).expect("the file is there")).expect("it is JSON")
    }
}

/// A code cell with tags.
pub fn code(source: &str, tags: &[&str]) -> Value {
    json!({"cell_type": "code", "metadata": {"tags": tags}, "source": source, "outputs": [], "execution_count": null})
}

/// A notebook for Rust.
pub fn notebook(cells: &[Value]) -> Value {
    json!({
        "cells": cells,
        "metadata": {"kernelspec": {"name": "ironbook", "display_name": "Rust", "language": "rust"}},
        "nbformat": 4, "nbformat_minor": 4,
    })
}

/// Text that cell `at` printed.
pub fn printed(notebook: &Value, at: usize) -> String {
    let outputs = notebook["cells"][at]["outputs"].as_array().cloned().unwrap_or_default();
    let text = |output: &Value| match &output["text"] {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or("").to_owned(),
    };
    outputs.iter().filter(|output| output["name"] == "stdout").map(text).collect()
}

/// Types of the outputs of cell `at`.
pub fn output_types(notebook: &Value, at: usize) -> Vec<String> {
    let outputs = notebook["cells"][at]["outputs"].as_array().cloned().unwrap_or_default();
    outputs.iter().map(|output| output["output_type"].as_str().unwrap_or("").to_owned()).collect()
}

/// A running `ironbook` whose printed lines are read.
pub struct Running {
    pub child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Running {
    pub fn start(command: &mut Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ironbook starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        Running { child, lines: BufReader::new(stdout).lines() }
    }

    /// Reads printed lines until one starts so; gives its rest.
    #[track_caller]
    pub fn wait_for(&mut self, start: &str) -> String {
        for line in self.lines.by_ref().map_while(Result::ok) {
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim().to_owned();
            }
        }
        panic!("it ended without printing `{start}`");
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the end.
    pub fn finish(mut self) -> (ExitStatus, String) {
        let mut stderr = String::new();
        let pipe = self.child.stderr.take().expect("standard error is piped");
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            stderr.push_str(&line);
            stderr.push('\n');
        }
        (self.child.wait().expect("the child can be waited for"), stderr)
    }
}

/// Asserts that a process ends within ten seconds.
#[track_caller]
pub fn assert_ends(pid: &str) {
    let pid = pid.parse().ok().and_then(Pid::from_raw).expect("a process id");
    assert!(ends(pid, 10), "process {pid:?} still runs");
}

/// Whether a process ends within so many seconds.
pub fn ends(pid: Pid, seconds: i64) -> bool {
    // No such process: it has ended.
    let Ok(watch) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
    let mut polled = [PollFd::new(&watch, PollFlags::IN)];
    poll(&mut polled, Some(&Timespec { tv_sec: seconds, tv_nsec: 0 })).expect("a pidfd can be polled") == 1
}
