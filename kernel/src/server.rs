//! The kernel: reads requests from shell, control and stdin, and sees to it that each is answered.

use crate::checks;
use crate::comms::Comms;
use crate::definition;
use crate::gate;
use crate::hub::{Channel, Hub, forward};
use crate::printer::{Print, Printer};
use crate::requests::{self, Answer};
use crate::running::Entry;
use crate::shared::Shared;
use crate::sockets::Sockets;
use crate::subshells::Subshells;
use crate::wire::{Draft, Incoming};
use crate::worker::{Job, Setting, Worker};
use crate::{Error, Options, connection, iopub};
use ironbook_magics::Connection;
use ironbook_magics::history::HistoryFile;
use jupyter_protocol::{CommInfoRequest, ExecuteRequest, ShutdownRequest};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use zeromq::{RouterRecvHalf, RouterSocket, SocketRecv as _, SocketSend as _};

/// Outputs that may wait for the printer; a cell that prints faster waits.
const PRINT_QUEUE: usize = 32;
/// How long the last messages may take to leave at the end.
const FAREWELL: Duration = Duration::from_millis(300);
/// How long an answer from what is known may take; a file system that is gone can hang.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long the session may take to end.
const SESSION_ENDS: Duration = Duration::from_secs(3);

/// Everything that requests need.
pub struct Server {
    /// What is known of the session, and the ways to the sockets.
    pub shared: Arc<Shared>,
    printer: mpsc::Sender<Print>,
    comms: Comms,
    subshells: Subshells,
    end: Notify,
}

/// Runs a kernel until it is told to end.
///
/// # Errors
/// When the connection file cannot be used.
pub async fn run(options: Options) -> Result<(), Error> {
    let info = connection::read(&options.connection_file)?;
    let asked = |source| Error::Asked { path: options.connection_file.clone(), source: Box::new(source) };
    let sockets = Sockets::open(&info).await.map_err(asked)?;
    let (hub, outlets) = Hub::new(&info.key);
    let hub = Arc::new(hub);
    let history = HistoryFile::begin(&options.history);
    if let Err(error) = &history {
        log::warn!("no history is kept: {error}");
    }
    let entry = Entry::new(options.started_by, options.notebook, &options.connection_file, &options.directory);
    let file = entry.connection_file.clone();
    let registered = entry.register(&options.paths.data);
    if let Err(error) = &registered {
        log::warn!("`ironbook sessions` will not list this one: {error}");
    }
    let id = registered.as_ref().ok().map(|registered| registered.entry.id.clone());
    let connection = Connection { file, id: id.clone() };
    let language = options.language.map(|program| (program, options.paths.clone()));
    let shared = Arc::new(Shared::new(Arc::clone(&hub), options.directory.clone(), history.ok(), id, language));
    let (printer, printed) = mpsc::channel(PRINT_QUEUE);
    let server = Arc::new(Server {
        shared: Arc::clone(&shared),
        printer: printer.clone(),
        comms: Comms::default(),
        subshells: Subshells::default(),
        end: Notify::new(),
    });
    let cells = options.cells.unwrap_or_else(|| options.paths.cells());
    let setting = Setting { paths: options.paths, directory: options.directory, cells, tier: options.tier, connection };
    let worker = Worker::new(shared, printer, setting);
    let (ended, cells) = oneshot::channel();
    std::thread::Builder::new().name("cells".to_owned()).stack_size(crate::PARSER_STACK).spawn(move || {
        worker.run();
        // Nobody waits where the kernel ends in another way.
        let _ = ended.send(());
    })?;
    let printing = tokio::spawn(Printer::new(Arc::clone(&hub), options.output_mb).run(printed));
    tokio::spawn(end_after(Arc::clone(&server), printing));
    tokio::spawn(iopub::serve(sockets.iopub, outlets.iopub, hub));
    tokio::spawn(echo(sockets.heartbeat));
    let (to_shell, from_shell) = sockets.shell.split();
    let (to_control, from_control) = sockets.control.split();
    let (to_stdin, from_stdin) = sockets.stdin.split();
    tokio::spawn(forward("shell", outlets.shell, to_shell));
    tokio::spawn(forward("control", outlets.control, to_control));
    tokio::spawn(forward("stdin", outlets.stdin, to_stdin));
    tokio::spawn(listen(Arc::clone(&server), Channel::Shell, from_shell));
    tokio::spawn(listen(Arc::clone(&server), Channel::Control, from_control));
    tokio::spawn(answers(Arc::clone(&server), from_stdin));
    tokio::spawn(crate::signals::watch(Arc::clone(&server), options.life));
    server
        .printer
        .send(Print::Publish(Draft::new("status", &json!({}), json!({"execution_state": "starting"}))))
        .await
        .ok();
    server.end.notified().await;
    server.farewell(cells).await;
    drop(registered);
    Ok(())
}

