//! `textDocument/inlayHint`: the compiler's types of the variables that cells make.

use crate::page::{Cell, Page};
use crate::server::Server;
use ironbook_session::Variable;
use ironbook_session::parse::{self, Kind};
use lsp_types::{InlayHint, InlayHintKind, InlayHintLabel, Range, Uri};

/// Longest type that is shown; of a longer one the beginning is.
const LONGEST: usize = 60;

impl Server {
    /// A type behind each new name in a range of a document, as soon as the cell was checked.
    pub(crate) fn hints(&self, page: &Page, uri: &Uri, range: Range) -> Vec<InlayHint> {
        let report = self.report(&page_key(self, uri));
        let here = page.code().filter(|(_, cell)| cell.uri == *uri);
        let all = here.flat_map(|(index, cell)| {
            let known = report.cells.get(&index).filter(|known| known.text == cell.text.text());
            known.map(|known| self.typed(cell, &known.after)).unwrap_or_default()
        });
        all.filter(|hint| range.start <= hint.position && hint.position <= range.end).collect()
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
