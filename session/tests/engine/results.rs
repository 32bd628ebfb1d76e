//! The values of last expressions: `__`, `___` and `_3`.

use super::Engine;
use ironbook_session::{ExecuteOptions, FailureKind, Source};

/// Runs a cell under the number that a user would see.
fn numbered(e: &mut Engine, number: u64, text: &str) {
    let options = ExecuteOptions { number: Some(number), ..ExecuteOptions::default() };
    assert!(e.session.execute(&Source::plain(text), &options, &mut |_| {}).status.is_ok(), "{text}");
}

#[test]
fn results_are_there_under_their_numbers() {
    let mut e = Engine::new();
    numbered(&mut e, 1, "40 + 2");
    numbered(&mut e, 2, "vec![1.5, 2.5]");
    numbered(&mut e, 3, "df![\"a\" => [1, 2, 3]]?");
    numbered(&mut e, 4, "let silent = 1;");
    e.gives("_1 + 1", "43");
    e.gives("_3.height() + _2.len()", "5");
    // That was cell 6 in the session's own count, and is the newest result.
    e.gives("__ * 10", "50");
    e.gives("__ + ___", "55");
    e.gives("(__, ___)", "(55, 50)");
    assert_eq!(e.names(), ["silent"], "results are not listed");
    e.cell("let moved = _3; moved.width()").ok();
    e.cell("_3.width()").fails(FailureKind::Compile, &["_3"]);
    e.gives("_2.len() + _1 as usize", "44");
    e.cell("_77.len()").fails(FailureKind::Compile, &["_77"]);
}

#[test]
fn what_is_a_place_or_borrows_means_what_it_meant() {
    let mut e = Engine::new();
    e.cells(&["let words = vec![String::from(\"a\"), String::from(\"b\")]; let pair = (vec![1], 2);"]);
    e.gives("words[1]", "\"b\"");
    e.gives("pair.0", "[1]");
    e.gives("words.iter().map(|w| w.len()).collect::<Vec<_>>()", "[1, 1]");
    e.gives("words.first()", "Some(\"a\")");
    e.gives("words.iter()", "Iter([\"a\", \"b\"])");
    e.gives("words.as_slice()", "[\"a\", \"b\"]");
    e.gives("words[0].as_str()", "\"a\"");
    e.gives("(&words, &pair)", "([\"a\", \"b\"], ([1], 2))");
    e.gives("\"literal\"", "\"literal\"");
    e.cell("__").fails(FailureKind::Compile, &["__"]);
    e.cells(&["let mut n = 1;"]);
    e.gives("n += 1", "");
    e.gives("std::mem::replace(&mut n, 5)", "2");
    e.gives("__", "2");
    e.gives("n", "5");
    e.cells(&["fn never() -> ! { panic!(\"never\") }"]);
    e.cell("never()").fails(FailureKind::Panic, &["never"]);
    e.cell("panic!(\"still\")").fails(FailureKind::Panic, &["still"]);
    e.cell("match 1 { 1 => panic!(\"one\"), _ => todo!() }").fails(FailureKind::Panic, &["one"]);
    e.cell("if true { never() } else { unreachable!() }").fails(FailureKind::Panic, &["never"]);
}

#[test]
fn a_value_is_dropped_once_and_old_results_go() {
    let mut e = Engine::new();
    e.cells(&[
        "use std::sync::atomic::{AtomicU32, Ordering}; static DROPS: AtomicU32 = AtomicU32::new(0);",
        "struct Counted(u8); impl Drop for Counted { fn drop(&mut self) { DROPS.fetch_add(1, Ordering::SeqCst); } }",
        "fn make() -> Counted { Counted(1) }",
    ]);
    e.cell("make()").ok();
    e.gives("DROPS.load(Ordering::SeqCst)", "1");
    for number in 100..130 {
        numbered(&mut e, number, "String::from(\"r\")");
    }
    e.gives("_129.len()", "1");
    e.cell("_100.len()").fails(FailureKind::Compile, &["_100"]);
    e.session.restart();
    e.cell("_129.len()").fails(FailureKind::Compile, &["_129"]);
}

#[test]
fn the_last_result_is_the_last_one_or_none() {
    let mut e = Engine::new();
    e.gives("100i64", "100");
    e.gives("Some(3)", "Some(3)");
    e.cell("__").fails(FailureKind::Compile, &["__"]);
    e.gives("___", "100");
}
