//! `textDocument/completion` and `completionItem/resolve`: what the session would know at once, joined with what the language service finds.

use crate::labels;
use crate::page::Cell;
use crate::server::{Place, Server};
use crate::uses;
use ironbook_assist::{self as assist, Candidate, Completions, Detail};
use ironbook_session::language::{self, Answer, Document, Query};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionList, CompletionTextEdit, Documentation, InsertTextFormat,
    MarkupContent, MarkupKind, Position, Range, TextEdit,
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// So long the language service may take; after that the list is said not to be whole, and asked for again while one types.
const PATIENCE: Duration = Duration::from_millis(400);
/// The same where nothing is known at once: nobody looks at an empty list, and editors ask again only if one types on.
const ALONE: Duration = Duration::from_millis(2500);

/// The one question at a time that may wait for long: each takes a thread that others need.
struct Turn<'a>(&'a AtomicBool);

impl<'a> Turn<'a> {
    fn take(taken: &'a AtomicBool) -> Option<Turn<'a>> {
        (!taken.swap(true, Ordering::SeqCst)).then_some(Turn(taken))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// What the language service found, with the text that its bytes are of.
struct Deep {
    document: Document,
    candidates: Vec<language::Candidate>,
}

impl Server {
    pub(crate) fn complete(&self, place: &Place) -> CompletionList {
        let cell = place.cell();
        let text = cell.text.text();
        let view = self.view(place);
        let mut found = assist::complete(&view, text, place.byte);
        let mut is_whole = true;
        let mut deep = None;
        if self.has_service() && assist::is_rust(&view, text, place.byte) {
            let turn = if found.candidates.is_empty() { Turn::take(&self.waits_alone) } else { None };
            let patience = if turn.is_some() { ALONE } else { PATIENCE };
            match self.ask(place, Query::Complete, patience) {
                Some((document, Answer::Candidates(candidates))) => deep = Some(Deep { document, candidates }),
                Some(_) => {}
                None => is_whole = false,
            }
        }
        let typed = |found: &Completions| text.get(found.range.start..place.byte).unwrap_or_default().to_owned();
        if let Some(deep) = &deep {
            let typed = typed(&found);
            found = assist::merged(found, &deep.candidates, &typed);
        }
        if let Some(live) = &self.live {
            found = assist::beside(live.complete(text, place.byte), found, text.get(..place.byte).unwrap_or_default());
        }
        let typed = typed(&found);
        let menu = Menu { server: self, place, start: found.range.start, deep: deep.as_ref(), typed: &typed };
        let mut items: Vec<CompletionItem> =
            found.candidates.into_iter().map(|candidate| menu.item(candidate)).collect();
        let snippets = menu.snippets();
        // What is typed whole comes first.
        let (whole, others): (Vec<_>, Vec<_>) = snippets.into_iter().partition(|item| item.label == typed);
        items.splice(0..0, whole);
        items.extend(others);
        for (rank, item) in items.iter_mut().enumerate() {
            item.sort_text = Some(format!("{rank:05}"));
        }
        CompletionList { is_incomplete: !is_whole, items }
    }

    /// `completionItem/resolve`: all that is known of a candidate, instead of a line.
    pub(crate) fn resolve(&self, params: Value) -> Result<Value, serde_json::Error> {
        let mut item: CompletionItem = serde_json::from_value(params)?;
        let asked = item.data.as_ref().map(|at| (at["uri"].clone(), at["position"].clone())).unwrap_or_default();
        if let (Ok(uri), Ok(position)) = (serde_json::from_value(asked.0), serde_json::from_value(asked.1))
            && let Some(place) = self.place(&uri, position)
            && let Some(markdown) = self.explained(&place, &item)
        {
            let markup = MarkupContent { kind: MarkupKind::Markdown, value: markdown };
            item.documentation = Some(Documentation::MarkupContent(markup));
        }
        serde_json::to_value(item)
    }

    /// All that is known of a candidate: what the session says, else the language service on the text with it written there.
    fn explained(&self, place: &Place, item: &CompletionItem) -> Option<String> {
        if item.data.as_ref()?["snippet"] == true {
            return None;
        }
        let (text, byte) = written(place, item)?;
        let found = assist::inspect(&self.view(place), &text, byte, Detail::Full);
        let told = found.and_then(|found| Some(found.data.get("text/markdown")?.as_str()?.to_owned()));
        told.or_else(|| {
            let import = item.data.as_ref()?["import"].as_str().map(str::to_owned);
            self.hovered(place, &text, byte, import.as_deref())
        })
    }
}

/// The cell's text with a candidate written at the place that it was offered for, over what was typed on since, and the byte
/// behind it.
fn written(place: &Place, item: &CompletionItem) -> Option<(String, usize)> {
    let Some(CompletionTextEdit::Edit(edit)) = &item.text_edit else { return None };
    let start = place.cell().byte(edit.range.start)?;
    let mut text = place.cell().text.text().to_owned();
    let rest = text.get(place.byte..)?;
    let end = place.byte + rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
    text.get(start..end)?;
    text.replace_range(start..end, &item.label);
    Some((text, start + item.label.len()))
}

/// The candidates of a place, as the editor takes them.
struct Menu<'a> {
    server: &'a Server,
    place: &'a Place,
    /// Where the word begins that is replaced.
    start: usize,
    deep: Option<&'a Deep>,
    typed: &'a str,
}

impl Menu<'_> {
    fn cell(&self) -> &Cell {
        self.place.cell()
    }

    fn range(&self) -> Range {
        self.cell().range(self.start..self.place.byte)
    }

    fn data(&self) -> Value {
        json!({"uri": self.cell().uri, "position": self.position()})
    }

    fn position(&self) -> Position {
        self.cell().position(self.place.byte)
    }

    fn item(&self, candidate: Candidate) -> CompletionItem {
        let text = |text: String| (!text.is_empty()).then_some(text);
        let mut data = self.data();
        if let Some(import) = &candidate.import {
            data["import"] = json!(import);
        }
        let tells = self.server.client.label_details;
        let label_details = tells.then(|| labels::beside(&candidate.signature, candidate.import.as_deref())).flatten();
        let snippet = self.snippet_of(&candidate).filter(|_| self.server.client.snippets);
        let format = snippet.as_ref().map(|_| InsertTextFormat::SNIPPET);
        let new = snippet.unwrap_or_else(|| candidate.text.clone());
        CompletionItem {
            label: candidate.text.clone(),
            label_details,
            kind: Some(kind(candidate.kind)),
            detail: text(candidate.signature),
            documentation: text(candidate.summary).map(Documentation::String),
            filter_text: Some(candidate.text),
            insert_text_format: format,
            text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(self.range(), new))),
            additional_text_edits: candidate.import.and_then(|import| self.import(&import)),
            data: Some(data),
            ..CompletionItem::default()
        }
    }

    /// The edit that brings in a name.
    fn import(&self, import: &str) -> Option<Vec<TextEdit>> {
        let (range, new) = uses::edit(self.cell().text.text(), &self.server.blank_view(), import)?;
        Some(vec![TextEdit::new(self.cell().range(range), new)])
    }

    /// What the language service would write for a name, with tab stops.
    fn snippet_of(&self, candidate: &Candidate) -> Option<String> {
        let all = &self.deep?.candidates;
        let own = |found: &&language::Candidate| found.name == candidate.text && found.import == candidate.import;
        let found = all.iter().filter(|found| found.kind != "snippet").find(own)?;
        // Brackets that stand there already are not written again.
        let behind = self.cell().text.text().get(self.place.byte..).unwrap_or_default();
        let rest = behind.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        found.snippet.clone().filter(|_| !rest.starts_with(['(', '!', '{', '[']))
    }

    /// What is written over more than the word: `x.match`.
    fn snippets(&self) -> Vec<CompletionItem> {
        let Some(deep) = self.deep else { return Vec::new() };
        let all = deep.candidates.iter().filter(|found| found.kind == "snippet");
        all.filter_map(|found| self.snippet(found, &deep.document)).collect()
    }

    fn snippet(&self, found: &language::Candidate, document: &Document) -> Option<CompletionItem> {
        let is_near = found.name.to_lowercase().starts_with(&self.typed.to_lowercase());
        let (_, over) = self.place.page.written(document, found.range.clone()).filter(|_| is_near)?;
        let before = over.start..self.start;
        let (format, new) = match found.snippet.clone().filter(|_| self.server.client.snippets) {
            Some(snippet) => (InsertTextFormat::SNIPPET, snippet),
            None => (InsertTextFormat::PLAIN_TEXT, found.insert.clone()),
        };
        let mut data = self.data();
        data["snippet"] = json!(true);
        Some(CompletionItem {
            label: found.name.clone(),
            kind: Some(CompletionItemKind::SNIPPET),
            detail: (!found.detail.is_empty()).then(|| found.detail.clone()),
            filter_text: Some(found.name.clone()),
            insert_text_format: Some(format),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(self.range(), new))),
            // What stands before the word goes.
            additional_text_edits: (!before.is_empty())
                .then(|| vec![TextEdit::new(self.cell().range(before), String::new())]),
            data: Some(data),
            ..CompletionItem::default()
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_at_a_time_waits_long() {
        let taken = AtomicBool::new(false);
        let first = Turn::take(&taken);
        assert!(first.is_some() && Turn::take(&taken).is_none());
        drop(first);
        assert!(Turn::take(&taken).is_some());
    }
}
