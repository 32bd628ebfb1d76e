//! The code of a pipeline: its items, a function per stage, and how they are put together.

mod body;
mod items;
mod names;
mod stage;
mod wiring;

use crate::crates;
use crate::history::History;
use crate::plan::Registration;
use crate::slice::Slice;
use crate::stages::Stage;
use items::items;
use names::{Types, by_facade, last};
use stage::function;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use wiring::wiring;

/// The text of `src/stages.rs`.
pub(crate) fn stages_file(
    history: &History<'_>,
    slice: &Slice,
    stages: &mut [Stage],
    (title, register): (&str, Option<&Registration>),
) -> String {
    let mut types = Types { paths: &history.explored.paths, uses: BTreeSet::new() };
    let functions: Vec<String> = stages.iter().map(|stage| function(history, slice, stage, &mut types)).collect();
    for (stage, text) in stages.iter_mut().zip(&functions) {
        stage.code = hash(history, slice, text);
    }
    let wiring = wiring(history, slice, stages, register, &mut types);
    let (uses, items) = items(history, slice);
    let mut out = format!("//! The stages of {title}.\n\n");
    out.push_str("use ironbook::prelude::*;\n");
    let own: BTreeSet<String> = slice.items.keys().map(|key| key.name.clone()).collect();
    for path in types.uses.iter().filter(|path| !own.contains(last(path))) {
        let _ = writeln!(out, "use {};", by_facade(path));
    }
    for line in uses {
        out.push_str(line.trim_start_matches("#[allow(unused_imports)]").trim_start());
        out.push('\n');
    }
    for item in items {
        out.push('\n');
        out.push_str(item.trim_matches('\n'));
        out.push('\n');
    }
    for function in functions {
        out.push('\n');
        out.push_str(&function);
    }
    out.push('\n');
    out.push_str(&wiring);
    out
}

/// Hash of a stage's function and of all items that it reaches.
fn hash(history: &History<'_>, slice: &Slice, text: &str) -> String {
    let mut idents = BTreeSet::new();
    if let Ok(tokens) = text.parse() {
        ironbook_session::parse::idents_of(tokens, &mut idents);
    }
    let mut hasher = blake3::Hasher::new();
    // The numbers of its cells are no part of it.
    for line in text.lines().filter(|line| !line.starts_with("///")) {
        hasher.update(line.trim().as_bytes());
        hasher.update(b"\n");
    }
    let reached = history.explored.items.reach(&idents);
    let mut named = crates::roots(text);
    for definition in reached.iter().filter(|definition| slice.items.contains_key(&definition.key)) {
        hasher.update(definition.text.as_bytes());
        hasher.update(b"\0");
        named.extend(crates::roots(&definition.text));
    }
    let packages = history.explored.extra.iter().flat_map(|extra| &extra.packages);
    for package in packages.filter(|package| named.contains(&package.library)) {
        hasher.update(crates::identity(package).as_bytes());
        hasher.update(b"\0");
    }
    hasher.finalize().to_hex().to_string()
}

/// The text of `src/main.rs`.
pub(crate) fn main_file(title: &str) -> String {
    format!(
        "//! {title}: `cargo run -- run` runs it, `cargo run -- --help` tells the rest.\n\n\
         mod stages;\n\n\
         fn main() -> std::process::ExitCode {{\n    ironbook::init();\n    stages::pipeline().main()\n}}\n"
    )
}
