//! Data flow, cache and tiers: what the engine keeps about executions and compiled cells.

use super::{Engine, Ran};
use ironbook_session::{FailureKind, Tier};

fn names<'a>(of: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    of.map(String::as_str).collect()
}

fn flow(ran: &Ran) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    let flow = &ran.execution.flow;
    (names(flow.read.keys()), names(flow.wrote.keys()), names(flow.moved.iter()))
}

fn stale(e: &mut Engine) -> Vec<(String, String)> {
    e.session.variables().into_iter().filter_map(|v| Some((v.name, v.stale?))).collect()
}

#[test]
fn each_execution_records_what_it_did() {
    let mut e = Engine::new();
    let ran = e.cell("let a = vec![3, 1]; let b = 2;").ok();
    assert_eq!(flow(&ran), (vec![], vec!["a", "b"], vec![]));
    let ran = e.cell("println!(\"{a:?} {}\", b);").ok();
    assert_eq!(flow(&ran), (vec!["a", "b"], vec![], vec![]));
    let ran = e.cell("a").ok();
    assert_eq!(flow(&ran), (vec!["a"], vec![], vec![]));
    let ran = e.cell("a.sort(); b").ok();
    assert_eq!(flow(&ran), (vec!["a", "b"], vec!["a"], vec![]));
    let ran = e.cell("b += 1;").ok();
    assert_eq!(flow(&ran), (vec!["b"], vec!["b"], vec![]));
    let ran = e.cell("let c = a;").ok();
    assert_eq!(flow(&ran), (vec!["a"], vec!["c"], vec!["a"]));
    let ran = e.cell("fn f() {} struct S; use std::rc::Rc;").ok();
    assert_eq!(names(ran.execution.flow.defined.iter()), ["fn f", "type S", "use Rc"]);
    assert_eq!(ran.execution.flow.read.len(), 0);
    assert_eq!(e.session.history().len(), 7);
    assert_eq!(e.session.history()[5].flow.wrote["c"], "alloc::vec::Vec<i32>");
}

#[test]
fn what_was_made_from_older_values_is_out_of_date() {
    let mut e = Engine::new();
    e.cells(&["let x = 1;", "let y = x + 1;", "let z = y * 2;"]);
    assert_eq!(stale(&mut e), []);
    e.cells(&["let x = 5;"]);
    let old = stale(&mut e);
    assert_eq!(old.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["y", "z"]);
    assert!(old[0].1.contains("`x`") && old[0].1.contains("cell 4"), "{old:?}");
    e.cells(&["let y = x + 1;"]);
    assert_eq!(stale(&mut e).len(), 1);
    e.cells(&["let z = y * 2;", "println!(\"{x}\");"]);
    assert_eq!(stale(&mut e), []);
}

#[test]
fn values_that_share_state_are_written_together() {
    let mut e = Engine::new();
    e.cells(&[
        "use std::rc::Rc; use std::cell::RefCell; use std::sync::{Arc, Mutex};",
        "let shared = Rc::new(RefCell::new(vec![1]));",
        "let twin = Rc::clone(&shared);",
        "let apart = Arc::new(Mutex::new(0));",
    ]);
    let ran = e.cell("twin.borrow_mut().push(2);").ok();
    assert_eq!(names(ran.execution.flow.wrote.keys()), ["shared", "twin"]);
    e.cells(&["let length = shared.borrow().len();"]);
    e.cell("shared.borrow_mut().clear();").ok();
    assert_eq!(stale(&mut e).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["length"]);
    let ran = e.cell("*apart.lock().unwrap() += 1;").ok();
    assert_eq!(names(ran.execution.flow.wrote.keys()), ["apart"]);
    e.cells(&[
        "use candle_core::{DType, Device, Tensor}; use candle_nn::{Linear, VarBuilder, VarMap, Module};",
        "let vars = VarMap::new();",
        "let layer = candle_nn::linear(2, 1, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu))?;",
    ]);
    let ran = e.cell("layer.forward(&Tensor::ones((1, 2), DType::F32, &Device::Cpu)?)?.dims().to_vec()").ok();
    assert_eq!(ran.results, ["[1, 1]"]);
    let ran = e.cell("for var in vars.all_vars() { var.set(&var.zeros_like()?)?; }").ok();
    assert_eq!(names(ran.execution.flow.wrote.keys()), ["layer", "vars"]);
}

