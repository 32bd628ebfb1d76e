//! `%time`: how long a statement, or a cell, takes.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Form, Lowered, Magic, Rust};
use crate::measure;
use crate::split::Style;
use ironbook_session::{FailureKind, Part};
use std::ops::Range;
use syn::spanned::Spanned as _;

/// `%time`.
pub struct Time;

impl Magic for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn summary(&self) -> &'static str {
        "Time a statement, or a cell: wall clock, CPU of all threads, and compiling apart"
    }

    fn form(&self) -> Form {
        Form::Both
    }

    fn style(&self) -> Style {
        Style::Code
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%time (1..1000u64).sum::<u64>()", expect: Expect::Contains("499500") },
            Example {
                code: "%time let squares: Vec<u64> = (0..9).map(|x| x * x).collect();\nsquares[8]",
                expect: Expect::Contains("64"),
            },
            Example { code: "%%time\nlet a = 20u64;\na + 1", expect: Expect::Contains("wall") },
            Example { code: "%time", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let Some(body) = call.body.clone() else {
            if call.rest.is_empty() {
                return Err(
                    call.wrong("`%time` needs something to time", "write `%time statement`, or `%%time` over a cell")
                );
            }
            return Ok(Lowered::Rust(timed(call.text, call.rest.clone(), call.last)));
        };
        if !call.rest.is_empty() {
            let advice = "the statements go on the lines below, or write `%time statement`";
            return Err(call.wrong("`%%time` takes nothing on its own line", advice));
        }
        Ok(Lowered::Rust(match call.parts.as_slice() {
            [Part::User(range)] => timed(call.text, range.clone(), call.last),
            [] => timed(call.text, body, call.last),
            _ => Rust::default().made(measure::mark()).parts(call.parts.clone()).made(format!("\n{}", measure::mark())),
        }))
    }
}

/// Statements between two marks; the value of a last expression stays the value.
fn timed(text: &str, range: Range<usize>, last: bool) -> Rust {
    let start = Rust::default().made(measure::mark());
    let end = format!("\n{}", measure::mark());
    let Some(tail) = tail(&text[range.clone()]) else {
        // A statement without its semicolon is one, too: `%time let x = 1`.
        let semicolon = if needs_semicolon(&text[range.clone()]) { ";" } else { "" };
        return start.verbatim(range).made(semicolon).made(end);
    };
    let tail = range.start + tail.start..range.start + tail.end;
    start
        .verbatim(range.start..tail.start)
        .made("{ let __ironbook_value = ")
        .verbatim(tail)
        .made(format!(";{end} __ironbook_value }}{}", if last { "" } else { ";" }))
}

/// Bytes of the last expression, if the statements end with one.
fn tail(code: &str) -> Option<Range<usize>> {
    let text = format!("{{{code}\n}}");
    let block = syn::parse_str::<syn::Block>(&text).ok()?;
    match block.stmts.last()? {
        syn::Stmt::Expr(expr, None) => {
            let range = expr.span().byte_range();
            Some(range.start - 1..range.end - 1)
        }
        syn::Stmt::Macro(call) if call.semi_token.is_none() => {
            let range = call.span().byte_range();
            Some(range.start - 1..range.end - 1)
        }
        _ => None,
    }
}

fn needs_semicolon(code: &str) -> bool {
    let parses = |text: String| syn::parse_str::<syn::Block>(&text).is_ok();
    !parses(format!("{{{code}\n}}")) && parses(format!("{{{code};\n}}"))
}
