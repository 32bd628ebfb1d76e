//! What helps while typing: completion, inspection, and whether a cell is whole; answered from the session itself, at once.
//!
//! Nothing is ever executed for it: all answers come from a [`View`] that the front end takes between cells.

use ironbook_core::Bundle;
use ironbook_magics::Registry;
use ironbook_session::{ItemInfo, Variable};
use std::ops::Range;
use std::path::PathBuf;

/// What is known of a session at one moment.
#[derive(Clone, Default)]
pub struct View {
    /// The live variables.
    pub variables: Vec<Variable>,
    /// The items in force.
    pub items: Vec<ItemInfo>,
    /// The magics.
    pub registry: Registry,
    /// The cells' working directory.
    pub directory: PathBuf,
}

/// What could stand at the cursor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completions {
    /// The bytes of the text that a candidate replaces.
    pub range: Range<usize>,
    /// The candidates, best first.
    pub candidates: Vec<Candidate>,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What is put in.
    pub text: String,
    /// What it is, in the words that JupyterLab has icons for: `function`, `instance`, `class`, `module`, `keyword`, `magic`, `path`.
    pub kind: &'static str,
    /// Its type or signature, if known.
    pub signature: String,
    /// A line about it.
    pub summary: String,
}

/// How much an inspection shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Signature and documentation.
    Brief,
    /// Its source text as well, where the session has it.
    Full,
}

/// Whether a text is a whole cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It can be run.
    Complete,
    /// More must follow; the next line begins with this indent.
    Incomplete {
        /// Spaces.
        indent: String,
    },
    /// No text after it can make it right.
    Invalid,
}

/// What could stand at the byte `cursor`.
pub fn complete(_view: &View, _text: &str, cursor: usize) -> Completions {
    Completions { range: cursor..cursor, candidates: Vec::new() }
}

/// What stands at the byte `cursor`: `text/plain`, `text/html` and `text/markdown`.
pub fn inspect(_view: &View, _text: &str, _cursor: usize, _detail: Detail) -> Option<Bundle> {
    None
}

/// Whether the text is a whole cell.
pub fn completeness(_view: &View, _text: &str) -> Completeness {
    Completeness::Complete
}
