//! Diagnostics as the editor shows them, and the compiler's suggestions as its quick fixes.

use crate::checks::Report;
use crate::live::Live;
use crate::page::{Cell, Page};
use crate::server::Server;
use crate::shown::Told;
use crate::uses;
use ironbook_session::Place;
use ironbook_session::diagnostics::{self, Fix};
use ironbook_session::imports;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity,
    Location, NumberOrString, Range, TextEdit, Uri, WorkspaceEdit,
};
use std::cell::OnceCell;
use std::collections::HashMap;

/// The compiler's codes for a name that it does not find.
const MISSING: [&str; 8] = ["E0405", "E0412", "E0422", "E0423", "E0425", "E0433", "E0531", "E0574"];

/// The diagnostics of each document of a page; those that have none are there as well, so that old ones go. Of a cell whose text
/// has changed since the check nothing is known. A name that is alive in the running session is not missing.
pub fn diagnostics(page: &Page, report: &Report, live: Option<&dyn Live>) -> Vec<Told> {
    let mut all: Vec<Told> = Vec::new();
    let alive = live.map(Alive::new);
    for (index, cell) in page.cells.iter().enumerate() {
        let found = report.of(index, cell).map(|known| known.diagnostics.as_slice()).unwrap_or_default();
        let is_alive =
            |diagnostic| missing(diagnostic).is_some_and(|name| alive.as_ref().is_some_and(|all| all.has(name)));
        let found = found.iter().filter(|diagnostic| !is_alive(diagnostic));
        let diagnostics = found.map(|diagnostic| shown(diagnostic, index, page, report));
        match all.iter_mut().find(|told| told.uri == cell.uri) {
            Some(told) => told.diagnostics.extend(diagnostics),
            None => {
                let (uri, version, diagnostics) = (cell.uri.clone(), cell.version, diagnostics.collect());
                all.push(Told { uri, version, diagnostics });
            }
        }
    }
    all
}

/// What is alive in a running session, which is asked once, and only where a name is missing.
struct Alive<'l> {
    live: &'l dyn Live,
    names: OnceCell<Vec<String>>,
}

impl Alive<'_> {
    fn new(live: &dyn Live) -> Alive<'_> {
        Alive { live, names: OnceCell::new() }
    }

    fn has(&self, name: &str) -> bool {
        let names = self.names.get_or_init(|| self.live.names());
        // What a module with all its names brings in, the session knows.
        let is_in_module =
            || names.iter().any(|own| own.ends_with('*')) && self.live.inspect(name, name.len()).is_some();
        names.iter().any(|own| own == name) || is_in_module()
    }
}

/// The name that a diagnostic says is missing.
fn missing(diagnostic: &diagnostics::Diagnostic) -> Option<&str> {
    let is_missing = diagnostic.code.as_deref().is_some_and(|code| MISSING.contains(&code));
    diagnostic.message.split('`').nth(1).filter(|name| is_missing && !name.is_empty())
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
        let other = report.cell_of(page, place)?;
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

/// Whether an action is of a kind, or of one below it.
pub fn is_of(action: &CodeAction, kind: &CodeActionKind) -> bool {
    let own = action.kind.as_ref().map(CodeActionKind::as_str).unwrap_or_default();
    own.strip_prefix(kind.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || kind.as_str().is_empty())
}

/// The fixes for what is shown within a range: the compiler's, and the `use` of a name that it does not know.
pub fn fixes(page: &Page, report: &Report, uri: &Uri, range: Range, server: &Server) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    for (index, cell) in page.cells.iter().enumerate().filter(|(_, cell)| cell.uri == *uri) {
        let Some(known) = report.of(index, cell) else { continue };
        for diagnostic in &known.diagnostics {
            let at = range_of(diagnostic, index, cell, report);
            if at.end < range.start || range.end < at.start {
                continue;
            }
            let own = shown(diagnostic, index, page, report);
            actions.extend(diagnostic.fixes.iter().filter_map(|fix| action(fix, &own, page, report)));
            actions.extend(imports(diagnostic, &own, cell, server));
        }
    }
    actions
}

/// A `use` for each place that has the name which a diagnostic says is missing.
fn imports(
    diagnostic: &diagnostics::Diagnostic,
    of: &Diagnostic,
    cell: &Cell,
    server: &Server,
) -> Vec<CodeActionOrCommand> {
    let (Some(name), Some(index)) = (missing(diagnostic), server.ground.index.as_deref()) else { return Vec::new() };
    let paths = imports::paths(name, index);
    let sure = paths.len() == 1;
    let action = |path: &String| {
        let (range, new) = uses::edit(cell.text.text(), &server.blank_view(), &format!("use {path};"))?;
        #[expect(clippy::mutable_key_type, reason = "the protocol's crate has it so; no key is changed")]
        let changes = HashMap::from([(cell.uri.clone(), vec![TextEdit::new(cell.range(range), new)])]);
        Some(quick_fix(format!("Import `{path}`"), of, changes, sure))
    };
    paths.iter().filter_map(action).collect()
}

fn action(fix: &Fix, of: &Diagnostic, page: &Page, report: &Report) -> Option<CodeActionOrCommand> {
    #[expect(clippy::mutable_key_type, reason = "the protocol's crate has it so; no key is changed")]
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (place, text) in &fix.edits {
        let (uri, edit) = edit(place, text, page, report)?;
        changes.entry(uri).or_default().push(edit);
    }
    Some(quick_fix(fix.title.clone(), of, changes, fix.sure))
}

#[expect(clippy::mutable_key_type, reason = "the protocol's crate has it so; no key is changed")]
fn quick_fix(
    title: String,
    of: &Diagnostic,
    changes: HashMap<Uri, Vec<TextEdit>>,
    is_preferred: bool,
) -> CodeActionOrCommand {
    CodeActionOrCommand::CodeAction(CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![of.clone()]),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        is_preferred: Some(is_preferred),
        ..CodeAction::default()
    })
}

fn edit(place: &Place, text: &str, page: &Page, report: &Report) -> Option<(Uri, TextEdit)> {
    let cell = report.cell_of(page, place)?;
    Some((cell.uri.clone(), TextEdit::new(cell.range(place.range.clone()), text.to_owned())))
}
