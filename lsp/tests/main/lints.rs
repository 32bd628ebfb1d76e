//! The notebook's own hints in an editor, with their quick fixes.

use crate::editor::{Editor, brief};
use lsp_types::{Diagnostic, Position};
use serde_json::json;

const URI: &str = "file:///project/hints.rs";

/// What the quick fixes at a diagnostic put in.
fn put_in(editor: &mut Editor, found: &Diagnostic) -> Vec<String> {
    let params = json!({"textDocument": {"uri": URI}, "range": found.range, "context": {"diagnostics": []}});
    let actions = editor.ask("textDocument/codeAction", params);
    let edits = actions
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|action| action["edit"]["changes"][URI].as_array().cloned());
    edits.flatten().filter_map(|edit| Some(edit["newText"].as_str()?.to_owned())).collect()
}

#[test]
fn hints_are_shown_with_their_fixes() {
    let mut editor = Editor::new();
    let text = "// %%\nlet df = df!(\"day\" => [1, 2], \"late\" => [0.5, 1.0])?;\n// %%\nlet n: i32 = \"4\".parse().unwrap();\n// %%\n\
                let some = df.clone().lazy().filter(col(\"dya\").gt(lit(1))).collect()?;\n// %%\nlet first = &df[\"late\"];\n";
    editor.open(URI, text);
    let found = editor.diagnostics(URI);
    let briefs: Vec<_> = found.iter().map(brief).collect();
    assert_eq!(
        briefs,
        [
            ("ironbook::unwrap".to_owned(), (3, 24), (3, 33)),
            ("ironbook::unknown_column".to_owned(), (5, 40), (5, 45)),
            ("ironbook::borrow".to_owned(), (7, 4), (7, 9)),
        ]
    );
    assert_eq!(put_in(&mut editor, &found[0]), ["?"]);
    assert_eq!(put_in(&mut editor, &found[1]), ["\"day\""]);
    assert_eq!(put_in(&mut editor, &found[2]), ["", ".clone()"]);
    let mended = text.replace(".unwrap()", "?").replace("dya", "day").replace("&df[\"late\"]", "df[\"late\"].clone()");
    editor.retype(URI, &mended);
    assert_eq!(editor.diagnostics(URI), []);
    // What is switched off is not said.
    editor.retype(
        URI,
        &text
            .replace("unwrap();", "unwrap(); // ironbook: allow(unwrap)")
            .replace("// %%\nlet some", "// %%\n// ironbook: allow(all)\nlet some"),
    );
    let codes: Vec<String> = editor.diagnostics(URI).iter().map(|found| brief(found).0).collect();
    assert_eq!(codes, ["ironbook::borrow"]);
}

/// Without a session, the texts of the cells tell the columns.
#[test]
fn columns_of_tables_are_known_from_the_text() {
    let mut editor = Editor::new();
    let text = "// %%\nlet df = df!(\"day\" => [1, 2], \"late\" => [0.5, 1.0])?;\n// %%\n\
                let mean = df.lazy().group_by([col(\"day\")]).agg([col(\"late\").mean().alias(\"share\")]).collect()?;\n// %%\n\
                mean.column(\"\")?;\n// %%\nlet mean = 5;\n// %%\nlet a = mean;\n";
    editor.open(URI, text);
    editor.diagnostics(URI);
    let mut labels = editor.labels(URI, Position::new(5, 13));
    labels.sort();
    assert_eq!(labels, ["day", "share"]);
}

#[test]
fn what_magics_make_is_not_missing() {
    let mut editor = Editor::new();
    let text =
        "// %%\n// %track load models:/late@champion --into model\n// %%\nlet n = model.signature();\n// %%\nn.len()\n";
    editor.open(URI, text);
    assert_eq!(editor.diagnostics(URI), []);
}