const SCRIPT: &[&str] = &[
    "let v: Vec<u64> = (0..10).collect();",
    "struct Mean(f64); fn mean(v: &[u64]) -> Mean { Mean(v.iter().sum::<u64>() as f64 / v.len() as f64) }",
    "let m = mean(&v);",
    "v = v.into_iter().filter(|x| x % 2 == 0).collect();",
    "let words: Vec<&str> = Vec::from([\"a\"]); let r = &v; (m.0, r.len())",
    "static COUNT: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(3);",
    "COUNT.fetch_add(1, std::sync::atomic::Ordering::SeqCst)",
    "let frame = df!(\"x\" => [1, 2])?; frame.height()",
    "frame.width() + words.len()",
];

#[test]
fn an_unchanged_script_is_not_compiled_again() {
    let mut first = Engine::new();
    let results: Vec<_> = SCRIPT.iter().map(|cell| first.cell(cell).ok().results).collect();
    let mut second = first.again();
    for (cell, result) in SCRIPT.iter().zip(results) {
        let ran = second.cell(cell).ok();
        assert_eq!(ran.results, result, "{cell}");
        assert_eq!(ran.execution.timing.compiles, 0, "{cell}");
    }
}

#[test]
fn files_and_variables_read_at_compile_time_are_part_of_the_key() {
    let mut e = Engine::new();
    e.file("data.txt", "first");
    e.file("made.rs", "40 + 2");
    e.cells(&["const DATA: &str = include_str!(\"data.txt\");"]);
    e.gives("(DATA, include_bytes!(\"data.txt\").len(), include!(\"made.rs\"))", "(\"first\", 5, 42)");
    e.gives("println!(\"{}\", include_str!(\"data.txt\")); DATA.len()", "5");
    e.file("data.txt", "second!");
    let ran = e.gives("println!(\"{}\", include_str!(\"data.txt\")); DATA.len()", "7");
    assert_eq!(ran.stdout, "second!\n");
    e.gives("option_env!(\"IRONBOOK_TEST_COLOUR\")", "None");
    e.session.set_env("IRONBOOK_TEST_COLOUR", Some("red")).unwrap();
    e.gives("option_env!(\"IRONBOOK_TEST_COLOUR\")", "Some(\"red\")");
    e.gives("std::env::var(\"IRONBOOK_TEST_COLOUR\")?", "\"red\"");
    e.cell("include_str!(\"nowhere.txt\")").fails(FailureKind::Compile, &["nowhere.txt"]);
}

#[test]
fn slow_cells_run_optimised_the_next_time() {
    let mut e = Engine::new();
    let slow = "let started = std::time::Instant::now(); let mut n = 0u64; while started.elapsed().as_secs_f64() < 2.1 { n += 1; }";
    assert_eq!(e.cell(slow).ok().execution.timing.opt_level, 0);
    e.session.settle_background();
    let again = e.cell(slow).ok();
    assert_eq!((again.execution.timing.opt_level, again.execution.timing.compiles), (2, 0));
    let nested =
        e.cell("let mut s = 0u64; for i in 0..300u64 { for j in 0..300u64 { s = s.wrapping_add(i * j); } } s").ok();
    assert_eq!((nested.execution.timing.opt_level, nested.results[0].as_str()), (2, "2011522500"));
    assert_eq!(e.cell("for i in 0..3 { n += i; }").ok().execution.timing.opt_level, 0);
    e.session.set_tier(Tier::Fixed(1));
    assert_eq!(e.cell("n += 1;").ok().execution.timing.opt_level, 1);
}

#[test]
fn loops_stop_at_every_level() {
    let mut e = Engine::new();
    e.cells(&["let kept = 1;"]);
    for level in [0, 2] {
        e.session.set_tier(Tier::Fixed(level));
        e.interrupted("println!(\"go\"); loop {}", "go");
        e.interrupted("let mut n = 1u64; println!(\"go\"); loop { for i in 0..10 { n = n.wrapping_mul(i); } }", "go");
    }
    e.gives("const fn count(n: u32) -> u32 { let mut i = 0; while i < n { i += 1; } i } const C: u32 = count(5); C + kept as u32", "6");
}
