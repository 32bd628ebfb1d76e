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
            // Magics inside: no expression to stand around.
            parts => {
                let start = Rust::default().made(measure::mark(true));
                start.parts(parts.to_vec()).made(format!("\n{}", measure::mark(false)))
            }
        }))
    }
}

/// The Rust that times `range`: a block around the one expression that there is, else marks before and after. The value
/// of a last expression stays the value.
fn timed(text: &str, range: Range<usize>, last: bool) -> Rust {
    let code = &text[range.clone()];
    let part = |piece: &Range<usize>| range.start + piece.start..range.start + piece.end;
    let end = if last && !code.ends_with(';') { "" } else { ";" };
    match shape(code) {
        Shape::Value(value) => around(Rust::default(), part(&value)).made(end),
        Shape::Let(value) => {
            let head = Rust::default().verbatim(range.start..part(&value).start);
            around(head, part(&value)).verbatim(part(&value).end..range.end).made(";")
        }
        Shape::Tail(tail) => Rust::default()
            .made(measure::mark(true))
            .verbatim(range.start..part(&tail).start)
            .made("{ let __ironbook_value = ")
            .verbatim(part(&tail))
            .made(format!(";\n{} __ironbook_value }}{end}", measure::mark(false))),
        Shape::Statements => Rust::default()
            .made(measure::mark(true))
            .verbatim(range)
            .made(if needs_semicolon(code) { ";\n" } else { "\n" })
            .made(measure::mark(false)),
    }
}

fn around(rust: Rust, value: Range<usize>) -> Rust {
    rust.made(measure::time_before()).verbatim(value).made(measure::time_after())
}

/// What is timed, with bytes of the code.
enum Shape {
    /// One expression.
    Value(Range<usize>),
    /// One `let` with this initialiser.
    Let(Range<usize>),
    /// Statements with this last expression.
    Tail(Range<usize>),
    /// Anything else.
    Statements,
}

fn shape(code: &str) -> Shape {
    let text = format!("{{{code}\n}}");
    let block = syn::parse_str::<syn::Block>(&text).or_else(|_| syn::parse_str(&format!("{{{code};\n}}")));
    let Ok(block) = block else { return Shape::Statements };
    let range = |span: proc_macro2::Span| span.byte_range().start - 1..span.byte_range().end - 1;
    let single = block.stmts.len() == 1;
    match block.stmts.last() {
        Some(syn::Stmt::Expr(expr, _)) if single => Shape::Value(range(expr.span())),
        Some(syn::Stmt::Expr(expr, None)) => Shape::Tail(range(expr.span())),
        Some(syn::Stmt::Macro(call)) if call.semi_token.is_none() && single => Shape::Value(range(call.span())),
        Some(syn::Stmt::Macro(call)) if call.semi_token.is_none() => Shape::Tail(range(call.span())),
        Some(syn::Stmt::Local(local)) if single => match &local.init {
            Some(init) if init.diverge.is_none() && !extends_temporaries(&init.expr) => {
                Shape::Let(range(init.expr.span()))
            }
            _ => Shape::Statements,
        },
        _ => Shape::Statements,
    }
}

/// Whether `let` would keep temporaries of this initialiser alive, which it does not behind a block.
fn extends_temporaries(expr: &syn::Expr) -> bool {
    use syn::Expr;
    match expr {
        Expr::MethodCall(_) | Expr::Macro(_) | Expr::Try(_) | Expr::Await(_) | Expr::Binary(_) | Expr::Lit(_) => false,
        Expr::Path(_) | Expr::Closure(_) => false,
        Expr::Call(call) => call.args.iter().any(|arg| matches!(arg, Expr::Reference(_))),
        _ => true,
    }
}

fn needs_semicolon(code: &str) -> bool {
    let parses = |text: String| syn::parse_str::<syn::Block>(&text).is_ok();
    !parses(format!("{{{code}\n}}")) && parses(format!("{{{code};\n}}"))
}
