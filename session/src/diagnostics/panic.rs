//! Reports of panics, and of errors that `?` carried out of a cell.

use super::backtrace::Address;
use super::draw::{Mark, bold, line_column, paint, picture, spoken};
use super::type_name::shorten_type;
use super::{Cells, Style, words};
use crate::event::{Failure, FailureKind};
use crate::map::{Place, SourceMap};
use ariadne::Color;
use ironbook_core::frame::Panic;

/// Most frames that are shown.
const FRAMES: usize = 12;

/// A call in user code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function; empty at a cell's top level.
    pub function: String,
    /// Where it was.
    pub place: Place,
}

/// The place in a cell that a panic's line and column (both from 1, the column in characters) stand for.
pub fn panic_place(map: &SourceMap, generated: &str, line: u32, column: u32) -> Option<Place> {
    let (start, text) = line_text(generated, line)?;
    let skipped: usize = text.chars().take((column as usize).saturating_sub(1)).map(char::len_utf8).sum();
    place_from(map, generated, start + skipped)
}

/// The user's frames among resolved addresses of the file called `file`, innermost first: in cells, not in glue.
pub fn user_frames(addresses: &[Address], file: &str, map: &SourceMap, generated: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for address in addresses.iter().filter(|address| file_name(&address.file) == file_name(file)) {
        let Some((start, text)) = line_text(generated, address.line) else { continue };
        // Debug information counts columns in bytes, and 0 stands for none.
        let column = (address.column as usize).saturating_sub(1).min(text.len());
        let indent = text.len() - text.trim_start().len();
        let byte = start + if address.column == 0 { indent } else { column };
        let Some(place) = place_from(map, generated, byte) else { continue };
        let function = function_name(&address.function);
        let same_line = |frame: &Frame| {
            frame.function == function && frame.place.execution == place.execution && near(frame, &place)
        };
        if !frames.last().is_some_and(same_line) {
            frames.push(Frame { function, place });
        }
    }
    frames
}

fn near(frame: &Frame, place: &Place) -> bool {
    frame.place.range.start == place.range.start
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A line of the text, with its first byte; lines count from 1.
fn line_text(text: &str, line: u32) -> Option<(usize, &str)> {
    let mut start = 0;
    for (number, line_text) in (1..).zip(text.split_inclusive('\n')) {
        if number == line {
            return Some((start, line_text.trim_end_matches(['\n', '\r'])));
        }
        start += line_text.len();
    }
    None
}

fn place_from(map: &SourceMap, generated: &str, byte: usize) -> Option<Place> {
    let byte = generated.floor_char_boundary(byte);
    map.place(byte..byte + expression(generated.get(byte..)?))
}

/// Length of the call, index or name that begins a text: what a panic at its start should underline.
fn expression(text: &str) -> usize {
    let line = text.lines().next().unwrap_or_default();
    let name = line.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '!' | ':' | '.'))).unwrap_or(line.len());
    let mut depth = 0_usize;
    for (at, c) in line[name..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            _ if depth == 0 => return (name + at).max(1),
            _ => continue,
        }
        if depth == 0 {
            return name + at + c.len_utf8();
        }
    }
    name.max(line.chars().next().map_or(0, char::len_utf8))
}

/// `cell::t_3fa9::Foo::mean::{{closure}}` is `Foo::mean`; the engine's own functions and closures have no name.
fn function_name(demangled: &str) -> String {
    let parsed = shorten_function(&words::without_hash_modules(demangled));
    if parsed.contains("__ironbook") || parsed == "{closure}" { String::new() } else { parsed }
}

fn shorten_function(path: &str) -> String {
    let path = path.strip_prefix("cell::").unwrap_or(path);
    let mut end = path;
    while let Some((before, last)) = end.rsplit_once("::") {
        let hash = last.len() == 17 && last.starts_with('h') && last[1..].bytes().all(|b| b.is_ascii_hexdigit());
        if hash || last.starts_with('{') {
            end = before;
        } else {
            break;
        }
    }
    // `<cell::Foo as core::fmt::Display>::fmt` is `<Foo as Display>::fmt`; `[crate id]`s of the new mangling go.
    shorten_type(end)
}

