//! Errors of the compiler, drawn over the cell.

use super::{Crate, cell, drawn, same};
use ironbook_session::FailureKind;
use ironbook_session::diagnostics::{Style, on_glue};
use ironbook_session::map::{Builder, Glue, Origin};

#[test]
fn labels_of_a_type_error() {
    let failure = cell("let a = 1;\nlet x: i32 = \"a\";");
    assert_eq!(
        (failure.kind, failure.name.as_str(), failure.message.as_str()),
        (FailureKind::Compile, "E0308", "mismatched types")
    );
    same(
        &drawn(&failure),
        r#"
            error[E0308]: mismatched types
               ╭─[ cell 3:2:14 ]
             2 │ let x: i32 = "a";
               │        ─┬─   ─┬─
               │         ╰───────── expected due to this
               │               ╰─── expected `i32`, found `&str`
            ───╯
        "#,
    );
}

#[test]
fn a_repeated_name_is_one_error_and_inference_after_it_none() {
    let failure = cell("let y = nowhere + 1;\nlet z = nowhere.collect();\nlet v = Vec::new();\nnowhere;");
    assert_eq!(failure.message, "cannot find value `nowhere` in this scope");
    same(
        &drawn(&failure),
        r#"
            error[E0425]: cannot find value `nowhere` in this scope
               ╭─[ cell 3:1:9 ]
             1 │ let y = nowhere + 1;
               │         ───┬───
               │            ╰───── not found in this scope
            ───╯
               note: the same in line 2, line 4
        "#,
    );
}

#[test]
fn an_import_is_suggested_once_for_a_type_and_its_constructor() {
    let failure = cell("let m: HashMap<i32, i32> = HashMap::new();");
    assert_eq!(failure.hints, ["consider importing this struct: `use std::collections::HashMap;`"]);
    same(
        &drawn(&failure),
        r#"
            error[E0425]: cannot find type `HashMap` in this scope
               ╭─[ cell 3:1:8 ]
             1 │ let m: HashMap<i32, i32> = HashMap::new();
               │        ───┬───
               │           ╰───── not found in this scope
            ───╯
               help: consider importing this struct: `use std::collections::HashMap;`
        "#,
    );
}

#[test]
fn the_question_mark_on_an_option_speaks_of_the_cell() {
    same(
        &drawn(&cell("let v = Some(1)?;")),
        r#"
            error[E0277]: the `?` operator can only be used on `Result`s, not `Option`s, in a cell
               ╭─[ cell 3:1:16 ]
             1 │ let v = Some(1)?;
               │                ┬
               │                ╰── use `.ok_or(...)?` to provide an error compatible with `Result`
            ───╯
        "#,
    );
}

#[test]
fn the_question_mark_on_an_error_without_text_says_what_to_do() {
    same(
        &drawn(&cell("struct MyErr;\nlet q: Result<i32, MyErr> = Err(MyErr);\nq?;")),
        r#"
            error[E0277]: `?` couldn't convert the error: `MyErr: std::fmt::Display` is not satisfied
               ╭─[ cell 3:3:2 ]
             1 │ struct MyErr;
               │ ──────┬─────
               │       ╰─────── `MyErr` needs to implement `std::fmt::Display`
             3 │ q?;
               │ ┬┬
               │ ╰─── this has type `Result<_, MyErr>`
               │  ╰── the trait `std::fmt::Display` is not implemented for `MyErr`
            ───╯
               help: implement `Display` for the error, or make it text: `.map_err(|e| format!("{e:?}"))?`
        "#,
    );
}

#[test]
fn an_error_in_a_macro_shows_its_call() {
    same(
        &drawn(&cell("macro_rules! twice {\n    ($x:expr) => { $x + \"a\" };\n}\nlet t = twice!(1);")),
        r#"
            error[E0277]: cannot add `&str` to `{integer}`
               ╭─[ cell 3:2:23 ]
             2 │     ($x:expr) => { $x + "a" };
               │                       ┬
               │                       ╰── no implementation for `{integer} + &str`
             4 │ let t = twice!(1);
               │         ────┬────
               │             ╰────── in this call of `twice!`
            ───╯
        "#,
    );
}

