//! What a kernel tells its clients, as the events that front ends show.

use crate::wire::Incoming;
use crate::{printer, progress};
use ironbook_core::Bundle;
use ironbook_magics::NextInput;
use ironbook_session::{Event, Failure, FailureKind};
use serde_json::{Map, Value};

/// One thing that was heard.
#[derive(Debug)]
pub enum Told {
    /// The kernel answers, at first or again.
    Up {
        /// What it says of itself.
        info: Box<Info>,
        /// Whether it is another one than before, with nothing of its session.
        replaced: bool,
    },
    /// A cell begins.
    Begun {
        /// Which.
        cell: Cell,
        /// Its number.
        number: u64,
        /// Its text.
        code: String,
    },
    /// A cell puts something out.
    Output {
        /// Which; without identity where it belongs to none.
        cell: Cell,
        /// What.
        event: Event,
    },
    /// A cell failed; of a cell of ours the [`Told::Replied`] says more.
    Failed {
        /// Which.
        cell: Cell,
        /// Why.
        failure: Box<Failure>,
    },
    /// All outputs of a cell have been told.
    Idle {
        /// Which.
        cell: Cell,
    },
    /// The reply to a cell of ours.
    Replied {
        /// The identity of the request.
        cell: String,
        /// What became of it.
        reply: Box<Reply>,
    },
    /// A cell of ours asks the user.
    Asked(Question),
    /// The kernel says that it ends.
    Ending {
        /// Whether it will be started again.
        restart: bool,
    },
    /// The connection is lost; it is tried again.
    Lost,
    /// There is no kernel, or none any more.
    Gone(Gone),
    /// The heartbeat has stopped (`false`), or goes on (`true`).
    Alive(bool),
    /// Some outputs were missed: this client could not be reached.
    Missed,
}

/// Why there is no kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Nobody listens at the addresses.
    Nobody,
    /// The key is not that of the kernel.
    Key,
    /// It takes connections and answers nothing.
    Silent,
    /// The front end knows more: how the process ended.
    Ended(String),
}

/// A cell that something belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The identity of the request that it was sent with; empty for none.
    pub id: String,
    /// Who sent it.
    pub sender: Sender,
}

impl Cell {
    /// Whether this client sent it.
    pub fn is_ours(&self) -> bool {
        self.sender == Sender::Us
    }
}

/// Who sent a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sender {
    /// This client.
    Us,
    /// Another terminal.
    Terminal,
    /// A notebook, or whatever else speaks Jupyter's protocol.
    #[default]
    Notebook,
}

/// What `kernel_info` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Info {
    /// `ironbook`, `ipython`, ...
    pub implementation: String,
    /// `rust`, `python`, ...
    pub language: String,
    /// The version of the implementation.
    pub version: String,
    /// The identity of the kernel's run: another one after a restart.
    pub run: String,
    /// What kernels of ours say besides.
    pub own: OwnInfo,
}

/// What a kernel of ours says of its session.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct OwnInfo {
    /// The identity under which `ironbook sessions` lists it.
    pub id: Option<String>,
    /// Number of the last cell.
    pub count: u64,
    /// The names of the variables.
    pub variables: Vec<String>,
    /// The names of the items.
    pub items: Vec<String>,
    /// What runs.
    pub running: Option<RunningCell>,
    /// How many variables are out of date.
    pub stale: usize,
    /// The name under which the session is kept on disk.
    pub kept: Option<String>,
}

/// A cell at work.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct RunningCell {
    /// Its number.
    pub number: u64,
    /// The first line of its code.
    pub line: String,
    /// Identity of the request.
    pub request: String,
}

/// What became of a cell of ours.
#[derive(Clone, Debug)]
pub struct Reply {
    /// How it ended.
    pub ended: Ended,
    /// Its number.
    pub number: Option<u64>,
    /// Text for the next cell.
    pub next_input: Option<NextInput>,
    /// Text to read beside the outputs.
    pub pages: Vec<String>,
    /// Seconds in all.
    pub seconds: Option<f64>,
    /// Seconds of these in the compiler.
    pub compile_s: f64,
}

/// How a cell of ours ended.
#[derive(Clone, Debug)]
pub enum Ended {
    /// To its end.
    Ok,
    /// Not to its end.
    Failed(Failure),
    /// It was not run: taken back, or dropped when a cell before it failed.
    Aborted,
}

