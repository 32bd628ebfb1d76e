//! An execution taken apart: its statements, what each names, and the items that it defines.

use crate::page::{Marks, Page, marks};
use crate::refusal::Place;
use crate::statements::{Statement, statements};
use ironbook_session::explored::Past;
use ironbook_session::items::{Definition, Items, definitions};
use ironbook_session::parse;
use ironbook_session::text::RustText;
use ironbook_session::{ExecutionId, Part};
use std::collections::BTreeSet;
use std::ops::Range;

/// Magics that only look, or whose text only measures: nothing of them is needed to make a value.
const LOOKING: &[&str] =
    &["profile", "track", "serve", "time", "timeit", "who", "whos", "expand", "help", "save", "notebook"];

/// An execution with its text taken apart.
pub(crate) struct Unit<'a> {
    /// The execution.
    pub past: &'a Past,
    /// Its Rust text, without the magics that only look.
    pub text: RustText,
    /// Items that it defines, with their bytes.
    pub items: Vec<(syn::Item, Range<usize>)>,
    /// All other statements.
    pub statements: Vec<Statement>,
    /// What comments say about the cell.
    pub marks: Marks,
}

impl<'a> Unit<'a> {
    /// Takes an execution apart; `items` are those in force before it.
    pub fn new(past: &'a Past, items: &Items, page: Option<&Page>) -> Option<Unit<'a>> {
        let source = without_looking(&past.source);
        let text = RustText::new(&source, past.id);
        let cell = parse::parse(&text.text, &|name| items.macro_defines_items(name)).ok()?;
        let statements = statements(&text.text, &cell);
        let tags = page
            .zip(past.cell.as_deref())
            .and_then(|(page, id)| page.cell(id))
            .map(|cell| cell.tags.clone())
            .unwrap_or_default();
        let marks = marks(&past.source.text, &tags);
        Some(Unit { past, text, items: cell.items, statements, marks })
    }

    /// Its number among executions.
    pub fn id(&self) -> ExecutionId {
        self.past.id
    }

    /// The definitions of its items.
    pub fn definitions(&self) -> Vec<Definition> {
        let of =
            |(item, range): &(syn::Item, Range<usize>)| definitions(item, range.clone(), &self.text, self.past.id, &[]);
        self.items.iter().flat_map(of).collect()
    }

    /// The place of a byte of its Rust text.
    pub fn place(&self, at: usize) -> Place {
        let at = at.min(self.text.text.len());
        let before = &self.text.text[..at];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let content = self.text.text[start..].lines().next().unwrap_or("").to_owned();
        // Lines are those of the cell: what a magic stands for is one of its lines, and the rest is verbatim.
        let line = self
            .past
            .source
            .text
            .lines()
            .position(|line| !content.trim().is_empty() && line.trim() == content.trim())
            .unwrap_or_else(|| before.matches('\n').count());
        Place { cell: self.past.number, line: line + 1, text: content }
    }

    /// Names that it binds or assigns in any of its statements.
    pub fn bound(&self) -> BTreeSet<&str> {
        let names = self.statements.iter().flat_map(|s| s.binds.iter().chain(&s.assigns));
        names.map(String::as_str).collect()
    }
}

/// The source with magics that only look replaced by nothing; lines keep their numbers.
fn without_looking(source: &ironbook_session::Source) -> ironbook_session::Source {
    let looks = |range: &Range<usize>| {
        let line = source.text[range.clone()].trim_start().trim_start_matches('%');
        let name = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("");
        LOOKING.contains(&name)
    };
    let part = |part: &Part| match part {
        Part::Lowered { range, text } if looks(range) || is_mark(text) => {
            Part::Lowered { text: "\n".repeat(text.matches('\n').count()), range: range.clone() }
        }
        other => other.clone(),
    };
    ironbook_session::Source { text: source.text.clone(), parts: source.parts.iter().map(part).collect() }
}

/// What measuring magics put around the user's text.
fn is_mark(text: &str) -> bool {
    text.contains("__ironbook_measure") || text.contains("ironbook::rt::measure")
}
