//! The features of the crates that the library stands on, compared with a list: a change rebuilds polars and candle.

use crate::support::workspace;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// `name version` of every crate that these arguments of `cargo tree` list, with its features as cargo prints them.
pub fn listed(arguments: &[&str]) -> BTreeSet<(String, String)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--prefix", "none", "-f", "{p}|{f}"])
        .args(arguments)
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let split = |line: &str| -> Option<(String, String)> {
        let (package, features) = line.trim_end_matches(" (*)").split_once('|')?;
        Some((package.split_whitespace().take(2).collect::<Vec<_>>().join(" "), features.to_owned()))
    };
    String::from_utf8(output.stdout).unwrap().lines().filter_map(split).collect()
}

/// Versions and features of what is compiled for the library: crates of registries, macros and build scripts included.
fn lines() -> Vec<String> {
    let crates = listed(&["-p", "ironbook-runtime", "-e", "normal,build", "--target", "x86_64-unknown-linux-gnu"]);
    let others = crates.into_iter().filter(|(package, _)| !package.starts_with("ironbook"));
    others.map(|(package, features)| format!("{package} {features}").trim_end().to_owned()).collect()
}

#[test]
fn the_library_is_built_with_the_listed_features() {
    let path = workspace().join("tests/features.txt");
    let text = fs::read_to_string(&path).unwrap();
    let (header, listed): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
    let found = lines();
    assert!(found.len() > 300, "{} crates are too few", found.len());
    if std::env::var_os("IRONBOOK_REFRESH").is_some() {
        fs::write(&path, format!("{}\n{}\n", header.join("\n"), found.join("\n"))).unwrap();
        return;
    }
    let gone: Vec<&&str> = listed.iter().filter(|line| !found.iter().any(|each| each == **line)).collect();
    let new: Vec<&String> = found.iter().filter(|line| !listed.contains(&line.as_str())).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "this change compiles the library anew; if that is meant, refresh tests/features.txt as its first lines say\n\
         no longer: {gone:#?}\nnow: {new:#?}"
    );
}
