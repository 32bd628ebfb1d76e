//! The server: what the editor sends, and what it gets.

use crate::actions;
use crate::capabilities::capabilities;
use crate::checks::{Checks, Ground, Known, Report};
use crate::client::Client;
use crate::desk::Desk;
use crate::documents::Documents;
use crate::format;
use crate::lines::Lines;
use crate::live::Live;
use crate::outbox::Outbox;
use crate::page::{Cell, Page};
use crate::shown::Shown;
use ironbook_assist::{Planned, View};
use ironbook_session::Checker;
use ironbook_session::language::{self, Answer, Document, Query, Service, State};
use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, RequestId, Response};
use lsp_types::notification::{self as note, Notification as _};
use lsp_types::request::{self as ask, Request as _};
use lsp_types::{
    CodeActionOrCommand, CodeActionParams, DocumentDiagnosticParams, DocumentFormattingParams, DocumentSymbolResponse,
    GotoDefinitionResponse, InitializeParams, InlayHintParams, MessageType, NumberOrString, Position, ReferenceParams,
    RenameParams, SelectionRangeParams, SemanticTokensRangeParams, ShowMessageParams, TextDocumentPositionParams, Uri,
    WorkspaceSymbolParams, WorkspaceSymbolResponse,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// So often it is looked whether the language service has read the library.
const LOOKS_AGAIN: Duration = Duration::from_millis(100);

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
    /// It sent `exit`, and not `shutdown` before.
    #[error("the editor sent `exit` without `shutdown`")]
    Exit,
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
    /// A running session, whose variables are known with what is in them.
    pub live: Option<Box<dyn Live>>,
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

    /// The place with another text in its cell.
    pub fn with_text(&self, text: String, byte: usize) -> Place {
        let mut page = self.page.clone();
        page.cells[self.index].text = Arc::new(Lines::new(text));
        Place { page, index: self.index, byte, key: self.key.clone() }
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

/// The server between two messages. A copy keeps the documents as they are.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) documents: Arc<Documents>,
    pub(crate) client: Client,
    outbox: Outbox,
    shown: Shown,
    checks: Option<Arc<Checks>>,
    pub(crate) ground: Ground,
    service: Option<Service>,
    pub(crate) live: Option<Arc<dyn Live>>,
    rustfmt: PathBuf,
    /// As long as there is one, the editor is served.
    _serves: Arc<()>,
}

/// Serves an editor until it says that it ends, or is gone.
///
/// # Errors
/// When the editor does not keep to the protocol.
pub fn run(connection: &Connection, options: Options) -> Result<(), Error> {
    let (id, started) = connection.initialize_start()?;
    let client = Client::new(&started);
    let _: InitializeParams = serde_json::from_value(started).map_err(Error::Initialize)?;
    let able = capabilities(options.service.is_some(), client);
    connection.initialize_finish(id, json!({"capabilities": able}))?;
    let outbox = Outbox::start(connection);
    if let Some(words) = &options.unchecked {
        let message = ShowMessageParams { typ: MessageType::WARNING, message: words.clone() };
        outbox.send(Notification::new(note::ShowMessage::METHOD.to_owned(), message));
    }
    let answers = outbox.clone();
    let desk = Desk::start(move |message| answers.send(message));
    serve(connection, &desk, Server::new(outbox, options, client))
}

/// Hears the editor: what it tells takes effect at once, what it asks is answered beside.
fn serve(connection: &Connection, desk: &Desk, mut server: Server) -> Result<(), Error> {
    let mut is_shut = false;
    for message in &connection.receiver {
        match message {
            Message::Request(request) if is_shut || request.method == ask::Shutdown::METHOD => {
                let answer = match is_shut {
                    true => {
                        let words = "the server was shut down; only `exit` may follow".to_owned();
                        Response::new_err(request.id, ErrorCode::InvalidRequest as i32, words)
                    }
                    false => Response::new_ok(request.id, ()),
                };
                is_shut = true;
                server.outbox.send(answer);
            }
            Message::Request(request) => {
                let server = server.clone();
                desk.take(request.id.clone(), move || server.answer(request));
            }
            Message::Notification(told) if told.method == note::Exit::METHOD => {
                return if is_shut { Ok(()) } else { Err(Error::Exit) };
            }
            Message::Notification(told) if told.method == note::Cancel::METHOD => {
                match read::<note::Cancel>(told.params).map(|cancelled| cancelled.id) {
                    Some(NumberOrString::Number(id)) => desk.cancel(&id.into()),
                    Some(NumberOrString::String(id)) => desk.cancel(&id.into()),
                    None => {}
                }
            }
            Message::Notification(notification) => server.notice(notification),
            Message::Response(_) => {}
        }
    }
    Ok(())
}

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

/// Tells the editor of what a check found: the diagnostics, or that it may ask for them; and that types are known.
fn told(
    outbox: Outbox,
    client: Client,
    live: Option<Arc<dyn Live>>,
    shown: Shown,
) -> impl Fn(&String, &Page, &Report) + Send + 'static {
    move |key, page, report| {
        if client.refreshes_hints {
            outbox.send(refresh::<ask::InlayHintRefreshRequest>());
        }
        if client.pulls {
            outbox.send(refresh::<ask::WorkspaceDiagnosticRefresh>());
            return;
        }
        shown.tell(key, actions::diagnostics(page, report, live.as_deref()), &outbox);
    }
}

