//! Panics and errors that `?` carried out.

use super::{cells, drawn};
use ironbook_core::frame::Panic;
use ironbook_session::FailureKind;
use ironbook_session::diagnostics::{Address, Style, error_report, panic_place, panic_report, user_frames};
use ironbook_session::map::{Builder, Origin, Place, SourceMap};

const FIRST: &str = "fn mean(v: &[f64]) -> f64 {\n    v[7] / v.len() as f64\n}";
const SECOND: &str = "let größe = vec![1.0];\nprintln!(\"{}\", mean(&größe));";

fn generated() -> (String, SourceMap) {
    let mut builder = Builder::default();
    builder.glue("use x;\n");
    builder.push(FIRST, Origin::Cell { execution: 1, start: 0 });
    builder.glue("\nfn __ironbook_entry() {\n");
    builder.push(SECOND, Origin::Cell { execution: 2, start: 0 });
    builder.glue("\n}\n");
    builder.finish()
}

fn panic(file: &str, line: u32, column: u32) -> Panic {
    let message = "index out of bounds: the len is 1 but the index is 7".to_owned();
    Panic { message, file: file.to_owned(), line, column, frames: Vec::new() }
}

fn address(function: &str, file: &str, line: u32, column: u32) -> Address {
    Address { function: function.to_owned(), file: file.to_owned(), line, column }
}

fn texts() -> Vec<(u64, String)> {
    vec![(1, FIRST.to_owned()), (2, SECOND.to_owned())]
}

#[test]
fn the_line_and_the_users_frames_are_shown() {
    let (text, map) = generated();
    let texts = texts();
    let place = panic_place(&map, &text, 3, 5).unwrap();
    assert_eq!(place, Place { execution: 1, range: 32..36 });
    let frames = user_frames(
        &[
            address("core::panicking::panic_bounds_check", "/rustc/library/core/src/panicking.rs", 280, 5),
            address("cell::t_3fa9c0::mean", "cell_1.rs", 3, 5),
            address("cell::__ironbook_entry::{closure#0}", "/elsewhere/cell_1.rs", 7, 17),
            address("cell::__ironbook_entry", "cell_1.rs", 5, 1),
        ],
        "cell_1.rs",
        &map,
        &text,
    );
    let failure = panic_report(&panic("cell_1.rs", 3, 5), Some(&place), &frames, &*cells(&texts), Style::Plain);
    assert_eq!(failure.kind, FailureKind::Panic);
    assert_eq!(failure.message, "index out of bounds: the len is 1 but the index is 7 (cell 1, line 2)");
    super::same(
        &drawn(&failure),
        r#"
            panic: index out of bounds: the len is 1 but the index is 7
               ╭─[ cell 1:2:5 ]
             2 │     v[7] / v.len() as f64
               │     ──┬─
            ───╯
               at cell 1:2:5 in `mean`
               at cell 2:2:17
        "#,
    );
}

#[test]
fn a_panic_in_a_library_points_at_the_call_in_the_cell() {
    let (text, map) = generated();
    let texts = texts();
    let frames = user_frames(&[address("cell::__ironbook_entry", "cell_1.rs", 7, 16)], "cell_1.rs", &map, &text);
    let library = "/registry/src/index-1/polars-core-0.55.2/src/frame/mod.rs";
    let failure = panic_report(&panic(library, 12, 3), None, &frames, &*cells(&texts), Style::Plain);
    super::same(
        &drawn(&failure),
        r#"
            panic: index out of bounds: the len is 1 but the index is 7
               ╭─[ cell 2:2:16 ]
             2 │ println!("{}", mean(&größe));
               │                ──────┬─────
            ───╯
               raised in polars-core-0.55.2/src/frame/mod.rs:12
        "#,
    );
}

#[test]
fn a_panic_on_another_thread_without_frames_has_its_message() {
    let failure = panic_report(&panic("src/x.rs", 1, 1), None, &[], &|_| None, Style::Plain);
    assert_eq!(failure.message, "index out of bounds: the len is 1 but the index is 7");
    assert_eq!(drawn(&failure), "panic: index out of bounds: the len is 1 but the index is 7\n   raised in src/x.rs:1");
}

#[test]
fn a_panic_in_a_stored_closure_names_no_generated_file() {
    let failure = panic_report(&panic("cell_0123456789ab.rs", 8, 1), None, &[], &|_| None, Style::Plain);
    assert_eq!(failure.report[1], "   raised in code of an earlier cell");
}

#[test]
fn columns_count_characters_and_glue_has_no_place() {
    let (text, map) = generated();
    // The panic's column counts characters, of which "größe" has five in seven bytes.
    let place = panic_place(&map, &text, 6, 13).unwrap();
    assert_eq!(&SECOND[place.range], "vec![1.0]");
    assert_eq!(panic_place(&map, &text, 1, 1), None);
    assert_eq!(panic_place(&map, &text, 99, 1), None);
}

#[test]
fn errors_that_are_called_error_keep_their_module() {
    for (long, short) in [
        ("std::io::error::Error", "io::Error"),
        ("candle_core::error::Error", "candle_core::Error"),
        ("core::num::error::ParseIntError", "ParseIntError"),
        ("cell::t_3fa9c0::Error", "Error"),
    ] {
        assert_eq!(error_report(long, &[], Style::Plain).name, short);
    }
}

#[test]
fn functions_are_named_as_the_user_wrote_them() {
    let (text, map) = generated();
    for (demangled, name) in [
        ("cell::mean", "mean"),
        ("cell::mean::h0123456789abcdef", "mean"),
        ("cell[0123456789abcdef]::mean", "mean"),
        ("<cell::t_3fa9c0::Row>::pick::{closure#0}", "Row::pick"),
        ("<cell::t_3fa9c0::Row as core::fmt::Display>::fmt", "<Row as Display>::fmt"),
        ("cell::__ironbook_cell_1::{{closure}}::{{closure}}", ""),
        ("{closure#0}", ""),
    ] {
        let frames = user_frames(&[address(demangled, "cell_1.rs", 3, 5)], "cell_1.rs", &map, &text);
        assert_eq!(frames[0].function, name, "{demangled}");
    }
}

#[test]
fn an_errors_own_backtrace_is_left_out() {
    let chain =
        ["shape mismatch\n   0: candle_core::error::Error::bt\n             at /x.rs:1:2\n   1: main".to_owned()];
    let failure = error_report("candle_core::error::Error", &chain, Style::Plain);
    assert_eq!(drawn(&failure), "candle_core::Error: shape mismatch");
    assert_eq!(failure.message, "shape mismatch");
}

#[test]
fn an_error_shows_its_causes_once() {
    let chain =
        ["reading config.toml", "reading config.toml", "No such file or directory (os error 2)"].map(str::to_owned);
    let failure = error_report("alloc::boxed::Box<dyn core::error::Error>", &chain, Style::Plain);
    assert_eq!((failure.kind, failure.name.as_str()), (FailureKind::Error, "Box<dyn Error>"));
    assert_eq!(failure.message, "reading config.toml");
    super::same(
        &drawn(&failure),
        r#"
            error: reading config.toml
               caused by: No such file or directory (os error 2)
        "#,
    );
}
