//! The colours of the text being typed.

use super::indent;
use super::lex::{Kind, Span, lex};
use crate::theme::{Role, Theme};
use std::collections::BTreeSet;
use std::ops::Range;

/// A text's pieces and their colours.
pub struct Colored {
    spans: Vec<Span>,
    /// Pieces with a colour, in order.
    pub roles: Vec<(Range<usize>, Role)>,
}

/// The colours of a text, the cursor at a byte; `names` are the session's variables.
pub fn of(text: &str, cursor: usize, names: &BTreeSet<String>, theme: Theme) -> Colored {
    if theme == Theme::None {
        return Colored { spans: Vec::new(), roles: Vec::new() };
    }
    let spans = lex(text, cursor);
    let role = |span: &Span| match span.kind {
        Kind::Role(role) => Some((span.range.clone(), role)),
        Kind::Word if names.contains(&text[span.range.clone()]) => Some((span.range.clone(), Role::Variable)),
        _ => None,
    };
    let roles = spans.iter().filter_map(role).collect();
    Colored { spans, roles }
}

impl Colored {
    /// The bracket at the cursor, or else before it, and its partner.
    pub fn partners(&self, cursor: usize) -> Vec<usize> {
        let pair = |at: usize| indent::partner(&self.spans, at).map(|other| vec![at, other]);
        let before = cursor.checked_sub(1);
        pair(cursor).or_else(|| pair(before?)).unwrap_or_default()
    }
}