/// A panic: its message, the line it is on, and the user's frames (innermost first).
///
/// `location` is where the panic was raised, when that is in a cell ([`panic_place`]).
pub fn panic_report(
    panic: &Panic,
    location: Option<&Place>,
    frames: &[Frame],
    cells: &Cells<'_>,
    style: Style,
) -> Failure {
    let place = location.or_else(|| frames.first().map(|frame| &frame.place));
    let message = words::one_line(&panic.message);
    let at = place.and_then(|place| named(place, cells)).map(|at| format!(" ({at})")).unwrap_or_default();
    let mut failure = Failure::new(FailureKind::Panic, "panic", format!("{message}{at}"));
    let marks: Vec<_> = place.map(|place| Mark { place, text: "", color: Color::Red }).into_iter().collect();
    failure.report = picture("panic", Color::Red, panic.message.trim_end(), &marks, cells, style);
    if location.is_none() {
        // A closure that an earlier cell stored: its generated file is not at hand, and its name means nothing.
        let stored = file_name(&panic.file).starts_with("cell_");
        let library = format!("{}:{}", library_file(&panic.file), panic.line);
        let raised = if stored { "code of an earlier cell" } else { &library };
        failure.report.push(format!("   raised in {raised}"));
    }
    let alone = frames.len() == 1
        && frames.first().map(|frame| &frame.place.execution) == place.map(|place| &place.execution)
        && frames[0].function.is_empty();
    if !alone {
        failure.report.extend(frames.iter().take(FRAMES).filter_map(|frame| frame_line(frame, cells, style)));
    }
    if let more @ 1.. = frames.len().saturating_sub(FRAMES) {
        failure.report.push(format!("   and {more} more calls"));
    }
    failure
}

/// `cell 3, line 2`.
fn named(place: &Place, cells: &Cells<'_>) -> Option<String> {
    let cell = cells(place.execution)?;
    Some(format!("cell {}, line {}", cell.number, line_column(&cell.text, place.range.start).0))
}

fn frame_line(frame: &Frame, cells: &Cells<'_>, style: Style) -> Option<String> {
    let at = spoken(&frame.place, cells)?;
    let function = if frame.function.is_empty() { String::new() } else { format!(" in `{}`", frame.function) };
    Some(format!("   {} {at}{function}", paint("at", Color::Cyan, style)))
}

/// A library's file without the directories before its crate.
fn library_file(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let source = parts.iter().rposition(|part| *part == "src").unwrap_or(parts.len().saturating_sub(1));
    parts[source.saturating_sub(1)..].join("/")
}

/// The error's type; one that is called just `Error` keeps its module or crate: `io::Error`.
fn error_name(type_name: &str) -> String {
    let short = shorten_type(type_name);
    let visible = words::without_hash_modules(type_name);
    let module = visible.rsplit("::").find(|part| !matches!(*part, "Error" | "error"));
    match module.filter(|module| short == "Error" && !matches!(*module, "" | "cell")) {
        Some(module) => format!("{module}::Error"),
        None => short,
    }
}

/// An error that `?` carried out of a cell, with its causes.
pub fn error_report(type_name: &str, chain: &[String], style: Style) -> Failure {
    let name = error_name(type_name);
    let first = chain.first().map(String::as_str).unwrap_or_default();
    let mut failure = Failure::new(FailureKind::Error, name.clone(), words::one_line(without_backtrace(first)));
    let mut lines = without_backtrace(first).lines();
    // Types that say nothing of the error give way to the word.
    let plain = ["Box<dyn", "String", "&str", "Cow<"].iter().any(|start| name.starts_with(start));
    let head = if plain { "error" } else { name.as_str() };
    failure.report =
        vec![format!("{} {}", bold(&format!("{head}:"), Color::Red, style), lines.next().unwrap_or_default())];
    failure.report.extend(lines.map(str::to_owned));
    let mut shown = first;
    for cause in chain.iter().skip(1).filter(|cause| !cause.is_empty()) {
        // Many libraries repeat the cause in the outer message.
        if shown != cause {
            let word = paint("caused by:", Color::Cyan, style);
            failure.report.push(format!("   {word} {}", words::one_line(without_backtrace(cause))));
        }
        shown = cause;
    }
    failure
}

/// A message without the backtrace that some error types print after it when `RUST_BACKTRACE` is set.
fn without_backtrace(message: &str) -> &str {
    let mut end = 0;
    for line in message.split_inclusive('\n') {
        let text = line.trim();
        if text.starts_with("0: ") || text.eq_ignore_ascii_case("stack backtrace:") {
            return message[..end].trim_end();
        }
        end += line.len();
    }
    message.trim_end()
}
