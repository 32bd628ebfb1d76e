//! A running session beside the page.

use crate::editor::{Editor, READY};
use ironbook_assist::{Candidate, Completions};
use ironbook_lsp::Live;
use lsp_types::Position;
use serde_json::json;

const URI: &str = "file:///project/live.rs";

/// A session with these variables; like a kernel, it explains whatever the library has.
struct Session(&'static [&'static str]);

impl Live for Session {
    fn complete(&self, text: &str, at: usize) -> Completions {
        let start = text[..at].rfind(|c: char| !c.is_alphanumeric()).map_or(0, |before| before + 1);
        let candidate = |name: &&str| Candidate { text: (*name).to_owned(), kind: "instance", ..Candidate::default() };
        Completions { range: start..at, candidates: self.0.iter().map(candidate).collect() }
    }

    fn inspect(&self, text: &str, _: usize) -> Option<String> {
        Some(format!("about {text}"))
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|name| (*name).to_owned()).collect()
    }
}

fn lines(editor: &mut Editor) -> Vec<u32> {
    editor.diagnostics(URI).iter().map(|found| found.range.start.line).collect()
}

/// A table would be set like prose, its columns anywhere.
#[test]
fn values_are_shown_as_they_stand() {
    let shown = |able: &serde_json::Value| {
        let mut editor = Editor::beside_able(able, Box::new(Session(&["fares"])));
        editor.open(URI, "// %%\nfares\n");
        editor.at("textDocument/hover", URI, Position::new(1, 2))["contents"].take()
    };
    assert_eq!(shown(&json!({})), json!({"kind": "plaintext", "value": "about fares"}));
    let able = json!({"textDocument": {"hover": {"contentFormat": ["markdown", "plaintext"]}}});
    assert_eq!(shown(&able), json!({"kind": "markdown", "value": "```text\nabout fares\n```"}));
}

/// What the library has and the page does not bring in is missing, although the session can explain it.
#[test]
fn only_what_is_alive_is_not_missing() {
    let text = "// %%\nlet n = fares.len();\n// %%\nlet seen = HashSet::<i32>::new();\n";
    let mut editor = Editor::beside(Box::new(Session(&["fares"])), None);
    editor.open(URI, text);
    assert_eq!(lines(&mut editor), [3]);
    // A session that has all of a module's names knows which.
    let mut editor = Editor::beside(Box::new(Session(&["fares", "std::collections::*"])), None);
    editor.open(URI, text);
    assert!(lines(&mut editor).is_empty());
}

#[test]
fn what_is_alive_and_what_the_page_has_are_first() {
    let candidate = |name: &str| json!({"name": name, "insert": name, "range": {"start": 0, "end": 0}, "kind": "function", "score": 99});
    let names: Vec<String> = (0..500).map(|number| format!("fa{number}")).collect();
    let answer = json!({"Answer": {"id": 1, "answer": {"Candidates": names.iter().map(|name| candidate(name)).collect::<Vec<_>>()}}});
    let script = format!("{READY}\nread line\necho '{answer}'\ncat >/dev/null");
    let mut editor = Editor::beside(Box::new(Session(&["fares"])), Some(&script));
    editor.open(URI, "// %%\nlet fabric = 1;\n// %%\nfa\n");
    editor.diagnostics(URI);
    let labels = editor.labels(URI, Position::new(3, 2));
    assert_eq!((labels[0].as_str(), labels[1].as_str()), ("fares", "fa0"), "{labels:?}");
}

/// Without a service as well, neither hides the other.
#[test]
fn names_of_the_page_stand_beside_many_that_are_alive() {
    const MANY: &[&str] = &["fa1", "fa2", "fa3", "fa4", "fa5", "fa6"];
    let mut editor = Editor::beside(Box::new(Session(MANY)), None);
    editor.open(URI, "// %%\nlet fabric = 1;\n// %%\nfa\n");
    editor.diagnostics(URI);
    let found = editor.at("textDocument/completion", URI, Position::new(3, 2));
    assert_eq!((&found["items"][0]["label"], &found["items"][1]["label"]), (&json!("fa1"), &json!("fabric")));
    assert_eq!(found["isIncomplete"], false, "nothing more will come");
}
