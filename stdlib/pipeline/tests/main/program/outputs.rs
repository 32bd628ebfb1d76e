//! Tables, graphs, comparisons, predictions.

use crate::program::toy::Toy;
use serde_json::json;
use std::fs;

#[test]
fn stages_are_listed() {
    let toy = Toy::new();
    let ran = toy.call(&["stages"]);
    assert_eq!(
        ran.out,
        "stage         takes                 makes              parameters  files\n\
         read                                numbers: Vec<f64>              numbers\n\
         scale         read.numbers          scaled: Vec<f64>   factor\n\
         sum           scale.scaled          sum: f64\n\
         count         read.numbers          count: usize\n\
         model         sum.sum, count.count  model: Model       title\n\
         check (gate)  model.model           check: bool        least\n"
    );
    let list: serde_json::Value = serde_json::from_str(&toy.call(&["stages", "--json"]).out).unwrap();
    assert_eq!(list[1]["inputs"][0]["from"], "read");
}

#[test]
fn the_graph_is_drawn() {
    let toy = Toy::new();
    assert_eq!(
        toy.call(&["graph"]).out,
        "toy 1.0.0\n\
         └── read: numbers\n    \
             ├── scale: scaled\n    \
             │   └── sum: sum\n    \
             └── count: count\n        \
                 └── model: model  <- sum\n            \
                     └── check (gate): check\n"
    );
    let dot = toy.call(&["graph", "--dot"]).out;
    assert!(dot.starts_with("digraph") && dot.contains("\"read\" -> \"scale\" [label=\"numbers\"]"), "{dot}");
    let mermaid = toy.call(&["graph", "--mermaid"]).out;
    assert!(mermaid.contains("s5{\"check\"}") && mermaid.contains("s4 -->|model| s5"), "{mermaid}");
}

#[test]
fn what_a_run_needs_is_looked_at() {
    let toy = Toy::new();
    let ran = toy.call(&["validate"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "toy 1.0.0 is ready: 6 stages, 3 parameters, 1 files\n"));
    toy.write_numbers("0\n");
    let ran = toy.call(&["validate", "-p", "factor=x"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out.contains("2 problems") && ran.out.contains("has changed") && ran.out.contains("`x`"),
        "{}",
        ran.out
    );
    assert_eq!(toy.ran(), "");
}

#[test]
fn help_says_what_there_is() {
    let toy = Toy::new();
    let ran = toy.call(&["--help"]);
    for text in ["run", "stages", "graph", "validate", "predict", "cache", "toy 1.0.0", "IRONBOOK_PARAM_NAME", "130"] {
        assert!(ran.out.contains(text), "{text}: {}", ran.out);
    }
    assert!(!ran.out.contains("compare") && !ran.out.contains("__stage"), "{}", ran.out);
    assert_eq!(toy.call(&["--version"]).out, "toy 1.0.0\n");
    assert_eq!(toy.call(&["fly"]).code, Some(2));
}

#[test]
fn values_are_compared_by_bytes_then_by_what_they_mean() {
    let toy = Toy::new();
    let digests = toy.run(&[]).digests();
    let bytes = |name: &str| {
        let digest = &digests.iter().find(|(of, _)| of == name).unwrap().1;
        fs::read(toy.cache().join("objects").join(&digest[..2]).join(&digest[2..])).unwrap()
    };
    fs::create_dir(toy.path("kept")).unwrap();
    let keep = |file: &str, bytes: &[u8]| fs::write(toy.path("kept").join(file), bytes).unwrap();
    keep("sum", &bytes("sum"));
    keep("numbers", &[bytes("numbers"), 1f64.to_le_bytes().to_vec()].concat());
    keep("model", &bytes("model"));
    keep("scaled", b"???");
    // The same with its map in another order.
    let ours = bytes("model");
    for _ in 0..50 {
        toy.run(&["--only", "model", "--force"]);
        let digest = toy.run(&[]).digests().into_iter().find(|(of, _)| of == "model").unwrap().1;
        let now = fs::read(toy.cache().join("objects").join(&digest[..2]).join(&digest[2..])).unwrap();
        if now != ours {
            break;
        }
    }
    let entry = |stage: &str, name: &str| json!({"stage": stage, "name": name, "file": name});
    let mut expected =
        vec![entry("sum", "sum"), entry("read", "numbers"), entry("model", "model"), entry("scale", "scaled")];
    expected.push(json!({"stage": "nobody", "name": "nothing", "file": "sum"}));
    expected.push(json!({"stage": "count", "name": "count", "file": "missing"}));
    fs::write(toy.path("kept/expected.json"), serde_json::to_vec(&expected).unwrap()).unwrap();
    let ran = toy.call(&["compare", "kept"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let json = ran.json();
    let results: Vec<&str> =
        json["values"].as_array().unwrap().iter().map(|of| of["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["equal", "different", "same", "unknown", "unknown", "unknown"], "{}", ran.out);
    fs::write(toy.path("kept/expected.json"), serde_json::to_vec(&expected[..1]).unwrap()).unwrap();
    assert_eq!(toy.call(&["compare", "kept"]).code, Some(0));
}

#[test]
fn rows_are_predicted_with_the_model() {
    let toy = Toy::new();
    fs::write(toy.path("rows.txt"), "1 2\n").unwrap();
    let ran = toy.call(&["predict", "--batch", "rows.txt", "-o", "out.txt"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(fs::read_to_string(toy.path("out.txt")).unwrap(), "5\n10\n");
    fs::write(toy.path("rows.txt"), "one\n").unwrap();
    let ran = toy.call(&["predict", "--batch", "rows.txt", "-o", "out.txt"]);
    assert!(ran.code == Some(1) && ran.err.contains("invalid float literal"), "{}", ran.err);
    assert_eq!(toy.call(&["predict", "--batch", "none.txt", "-o", "out.txt"]).code, Some(1));
}

#[test]
fn logs_keep_what_stages_print() {
    let toy = Toy::new();
    let json = toy.run(&[]).json();
    let log = json["stages"][1]["log"].as_str().unwrap();
    assert_eq!(fs::read_to_string(log).unwrap(), "scale is at work\n");
}
