//! What stays when a cell ends early.

use super::Engine;
use ironbook_session::FailureKind;

#[test]
fn earlier_variables_outlive_a_late_panic_or_error() {
    let mut e = Engine::new();
    e.cells(&["let old = vec![1];"]);
    e.cell("let model = String::from(\"trained\"); old.push(2); let n: i32 = \"x\".parse()?; let never = n;")
        .fails(FailureKind::Error, &["invalid digit"]);
    e.gives("(&model, &old)", "(\"trained\", [1, 2])");
    assert!(!e.names().contains(&"never".to_owned()));
    e.cell("let second = model.len(); let third = second * 2; assert!(third < 3, \"too long\"); let fourth = 1;")
        .fails(FailureKind::Panic, &["too long"]);
    e.gives("second + third", "21");
    e.cell("let mut inferred = Vec::new(); let z = { panic!(\"now\"); }; inferred.push(1u8);")
        .fails(FailureKind::Panic, &["now"]);
    e.gives("inferred.len()", "0");
}

#[test]
fn statics_keep_their_value() {
    let mut e = Engine::new();
    e.cells(&[
        "use std::sync::atomic::{AtomicU32, Ordering}; use std::sync::{LazyLock, Mutex};",
        "static HITS: AtomicU32 = AtomicU32::new(10); static LOG: LazyLock<Mutex<Vec<String>>> = LazyLock::new(|| Mutex::new(vec![]));",
        "fn hit() -> u32 { HITS.fetch_add(1, Ordering::SeqCst) + 1 }",
    ]);
    e.gives("hit()", "11");
    e.gives("LOG.lock().unwrap().push(\"a\".into()); hit()", "12");
    e.cell("hit(); HITS.store(50, Ordering::SeqCst); panic!(\"after\")").fails(FailureKind::Panic, &["after"]);
    e.gives("(hit(), LOG.lock().unwrap().len())", "(51, 1)");
    e.cell("let x: i32 = hit();").fails(FailureKind::Compile, &["E0308"]);
    e.gives("hit()", "52");
    e.cell("static FRESH: AtomicU32 = AtomicU32::new(1); FRESH.store(5, Ordering::SeqCst); None::<i32>.expect(\"nothing\")")
        .fails(FailureKind::Panic, &["nothing"]);
    e.gives("FRESH.load(Ordering::SeqCst)", "5");
    e.cells(&[
        "struct Wrapper { n: AtomicU32 } static OWN: Wrapper = Wrapper { n: AtomicU32::new(3) };",
        "static mut COUNT: i32 = 1;",
    ]);
    e.gives("OWN.n.fetch_add(1, Ordering::SeqCst); unsafe { COUNT += 1 }; OWN.n.load(Ordering::SeqCst)", "4");
    e.gives("let count = unsafe { COUNT }; count + OWN.n.load(Ordering::SeqCst) as i32", "6");
    e.session.restart();
    e.gives("hit()", "11");
}

#[test]
fn drops_that_panic_and_big_stacks_do_no_harm() {
    let mut e = Engine::new();
    e.cells(&["struct Loud(&'static str); impl Drop for Loud { fn drop(&mut self) { if !self.0.is_empty() { panic!(\"{} went\", self.0) } } }", "let kept = 1;"]);
    e.cells(&["let loud = Loud(\"first\");"]);
    e.cell("let loud = Loud(\"\");");
    e.gives("kept", "1");
    e.cell("let local = 5; { let l = Loud(\"inner\"); }").fails(FailureKind::Panic, &["inner went"]);
    e.gives("kept + local", "6");
    e.gives("let a = [0f64; 1_500_000]; a.len()", "1500000");
    e.gives("fn deep(n: u64) -> u64 { if n == 0 { 0 } else { 1 + deep(n - 1) } } deep(1_000_000)", "1000000");
    e.cell("fn forever(n: u64) -> u64 { if n == u64::MAX { 0 } else { 1 + forever(n + 1) } } forever(0)")
        .fails(FailureKind::Died, &["stack"])
        .notes("`kept` (cell 2)");
    e.gives("let kept = 2; kept", "2");
}

#[test]
fn errors_show_their_chain() {
    let mut e = Engine::new();
    e.cells(&[
        "use std::fmt; #[derive(Debug)] struct Outer { source: std::num::ParseIntError } impl fmt::Display for Outer { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, \"no number\") } } impl std::error::Error for Outer { fn source(&self) -> Option<&(dyn std::error::Error + 'static)> { Some(&self.source) } }",
        "fn fails() -> std::result::Result<i32, Box<dyn std::error::Error + Send + Sync>> { Err(Box::new(Outer { source: \"x\".parse::<i32>().unwrap_err() })) }",
    ]);
    e.cell("fails()?").fails(FailureKind::Error, &["no number", "invalid digit"]);
    e.cell("std::fs::read(\"no such file\")?;").fails(FailureKind::Error, &["No such file"]);
    e.cell("Err(\"plain words\")?;").fails(FailureKind::Error, &["plain words"]);
    e.cell("let n: i32 = \"y\".parse().map_err(|e| format!(\"bad: {e}\"))?;")
        .fails(FailureKind::Error, &["bad: invalid digit"]);
}