/// The heartbeat: whatever comes goes back.
async fn echo(mut socket: RouterSocket) {
    loop {
        match socket.recv().await {
            Ok(message) => drop(socket.send(message).await),
            Err(error) => {
                log::debug!("heartbeat: {error}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

/// The next message that is one; others are refused.
async fn next(server: &Server, channel: &str, socket: &mut RouterRecvHalf) -> Incoming {
    loop {
        match socket.recv().await {
            Ok(message) => match server.shared.hub.wire.read(message) {
                Ok(request) => {
                    log::debug!("{channel}: {}", request.header.msg_type);
                    return request;
                }
                Err(refused) => log::warn!("{channel}: a message was refused: {refused}"),
            },
            Err(error) => {
                log::debug!("{channel}: {error}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

async fn listen(server: Arc<Server>, channel: Channel, mut socket: RouterRecvHalf) {
    let name = if channel == Channel::Shell { "shell" } else { "control" };
    loop {
        let request = Arc::new(next(&server, name, &mut socket).await);
        server.heed(&request);
        let work = tokio::spawn(guarded(Arc::clone(&server), channel, Arc::clone(&request)));
        // What is answered apart may take long; what changes anything keeps its order.
        if !apart(&request) {
            drop(work.await);
        }
    }
}

/// Whether a request only asks for what is known.
fn apart(request: &Incoming) -> bool {
    let kinds = [
        checks::REQUEST,
        definition::REQUEST,
        "complete_request",
        "inspect_request",
        "is_complete_request",
        "history_request",
    ];
    kinds.contains(&request.header.msg_type.as_str()) || request.subshell().is_some()
}

async fn guarded(server: Arc<Server>, channel: Channel, request: Arc<Incoming>) {
    let work = tokio::spawn(Arc::clone(&server).handle(channel, Arc::clone(&request)));
    if work.await.is_err() {
        // A panic, of which there is a report; the client must not wait for ever.
        let content = requests::error("InternalError", "the kernel failed at this request");
        server.shared.hub.reply(channel, &request, &reply_kind(&request), content);
        server.aside(&request, true).await;
    }
}

/// A kernel that publishes nothing any more is of no use.
async fn end_after(server: Arc<Server>, printing: JoinHandle<()>) {
    if printing.await.is_err() {
        log::error!("what publishes the outputs has failed; the kernel ends");
        server.end();
    }
}

async fn answers(server: Arc<Server>, mut socket: RouterRecvHalf) {
    loop {
        let reply = next(&server, "stdin", &mut socket).await;
        match (reply.header.msg_type.as_str(), reply.content["value"].as_str()) {
            ("input_reply", Some(value)) if server.shared.hub.answers(&reply) => {
                // Clients of ours can say that there will be no answer.
                let refused = reply.content["refused"].as_str();
                server.shared.answer(refused.map_or_else(|| Ok(value.to_owned()), |words| Err(words.to_owned())));
            }
            ("input_reply", Some(_)) => log::info!("stdin: an answer to no question that waits"),
            (kind, _) => log::warn!("stdin: `{kind}` is no answer"),
        }
    }
}

fn reply_kind(request: &Incoming) -> String {
    let kind = request.header.msg_type.as_str();
    format!("{}_reply", kind.strip_suffix("_request").unwrap_or(kind))
}

impl Server {
    /// What has to act even while outputs wait in line.
    fn heed(&self, request: &Incoming) {
        match request.header.msg_type.as_str() {
            "interrupt_request" => self.interrupt(request),
            "shutdown_request" if self.shared.busy() => self.shared.kill(),
            _ => {}
        }
    }

    /// Stops what runs; our own clients name a cell, and may end its process.
    fn interrupt(&self, request: &Incoming) {
        let force = request.content["force"] == true;
        match request.content["request"].as_str() {
            None if force => self.shared.kill(),
            None => self.shared.interrupt(),
            Some(cell) => {
                if let Some(job) = self.shared.stop_cell(cell, force) {
                    self.tell_aborted(&job.request);
                }
            }
        }
    }

    /// Busy and idle of a cell that does not run.
    fn tell_aborted(&self, request: &Incoming) {
        let (printer, parent) = (self.printer.clone(), request.parent.clone());
        // Outputs may wait in line, and an interrupt must not wait behind them.
        tokio::spawn(async move {
            for done in [false, true] {
                drop(printer.send(Print::Aside { parent: parent.clone(), done }).await);
            }
        });
    }

    async fn handle(self: Arc<Self>, channel: Channel, request: Arc<Incoming>) {
        if request.header.msg_type == "execute_request" && self.queue_takes(channel, &request) {
            return;
        }
        let own = match request.header.msg_type.as_str() {
            checks::REQUEST => Some(self.within(checks::CHECKED_WITHIN, &request, checks::check).await),
            definition::REQUEST => Some(self.within(ANSWER_WITHIN, &request, definition::define).await),
            _ => None,
        };
        if let Some(content) = own {
            let content = content.unwrap_or_else(|error| requests::error("BadRequest", &error.to_string()));
            self.shared.hub.reply(channel, &request, &reply_kind(&request), content);
            return;
        }
        self.aside(&request, false).await;
        if let Some(content) = Arc::clone(&self).answer(channel, &request).await {
            let content = content.unwrap_or_else(|error| requests::error("BadRequest", &error.to_string()));
            self.shared.hub.reply(channel, &request, &reply_kind(&request), content);
        }
        self.aside(&request, true).await;
    }

    /// Queues a cell; `false` if it is not one for the session: of a subshell, on another channel, or not to be read.
    fn queue_takes(&self, channel: Channel, request: &Arc<Incoming>) -> bool {
        if channel != Channel::Shell || request.subshell().is_some() {
            return false;
        }
        let Ok(execute) = request.content::<ExecuteRequest>(execute_defaults()) else { return false };
        let job = Job { request: Arc::clone(request), execute };
        if self.shared.is_unwanted(&request.header.msg_id) {
            self.shared.reply_aborted(&job, self.shared.count());
            self.tell_aborted(request);
        } else {
            self.shared.queue.push(job);
        }
        true
    }

    /// Tells everybody that a request is being answered, or has been.
    async fn aside(&self, request: &Incoming, done: bool) {
        drop(self.printer.send(Print::Aside { parent: request.parent.clone(), done }).await);
    }

    /// The reply's content; `None` where the request has no reply.
    async fn answer(self: Arc<Self>, channel: Channel, request: &Arc<Incoming>) -> Option<Answer> {
        Some(match request.header.msg_type.as_str() {
            "kernel_info_request" => Ok(requests::kernel_info(&self.shared)),
            "complete_request" => self.apart(request, requests::complete).await,
            "inspect_request" => self.apart(request, requests::inspect).await,
            "is_complete_request" => self.apart(request, requests::is_complete).await,
            "history_request" => self.apart(request, requests::history).await,
            "comm_info_request" => {
                let asked = request.content::<CommInfoRequest>(json!({"target_name": null}));
                asked.map(|asked| self.comms.info(asked.target_name.as_deref()))
            }
            "comm_open" | "comm_msg" | "comm_close" => {
                self.comm(request).await;
                return None;
            }
            // Done already.
            "interrupt_request" => Ok(json!({"status": "ok"})),
            "shutdown_request" => self.shutdown(request).await,
            "debug_request" => Ok(requests::debug(request)),
            "create_subshell_request" if channel == Channel::Control => Ok(self.subshells.create()),
            "delete_subshell_request" if channel == Channel::Control => Ok(self.subshells.delete(&request.content)),
            "list_subshell_request" if channel == Channel::Control => Ok(self.subshells.list()),
            "execute_request" => self.glance(request).await,
            kind if kind.ends_with("_request") => {
                log::warn!("`{kind}` is not known");
                Ok(requests::error("UnknownRequest", &format!("this kernel knows no `{kind}` on this channel")))
            }
            kind => {
                log::warn!("`{kind}` is not known");
                return None;
            }
        })
    }

    /// Answers on another thread, so that messages go on being read.
    async fn apart(&self, request: &Arc<Incoming>, answer: fn(&Shared, &Incoming) -> Answer) -> Answer {
        self.within(ANSWER_WITHIN, request, answer).await
    }

    async fn within(
        &self,
        time: Duration,
        request: &Arc<Incoming>,
        answer: fn(&Shared, &Incoming) -> Answer,
    ) -> Answer {
        let (shared, request) = (Arc::clone(&self.shared), Arc::clone(request));
        let worked = tokio::task::spawn_blocking(move || answer(&shared, &request));
        match tokio::time::timeout(time, worked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Ok(requests::error("InternalError", "the kernel failed at this request")),
            Err(_) => Ok(requests::error(
                "Timeout",
                "there was no answer in time: a file system or the compiler does not answer",
            )),
        }
    }

    async fn comm(&self, request: &Incoming) {
        let view = self.shared.view();
        let said = match request.header.msg_type.as_str() {
            "comm_open" => self.comms.open(&request.content, &view),
            "comm_msg" => self.comms.message(&request.content, &view),
            _ => {
                self.comms.close(&request.content);
                None
            }
        };
        if let Some((kind, content)) = said {
            self.publish(Draft::new(kind, &request.parent, content)).await;
        }
    }

    async fn publish(&self, draft: Draft) {
        drop(self.printer.send(Print::Publish(draft)).await);
    }

    async fn shutdown(&self, request: &Incoming) -> Answer {
        let asked = request.content::<ShutdownRequest>(json!({"restart": false}))?;
        let content = json!({"status": "ok", "restart": asked.restart});
        self.publish(Draft::new("shutdown_reply", &request.parent, content.clone())).await;
        self.end();
        Ok(content)
    }

    /// An execution in a subshell, or one that cannot be read.
    async fn glance(&self, request: &Arc<Incoming>) -> Answer {
        let asked = request.content::<ExecuteRequest>(execute_defaults())?;
        let Some(id) = request.subshell() else {
            return Ok(requests::error("UnknownRequest", "cells are executed over the shell channel"));
        };
        let Some(turn) = self.subshells.turn(id) else {
            return Ok(requests::error("SubshellNotFound", &format!("there is no subshell `{id}`")));
        };
        let _turn = turn.lock_owned().await;
        let shared = Arc::clone(&self.shared);
        let worked = tokio::task::spawn_blocking(move || crate::subshells::run(&shared, &asked)).await;
        let Ok((reply, drafts)) = worked else {
            return Ok(requests::error("InternalError", "the kernel failed at this request"));
        };
        for (kind, content) in drafts {
            self.publish(Draft::new(kind, &request.parent, content)).await;
        }
        Ok(reply)
    }

    /// Ends the kernel.
    pub fn end(&self) {
        self.end.notify_one();
    }

    /// Waits until the last messages have left, and ends what still runs.
    async fn farewell(&self, cells: oneshot::Receiver<()>) {
        self.shared.queue.close();
        if self.shared.busy() {
            self.shared.kill();
        }
        let (done, flushed) = oneshot::channel();
        // The reply that this request waits for is written by the task that asked for the end.
        tokio::task::yield_now().await;
        if self.printer.send(Print::Flush(done)).await.is_ok() {
            drop(tokio::time::timeout(FAREWELL, flushed).await);
        }
        gate::drained(FAREWELL).await;
        // An idle session ends its runs and writes what its variables hold back.
        drop(tokio::time::timeout(SESSION_ENDS, cells).await);
    }
}

/// What an `execute_request` may leave out.
pub fn execute_defaults() -> Value {
    json!({
        "silent": false, "store_history": true, "user_expressions": {}, "allow_stdin": true, "stop_on_error": true,
    })
}
