//! Which documents are open, and in which version: of one that was closed nothing more is told, and nothing of a text that has
//! changed since.

use crate::outbox::Outbox;
use crate::page::{Cell, Page};
use lsp_server::Notification;
use lsp_types::notification::{Notification as _, PublishDiagnostics};
use lsp_types::{Diagnostic, PublishDiagnosticsParams, Uri};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A document at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// As the editor counts, which may begin anew when the document is opened again.
    pub told: i32,
    /// What was opened and changed before, of all documents.
    pub count: u64,
}

/// What is told of a document: its version, and what is wrong in it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The document.
    pub uri: Uri,
    /// The version that the places are of.
    pub version: Version,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

type Open = HashMap<String, (Uri, Version)>;

/// The open documents with their versions, by their URIs; all copies are the same.
#[derive(Clone, Default)]
pub struct Shown {
    open: Arc<Mutex<Open>>,
}

impl Shown {
    /// These are open now; what is shown of others goes.
    pub fn set(&self, now: Open, outbox: &Outbox) {
        let mut open = self.lock();
        let closed = open.iter().filter(|(key, _)| !now.contains_key(*key));
        closed.for_each(|(_, (uri, _))| outbox.send(said(uri.clone(), None, Vec::new())));
        *open = now;
    }

    /// Tells the diagnostics of documents, as far as they are open still and as they were checked: a text that has changed is
    /// checked again. A page without cells has none.
    pub fn tell(&self, page: &str, all: Vec<Told>, outbox: &Outbox) {
        // Nothing is closed meanwhile, so that what is told last of a closed document is that it has none.
        let open = self.lock();
        if all.is_empty()
            && let Some((uri, version)) = open.get(page)
        {
            outbox.send(said(uri.clone(), Some(version.told), Vec::new()));
        }
        let shown = all.into_iter().filter(|told| is_now(&open, &told.uri, told.version));
        shown.for_each(|told| outbox.send(said(told.uri, Some(told.version.told), told.diagnostics)));
    }

    /// Whether a page's documents are what they were.
    pub fn has(&self, page: &Page) -> bool {
        let open = self.lock();
        page.cells.iter().all(|Cell { uri, version, .. }| is_now(&open, uri, *version))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_now(open: &Open, uri: &Uri, version: Version) -> bool {
    open.get(uri.as_str()).is_some_and(|(_, now)| *now == version)
}

fn said(uri: Uri, version: Option<i32>, diagnostics: Vec<Diagnostic>) -> Notification {
    let params = PublishDiagnosticsParams { uri, diagnostics, version };
    Notification::new(PublishDiagnostics::METHOD.to_owned(), params)
}
