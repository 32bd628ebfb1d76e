//! Stages whose values are files of another tool.

use crate::program::toy::{Ran, Toy};
use std::fs;
use std::path::PathBuf;

const REGISTER: &str = "\n[register]\nmodel = \"model.model\"\nas = \"toy-model\"\n\n[[params]]\nname = \"factor\"";

fn file(toy: &Toy, name: &str) -> PathBuf {
    toy.path("values").join(name)
}

/// Runs a stage that takes and leaves files of these names.
fn stage(toy: &Toy, name: &str, inputs: &[&str], outputs: &[&str], more: &[&str]) -> Ran {
    let pair = |name: &&str| format!("{name}={}", file(toy, name).display());
    let mut words: Vec<String> = vec!["--only".into(), name.into()];
    inputs.iter().for_each(|input| words.extend(["--input".into(), pair(input)]));
    outputs.iter().for_each(|output| words.extend(["--output".into(), pair(output)]));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    toy.call(&[&["run", "--json"], words.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat())
}

/// Runs all stages one at a time, with a new cache for each, so that there is nothing but files between them.
fn one_at_a_time(toy: &Toy) {
    for (name, inputs, outputs) in [
        ("read", &[][..], &["numbers"][..]),
        ("scale", &["numbers"], &["scaled"]),
        ("sum", &["scaled"], &["sum"]),
        ("count", &["numbers"], &["count"]),
        ("model", &["sum", "count"], &["model"]),
        ("check", &["model"], &["check"]),
    ] {
        let _ = fs::remove_dir_all(toy.cache());
        let ran = stage(toy, name, inputs, outputs, &["--no-track"]);
        assert_eq!((ran.code, ran.statuses()), (Some(0), format!("{name} done")), "{}", ran.err);
        assert_eq!(toy.ran(), name);
    }
}

#[test]
fn stages_run_one_at_a_time_with_files_between_them() {
    let toy = Toy::new();
    one_at_a_time(&toy);
    assert_eq!(fs::read(file(&toy, "sum")).unwrap(), 20f64.to_le_bytes());
    let whole = toy.run(&[]);
    for (name, digest) in whole.digests() {
        // A `HashMap` is written in any order.
        if name != "model" {
            assert_eq!(blake3::hash(&fs::read(file(&toy, &name)).unwrap()).to_hex().as_str(), digest, "{name}");
        }
    }
}

#[test]
fn what_was_given_is_what_counts() {
    let toy = Toy::new();
    toy.run(&[]);
    toy.ran();
    stage(&toy, "read", &[], &["numbers"], &["--no-track"]);
    fs::copy(file(&toy, "numbers"), file(&toy, "scaled")).unwrap();
    assert_eq!(toy.ran(), "", "it was there, and is written nevertheless");
    let ran = stage(&toy, "sum", &["scaled"], &["sum"], &["--no-track"]);
    assert_eq!((ran.code, ran.statuses().as_str()), (Some(0), "sum done"), "{}", ran.err);
    assert_eq!(fs::read(file(&toy, "sum")).unwrap(), 10f64.to_le_bytes());
    assert_eq!(toy.ran(), "sum");
    stage(&toy, "sum", &["scaled"], &["sum"], &["--no-track"]);
    assert_eq!(toy.ran(), "", "the same again");
    assert_eq!(toy.run(&[]).statuses().matches("cached").count(), 6, "the pipeline's own values are not touched");
}

#[test]
fn a_file_that_is_no_such_value_fails_the_stage() {
    let toy = Toy::new();
    fs::create_dir(toy.path("values")).unwrap();
    fs::write(file(&toy, "scaled"), "seven b").unwrap();
    let ran = stage(&toy, "sum", &["scaled"], &["sum"], &["--no-track"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("scaled") && !file(&toy, "sum").exists(), "{}", ran.err);
    fs::remove_file(file(&toy, "scaled")).unwrap();
    let ran = stage(&toy, "sum", &["scaled"], &["sum"], &["--no-track"]);
    assert!(ran.code == Some(1) && ran.err.contains("values/scaled"), "{}", ran.err);
}

#[test]
fn a_gate_that_has_not_passed_leaves_no_file() {
    let toy = Toy::new();
    one_at_a_time(&toy);
    fs::remove_file(file(&toy, "check")).unwrap();
    let ran = stage(&toy, "check", &["model"], &["check"], &["--no-track", "-p", "least=100"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(!file(&toy, "check").exists());
}

#[test]
fn the_model_is_registered_from_its_file() {
    let toy = Toy::new();
    toy.edit("\n[[params]]\nname = \"factor\"", REGISTER);
    one_at_a_time(&toy);
    let _ = fs::remove_dir_all(toy.cache());
    let ran = stage(&toy, "register", &["model"], &["register"], &[]);
    assert_eq!((ran.code, toy.ran().as_str()), (Some(0), ""), "{}", ran.err);
    assert!(!fs::read_to_string(file(&toy, "register")).unwrap().is_empty());
    let ran = stage(&toy, "register", &["model"], &["register"], &["--no-track"]);
    assert!(ran.code == Some(1) && ran.err.contains("leave out --no-track"), "{}", ran.err);
}

#[test]
fn wrong_options_are_refused_with_what_is_right() {
    let toy = Toy::new();
    let check = |arguments: &[&str], words: &[&str]| {
        let ran = toy.run(arguments);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(words.iter().all(|word| ran.err.contains(word)), "{}", ran.err);
        assert_eq!(toy.ran(), "");
    };
    check(&["--output", "sum=x"], &["--only STAGE"]);
    check(&["--only", "sum", "--only", "count", "--output", "sum=x"], &["one stage"]);
    check(&["--only", "sum", "--output", "sums=x"], &["makes no `sums`", "`sum`"]);
    check(&["--only", "sum", "--input", "numbers=x"], &["takes no `numbers`", "`scaled`"]);
    check(&["--only", "model", "--input", "sum=x"], &["also takes `count`"]);
    check(&["--only", "sum", "--output", "sum"], &["--output NAME=FILE"]);
    check(&["--only", "smu", "--output", "sum=x"], &["no stage `smu`"]);
}
