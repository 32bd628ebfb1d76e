//! The outputs of cells on their way to iopub: in order, joined and slowed down where they come too fast.
//!
//! Everything of a cell passes through one queue, its state `idle` last, so that nothing of it can come after that.

use crate::hub::Hub;
use crate::limit::{DEFAULT_TOTAL, Limit};
use crate::progress;
use crate::wire::{Draft, Incoming};
use ironbook_core::Bundle;
use ironbook_core::bundle::escape_html;
use ironbook_core::progress::State;
use ironbook_session::{Event, Failure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Printed text that comes within so long is joined.
const JOINED: Duration = Duration::from_millis(30);
/// But not beyond this size.
const JOINED_BYTES: usize = 64 << 10;
/// A display is updated this often at most.
const UPDATE_PERIOD: Duration = Duration::from_millis(100);

/// What the worker hands over.
pub enum Print {
    /// A cell begins.
    Begin {
        /// Its request.
        request: Arc<Incoming>,
        /// Whether it shows nothing.
        quiet: bool,
        /// Its number.
        count: u64,
    },
    /// The text of the cell, for the other clients.
    Code(String),
    /// An output.
    Event(Event),
    /// How it failed.
    Failed(Failure),
    /// It has ended.
    End,
    /// Another request is being answered (`busy`), or has been.
    Aside {
        /// Its header.
        parent: Value,
        /// Whether it is done.
        done: bool,
    },
    /// A message of such a request.
    Publish(Draft),
    /// Tells when everything before it has been handed to the socket.
    Flush(oneshot::Sender<()>),
}

/// The names of the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

/// The queue's end.
pub struct Printer {
    hub: Arc<Hub>,
    cell: Cell,
    /// Updates that wait, by display id.
    updates: HashMap<String, Update>,
    total: usize,
}

/// The cell at work.
struct Cell {
    request: Option<Arc<Incoming>>,
    quiet: bool,
    count: u64,
    joined: Option<(Stream, String)>,
    sent: Option<Instant>,
    limits: [Limit; 2],
    bars: BTreeMap<u64, (String, State)>,
}

struct Update {
    sent: Instant,
    waiting: Option<Bundle>,
}

impl Cell {
    fn new(request: Option<Arc<Incoming>>, quiet: bool, count: u64, total: usize) -> Cell {
        let limits = [(); 2].map(|()| Limit::new(total, Instant::now()));
        Cell { request, quiet, count, joined: None, sent: None, limits, bars: BTreeMap::new() }
    }

    fn parent(&self) -> Value {
        self.request.as_ref().map_or_else(|| json!({}), |request| request.parent.clone())
    }
}

impl Printer {
    /// A printer for this hub; a cell may print so many megabytes, if that is given.
    pub fn new(hub: Arc<Hub>, megabytes: Option<usize>) -> Printer {
        let total = megabytes.map_or(DEFAULT_TOTAL, |megabytes| megabytes.saturating_mul(1 << 20));
        Printer { hub, cell: Cell::new(None, true, 0, total), updates: HashMap::new(), total }
    }

    /// Prints until the worker is gone.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Print>) {
        loop {
            let next = match self.deadline() {
                None => queue.recv().await,
                Some(deadline) => match tokio::time::timeout_at(deadline.into(), queue.recv()).await {
                    Ok(next) => next,
                    Err(_) => {
                        self.due().await;
                        continue;
                    }
                },
            };
            match next {
                Some(print) => self.print(print).await,
                None => return,
            }
        }
    }

    async fn print(&mut self, print: Print) {
        match print {
            Print::Begin { request, quiet, count } => {
                self.cell = Cell::new(Some(request), quiet, count, self.total);
                self.hub.status(&self.cell.parent(), "busy").await;
            }
            Print::Code(code) => {
                self.send("execute_input", json!({"code": code, "execution_count": self.cell.count})).await;
            }
            Print::Event(event) => self.event(event).await,
            Print::Failed(failure) => {
                self.flush_all().await;
                self.send("error", error_content(&failure)).await;
            }
            Print::End => {
                self.finish().await;
                self.hub.give_up();
                self.hub.status(&self.cell.parent(), "idle").await;
                self.cell = Cell::new(None, true, 0, self.total);
            }
            Print::Aside { parent, done: false } => self.hub.status(&parent, "busy").await,
            Print::Aside { parent, done: true } => {
                self.hub.status(&parent, "idle").await;
                // Clients show the newest state, whosever it is; the cell goes on.
                if self.cell.request.is_some() {
                    self.hub.status(&self.cell.parent(), "busy").await;
                }
            }
            Print::Publish(draft) => self.hub.publish(&draft).await,
            Print::Flush(done) => {
                let _ = done.send(());
            }
        }
    }

    async fn event(&mut self, event: Event) {
        match event {
            Event::Stdout(text) => self.stream(Stream::Out, text).await,
            Event::Stderr(text) => self.stream(Stream::Err, text).await,
            Event::Display { bundle, id: Some(id), update: true } => self.update(id, bundle).await,
            Event::Display { bundle, id, .. } => {
                if let Some(id) = &id {
                    self.updates.insert(id.clone(), Update { sent: Instant::now(), waiting: None });
                }
                self.display("display_data", &bundle, id.as_deref()).await;
            }
            Event::Result(bundle) if !bundle.is_empty() => {
                self.flush_all().await;
                let content =
                    json!({"data": bundle.data, "metadata": bundle.metadata, "execution_count": self.cell.count});
                self.send("execute_result", content).await;
            }
            Event::Progress(state) => self.progress(state).await,
            Event::Note(text) => self.display("display_data", &note(&text), None).await,
            Event::Clear { wait } => {
                self.flush().await;
                self.send("clear_output", json!({"wait": wait})).await;
            }
            Event::Input { prompt, password } => {
                self.flush().await;
                if let Some(request) = &self.cell.request {
                    self.hub.ask(request, json!({"prompt": prompt, "password": password}));
                }
            }
            // Pages go with the reply.
            Event::Result(_) | Event::Page(_) => {}
        }
    }

    /// Sends something of the cell, unless it is to be quiet.
    async fn send(&self, kind: &str, content: Value) {
        if !self.cell.quiet {
            self.hub.publish(&Draft::new(kind, &self.cell.parent(), content)).await;
        }
    }

    async fn display(&mut self, kind: &str, bundle: &Bundle, id: Option<&str>) {
        self.flush().await;
        let transient = id.map_or_else(|| json!({}), |id| json!({"display_id": id}));
        self.send(kind, json!({"data": bundle.data, "metadata": bundle.metadata, "transient": transient})).await;
    }

    async fn update(&mut self, id: String, bundle: Bundle) {
        let now = Instant::now();
        if let Some(update) = self.updates.get_mut(&id)
            && now.saturating_duration_since(update.sent) < UPDATE_PERIOD
        {
            update.waiting = Some(bundle);
            return;
        }
        self.display("update_display_data", &bundle, Some(&id)).await;
        self.updates.insert(id, Update { sent: now, waiting: None });
    }

    /// A bar is a display of its own, final when it or its cell has ended.
    async fn progress(&mut self, state: State) {
        let finished = state.finished;
        let shown = progress::bundle(&state, false);
        if let Some((id, old)) = self.cell.bars.get_mut(&state.id) {
            let id = id.clone();
            *old = state;
            match finished {
                false => self.update(id, shown).await,
                true => {
                    self.updates.remove(&id);
                    self.display("update_display_data", &shown, Some(&id)).await;
                }
            }
            return;
        }
        let id = uuid::Uuid::new_v4().to_string();
        self.updates.insert(id.clone(), Update { sent: Instant::now(), waiting: None });
        self.display("display_data", &shown, Some(&id)).await;
        self.cell.bars.insert(state.id, (id, state));
    }

    async fn stream(&mut self, stream: Stream, text: String) {
        if self.cell.joined.as_ref().is_some_and(|(other, _)| *other != stream) {
            self.flush_joined().await;
        }
        if let Some(text) = self.cell.limits[stream as usize].push(text, Instant::now()) {
            self.join(stream, &text).await;
        }
    }

    async fn join(&mut self, stream: Stream, text: &str) {
        let joined = self.cell.joined.get_or_insert_with(|| (stream, String::new()));
        joined.1.push_str(text);
        let full = joined.1.len() >= JOINED_BYTES;
        if full || self.cell.sent.is_none_or(|sent| sent.elapsed() >= JOINED) {
            self.flush_joined().await;
        }
    }

    async fn flush_joined(&mut self) {
        if let Some((stream, text)) = self.cell.joined.take() {
            let name = match stream {
                Stream::Out => "stdout",
                Stream::Err => "stderr",
            };
            self.cell.sent = Some(Instant::now());
            self.send("stream", json!({"name": name, "text": text})).await;
        }
    }

    /// Everything that was printed before something else.
    async fn flush(&mut self) {
        self.flush_joined().await;
        for stream in [Stream::Out, Stream::Err] {
            if let Some(text) = self.cell.limits[stream as usize].due(Instant::now()) {
                self.cell.joined = Some((stream, text));
                self.flush_joined().await;
            }
        }
    }

    /// The same with what a flood holds back: before what ends a cell.
    async fn flush_all(&mut self) {
        self.flush_joined().await;
        for stream in [Stream::Out, Stream::Err] {
            if let Some(text) = self.cell.limits[stream as usize].finish() {
                self.cell.joined = Some((stream, text));
                self.flush_joined().await;
            }
        }
    }

    async fn finish(&mut self) {
        self.flush_all().await;
        for (id, bundle) in self.waiting(|_| true) {
            self.display("update_display_data", &bundle, Some(&id)).await;
        }
        for (id, state) in std::mem::take(&mut self.cell.bars).into_values().filter(|(_, state)| !state.finished) {
            self.display("update_display_data", &progress::bundle(&state, true), Some(&id)).await;
        }
        // Ids are forgotten with the cell: a later update has nothing to wait for.
        self.updates.clear();
    }

    /// What waits and is due.
    async fn due(&mut self) {
        let now = Instant::now();
        if self.cell.sent.is_none_or(|sent| sent.elapsed() >= JOINED) {
            self.flush().await;
        }
        for (id, bundle) in self.waiting(|update| now.saturating_duration_since(update.sent) >= UPDATE_PERIOD) {
            self.display("update_display_data", &bundle, Some(&id)).await;
        }
    }

    fn waiting(&mut self, is_due: impl Fn(&Update) -> bool) -> Vec<(String, Bundle)> {
        let now = Instant::now();
        let due = self.updates.iter_mut().filter(|(_, update)| update.waiting.is_some() && is_due(update));
        due.filter_map(|(id, update)| {
            update.sent = now;
            Some((id.clone(), update.waiting.take()?))
        })
        .collect()
    }

    fn deadline(&self) -> Option<Instant> {
        let joined = self.cell.joined.as_ref().and(self.cell.sent).map(|sent| sent + JOINED);
        let updates = self.updates.values().filter(|update| update.waiting.is_some()).map(|u| u.sent + UPDATE_PERIOD);
        let held = self.cell.limits.iter().filter_map(Limit::wait).map(|wait| Instant::now() + wait);
        joined.into_iter().chain(updates).chain(held).min()
    }
}

/// The MIME type of a remark of the engine, for front ends that mark remarks in their own way.
pub const NOTE: &str = "application/vnd.ironbook.note+json";

/// A remark of the engine: quieter than an error, which `stderr` looks like in a notebook.
fn note(text: &str) -> Bundle {
    let html = format!("<div style=\"opacity:.75\"><b>note:</b> {}</div>", escape_html(text));
    Bundle::text(format!("note: {text}")).html(html).with(NOTE, json!({"text": text}))
}

/// A failure as replies and `error` have it.
pub fn error_content(failure: &Failure) -> Value {
    json!({"ename": failure.name, "evalue": failure.message, "traceback": failure.report})
}

#[cfg(test)]
mod tests;