/// Tells the editor that the language service is ready, so that it asks again for what was told without it; nothing once the
/// server has ended.
fn tell_when_ready(service: Service, outbox: Outbox, client: Client, serves: Weak<()>) {
    std::thread::spawn(move || {
        while service.state() == State::Loading && serves.strong_count() > 0 {
            std::thread::sleep(LOOKS_AGAIN);
        }
        if matches!(service.state(), State::Ready { .. }) && serves.strong_count() > 0 {
            let hints = client.refreshes_hints.then(refresh::<ask::InlayHintRefreshRequest>);
            let tokens = client.refreshes_tokens.then(refresh::<ask::SemanticTokensRefresh>);
            hints.into_iter().chain(tokens).for_each(|message| outbox.send(message));
        }
    });
}

/// A request to ask again.
fn refresh<R: ask::Request>() -> Request {
    static ASKED: AtomicI32 = AtomicI32::new(0);
    let id = format!("refresh-{}", ASKED.fetch_add(1, Ordering::Relaxed)).into();
    Request::new(id, R::METHOD.to_owned(), ())
}

impl Server {
    fn new(outbox: Outbox, options: Options, client: Client) -> Server {
        let serves = Arc::new(());
        let live: Option<Arc<dyn Live>> = options.live.map(Arc::from);
        let shown = Shown::default();
        let done = told(outbox.clone(), client, live.clone(), shown.clone());
        if let Some(service) = options.service.clone().filter(|_| client.refreshes_hints || client.refreshes_tokens) {
            tell_when_ready(service, outbox.clone(), client, Arc::downgrade(&serves));
        }
        let ground = options.ground.clone();
        Server {
            documents: Arc::new(Documents::counted(client.encoding)),
            client,
            outbox,
            shown,
            checks: options.checker.map(|checker| Arc::new(Checks::start(checker, ground, done))),
            ground: options.ground,
            service: options.service,
            live,
            rustfmt: options.rustfmt.unwrap_or_else(|| "rustfmt".into()),
            _serves: serves,
        }
    }

