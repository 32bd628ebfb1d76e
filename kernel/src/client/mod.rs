//! A client of a kernel: what a terminal needs to run cells in the session that a notebook has open.
//!
//! The sockets live on a thread of their own (`link.rs`), which always listens, so that nobody has to wait for a slow
//! terminal. What it hears becomes the events that front ends show ([`Told`]); requests block their caller, within bounds.

mod link;
mod told;

pub use told::{Cell, Ended, Gone, Info, OwnInfo, Question, Reply, RunningCell, Sender, Told};

use crate::hub::Channel;
use crate::wire::{Draft, Wire};
use crate::{Error, connection, cursor};
use ironbook_assist::{Candidate, Completions};
use link::{Link, Way};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// The name of this client in message headers.
const NAME: &str = "terminal";

/// A message to be sent.
#[derive(Debug)]
struct Order {
    way: Way,
    draft: Draft,
}

/// Those who wait for replies.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<HashMap<String, mpsc::Sender<Value>>>>);

impl Waiting {
    fn expect(&self, request: &str) -> mpsc::Receiver<Value> {
        let (sender, receiver) = mpsc::channel();
        self.lock().insert(request.to_owned(), sender);
        receiver
    }

    fn answer(&self, request: &str, content: Value) {
        if let Some(sender) = self.lock().remove(request) {
            // Whoever asked may have stopped waiting.
            drop(sender.send(content));
        }
    }

    fn forget(&self, request: &str) {
        self.lock().remove(request);
    }

    fn give_up(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client of one kernel. Clones are the same client; the last one closes the connection.
#[derive(Clone)]
pub struct Client {
    orders: UnboundedSender<Order>,
    waiting: Waiting,
}

/// How hard an interrupt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// The cell is asked to stop; variables stay.
    Ask,
    /// The runtime process is ended, and with it the cell.
    Kill,
}

impl Client {
    /// Attaches to the kernel of a connection file; returns at once, and tells of all that happens, from another thread.
    ///
    /// The kernel may take `patience` to come up.
    ///
    /// # Errors
    /// When the connection file cannot be used, or there are no threads left.
    pub fn attach(file: &Path, patience: Duration, tell: impl Fn(Told) + Send + 'static) -> Result<Client, Error> {
        let info = connection::read(file)?;
        let wire = Arc::new(Wire::named(&info.key, NAME));
        let (orders, received) = unbounded_channel();
        let waiting = Waiting::default();
        let link = Link { info, wire, orders: received, waiting: waiting.clone(), tell: Box::new(tell), patience };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("client".to_owned()).spawn(move || {
            runtime.block_on(link.run());
            runtime.shutdown_background();
        })?;
        Ok(Client { orders, waiting })
    }

    /// Sends a cell; its identity, which all that is told of it bears.
    pub fn execute(&self, code: &str) -> String {
        self.execute_as(code, true)
    }

    /// As [`Client::execute`], for a cell that gets no number and no place in the history.
    pub fn execute_untraced(&self, code: &str) -> String {
        self.execute_as(code, false)
    }

    fn execute_as(&self, code: &str, traced: bool) -> String {
        let content = json!({
            "code": code, "silent": false, "store_history": traced, "user_expressions": {}, "allow_stdin": true,
            "stop_on_error": true,
        });
        self.send(Way::Request(Channel::Shell), Draft::new("execute_request", &json!({}), content))
    }

    /// Answers a cell of ours, or refuses to, saying why.
    pub fn answer(&self, question: &Question, answer: Result<String, String>) {
        let content = match answer {
            Ok(value) => json!({"value": value}),
            Err(words) => json!({"value": "", "refused": words}),
        };
        self.send(Way::Answer, Draft::new("input_reply", &question.header, content));
    }

    /// Asks a cell to stop, or ends it: the one with this identity, or whichever runs. One that still waits is taken back.
    pub fn interrupt(&self, cell: Option<&str>, force: Force) {
        let content = json!({"request": cell, "force": force == Force::Kill});
        self.send(Way::Request(Channel::Control), Draft::new("interrupt_request", &json!({}), content));
    }

