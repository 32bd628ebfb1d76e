//! The one thread that runs cells, in the order in which they were asked for.

use crate::client::RunningCell;
use crate::hub::Channel;
use crate::late::Late;
use crate::printer::{Print, error_content};
use crate::queue::Next;
use crate::shared::Shared;
use crate::wire::Incoming;
use ironbook_assist::{self as assist, Detail};
use ironbook_core::Bundle;
use ironbook_core::progress::State;
use ironbook_magics::{CellOutcome, Connection, Keep, RunOptions, Shell};
use ironbook_session::durable::SessionInfo;
use ironbook_session::library::index::Index;
use ironbook_session::library::{BuildProgress, Library, Paths, Stage};
use ironbook_session::{Config, Event, Failure, FailureKind, Session, Status, Tier};
use jupyter_protocol::ExecuteRequest;
use serde_json::{Map, Value, json};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender;

/// Requests that were sent before the failing cell's reply can be seen are those that arrive within this time.
const IN_FLIGHT: Duration = Duration::from_millis(15);
/// And as long as more of them keep coming, but not for longer than this.
const LONGEST_BURST: Duration = Duration::from_millis(250);
/// How often an idle session takes what its threads print.
const BACKGROUND_PERIOD: Duration = Duration::from_millis(100);

/// A session that was killed is offered again for so long.
const RECENT: Duration = Duration::from_secs(3600);
/// Characters of a running cell's line that others are told.
const LINE: usize = 200;

/// A cell to run.
pub struct Job {
    /// Its request.
    pub request: Arc<Incoming>,
    /// The same, read.
    pub execute: ExecuteRequest,
}

/// Where the session works.
pub struct Setting {
    /// Where library and cache are.
    pub paths: Paths,
    /// The cells' working directory.
    pub directory: PathBuf,
    /// Where compiled cells are kept.
    pub cells: PathBuf,
    /// How cells are optimised.
    pub tier: Tier,
    /// How other clients reach the session.
    pub connection: Connection,
}

/// What the thread is started with.
pub struct Worker {
    shared: Arc<Shared>,
    printer: Sender<Print>,
    setting: Setting,
    shell: Option<Shell<Session>>,
    /// What came between cells.
    late: Late,
    /// A session that could be gone on with; told with the first cell.
    offer: Option<String>,
}

impl Worker {
    /// A worker; nothing runs yet.
    pub fn new(shared: Arc<Shared>, printer: Sender<Print>, setting: Setting) -> Worker {
        Worker { shared, printer, setting, shell: None, late: Late::default(), offer: None }
    }

    /// Runs cells until the queue is closed.
    pub fn run(mut self) {
        // What goes wrong here is told by the first cell.
        drop(catch_unwind(AssertUnwindSafe(|| drop(self.start(&mut |_| ControlFlow::Break(()))))));
        loop {
            match self.shared.queue.next(BACKGROUND_PERIOD) {
                Next::Job(job) => self.job(&job),
                Next::Peek(name, asking) => drop(catch_unwind(AssertUnwindSafe(|| self.peek(&name, &asking)))),
                Next::Nothing => drop(catch_unwind(AssertUnwindSafe(|| self.listen()))),
                Next::Closed => return,
            }
        }
    }

    /// Shows a variable to somebody who inspects it; whoever waited may have gone.
    fn peek(&mut self, name: &str, asking: &std::sync::mpsc::Sender<Bundle>) {
        let Some(shell) = &mut self.shell else { return };
        let late = &mut self.late;
        match shell.engine().peek(name, &mut |event| late.push(event)) {
            Ok(Some(found)) => drop(asking.send(found)),
            Ok(None) => {}
            Err(failure) => {
                late.push(Event::Note(format!("while `{name}` was looked at: {}", failure.message)));
                self.refresh();
                self.take_ground();
            }
        }
    }

    /// One cell. A panic of the kernel itself costs the cell, not the session.
    fn job(&mut self, job: &Job) {
        let number = self.shell.as_ref().map_or(1, Shell::next_number);
        let line = job.execute.code.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim();
        let request = job.request.header.msg_id.clone();
        self.shared.begin(RunningCell { number, line: line.chars().take(LINE).collect(), request });
        if catch_unwind(AssertUnwindSafe(|| self.execute(job))).is_err() {
            let mut reply = error_content(&internal());
            reply["status"] = json!("error");
            self.shared.hub.reply(Channel::Shell, &job.request, "execute_reply", reply);
            self.print(Print::Failed(internal()));
            self.print(Print::End);
            drop(catch_unwind(AssertUnwindSafe(|| self.refresh())));
        }
        self.shared.end();
        self.take_ground();
    }

    /// Takes what threads print that outlived their cell, so that they do not stand still; the next cell shows it.
    fn listen(&mut self) {
        if let Some(shell) = &mut self.shell {
            let late = &mut self.late;
            shell.engine().listen(&mut |event| late.push(event));
        }
    }

