//! Files that cannot be run: each error says what was wrong and what to do, before anything runs.

use crate::support::{Desk, ironbook, notebook, run};
use serde_json::json;
use std::fs;

#[track_caller]
fn check(name: &str, text: &str, words: &[&str]) {
    let desk = Desk::new();
    let path = desk.write(name, text);
    let done = run(["run", path.to_str().unwrap()]);
    done.check(2, words).check(2, &["error:", "help:", name]);
}

#[test]
fn what_is_not_a_notebook() {
    check("text.ipynb", "fn main() {}", &["is not JSON (line 1"]);
    check("list.ipynb", "[1, 2]", &["not an object"]);
    check("other.ipynb", "{\"a\": 1}", &["no `nbformat`"]);
    check("old.ipynb", "{\"nbformat\": 3, \"worksheets\": []}", &["format 3", "nbconvert"]);
    check("cells.ipynb", "{\"nbformat\": 4, \"cells\": 1}", &["no list of `cells`"]);
    check("notes.txt", "hello", &["neither a notebook (.ipynb) nor a script (.rs)"]);
}

#[test]
fn a_python_notebook_is_refused_unless_forced() {
    let python = json!({
        "cells": [{"cell_type": "code", "id": "a", "metadata": {}, "source": "40 + 2", "outputs": [], "execution_count": null}],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4, "nbformat_minor": 5,
    });
    check("p.ipynb", &python.to_string(), &["is a python notebook", "--force"]);
    let desk = Desk::new();
    let path = desk.write("p.ipynb", &python.to_string());
    let done = run(["run", "--force", path.to_str().unwrap()]);
    done.check(0, &["ok:"]);
    assert!(done.stdout.contains("42"));
}

#[test]
fn missing_files_and_outputs_that_cannot_be() {
    run(["run", "/nowhere/n.ipynb"]).check(2, &["cannot read /nowhere/n.ipynb", "check the path"]);
    let desk = Desk::new();
    let path = desk.notebook("n.ipynb", &["println!(\"ran\");"]);
    let path = path.to_str().unwrap();
    let refused = |output: &str, words: &[&str]| {
        let done = run(["run", path, "-o", output]);
        done.check(2, words);
        assert!(!done.stdout.contains("ran"), "it ran all the same");
    };
    refused(
        "/nowhere/out.ipynb",
        &["cannot write /nowhere/out.ipynb: No such file or directory (os error 2)\n", "make its directory"],
    );
    refused("out.html", &["has to end in .ipynb"]);
    fs::create_dir(desk.path("folder.ipynb")).unwrap();
    refused(desk.path("folder.ipynb").to_str().unwrap(), &["cannot write"]);
    run(["run", desk.path("folder.ipynb").to_str().unwrap()]).check(2, &["Is a directory", "name a file in it"]);
}

#[test]
fn parameters_that_cannot_be_set() {
    let desk = Desk::new();
    let mut cell = crate::support::code("let depth = 3;", &["parameters"]);
    let path = desk.write("n.ipynb", &notebook(std::slice::from_ref(&cell)).to_string());
    let path = path.to_str().unwrap();
    run(["run", path, "-p", "dept=4"]).check(2, &["no parameter `dept`", "`depth`"]);
    run(["run", path, "-p", "depth=(4"]).check(2, &["not a Rust expression"]);
    cell["metadata"] = json!({});
    let path = desk.write("untagged.ipynb", &notebook(&[cell]).to_string());
    run(["run", path.to_str().unwrap(), "-p", "depth=4"]).check(2, &["no cell tagged `parameters`"]);
}

#[test]
fn help_and_version() {
    let help = run(["run", "--help"]);
    assert!(help.stdout.contains("--keep-going") && help.stdout.contains("Exit status"));
    assert!(run(["--version"]).stdout.starts_with("ironbook "));
    let wrong = ironbook().arg("frobnicate").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
