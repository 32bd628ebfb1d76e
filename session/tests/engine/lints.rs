//! The notebook's own hints: each where it is right, silent where it is not, and their fixes compiled.

use super::Engine;
use super::check::{Desk, at};
use ironbook_session::Source;
use ironbook_session::diagnostics::{Diagnostic, Fix, Severity};

/// The hints of ours on a cell: code, and the text that each stands at.
fn hints(found: &[Diagnostic], cell: &str) -> Vec<(String, String)> {
    let ours = found.iter().filter_map(|found| {
        let code = found.code.as_deref()?.strip_prefix("ironbook::")?;
        Some((code.to_owned(), at(found, cell).to_owned()))
    });
    ours.collect()
}

fn applied(cell: &str, fix: &Fix) -> String {
    let mut text = cell.to_owned();
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.range.start));
    edits.iter().for_each(|(place, new)| text.replace_range(place.range.clone(), new));
    text
}

/// Checks a cell for one hint at a place, whose first fix gives a text that has no hint any more; nothing: no fix.
#[track_caller]
fn check(desk: &mut Desk, cell: &str, code: &str, place: &str, fixed: Option<&str>) {
    let found = desk.check(cell).diagnostics;
    assert_eq!(hints(&found, cell), [(code.to_owned(), place.to_owned())], "{cell}\n{found:#?}");
    let hint = found.iter().find(|found| found.code.as_deref().is_some_and(|of| of.ends_with(code))).unwrap();
    let text = hint.fixes.first().map(|fix| applied(cell, fix));
    assert_eq!(text.as_deref(), fixed, "{hint:#?}");
    if let Some(text) = text {
        let again = desk.check(&text);
        assert!(again.is_sound(), "{text}\n{:#?}", again.diagnostics);
        assert!(hints(&again.diagnostics, &text).is_empty(), "{text}\n{:#?}", again.diagnostics);
    }
}

/// Cells that are as they should be.
#[track_caller]
fn silent(desk: &mut Desk, cells: &[&str]) {
    for cell in cells {
        let checked = desk.check(cell);
        assert!(checked.is_sound(), "{cell}\n{:#?}", checked.diagnostics);
        assert!(hints(&checked.diagnostics, cell).is_empty(), "{cell}\n{:#?}", checked.diagnostics);
    }
}

#[test]
fn a_lazy_frame_that_nothing_computes() {
    let mut desk = Desk::new();
    desk.follow(&["let df = df!(\"a\" => [1, 2])?;\nlet lf = df.clone().lazy();"]);
    let code = "unused_lazy_frame";
    check(
        &mut desk,
        "lf.clone().filter(col(\"a\").gt(lit(0)));\nlet b = 1;",
        code,
        "lf.clone().filter(col(\"a\").gt(lit(0)))",
        Some("let computed = lf.clone().filter(col(\"a\").gt(lit(0))).collect()?;\nlet b = 1;"),
    );
    // Names of the session are not taken from it.
    desk.follow(&["let computed = 1;\nfn computed2() {}"]);
    check(
        &mut desk,
        "lf.clone().drop_nans(None);",
        code,
        "lf.clone().drop_nans(None)",
        Some("let computed3 = lf.clone().drop_nans(None).collect()?;"),
    );
    // In a function without a `Result`, `?` cannot stand.
    check(&mut desk, "fn f(lf: LazyFrame) { lf.drop_nans(None); }", code, "lf.drop_nans(None)", None);
    silent(
        &mut desk,
        &[
            "lf.clone().filter(col(\"a\").gt(lit(0)))",
            "let late = lf.clone().filter(col(\"a\").gt(lit(0)));",
            "lf.clone().collect()?;",
            "let _ = lf.clone().drop_nans(None);",
        ],
    );
}

