//! The server: what the editor sends, and what it gets.

use crate::actions;
use crate::checks::{Checks, Ground, Report};
use crate::documents::Documents;
use crate::format;
use crate::page::{Cell, Page};
use ironbook_assist::{Planned, View};
use ironbook_session::Checker;
use ironbook_session::language::{self, Answer, Document, Query, Service};
use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, Response};
use lsp_types::notification::{self as note, Notification as _};
use lsp_types::request::{self as ask, Request as _};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability, CompletionOptions,
    DocumentSymbolResponse, FoldingRangeProviderCapability, GotoDefinitionResponse, HoverProviderCapability,
    InitializeParams, MessageType, Notebook, NotebookCellSelector, NotebookDocumentSyncOptions, NotebookSelector,
    OneOf, Position, PublishDiagnosticsParams, ServerCapabilities, ShowMessageParams, SignatureHelpOptions,
    TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Why the server ends before it is told to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What came is not what the protocol says.
    #[error("the editor does not keep to the protocol: {0}")]
    Protocol(#[from] ProtocolError),
    /// What came first cannot be read.
    #[error("the editor's `initialize` cannot be read: {0}")]
    Initialize(#[source] serde_json::Error),
}

/// What the server works with.
#[derive(Default)]
pub struct Options {
    /// Compiles cells to check them; without it nothing is checked.
    pub checker: Option<Checker>,
    /// Why there is none, for the user.
    pub unchecked: Option<String>,
    /// What is known of the library, and where cells work.
    pub ground: Ground,
    /// Answers what needs more than names.
    pub service: Option<Service>,
    /// The program that formats Rust; `rustfmt` if none.
    pub rustfmt: Option<PathBuf>,
}

/// A place in a cell of a page.
pub(crate) struct Place {
    /// The page.
    pub page: Page,
    /// The cell, by its place on the page.
    pub index: usize,
    /// The byte of the cell's text.
    pub byte: usize,
    key: String,
}

impl Place {
    /// The cell.
    pub fn cell(&self) -> &Cell {
        &self.page.cells[self.index]
    }

    /// What the cell is called in a language service's document.
    pub fn execution(&self) -> u64 {
        Page::execution(self.index)
    }
}

impl Page {
    /// What a cell is called in a language service's document.
    pub(crate) fn execution(index: usize) -> u64 {
        index as u64 + 1
    }

    /// The cell that is called so.
    pub(crate) fn index_of(&self, execution: u64) -> Option<usize> {
        usize::try_from(execution.checked_sub(1)?).ok().filter(|index| *index < self.cells.len())
    }
}

/// The server between two messages.
pub(crate) struct Server {
    documents: Documents,
    checks: Option<Checks>,
    ground: Ground,
    service: Option<Service>,
    rustfmt: PathBuf,
}

/// Serves an editor until it says that it ends.
///
/// # Errors
/// When the editor does not keep to the protocol.
pub fn run(connection: &Connection, options: Options) -> Result<(), Error> {
    let capabilities = serde_json::to_value(capabilities(options.service.is_some())).map_err(Error::Initialize)?;
    let started = connection.initialize(capabilities)?;
    let _: InitializeParams = serde_json::from_value(started).map_err(Error::Initialize)?;
    if let Some(words) = options.unchecked {
        let message = ShowMessageParams { typ: MessageType::WARNING, message: words };
        tell::<note::ShowMessage>(connection, message);
    }
    let sender = connection.sender.clone();
    let ground = options.ground.clone();
    let publish = move |_: &String, page: &Page, report: &Report| {
        for (uri, diagnostics) in actions::diagnostics(page, report) {
            let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
            let message = Notification::new(note::PublishDiagnostics::METHOD.to_owned(), params);
            // The editor may have gone.
            let _ = sender.send(Message::Notification(message));
        }
    };
    let mut server = Server {
        documents: Documents::default(),
        checks: options.checker.map(|checker| Checks::start(checker, ground, publish)),
        ground: options.ground,
        service: options.service,
        rustfmt: options.rustfmt.unwrap_or_else(|| "rustfmt".into()),
    };
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request)? {
                    return Ok(());
                }
                // The editor may have gone.
                let _ = connection.sender.send(Message::Response(server.answer(request)));
            }
            Message::Notification(notification) => server.notice(connection, notification),
            Message::Response(_) => {}
        }
    }
    Ok(())
}

fn tell<N: note::Notification>(connection: &Connection, params: N::Params) {
    let message = Notification::new(N::METHOD.to_owned(), params);
    // The editor may have gone.
    let _ = connection.sender.send(Message::Notification(message));
}

/// What the server does; some of it only where there is a language service.
fn capabilities(deep: bool) -> ServerCapabilities {
    let triggers = [".", ":", "\"", "%", "("].map(str::to_owned);
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::INCREMENTAL)),
        notebook_document_sync: Some(OneOf::Left(NotebookDocumentSyncOptions {
            notebook_selector: vec![NotebookSelector::ByNotebook {
                notebook: Notebook::String("jupyter-notebook".to_owned()),
                cells: Some(vec![NotebookCellSelector { language: "rust".to_owned() }]),
            }],
            save: None,
        })),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.to_vec()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        signature_help_provider: deep.then(|| SignatureHelpOptions {
            trigger_characters: Some(vec!["(".to_owned(), ",".to_owned()]),
            ..SignatureHelpOptions::default()
        }),
        definition_provider: deep.then_some(OneOf::Left(true)),
        references_provider: deep.then_some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}

