//! Another name for what stands at a place, refused where the text would then mean something else.

use super::bytes;
use crate::host::Host;
use ironbook_session::language::{Answer, Query, Target};
use ra_ap_ide::{FileStructureConfig, RenameConfig, StructureNodeKind, SymbolKind};
use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes of the text with what is written there, in order.
type Edits = Vec<(Range<usize>, String)>;

impl Host {
    /// The edits that give another name. Afterwards the same places have to mean the same thing: a name that is taken there
    /// already would catch some of them, or be caught.
    ///
    /// Where rust-analyzer panics at it, it is refused, and the text is as it was.
    pub fn rename(&mut self, at: usize, name: &str) -> Answer {
        let original = self.text().to_owned();
        let renamed = catch_unwind(AssertUnwindSafe(|| self.rename_here(at, name)));
        renamed.unwrap_or_else(|_| {
            self.set_text(original);
            Answer::Refused("rust-analyzer fails at this place; what is here cannot be renamed".to_owned())
        })
    }

    fn rename_here(&mut self, at: usize, name: &str) -> Answer {
        if !self.is_sane() || !self.text().is_char_boundary(at) {
            return Answer::Nothing;
        }
        let edits = match self.edits(at, name) {
            Ok(edits) => edits,
            Err(why) => return Answer::Refused(why),
        };
        let (before, twice_before) = (self.named(at), self.twice());
        let original = self.text().to_owned();
        self.set_text(applied(&original, &edits));
        let (after, twice_after) = (self.named(moved(at, &edits)), self.twice());
        self.set_text(original);
        let expected: Vec<usize> = before.iter().map(|range| renamed(range, &edits)).collect();
        if twice_after > twice_before {
            Answer::Refused(format!("there is `{name}` already; one of the two would be lost"))
        } else if expected.iter().eq(after.iter().map(|range| &range.start)) {
            Answer::Edits(edits)
        } else {
            Answer::Refused(format!("`{name}` is the name of something else there; the cells would mean another thing"))
        }
    }

    fn edits(&self, at: usize, name: &str) -> Result<Edits, String> {
        let config =
            RenameConfig { prefer_no_std: false, prefer_prelude: true, prefer_absolute: false, show_conflicts: false };
        let renamed = self.analysis().rename(self.position(at), name, &config);
        let change = renamed.map_err(|_| "the question was given up".to_owned())?.map_err(|error| error.to_string())?;
        let mut edits = Edits::new();
        for (file, (edit, _)) in &change.source_file_edits {
            if *file != self.text_id() {
                return Err("it is defined outside of the cells".to_owned());
            }
            edits.extend(edit.iter().map(|one| (bytes(one.delete), one.insert.clone())));
        }
        edits.sort_by_key(|(range, _)| range.start);
        if edits.is_empty() || !change.file_system_edits.is_empty() {
            return Err("it cannot be renamed".to_owned());
        }
        Ok(edits)
    }

    /// How many items, fields and variants are called like one before them in the same place, where there can be only one.
    fn twice(&self) -> usize {
        let structure = self.analysis().file_structure(&FileStructureConfig { exclude_locals: true }, self.text_id());
        let mut seen = BTreeSet::new();
        let named = structure.unwrap_or_default().into_iter().filter_map(|node| {
            let space = space(node.kind)?;
            Some((node.parent, space, node.label))
        });
        named.filter(|one| !seen.insert(one.clone())).count()
    }

    /// Where what stands at a place is named, in order.
    fn named(&self, at: usize) -> Vec<Range<usize>> {
        let Answer::Targets(targets) = self.answer(&Query::References, at) else { return Vec::new() };
        let mut ranges: Vec<Range<usize>> = targets
            .into_iter()
            .filter_map(|target| match target {
                Target::Text(range) => Some(range),
                Target::File { .. } => None,
            })
            .collect();
        ranges.sort_unstable_by_key(|range| range.start);
        ranges.dedup();
        ranges
    }
}

/// What has to have a name of its own beside others of its kind.
fn space(kind: StructureNodeKind) -> Option<&'static str> {
    use SymbolKind as S;
    let StructureNodeKind::SymbolKind(kind) = kind else { return None };
    Some(match kind {
        S::Struct | S::Enum | S::Union | S::Trait | S::TypeAlias | S::Module => "types",
        S::Function | S::Method | S::Const | S::Static => "values",
        S::Field => "fields",
        S::Variant => "variants",
        _ => return None,
    })
}

/// The text after the edits.
fn applied(text: &str, edits: &Edits) -> String {
    let mut out = text.to_owned();
    for (range, insert) in edits.iter().rev() {
        out.replace_range(range.clone(), insert);
    }
    out
}

/// Where a name begins after the edits: behind the field's name where `S { x }` became `S { x: y }`.
fn renamed(name: &Range<usize>, edits: &Edits) -> usize {
    let edit = edits.iter().find(|(range, _)| range.start <= name.end && name.start <= range.end);
    let Some((range, insert)) = edit else { return moved(name.start, edits) };
    let new = insert.rsplit(": ").next().unwrap_or(insert);
    moved(range.start, edits) + insert.len() - new.len()
}

/// Where a byte of the text lies after the edits; one within an edit at the edit's beginning.
fn moved(at: usize, edits: &Edits) -> usize {
    let before = edits.iter().take_while(|(range, _)| range.end <= at && range.start < at);
    let (gone, come) = before.fold((0, 0), |(gone, come), (range, insert)| (gone + range.len(), come + insert.len()));
    let inside = edits.iter().find(|(range, _)| range.start < at && at < range.end);
    inside.map_or(at, |(range, _)| range.start) + come - gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_move_with_the_text() {
        let edits = vec![(4..5, "long".to_owned()), (10..13, "x".to_owned())];
        assert_eq!(applied("let a = 1;abc;", &edits), "let long = 1;x;");
        assert_eq!([0, 4, 5, 10, 11, 13].map(|at| moved(at, &edits)), [0, 4, 8, 13, 13, 14]);
        assert_eq!([4..5, 10..13].map(|name| renamed(&name, &edits)), [4, 13]);
        for field in [vec![(4..5, "x: y".to_owned())], vec![(5..5, ": y".to_owned())]] {
            assert_eq!(renamed(&(4..5), &field), 7);
        }
    }
}
