//! What a failed compile of a cell says about its variables, and how to generate the cell again.
//!
//! A variable that was moved shows as E0382 on its put, one that borrows as E0597 and the like.

use crate::codegen::{Binding, Placement, binding_of};
use crate::diagnostics::{Message, glues};
use crate::map::{ExecutionId, Glue, SourceMap};
use crate::parse::{Cell, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What to change before the next compile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adjustment {
    /// New placements.
    pub placements: BTreeMap<Binding, Placement>,
    /// Variables to load that were not found before.
    pub loads: BTreeSet<String>,
    /// Variables whose type's path does not compile.
    pub retype: BTreeSet<String>,
    /// Remarks for the user.
    pub notes: Vec<String>,
    /// Errors that are the user's.
    pub blamed: Vec<Message>,
    /// Executions that all of the user's errors lie in.
    pub blamed_in: BTreeSet<ExecutionId>,
    /// The statement from which on no further nested calls are opened.
    pub flat: Option<usize>,
    /// Bytes of the generated crate that they lie on.
    pub blamed_at: Vec<usize>,
    /// Whether a name was not found that an item left out might define.
    pub unresolved: bool,
}

impl Adjustment {
    /// Whether another compile can give another result.
    pub fn changes(&self) -> bool {
        self.flat.is_some() || !self.placements.is_empty() || !self.loads.is_empty() || !self.retype.is_empty()
    }
}

/// What the engine knows while it reads the messages.
pub struct Situation<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// Levels of its statements.
    pub levels: &'a [usize],
    /// The generated crate's map.
    pub map: &'a SourceMap,
    /// Where the statements stand in the generated crate.
    pub statements: &'a [Range<usize>],
    /// The statement from which on there are no nested calls.
    pub flat: Option<usize>,
    /// Placements so far.
    pub placements: &'a BTreeMap<Binding, Placement>,
    /// Names of live variables that are not loaded.
    pub live: &'a dyn Fn(&str) -> bool,
}

/// Errors of values that do not live long enough to be kept.
const BORROWS: &[&str] = &[
    "E0597", "E0505", "E0521", "E0716", "E0373", "E0515", "E0499", "E0502", "E0503", "E0506", "E0310", "E0713",
    "E0700", "E0621",
];
/// Errors that statements give in nested calls although they are sound one after the other.
const ACROSS: &[&str] = &["E0382", "E0499", "E0502", "E0503", "E0505", "E0506", "E0381"];
const UNRESOLVED: &[&str] =
    &["E0425", "E0412", "E0433", "E0405", "E0432", "E0422", "E0423", "E0531", "E0574", "E0599", "E0277", "E0404"];

/// Reads the errors of a failed compile.
pub fn adjust(messages: &[Message], situation: &Situation) -> Adjustment {
    let mut out = Adjustment::default();
    for message in messages.iter().filter(|m| m.is_error() && !m.spans.is_empty()) {
        if !glue_error(message, situation, &mut out) {
            blame(message, situation, &mut out);
        }
    }
    if messages.iter().any(|m| m.is_error() && m.spans.is_empty()) && !out.changes() && out.blamed.is_empty() {
        out.blamed.extend(messages.iter().filter(|m| m.is_error()).cloned());
    }
    out
}

fn glue_error(message: &Message, situation: &Situation, out: &mut Adjustment) -> bool {
    let code = message.code().unwrap_or("");
    let put = |primary: bool| {
        glues(message, situation.map).filter(|(span, _)| span.is_primary == primary).find_map(|(_, glue)| match glue {
            Glue::Put(tag) => Some(binding_of(tag)),
            _ => None,
        })
    };
    match code {
        "E0382" | "E0381" => {
            let Some(binding) = put(true) else { return false };
            let place = if code == "E0382" { after_move(&binding, situation) } else { Placement::Nowhere };
            out.placements.insert(binding, place);
            true
        }
        // A value of the type `!` is never there.
        "E0277" if ["`!: ", "`!`", ", !>"].iter().any(|never| message.message.contains(never)) => {
            let Some(binding) = put(true) else { return false };
            out.placements.insert(binding, Placement::Nowhere);
            true
        }
        code if BORROWS.contains(&code) => {
            let Some(binding) = put(false).or_else(|| put(true)) else { return false };
            note_borrow(message, &binding, out);
            out.placements.insert(binding, Placement::Nowhere);
            true
        }
        _ => take_error(message, situation, out),
    }
}

