//! Failures that no cell is to blame for: no linker, a full disk, a compiler that crashed.

use super::Context;
use super::message::{Level, Message};
use super::place::{Spot, spot};
use crate::event::{Failure, FailureKind};

/// Most lines of other programs' output that are shown.
const LINES: usize = 8;

/// The failure of the machine that the messages tell of, if they tell of one.
pub(super) fn environment(messages: &[Message], context: &Context<'_>) -> Option<Failure> {
    let all = || messages.iter().filter(|message| message.is_error() || message.level == Level::Raw);
    let texts =
        || all().flat_map(|m| std::iter::once(m.message.as_str()).chain(m.children.iter().map(|c| c.message.as_str())));
    let mentions = |what: &str| texts().any(|text| text.contains(what));
    if mentions("No space left on device") || mentions("os error 28") {
        return Some(
            failure("disk-full", "the disk is full: the compiler could not write the cell")
                .hint("free some space and run the cell again; nothing that was computed is lost"),
        );
    }
    if mentions("memory allocation of") || mentions("LLVM ERROR: out of memory") {
        return Some(
            failure("out-of-memory", "the compiler ran out of memory")
                .hint("drop large variables or end other programs, then run the cell again"),
        );
    }
    let crash = |m: &&Message| {
        m.level == Level::Crash || m.message.contains("internal compiler error") || m.message.contains("thread 'rustc'")
    };
    if let Some(crash) = all().find(crash) {
        return Some(crashed(crash));
    }
    all().find_map(|message| linker(message).or_else(|| library(message, context)))
}

/// The failure when the compiler said nothing that can be drawn.
pub(super) fn unexplained(messages: &[Message]) -> Failure {
    let raw: Vec<&str> = messages.iter().filter(|m| m.level == Level::Raw).flat_map(|m| m.message.lines()).collect();
    let mut failure = failure("rustc", "the compiler failed without an error in the cell");
    failure.report.extend(raw.iter().take(LINES).map(|line| format!("   {line}")));
    failure.hint("run `ironbook doctor`: it checks the compiler, the linker and the library")
}

/// The failure when the compiled cell could not be loaded, from the loader's message.
pub fn not_loaded(message: &str) -> Failure {
    match symbol(message) {
        Some(symbol) => undefined(symbol),
        None => failure("loader", &format!("the compiled cell could not be loaded: {message}"))
            .hint("run `ironbook doctor`: it checks the library"),
    }
}

fn undefined(symbol: &str) -> Failure {
    failure("undefined-symbol", &format!("the linker found no definition of `{symbol}`"))
        .hint("a function declared in an `extern` block must come from a library that is linked: add it with a crate through `%dep`")
}

fn failure(name: &str, message: &str) -> Failure {
    Failure::new(FailureKind::Environment, name, message)
}

fn crashed(message: &Message) -> Failure {
    let mut failure = failure("compiler-crash", "the compiler crashed; this is a fault of rustc, not of the cell");
    failure.report.extend(message.message.lines().take(LINES).map(|line| format!("   {line}")));
    failure.hint("write the cell a little differently, or split it; other cells are not affected")
}

fn linker(message: &Message) -> Option<Failure> {
    let text = &message.message;
    if text.starts_with("linker `") && text.contains("not found") {
        let failure = failure("no-linker", text);
        return Some(failure.hint("install a C compiler, which brings the linker (Debian and Ubuntu: `apt install gcc`), then run the cell again"));
    }
    if !text.starts_with("linking with `") {
        return None;
    }
    let said = message.children.iter().flat_map(|child| child.message.lines());
    let telling: Vec<&str> = said.filter(|line| is_telling(line)).take(LINES).map(str::trim).collect();
    let unknown = telling.iter().find_map(|line| symbol(line));
    let library = telling.iter().find_map(|line| missing_library(line));
    let mut failure = match (unknown, library) {
        (Some(symbol), _) => undefined(symbol),
        (_, Some(library)) => failure("missing-library", &format!("the linker found no library `{library}`"))
            .hint(format!("install the library's development package (often `lib{library}-dev`)")),
        _ => failure("linker", text).hint("run `ironbook doctor`: it checks the linker"),
    };
    failure.report.splice(1..1, telling.iter().map(|line| format!("   {line}")));
    Some(failure)
}

fn is_telling(line: &str) -> bool {
    ["undefined", "cannot find", "unable to find", "error:"].iter().any(|word| line.contains(word)) && line.len() < 400
}

/// The symbol of `rust-lld: error: undefined symbol: foo` or ``undefined reference to `foo'``.
fn symbol(line: &str) -> Option<&str> {
    let after = line.split_once("undefined symbol: ").or_else(|| line.split_once("undefined reference to `"))?.1;
    Some(after.trim_end_matches(['\'', '`']))
}

fn missing_library(line: &str) -> Option<&str> {
    let after = line.split_once("unable to find library -l").or_else(|| line.split_once("cannot find -l"))?.1;
    after.split(|c: char| c.is_whitespace() || c == ':').next()
}

/// The standard library's own metadata is missing, or was made by another compiler.
fn library(message: &Message, context: &Context<'_>) -> Option<Failure> {
    let code = message.code()?;
    let in_cell = message.spans.iter().any(|span| matches!(spot(span, context), Spot::Cell(_)));
    match code {
        "E0514" => Some(
            failure("library", "the standard library was built by another version of rustc")
                .hint("run `ironbook setup`: it builds the library for the compiler that is installed now"),
        ),
        "E0460" | "E0461" | "E0463" | "E0786" if !in_cell => Some(
            failure("library", &format!("the standard library cannot be used: {}", message.message))
                .hint("run `ironbook setup`: it builds the library again"),
        ),
        _ => None,
    }
}
