//! Rust text of a cell that remembers where each byte of it comes from, and edits on it.

use crate::map::{Builder, ExecutionId, Origin};
use crate::source::{Part, Source};
use std::borrow::Cow;
use std::ops::Range;

/// The Rust text of a cell with the origins of its parts.
#[derive(Clone, Debug)]
pub struct RustText {
    /// The text.
    pub text: String,
    runs: Vec<(Range<usize>, Origin)>,
}

/// A change to a text: `delete` bytes at `at` are replaced by glue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Byte offset.
    pub at: usize,
    /// Bytes removed there.
    pub delete: usize,
    /// Glue put there.
    pub insert: Cow<'static, str>,
}

impl Edit {
    /// An insertion.
    pub fn insert(at: usize, insert: &'static str) -> Self {
        Edit { at, delete: 0, insert: insert.into() }
    }
}

/// A run of text with its origin, kept for later emission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Where it is from.
    pub origin: Origin,
}

impl Piece {
    /// A piece of the engine's own.
    pub fn glue(text: impl Into<String>) -> Self {
        Piece { text: text.into(), origin: Origin::Glue(crate::map::Glue::Plain) }
    }
}

impl RustText {
    /// The Rust text of a cell that is execution `execution`.
    pub fn new(source: &Source, execution: ExecutionId) -> Self {
        let mut text = String::new();
        let mut runs = Vec::new();
        for part in &source.parts {
            let start = text.len();
            text.push_str(part.text(&source.text));
            let origin = match part {
                Part::User(range) => Origin::Cell { execution, start: range.start },
                Part::Lowered { range, .. } => Origin::Lowered { execution, range: range.clone() },
            };
            runs.push((start..text.len(), origin));
        }
        RustText { text, runs }
    }

    /// The pieces of a range with edits applied. Edits outside of the range are ignored.
    pub fn pieces(&self, range: Range<usize>, edits: &[Edit]) -> Vec<Piece> {
        let mut edits: Vec<&Edit> = edits.iter().filter(|e| range.start <= e.at && e.at <= range.end).collect();
        edits.sort_by_key(|e| e.at);
        let mut out = Vec::new();
        let mut at = range.start;
        for edit in edits {
            self.verbatim(at..edit.at, &mut out);
            out.push(Piece::glue(edit.insert.clone()));
            at = edit.at + edit.delete;
        }
        self.verbatim(at..range.end, &mut out);
        out
    }

    fn verbatim(&self, range: Range<usize>, out: &mut Vec<Piece>) {
        for (run, origin) in &self.runs {
            let start = range.start.max(run.start);
            let end = range.end.min(run.end);
            if start < end {
                let origin = match origin {
                    Origin::Cell { execution, start: from } => {
                        Origin::Cell { execution: *execution, start: from + (start - run.start) }
                    }
                    other => other.clone(),
                };
                out.push(Piece { text: self.text[start..end].to_owned(), origin });
            }
        }
    }

    /// The range as one origin that stands for all of it (for text that is rewritten as a whole).
    pub fn whole(&self, range: Range<usize>) -> Origin {
        let pieces = self.pieces(range.clone(), &[]);
        match pieces.first().map(|p| &p.origin) {
            Some(Origin::Cell { execution, start }) => {
                Origin::Lowered { execution: *execution, range: *start..start + range.len() }
            }
            Some(other) => other.clone(),
            None => Origin::Glue(crate::map::Glue::Plain),
        }
    }
}

/// Emits pieces.
pub fn emit(builder: &mut Builder, pieces: &[Piece]) {
    for piece in pieces {
        builder.push(&piece.text, piece.origin.clone());
    }
}
