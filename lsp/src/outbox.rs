//! What is on its way to the editor.

use lsp_server::{Connection, Message};
use std::sync::mpsc::{Sender, channel};

/// Messages on their way, in the order in which they were put in. Nobody who tells the editor something waits for it to read.
#[derive(Clone)]
pub struct Outbox {
    messages: Sender<Message>,
}

impl Outbox {
    /// Starts the thread that passes messages on; it ends when nobody can put any in.
    pub fn start(connection: &Connection) -> Outbox {
        let (messages, waiting) = channel();
        let sender = connection.sender.clone();
        std::thread::spawn(move || {
            for message in waiting {
                if sender.send(message).is_err() {
                    return; // the editor has gone
                }
            }
        });
        Outbox { messages }
    }

    /// Puts a message in; it is lost where the editor has gone.
    pub fn send(&self, message: impl Into<Message>) {
        let _ = self.messages.send(message.into());
    }
}
