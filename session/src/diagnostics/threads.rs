//! Variables that one thread alone may use, in code that a magic runs in several.

use super::message::Message;
use super::{Context, words};
use crate::map::{Glue, Origin, Place, Segment};
use std::collections::BTreeSet;
use std::ops::Range;

/// A variable that stands in the way, and where it is used.
pub(super) struct Held {
    pub name: String,
    pub place: Place,
}

/// The variable that a message is about which says that something cannot be shared between threads or sent to another,
/// where a magic has made what is shared: the compiler marks all of it.
pub(super) fn held(message: &Message, context: &Context<'_>) -> Option<Held> {
    let told = |what: &str| message.message.contains(&format!("cannot be {what} safely"));
    if !told("shared between threads") && !told("sent between threads") {
        return None;
    }
    let primary = message.spans.iter().find(|span| span.is_primary)?;
    let made = |segment: &&Segment| matches!(segment.origin, Origin::Lowered { .. });
    context.map.segment(primary.byte_start).filter(made)?;
    // The type itself, and those around it.
    let children = message.children.iter().map(|child| child.message.as_str());
    let types: Vec<&str> = [message.message.as_str()].into_iter().chain(children).flat_map(type_names).collect();
    let within = primary.byte_start..primary.byte_end;
    let held = |name: &str| Some(Held { name: name.to_owned(), place: used(name, &within, context)? });
    let named = |text: &str| types.iter().any(|name| word(text, name).is_some());
    let mut all = taken(context).filter_map(|(name, text)| Some((held(name)?, named(text)))).collect::<Vec<_>>();
    let at = all.iter().position(|(_, named)| *named);
    // Closures take single fields, whose types no variable names: then it is the only one that is used, or none is known.
    let distinct = all.iter().map(|(held, _)| held.name.as_str()).collect::<BTreeSet<&str>>().len();
    at.or((distinct == 1).then_some(0)).map(|at| all.swap_remove(at).0)
}

/// Names of the types between backticks, without what is in their brackets: `Rc` of `std::rc::Rc<i32>`.
fn type_names(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let last = |text: &str| -> Option<usize> { text.find(['<', ' ']).or(Some(text.len())) };
    quoted
        .filter_map(move |text| text[..last(text)?].rsplit("::").next())
        .filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()) && !matches!(*name, "Sync" | "Send"))
}

/// Variables of before that the cell takes, with the text that names their types.
fn taken<'a>(context: &'a Context<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
    context.map.segments.iter().filter_map(|segment| match &segment.origin {
        Origin::Glue(Glue::Take(tag)) => {
            Some((words::variable(tag), context.generated.get(segment.generated.clone())?))
        }
        _ => None,
    })
}

/// Where the user's text within a generated range first names a variable.
fn used(name: &str, within: &Range<usize>, context: &Context<'_>) -> Option<Place> {
    context.map.segments.iter().filter(|segment| matches!(segment.origin, Origin::Cell { .. })).find_map(|segment| {
        let (from, to) = (segment.generated.start.max(within.start), segment.generated.end.min(within.end));
        let at = from + word(context.generated.get(from..to)?, name)?;
        context.map.place(at..at + name.len())
    })
}

/// Where a text has a word, not as a field or within another word.
fn word(text: &str, wanted: &str) -> Option<usize> {
    let part = |c: char| c == '_' || c.is_alphanumeric();
    text.match_indices(wanted).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + wanted.len()..].chars().next();
        !before.is_some_and(|c| part(c) || c == '.' || c == '"') && !after.is_some_and(part)
    })
}