#[test]
fn an_unwrap_where_a_question_mark_works() {
    let mut desk = Desk::new();
    desk.follow(&["let text = String::from(\"4\");", "fn parsed(t: &str) -> i32 { t.parse().unwrap() }"]);
    check(&mut desk, "let n: i32 = text.parse().unwrap();", "unwrap", ".unwrap()", Some("let n: i32 = text.parse()?;"));
    check(
        &mut desk,
        "let n = text.parse::<i32>().expect(\"a number\") + 1;",
        "unwrap",
        ".expect(\"a number\")",
        Some("let n = text.parse::<i32>()? + 1;"),
    );
    // One that can be replaced beside one that cannot.
    check(
        &mut desk,
        "let n: i32 = text.parse().unwrap();\nlet all: Vec<i32> = [&text].iter().map(|t| t.parse().unwrap()).collect();\n\
         let m = std::sync::Mutex::new(n);\nlet k = *m.lock().unwrap() + all[0];",
        "unwrap",
        ".unwrap()",
        Some(
            "let n: i32 = text.parse()?;\nlet all: Vec<i32> = [&text].iter().map(|t| t.parse().unwrap()).collect();\n\
             let m = std::sync::Mutex::new(n);\nlet k = *m.lock().unwrap() + all[0];",
        ),
    );
    // Each round shows one more that cannot be replaced: what is left after the last was never compiled.
    desk.follow(&["struct Own;\nimpl Own { fn unwrap(self) -> Own { self } fn same(self) -> Own { self } }"]);
    let chain =
        "let a = Own.unwrap();\nlet b = a.unwrap();\nlet c = b.unwrap();\nlet d = c.unwrap();\nlet _e = d.unwrap();";
    silent(&mut desk, &[chain]);
    let plain = desk.check(&chain.replace("unwrap", "same")).compiles;
    assert_eq!(desk.check(chain).compiles, plain + 3, "three times for nothing");
    silent(
        &mut desk,
        &[
            "fn g(t: &str) -> i32 { t.parse().unwrap() }",
            "let f = |t: &str| t.parse::<i32>().unwrap();\nf(&text)",
            "let n: i32 = text.parse().unwrap_or(0);",
            "struct S; impl S { fn unwrap(&self) -> i32 { 1 } }\nS.unwrap()",
            "let n: i32 = text.parse()?;",
        ],
    );
}

#[test]
fn a_copy_of_a_large_live_value() {
    let mut engine = Engine::new();
    engine.cells(&[
        "let big = vec![0.5f64; 4 << 20];\nlet small = vec![1.0; 10];\nlet shared = std::sync::Arc::new(big.clone());\nlet mut loose = big.clone();",
        "let df = df!(\"a\" => &big)?;\nfn total(v: &[f64]) -> f64 { v.iter().sum() }\nlet t = Tensor::zeros((2048, 2048), DType::F64, &Device::Cpu)?;",
    ]);
    let mut checker = engine.session.checker();
    let mut look = |cell: &str| {
        let checked = checker.check(&Source::plain(cell));
        assert!(checked.is_sound(), "{cell}\n{:#?}", checked.diagnostics);
        let ours = checked.diagnostics.into_iter().filter(|d| d.code.as_deref() == Some("ironbook::large_clone"));
        let ours: Vec<Diagnostic> = ours.collect();
        let fixed = ours.first().and_then(|hint| hint.fixes.first()).map(|fix| applied(cell, fix));
        (ours.first().map(|hint| (at(hint, cell).to_owned(), hint.message.clone(), hint.severity)), fixed)
    };
    let (said, fixed) = look("let s = total(&big.clone());");
    let (place, words, severity) = said.unwrap();
    assert_eq!((place.as_str(), severity), ("big.clone()", Severity::Warning));
    assert!(words.contains("32 MB"), "{words}");
    assert_eq!(fixed.as_deref(), Some("let s = total(&big);"));
    assert_eq!(look("let s: f64 = big.clone().iter().sum();").1.as_deref(), Some("let s: f64 = big.iter().sum();"));
    // A copy that is needed is one all the same; nothing else is offered.
    let (said, fixed) = look("let mut mine = big.clone();\nmine[0] = 1.0;");
    assert_eq!((said.unwrap().2, fixed), (Severity::Hint, None));
    let (said, fixed) = look("let doubled: Vec<f64> = big.clone().into_iter().map(|x| x * 2.0).collect();");
    assert_eq!((said.unwrap().2, fixed), (Severity::Hint, None));
    // Without the copy these would change the variable.
    for cell in [
        "let head: Vec<f64> = loose.clone().drain(..10).collect();",
        "let last = loose.clone().pop();",
        "let tail = loose.clone().split_off(10);",
        "loose.clone().push(1.0);",
    ] {
        let (said, fixed) = look(cell);
        assert_eq!((said.unwrap().2, fixed), (Severity::Hint, None), "{cell}");
    }
    assert_eq!(look("let n = loose.clone().len();").1.as_deref(), Some("let n = loose.len();"));
    for cell in [
        "let mine = small.clone();",
        "let mine = df.clone();",
        "let mine = t.clone();",
        "let mine = shared.clone();",
        "let big = vec![1.0];\nlet mine = big.clone();",
        "let n: usize = [vec![1.0]].iter().map(|big| big.clone().len()).sum();",
    ] {
        assert_eq!(look(cell).0, None, "{cell}");
    }
}

