//! Draws findings over the text of cells.

use super::finding::{Finding, Remark, Role};
use super::{CellText, Cells, Style, words};
use crate::map::{ExecutionId, Place};
use ariadne::{Color, Config, Fmt, Label, Report, ReportKind, sources};
use std::collections::BTreeMap;
use std::ops::Range;

/// Longest list of further places.
const AGAIN: usize = 6;

/// A message with its labels and remarks, line by line.
pub(super) fn draw(finding: &Finding, cells: &Cells<'_>, style: Style) -> Vec<String> {
    let word = if finding.error { "error" } else { "warning" };
    let head = match &finding.code {
        Some(code) if finding.error => format!("{word}[{code}]"),
        _ => word.to_owned(),
    };
    let color = if finding.error { Color::Red } else { Color::Yellow };
    let labels: Vec<Mark<'_>> = finding
        .labels
        .iter()
        .map(|label| Mark { place: &label.place, text: &label.text, color: color_of(label.role, color) })
        .collect();
    let mut lines = picture(&head, color, &finding.message, &labels, cells, style);
    lines.extend(remarks(finding, cells, style));
    lines
}

fn color_of(role: Role, primary: Color) -> Color {
    match role {
        Role::Primary => primary,
        Role::Secondary => Color::Cyan,
        Role::Aside => Color::Green,
    }
}

fn remarks(finding: &Finding, cells: &Cells<'_>, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(again) = again(finding, cells) {
        lines.extend(remark(Remark::Note, &again, style));
    }
    for (kind, text) in &finding.remarks {
        lines.extend(remark(*kind, text, style));
    }
    lines
}

/// The further lines with the same error.
fn again(finding: &Finding, cells: &Cells<'_>) -> Option<String> {
    let main = finding.place()?;
    let place_of = |place: &Place| {
        let cell = cells(place.execution)?;
        let line = line_column(&cell.text, place.range.start).0;
        Some((place.execution != main.execution).then_some(cell.number)).map(|number| (number, line))
    };
    let here = place_of(main);
    let mut places: Vec<_> = finding.again.iter().filter_map(place_of).filter(|place| Some(*place) != here).collect();
    places.dedup();
    let more = places.len().saturating_sub(AGAIN);
    let shown: Vec<String> = places
        .iter()
        .take(AGAIN)
        .map(|(cell, line)| cell.map_or_else(|| format!("line {line}"), |cell| format!("cell {cell} line {line}")))
        .collect();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!shown.is_empty()).then(|| format!("the same in {}{rest}", shown.join(", ")))
}

/// A note or a help, further lines indented.
pub(super) fn remark(kind: Remark, text: &str, style: Style) -> Vec<String> {
    let color = if kind == Remark::Help { Color::Green } else { Color::Cyan };
    let mut lines = text.lines();
    let first = format!("   {}: {}", paint(kind.word(), color, style), lines.next().unwrap_or_default());
    std::iter::once(first).chain(lines.map(|line| format!("         {}", line.trim_end()))).collect()
}

/// Text in a colour.
pub(super) fn paint(text: &str, color: Color, style: Style) -> String {
    match style {
        Style::Colour => text.fg(color).to_string(),
        Style::Plain => text.to_owned(),
    }
}

/// Text in a colour, bold.
pub(super) fn bold(text: &str, color: Color, style: Style) -> String {
    match style {
        Style::Colour => format!("\u{1b}[1m{}", text.fg(color)),
        Style::Plain => text.to_owned(),
    }
}

/// `2:9`, or `cell 3:2:9`.
pub(super) fn spoken(place: &Place, cells: &Cells<'_>) -> Option<String> {
    let cell = cells(place.execution)?;
    let (line, column) = line_column(&cell.text, place.range.start);
    Some(format!("cell {}:{line}:{column}", cell.number))
}

/// Line and column of a byte, from 1, in characters.
pub(super) fn line_column(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(byte)];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// A place to mark.
pub(super) struct Mark<'a> {
    /// The place.
    pub place: &'a Place,
    /// What stands at it.
    pub text: &'a str,
    /// In which colour.
    pub color: Color,
}

