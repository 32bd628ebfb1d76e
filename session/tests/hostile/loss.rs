//! A variable is kept whatever it is called and however it is assigned to.

use crate::engine::Engine;
use ironbook_session::FailureKind;

#[test]
fn capital_names_are_variables() {
    let mut e = Engine::new();
    e.cells(&["let X = vec![1.0, 2.0]; let (X_train, y_train) = (vec![1], vec![2]);"]);
    e.gives("(X.len(), X_train.len(), y_train.len())", "(2, 1, 1)");
    e.cells(&["struct Unit; const LIMIT: i32 = 3;", "let Unit = Unit; let Some(LIMIT) = Some(3) else { return };"]);
    assert_eq!(e.names(), ["X", "X_train", "y_train"]);
}

#[test]
fn the_newest_of_one_name_is_kept_after_a_late_initialisation() {
    let mut e = Engine::new();
    e.cells(&["let y; let x = String::from(\"a\"); let x = format!(\"{x}b\"); y = x.len();"]);
    e.gives("(x.clone(), y)", "(\"ab\", 2)");
}

#[test]
fn assignments_that_take_a_value_apart_keep_their_variables() {
    let mut e = Engine::new();
    e.cells(&[
        "let mut a = String::from(\"a\"); let mut b = String::from(\"b\"); struct Pair { x: String, y: String }",
    ]);
    e.cells(&["(a, b) = (b, a);"]);
    e.gives("(a.clone(), b.clone())", "(\"b\", \"a\")");
    e.cells(&["Pair { x: a, y: b } = Pair { x: b, y: a };"]);
    e.gives("(a.clone(), b.clone())", "(\"a\", \"b\")");
    e.cells(&["[a, b] = [b, a];"]);
    e.gives("(a.clone(), b.clone())", "(\"b\", \"a\")");
}

#[test]
fn macros_may_assign() {
    let mut e = Engine::new();
    e.cells(&[
        "macro_rules! bump { ($v:ident) => { $v = step($v); } } fn step(s: String) -> String { s + \"!\" }",
        "let mut s = String::from(\"s\");",
        "bump!(s);",
    ]);
    e.gives("s.clone()", "\"s!\"");
    e.cells(&["macro_rules! eat { ($v:ident) => { drop($v) } } eat!(s);"]);
    assert_eq!(e.names(), Vec::<String>::new());
}

#[test]
fn conditions_see_the_older_variable() {
    let mut e = Engine::new();
    e.cells(&["let x = Some(3); let it = vec![Some(1), None].into_iter();"]);
    let ran = e.cell("if let Some(x) = x && let Some(x) = x.checked_add(1) { println!(\"{x}\"); }").ok();
    assert_eq!((ran.stdout.as_str(), ran.execution.timing.compiles), ("4\n", 1));
}

#[test]
fn loops_in_constants_have_no_ticks() {
    let mut e = Engine::new();
    e.gives("let a = [0u8; { let mut i = 0; while i < 3 { i += 1; } i }]; a.len()", "3");
    e.gives("const { let mut i = 0; while i < 4 { i += 1; } i }", "4");
    e.gives("let b: [u8; { let mut i = 0; loop { i += 1; if i == 2 { break i } } }] = [1; 2]; b.len()", "2");
}

#[test]
fn cells_of_hundreds_of_lets_compile() {
    let mut e = Engine::new();
    let lets: String = (0..300).map(|i| format!("let w{i} = {i};\n")).collect();
    e.cell(&format!("{lets} panic!(\"end\")")).fails(FailureKind::Panic, &["end"]);
    e.gives("w0 + w299", "299");
}
