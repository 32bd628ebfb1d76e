//! Notebooks: each cell is a document of its own.

use crate::editor::{Editor, brief};
use lsp_types::Position;
use serde_json::{Value, json};

const BOOK: &str = "file:///project/n.ipynb";

fn uri(cell: u32) -> String {
    format!("vscode-notebook-cell:/project/n.ipynb#{cell}")
}

fn open(editor: &Editor, cells: &[&str]) {
    let described: Vec<Value> = (0..).zip(cells).map(|(n, _)| json!({"kind": 2, "document": uri(n)})).collect();
    let texts: Vec<Value> = (0..)
        .zip(cells)
        .map(|(n, text)| json!({"uri": uri(n), "languageId": "rust", "version": 1, "text": text}))
        .collect();
    let notebook = json!({"uri": BOOK, "notebookType": "jupyter-notebook", "version": 1, "cells": described});
    editor.tell("notebookDocument/didOpen", json!({"notebookDocument": notebook, "cellTextDocuments": texts}));
}

#[test]
fn cells_know_of_each_other() {
    let mut editor = Editor::new();
    open(&editor, &["let total = 1.5;", "total.", "%%bash\nls", "let x: i32 = total;"]);
    let found = editor.diagnostics(&uri(3));
    assert_eq!(brief(&found[0]), ("E0308".to_owned(), (0, 13), (0, 18)));
    assert_eq!(editor.diagnostics(&uri(0)), []);
    assert!(editor.labels(&uri(1), Position::new(0, 6)).contains(&"sqrt".to_owned()));
}

#[test]
fn cells_come_move_and_go() {
    let mut editor = Editor::new();
    open(&editor, &["b + 1", "let c = 2;"]);
    assert_eq!(editor.diagnostics(&uri(0)).len(), 1);
    editor.diagnostics(&uri(1));
    let fresh = json!({"uri": uri(7), "languageId": "rust", "version": 1, "text": "let b = 1;"});
    let array = json!({"start": 0, "deleteCount": 0, "cells": [{"kind": 2, "document": uri(7)}]});
    let change = json!({"cells": {"structure": {"array": array, "didOpen": [fresh]}}});
    let notebook = json!({"uri": BOOK, "version": 2});
    editor.tell("notebookDocument/didChange", json!({"notebookDocument": notebook, "change": change}));
    assert_eq!(editor.diagnostics(&uri(0)), []);
    let content = json!({"document": {"uri": uri(7), "version": 2}, "changes": [{"text": "let d = 1;"}]});
    let change = json!({"cells": {"textContent": [content]}});
    editor.tell("notebookDocument/didChange", json!({"notebookDocument": notebook, "change": change}));
    assert_eq!(editor.diagnostics(&uri(0)).len(), 1);
    let cells: Vec<Value> = [7, 0, 1].iter().map(|n| json!({"uri": uri(*n)})).collect();
    editor.tell("notebookDocument/didClose", json!({"notebookDocument": {"uri": BOOK}, "cellTextDocuments": cells}));
    assert_eq!(editor.diagnostics(&uri(0)), []);
}

#[test]
fn a_cell_that_goes_takes_its_diagnostics_along() {
    let mut editor = Editor::new();
    open(&editor, &["b + 1", "let c = 2;"]);
    assert_eq!(editor.diagnostics(&uri(0)).len(), 1);
    let array = json!({"start": 0, "deleteCount": 1});
    let change = json!({"cells": {"structure": {"array": array, "didClose": [{"uri": uri(0)}]}}});
    editor
        .tell("notebookDocument/didChange", json!({"notebookDocument": {"uri": BOOK, "version": 2}, "change": change}));
    assert_eq!(editor.diagnostics(&uri(0)), []);
}
