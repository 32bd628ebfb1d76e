//! `textDocument/completion` and `completionItem/resolve`: what the session would know at once, joined with what the language service finds.

use crate::page::Cell;
use crate::server::{Place, Server};
use ironbook_assist::{self as assist, Candidate, Detail};
use ironbook_session::language::{Answer, Query};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionList, CompletionTextEdit, Documentation, MarkupContent, MarkupKind,
    Range, TextEdit,
};
use serde_json::{Value, json};
use std::time::Duration;

/// So long the language service may take; after that the list is said not to be whole, and asked for again while one types.
const PATIENCE: Duration = Duration::from_millis(400);

impl Server {
    pub(crate) fn complete(&self, place: &Place) -> CompletionList {
        let cell = place.cell();
        let text = cell.text.text();
        let view = self.view(place);
        let mut found = assist::complete(&view, text, place.byte);
        if let Some(live) = &self.live {
            found = assist::beside(live.complete(text, place.byte), found, text.get(..place.byte).unwrap_or_default());
        }
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
        let at = json!({"uri": cell.uri, "position": cell.position(place.byte)});
        let items = items.map(|(rank, candidate)| item(candidate, rank, range, cell, &at)).collect();
        CompletionList { is_incomplete: !is_whole, items }
    }

    /// `completionItem/resolve`: all that is known of a candidate, instead of a line.
    pub(crate) fn resolve(&self, params: Value) -> Result<Value, serde_json::Error> {
        let mut item: CompletionItem = serde_json::from_value(params)?;
        let asked = item.data.as_ref().map(|at| (at["uri"].clone(), at["position"].clone())).unwrap_or_default();
        if let (Ok(uri), Ok(position)) = (serde_json::from_value(asked.0), serde_json::from_value(asked.1))
            && let Some(place) = self.place(&uri, position)
            && let Some((text, byte)) = written(&place, &item)
            && let Some(found) = assist::inspect(&self.view(&place), &text, byte, Detail::Full)
            && let Some(markdown) = found.data.get("text/markdown").and_then(Value::as_str)
        {
            let markup = MarkupContent { kind: MarkupKind::Markdown, value: markdown.to_owned() };
            item.documentation = Some(Documentation::MarkupContent(markup));
        }
        serde_json::to_value(item)
    }
}

/// The cell's text with a candidate written at the place that it was offered for, and the byte behind it.
fn written(place: &Place, item: &CompletionItem) -> Option<(String, usize)> {
    let Some(CompletionTextEdit::Edit(edit)) = &item.text_edit else { return None };
    let start = place.cell().byte(edit.range.start)?;
    let mut text = place.cell().text.text().to_owned();
    text.get(start..place.byte)?;
    text.replace_range(start..place.byte, &edit.new_text);
    Some((text, start + edit.new_text.len()))
}

fn item(candidate: Candidate, rank: usize, range: Range, cell: &Cell, at: &Value) -> CompletionItem {
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
        data: Some(at.clone()),
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
