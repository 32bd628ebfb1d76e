//! The compiler's suggestions as a line of text: what to write, or how the line looks afterwards.

use super::diagnostic::Fix;
use super::message::{Message, Span};
use super::place::{Spot, spot, visibility};
use super::{Context, words};
use crate::map::{Origin, Place};

/// Longest line that is shown as a whole.
const LINE: usize = 100;
/// Most alternatives that are shown.
const ALTERNATIVES: usize = 4;

/// What a help says, with the text it suggests; `None` when it would have the user edit generated code.
pub(super) fn suggestion(help: &Message, context: &Context<'_>) -> Option<String> {
    let edits: Vec<(&Span, &str)> =
        help.spans.iter().filter_map(|span| Some((span, span.suggested_replacement.as_deref()?))).collect();
    let message = words::tidy(help.message.trim_end_matches(':'));
    let (first, _) = edits.first()?;
    let alternatives =
        edits.iter().all(|(span, _)| span.byte_start == first.byte_start && span.byte_end == first.byte_end);
    let code = if alternatives && edits.len() > 1 { listed(&edits) } else { edited(&edits, context)? };
    if code.contains("/*") {
        return None;
    }
    let known = code.is_empty() || message.contains(&format!("`{code}`"));
    Some(if known { message } else { format!("{message}: `{code}`") })
}

fn listed(edits: &[(&Span, &str)]) -> String {
    let mut shown: Vec<&str> = edits.iter().map(|(_, text)| text.trim()).collect();
    // A path of the notebook's prelude is what users should write.
    shown.sort_by_key(|text| (text.matches("::").count(), text.len()));
    shown.truncate(ALTERNATIVES);
    shown.join("` or `")
}

fn edited(edits: &[(&Span, &str)], context: &Context<'_>) -> Option<String> {
    let mut placed: Vec<(Place, &str)> = Vec::new();
    for (span, text) in edits {
        match spot(span, context) {
            Spot::Cell(place) => placed.push((place, text)),
            // Imports go to the top of the generated file; the user writes them anywhere.
            Spot::Glue(_) if text.trim_start().starts_with("use ") => return Some(text.trim().to_owned()),
            _ => return None,
        }
    }
    let replaces = |place: &Place, text: &str| !place.range.is_empty() && !text.is_empty();
    match placed.as_slice() {
        [(place, text)] if replaces(place, text) => Some(words::one_line(text)),
        _ => line_after(placed, context).or_else(|| {
            let texts: Vec<String> =
                edits.iter().map(|(_, text)| words::one_line(text.trim_start_matches(','))).collect();
            Some(texts.join(" .. "))
        }),
    }
}

/// The cell's line with the edits made, when it is one line and short.
fn line_after(mut placed: Vec<(Place, &str)>, context: &Context<'_>) -> Option<String> {
    placed.sort_by_key(|(place, _)| place.range.start);
    let (first, last) = (&placed.first()?.0, &placed.last()?.0);
    let cell = (context.cells)(first.execution)?.text;
    let start = cell.get(..first.range.start)?.rfind('\n').map_or(0, |at| at + 1);
    let end = cell.get(last.range.end..)?.find('\n').map_or(cell.len(), |at| at + last.range.end);
    let mut line = cell.get(start..end)?.to_owned();
    for (place, text) in placed.iter().rev() {
        if place.execution != first.execution {
            return None;
        }
        line.replace_range(place.range.start - start..place.range.end - start, text);
    }
    let line = line.trim();
    (!line.contains('\n') && line.chars().count() <= LINE).then(|| line.to_owned())
}

/// The changes that a message's helps suggest, as far as they lie in cells' texts.
pub(super) fn fixes(message: &Message, context: &Context<'_>) -> Vec<Fix> {
    let mut all: Vec<Fix> = message.children.iter().flat_map(|help| fixes_of(help, context)).collect();
    // An import is more often what was meant than another name.
    let is_import = |fix: &Fix| fix.edits.iter().any(|(_, text)| text.starts_with("use "));
    all.sort_by_key(|fix| (!fix.sure, !is_import(fix)));
    all
}

/// Several suggestions for one place are alternatives, for several places one change.
fn fixes_of(help: &Message, context: &Context<'_>) -> Vec<Fix> {
    let suggested: Vec<&Span> = help.spans.iter().filter(|span| span.suggested_replacement.is_some()).collect();
    let Some(first) = suggested.first() else { return Vec::new() };
    let alternatives =
        suggested.iter().all(|span| span.byte_start == first.byte_start && span.byte_end == first.byte_end);
    let groups: Vec<Vec<&Span>> =
        if alternatives { suggested.iter().map(|span| vec![*span]).collect() } else { vec![suggested.clone()] };
    let mut fixes: Vec<Fix> = groups.iter().filter_map(|spans| fix(help, spans, context)).collect();
    // A path of the notebook's prelude is what users should write.
    fixes.sort_by_key(|fix| fix.edits.first().map_or((0, 0), |(_, text)| (text.matches("::").count(), text.len())));
    fixes.truncate(ALTERNATIVES);
    fixes
}

fn fix(help: &Message, spans: &[&Span], context: &Context<'_>) -> Option<Fix> {
    let applicable = |span: &&&Span| span.suggestion_applicability.as_deref() == Some("MachineApplicable");
    let edits: Vec<(Place, String)> = spans.iter().map(|span| edit(span, context)).collect::<Option<_>>()?;
    let placeholder = spans.iter().any(|span| span.suggestion_applicability.as_deref() == Some("HasPlaceholders"));
    if placeholder || edits.iter().any(|(_, text)| text.contains("/*") || text.contains("__ironbook")) {
        return None;
    }
    let message = words::tidy(help.message.trim_end_matches(':'));
    let texts: Vec<String> =
        edits.iter().map(|(_, text)| words::one_line(text)).filter(|text| !text.is_empty()).collect();
    let said = texts.is_empty() || texts.iter().all(|text| message.contains(&format!("`{text}`")));
    let title = if said { message } else { format!("{message}: `{}`", texts.join("` .. `")) };
    Some(Fix { title, edits, sure: spans.iter().all(|span| applicable(&span)) })
}

/// What a span of a suggestion changes: verbatim text of a cell, or the cell's beginning for an import.
fn edit(span: &Span, context: &Context<'_>) -> Option<(Place, String)> {
    let text = span.suggested_replacement.clone()?;
    let is_verbatim =
        |byte: usize| context.map.segment(byte).is_some_and(|segment| matches!(segment.origin, Origin::Cell { .. }));
    match spot(span, context) {
        Spot::Cell(place)
            if is_verbatim(span.byte_start + visibility(span.byte_start, context))
                && place.range.len() == span.byte_end - span.byte_start =>
        {
            Some((place, text))
        }
        Spot::Glue(_) if text.trim_start().starts_with("use ") => {
            let execution = context.map.segments.iter().filter_map(|segment| match segment.origin {
                Origin::Cell { execution, .. } | Origin::Lowered { execution, .. } => Some(execution),
                Origin::Glue(_) => None,
            });
            let text = format!("{}\n", text.trim().replace("ironbook_std::", "ironbook::"));
            Some((Place { execution: execution.max()?, range: 0..0 }, text))
        }
        _ => None,
    }
}
