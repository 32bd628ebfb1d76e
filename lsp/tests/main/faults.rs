//! What editors should not send, and texts that nobody should type.

use crate::editor::{Editor, READY};
use lsp_types::Position;
use serde_json::json;
use std::time::{Duration, Instant};

const URI: &str = "file:///project/s.rs";

#[test]
fn wrong_messages_are_answered_and_harm_nothing() {
    let mut editor = Editor::new();
    let response = editor.request("textDocument/nothing", json!({}));
    assert_eq!(response.response_kind_code(), Some(-32601));
    let response = editor.request("textDocument/hover", json!({"position": "x"}));
    assert_eq!(response.response_kind_code(), Some(-32602));
    editor.tell("textDocument/didOpen", json!({"textDocument": 5}));
    editor.tell("$/setTrace", json!({"value": "off"}));
    editor.retype("file:///not/open.rs", "x");
    assert_eq!(editor.at("textDocument/hover", "file:///not/open.rs", Position::new(0, 0)), json!(null));
    editor.open(URI, "let a = 1;");
    assert_eq!(editor.diagnostics(URI), []);
}

trait Code {
    fn response_kind_code(&self) -> Option<i64>;
}

impl Code for lsp_server::Response {
    fn response_kind_code(&self) -> Option<i64> {
        serde_json::to_value(self).unwrap()["error"]["code"].as_i64()
    }
}

#[test]
fn a_service_that_is_silent_or_dies_keeps_nobody_waiting() {
    for rest in ["cat >/dev/null", "read line; exit 1", "read line; kill -9 $$", "while read line; do echo '[]'; done"]
    {
        let mut editor = Editor::helped_by(&format!("{READY}\n{rest}"));
        editor.open(URI, "// %%\nlet passengers = 1;\n// %%\npass\n");
        editor.diagnostics(URI);
        for _ in 0..6 {
            let began = Instant::now();
            assert_eq!(editor.labels(URI, Position::new(3, 4))[0], "passengers", "{rest}");
            assert!(began.elapsed() < Duration::from_secs(20), "{rest}: {:?}", began.elapsed());
        }
        let found = editor.at("textDocument/completion", URI, Position::new(3, 4));
        assert_eq!(found["isIncomplete"], true, "{rest}: who types on is answered anew");
    }
}

/// Nobody takes a service that reads for one that has found nothing.
#[test]
fn what_a_service_that_reads_does_not_know_yet_is_said() {
    let able = json!({"window": {"workDoneProgress": true}});
    let mut editor =
        Editor::helped(&able, &format!("while [ ! -e \"$0.go\" ]; do sleep 0.05; done\n{READY}\ncat >/dev/null"));
    editor.open(URI, "// %%\nlet a = 1;\n// %%\nunheard(a);\n");
    let begun = editor.progress();
    assert_eq!((begun["kind"].as_str(), begun["message"].as_str()), (Some("begin"), Some("reading the library")));
    let at = |line: u32, character: u32| {
        json!({
            "textDocument": {"uri": URI}, "position": {"line": line, "character": character}, "newName": "b",
            "context": {"includeDeclaration": true},
        })
    };
    for method in ["textDocument/references", "textDocument/definition", "textDocument/rename"] {
        let response = serde_json::to_value(editor.request(method, at(3, 2))).unwrap();
        let words = response["error"]["message"].as_str().unwrap_or_default();
        assert!(words.contains("still reading the library"), "{method}: {response}");
        assert_eq!(response["error"]["code"], -32803, "{method}");
    }
    let found = editor.ask("textDocument/definition", at(3, 8));
    assert_eq!(found[0]["range"]["start"], json!({"line": 1, "character": 4}), "what the page tells is told");
    assert_eq!(editor.ask("textDocument/documentHighlight", at(3, 2)), json!([]), "nobody asked for these");
    std::fs::write(editor.directory().join("service.go"), "").unwrap();
    assert_eq!(editor.progress(), json!({"kind": "end"}));
}

#[test]
fn candidates_of_the_service_stand_beside_those_of_the_page() {
    let answer = r#"{"Answer":{"id":1,"answer":{"Candidates":[{"name":"passed","insert":"passed","range":{"start":0,"end":0},"kind":"function","detail":"fn(&self)","score":9,"import":"use x::Pass;"}]}}}"#;
    let mut editor = Editor::helped_by(&format!("{READY}\nread line\necho '{answer}'\ncat >/dev/null"));
    editor.open(URI, "// %%\nlet passengers = 1;\n// %%\nlet b = 1;\npass\n");
    editor.diagnostics(URI);
    let found = editor.at("textDocument/completion", URI, Position::new(4, 4));
    let items = found["items"].as_array().unwrap();
    assert_eq!((items[0]["label"].as_str(), found["isIncomplete"].as_bool()), (Some("passengers"), Some(false)));
    let deep = items.iter().find(|item| item["label"] == "passed").unwrap();
    assert_eq!(deep["detail"], "fn(&self)");
    let top = json!({"line": 3, "character": 0});
    assert_eq!(
        deep["additionalTextEdits"],
        json!([{"range": {"start": top, "end": top}, "newText": "use x::Pass;\n"}])
    );
}

