//! What the editor is told while the language service reads the library, and once it has.

use crate::client::Client;
use crate::outbox::Outbox;
use ironbook_session::language::{Service, State};
use lsp_server::{Notification, Request};
use lsp_types::notification::{Notification as _, Progress};
use lsp_types::request::{self as ask, Request as _};
use serde_json::{Value, json};
use std::sync::Weak;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// So often it is looked whether the language service has read the library.
const LOOKS_AGAIN: Duration = Duration::from_millis(100);

/// What the progress is called among the server's messages.
const TOKEN: &str = "ironbook/library";

/// Shows that the library is read, in editors that show progress, and has the editor ask again for what was told without
/// it; nothing once the server has ended.
pub fn follow(service: Service, outbox: Outbox, client: Client, serves: Weak<()>) {
    if !client.refreshes_hints && !client.refreshes_tokens && !client.shows_progress {
        return;
    }
    std::thread::spawn(move || {
        let shown = client.shows_progress && service.state() == State::Loading;
        if shown {
            outbox.send(request(ask::WorkDoneProgressCreate::METHOD, json!({"token": TOKEN})));
            outbox.send(progress(&json!({"kind": "begin", "title": "Ironbook", "message": "reading the library"})));
        }
        while service.state() == State::Loading && serves.strong_count() > 0 {
            std::thread::sleep(LOOKS_AGAIN);
        }
        if serves.strong_count() == 0 {
            return;
        }
        if shown {
            outbox.send(progress(&json!({"kind": "end"})));
        }
        if matches!(service.state(), State::Ready { .. }) {
            let hints = client.refreshes_hints.then(refresh::<ask::InlayHintRefreshRequest>);
            let tokens = client.refreshes_tokens.then(refresh::<ask::SemanticTokensRefresh>);
            hints.into_iter().chain(tokens).for_each(|message| outbox.send(message));
        }
    });
}

/// A request to ask again.
pub fn refresh<R: ask::Request>() -> Request {
    request(R::METHOD, Value::Null)
}

fn request(method: &str, params: Value) -> Request {
    static ASKED: AtomicI32 = AtomicI32::new(0);
    let id = format!("refresh-{}", ASKED.fetch_add(1, Ordering::Relaxed)).into();
    Request::new(id, method.to_owned(), params)
}

fn progress(value: &Value) -> Notification {
    Notification::new(Progress::METHOD.to_owned(), json!({"token": TOKEN, "value": value}))
}

/// Why there is no answer of a service yet; nothing if it works.
pub fn why_silent(service: &Service) -> Option<String> {
    match service.state() {
        State::Loading | State::Asleep => {
            Some("the language service is still reading the library; ask again in a few seconds".to_owned())
        }
        State::Off(why) => Some(format!("the language service does not work: {why}")),
        State::Ready { .. } => None,
    }
}
