//! Which documents are open: of one that was closed nothing more is told.

use lsp_server::{Message, Notification};
use lsp_types::notification::{Notification as _, PublishDiagnostics};
use lsp_types::{Diagnostic, PublishDiagnosticsParams, Uri};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The open documents, by their URIs; all copies are the same.
#[derive(Clone, Default)]
pub struct Shown {
    open: Arc<Mutex<HashMap<String, Uri>>>,
}

impl Shown {
    /// These are open now; what is shown of others goes.
    pub fn set(&self, now: HashMap<String, Uri>, send: impl Fn(Message)) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = open.iter().filter(|(key, _)| !now.contains_key(*key));
        closed.for_each(|(_, uri)| send(said(uri.clone(), Vec::new())));
        *open = now;
    }

    /// Tells the diagnostics of documents, as far as they are open still; a page without cells has none.
    pub fn tell(&self, page: &str, mut all: Vec<(Uri, Vec<Diagnostic>)>, send: impl Fn(Message)) {
        // Nothing is closed meanwhile, so that what is told last of a closed document is that it has none.
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            all.extend(open.get(page).map(|uri| (uri.clone(), Vec::new())));
        }
        let shown = all.into_iter().filter(|(uri, _)| open.contains_key(uri.as_str()));
        shown.for_each(|(uri, diagnostics)| send(said(uri, diagnostics)));
    }
}

fn said(uri: Uri, diagnostics: Vec<Diagnostic>) -> Message {
    let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
    Message::Notification(Notification::new(PublishDiagnostics::METHOD.to_owned(), params))
}
