//! What editors should not send, and texts that nobody should type.

use crate::editor::Editor;
use lsp_types::Position;
use serde_json::json;

const URI: &str = "file:///work/s.rs";

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
