//! A cell with changes, compiled to see whether they hold.

use crate::check::{Checked, Checker};
use crate::codegen::{Binding, Placement};
use crate::compile::Goal;
use crate::diagnostics;
use crate::execute::{Findings, Refusal};
use crate::source::{Part, Source};
use std::collections::BTreeMap;
use std::ops::Range;

/// What is put in the place of which bytes of the cell.
pub type Edit = (Range<usize>, String);

/// A changed cell that compiles.
pub struct Tried {
    /// Where its variables are.
    pub placed: BTreeMap<Binding, Placement>,
    /// How many doubts the compiler has of it.
    pub doubts: usize,
}

impl Checker {
    /// Compiles the cell with changes; else the places of the errors, or none where too many changes have been tried.
    pub(super) fn tried(
        &mut self,
        source: &Source,
        edits: &[Edit],
        checked: &mut Checked,
    ) -> Result<Tried, Vec<Range<usize>>> {
        self.tries = self.tries.checked_sub(1).ok_or_else(Vec::new)?;
        let execution = self.execution();
        let changed = changed(source, edits).ok_or_else(Vec::new)?;
        let prepared = self.session.prepare(&changed, execution).map_err(|_| Vec::new())?;
        let mut findings = Findings::default();
        let mut draft = self.session.draft(&prepared, &findings).map_err(|_| Vec::new())?;
        match self.session.settle_draft(&prepared, &mut draft, &mut findings, Goal::Check) {
            Ok(settled) => {
                checked.compiles += settled.rounds;
                checked.seconds += settled.seconds;
                let messages = &settled.compiled.messages;
                let doubts =
                    self.with_context(&draft.generated, |context| diagnostics::doubts(messages, context)).len();
                Ok(Tried { placed: findings.placed(), doubts })
            }
            Err(Refusal::Errors(messages)) => {
                checked.compiles += 1;
                let found = self.with_context(&draft.generated, |context| diagnostics::errors(&messages, context));
                Err(found.into_iter().filter_map(|found| Some(found.place?.range)).collect())
            }
            Err(Refusal::Other(_)) => Err(Vec::new()),
        }
    }
}

/// The source with changes, each within a part that is verbatim text.
fn changed(source: &Source, edits: &[Edit]) -> Option<Source> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut made = 0;
    let mut parts = Vec::new();
    for part in &source.parts {
        let Part::User(range) = part else {
            parts.push(part.clone());
            continue;
        };
        let mut at = range.start;
        for (edited, text) in &edits {
            if at <= edited.start && edited.end <= range.end {
                parts.push(Part::User(at..edited.start));
                parts.push(Part::Lowered { text: text.clone(), range: edited.clone() });
                at = edited.end;
                made += 1;
            }
        }
        parts.push(Part::User(at..range.end));
    }
    (made == edits.len()).then(|| Source { text: source.text.clone(), parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_changed_within_its_text() {
        let source = Source {
            text: "%m\na.unwrap() + b".to_owned(),
            parts: vec![Part::Lowered { text: "m();".to_owned(), range: 0..2 }, Part::User(2..17)],
        };
        let change = |range, text: &str| changed(&source, &[(range, text.to_owned())]).map(|source| source.rust());
        assert_eq!(change(4..13, "?").as_deref(), Some("m();\na? + b"));
        assert_eq!(change(17..17, ";").as_deref(), Some("m();\na.unwrap() + b;"));
        assert_eq!(change(0..1, "x"), None);
    }
}