#[test]
fn places_without_a_label_are_underlined() {
    let failure = cell("println!(\"{} {}\", 1);");
    assert_eq!((failure.kind, failure.name.as_str()), (FailureKind::Compile, "error"));
    same(
        &drawn(&failure),
        r#"
            error: 2 positional arguments in format string, but there is 1 argument
               ╭─[ cell 3:1:11 ]
             1 │ println!("{} {}", 1);
               │           ─┬ ─┬
            ───╯
        "#,
    );
}

#[test]
fn a_move_shows_its_steps_downwards() {
    same(
        &drawn(&cell("let s = String::new();\nlet s2 = s;\nprintln!(\"{s}\");")),
        r#"
            error[E0382]: borrow of moved value: `s`
               ╭─[ cell 3:3:12 ]
             1 │ let s = String::new();
               │     ┬
               │     ╰── move occurs because `s` has type `String`, which does not implement the `Copy` trait
             2 │ let s2 = s;
               │          ┬
               │          ╰── value moved here
             3 │ println!("{s}");
               │            ┬
               │            ╰── value borrowed here after move
            ───╯
               help: consider cloning the value if the performance cost is acceptable: `let s2 = s.clone();`
        "#,
    );
}

#[test]
fn a_suggestion_of_several_edits_shows_the_line_afterwards() {
    same(
        &drawn(&cell("let x: Option<i32> = 5;")),
        r#"
            error[E0308]: mismatched types
               ╭─[ cell 3:1:22 ]
             1 │ let x: Option<i32> = 5;
               │        ─────┬─────   ┬
               │             ╰─────────── expected due to this
               │                      ╰── expected `Option<i32>`, found integer
            ───╯
               help: try wrapping the expression in `Some`: `let x: Option<i32> = Some(5);`
        "#,
    );
}

#[test]
fn a_range_over_lines() {
    same(
        &drawn(&cell("let v = if true {\n    1\n} else {\n    \"a\"\n};")),
        r#"
            error[E0308]: `if` and `else` have incompatible types
               ╭─[ cell 3:4:5 ]
             1 │ ╭─▶ let v = if true {
             2 │ │       1
               │ │       ┬
               │ │       ╰── expected because of this
               ┆ ┆
             4 │ │       "a"
               │ │       ─┬─
               │ │        ╰─── expected integer, found `&str`
             5 │ ├─▶ };
               │ ╰─────── `if` and `else` have incompatible types
            ───╯
        "#,
    );
}

#[test]
fn a_syntax_error_stands_alone() {
    let failure = cell("foo(1)\nbar(2)");
    assert_eq!((failure.kind, failure.name.as_str()), (FailureKind::Syntax, "syntax"));
    same(
        &drawn(&failure),
        r#"
            error: expected `;`, found `bar`
               ╭─[ cell 3:1:7 ]
             1 │ foo(1)
             2 │ bar(2)
               │ ─┬─
               │  ╰─── unexpected token
            ───╯
               help: add `;` here: `foo(1);`
        "#,
    );
}

#[test]
fn a_cell_that_ends_too_early() {
    let failure = cell("let x =");
    assert_eq!(failure.kind, FailureKind::Syntax);
    same(
        &drawn(&failure),
        r#"
            error: expected expression, found the end of the cell
               ╭─[ cell 3:1:7 ]
             1 │ let x =
               │       ┬
               │       ╰── the cell ends here
            ───╯
        "#,
    );
}

