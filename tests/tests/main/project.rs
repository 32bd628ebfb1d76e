//! `ironbook new`: everything in a new project runs.

use crate::support::{Desk, Done, ironbook, output_types, printed};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn project(desk: &Desk) -> PathBuf {
    let done: Done =
        ironbook().args(["new", "late-rides"]).current_dir(desk.folder.path()).output().expect("it starts").into();
    done.check(0, &["made: late-rides in late-rides", "ironbook run notebooks/01-explore.ipynb"]);
    desk.path("late-rides")
}

fn run_in(project: &Path, arguments: &[&str]) -> Done {
    ironbook().args(arguments).current_dir(project).output().expect("ironbook starts").into()
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("the notebook was written")).expect("it is JSON")
}

#[test]
fn its_notebooks_run_from_their_first_cell_to_their_last() {
    let desk = Desk::new();
    let project = project(&desk);
    run_in(&project, &["run", "notebooks/01-explore.ipynb", "-o", "reports/01-explore.ipynb", "-p", "trees=40"])
        .check(0, &["ok:"]);
    let executed = read(&project.join("reports/01-explore.ipynb"));
    let cells = executed["cells"].as_array().expect("a notebook has cells").len();
    let types: Vec<String> = (0..cells).flat_map(|at| output_types(&executed, at)).collect();
    assert!(types.iter().filter(|kind| *kind == "execute_result").count() >= 5, "{types:?}");
    assert!(project.join("data/processed/predicted.parquet").is_file());
    // Tracked in the project, not beside the notebook.
    assert!(project.join(".ironbook/track.db").is_file() && !project.join("notebooks/.ironbook").exists());

    run_in(&project, &["run", "notebooks/02-own-code.ipynb", "-o", "reports/02.ipynb"]).check(0, &["ok:"]);
    let executed = read(&project.join("reports/02.ipynb"));
    let said: String = (0..3).map(|at| printed(&executed, at)).collect();
    assert!(said.contains("of 240 days were pleasant"), "{said}");
}

#[test]
fn its_code_passes_its_tests() {
    let desk = Desk::new();
    let project = project(&desk);
    for arguments in [&["test", "--offline", "--workspace"][..], &["fmt", "--all", "--check"]] {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let output = cargo.args(arguments).current_dir(&project).env("CARGO_TARGET_DIR", desk.path("target")).output();
        let done: Done = output.expect("cargo starts").into();
        assert_eq!(done.code, Some(0), "{arguments:?}\n{}\n{}", done.stdout, done.stderr);
    }
}

#[test]
fn a_directory_with_something_in_it_is_refused() {
    let desk = Desk::new();
    let project = project(&desk);
    run_in(desk.folder.path(), &["new", "late-rides"]).check(2, &["late-rides is not empty", "help:"]);
    assert!(project.join(".git").is_dir());
    run_in(desk.folder.path(), &["new", "match"]).check(2, &["a project cannot be called `match`", "--name"]);
}