/// An editor asks once for the word that was typed: an empty list would be the end of it.
#[test]
fn where_nothing_is_known_at_once_the_service_is_waited_for() {
    let answer = r#"{"Answer":{"id":1,"answer":{"Candidates":[{"name":"Zebras","insert":"Zebras","range":{"start":0,"end":0},"kind":"class","detail":"struct Zebras","score":9,"import":"use x::Zebras;"}]}}}"#;
    let script = format!("{READY}\nread line\nsleep 1\necho '{answer}'\ncat >/dev/null");
    let able = json!({"textDocument": {"completion": {"completionItem": {"labelDetailsSupport": true}}}});
    let mut editor = Editor::helped(&able, &script);
    editor.open(URI, "// %%\nlet b = Zebr\n");
    editor.diagnostics(URI);
    let found = editor.at("textDocument/completion", URI, Position::new(1, 12));
    assert_eq!(found["items"][0]["label"], "Zebras", "{found}");
    assert_eq!(found["isIncomplete"], false);
    let beside = json!({"detail": " (use x::Zebras)", "description": "struct Zebras"});
    assert_eq!(found["items"][0]["labelDetails"], beside);
}

#[test]
fn texts_of_any_kind_are_taken() {
    let mut editor = Editor::new();
    let long = format!("let s = \"{}\";", "x".repeat(2 << 20));
    for text in [
        "}}}}",
        "((((",
        "\"",
        "/*",
        "\u{0}\u{1}",
        "// %%",
        "// %% [markdown]",
        "r#\"",
        "%",
        "",
        &long,
        &"(".repeat(4000),
    ] {
        editor.open(URI, text);
        for method in
            ["textDocument/completion", "textDocument/hover", "textDocument/definition", "textDocument/signatureHelp"]
        {
            editor.at(method, URI, Position::new(0, 3));
            editor.at(method, URI, Position::new(99, 99));
        }
        editor.ask("textDocument/documentSymbol", json!({"textDocument": {"uri": URI}}));
    }
    editor.retype(URI, "let a: i32 = 1;\nlet b = a + 1;");
    loop {
        // What the earlier texts were told may still be on its way.
        if editor.diagnostics(URI).is_empty() {
            break;
        }
    }
}

#[test]
fn typing_on_replaces_the_check_that_waits() {
    let mut editor = Editor::new();
    editor.open(URI, "let a = 0;");
    for n in 0..30 {
        editor.retype(URI, &format!("let a: i32 = \"{n}\";"));
    }
    editor.retype(URI, "let a: i32 = 1;");
    loop {
        let found = editor.diagnostics(URI);
        if found.is_empty() {
            break;
        }
        assert!(!found[0].message.is_empty());
    }
}

fn code(response: &lsp_server::Response) -> Option<i64> {
    response.response_kind_code()
}

#[test]
fn what_takes_long_keeps_nobody_waiting_and_is_cancelled() {
    // The service never answers: a rename waits for it as long as it may.
    let mut editor = Editor::helped_by(&format!("{READY}\ncat >/dev/null"));
    editor.open(URI, "// %%\nlet first = 1;\nfirst\n");
    editor.diagnostics(URI);
    let at = json!({"textDocument": {"uri": URI}, "position": {"line": 1, "character": 5}, "newName": "other"});
    let began = Instant::now();
    let waits = editor.begin("textDocument/rename", at.clone());
    let symbols = editor.ask("textDocument/documentSymbol", json!({"textDocument": {"uri": URI}}));
    assert_eq!(symbols[0]["children"][0]["name"], "first");
    editor.tell("$/cancelRequest", json!({"id": waits}));
    assert_eq!(code(&editor.end(waits)), Some(-32800));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // One that is answered, one that was never asked, and one that is none.
    editor.tell("$/cancelRequest", json!({"id": waits}));
    editor.tell("$/cancelRequest", json!({"id": "nobody's"}));
    editor.tell("$/cancelRequest", json!({"id": [1]}));
    assert_ne!(editor.ask("textDocument/foldingRange", json!({"textDocument": {"uri": URI}})), json!(null));
}