    /// Starts the session; its library is built first if it is not there and `progress` lets it.
    fn start(&mut self, progress: &mut dyn FnMut(&BuildProgress) -> ControlFlow<()>) -> Result<(), Failure> {
        let Setting { paths, directory, cells, tier, connection } = &self.setting;
        let library = match Library::locate(paths) {
            Ok(library) => library,
            Err(missing) if missing.can_build() => Library::build(paths, progress)
                .map_err(|error| environment("library", error.to_string(), &error.remedy()))?,
            Err(missing) => return Err(environment("library", missing.to_string(), &missing.remedy())),
        };
        // Without it completion knows the session alone.
        if let Some(index) = library.index_path().and_then(|path| Index::load(&path).ok()) {
            self.shared.know(index);
        }
        let config = Config { library, cache: cells.clone(), directory: directory.clone(), tier: *tier };
        let mut session = Session::start(config)?;
        if let Err(error) = session.keep_in(&paths.sessions()) {
            let root = paths.sessions();
            let what = format!(
                "this session is not kept on disk, and would not survive its process: {}: {error}; IRONBOOK_HOME names a \
                 directory that can be written",
                root.display()
            );
            self.late.push(Event::Note(what));
        }
        if let Some(killed) = session.resumable().into_iter().next().filter(recently_killed) {
            self.offer =
                Some(format!("the last session of this directory was killed; `%resume {}` goes on with it", killed.id));
        }
        let mut shell = Shell::new(session);
        shell.keep_history(self.shared.history.clone());
        shell.set_connection(connection.clone());
        let shared = Arc::clone(&self.shared);
        shell.set_explainer(move |name| {
            let found = assist::inspect(&shared.view(), name, name.len(), Detail::Brief)?;
            Some(found.plain().to_owned())
        });
        self.shared.started(shell.handle());
        self.shell = Some(shell);
        self.refresh();
        self.take_ground();
        Ok(())
    }

    /// What completion and its kin see of the session.
    fn refresh(&mut self) {
        if let Some(shell) = &mut self.shell {
            self.shared.look(shell);
        }
    }

    /// What later checks stand on.
    fn take_ground(&mut self) {
        if let Some(shell) = &mut self.shell {
            self.shared.take_ground(shell);
        }
    }

    fn print(&self, print: Print) {
        // The printer is gone when the kernel ends.
        drop(self.printer.blocking_send(print));
    }

    fn execute(&mut self, job: &Job) {
        let quiet = job.execute.silent;
        let count = self.shell.as_ref().map_or(1, Shell::next_number);
        self.print(Print::Begin { request: Arc::clone(&job.request), quiet, count });
        self.print(Print::Code(job.execute.code.clone()));
        self.listen();
        let offer = self.offer.take().filter(|_| !quiet && !job.execute.code.trim_start().starts_with("%resume"));
        offer.into_iter().for_each(|offer| self.print(Print::Event(Event::Note(offer))));
        if !quiet {
            self.late.take().into_iter().for_each(|event| self.print(Print::Event(event)));
        }
        let (outcome, pages) = self.cell(job);
        let reply = match outcome {
            Ok(outcome) => self.reply(job, outcome, pages),
            Err(failure) => self.failed(job, count, failure, &[]),
        };
        // Whoever has the reply finds the session idle, and as the cell has left it.
        self.refresh();
        self.shared.end();
        self.shared.hub.reply(Channel::Shell, &job.request, "execute_reply", reply);
        self.print(Print::End);
        self.abort();
    }

    /// Runs the cell. A panic of the kernel itself costs the cell, not the session.
    fn cell(&mut self, job: &Job) -> (Result<CellOutcome, Failure>, Vec<Value>) {
        if let Err(failure) = self.ready() {
            return (Err(failure), Vec::new());
        }
        let mut pages = Vec::new();
        let keep = if job.execute.store_history && !job.execute.silent { Keep::History } else { Keep::Nothing };
        let Worker { shell, shared, printer, .. } = self;
        let Some(shell) = shell else { return (Err(internal()), pages) };
        let cell_id = job.request.cell_id();
        let stopped = || shared.stopped();
        let (tags, deleted) = (job.request.tags(), shared.deleted_cells(&job.request));
        let options =
            RunOptions { cell: cell_id.as_deref(), keep, stopped: Some(&stopped), tags: &tags, deleted: &deleted };
        let ran = catch_unwind(AssertUnwindSafe(|| {
            shell.run(&job.execute.code, options, &mut |event| match event {
                Event::Page(text) => pages.push(json!({"source": "page", "data": {"text/plain": text}, "start": 0})),
                Event::Input { .. } if !job.execute.allow_stdin => {
                    shared.answer(Err("this client takes no input (its allow_stdin is false)".to_owned()));
                }
                event => drop(printer.blocking_send(Print::Event(event))),
            })
        }));
        (ran.map_err(|_| internal()), pages)
    }