/// A headline and the marked lines of the cells; the first mark gives the place in the header.
pub(super) fn picture(
    head: &str,
    color: Color,
    message: &str,
    marks: &[Mark<'_>],
    cells: &Cells<'_>,
    style: Style,
) -> Vec<String> {
    let mut texts: BTreeMap<ExecutionId, (String, CellText)> = BTreeMap::new();
    for mark in marks {
        if let Some(cell) = cells(mark.place.execution) {
            texts.entry(mark.place.execution).or_insert_with(|| (format!("cell {}", cell.number), cell));
        }
    }
    let spanned: Vec<(&Mark<'_>, (String, Range<usize>))> = marks
        .iter()
        .filter_map(|mark| {
            let (name, cell) = texts.get(&mark.place.execution)?;
            let range = &mark.place.range;
            Some((mark, (name.clone(), characters(&cell.text, range, mark.text.is_empty()))))
        })
        .collect();
    let mut lines = headline(head, color, message, style);
    let Some((_, main)) = spanned.first() else { return lines };
    let config = Config::new().with_color(style == Style::Colour);
    let mut report = Report::build(ReportKind::Error, main.clone()).with_config(config);
    let mut sorted: Vec<_> = spanned.iter().enumerate().collect();
    // The cell of the main place first; within a cell downwards, else its lines would be drawn in several pieces.
    sorted.sort_by_key(|(_, (_, (name, range)))| (*name != main.0, name.clone(), range.end));
    for (order, (mark, span)) in sorted {
        // Without a message there would be no underline; the arrow to nothing is left out below.
        let label = Label::new(span.clone()).with_color(mark.color).with_message(words::one_line(mark.text));
        report = report.with_label(if order == 0 { label.with_priority(1) } else { label });
    }
    let cache = sources(texts.into_values().map(|(name, cell)| (name, printable(&cell.text))));
    let mut bytes = Vec::new();
    if report.finish().write(cache, &mut bytes).is_ok() {
        // Its first line is the headline, which is drawn above.
        let drawn = String::from_utf8_lossy(&bytes);
        lines.extend(drawn.lines().skip(1).map(runs).filter(|runs| !is_spacing(runs)).map(joined));
    }
    lines
}

fn headline(head: &str, color: Color, message: &str, style: Style) -> Vec<String> {
    let head = bold(&format!("{head}:"), color, style);
    let mut lines = message.lines();
    let first = format!("{head} {}", lines.next().unwrap_or_default());
    std::iter::once(first).chain(lines.map(str::to_owned)).collect()
}

/// ANSI codes of the colour in which unmarked source is drawn; left out, since it is hard to read on white.
const UNMARKED: &str = "38;5;249";

/// A drawn line as runs of one colour (its ANSI codes, empty for none); it comes coloured character by character.
fn runs(line: &str) -> Vec<(&str, String)> {
    let mut runs: Vec<(&str, String)> = Vec::new();
    let mut parts = line.trim_end().split("\u{1b}[");
    let plain = parts.next().map(|text| ("", text));
    let coloured = parts.filter_map(|part| part.split_once('m'));
    for (codes, text) in plain.into_iter().chain(coloured).filter(|(_, text)| !text.is_empty()) {
        let codes = if matches!(codes, "0" | UNMARKED) { "" } else { codes };
        match runs.last_mut() {
            Some((last, run)) if *last == codes => run.push_str(text),
            _ => runs.push((codes, text.to_owned())),
        }
    }
    runs
}

fn joined(runs: Vec<(&str, String)>) -> String {
    let line: String = runs
        .into_iter()
        .map(|(codes, text)| if codes.is_empty() { text } else { format!("\u{1b}[{codes}m{text}\u{1b}[0m") })
        .collect();
    line.trim_end().to_owned()
}

/// Whether a drawn line holds nothing but the margin and strokes that lead to no text.
fn is_spacing(runs: &[(&str, String)]) -> bool {
    let text: String = runs.iter().map(|(_, text)| text.as_str()).collect();
    let numbered = text.split('│').next().is_some_and(|margin| !margin.trim().is_empty());
    !numbered && !text.ends_with('╯') && text.chars().all(|c| matches!(c, ' ' | '│' | '╰' | '─' | '┼'))
}

/// The same text, character by character, without what would move the cursor or split lines differently from rustc.
fn printable(text: &str) -> String {
    let text = text.trim_end();
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\n' | '\t' => c,
            '\r' if chars.peek() == Some(&'\n') => ' ',
            '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
            c if u32::from(c) < 32 => char::from_u32(0x2400 + u32::from(c)).unwrap_or(' '),
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
            c => c,
        });
    }
    out
}

/// A byte range in characters, within the text; ranges over several lines are drawn for their text, so one without
/// is cut to its first line.
fn characters(text: &str, bytes: &Range<usize>, cut: bool) -> Range<usize> {
    let text = text.trim_end();
    let start = text.floor_char_boundary(bytes.start);
    let end = text.ceil_char_boundary(bytes.end).max(start);
    let before = text[..start].chars().count();
    let marked = text[start..end].trim_end();
    let marked = if cut { marked.lines().next().unwrap_or_default() } else { marked };
    before..before + marked.chars().count()
}
