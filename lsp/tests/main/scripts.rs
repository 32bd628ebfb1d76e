//! Scripts in percent format.

use crate::editor::{Editor, brief};
use lsp_types::Position;
use serde_json::json;

const URI: &str = "file:///project/s.rs";

#[test]
fn cells_are_checked_as_they_would_be_run() {
    let mut editor = Editor::new();
    let good = "// %% read\nlet df = df!(\"a\" => [1, 2])?;\n// %time df.height()\n// %% show\n\nlet n = df.height();\nn + 1\n";
    editor.open(URI, good);
    assert_eq!(editor.diagnostics(URI), []);
    editor.retype(URI, &good.replace("n + 1", "n + \"ü\" + df.heigth()"));
    let found = editor.diagnostics(URI);
    let briefs: Vec<_> = found.iter().map(brief).collect();
    assert!(briefs.contains(&("E0599".to_owned(), (6, 13), (6, 19))), "{briefs:?}");
    assert!(found.iter().all(|found| found.source.as_deref() == Some("ironbook")));
    editor.retype(URI, good);
    assert_eq!(editor.diagnostics(URI), []);
}

#[test]
fn a_wrong_magic_is_underlined() {
    let mut editor = Editor::new();
    editor.open(URI, "// %%\nlet a = 1;\n// %tmie a\n");
    let found = editor.diagnostics(URI);
    assert_eq!((found.len(), found[0].range.start.line), (1, 2), "{found:?}");
    assert!(found[0].message.contains("did you mean `%time`"), "{}", found[0].message);
}

#[test]
fn fixes_are_offered_and_mend() {
    let mut editor = Editor::new();
    let text = "// %%\nlet a = 5;\n// %%\nlet b = 5;\nb = 6;\nb + a\n";
    editor.open(URI, text);
    let found = editor.diagnostics(URI);
    assert_eq!(brief(&found[0]), ("E0384".to_owned(), (4, 0), (4, 5)));
    let range = found[0].range;
    let params = json!({"textDocument": {"uri": URI}, "range": range, "context": {"diagnostics": []}});
    let actions = editor.ask("textDocument/codeAction", params);
    let edits = &actions[0]["edit"]["changes"][URI];
    assert_eq!(actions[0]["kind"], "quickfix");
    assert_eq!(edits[0]["newText"], "mut ", "{actions}");
    assert_eq!(edits[0]["range"]["start"], json!({"line": 3, "character": 4}));
}

#[test]
fn names_of_earlier_cells_are_completed() {
    let mut editor = Editor::new();
    editor.open(URI, "// %%\nlet passengers = df!(\"a\" => [1])?;\nfn fare(x: f64) -> f64 { x }\n// %%\npass\n// %%\npassengers.hei\n// %%\n// %ti\n");
    editor.diagnostics(URI);
    assert_eq!(editor.labels(URI, Position::new(4, 4))[0], "passengers");
    assert_eq!(editor.labels(URI, Position::new(6, 14))[0], "height");
    assert!(editor.labels(URI, Position::new(8, 6)).contains(&"%timeit".to_owned()));
    // Where no cell is there is nothing.
    assert_eq!(editor.at("textDocument/completion", URI, Position::new(0, 3)), json!(null));
}

#[test]
fn hovering_tells_what_a_name_is() {
    let mut editor = Editor::new();
    editor.open(URI, "// %%\nlet table = df!(\"a\" => [1])?;\n// %%\ntable.height()\n");
    editor.diagnostics(URI);
    let found = editor.at("textDocument/hover", URI, Position::new(3, 2));
    assert!(found["contents"]["value"].as_str().unwrap().contains("DataFrame"), "{found}");
}

#[test]
fn cells_and_what_they_define_are_listed() {
    let mut editor = Editor::new();
    editor.open(URI, "// %% Read\nlet a = 1;\nfn f() {}\n// %% [markdown]\n// text\n// %%\nstruct S;\n");
    let found = editor.ask("textDocument/documentSymbol", json!({"textDocument": {"uri": URI}}));
    let names = |symbols: &serde_json::Value| -> Vec<String> {
        let all = symbols.as_array().into_iter().flatten();
        all.map(|symbol| symbol["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&found), ["Read", "cell 2", "cell 3"]);
    assert_eq!(names(&found[0]["children"]), ["a", "f"]);
    assert_eq!(names(&found[2]["children"]), ["S"]);
    assert_eq!(found[0]["range"], json!({"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 9}}));
    let folds = editor.ask("textDocument/foldingRange", json!({"textDocument": {"uri": URI}}));
    assert_eq!((folds[0]["startLine"].clone(), folds[0]["endLine"].clone()), (json!(1), json!(2)));
}

#[test]
fn cells_are_formatted_alone() {
    let mut editor = Editor::new();
    editor.open(URI, "// %%\nlet  a=1 ;\n// %%\nlet b = (;\n// %%\nlet c = 2;\n");
    let params = json!({"textDocument": {"uri": URI}, "options": {"tabSize": 4, "insertSpaces": true}});
    let edits = editor.ask("textDocument/formatting", params);
    let range = json!({"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 10}});
    assert_eq!(edits, json!([{"range": range, "newText": "let a = 1;"}]));
}
