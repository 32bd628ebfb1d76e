//! Changes of the text that the language service offers.

use crate::page::Page;
use crate::server::Server;
use ironbook_session::language::{Answer, Assist, Document, Query};
use lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, Range, TextEdit, Uri, WorkspaceEdit};
use std::collections::HashMap;
use std::time::Duration;

/// So long the language service may take.
const PATIENCE: Duration = Duration::from_millis(2500);

impl Server {
    /// What may be done within a range of a cell.
    pub(crate) fn assists(&self, uri: &Uri, range: Range) -> Vec<CodeActionOrCommand> {
        let Some(place) = self.place(uri, range.start) else { return Vec::new() };
        let end = place.page.find(uri, range.end).filter(|(index, _)| *index == place.index);
        let end = end.map_or(place.byte, |(_, byte)| byte.max(place.byte));
        let Some((document, Answer::Assists(found))) = self.ask_to(&place, end, Query::Assists, PATIENCE) else {
            return Vec::new();
        };
        found.iter().filter_map(|assist| action(assist, &place.page, &document)).collect()
    }
}

/// An assist all of whose changes are in cells.
fn action(assist: &Assist, page: &Page, document: &Document) -> Option<CodeActionOrCommand> {
    #[expect(clippy::mutable_key_type, reason = "the protocol's crate has it so; no key is changed")]
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (range, text) in &assist.edits {
        let (cell, there) = page.written(document, range.clone())?;
        changes.entry(cell.uri.clone()).or_default().push(TextEdit::new(cell.range(there), text.clone()));
    }
    Some(CodeActionOrCommand::CodeAction(CodeAction {
        title: assist.title.clone(),
        kind: Some(CodeActionKind::from(assist.kind.clone())),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        ..CodeAction::default()
    }))
}
