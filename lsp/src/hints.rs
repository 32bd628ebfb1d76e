//! `textDocument/inlayHint`: types and names of parameters from the language service; without it the compiler's types of the
//! variables that cells make.

use crate::page::{Cell, Page};
use crate::server::Server;
use ironbook_session::Variable;
use ironbook_session::language::{Answer, Document, Hint, Query};
use ironbook_session::parse::{self, Kind};
use lsp_types::{InlayHint, InlayHintKind, InlayHintLabel, Range, TextEdit, Uri};
use std::time::Duration;

/// So long the language service may take.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Longest type that is shown; of a longer one the beginning is.
const LONGEST: usize = 60;

impl Server {
    /// What is shown within a range of a document.
    pub(crate) fn hints(&self, page: &Page, uri: &Uri, range: Range) -> Vec<InlayHint> {
        let mut hints = match self.ask_whole(page, uri, Query::Hints, PATIENCE) {
            Some((document, Answer::Hints(found))) => {
                found.iter().filter_map(|hint| deep(hint, page, uri, &document)).collect()
            }
            _ => self.types(page, uri),
        };
        hints.retain(|hint| range.start <= hint.position && hint.position <= range.end);
        hints
    }

    /// A type behind each new name, as soon as the cell was checked.
    fn types(&self, page: &Page, uri: &Uri) -> Vec<InlayHint> {
        let report = self.report(&page_key(self, uri));
        let here = page.code().filter(|(_, cell)| cell.is_read() && cell.uri == *uri);
        here.flat_map(|(index, cell)| {
            let known = report.of(index, cell);
            known.map(|known| self.typed(cell, &known.after)).unwrap_or_default()
        })
        .collect()
    }

    /// The hints of a cell, by the variables that are there after it.
    fn typed(&self, cell: &Cell, after: &[Variable]) -> Vec<InlayHint> {
        let rust = self.blank_view().rust_of(cell.text.text());
        let Ok(parsed) = parse::parse(&rust, &|_| false) else { return Vec::new() };
        let mut found: Vec<(String, usize)> = Vec::new();
        for statement in &parsed.statements {
            let Kind::Let { names, .. } = &statement.kind else { continue };
            // What a later `let` of the cell binds again has the later one's type.
            found.retain(|(name, _)| !names.contains(name));
            found.extend(untyped(&rust, statement.range.start));
        }
        let hint = |(name, end): (String, usize)| {
            let variable = after.iter().find(|variable| variable.name == name)?;
            Some(hint(cell, end, &variable.type_name))
        };
        found.into_iter().filter_map(hint).collect()
    }
}

/// A hint of the language service, if the text that it stands at is the user's.
fn deep(hint: &Hint, page: &Page, uri: &Uri, document: &Document) -> Option<InlayHint> {
    let beside = if hint.is_parameter {
        hint.at..hint.at + document.text.get(hint.at..)?.chars().next()?.len_utf8()
    } else {
        hint.at - document.text.get(..hint.at)?.chars().next_back()?.len_utf8()..hint.at
    };
    let (cell, there) = page.written(document, beside)?;
    // Only what is written at the very place can be said of it.
    let edits = match hint.edits.as_slice() {
        [(range, text)] if *range == (hint.at..hint.at) => {
            Some(vec![TextEdit::new(cell.range(there.end..there.end), text.clone())])
        }
        _ => None,
    };
    (cell.uri == *uri).then(|| InlayHint {
        position: cell.position(if hint.is_parameter { there.start } else { there.end }),
        label: InlayHintLabel::String(hint.label.clone()),
        kind: Some(if hint.is_parameter { InlayHintKind::PARAMETER } else { InlayHintKind::TYPE }),
        text_edits: edits,
        tooltip: None,
        padding_left: None,
        padding_right: hint.is_parameter.then_some(true),
        data: None,
    })
}

fn page_key(server: &Server, uri: &Uri) -> String {
    server.documents.owner(uri.as_str())
}

/// The name that a `let` binds, with the byte behind it, if that is all it binds and no type is written there.
fn untyped(rust: &str, start: usize) -> Option<(String, usize)> {
    let rest = rust.get(start..)?.strip_prefix("let")?;
    let rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
    let rest = rest.strip_prefix("mut ").unwrap_or(rest).trim_start();
    let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    let (name, behind) = rest.split_at(length);
    let is_bound = behind.trim_start().starts_with('=') && !name.is_empty();
    is_bound.then(|| (name.to_owned(), rust.len() - behind.len()))
}

fn hint(cell: &Cell, end: usize, type_name: &str) -> InlayHint {
    let mut label: String = type_name.chars().take(LONGEST).collect();
    let is_cut = label.len() < type_name.len();
    if is_cut {
        label.push('…');
    }
    InlayHint {
        position: cell.position(end),
        label: InlayHintLabel::String(format!(": {label}")),
        kind: Some(InlayHintKind::TYPE),
        text_edits: None,
        tooltip: is_cut.then(|| lsp_types::InlayHintTooltip::String(type_name.to_owned())),
        padding_left: None,
        padding_right: None,
        data: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_without_a_type_are_hinted() {
        assert_eq!(untyped("let mut ü = 1;", 0), Some(("ü".to_owned(), 10)));
        assert_eq!(untyped(";\nlet a=1;", 2), Some(("a".to_owned(), 7)));
        for text in ["let a: i32 = 1;", "let (a, b) = c;", "let Some(a) = b else { return };", "let a;", "letter = 1;"]
        {
            assert_eq!(untyped(text, 0), None, "{text}");
        }
    }
}
