//! Diagnostics as the editor shows them, and the compiler's suggestions as its quick fixes.

use crate::checks::Report;
use crate::page::{Cell, Page};
use ironbook_session::Place;
use ironbook_session::diagnostics::{self, Fix};
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity,
    Location, NumberOrString, Range, TextEdit, Uri, WorkspaceEdit,
};
use std::collections::HashMap;

/// The diagnostics of each document of a page; those that have none are there as well, so that old ones go.
pub fn diagnostics(page: &Page, report: &Report) -> Vec<(Uri, Vec<Diagnostic>)> {
    let mut all: Vec<(Uri, Vec<Diagnostic>)> = Vec::new();
    for (index, cell) in page.cells.iter().enumerate() {
        let found = report.cells.get(&index).map(|known| known.diagnostics.as_slice()).unwrap_or_default();
        let shown = found.iter().map(|diagnostic| shown(diagnostic, index, page, report));
        match all.iter_mut().find(|(uri, _)| *uri == cell.uri) {
            Some((_, list)) => list.extend(shown),
            None => all.push((cell.uri.clone(), shown.collect())),
        }
    }
    all
}

fn shown(diagnostic: &diagnostics::Diagnostic, index: usize, page: &Page, report: &Report) -> Diagnostic {
    let cell = &page.cells[index];
    let mut message = diagnostic.message.clone();
    if !diagnostic.label.is_empty() && !message.contains(&diagnostic.label) {
        message.push_str(&format!("\n{}", diagnostic.label));
    }
    for remark in &diagnostic.remarks {
        message.push_str(&format!("\n{remark}"));
    }
    let related = diagnostic.related.iter().filter_map(|(place, text)| {
        let other = page.cells.get(report.cell(place)?)?;
        let location = Location::new(other.uri.clone(), other.range(place.range.clone()));
        Some(DiagnosticRelatedInformation { location, message: text.clone() })
    });
    Diagnostic {
        range: range_of(diagnostic, index, cell, report),
        severity: Some(match diagnostic.severity {
            diagnostics::Severity::Error => DiagnosticSeverity::ERROR,
            diagnostics::Severity::Warning => DiagnosticSeverity::WARNING,
            diagnostics::Severity::Hint => DiagnosticSeverity::INFORMATION,
        }),
        code: diagnostic.code.clone().map(NumberOrString::String),
        source: Some("ironbook".to_owned()),
        message,
        related_information: Some(related.collect()),
        ..Diagnostic::default()
    }
}

/// Where it is shown: at its place, or over the cell's first line where it has none in this cell.
fn range_of(diagnostic: &diagnostics::Diagnostic, index: usize, cell: &Cell, report: &Report) -> Range {
    match &diagnostic.place {
        Some(place) if report.cell(place) == Some(index) => cell.range(place.range.clone()),
        _ => cell.range(0..cell.text.line(0).len()),
    }
}

/// The fixes for what is shown within a range.
pub fn fixes(page: &Page, report: &Report, uri: &Uri, range: Range) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    for (index, known) in &report.cells {
        let Some(cell) = page.cells.get(*index).filter(|cell| cell.uri == *uri) else { continue };
        for diagnostic in &known.diagnostics {
            let at = range_of(diagnostic, *index, cell, report);
            if at.end < range.start || range.end < at.start {
                continue;
            }
            let own = shown(diagnostic, *index, page, report);
            actions.extend(diagnostic.fixes.iter().filter_map(|fix| action(fix, &own, page, report)));
        }
    }
    actions
}

fn action(fix: &Fix, of: &Diagnostic, page: &Page, report: &Report) -> Option<CodeActionOrCommand> {
    #[expect(clippy::mutable_key_type, reason = "the protocol's crate has it so; no key is changed")]
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (place, text) in &fix.edits {
        let (uri, edit) = edit(place, text, page, report)?;
        changes.entry(uri).or_default().push(edit);
    }
    Some(CodeActionOrCommand::CodeAction(CodeAction {
        title: fix.title.clone(),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![of.clone()]),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        is_preferred: Some(fix.sure),
        ..CodeAction::default()
    }))
}

fn edit(place: &Place, text: &str, page: &Page, report: &Report) -> Option<(Uri, TextEdit)> {
    let cell = page.cells.get(report.cell(place)?)?;
    Some((cell.uri.clone(), TextEdit::new(cell.range(place.range.clone()), text.to_owned())))
}