#[test]
fn the_runtime_dies_in_words_and_the_session_lives() {
    let mut e = Engine::new();
    for (cell, word) in [
        ("std::process::abort()", "SIGABRT"),
        ("std::process::exit(3)", "3"),
        ("unsafe { *(8 as *mut i32) = 1 }", "SIGSEGV"),
    ] {
        e.cells(&["let x = 1; fn keeps() -> i32 { 7 }"]);
        e.cell(cell).fails(FailureKind::Died, &[word]).notes("`x`");
        assert!(e.names().is_empty());
        e.cell("x + 1").fails(FailureKind::Compile, &["`x` went with the runtime that held it; run cell"]);
        e.gives("keeps()", "7");
    }
}

#[test]
fn places_on_standard_error_are_places_in_cells() {
    let mut e = Engine::new();
    let stderr = e.cell("let a = 1;\n  dbg!(a + 1);").ok().stdout;
    assert!(stderr.starts_with("[cell 1:2:3] a + 1 = 2"), "{stderr}");
    let stderr = e.cell("std::thread::spawn(|| panic!(\"x\")).join().is_err()").ok().stdout;
    assert!(stderr.contains("panicked at cell 2:1:"), "{stderr}");
}

#[test]
fn an_interrupt_stops_loops_and_loses_nothing() {
    let mut e = Engine::new();
    e.cells(&["let data = vec![1, 2, 3];"]);
    let stops = [
        "let seen = 1; println!(\"go\"); loop {}",
        "data.push(4); println!(\"go\"); let mut n = 0u64; while n < u64::MAX { n = n.wrapping_mul(3) + 2; }",
        "fn spin() { println!(\"go\"); for i in 0.. { if i == 7 { continue; } } } spin()",
        "println!(\"go\"); let mut s = 0u64; for i in 0..u64::MAX { for j in 0..1000 { s = s.wrapping_add(i ^ j); } }",
    ];
    for text in stops {
        e.interrupted(text, "go");
    }
    e.gives("(data.len(), seen)", "(4, 1)");
    e.interrupted("println!(\"go\"); tokio::time::sleep(std::time::Duration::from_secs(3600)).await;", "go");
    e.gives("data.len()", "4");
}

#[test]
fn a_panic_shows_where_it_was_also_the_second_time() {
    let mut e = Engine::new();
    e.cells(&["fn pick(v: &[i32], at: usize) -> i32 {\n    v[at]\n}"]);
    for _ in 0..2 {
        e.cell("let few = vec![1, 2];\nlet got = pick(&few, 7);")
            .fails(FailureKind::Panic, &["index out of bounds", "cell 1:2:5", "pick"]);
        e.cell("let none: Option<i32> = None;\nlet x = none.map(|n| n + 1).unwrap();")
            .fails(FailureKind::Panic, &["unwrap()` on a `None`", ":2:"]);
    }
    e.gives("few.len()", "2");
}

#[test]
fn a_panic_in_the_value_that_is_shown_is_placed() {
    let mut e = Engine::new();
    e.cell("let z = 0;\n1 / z").fails(FailureKind::Panic, &["divide by zero", "cell 1:2:1"]);
    e.cell("1 / 0").fails(FailureKind::Compile, &["attempt to divide `1_i32` by zero", ":1:1"]);
    e.cell("let z = 255u8;\n\nz + 1").fails(FailureKind::Panic, &["overflow", "cell 3:3:1"]);
}

#[test]
fn a_kill_names_what_was_lost() {
    let mut e = Engine::new();
    e.cells(&["let kept = vec![1];", "let model = kept.len(); struct Kept;"]);
    let handle = e.session.handle();
    let mut notes = Vec::new();
    let mut out = |event: ironbook_session::Event| match event {
        ironbook_session::Event::Stdout(_) => handle.kill(),
        ironbook_session::Event::Note(note) => notes.push(note),
        _ => {}
    };
    let source =
        ironbook_session::Source::plain("println!(\"go\"); std::thread::park(); loop { std::thread::park(); }");
    let done = e.session.execute(&source, &ironbook_session::ExecuteOptions::default(), &mut out);
    assert!(!done.status.is_ok());
    assert!(
        notes.iter().any(|note| note.contains("`kept` (cell 1)") && note.contains("`model` (cell 2)")),
        "{notes:?}"
    );
    assert_eq!(e.session.history().len(), 3);
    e.gives("let kept = Kept; 1", "1");
}

#[test]
fn a_runtime_that_has_died_is_told_by_the_peek_and_replaced() {
    let mut e = Engine::new();
    e.cells(&["let kept = vec![1, 2];"]);
    assert_eq!(e.session.peek("kept", &mut |_| {}).unwrap().unwrap().plain(), "[1, 2]");
    let pid = e.cell("std::process::id()").ok().results.join("");
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    let mut notes = Vec::new();
    let mut out = |event: ironbook_session::Event| {
        if let ironbook_session::Event::Note(note) = event {
            notes.push(note);
        }
    };
    let told = e.session.peek("kept", &mut out);
    assert!(told.is_err(), "{:?}", told.map(|shown| shown.map(|shown| shown.plain().to_owned())));
    assert!(notes.iter().any(|note| note.contains("`kept`")), "{notes:?}");
    assert!(e.session.peek("kept", &mut |_| {}).unwrap().is_none(), "it is gone");
    e.gives("let kept = 3; kept + 1", "4");
}
