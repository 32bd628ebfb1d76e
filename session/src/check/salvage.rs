//! What a cell with errors would make all the same: variables whose types the compiler can tell, and items without errors.
//!
//! That is a guess: a type may be another one once the error is mended. Assistance is better with it than without; no later
//! cell is blamed for what rests on it.

use super::follow::made;
use super::{Checked, Checker, MISSING, Refused};
use crate::diagnostics::{Diagnostic, Severity};
use crate::execute::Prepared;
use crate::items::label;
use crate::map::Place;
use crate::source::{Part, Source};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

impl Checker {
    /// Takes over what stands beside the errors of a cell.
    pub(super) fn salvage(&mut self, refused: Refused, source: &Source, checked: &mut Checked) {
        let Refused { prepared, generated } = refused;
        let wanted = made(&generated);
        let printed = if wanted.is_empty() { Default::default() } else { self.printed(&generated, &wanted, checked) };
        if let Some(faulty) = faulty_items(&prepared, source, &checked.faults).filter(|_| !prepared.own.is_empty()) {
            self.session.take_items(&prepared, &faulty);
        }
        let maker = Arc::new(generated);
        for (name, path) in printed {
            self.put(&name, &path, &prepared, &maker);
            self.guessed.insert(name);
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

/// The items of a cell with errors in them, by what they are called in messages; nothing where that cannot be told of one.
fn faulty_items(prepared: &Prepared, source: &Source, faults: &[Place]) -> Option<BTreeSet<String>> {
    let mut faulty = BTreeSet::new();
    for (item, range) in &prepared.cell.items {
        let range = in_text(source, range)?;
        if !faults.iter().any(|fault| range.contains(&fault.range.start)) {
            continue;
        }
        let syn::Item::Fn(function) = item else { return None };
        let name = function.sig.ident.to_string();
        faulty.extend(prepared.own.iter().filter(|key| key.name == name).map(label));
    }
    Some(faulty)
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

#[cfg(test)]
mod tests {
    use super::*;

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
