//! Samples of stages, and stages run on them.

use super::toy::{Ran, Toy, said};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A thousand numbers, one a line.
fn long() -> Toy {
    let toy = Toy::new();
    toy.write_numbers(&(1..=1000).map(|number| format!("{number}\n")).collect::<String>());
    toy
}

const SAMPLE: [&str; 5] = ["sample", "version", "--rows", "2", "--allow-changed-data"];

fn sample(toy: &Toy, trouble: &str) -> Vec<Value> {
    let ran = said(&toy.command(&SAMPLE).env("TOY_TROUBLE", trouble).output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    ran.json()["stages"].as_array().unwrap().clone()
}

fn check(toy: &Toy, stage: &str, trouble: &str) -> Ran {
    let place = format!("{stage}:{}", toy.path("version").display());
    said(&toy.command(&[]).env("TOY_CHECK", place).env("TOY_TROUBLE", trouble).output().unwrap())
}

/// All files below a directory, with their bytes.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => {
                found.extend(files(&entry.path()).into_iter().map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
            }
            false => found.push((name, fs::read(entry.path()).unwrap())),
        }
    }
    found.sort();
    found
}

fn of<'a>(stages: &'a [Value], name: &str) -> &'a Value {
    stages.iter().find(|stage| stage["name"] == name).unwrap()
}

#[test]
fn a_sample_has_the_first_rows_of_what_each_stage_took() {
    let toy = long();
    let stages = sample(&toy, "");
    let version = toy.path("version/samples");
    assert_eq!(fs::read_to_string(version.join("read/data/numbers.txt")).unwrap(), "1\n2\n3\n4\n5\n");
    assert_eq!(fs::read(version.join("scale/numbers.value")).unwrap(), [1.0f64, 2.0].map(f64::to_le_bytes).concat());
    assert_eq!((&of(&stages, "scale")["rows"], &of(&stages, "model")["rows"]), (&Value::from(2), &Value::Null));
    let expected = |stage: &str| -> Value {
        serde_json::from_slice(&fs::read(version.join(stage).join("expected.json")).unwrap()).unwrap()
    };
    let scaled = blake3::hash(&[2.0f64, 4.0].map(f64::to_le_bytes).concat()).to_hex().to_string();
    assert_eq!(expected("scale")["outputs"]["scaled"]["digest"], scaled);
    assert_eq!(expected("model")["outputs"]["model"]["equal"], "never");
    let why = of(&stages, "check")["why_not"].as_str().unwrap();
    assert!(why.contains("`model` is written in another order each time"), "{why}");
    assert!(!version.join("check").exists());
}

#[test]
fn samples_are_the_same_each_time() {
    let toy = long();
    sample(&toy, "");
    let first = files(&toy.path("version"));
    fs::remove_dir_all(toy.path("version")).unwrap();
    fs::remove_dir_all(toy.cache()).unwrap();
    sample(&toy, "");
    assert_eq!(first, files(&toy.path("version")));
    assert_eq!(first.len(), 11);
}

#[test]
fn a_check_fails_when_the_code_gives_something_else() {
    let toy = long();
    sample(&toy, "");
    for (stage, said) in [
        ("read", "equal [\"numbers\"], made []\n"),
        ("scale", "equal [\"scaled\"], made []\n"),
        ("sum", "equal [\"sum\"], made []\n"),
        ("count", "equal [\"count\"], made []\n"),
        ("model", "equal [], made [\"model\"]\n"),
    ] {
        let out = check(&toy, stage, "").out;
        assert!(out.ends_with(said), "{stage}: {out}");
    }
    let other = check(&toy, "scale", "scale:other").out;
    assert!(other.contains("the stage `scale` makes something else of its sample"), "{other}");
    assert!(other.contains("`scaled` is "), "{other}");
    assert!(check(&toy, "model", "model:nothing").out.contains("ended without its output `model`"));
    assert!(check(&toy, "sum", "sum:panic").out.contains("it panicked: told to"));
    assert!(check(&toy, "check", "").out.contains("the sample of the stage `check` cannot be read"));
}

#[test]
fn on_another_processor_it_is_enough_that_the_stage_runs() {
    let toy = long();
    sample(&toy, "");
    let path = toy.path("version/samples/scale/expected.json");
    let mut expected: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    expected["cpu_features"] = Value::from(vec!["of another"]);
    fs::write(&path, expected.to_string()).unwrap();
    let out = check(&toy, "scale", "scale:other").out;
    assert!(out.ends_with("equal [], made [\"scaled\"]\n"), "{out}");
}

#[test]
fn a_stage_that_fails_on_few_rows_gets_more() {
    let toy = long();
    let stages = sample(&toy, "count:few:150");
    assert_eq!(of(&stages, "count")["rows"], 200);
    let stages = sample(&toy, "count:few:1000");
    assert_eq!(of(&stages, "count")["rows"], Value::Null);
    assert_eq!(fs::read(toy.path("version/samples/count/numbers.value")).unwrap().len(), 8000);
}

#[test]
fn a_stage_that_needs_more_than_its_sample_has_none() {
    let toy = long();
    let stages = sample(&toy, "sum:needs:data/numbers.txt");
    let why = of(&stages, "sum")["why_not"].as_str().unwrap();
    assert!(why.contains("cannot be run on a sample") && why.contains("is not there"), "{why}");
    assert!(!toy.path("version/samples/sum").exists());
}
