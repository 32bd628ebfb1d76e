//! Requests by their names: their parameters read, and what answers them.

use super::Server;
use super::place::Place;
use crate::actions;
use crate::format;
use crate::page::Page;
use lsp_server::{ErrorCode, Request, RequestId, Response};
use lsp_types::request::{self as ask, Request as _};
use lsp_types::{
    CodeActionOrCommand, CodeActionParams, DocumentDiagnosticParams, DocumentFormattingParams, DocumentSymbolResponse,
    InlayHintParams, Location, ReferenceParams, RenameParams, SelectionRangeParams, SemanticTokensRangeParams,
    TextDocumentPositionParams, Uri, WorkspaceSymbolParams, WorkspaceSymbolResponse,
};
use serde::Serialize;
use serde_json::{Value, json};

/// Why an edit is not made.
enum Refused {
    /// In words for the user.
    Why(String),
    /// The text is another one by now.
    Changed,
}

impl Refused {
    fn response(self, id: RequestId) -> Response {
        match self {
            Refused::Why(why) => Response::new_err(id, ErrorCode::RequestFailed as i32, why),
            Refused::Changed => {
                let words = "the text has changed since; ask again".to_owned();
                Response::new_err(id, ErrorCode::ContentModified as i32, words)
            }
        }
    }
}

