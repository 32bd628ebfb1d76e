//! What all parts of the kernel reach: the wire, and the ways to the sockets that send.

use crate::wire::{Draft, Incoming, Wire};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use zeromq::{RouterSendHalf, SocketSend as _, ZmqMessage};

/// Messages that may wait for iopub; a cell that prints faster waits.
pub const IOPUB_QUEUE: usize = 8;

/// The ways out.
pub struct Hub {
    /// Signs messages.
    pub wire: Wire,
    iopub: mpsc::Sender<ZmqMessage>,
    shell: mpsc::UnboundedSender<ZmqMessage>,
    control: mpsc::UnboundedSender<ZmqMessage>,
    stdin: mpsc::UnboundedSender<ZmqMessage>,
    question: Mutex<Option<Question>>,
}

/// What a cell has asked and still waits for.
struct Question {
    /// Who is asked.
    identities: Vec<Bytes>,
    /// The message that asks.
    id: String,
}

/// The other ends.
pub struct Outlets {
    /// For iopub.
    pub iopub: mpsc::Receiver<ZmqMessage>,
    /// For shell.
    pub shell: mpsc::UnboundedReceiver<ZmqMessage>,
    /// For control.
    pub control: mpsc::UnboundedReceiver<ZmqMessage>,
    /// For stdin.
    pub stdin: mpsc::UnboundedReceiver<ZmqMessage>,
}

/// Where a request came from, and its reply goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Requests.
    Shell,
    /// Requests that are answered at once.
    Control,
}

impl Hub {
    /// A hub and its outlets.
    pub fn new(key: &str) -> (Hub, Outlets) {
        let (iopub, from_iopub) = mpsc::channel(IOPUB_QUEUE);
        let (shell, from_shell) = mpsc::unbounded_channel();
        let (control, from_control) = mpsc::unbounded_channel();
        let (stdin, from_stdin) = mpsc::unbounded_channel();
        let outlets = Outlets { iopub: from_iopub, shell: from_shell, control: from_control, stdin: from_stdin };
        (Hub { wire: Wire::new(key), iopub, shell, control, stdin, question: Mutex::default() }, outlets)
    }

    /// Publishes a message on iopub.
    pub async fn publish(&self, draft: &Draft) {
        // Nobody takes messages any more when the kernel ends.
        drop(self.iopub.send(self.published(draft)).await);
    }

    fn published(&self, draft: &Draft) -> ZmqMessage {
        self.wire.write(&[Bytes::from(format!("kernel.{}.{}", self.wire.session(), draft.kind))], draft)
    }

    /// Publishes the kernel's state on behalf of a request.
    pub async fn status(&self, parent: &Value, state: &str) {
        self.publish(&Draft::new("status", parent, json!({"execution_state": state}))).await;
    }

    /// Replies to a request.
    pub fn reply(&self, channel: Channel, request: &Incoming, kind: &str, content: Value) {
        let message = self.wire.write(&request.identities, &Draft::new(kind, &request.parent, content));
        let way = match channel {
            Channel::Shell => &self.shell,
            Channel::Control => &self.control,
        };
        drop(way.send(message));
    }

    /// Asks the client that sent a request.
    pub fn ask(&self, request: &Incoming, content: Value) {
        let draft = Draft::new("input_request", &request.parent, content);
        *self.question() = Some(Question { identities: request.identities.clone(), id: draft.id.clone() });
        drop(self.stdin.send(self.wire.write(&request.identities, &draft)));
    }

    /// Whether a reply answers what was asked: it comes from whom was asked, and names the question if it names any.
    pub fn answers(&self, reply: &Incoming) -> bool {
        let mut question = self.question();
        let fits = question.as_ref().is_some_and(|question| {
            question.identities == reply.identities && reply.answered().is_none_or(|id| id == question.id)
        });
        if fits {
            *question = None;
        }
        fits
    }

    /// Nobody waits for an answer any more.
    pub fn give_up(&self) {
        *self.question() = None;
    }

    fn question(&self) -> MutexGuard<'_, Option<Question>> {
        self.question.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends what comes to a socket; a client that is gone misses it.
pub async fn forward(channel: &'static str, mut from: mpsc::UnboundedReceiver<ZmqMessage>, mut to: RouterSendHalf) {
    while let Some(message) = from.recv().await {
        if let Err(error) = to.send(message).await {
            log::debug!("{channel}: a reply had no receiver: {error}");
        }
    }
}
