//! Where the compiler's spans lie: in a cell, in glue, or in another file.

use super::Context;
use super::message::{Message, Span};
use crate::map::{Glue, Origin, Place, SourceMap};
use std::ops::Range;

/// Where a span lies.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Spot {
    /// In a cell's text.
    Cell(Place),
    /// In glue.
    Glue(Glue),
    /// In another file.
    Elsewhere,
}

/// Finds the innermost place in a cell: the span itself, or the macro call that it was expanded from.
pub(super) fn spot(span: &Span, context: &Context<'_>) -> Spot {
    let mut glue = None;
    for span in chain(span) {
        if !ours(span, context.generated) {
            continue;
        }
        if let Some(place) = context.map.place(within(span, context)) {
            return Spot::Cell(place);
        }
        glue = glue.or_else(|| context.map.glue(span.byte_start).cloned());
    }
    glue.map_or(Spot::Elsewhere, Spot::Glue)
}

/// The bytes of a span without the visibility that the engine has put before an item.
fn within(span: &Span, context: &Context<'_>) -> Range<usize> {
    let start = span.byte_start + visibility(span.byte_start, context);
    start..span.byte_end.max(start)
}

/// Bytes of the visibility that the engine has put before an item or a field.
pub(super) fn visibility(byte: usize, context: &Context<'_>) -> usize {
    match context.map.segment(byte) {
        Some(segment) if segment.generated.start == byte && segment.origin == Origin::Glue(Glue::Plain) => {
            let text = context.generated.get(segment.generated.clone()).unwrap_or_default();
            if text.trim_end() == "pub(crate)" { text.len() } else { 0 }
        }
        _ => 0,
    }
}

/// The calls of the user's macros that a span was expanded from, inner to outer, with the macros' names.
pub(super) fn calls(span: &Span, context: &Context<'_>) -> Vec<(Place, String)> {
    let mut found = Vec::new();
    let mut next = span.expansion.as_deref();
    while let Some(expansion) = next {
        let call = &expansion.span;
        let name = &expansion.macro_decl_name;
        if !name.starts_with("desugaring") && ours(call, context.generated) {
            let place = context.map.place(call.byte_start..call.byte_end);
            found.extend(place.map(|place| (place, name.clone())));
        }
        next = call.expansion.as_deref();
    }
    found
}

fn chain(span: &Span) -> impl Iterator<Item = &Span> {
    std::iter::successors(Some(span), |span| span.expansion.as_deref().map(|expansion| &expansion.span))
}

/// Whether a span lies in the generated file: its line must be found where it says.
///
/// File names do not tell, since macros of other crates have spans with offsets of their own files.
fn ours(span: &Span, generated: &str) -> bool {
    let Some(before) = generated.get(..span.byte_start) else { return false };
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    if span.byte_end > generated.len() || before[start..].chars().count() + 1 != span.column_start {
        return false;
    }
    span.text.first().is_none_or(|line| generated[start..].starts_with(line.text.trim_end()))
}

/// The glue that a message's spans lie on, primary ones first.
///
/// Follows macro expansions to their outermost call, which is always in the crate that was compiled.
pub fn glues<'m>(message: &'m Message, map: &'m SourceMap) -> impl Iterator<Item = (&'m Span, &'m Glue)> {
    let primary = message.spans.iter().filter(|span| span.is_primary);
    let others = message.spans.iter().filter(|span| !span.is_primary);
    let end = map.segments.last().map_or(0, |segment| segment.generated.end);
    primary.chain(others).filter_map(move |span| {
        let outer = chain(span).last().unwrap_or(span);
        let inside = outer.byte_end <= end;
        map.glue(outer.byte_start).filter(|_| inside).map(|glue| (span, glue))
    })
}

/// The first [`Glue::Put`] that a message points at, with its primary span or else with a label; without one, the first
/// [`Glue::Take`] (which borrow errors mark too, as where the variable is declared).
pub fn on_glue<'m>(message: &'m Message, map: &'m SourceMap) -> Option<&'m Glue> {
    let put = glues(message, map).map(|(_, glue)| glue).find(|glue| matches!(glue, Glue::Put(_)));
    put.or_else(|| glues(message, map).map(|(_, glue)| glue).find(|glue| matches!(glue, Glue::Take(_))))
}
