//! Crates of `%dep`: over restarts, in two sessions at once, and apart from the library.

use crate::engine::Engine;
use ironbook_session::{Dependency, Event};
use std::path::Path;

/// A crate of one's own in a session's directory, added to the session; the remarks that this made.
fn add(e: &mut Engine, name: &str, needs: &str, text: &str) -> Vec<String> {
    let root = e.directory.path().join(name);
    std::fs::create_dir_all(root.join("src")).unwrap();
    let head = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    std::fs::write(root.join("Cargo.toml"), format!("{head}[dependencies]\n{needs}\n")).unwrap();
    write(&root, text);
    let features = Vec::new();
    let dependency =
        Dependency { name: name.to_owned(), version: None, features, path: Some(root), default_features: true };
    let mut notes = Vec::new();
    let mut out = |event| {
        if let Event::Note(note) = event {
            notes.push(note);
        }
    };
    e.session.add_dependency(&dependency, &mut out).unwrap();
    notes
}

fn write(root: &Path, text: &str) {
    std::fs::write(root.join("src/lib.rs"), text).unwrap();
}

#[test]
fn crates_are_there_after_a_restart() {
    let mut e = Engine::new();
    add(&mut e, "ownmath", "", "#[derive(Debug)] pub struct P(pub u32); pub fn two() -> u32 { 2 }\n");
    e.cells(&["use ownmath::*; struct Held { p: P } let held = Held { p: P(2) }; let keep = 1;"]);
    e.gives("ownmath::two() + held.p.0", "4");
    let root = e.directory.path().join("ownmath");
    write(&root, "#[derive(Debug)] pub struct P(pub [u32; 4000]); pub fn two() -> u32 { 22 }\n");
    e.cell("two()").ok().notes("`held`");
    assert_eq!(e.names(), ["keep"]);
    e.session.restart();
    e.gives("ownmath::two()", "22");
}

#[test]
fn two_sessions_add_crates_at_once() {
    let name = |i: u32| format!("at_once_{i}");
    std::thread::scope(|scope| {
        for i in 0..2 {
            scope.spawn(move || {
                let mut e = Engine::new();
                add(&mut e, &name(i), "", &format!("pub fn which() -> u32 {{ {i} }}"));
                e.gives(&format!("{}::which()", name(i)), &i.to_string());
            });
        }
    });
}

#[test]
fn a_crate_with_other_features_is_built_apart_and_says_so() {
    let mut e = Engine::new();
    let needs = "serde_json = { version = \"1\", features = [\"arbitrary_precision\"] }";
    let text =
        "pub fn digits(s: &str) -> String { serde_json::from_str::<serde_json::Number>(s).unwrap().to_string() }";
    let notes = add(&mut e, "exact", needs, text);
    assert!(notes.iter().any(|note| note.contains("built apart") && note.contains("serde_json")), "{notes:?}");
    e.gives("exact::digits(\"0.10000000000000000000001\")", "\"0.10000000000000000000001\"");
}