    /// Sees to it that there is a session, building the library with a progress bar in the cell.
    fn ready(&mut self) -> Result<(), Failure> {
        if self.shell.is_some() {
            return Ok(());
        }
        let (shared, printer) = (Arc::clone(&self.shared), self.printer.clone());
        let begun = Instant::now();
        let mut last: Option<Instant> = None;
        self.start(&mut |progress| {
            if last.is_none_or(|last| last.elapsed() >= Duration::from_millis(250)) {
                last = Some(Instant::now());
                drop(printer.blocking_send(Print::Event(Event::Progress(build_state(progress, begun)))));
            }
            if shared.stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }

    fn reply(&mut self, job: &Job, outcome: CellOutcome, mut payload: Vec<Value>) -> Value {
        if let Some(next) = outcome.next_input {
            payload.push(json!({"source": "set_next_input", "text": next.text, "replace": next.replace}));
        }
        let compile_s: f64 = outcome.executions.iter().map(|execution| execution.timing.compile_s).sum();
        let seconds = outcome.seconds;
        let mut reply = match outcome.status {
            Status::Ok => {
                let expressions = self.expressions(job);
                json!({
                    "status": "ok", "execution_count": outcome.number, "payload": payload, "user_expressions": expressions,
                })
            }
            Status::Failed(failure) => self.failed(job, outcome.number, failure, &payload),
        };
        reply["ironbook"]["seconds"] = json!(seconds);
        // The sum of nothing is -0.0.
        reply["ironbook"]["compile_s"] = json!(compile_s.abs());
        reply
    }

    fn failed(&mut self, job: &Job, count: u64, failure: Failure, payload: &[Value]) -> Value {
        let mut reply =
            json!({"status": "error", "execution_count": count, "payload": payload, "user_expressions": {}});
        if let (Value::Object(reply), Value::Object(content)) = (&mut reply, error_content(&failure)) {
            reply.extend(content);
        }
        reply["ironbook"] = json!({"kind": failure.kind});
        self.print(Print::Failed(failure));
        if job.execute.stop_on_error {
            self.abort_what_comes(&job.request.header.session);
        }
        reply
    }

    /// Takes a client's waiting cells from the queue, and those that still come in the same burst.
    fn abort_what_comes(&self, session: &str) {
        let begun = Instant::now();
        loop {
            std::thread::sleep(IN_FLIGHT);
            if self.shared.queue.abort(session) == 0 || begun.elapsed() >= LONGEST_BURST {
                return;
            }
        }
    }

    /// Answers the requests that a failure has aborted.
    fn abort(&mut self) {
        let count = self.shell.as_ref().map_or(1, Shell::next_number);
        for job in self.shared.queue.aborted() {
            self.print(Print::Begin { request: Arc::clone(&job.request), quiet: true, count });
            self.shared.reply_aborted(&job, count - 1);
            self.print(Print::End);
        }
    }

    fn expressions(&mut self, job: &Job) -> Map<String, Value> {
        let wanted = job.execute.user_expressions.iter().flatten();
        wanted.map(|(name, text)| (name.clone(), self.expression(text))).collect()
    }

    fn expression(&mut self, text: &str) -> Value {
        let Some(shell) = &mut self.shell else { return error_content(&internal()) };
        let mut result: Option<Bundle> = None;
        let shared = &self.shared;
        let stopped = || shared.stopped();
        let options = RunOptions { keep: Keep::Nothing, stopped: Some(&stopped), ..RunOptions::default() };
        let outcome = shell.run(text, options, &mut |event| match event {
            Event::Result(bundle) => result = Some(bundle),
            Event::Input { .. } => shared.answer(Err("an expression beside a cell asks nobody".to_owned())),
            _ => {}
        });
        match outcome.status {
            Status::Ok => {
                let bundle = result.unwrap_or_default();
                json!({"status": "ok", "data": bundle.data, "metadata": bundle.metadata})
            }
            Status::Failed(failure) => {
                let mut content = error_content(&failure);
                content["status"] = json!("error");
                content
            }
        }
    }
}

/// Whether a session ended a short while ago and not because it was asked to.
fn recently_killed(session: &SessionInfo) -> bool {
    !session.ended && session.used.elapsed().is_ok_and(|age| age < RECENT)
}

fn build_state(progress: &BuildProgress, begun: Instant) -> State {
    State {
        id: 0,
        title: "the standard library is compiled, once".to_owned(),
        done: progress.done as u64,
        total: (progress.total > 0).then_some(progress.total as u64),
        message: if progress.stage == Stage::Compiling {
            progress.crate_name.clone()
        } else {
            progress.stage.words().to_owned()
        },
        elapsed_s: begun.elapsed().as_secs_f64(),
        finished: false,
    }
}

fn environment(name: &str, message: String, remedy: &str) -> Failure {
    Failure::new(FailureKind::Environment, name, message).hint(remedy)
}

fn internal() -> Failure {
    environment(
        "internal",
        "the kernel itself failed at this cell; the session goes on".to_owned(),
        "run the cell again; a report is in the crash directory of Ironbook's data",
    )
}