#[test]
fn an_open_bracket() {
    let failure = cell("let x = (1 + 2;\nlet y = 3;");
    assert_eq!(failure.kind, FailureKind::Syntax);
    same(
        &drawn(&failure),
        r#"
            error: the cell ends before its brackets are closed
               ╭─[ cell 3:2:10 ]
             1 │ let x = (1 + 2;
               │         ┬
               │         ╰── unclosed delimiter
             2 │ let y = 3;
               │          ┬
               │          ╰── the cell ends here
            ───╯
        "#,
    );
}

#[test]
fn an_open_string() {
    let failure = cell("let s = \"abc\nlet y = 1;");
    assert_eq!((failure.kind, failure.name.as_str()), (FailureKind::Syntax, "E0765"));
    same(
        &drawn(&failure),
        r#"
            error[E0765]: unterminated double quote string
               ╭─[ cell 3:1:9 ]
             1 │ let s = "abc
               │         ──┬─
            ───╯
        "#,
    );
}

#[test]
fn wide_characters_and_tabs_keep_the_columns() {
    same(
        &drawn(&cell("let größe = \"日本\";\tlet y: i32 = größe; // 日本")),
        r#"
            error[E0308]: mismatched types
               ╭─[ cell 3:1:32 ]
             1 │ let größe = "日本";   let y: i32 = größe; // 日本
               │                              ─┬─   ──┬──
               │                               ╰─────────── expected due to this
               │                                      ╰──── expected `i32`, found `&str`
            ───╯
        "#,
    );
}

#[test]
fn carriage_returns_keep_the_lines() {
    same(
        &drawn(&cell("let a = 1;\r\nlet b: &str = a;\r\n")),
        r#"
            error[E0308]: mismatched types
               ╭─[ cell 3:2:15 ]
             2 │ let b: &str = a;
               │        ──┬─   ┬
               │          ╰─────── expected due to this
               │               ╰── expected `&str`, found integer
            ───╯
        "#,
    );
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let failure = cell("let a: i32 = \"\u{1b}[31m\u{c}\";");
    assert!(!drawn(&failure).contains('\u{1b}'), "{failure:?}");
    same(
        &drawn(&failure),
        r#"
            error[E0308]: mismatched types
               ╭─[ cell 3:1:14 ]
             1 │ let a: i32 = "␛[31m␌";
               │        ─┬─   ────┬───
               │         ╰────────────── expected due to this
               │                  ╰───── expected `i32`, found `&str`
            ───╯
        "#,
    );
}

#[test]
fn an_item_of_an_earlier_cell_is_shown_in_that_cell() {
    let items = "struct Foo { a: i32 }\nimpl Foo {\n    fn new() -> Self { Foo { a: 1 } }\n}";
    let compiled = Crate::new().items(1, items).body(4, "let f = Foo::new(1);", &[], &[]).compile();
    same(
        &drawn(&compiled.failure()),
        r#"
            error[E0061]: this function takes 0 arguments but 1 argument was supplied
               ╭─[ cell 4:1:9 ]
             1 │ let f = Foo::new(1);
               │         ────┬─── ┬
               │                  ╰── unexpected argument of type `{integer}`
               ├─[ cell 1:3:8 ]
             3 │     fn new() -> Self { Foo { a: 1 } }
               │        ─┬─
               │         ╰─── associated function defined here
            ───╯
               help: remove the extra argument: `let f = Foo::new();`
        "#,
    );
}

#[test]
fn several_errors_are_counted() {
    let lines: Vec<String> = (0..7).map(|n| format!("let v{n}: i32 = \"{n}\";")).collect();
    let failure = cell(&lines.join("\n"));
    assert_eq!(failure.message, "mismatched types (and 6 more errors)");
    assert_eq!(failure.report.last().map(String::as_str), Some("and 2 more errors"));
}

#[test]
fn an_operator_between_two_types_is_one_error() {
    let failure = cell("let x = 1u64 + 1i32;");
    assert_eq!((failure.name.as_str(), failure.message.as_str()), ("E0308", "mismatched types"));
}

#[test]
fn a_type_that_cannot_be_named_names_the_variable() {
    let compiled = Crate::new().body(4, "let d = 1;", &[("df", "Vec<Nope>")], &[]).compile();
    assert_eq!(on_glue(compiled.error(), &compiled.map), Some(&Glue::Take("df".to_owned())));
    same(
        &drawn(&compiled.failure()),
        r#"
            error[E0425]: the variable `df` cannot be used: cannot find type `Nope` in this scope
               help: make `df` again, or forget it with `%reset df`
        "#,
    );
}

#[test]
fn a_moved_variable_is_found_by_its_put() {
    let compiled = Crate::new().body(4, "let d = v;", &[("v", "Vec<i32>")], &["v"]).compile();
    assert_eq!(compiled.error().code(), Some("E0382"));
    assert_eq!(on_glue(compiled.error(), &compiled.map), Some(&Glue::Put("v".to_owned())));
    same(
        &drawn(&compiled.failure()),
        r#"
            error[E0382]: use of moved value: `v`
               ╭─[ cell 4:1:9 ]
             1 │ let d = v;
               │         ┬
               │         ╰── value moved here
            ───╯
               note: move occurs because `v` has type `Vec<i32>`, which does not implement the `Copy` trait
        "#,
    );
}

#[test]
fn a_borrow_that_is_to_be_kept_says_so() {
    let compiled = Crate::new().body(4, "let r = &v;", &[("v", "Vec<i32>")], &["r"]).compile();
    assert_eq!(on_glue(compiled.error(), &compiled.map), Some(&Glue::Put("r".to_owned())));
    same(
        &drawn(&compiled.failure()),
        r#"
            error[E0597]: `v` does not live long enough
               ╭─[ cell 4:1:10 ]
             1 │ let r = &v;
               │          ┬
               │          ╰── borrowed value does not live long enough
            ───╯
               help: `r` is kept after the cell, so it cannot borrow: clone it, or end its use in a block `{ .. }`
        "#,
    );
}

#[test]
fn the_engines_closures_are_not_spoken_of() {
    // As the engine nests: what follows a `let` stands in a closure.
    let mut builder = Builder::default();
    let text = "let v: Vec<i32> = vec![1];\nlet first = &v[0];\ndrop(v);\nprintln!(\"{first}\");";
    let (before, after) = text.split_at(text.find("\ndrop").unwrap());
    builder.glue("fn run(f: impl FnOnce()) { f() } pub fn cell() {\n");
    builder.push(before, Origin::Cell { execution: 3, start: 0 });
    builder.glue(" run(|| {");
    builder.push(after, Origin::Cell { execution: 3, start: before.len() });
    builder.glue(" }); }\n");
    let compiled = Crate::of(builder).text(3, text).compile();
    same(
        &drawn(&compiled.failure()),
        r#"
            error[E0505]: cannot move out of `v` because it is borrowed
               ╭─[ cell 3:3:6 ]
             1 │ let v: Vec<i32> = vec![1];
               │     ┬
               │     ╰── binding `v` declared here
             2 │ let first = &v[0];
               │              ┬
               │              ╰── borrow of `v` occurs here
             3 │ drop(v);
               │      ┬
               │      ╰── move occurs here
             4 │ println!("{first}");
               │            ──┬──
               │              ╰──── borrow later used here
            ───╯
               help: consider cloning the value if the performance cost is acceptable: `let first = &v.clone()[0];`
        "#,
    );
}

#[test]
fn a_misspelt_item_of_a_trait_is_one_error() {
    let failure = cell("trait Shape { fn area(&self); }\nimpl Shape for i32 {\n    fn aera(&self) {}\n}");
    assert_eq!((failure.name.as_str(), failure.message.contains("more error")), ("E0407", false));
}

#[test]
fn an_unknown_crate_is_for_dep() {
    let failure = cell("use polars::prelude::*;");
    assert_eq!(failure.hints, ["if `polars` is a crate, add it: `%dep polars`"]);
}

#[test]
fn no_report_speaks_of_generated_code() {
    for text in [
        "let x: i32 = ();",
        "Some(1)?;",
        "struct E; Err::<(), E>(E)?;",
        "return 1;",
        "let c = || c();",
        "break;",
        "let x = |y| y;",
        "nope?;",
    ] {
        let failure = cell(text);
        let report = drawn(&failure);
        assert!(report.contains("cell 3:1:"), "{text}: {report}");
        for word in ["__ironbook", "Stop", "rt::", "CellResult"] {
            assert!(!report.contains(word), "{text}: {report}");
        }
    }
}

#[test]
fn colours_only_colour() {
    let compiled = Crate::new().body(3, "let x: i32 = \"größe\";", &[], &[]).compile();
    let coloured = compiled.failure_in(Style::Colour).report.join("\n");
    let mut plain = String::new();
    for (n, part) in coloured.split('\u{1b}').enumerate() {
        plain.push_str(if n == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert!(coloured.contains("\u{1b}[1m\u{1b}[31merror[E0308]:"), "{coloured}");
    assert_eq!(plain, drawn(&compiled.failure()));
}

#[test]
fn warnings_of_likely_mistakes_are_kept() {
    let text = "fn f() -> Result<(), ()> { Ok(()) }\nlet unused = 1;\nf();\nlet fine = 2;";
    let compiled = Crate::new().body(4, text, &[], &[]).compile();
    let warnings = compiled.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    same(
        &warnings[0],
        r#"
            warning: unused `Result` that must be used
               ╭─[ cell 4:3:1 ]
             3 │ f();
               │ ─┬─
            ───╯
               note: this `Result` may be an `Err` variant, which should be handled
               help: use `let _ = ...` to ignore the resulting value: `let _ = f();`
        "#,
    );
}
