//! Two versions, one with the other.

use crate::support::{full, write_version};
use ironbook_pipeline::diff::{code_diff, diff};
use std::fs;

#[test]
fn differences_come_in_the_order_of_the_definition() {
    let mut new = full();
    new.toolchain.threads = 8;
    new.stages[1].inputs.remove(1);
    new.params[1].default = 0.2.into();
    new.allowed.clear();
    let words: Vec<String> = diff(&full(), &new).iter().map(ToString::to_string).collect();
    let expected = [
        "parameter learning_rate: default 0.2, was 0.1",
        "stage train: input read.weather removed (was polars::frame::DataFrame)",
        "allowed clock: removed (was cell 4, line 2 reads the clock)",
        "toolchain: threads 8, was 2",
    ];
    assert_eq!(words, expected);
}

#[test]
fn stages_that_changed_places_are_told() {
    let mut new = full();
    new.stages.swap(0, 1);
    let words: Vec<String> = diff(&full(), &new).iter().map(ToString::to_string).collect();
    assert_eq!(words, ["stage: order train read judge auc_is_good, was read train judge auc_is_good"]);
}

#[test]
fn code_is_compared_by_stage() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let old = write_version(one.path(), &full());
    let new = write_version(two.path(), &full());
    let code = "/// Reads.\npub fn read() {\n    two();\n}\n\npub fn train() {\n    fit();\n}\n";
    fs::write(two.path().join("src/stages.rs"), code).unwrap();
    fs::write(two.path().join("src/items.rs"), "pub struct Row;\n").unwrap();
    let found = code_diff((&old, one.path()), (&new, two.path())).unwrap();
    let texts: Vec<(&str, &str)> = found.iter().map(|code| (code.name.as_str(), code.diff.as_str())).collect();
    let read = "@@ -1,4 +1,4 @@\n /// Reads.\n pub fn read() {\n-    one();\n+    two();\n }\n";
    assert_eq!(texts, [("read", read), ("src/items.rs", "@@ -0,0 +1,1 @@\n+pub struct Row;\n")]);

    fs::remove_file(two.path().join("src/stages.rs")).unwrap();
    assert!(code_diff((&old, one.path()), (&new, two.path())).unwrap_err().to_string().contains("src/stages.rs"));
}
