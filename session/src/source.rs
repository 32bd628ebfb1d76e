//! A cell as the engine gets it: the user's text, with magics already lowered to Rust.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The user's text and what is to be compiled of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The cell as the user wrote it, magics and all.
    pub text: String,
    /// What is compiled, in order.
    pub parts: Vec<Part>,
}

/// A piece of what is compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Bytes of the user's text, verbatim.
    User(Range<usize>),
    /// Rust text that a magic stands for.
    Lowered {
        /// The Rust text.
        text: String,
        /// The magic's bytes in the user's text.
        range: Range<usize>,
    },
}

impl Source {
    /// A cell without magics.
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        let parts = vec![Part::User(0..text.len())];
        Source { text, parts }
    }

    /// The Rust text that is compiled.
    pub fn rust(&self) -> String {
        self.parts.iter().map(|part| part.text(&self.text)).collect()
    }
}

impl Part {
    /// The piece's Rust text; `cell` is the user's text.
    pub fn text<'a>(&'a self, cell: &'a str) -> &'a str {
        match self {
            Part::User(range) => &cell[range.clone()],
            Part::Lowered { text, .. } => text,
        }
    }
}
