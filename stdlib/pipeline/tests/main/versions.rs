//! Which version comes after which change.

use crate::support::full;
use ironbook_pipeline::Definition;
use ironbook_pipeline::definition::{Param, Stage};
use ironbook_pipeline::version::{Level, bump};

#[track_caller]
fn check(edit: impl Fn(&mut Definition), version: &str, reasons: &[&str]) {
    let mut new = full();
    edit(&mut new);
    let bump = bump(&full(), &new);
    assert_eq!(bump.version.to_string(), version, "{:#?}", bump.reasons);
    let words: Vec<String> = bump.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(words, reasons);
}

fn param(name: &str) -> Param {
    Param { name: name.into(), type_name: "u32".into(), default: 5.into(), doc: String::new() }
}

#[test]
fn nothing_changed() {
    check(|_| {}, "1.3.0", &[]);
    check(
        |d| {
            d.version = "9.0.0".into();
            d.origin.promoted.clear();
            d.verified = None;
            d.stages[0].cells.clear();
        },
        "1.3.0",
        &[],
    );
    assert_eq!(bump(&full(), &full()).level, None::<Level>);
}

#[test]
fn the_interface_is_major() {
    check(|d| drop(d.params.remove(3)), "2.0.0", &["parameter fast: removed (was bool = true)"]);
    check(|d| d.params[0].type_name = "u64".into(), "2.0.0", &["parameter n_estimators: type u64, was usize"]);
    check(|d| drop(d.targets.pop()), "2.0.0", &["target judge.report: removed (was ironbook_eval::Report)"]);
    check(
        |d| {
            d.stages[1].outputs[0].type_name = "Forest".into();
            d.stages[1].code = "e".repeat(64);
        },
        "2.0.0",
        &["target train.model: type Forest, was ironbook_learn::Booster"],
    );
    check(|d| d.register.as_mut().unwrap().name = "late".into(), "2.0.0", &["register: name late, was late-flights"]);
    check(|d| drop(d.data.pop()), "2.0.0", &["data weather: removed (was data/weather 2.parquet)"]);
}

#[test]
fn code_and_what_is_new_are_minor() {
    check(|d| d.stages[1].code = "e".repeat(64), "1.4.0", &["stage train: code changed"]);
    check(|d| d.stages[3].code = "e".repeat(64), "1.4.0", &["gate auc_is_good: code changed"]);
    check(|d| d.params.push(param("depth")), "1.4.0", &["parameter depth: added (u32 = 5)"]);
    check(|d| d.stages.push(Stage { name: "more".into(), ..Stage::default() }), "1.4.0", &["stage more: added"]);
    check(|d| drop(d.stages.pop()), "1.4.0", &["gate auc_is_good: removed"]);
    check(
        |d| d.stages[0].outputs[1].type_name = "Weather".into(),
        "1.4.0",
        &["stage read: output weather Weather, was polars::frame::DataFrame"],
    );
}

#[test]
fn data_defaults_and_toolchain_are_patches() {
    check(|d| d.params[0].default = 400.into(), "1.3.1", &["parameter n_estimators: default 400, was 300"]);
    check(
        |d| {
            d.data[0].fingerprint = format!("blake3:{}", "d".repeat(64));
            d.data[0].bytes = 1_234_568;
        },
        "1.3.1",
        &[
            "data flights: fingerprint dddddddddddd, was aaaaaaaaaaaa",
            "data flights: size 1 234 568 B, was 1 234 567 B",
        ],
    );
    check(|d| d.toolchain.rustc = "rustc 1.96.0".into(), "1.3.1", &["toolchain: rustc rustc 1.96.0, was rustc 1.95.0"]);
    check(|d| d.toolchain.cpu_features.push("avx512f".into()), "1.3.1", &["toolchain: CPU features added (avx512f)"]);
    check(|d| d.stages[1].retries = 0, "1.3.1", &["stage train: retries 0, was 2"]);
    check(|d| d.content = "e".repeat(64), "1.3.1", &["files: content eeeeeeeeeeee, was aaaaaaaaaaaa"]);
}

#[test]
fn the_furthest_change_counts() {
    check(
        |d| {
            d.params[0].default = 400.into();
            d.stages[1].code = "e".repeat(64);
            d.params.push(param("depth"));
        },
        "1.4.0",
        &["parameter depth: added (u32 = 5)", "stage train: code changed"],
    );
}