    fn answer(&self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let answer = match method.as_str() {
            ask::Completion::METHOD => self.at(params, |place| Some(self.complete(place))),
            ask::ResolveCompletionItem::METHOD => self.resolve(params),
            ask::HoverRequest::METHOD => self.at(params, |place| self.hover(place)),
            ask::SignatureHelpRequest::METHOD => self.at(params, |place| self.signature(place)),
            ask::GotoDefinition::METHOD => {
                self.at(params, |place| Some(GotoDefinitionResponse::Array(self.definition(place))))
            }
            ask::References::METHOD => self.references_request(params),
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

    fn references_request(&self, params: Value) -> Result<Value, serde_json::Error> {
        let ReferenceParams { text_document_position: at, context, .. } = serde_json::from_value(params)?;
        let place = self.place(&at.text_document.uri, at.position);
        serde_json::to_value(place.map(|place| self.references(&place, context.include_declaration)))
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

    pub(crate) fn place(&self, uri: &Uri, position: Position) -> Option<Place> {
        let key = self.documents.owner(uri.as_str());
        let page = self.documents.page(&key);
        let (index, byte) = page.find(uri, position)?;
        let is_asked = page.cells[index].is_code && page.cells[index].is_read();
        is_asked.then_some(Place { page, index, byte, key })
    }

    /// Whether there is a language service to be asked.
    pub(crate) fn has_service(&self) -> bool {
        self.service.is_some()
    }

    pub(crate) fn report(&self, key: &String) -> Arc<Report> {
        self.checks.as_ref().map(|checks| checks.report(key)).unwrap_or_default()
    }

    /// What is known before a cell.
    pub(crate) fn view(&self, place: &Place) -> View {
        let cells = place.page.cells.iter().enumerate().filter(|(index, _)| *index != place.index);
        let texts = cells.map(|(index, cell)| (index as u64 + 1, cell.text.text()));
        let searches = ironbook_assist::searches(texts);
        View { searches, ..self.view_before(&self.report(&place.key), place.index) }
    }

    fn view_before(&self, report: &Report, index: usize) -> View {
        let known = report.cells.get(&index);
        let (variables, items) = known.map(|known| (known.variables.clone(), known.items.clone())).unwrap_or_default();
        self.ground.view(variables, items)
    }

    /// What is known without any cell.
    pub(crate) fn blank_view(&self) -> View {
        self.ground.view(Vec::new(), Vec::new())
    }

    /// Asks the language service about all cells of a page; the answer's places are in the document.
    pub(crate) fn ask_whole(
        &self,
        page: &Page,
        uri: &Uri,
        query: Query,
        patience: Duration,
    ) -> Option<(Document, Answer)> {
        let service = self.service.as_ref()?;
        let (index, _) = page.code().find(|(_, cell)| cell.uri == *uri)?;
        let place = Place { page: page.clone(), index, byte: 0, key: self.documents.owner(uri.as_str()) };
        let document = self.document(&place, true);
        let answer = service.ask(&document.text, 0, query, patience)?;
        Some((document, answer))
    }

    /// Asks the language service; the answer's places are in the document.
    pub(crate) fn ask(&self, place: &Place, query: Query, patience: Duration) -> Option<(Document, Answer)> {
        let service = self.service.as_ref()?;
        let whole = matches!(query, Query::Definition | Query::References | Query::Rename(_));
        let document = self.document(place, whole);
        let at = document.at(place.execution(), place.byte)?;
        let answer = service.ask(&document.text, at, query, patience)?;
        Some((document, answer))
    }

    /// Asks the language service a question about the bytes of a cell from a place to `end`, whose byte in the document `query`
    /// takes.
    pub(crate) fn ask_to(
        &self,
        place: &Place,
        end: usize,
        query: impl FnOnce(usize) -> Query,
        patience: Duration,
    ) -> Option<(Document, Answer)> {
        let service = self.service.as_ref()?;
        let document = self.document(place, false);
        let at = document.at(place.execution(), place.byte)?;
        // A magic between is of another length there.
        let end = document.at(place.execution(), end)?;
        let answer = service.ask(&document.text, at, query(end.max(at)), patience)?;
        Some((document, answer))
    }

    /// The cells up to the place, or all. Of those before it that were checked, only what they make is told, since a
    /// service reads a function anew with each key; those with errors make nothing, and stand as they are.
    fn document(&self, place: &Place, whole: bool) -> Document {
        let report = self.report(&place.key);
        let known = report.cells.get(&place.index).filter(|_| !whole);
        let told = |index: &usize| known.is_some() && report.cells.get(index).is_some_and(Known::is_sound);
        let wanted = |index: &usize| whole || *index == place.index || *index < place.index && !told(index);
        let cells = place.page.code().filter(|(index, cell)| wanted(index) && cell.is_read());
        let cells = cells.map(|(index, cell)| {
            let view = self.view_before(&report, index);
            let text = cell.text.text();
            language::Cell { execution: Page::execution(index), source: Planned::new(text, &view).whole(text, &view) }
        });
        let prelude = known.map(|known| Arc::clone(&known.prelude)).unwrap_or_default();
        prelude.document(&cells.collect::<Vec<_>>())
    }

    fn notice(&mut self, notification: Notification) {
        let documents = Arc::make_mut(&mut self.documents);
        let Notification { method, params } = notification;
        let changed = match method.as_str() {
            note::DidOpenTextDocument::METHOD => {
                read::<note::DidOpenTextDocument>(params).map(|opened| documents.open(opened.text_document))
            }
            note::DidChangeTextDocument::METHOD => read::<note::DidChangeTextDocument>(params)
                .map(|changed| documents.change(&changed.text_document, changed.content_changes)),
            note::DidCloseTextDocument::METHOD => {
                read::<note::DidCloseTextDocument>(params).map(|closed| documents.close(&closed.text_document.uri))
            }
            note::DidOpenNotebookDocument::METHOD => {
                read::<note::DidOpenNotebookDocument>(params).map(|opened| documents.open_notebook(opened))
            }
            note::DidChangeNotebookDocument::METHOD => {
                read::<note::DidChangeNotebookDocument>(params).map(|changed| documents.change_notebook(changed))
            }
            note::DidCloseNotebookDocument::METHOD => read::<note::DidCloseNotebookDocument>(params)
                .map(|closed| documents.close_notebook(&closed.notebook_document.uri)),
            // Others tell of what is no concern here.
            _ => None,
        };
        if changed.is_some() {
            self.shown.set(self.documents.versions(), &self.outbox);
        }
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
