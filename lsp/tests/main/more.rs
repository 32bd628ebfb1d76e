//! What editors ask for besides: documentation of a candidate, types within the text, symbols of all pages, diagnostics on demand.

use crate::editor::Editor;
use lsp_types::Position;
use serde_json::{Value, json};

const URI: &str = "file:///project/s.rs";

fn all() -> Value {
    json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}})
}

#[test]
fn a_candidate_is_explained_when_it_is_chosen() {
    let mut editor = Editor::new();
    editor.open(URI, "// %%\nlet table = df!(\"a\" => [1])?;\n// %%\ntable.hei\n");
    editor.diagnostics(URI);
    let found = editor.at("textDocument/completion", URI, Position::new(3, 9));
    let item = found["items"].as_array().unwrap().iter().find(|item| item["label"] == "height").unwrap();
    let resolved = editor.ask("completionItem/resolve", item.clone());
    let told = resolved["documentation"]["value"].as_str().unwrap_or_else(|| panic!("{resolved}"));
    assert!(
        told.contains("fn height") && told.len() > item["documentation"].as_str().unwrap_or_default().len(),
        "{told}"
    );
    // What was typed on since changes nothing.
    editor.retype(URI, "// %%\nlet table = df!(\"a\" => [1])?;\n// %%\ntable.height\n");
    let later = editor.ask("completionItem/resolve", item.clone());
    assert_eq!(later["documentation"]["value"].as_str(), Some(told), "{later}");
    // Of one that is for no place that is still there, nothing is added.
    let mut stale = item.clone();
    stale["data"]["position"]["line"] = json!(70);
    assert_eq!(editor.ask("completionItem/resolve", stale.clone()), stale);
}

#[test]
fn types_of_new_names_are_shown_once_they_are_known() {
    let mut editor = Editor::new();
    let text = "// %%\nlet names = vec![\"ü\"];\nlet n = names.len();\nlet n = n as f64;\n// %%\nlet x: i32 = 1;\nlet (a, b) = (1, 2);\nlet wrong = nothing;\n";
    editor.open(URI, text);
    editor.diagnostics(URI);
    let hints = editor.ask("textDocument/inlayHint", json!({"textDocument": {"uri": URI}, "range": all()}));
    let brief: Vec<(u64, u64, &str)> = hints
        .as_array()
        .unwrap()
        .iter()
        .map(|hint| {
            let at = &hint["position"];
            let label = hint["label"].as_str().unwrap();
            (at["line"].as_u64().unwrap(), at["character"].as_u64().unwrap(), label)
        })
        .collect();
    // The first `n` is bound again in its cell; a cell with an error makes nothing.
    assert_eq!(brief, [(1, 9, ": Vec<&str>"), (3, 5, ": f64")]);
    // While a cell is typed, what is known of its older text is not shown.
    editor.retype(URI, &text.replace("names = ", "abc = "));
    let hints = editor.ask("textDocument/inlayHint", json!({"textDocument": {"uri": URI}, "range": all()}));
    assert_eq!(hints, json!([]));
}

#[test]
fn symbols_of_all_pages_are_found() {
    let mut editor = Editor::new();
    editor.open(URI, "// %% Read\nlet fares = 1;\nfn fare_of(x: i32) -> i32 { x }\n");
    editor.open("file:///project/t.rs", "// %%\nstruct Fare;\nlet other = 2;\n");
    let found = editor.ask("workspace/symbol", json!({"query": "far"}));
    let names: Vec<&str> = found.as_array().unwrap().iter().map(|symbol| symbol["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["fares", "fare_of", "Fare"]);
    assert_eq!(found[0]["containerName"], "Read");
    assert_eq!(found[2]["location"]["uri"], "file:///project/t.rs");
}

#[test]
fn an_editor_that_asks_for_diagnostics_is_told_when_there_are_new_ones() {
    let mut editor = Editor::that_pulls();
    let params = json!({"textDocument": {"uri": URI}});
    editor.open(URI, "// %%\nlet a: i32 = \"x\";\n");
    editor.refreshed();
    let found = editor.ask("textDocument/diagnostic", params.clone());
    assert_eq!((found["kind"].as_str(), found["items"][0]["code"].as_str()), (Some("full"), Some("E0308")), "{found}");
    editor.retype(URI, "// %%\nlet a: i32 = 1;\n");
    editor.refreshed();
    assert_eq!(editor.ask("textDocument/diagnostic", params), json!({"kind": "full", "items": []}));
    assert!(!editor.was_told("textDocument/publishDiagnostics"));
}

#[test]
fn two_editors_do_not_hear_of_each_other() {
    let (mut one, mut other) = (Editor::new(), Editor::new());
    one.open(URI, "// %%\nlet zebras = 1;\n// %%\nzeb\n");
    other.open(URI, "// %%\nlet zebra_crossing: i32 = \"x\";\n// %%\nzeb\n");
    assert_eq!(one.diagnostics(URI).len(), 1);
    assert_eq!(other.diagnostics(URI).len(), 2);
    assert!(one.labels(URI, Position::new(3, 3)).contains(&"zebras".to_owned()));
    assert!(!other.labels(URI, Position::new(3, 3)).contains(&"zebras".to_owned()));
}

#[test]
fn without_a_service_nothing_is_renamed() {
    let mut editor = Editor::new();
    editor.open(URI, "// %%\nlet first = 1;\n");
    let at = json!({"textDocument": {"uri": URI}, "position": {"line": 1, "character": 5}, "newName": "other"});
    let response = serde_json::to_value(editor.request("textDocument/rename", at)).unwrap();
    assert_eq!(response["error"]["code"], -32803);
    let range = editor.at("textDocument/prepareRename", URI, Position::new(1, 5));
    assert_eq!(range, json!({"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 9}}));
    assert_eq!(editor.at("textDocument/prepareRename", URI, Position::new(1, 13)), json!(null));
    assert_eq!(editor.at("textDocument/prepareRename", URI, Position::new(1, 1)), json!(null), "a word of Rust's");
}
