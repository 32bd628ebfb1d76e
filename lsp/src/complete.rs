//! `textDocument/completion`: what the session would know at once, joined with what the language service finds.

use crate::page::Cell;
use crate::server::{Place, Server};
use ironbook_assist::{self as assist, Candidate};
use ironbook_session::language::{Answer, Query};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionList, CompletionTextEdit, Documentation, Range, TextEdit,
};
use std::time::Duration;

/// So long the language service may take.
const PATIENCE: Duration = Duration::from_millis(1500);

impl Server {
    pub(crate) fn complete(&self, place: &Place) -> CompletionList {
        let cell = place.cell();
        let text = cell.text.text();
        let view = self.view(place);
        let mut found = assist::complete(&view, text, place.byte);
        let mut is_whole = true;
        if assist::is_rust(&view, text, place.byte) {
            let typed = text.get(found.range.start..place.byte).unwrap_or_default().to_owned();
            match self.ask(place, Query::Complete, PATIENCE) {
                Some((_, Answer::Candidates(deep))) => found = assist::merged(found, &deep, &typed),
                Some(_) => {}
                None => is_whole = false,
            }
        }
        let range = cell.range(found.range);
        let items = found.candidates.into_iter().enumerate();
        let items = items.map(|(rank, candidate)| item(candidate, rank, range, cell)).collect();
        CompletionList { is_incomplete: !is_whole, items }
    }
}

fn item(candidate: Candidate, rank: usize, range: Range, cell: &Cell) -> CompletionItem {
    let import = candidate.import.map(|import| {
        let top = cell.position(0);
        vec![TextEdit::new(Range::new(top, top), format!("{import}\n"))]
    });
    let text = |text: String| (!text.is_empty()).then_some(text);
    CompletionItem {
        label: candidate.text.clone(),
        kind: Some(kind(candidate.kind)),
        detail: text(candidate.signature),
        documentation: text(candidate.summary).map(Documentation::String),
        sort_text: Some(format!("{rank:05}")),
        filter_text: Some(candidate.text.clone()),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(range, candidate.text))),
        additional_text_edits: import,
        ..CompletionItem::default()
    }
}

fn kind(word: &str) -> CompletionItemKind {
    match word {
        "function" => CompletionItemKind::FUNCTION,
        "class" => CompletionItemKind::CLASS,
        "module" => CompletionItemKind::MODULE,
        "keyword" => CompletionItemKind::KEYWORD,
        "property" => CompletionItemKind::FIELD,
        "magic" => CompletionItemKind::EVENT,
        "path" => CompletionItemKind::FILE,
        _ => CompletionItemKind::VARIABLE,
    }
}