    /// Asks the kernel to end, and waits for its word on it; whether it came.
    pub fn shutdown(&self, within: Duration) -> bool {
        self.ask(Channel::Control, "shutdown_request", json!({"restart": false}), within).is_some()
    }

    /// What could stand at a byte of a text; nothing if the kernel does not say in time.
    pub fn complete(&self, text: &str, at: usize, within: Duration) -> Completions {
        let asked = json!({"code": text, "cursor_pos": cursor::from_byte(text, at)});
        let nothing = || Completions { range: at..at, candidates: Vec::new() };
        let Some(reply) = self.ask(Channel::Shell, "complete_request", asked, within) else { return nothing() };
        completions(&reply, text).unwrap_or_else(nothing)
    }

    /// Help on what stands at a byte of a text, as plain text.
    pub fn inspect(&self, text: &str, at: usize, within: Duration) -> Option<String> {
        let asked = json!({"code": text, "cursor_pos": cursor::from_byte(text, at), "detail_level": 0});
        let reply = self.ask(Channel::Shell, "inspect_request", asked, within)?;
        reply["data"]["text/plain"].as_str().map(str::to_owned)
    }

    /// The newest cells of all sessions, oldest first.
    pub fn history(&self, newest: usize, within: Duration) -> Vec<String> {
        let asked = json!({"hist_access_type": "tail", "n": newest, "output": false, "raw": true});
        let reply = self.ask(Channel::Shell, "history_request", asked, within).unwrap_or_default();
        let entries = reply["history"].as_array().into_iter().flatten();
        entries.filter_map(|entry| entry[2].as_str().map(str::to_owned)).collect()
    }

    /// What a kernel of ours says of its session.
    pub fn own_info(&self, within: Duration) -> Option<OwnInfo> {
        let reply = self.ask(Channel::Control, "kernel_info_request", json!({}), within)?;
        serde_json::from_value(reply["ironbook"].clone()).ok()
    }

    fn ask(&self, channel: Channel, kind: &str, content: Value, within: Duration) -> Option<Value> {
        let draft = Draft::new(kind, &json!({}), content);
        let id = draft.id.clone();
        let reply = self.waiting.expect(&id);
        let sent = self.orders.send(Order { way: Way::Request(channel), draft });
        // Without a kernel nobody is waited for.
        let content = sent.ok().and_then(|()| reply.recv_timeout(within).ok());
        self.waiting.forget(&id);
        content
    }

    fn send(&self, way: Way, draft: Draft) -> String {
        let id = draft.id.clone();
        // Without a kernel there is nobody to send to, which has been told.
        drop(self.orders.send(Order { way, draft }));
        id
    }
}

/// A `complete_reply`, also one without types.
fn completions(reply: &Value, text: &str) -> Option<Completions> {
    let position = |name: &str| reply[name].as_u64().and_then(|at| usize::try_from(at).ok());
    let start = cursor::to_byte(text, position("cursor_start")?);
    let end = cursor::to_byte(text, position("cursor_end")?);
    let typed = reply["metadata"]["_jupyter_types_experimental"].as_array();
    let candidates = match typed {
        Some(typed) => typed.iter().map(candidate).collect(),
        None => {
            let plain = reply["matches"].as_array().into_iter().flatten().filter_map(Value::as_str);
            plain.map(|text| Candidate { text: text.to_owned(), ..Candidate::default() }).collect()
        }
    };
    Some(Completions { range: start..end.max(start), candidates })
}

/// The kinds of candidates, which are words of the program.
const KINDS: &[&str] = &["function", "instance", "class", "module", "keyword", "magic", "path", "property", "param"];

fn candidate(typed: &Value) -> Candidate {
    let kind = typed["type"].as_str().unwrap_or("");
    Candidate {
        text: told::text(typed, "text"),
        kind: KINDS.iter().find(|known| **known == kind).copied().unwrap_or(""),
        signature: told::text(typed, "signature"),
        summary: told::text(typed, "summary"),
        import: typed["import"].as_str().map(str::to_owned),
        usual: None,
    }
}

#[cfg(test)]
mod tests;