fn take_error(message: &Message, situation: &Situation, out: &mut Adjustment) -> bool {
    let primaries = glues(message, situation.map).filter(|(span, _)| span.is_primary);
    let taken: BTreeSet<String> = primaries
        .filter_map(|(_, glue)| match glue {
            Glue::Take(name) => Some(name.clone()),
            _ => None,
        })
        .collect();
    let found = !taken.is_empty();
    out.retype.extend(taken);
    found
}

fn note_borrow(message: &Message, binding: &Binding, out: &mut Adjustment) {
    let (name, _) = binding;
    if name.starts_with('_') {
        return;
    }
    let from = message
        .message
        .split('`')
        .nth(1)
        .filter(|from| from != name && !from.starts_with("__ironbook") && from.len() < 40);
    let whom = from.map_or_else(|| "from a value of this cell".to_owned(), |from| format!("from `{from}`"));
    out.notes.push(format!("`{name}` borrows {whom} and ends with this cell; clone it (or make it owned) to keep it"));
}

/// A moved variable lives on only if it is assigned to again.
fn after_move(binding: &Binding, situation: &Situation) -> Placement {
    let (name, made) = binding;
    if situation.placements.contains_key(binding) || rebound(name, *made, situation) {
        return Placement::Nowhere;
    }
    let statements = situation.cell.statements.iter().zip(situation.levels);
    let assigned = statements.filter(|(s, _)| s.assigns.contains(name)).map(|(_, level)| *level).max();
    match (assigned, made) {
        (Some(level), None) => Placement::Inside(level),
        (Some(level), Some(made)) if level > *made => Placement::Inside(level),
        _ => Placement::Nowhere,
    }
}

/// A nested call uses all that it mentions at once, its statements one after the other: where several statements are at
/// odds, the first of them, from which on they are to stand in one call.
fn first_of_several(message: &Message, situation: &Situation) -> Option<usize> {
    let statement = |at: usize| situation.statements.iter().position(|range| range.contains(&at));
    let involved: BTreeSet<usize> = message.spans.iter().filter_map(|span| statement(outermost(span))).collect();
    let first = *involved.first()?;
    (involved.len() > 1 && situation.flat.is_none_or(|flat| first < flat)).then_some(first)
}

fn outermost(span: &crate::diagnostics::Span) -> usize {
    span.expansion.as_ref().map_or(span.byte_start, |expansion| outermost(&expansion.span))
}

/// Whether a later `let` of the cell makes a new variable of the same name.
fn rebound(name: &str, made: Option<usize>, situation: &Situation) -> bool {
    let statements = situation.cell.statements.iter().zip(situation.levels);
    let mut lets = statements.filter_map(|(s, level)| match &s.kind {
        Kind::Let { names, .. } if names.iter().any(|n| n == name) => Some(*level),
        _ => None,
    });
    lets.any(|level| made.is_none_or(|made| level > made))
}

fn blame(message: &Message, situation: &Situation, out: &mut Adjustment) {
    let code = message.code().unwrap_or("");
    if code == "E0425"
        && let Some(name) = message.message.split('`').nth(1)
        && (situation.live)(name)
    {
        out.loads.insert(name.to_owned());
        return;
    }
    if ACROSS.contains(&code)
        && let Some(first) = first_of_several(message, situation)
    {
        out.flat = Some(out.flat.map_or(first, |flat| flat.min(first)));
        return;
    }
    out.unresolved |= UNRESOLVED.contains(&code);
    for span in message.spans.iter().filter(|s| s.is_primary) {
        out.blamed_at.push(outermost(span));
        if let Some(place) = place(span, situation.map) {
            out.blamed_in.insert(place);
        }
    }
    out.blamed.push(message.clone());
}

fn place(span: &crate::diagnostics::Span, map: &SourceMap) -> Option<ExecutionId> {
    let here = map.place(span.byte_start..span.byte_end).map(|p| p.execution);
    here.or_else(|| place(&span.expansion.as_ref()?.span, map))
}
