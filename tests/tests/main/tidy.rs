//! How the sources look: a sentence at the top of each file, and their length.

use crate::support::workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines that a file may have at most; above [`LONG`] it is reported.
const LIMIT: usize = 800;
const LONG: usize = 400;

fn sources() -> Vec<PathBuf> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name();
            let path = entry.path();
            if name.as_encoded_bytes().starts_with(b".") || name == "target" {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    collect(&workspace(), &mut files);
    assert!(files.len() > 100);
    files
}

#[test]
fn every_file_opens_with_a_sentence() {
    // A script in percent format is a file of cells, not of this workspace's code.
    let opens = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        text.starts_with("//! ") || text.lines().any(|line| line.starts_with("// %%"))
    };
    let without: Vec<PathBuf> = sources().into_iter().filter(|path| !opens(path)).collect();
    assert!(without.is_empty(), "these do not open with `//! `: {without:#?}");
}

/// Clones share a target directory, in which a test of the one passes for that of the other: what it has compiled in would be
/// the other's folder. cargo names the folder to the running test as well.
#[test]
fn tests_look_for_their_files_when_they_run() {
    let compiled_in = concat!("env!(\"CARGO_MANIFEST", "_DIR\")");
    // The one is the program, which falls back to it; the other the text of a version's tests.
    let allowed = ["session/src/library/paths.rs", "promotion/src/samples.rs"];
    let root = workspace();
    let found: Vec<PathBuf> = sources()
        .into_iter()
        .map(|path| path.strip_prefix(&root).unwrap_or(&path).to_owned())
        .filter(|path| !allowed.iter().any(|allowed| path == Path::new(allowed)))
        .filter(|path| fs::read_to_string(root.join(path)).unwrap().contains(compiled_in))
        .collect();
    assert!(found.is_empty(), "these have the folder of their crate compiled in: {found:#?}");
}

#[test]
fn files_are_not_too_long() {
    // Tests at the end of a file do not count.
    let length =
        |path: &Path| fs::read_to_string(path).unwrap().lines().take_while(|line| *line != "#[cfg(test)]").count();
    let root = workspace();
    for path in sources() {
        let lines = length(&path);
        let name = path.strip_prefix(&root).unwrap_or(&path).display();
        assert!(lines <= LIMIT, "{name} has {lines} lines; {LIMIT} is the most");
        if lines > LONG {
            eprintln!("long: {name} has {lines} lines");
        }
    }
}