impl Server {
    pub(super) fn answer(&self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let answer = match method.as_str() {
            ask::Completion::METHOD => self.at(params, |place| Some(self.complete(place))),
            ask::ResolveCompletionItem::METHOD => self.resolve(params),
            ask::HoverRequest::METHOD => self.at(params, |place| self.hover(place)),
            ask::SignatureHelpRequest::METHOD => self.at(params, |place| self.signature(place)),
            ask::GotoDefinition::METHOD => match self.definition_request(params) {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(refused)) => return refused.response(id),
                Err(error) => Err(error),
            },
            ask::References::METHOD => match self.references_request(params) {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(refused)) => return refused.response(id),
                Err(error) => Err(error),
            },
            ask::PrepareRenameRequest::METHOD => self.at(params, |place| self.renamed(place)),
            ask::Rename::METHOD => match self.rename_request(params) {
                Ok(Ok(edit)) => Ok(edit),
                Ok(Err(refused)) => return refused.response(id),
                Err(error) => Err(error),
            },
            ask::DocumentHighlightRequest::METHOD => self.at(params, |place| Some(self.highlights(place))),
            ask::SelectionRangeRequest::METHOD => self.selections(params),
            ask::InlayHintRequest::METHOD => self.inlay_hints(params),
            ask::SemanticTokensFullRequest::METHOD => {
                self.of_page(params, |page, uri| Some(self.tokens(page, uri, None)))
            }
            ask::SemanticTokensRangeRequest::METHOD => self.tokens_of_range(params),
            ask::DocumentDiagnosticRequest::METHOD => self.pulled(params),
            ask::WorkspaceSymbolRequest::METHOD => serde_json::from_value(params).and_then(|params| {
                let WorkspaceSymbolParams { query, .. } = params;
                serde_json::to_value(WorkspaceSymbolResponse::Nested(self.all_symbols(&query)))
            }),
            ask::DocumentSymbolRequest::METHOD => {
                self.of_page(params, |page, uri| Some(DocumentSymbolResponse::Nested(self.symbols(page, uri))))
            }
            ask::FoldingRangeRequest::METHOD => self.of_page(params, |page, uri| Some(self.folds(page, uri))),
            ask::Formatting::METHOD => match self.formatted(params) {
                Ok(Ok(edits)) => Ok(edits),
                Ok(Err(refused)) => return refused.response(id),
                Err(error) => Err(error),
            },
            ask::CodeActionRequest::METHOD => self.code_actions(params),
            _ => {
                let words = format!("`{method}` is nothing that this server does");
                return Response::new_err(id, ErrorCode::MethodNotFound as i32, words);
            }
        };
        match answer {
            Ok(value) => Response::new_ok(id, value),
            Err(error) => {
                let words = format!("the parameters of `{method}` cannot be read: {error}");
                Response::new_err(id, ErrorCode::InvalidParams as i32, words)
            }
        }
    }

    /// Answers a question about a place; nothing where no code cell is.
    fn at<T: Serialize>(
        &self,
        params: Value,
        find: impl FnOnce(&Place) -> Option<T>,
    ) -> Result<Value, serde_json::Error> {
        let TextDocumentPositionParams { text_document, position } = serde_json::from_value(params)?;
        let found = self.place(&text_document.uri, position).and_then(|place| find(&place));
        serde_json::to_value(found)
    }

    fn of_page<T: Serialize>(
        &self,
        params: Value,
        find: impl FnOnce(&Page, &Uri) -> Option<T>,
    ) -> Result<Value, serde_json::Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Of {
            text_document: lsp_types::TextDocumentIdentifier,
        }
        let Of { text_document } = serde_json::from_value(params)?;
        let page = self.documents.page(&self.documents.owner(text_document.uri.as_str()));
        serde_json::to_value(find(&page, &text_document.uri))
    }

    fn code_actions(&self, params: Value) -> Result<Value, serde_json::Error> {
        let CodeActionParams { text_document, range, context, .. } = serde_json::from_value(params)?;
        let key = self.documents.owner(text_document.uri.as_str());
        let (page, uri) = (self.documents.page(&key), text_document.uri);
        let mut actions = actions::fixes(&page, &self.report(&key), &uri, range, self);
        actions.extend(self.assists(&uri, range));
        let wanted = |action: &CodeActionOrCommand| match (&context.only, action) {
            (Some(only), CodeActionOrCommand::CodeAction(action)) => {
                only.iter().any(|kind| actions::is_of(action, kind))
            }
            _ => true,
        };
        actions.retain(wanted);
        serde_json::to_value(actions)
    }

    fn definition_request(&self, params: Value) -> Result<Result<Value, Refused>, serde_json::Error> {
        let at: TextDocumentPositionParams = serde_json::from_value(params)?;
        let place = self.place(&at.text_document.uri, at.position);
        let found = place.map(|place| self.definition(&place));
        self.unless_silent(found)
    }

    fn references_request(&self, params: Value) -> Result<Result<Value, Refused>, serde_json::Error> {
        let ReferenceParams { text_document_position: at, context, .. } = serde_json::from_value(params)?;
        let place = self.place(&at.text_document.uri, at.position);
        let found = place.map(|place| self.references(&place, context.include_declaration));
        self.unless_silent(found)
    }

    /// Places that were found; none only where the language service has looked.
    fn unless_silent(&self, found: Option<Vec<Location>>) -> Result<Result<Value, Refused>, serde_json::Error> {
        let silent = found.as_ref().filter(|found| found.is_empty()).and_then(|_| self.why_silent());
        match silent {
            Some(why) => Ok(Err(Refused::Why(why))),
            None => serde_json::to_value(found).map(Ok),
        }
    }

    fn rename_request(&self, params: Value) -> Result<Result<Value, Refused>, serde_json::Error> {
        let RenameParams { text_document_position: at, new_name, .. } = serde_json::from_value(params)?;
        let Some(place) = self.place(&at.text_document.uri, at.position) else {
            return Ok(Err(Refused::Why("no code cell is there".to_owned())));
        };
        self.still(&place.page, self.rename(&place, &new_name))
    }

    fn formatted(&self, params: Value) -> Result<Result<Value, Refused>, serde_json::Error> {
        let DocumentFormattingParams { text_document, .. } = serde_json::from_value(params)?;
        let page = self.documents.page(&self.documents.owner(text_document.uri.as_str()));
        let edits = format::edits(&page, &text_document.uri, &self.blank_view(), &self.rustfmt);
        self.still(&page, edits)
    }

    /// Edits, if the text that they are of is the one that the editor has.
    fn still(
        &self,
        page: &Page,
        edits: Result<impl Serialize, String>,
    ) -> Result<Result<Value, Refused>, serde_json::Error> {
        if !self.shown.has(page) {
            return Ok(Err(Refused::Changed));
        }
        match edits {
            Ok(edits) => serde_json::to_value(edits).map(Ok),
            Err(why) => Ok(Err(Refused::Why(why))),
        }
    }

    fn selections(&self, params: Value) -> Result<Value, serde_json::Error> {
        let SelectionRangeParams { text_document, positions, .. } = serde_json::from_value(params)?;
        let around = positions.into_iter().map(|position| self.selection(&text_document.uri, position));
        serde_json::to_value(around.collect::<Vec<_>>())
    }

    fn tokens_of_range(&self, params: Value) -> Result<Value, serde_json::Error> {
        let SemanticTokensRangeParams { text_document, range, .. } = serde_json::from_value(params)?;
        let page = self.documents.page(&self.documents.owner(text_document.uri.as_str()));
        serde_json::to_value(self.tokens(&page, &text_document.uri, Some(range)))
    }

    fn inlay_hints(&self, params: Value) -> Result<Value, serde_json::Error> {
        let InlayHintParams { text_document, range, .. } = serde_json::from_value(params)?;
        let page = self.documents.page(&self.documents.owner(text_document.uri.as_str()));
        serde_json::to_value(self.hints(&page, &text_document.uri, range))
    }

    /// The diagnostics of a document as the newest check has them; the editor is told when there are others.
    fn pulled(&self, params: Value) -> Result<Value, serde_json::Error> {
        let DocumentDiagnosticParams { text_document, .. } = serde_json::from_value(params)?;
        let key = self.documents.owner(text_document.uri.as_str());
        let all = actions::diagnostics(&self.documents.page(&key), &self.report(&key), self.live.as_deref());
        let items = all.into_iter().find(|told| told.uri == text_document.uri).map(|told| told.diagnostics);
        Ok(json!({"kind": "full", "items": items.unwrap_or_default()}))
    }
}