#[test]
fn a_borrow_that_ends_with_its_cell() {
    let mut desk = Desk::new();
    desk.follow(&["let text = String::from(\"a b\");\nlet rows = vec![vec![1.0], vec![2.0]];"]);
    check(
        &mut desk,
        "let first = &rows[0];\nfirst.len()",
        "borrow",
        "first",
        Some("let first = rows[0].clone();\nfirst.len()"),
    );
    check(&mut desk, "let word = text.trim();", "borrow", "word", Some("let word = text.trim().to_owned();"));
    // Copied, an iterator borrows as before.
    check(&mut desk, "let parts = text.split(' ');", "borrow", "parts", None);
    silent(&mut desk, &["let first = rows[0].clone();", "println!(\"{}\", &rows[0].len());", "let _first = &rows[0];"]);
}

#[test]
fn a_table_that_is_printed_as_text() {
    let mut desk = Desk::new();
    desk.follow(&["let df = df!(\"a\" => [1, 2])?;\nlet n = 1;"]);
    for cell in ["println!(\"{:?}\", df);", "println!(\"{df}\")", "println!(\"{:#?}\", &df);"] {
        check(&mut desk, cell, "printed_table", cell, Some("df"));
    }
    let own = "let d = df.head(Some(1));\nprintln!(\"{d:?}\");";
    check(&mut desk, own, "printed_table", "println!(\"{d:?}\");", Some("let d = df.head(Some(1));\nd"));
    silent(
        &mut desk,
        &[
            "println!(\"{n:?}\");",
            "println!(\"{df}\");\nn",
            "println!(\"table {df}\");",
            "println!(\"{}\", df.height());",
            "df",
        ],
    );
}

#[test]
fn hints_are_switched_off() {
    let mut desk = Desk::new();
    desk.follow(&["let text = String::from(\"4\");"]);
    silent(
        &mut desk,
        &[
            "let n: i32 = text.parse().unwrap(); // ironbook: allow(unwrap)",
            "// ironbook: allow(all)\nlet m = 1;\nlet n: i32 = text.parse().unwrap();",
            "let m = 1;\n// ironbook: allow(borrow, unwrap)\nlet n: i32 = text.parse().unwrap();",
        ],
    );
    let elsewhere = "let m = 1; // ironbook: allow(unwrap)\nlet k = 1;\nlet n: i32 = text.parse().unwrap();";
    assert_eq!(hints(&desk.check(elsewhere).diagnostics, elsewhere).len(), 1);
    let other = "// ironbook: allow(borrow)\nlet n: i32 = text.parse().unwrap();";
    assert_eq!(hints(&desk.check(other).diagnostics, other).len(), 1);
    desk.checker.allow(&["ironbook::unwrap".to_owned()]);
    silent(&mut desk, &["let n: i32 = text.parse().unwrap();"]);
}

#[test]
fn an_ignored_result_is_passed_on() {
    let mut desk = Desk::new();
    let cell = "\"4\".parse::<i32>();\nlet a = 1;";
    let found = desk.check(cell).diagnostics;
    let fix = found.iter().flat_map(|found| &found.fixes).next().unwrap_or_else(|| panic!("{found:#?}"));
    assert_eq!(applied(cell, fix), "\"4\".parse::<i32>()?;\nlet a = 1;");
}

/// Hints cost a compile where there is something to prove, and none elsewhere.
#[test]
fn hints_cost_little() {
    let mut desk = Desk::new();
    desk.follow(&["let text = String::from(\"4\");"]);
    for (cell, compiles) in [
        ("let n = text.len() + 1;", 1),
        ("let n: i32 = text.parse().unwrap();", 2),
        ("let n: i32 = text.parse().unwrap();\nlet m: f64 = text.parse().unwrap();\nn as f64 + m", 2),
        ("let f = |t: &str| t.parse::<i32>().unwrap();\nf(&text)", 1),
    ] {
        assert_eq!(desk.check(cell).compiles, compiles, "{cell}");
    }
    // However much there is to prove.
    let cell = "\"4\".parse::<i32>();\n".repeat(30);
    let checked = desk.check(&cell);
    assert_eq!((checked.compiles, checked.diagnostics.len()), (1 + 12, 30));
    let offered = |found: &&Diagnostic| found.fixes.iter().any(|fix| fix.title.contains("end the cell"));
    assert_eq!(checked.diagnostics.iter().filter(offered).count(), 12);
}