impl Server {
    fn answer(&self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let answer = match method.as_str() {
            ask::Completion::METHOD => self.at(params, |place| Some(self.complete(place))),
            ask::HoverRequest::METHOD => self.at(params, |place| self.hover(place)),
            ask::SignatureHelpRequest::METHOD => self.at(params, |place| self.signature(place)),
            ask::GotoDefinition::METHOD => {
                self.at(params, |place| Some(GotoDefinitionResponse::Array(self.definition(place))))
            }
            ask::References::METHOD => self.at(params, |place| Some(self.references(place))),
            ask::DocumentSymbolRequest::METHOD => {
                self.of_page(params, |page, uri| Some(DocumentSymbolResponse::Nested(self.symbols(page, uri))))
            }
            ask::FoldingRangeRequest::METHOD => self.of_page(params, |page, uri| Some(self.folds(page, uri))),
            ask::Formatting::METHOD => {
                self.of_page(params, |page, uri| Some(format::edits(page, uri, &self.blank_view(), &self.rustfmt)))
            }
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
        let CodeActionParams { text_document, range, .. } = serde_json::from_value(params)?;
        let key = self.documents.owner(text_document.uri.as_str());
        let report = self.report(&key);
        serde_json::to_value(actions::fixes(&self.documents.page(&key), &report, &text_document.uri, range))
    }

    fn place(&self, uri: &Uri, position: Position) -> Option<Place> {
        let key = self.documents.owner(uri.as_str());
        let page = self.documents.page(&key);
        let (index, byte) = page.find(uri, position)?;
        page.cells[index].is_code.then_some(Place { page, index, byte, key })
    }

    fn report(&self, key: &String) -> Arc<Report> {
        self.checks.as_ref().map(|checks| checks.report(key)).unwrap_or_default()
    }

    /// What is known before a cell.
    pub(crate) fn view(&self, place: &Place) -> View {
        self.view_before(&self.report(&place.key), place.index)
    }

    fn view_before(&self, report: &Report, index: usize) -> View {
        let known = report.cells.get(&index).cloned().unwrap_or_default();
        self.ground.view(known.variables, known.items)
    }

    /// What is known without any cell.
    pub(crate) fn blank_view(&self) -> View {
        self.ground.view(Vec::new(), Vec::new())
    }

    /// Asks the language service; the answer's places are in the document.
    pub(crate) fn ask(&self, place: &Place, query: Query, patience: Duration) -> Option<(Document, Answer)> {
        let service = self.service.as_ref()?;
        let document = self.document(place, query);
        let at = document.at(place.execution(), place.byte)?;
        let answer = service.ask(&document.text, at, query, patience)?;
        Some((document, answer))
    }

    /// The cells up to the place; for references those behind it as well.
    fn document(&self, place: &Place, query: Query) -> Document {
        let report = self.report(&place.key);
        let wanted = |index: &usize| query == Query::References || *index <= place.index;
        let cells = place.page.code().filter(|(index, _)| wanted(index)).map(|(index, cell)| {
            let view = self.view_before(&report, index);
            let text = cell.text.text();
            language::Cell { execution: Page::execution(index), source: Planned::new(text, &view).whole(text, &view) }
        });
        language::Prelude::default().document(&cells.collect::<Vec<_>>())
    }

    fn notice(&mut self, connection: &Connection, notification: Notification) {
        let documents = &mut self.documents;
        let Notification { method, params } = notification;
        let changed = match method.as_str() {
            note::DidOpenTextDocument::METHOD => {
                read::<note::DidOpenTextDocument>(params).map(|opened| documents.open(opened.text_document))
            }
            note::DidChangeTextDocument::METHOD => read::<note::DidChangeTextDocument>(params)
                .map(|changed| documents.change(&changed.text_document.uri, changed.content_changes)),
            note::DidCloseTextDocument::METHOD => read::<note::DidCloseTextDocument>(params).map(|closed| {
                forget(connection, &closed.text_document.uri);
                documents.close(&closed.text_document.uri)
            }),
            note::DidOpenNotebookDocument::METHOD => {
                read::<note::DidOpenNotebookDocument>(params).map(|opened| documents.open_notebook(opened))
            }
            note::DidChangeNotebookDocument::METHOD => {
                read::<note::DidChangeNotebookDocument>(params).map(|changed| documents.change_notebook(changed))
            }
            note::DidCloseNotebookDocument::METHOD => read::<note::DidCloseNotebookDocument>(params).map(|closed| {
                closed.cell_text_documents.iter().for_each(|cell| forget(connection, &cell.uri));
                documents.close_notebook(&closed.notebook_document.uri)
            }),
            // Others tell of what is no concern here.
            _ => None,
        };
        if let (Some(key), Some(checks)) = (changed, &self.checks) {
            let page = self.documents.page(&key);
            checks.ask(key, page);
        }
    }
}

/// What a notification says; one that cannot be read has no effect.
fn read<N: note::Notification>(params: Value) -> Option<N::Params>
where
    N::Params: DeserializeOwned,
{
    serde_json::from_value(params).ok()
}

/// A closed document has no diagnostics.
fn forget(connection: &Connection, uri: &Uri) {
    let params = PublishDiagnosticsParams { uri: uri.clone(), diagnostics: Vec::new(), version: None };
    tell::<note::PublishDiagnostics>(connection, params);
}
