//! Kinds of words, snippets, uses, hints and changes, with a language service that is a script.

use crate::editor::{Editor, READY};
use lsp_types::Position;
use serde_json::{Value, json};

const URI: &str = "file:///project/s.rs";

/// A service that gives one answer to whatever is asked; `ID` in it is the question's number.
fn answering(answer: &str) -> String {
    let quoted = answer.replace('"', "\\\"").replace('$', "\\$").replace("ID", "$n");
    format!("{READY}\nn=0\nwhile read -r line; do n=$((n+1)); echo \"{quoted}\"; done")
}

fn at(line: u32, character: u32) -> Value {
    json!({"line": line, "character": character})
}

/// Each token as text and kind.
fn tokens(editor: &mut Editor, text: &str, method: &str, params: Value) -> Vec<(String, String)> {
    let found = editor.ask(method, params);
    let data: Vec<u64> = found["data"].as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
    let able = &editor.able["semanticTokensProvider"]["legend"]["tokenTypes"];
    let lines: Vec<Vec<u16>> = text.lines().map(|line| line.encode_utf16().collect()).collect();
    let (mut line, mut start) = (0, 0);
    data.chunks(5)
        .map(|token| {
            let [down, along, length] = [token[0], token[1], token[2]].map(|number| usize::try_from(number).unwrap());
            (line, start) = if down == 0 { (line, start + along) } else { (line + down, along) };
            let own = String::from_utf16(&lines[line][start..start + length]).unwrap();
            (own, able[usize::try_from(token[3]).unwrap()].as_str().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn words_have_kinds_without_a_service() {
    let mut editor = Editor::new();
    let text =
        "// %%\nlet s = \"ü🦀\n b\"; s.len()\n// %% [markdown]\n// let x\n// %%\n// %timeit -n 3 f(1)\nfn g() {}\n";
    editor.open(URI, text);
    let document = json!({"uri": URI});
    let found = tokens(&mut editor, text, "textDocument/semanticTokens/full", json!({"textDocument": document}));
    let found: Vec<(&str, &str)> = found.iter().map(|(text, kind)| (text.as_str(), kind.as_str())).collect();
    assert_eq!(
        found,
        [
            ("let", "keyword"),
            ("s", "variable"),
            ("\"ü🦀", "string"),
            (" b\"", "string"),
            ("s", "variable"),
            ("len", "method"),
            ("%timeit", "macro"),
            ("-n", "parameter"),
            ("3", "number"),
            ("f", "function"),
            ("1", "number"),
            ("fn", "keyword"),
            ("g", "function"),
        ]
    );
    let range = json!({"start": at(7, 0), "end": at(7, 3)});
    let params = json!({"textDocument": document, "range": range});
    let found = tokens(&mut editor, text, "textDocument/semanticTokens/range", params);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_use_goes_behind_magics_and_to_its_like() {
    let answer = r#"{"Answer":{"id":ID,"answer":{"Candidates":[{"name":"passed","insert":"passed","snippet":"passed(${1:x})$0","range":{"start":0,"end":0},"kind":"function","score":9,"import":"use x::passed;"}]}}}"#;
    for (snippets, new) in [(true, "passed(${1:x})$0"), (false, "passed")] {
        let able = json!({"textDocument": {"completion": {"completionItem": {"snippetSupport": snippets}}}});
        let mut editor = Editor::helped(&able, &answering(answer));
        editor.open(URI, "// %%\n// %%time\nuse x::Other;\nlet a = pass\n// %%\npass(1)\n");
        editor.diagnostics(URI);
        let found = editor.at("textDocument/completion", URI, Position::new(3, 12));
        let item = found["items"].as_array().unwrap().iter().find(|item| item["label"] == "passed").unwrap();
        assert_eq!(item["textEdit"]["newText"], new);
        let range = json!({"start": at(2, 0), "end": at(2, 13)});
        assert_eq!(item["additionalTextEdits"], json!([{"range": range, "newText": "use x::{passed, Other};"}]));
        // Brackets that are there are not written again.
        let found = editor.at("textDocument/completion", URI, Position::new(5, 4));
        let item = found["items"].as_array().unwrap().iter().find(|item| item["label"] == "passed").unwrap();
        assert_eq!(item["textEdit"]["newText"], "passed");
    }
}

#[test]
fn a_missing_name_is_brought_in_by_an_action() {
    let mut editor = Editor::new();
    let text = "// %%\n// %%time\nlet seen: HashSet<i32> = HashSet::new();\nseen.len()\n";
    editor.open(URI, text);
    let found = editor.diagnostics(URI);
    assert!(found[0].message.contains("HashSet"), "{found:?}");
    let context = json!({"diagnostics": [], "only": ["quickfix"]});
    let params = json!({"textDocument": {"uri": URI}, "range": found[0].range, "context": context});
    let actions = editor.ask("textDocument/codeAction", params);
    let titles = actions.as_array().unwrap().iter().map(|action| action["title"].as_str().unwrap().to_owned());
    let titles: Vec<String> = titles.collect();
    let import = titles.iter().position(|title| title == "Import `std::collections::HashSet`");
    let import = import.unwrap_or_else(|| panic!("{titles:?}"));
    let edit = &actions[import]["edit"]["changes"][URI][0];
    assert_eq!(
        *edit,
        json!({"range": {"start": at(2, 0), "end": at(2, 0)}, "newText": "use std::collections::HashSet;\n"})
    );
    editor.retype(URI, &text.replace("let seen", "use std::collections::HashSet;\nlet seen"));
    assert_eq!(editor.diagnostics(URI), []);
    // Nothing else is offered to whoever asks for refactorings alone.
    let context = json!({"diagnostics": [], "only": ["refactor"]});
    let params =
        json!({"textDocument": {"uri": URI}, "range": {"start": at(2, 0), "end": at(2, 9)}, "context": context});
    assert_eq!(editor.ask("textDocument/codeAction", params), json!([]));
}

/// What is selected ends where it ends, also where the service reads a magic as other text.
#[test]
fn changes_are_asked_for_what_is_selected() {
    let answer = r#"{"Answer":{"id":1,"answer":"Nothing"}}"#;
    let script = format!("{READY}\nread -r line\nprintf '%s' \"$line\" > $0.asked\necho '{answer}'\ncat >/dev/null");
    let mut editor = Editor::helped(&json!({}), &script);
    editor.open(URI, "// %%\nlet a = 1;\n// %time a\nlet ü = 2;\nlet b = 3;\n");
    editor.diagnostics(URI);
    let range = json!({"start": at(1, 0), "end": at(3, 10)});
    let params = json!({"textDocument": {"uri": URI}, "range": range, "context": {"diagnostics": []}});
    editor.ask("textDocument/codeAction", params);
    let asked = std::fs::read_to_string(editor.directory().join("service.asked")).unwrap();
    let asked: Value = serde_json::from_str(&asked).unwrap();
    let (text, end) = (asked["text"].as_str().unwrap(), asked["query"]["assists"].as_u64().unwrap());
    let selected = text.get(..usize::try_from(end).unwrap()).unwrap();
    assert!(selected.ends_with("let ü = 2;"), "{selected}");
}

#[test]
fn without_a_service_definitions_are_those_of_the_page() {
    let mut editor = Editor::new();
    editor.open(
        URI,
        "// %%\nlet fares = 1;\nfn magic_go() {}\n// %%\nlet fares = 2;\n// %%\n// %time fares\nfares\n// %go\n",
    );
    let there =
        |found: &Value| (found[0]["range"]["start"]["line"].clone(), found[0]["range"]["start"]["character"].clone());
    for (line, character, wanted) in [(7, 1, (4, 4)), (6, 10, (4, 4)), (8, 4, (2, 3))] {
        let found = editor.at("textDocument/definition", URI, Position::new(line, character));
        assert_eq!(there(&found), (json!(wanted.0), json!(wanted.1)), "{line}:{character} {found}");
    }
    assert_eq!(editor.at("textDocument/definition", URI, Position::new(1, 2)), json!([]));
}

#[test]
fn columns_are_counted_as_the_editor_counts() {
    for (encoding, column) in [("utf-8", 19), ("utf-16", 15), ("utf-32", 14)] {
        let able = json!({"general": {"positionEncodings": ["utf-7", encoding]}});
        let mut editor = Editor::able(&able);
        assert_eq!(editor.able["positionEncoding"], encoding);
        editor.open(URI, "// %%\r\nlet s = \"üü🦀\"; zz\r\n");
        let found = editor.diagnostics(URI);
        let start = found.iter().find(|found| found.message.contains("zz")).unwrap().range.start;
        assert_eq!((start.line, start.character), (1, column + 1), "{encoding}");
        let edit = json!({"range": {"start": at(1, column + 1), "end": at(1, column + 3)}, "text": "let n = s.len();"});
        editor.change(URI, &edit);
        assert_eq!(editor.diagnostics(URI), [], "{encoding}");
    }
}
