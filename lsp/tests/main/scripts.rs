//! Scripts in percent format.

use crate::editor::{Editor, brief};
use lsp_types::Position;
use serde_json::{Value, json};
use std::time::Duration;

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

/// What is asked between a change and its check is not answered with places of the text before.
#[test]
fn fixes_of_an_earlier_text_are_not_offered() {
    let mut editor = Editor::new();
    editor.open(URI, "// %%\nlet b = 5;\nb = 6;\nb\n");
    assert_eq!(brief(&editor.diagnostics(URI)[0]), ("E0384".to_owned(), (2, 0), (2, 5)));
    editor.change(URI, &json!({"range": line_start(1), "text": "let first = 1;\n"}));
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 5, "character": 0}});
    let params =
        json!({"textDocument": {"uri": URI}, "range": range, "context": {"diagnostics": [], "only": ["quickfix"]}});
    let early = editor.ask("textDocument/codeAction", params.clone());
    // The check may have been faster.
    let starts = |actions: &Value| -> Vec<Value> {
        let edits =
            actions.as_array().into_iter().flatten().flat_map(|action| action["edit"]["changes"][URI].as_array());
        edits.flatten().map(|edit| edit["range"]["start"].clone()).collect()
    };
    let place = json!({"line": 2, "character": 4});
    assert!(starts(&early).iter().all(|start| *start == place), "{early}");
    editor.diagnostics(URI);
    assert!(starts(&editor.ask("textDocument/codeAction", params)).contains(&place));
}

#[test]
fn pulled_diagnostics_are_of_the_text_that_is_there() {
    let mut editor = Editor::that_pulls();
    editor.open(URI, "// %%\nlet b: i32 = \"a\";\n");
    editor.refreshed();
    let pull = |editor: &mut Editor| {
        let answer = editor.ask("textDocument/diagnostic", json!({"textDocument": {"uri": URI}}));
        let lines = answer["items"].as_array().unwrap().iter().map(|found| found["range"]["start"]["line"].clone());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(pull(&mut editor), [json!(1)]);
    editor.change(URI, &json!({"range": line_start(1), "text": "let first = 1;\n"}));
    assert!(pull(&mut editor).iter().all(|line| *line == json!(2)));
    editor.refreshed();
    assert_eq!(pull(&mut editor), [json!(2)]);
}

/// A check that is under way when its script is closed tells nothing after that.
#[test]
fn a_closed_script_has_no_diagnostics() {
    let mut editor = Editor::new();
    let lines: String =
        (0..60).map(|n| format!("let a{n} = [{n}].iter().map(|x| x + 1).collect::<Vec<i32>>();\n")).collect();
    let text = format!("// %%\n{lines}let wrong: i32 = \"a\";\n");
    let marker = "file:///project/z.rs";
    for pause in (140..500).step_by(30) {
        editor.open(URI, &text);
        std::thread::sleep(Duration::from_millis(pause));
        editor.close(URI);
        // What is checked after it is told after it.
        editor.open(marker, "// %%\nlet a = 1;\n");
        editor.diagnostics(marker);
        assert_eq!(editor.last_count(URI), Some(0), "closed after {pause} ms");
        editor.close(marker);
        assert_eq!(editor.diagnostics(marker), []);
    }
}

/// What a check finds of a text that has changed meanwhile is not told: its places are not those of the text that is there.
#[test]
fn diagnostics_are_of_the_version_that_is_there() {
    let lines: String =
        (0..60).map(|n| format!("let a{n} = [{n}].iter().map(|x| x + 1).collect::<Vec<i32>>();\n")).collect();
    let text = format!("// %%\n{lines}let wrong: i32 = \"a\";\n");
    for pause in (160..520).step_by(60) {
        let mut editor = Editor::new();
        editor.open(URI, &text);
        std::thread::sleep(Duration::from_millis(pause));
        editor.change(URI, &json!({"range": line_start(1), "text": "let first = 1;\n"}));
        // What came before the change came before this answer.
        editor.ask("textDocument/foldingRange", json!({"textDocument": {"uri": URI}}));
        editor.forget();
        assert_eq!(editor.version_told(URI), (2, 1), "changed after {pause} ms");
    }
}

#[test]
fn a_text_that_is_none_any_more_has_no_diagnostics() {
    let mut editor = Editor::new();
    editor.open(URI, "// %%\nlet b: i32 = \"a\";\n");
    assert_eq!(editor.diagnostics(URI).len(), 1);
    editor.retype(URI, "a\0b");
    assert_eq!(editor.diagnostics(URI), []);
}

fn line_start(line: u32) -> Value {
    let place = json!({"line": line, "character": 0});
    json!({"start": place, "end": place})
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
    let names = |symbols: &Value| -> Vec<String> {
        let all = symbols.as_array().into_iter().flatten();
        all.map(|symbol| symbol["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&found), ["Read", "cell 2", "cell 3"]);
    assert_eq!(names(&found[0]["children"]), ["a", "f"]);
    assert_eq!(names(&found[2]["children"]), ["S"]);
    let name = json!({"start": {"line": 2, "character": 3}, "end": {"line": 2, "character": 4}});
    assert_eq!(found[0]["children"][1]["selectionRange"], name);
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