/// What a cell asks.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is shown before the answer.
    pub prompt: String,
    /// Whether the answer is a secret.
    pub password: bool,
    /// The header of the question: the answer names it.
    pub(super) header: Value,
}

/// What a message of iopub tells; `session` is ours.
pub(super) fn published(message: &Incoming, session: &str) -> Option<Told> {
    let parent = message.belongs_to();
    let content = &message.content;
    let sender = match (parent["session"].as_str(), parent["username"].as_str()) {
        (Some(theirs), _) if theirs == session => Sender::Us,
        (_, Some(super::NAME)) => Sender::Terminal,
        _ => Sender::Notebook,
    };
    let cell = Cell { id: text(parent, "msg_id"), sender };
    let output = |event| Some(Told::Output { cell: cell.clone(), event });
    match message.header.msg_type.as_str() {
        "status" => {
            let idle = content["execution_state"] == "idle" && parent["msg_type"] == "execute_request";
            idle.then_some(Told::Idle { cell })
        }
        "execute_input" => {
            let number = content["execution_count"].as_u64().unwrap_or(0);
            Some(Told::Begun { cell, number, code: text(content, "code") })
        }
        "stream" if content["name"] == "stderr" => output(Event::Stderr(text(content, "text"))),
        "stream" => output(Event::Stdout(text(content, "text"))),
        "display_data" | "update_display_data" => {
            output(display(content, message.header.msg_type == "update_display_data"))
        }
        "execute_result" => output(Event::Result(bundle(content))),
        "clear_output" => output(Event::Clear { wait: content["wait"] == true }),
        "error" => Some(Told::Failed { cell, failure: Box::new(failure(content)) }),
        "shutdown_reply" => Some(Told::Ending { restart: content["restart"] == true }),
        _ => None,
    }
}

fn display(content: &Value, update: bool) -> Event {
    let bundle = bundle(content);
    let progress = bundle.data.get(progress::MIME).and_then(|state| serde_json::from_value(state.clone()).ok());
    if let Some(state) = progress {
        return Event::Progress(state);
    }
    if let Some(note) = bundle.data.get(printer::NOTE).and_then(|note| note.get("text")).and_then(Value::as_str) {
        return Event::Note(note.to_owned());
    }
    let id = content["transient"]["display_id"].as_str().map(str::to_owned);
    Event::Display { bundle, id, update }
}

/// What an `execute_reply` says.
pub(super) fn reply(content: &Value) -> Reply {
    let ended = match content["status"].as_str() {
        Some("ok") => Ended::Ok,
        Some("aborted" | "abort") => Ended::Aborted,
        _ => Ended::Failed(failure(content)),
    };
    let (mut next_input, mut pages) = (None, Vec::new());
    for payload in content["payload"].as_array().into_iter().flatten() {
        match payload["source"].as_str() {
            Some("set_next_input") => {
                next_input = Some(NextInput { text: text(payload, "text"), replace: payload["replace"] == true });
            }
            Some("page") => pages.extend(payload["data"]["text/plain"].as_str().map(str::to_owned)),
            _ => {}
        }
    }
    let own = &content["ironbook"];
    Reply {
        ended,
        number: content["execution_count"].as_u64(),
        next_input,
        pages,
        seconds: own["seconds"].as_f64(),
        compile_s: own["compile_s"].as_f64().unwrap_or(0.0),
    }
}

/// What a `kernel_info_reply` says.
pub(super) fn info(message: &Incoming) -> Info {
    let content = &message.content;
    Info {
        implementation: text(content, "implementation"),
        language: text(&content["language_info"], "name"),
        version: text(content, "implementation_version"),
        run: message.header.session.clone(),
        own: serde_json::from_value(content["ironbook"].clone()).unwrap_or_default(),
    }
}

fn failure(content: &Value) -> Failure {
    let kind = serde_json::from_value(content["ironbook"]["kind"].clone()).unwrap_or(FailureKind::Error);
    let mut failure = Failure::new(kind, text(content, "ename"), text(content, "evalue"));
    let lines: Vec<String> =
        content["traceback"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    match lines.is_empty() {
        true => failure.report = vec![format!("{}: {}", failure.name, failure.message)],
        false => failure.report = lines,
    }
    failure
}

fn bundle(content: &Value) -> Bundle {
    let map = |name: &str| content.get(name).and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    Bundle { data: map("data"), metadata: map("metadata") }
}

pub(super) fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or("").to_owned()
}
