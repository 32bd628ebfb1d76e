//! The server: what the editor sends, and what it gets.

mod answers;
mod known;
mod place;

pub(crate) use place::Place;

use crate::actions;
use crate::capabilities::capabilities;
use crate::checks::{Checks, Ground, Report};
use crate::client::Client;
use crate::desk::Desk;
use crate::documents::Documents;
use crate::live::Live;
use crate::loading::{self, refresh};
use crate::outbox::Outbox;
use crate::page::Page;
use crate::shown::Shown;
use ironbook_session::Checker;
use ironbook_session::language::Service;
use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Response};
use lsp_types::notification::{self as note, Notification as _};
use lsp_types::request::{self as ask, Request as _};
use lsp_types::{InitializeParams, MessageType, NumberOrString, ShowMessageParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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
    /// Whether a completion waits for the language service alone.
    pub(crate) waits_alone: Arc<AtomicBool>,
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

impl Server {
    fn new(outbox: Outbox, options: Options, client: Client) -> Server {
        let serves = Arc::new(());
        let live: Option<Arc<dyn Live>> = options.live.map(Arc::from);
        let shown = Shown::default();
        let done = told(outbox.clone(), client, live.clone(), shown.clone());
        if let Some(service) = options.service.clone() {
            loading::follow(service, outbox.clone(), client, Arc::downgrade(&serves));
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
            waits_alone: Arc::default(),
            _serves: serves,
        }
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