#[test]
fn after_shutdown_only_exit_is_heard() {
    let mut editor = Editor::new();
    editor.request("shutdown", json!(null));
    let response = editor.request("textDocument/foldingRange", json!({"textDocument": {"uri": URI}}));
    assert_eq!(code(&response), Some(-32600));
}

/// What changes the text is of the text that the editor has.
#[test]
fn edits_of_an_earlier_text_are_refused() {
    let answer = r#"{"Answer":{"id":1,"answer":"Nothing"}}"#;
    let script =
        format!("{READY}\nread line\nwhile [ ! -e $0.go ]; do sleep 0.05; done\necho '{answer}'\ncat >/dev/null");
    let mut editor = Editor::helped_by(&script);
    editor.open(URI, "// %%\nlet first = 1;\nfirst\n");
    editor.diagnostics(URI);
    let at = json!({"textDocument": {"uri": URI}, "position": {"line": 1, "character": 5}, "newName": "other"});
    let asked = editor.begin("textDocument/rename", at);
    editor.retype(URI, "// %%\n\nlet first = 1;\nfirst\n");
    editor.diagnostics(URI);
    std::fs::write(editor.directory().join("service.go"), "").unwrap();
    assert_eq!(code(&editor.end(asked)), Some(-32801));
}

/// A name is changed everywhere or not at all.
#[test]
fn nothing_is_renamed_beside_a_cell_that_is_not_read() {
    let mut editor = Editor::helped_by(&format!("{READY}\ncat >/dev/null"));
    editor.open(URI, &format!("// %%\nlet first = 1;\n// %%\nlet s = \"{}\";\nfirst\n", "x".repeat(300 << 10)));
    editor.diagnostics(URI);
    let at = json!({"textDocument": {"uri": URI}, "position": {"line": 1, "character": 5}, "newName": "other"});
    let response = serde_json::to_value(editor.request("textDocument/rename", at)).unwrap();
    assert!(response["error"]["message"].as_str().unwrap().contains("cell 2 is too long"), "{response}");
}

#[test]
fn megabytes_in_a_cell_keep_nobody_waiting() {
    let mut editor = Editor::new();
    let cell = format!("let s = \"{}\";\n", "x\u{fc} ".repeat(700_000));
    for long in [cell, "let a = 1;\n".repeat(200_000), "((((".repeat(500_000)] {
        editor.open("file:///project/long.rs", &long);
        editor.open(URI, "// %%\nlet passengers = 1;\n// %%\npass\n");
        let began = Instant::now();
        let document = json!({"uri": "file:///project/long.rs"});
        for method in ["semanticTokens/full", "documentSymbol", "foldingRange"] {
            editor.begin(&format!("textDocument/{method}"), json!({"textDocument": document}));
        }
        let symbols = editor.ask("textDocument/documentSymbol", json!({"textDocument": {"uri": URI}}));
        assert_eq!(symbols[0]["children"][0]["name"], "passengers");
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        for method in ["semanticTokens/full", "documentSymbol", "foldingRange", "formatting"] {
            let options = json!({"tabSize": 4, "insertSpaces": true});
            editor.ask(&format!("textDocument/{method}"), json!({"textDocument": document, "options": options}));
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }
}

#[test]
fn places_that_are_none_are_the_nearest() {
    let mut editor = Editor::new();
    let text =
        "// %%\r\nlet crab = \"\u{1f980}\";\r\ncrab\r\n// %% [markdown]\r\n// %time crab\r\n// %%\r\n// %time crab\r\n";
    editor.open(URI, text);
    editor.diagnostics(URI);
    // Within the two units of the crab, behind a line, behind the text, in a cell of words.
    for (line, character) in [(1, 13), (1, 999), (999, 0), (u32::MAX, u32::MAX), (4, 5)] {
        for method in ["completion", "hover", "definition", "documentHighlight", "prepareRename"] {
            let response = editor.request(
                &format!("textDocument/{method}"),
                json!({"textDocument": {"uri": URI}, "position": {"line": line, "character": character}}),
            );
            assert_eq!(code(&response), None, "{method} {line}:{character}");
        }
    }
    assert_eq!(editor.at("textDocument/completion", URI, Position::new(4, 8)), json!(null), "words are no code");
    assert!(editor.labels(URI, Position::new(6, 12)).contains(&"crab".to_owned()));
    let edit =
        json!({"range": {"start": {"line": 1, "character": 13}, "end": {"line": 1, "character": 13}}, "text": "x"});
    editor.change(URI, &edit);
    assert_eq!(editor.diagnostics(URI), [], "the crab is whole");
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": URI}}));
    assert_eq!(editor.at("textDocument/completion", URI, Position::new(2, 4)), json!(null), "it is closed");
}
