//! What a cell with errors would make all the same: it is taken for run without the statements and items that the errors are in.
//!
//! That is a guess: a type may be another one once the error is mended. Assistance is better with it than without; no later
//! cell is blamed for what rests on it.

use super::{Checked, Checker, MISSING};
use crate::diagnostics::{Diagnostic, Severity};
use crate::execute::Prepared;
use crate::map::Place;
use crate::parse::Cell;
use crate::source::{Part, Source};
use std::ops::Range;

/// So often statements are left out because others were.
const ROUNDS: u32 = 3;

impl Checker {
    /// Takes over what stands beside the errors of a cell.
    pub(super) fn salvage(&mut self, source: &Source, checked: &Checked) {
        let execution = self.execution();
        let mut rest = source.clone();
        let mut faults = checked.faults.clone();
        for _ in 0..ROUNDS {
            let Ok(prepared) = self.session.prepare(&rest, execution) else { return };
            let pieces = faulty(&prepared.cell, &rest, &faults);
            if pieces.is_empty() || self.session.handle().pressed() {
                return;
            }
            pieces.into_iter().for_each(|piece| blank(&mut rest.text, piece));
            let Ok(prepared) = self.session.prepare(&rest, execution) else { return };
            if prepared.cell.statements.is_empty() && prepared.own.is_empty() {
                return;
            }
            let mut again = Checked::default();
            if let Some(sound) = self.settle(prepared, &rest, &mut again) {
                let made = self.made(&sound);
                self.take_over(sound, &mut again);
                self.guessed.extend(made);
                return;
            }
            faults = places(&again.diagnostics);
        }
    }

    /// Whether a cell works with what was guessed.
    pub(super) fn is_guess(&self, prepared: &Prepared) -> bool {
        let mut mentioned = prepared.cell.statements.iter().flat_map(|statement| &statement.mentions);
        mentioned.any(|name| self.guessed.contains(name))
    }
}

/// Whether a diagnostic holds whatever the types are that a cell works with.
pub(super) fn holds_for_any_type(diagnostic: &Diagnostic) -> bool {
    let is_hint = diagnostic.severity == Severity::Hint;
    is_hint || diagnostic.code.as_deref().is_some_and(|code| MISSING.contains(&code))
}

/// Where errors are.
pub(super) fn places(diagnostics: &[Diagnostic]) -> Vec<Place> {
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error);
    errors.filter_map(|found| found.place.clone()).collect()
}

/// The bytes of the user's text that have the statements and items with errors; none if one has an error that cannot be left out.
fn faulty(cell: &Cell, source: &Source, faults: &[Place]) -> Vec<Range<usize>> {
    let statements = cell.statements.iter().map(|statement| &statement.range);
    let all = statements.chain(cell.items.iter().map(|(_, range)| range));
    let own: Vec<Range<usize>> = all.filter_map(|range| in_text(source, range)).collect();
    let mut found = Vec::new();
    for fault in faults {
        let Some(piece) = own.iter().find(|own| own.contains(&fault.range.start)) else { return Vec::new() };
        if !found.contains(piece) {
            found.push(piece.clone());
        }
    }
    found
}

/// Bytes of the user's text for those of its Rust; nothing where a magic stands among them.
fn in_text(source: &Source, rust: &Range<usize>) -> Option<Range<usize>> {
    let mut at = 0;
    for part in &source.parts {
        let length = part.text(&source.text).len();
        if rust.start < at + length {
            let Part::User(own) = part else { return None };
            let start = own.start + rust.start - at;
            return (rust.end <= at + length).then(|| start..start + rust.len());
        }
        at += length;
    }
    None
}

/// Writes blanks over a part of a text; lines stay.
fn blank(text: &mut String, piece: Range<usize>) {
    let blanks = text[piece.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect::<String>();
    text.replace_range(piece, &blanks);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_keeps_the_bytes_of_the_rest() {
        let mut text = "let ü = \"🦀\n\"; b".to_owned();
        let end = text.find("; b").unwrap();
        let length = text.len();
        blank(&mut text, 0..end);
        assert_eq!((text.len(), text.trim()), (length, "; b"));
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn places_in_rust_are_found_beside_magics() {
        let text = "%m\nlet a;".to_owned();
        let lowered = Part::Lowered { text: "magic();\n".to_owned(), range: 0..3 };
        let source = Source { text, parts: vec![lowered, Part::User(3..9)] };
        assert_eq!(in_text(&source, &(9..15)), Some(3..9));
        assert_eq!(in_text(&source, &(0..8)), None);
        assert_eq!(in_text(&source, &(9..16)), None);
        assert_eq!(in_text(&source, &(15..16)), None);
    }
}
