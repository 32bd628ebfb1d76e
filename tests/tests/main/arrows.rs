//! Which crate may depend on which: the table of ARCHITECTURE.md, compared with every Cargo.toml and with cargo itself.

use crate::features::listed;
use crate::support::workspace;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use toml::Table;

/// The members of the standard library that need no polars and no candle; front ends may link them.
const LIGHT: &[&str] = &["ironbook-core", "ironbook-pipeline", "ironbook-store", "ironbook-track"];
/// What may stand in any list: features only.
const HACKS: &[&str] = &["ironbook-hack", "ironbook-std-hack"];
/// Front ends and what they stand on; none may link the heavy libraries.
const FRONT: &[&str] = &[
    "ironbook-session",
    "ironbook-promotion",
    "ironbook-magics",
    "ironbook-assist",
    "ironbook-language",
    "ironbook-lsp",
    "ironbook-kernel",
    "ironbook-tracking",
    "ironbook-repl",
];

/// The arrows: from a crate to the crates of this workspace that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("ironbook-session", &[]),
    ("ironbook-promotion", &["ironbook-session"]),
    ("ironbook-magics", &["ironbook-session", "ironbook-promotion"]),
    ("ironbook-assist", &["ironbook-session", "ironbook-magics"]),
    ("ironbook-kernel", &["ironbook-session", "ironbook-magics", "ironbook-assist"]),
    ("ironbook-language", &["ironbook-session"]),
    ("ironbook-lsp", &["ironbook-session", "ironbook-magics", "ironbook-assist"]),
    ("ironbook-tracking", &[]),
    (
        "ironbook-repl",
        &[
            "ironbook-session",
            "ironbook-promotion",
            "ironbook-magics",
            "ironbook-assist",
            "ironbook-kernel",
            "ironbook-lsp",
            "ironbook-tracking",
        ],
    ),
];

/// A crate of the workspace: its directory, and its dependencies on others of it.
struct Member {
    directory: String,
    dependencies: BTreeSet<String>,
    development: BTreeSet<String>,
}

fn members() -> BTreeMap<String, Member> {
    let root = workspace();
    let manifest = |path: PathBuf| -> Table { fs::read_to_string(path).unwrap().parse().unwrap() };
    let all = manifest(root.join("Cargo.toml"));
    let directories = all["workspace"]["members"].as_array().unwrap().iter().map(|member| member.as_str().unwrap());
    directories
        .map(|directory| {
            let table = manifest(root.join(directory).join("Cargo.toml"));
            let names = |section: &str| -> BTreeSet<String> {
                let keys = table.get(section).and_then(|section| section.as_table()).into_iter().flat_map(Table::keys);
                keys.filter(|name| name.starts_with("ironbook")).cloned().collect()
            };
            let member = Member {
                directory: directory.to_owned(),
                dependencies: &names("dependencies") | &names("build-dependencies"),
                development: names("dev-dependencies"),
            };
            (table["package"]["name"].as_str().unwrap().to_owned(), member)
        })
        .collect()
}

#[test]
fn every_arrow_is_in_the_table() {
    let members = members();
    assert!(members.len() > 10);
    let in_library = |name: &str| members.get(name).is_some_and(|member| member.directory.starts_with("stdlib/"));
    for (name, member) in &members {
        let allowed = |to: &str| {
            let table = ARROWS.iter().find(|(from, _)| from == name).map(|(_, to)| *to);
            HACKS.contains(&to)
                || match (member.directory.as_str(), table) {
                    ("tests" | "bench", _) => true,
                    (_, Some(table)) => table.contains(&to) || LIGHT.contains(&to),
                    ("runtime", _) => in_library(to),
                    (directory, _) if directory.starts_with("stdlib/") => in_library(to),
                    _ => false,
                }
        };
        for to in member.dependencies.iter().chain(&member.development) {
            assert!(allowed(to), "{}/Cargo.toml: {name} -> {to} is not in the table of arrows", member.directory);
        }
    }
}

/// `name version` of every crate that these arguments of `cargo tree` list, with the features turned on.
fn tree(arguments: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut crates: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (package, features) in listed(&[&["-e", "normal,no-proc-macro"], arguments].concat()) {
        let features = features.split(',').filter(|feature| !feature.is_empty()).map(str::to_owned);
        crates.entry(package).or_default().extend(features);
    }
    crates
}

#[test]
fn front_ends_link_neither_polars_nor_candle() {
    for name in FRONT {
        let crates = tree(&["-p", name]);
        assert!(crates.len() > 5, "{name}");
        let heavy: Vec<&String> = crates
            .keys()
            .filter(|each| ["polars", "candle", "plotters"].iter().any(|heavy| each.starts_with(heavy)))
            .collect();
        assert!(heavy.is_empty(), "{name} links {heavy:?}");
    }
}

/// A feature that only `--workspace` turns on would compile shared crates twice, polars among them.
#[test]
fn features_are_the_same_for_one_and_for_all() {
    let all = tree(&["--workspace"]);
    let mut differ = String::new();
    for name in [
        "ironbook-runtime",
        "ironbook-repl",
        "ironbook-session",
        "ironbook-magics",
        "ironbook-plot",
        "ironbook-learn",
        "ironbook-nn",
        "ironbook-serve",
        "ironbook-track",
    ] {
        for (package, features) in tree(&["-p", name]) {
            let more: Vec<&String> = all[&package].difference(&features).collect();
            if !more.is_empty() {
                differ.push_str(&format!("-p {name} builds {package} without {more:?}\n"));
            }
        }
    }
    assert!(differ.is_empty(), "turn these on in hack/Cargo.toml:\n{differ}");
}
