//! What the threads of the kernel share: the hub, the queue of cells, and what is known of the session.

use crate::checks::{Checks, Ground, Left, Ran};
use crate::client::{OwnInfo, RunningCell};
use crate::hub::{Channel, Hub};
use crate::queue::Queue;
use crate::wire::Incoming;
use crate::worker::Job;
use ironbook_assist::{Planned, View};
use ironbook_magics::history::HistoryFile;
use ironbook_magics::{CellRecord, Shell, ShellHandle};
use ironbook_session::language::{Answer, Cell, Prelude, Query, Service};
use ironbook_session::library::Paths;
use ironbook_session::library::index::Index;
use ironbook_session::{Checker, Session};
use serde_json::json;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Cells that are remembered as not wanted.
const MOST_UNWANTED: usize = 64;
/// Names of the session that clients are told at most.
const MOST_NAMES: usize = 2000;
/// How long a question waits for the language service.
const DEEP_WITHIN: Duration = Duration::from_millis(400);

/// How long after a cell its state may take to be there for checks.
const GROUND_WITHIN: Duration = Duration::from_millis(500);

/// The shared state.
pub struct Shared {
    /// The ways to the sockets.
    pub hub: Arc<Hub>,
    /// Cells that wait.
    pub queue: Queue,
    /// The file of the cells' history, if one can be kept.
    pub history: Option<HistoryFile>,
    /// The identity under which the register of sessions lists this one.
    pub id: Option<String>,
    /// The program of the language service, if it may be used, and where the library is.
    language: Option<(PathBuf, Paths)>,
    /// The service, once it was to be started.
    service: OnceLock<Option<Service>>,
    /// Cells that were checked without being run.
    pub checks: Checks,
    known: Mutex<Known>,
    stop: AtomicBool,
    running: Mutex<Running>,
    count: AtomicU64,
    /// Cells that were deleted, as requests told that did not run.
    deleted: Mutex<Vec<String>>,
}

/// The cell at work, and those that are not to begin.
#[derive(Default)]
struct Running {
    cell: Option<RunningCell>,
    /// Cells that were to be stopped and were not found: not there yet, between queue and work, or ended.
    unwanted: VecDeque<String>,
}

impl Running {
    /// Whether a cell that comes was to be stopped.
    fn is_unwanted(&mut self, request: &str) -> bool {
        let at = self.unwanted.iter().position(|unwanted| unwanted == request);
        at.and_then(|at| self.unwanted.remove(at)).is_some()
    }
}

#[derive(Default)]
struct Known {
    /// The name under which the session is kept on disk.
    kept: Option<String>,
    handle: Option<ShellHandle>,
    view: Arc<View>,
    /// What the language service is told of the session.
    prelude: Arc<Prelude>,
    cells: Arc<Vec<CellRecord>>,
    /// Those that are part of the session.
    ran: Arc<Ran>,
    /// What cells are checked in; none before there is a session.
    checker: Option<Checker>,
    /// Counts how often the session was looked at.
    generation: u64,
    /// The look after which the checker was taken.
    checked: u64,
}

impl Shared {
    /// For a session that is not there yet.
    pub fn new(
        hub: Arc<Hub>,
        directory: PathBuf,
        history: Option<HistoryFile>,
        id: Option<String>,
        language: Option<(PathBuf, Paths)>,
    ) -> Shared {
        let view = Arc::new(View { directory, ..View::default() });
        let known = Mutex::new(Known { view, ..Known::default() });
        Shared {
            hub,
            queue: Queue::default(),
            history,
            id,
            language,
            service: OnceLock::new(),
            checks: Checks::default(),
            known,
            stop: AtomicBool::new(false),
            running: Mutex::default(),
            count: AtomicU64::new(0),
            deleted: Mutex::default(),
        }
    }

    /// The session is there.
    pub fn started(&self, handle: ShellHandle) {
        self.lock().handle = Some(handle);
    }

    /// The library's names are known.
    pub fn know(&self, index: Index) {
        let mut known = self.lock();
        let view = View { index: Some(Arc::new(index)), ..(*known.view).clone() };
        known.view = Arc::new(view);
    }

    /// Remembers the session as it is between two cells.
    pub fn look(&self, shell: &mut Shell<Session>) {
        let numbers = shell.cells().iter().flat_map(|cell| cell.executions.iter().map(|id| (*id, cell.number)));
        let view = View {
            numbers: numbers.collect(),
            variables: shell.engine().known_variables(),
            items: shell.engine().items(),
            registry: shell.registry().clone(),
            directory: shell.engine().directory().to_owned(),
            index: self.lock().view.index.clone(),
            searches: ironbook_assist::searches(shell.cells().iter().map(|cell| (cell.number, cell.text.as_str()))),
        };
        self.count.store(shell.next_number() - 1, Ordering::Relaxed);
        let kept = shell.engine().id().map(str::to_owned);
        let prelude = Arc::new(shell.engine().prelude());
        if let Some(service) = self.service() {
            service.use_crates(prelude.crates());
        }
        let undone = shell.engine().undone();
        let ran = Arc::new(Ran::new(shell.cells(), &undone));
        let mut known = self.lock();
        known.kept = kept;
        known.ran = ran;
        known.prelude = prelude;
        known.generation += 1;
        known.view = Arc::new(view);
        if known.cells.len() != shell.cells().len() {
            known.cells = Arc::new(shell.cells().to_vec());
        }
    }

    /// The language service, which is started if it was not; it reads the library in the background.
    pub fn service(&self) -> Option<&Service> {
        let (program, paths) = self.language.as_ref()?;
        let start = || Service::start(program, paths).inspect_err(|error| log::info!("{error}")).ok();
        self.service.get_or_init(start).as_ref()
    }

    /// What the language service says of a place in a cell's text. Until it has read the library, and where it takes too
    /// long, there is no answer.
    pub fn deep(&self, view: &View, text: &str, cursor: usize, query: Query) -> Option<Answer> {
        let prelude = Arc::clone(&self.lock().prelude);
        self.deep_after(&prelude, view, text, cursor, query)
    }

    /// The same where other cells would have run before.
    pub fn deep_after(
        &self,
        prelude: &Prelude,
        view: &View,
        text: &str,
        cursor: usize,
        query: Query,
    ) -> Option<Answer> {
        let service = self.service()?;
        let cell = Cell { execution: 1, source: Planned::new(text, view).whole(text, view) };
        let document = prelude.document(&[cell]);
        service.ask(&document.text, document.at(1, cursor)?, query, DEEP_WITHIN)
    }

    /// What the cells above one would leave that have not run, as far as they were checked.
    pub fn left_by(&self, above: &[String]) -> Option<Left> {
        let (generation, view) = {
            let known = self.lock();
            (known.checked, Arc::clone(&known.view))
        };
        if above.is_empty() { None } else { self.checks.left_by(above, generation, &view) }
    }

    /// Takes what cells are checked in; a copy, which no cell's reply waits for.
    pub fn take_ground(&self, shell: &mut Shell<Session>) {
        let checker = shell.engine().checker();
        let mut known = self.lock();
        known.checker = Some(checker);
        known.checked = known.generation;
    }

    /// What cells are checked in; none before there is a session.
    pub fn ground(&self) -> Option<Ground> {
        let begun = Instant::now();
        loop {
            let known = self.lock();
            if known.checked == known.generation || begun.elapsed() > GROUND_WITHIN {
                return Some(Ground { generation: known.checked, checker: known.checker.clone()? });
            }
            drop(known);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The session as it was after the last cell.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.lock().view)
    }

    /// The cells so far.
    pub fn cells(&self) -> Arc<Vec<CellRecord>> {
        Arc::clone(&self.lock().cells)
    }

    /// Those that are part of the session as it stands.
    pub fn ran(&self) -> Arc<Ran> {
        Arc::clone(&self.lock().ran)
    }

    /// The number of the last cell.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// A cell begins.
    pub fn begin(&self, cell: RunningCell) {
        let mut running = self.running();
        self.stop.store(running.is_unwanted(&cell.request), Ordering::SeqCst);
        running.cell = Some(cell);
    }

    /// Whether a cell runs.
    pub fn busy(&self) -> bool {
        self.running().cell.is_some()
    }

    /// The cell that runs.
    pub fn running_cell(&self) -> Option<RunningCell> {
        self.running().cell.clone()
    }

    /// It has ended.
    pub fn end(&self) {
        self.running().cell = None;
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a cell that arrives was taken back already.
    pub fn is_unwanted(&self, request: &str) -> bool {
        self.running().is_unwanted(request)
    }

    /// Stops a cell, whether it runs or waits; one that waited is returned, and its client has the reply.
    pub fn stop_cell(&self, request: &str, force: bool) -> Option<Job> {
        if let Some(job) = self.queue.withdraw(request) {
            self.reply_aborted(&job, self.count());
            return Some(job);
        }
        let mut running = self.running();
        match &running.cell {
            Some(cell) if cell.request == request => {
                drop(running);
                if force { self.kill() } else { self.interrupt() }
            }
            _ => {
                // The channels keep no order among each other: the cell may still be on its way.
                running.unwanted.push_back(request.to_owned());
                if running.unwanted.len() > MOST_UNWANTED {
                    running.unwanted.pop_front();
                }
            }
        }
        None
    }

    /// Cells that the front end has deleted, as this request tells and those did that were not run before it.
    pub fn deleted_cells(&self, request: &Incoming) -> Vec<String> {
        let mut all = std::mem::take(&mut *self.deleted.lock().unwrap_or_else(PoisonError::into_inner));
        all.extend(request.deleted_cells());
        all
    }

    /// Tells the client of a cell that it does not run.
    pub fn reply_aborted(&self, job: &Job, count: u64) {
        // With the answer the front end forgets that it has told.
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).extend(job.request.deleted_cells());
        let reply = json!({"status": "aborted", "execution_count": count, "payload": [], "user_expressions": {}});
        self.hub.reply(Channel::Shell, &job.request, "execute_reply", reply);
    }

    /// What clients of ours are told with `kernel_info`.
    pub fn own_info(&self) -> OwnInfo {
        let view = self.view();
        OwnInfo {
            id: self.id.clone(),
            count: self.count(),
            variables: view.variables.iter().map(|variable| variable.name.clone()).take(MOST_NAMES).collect(),
            items: view.items.iter().map(|item| item.name.clone()).take(MOST_NAMES).collect(),
            running: self.running_cell(),
            stale: view.variables.iter().filter(|variable| variable.stale.is_some()).count(),
            kept: self.lock().kept.clone(),
        }
    }

    /// Asks the running cell to stop.
    pub fn interrupt(&self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(handle) = self.handle() {
            handle.interrupt();
        }
    }

    /// Whether the running cell was asked to stop.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Ends the runtime process, and with it the running cell.
    pub fn kill(&self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(handle) = self.handle() {
            handle.kill();
        }
    }

    /// Answers the running cell.
    pub fn answer(&self, text: Result<String, String>) {
        if let Some(handle) = self.handle() {
            handle.answer(text);
        }
    }

    fn handle(&self) -> Option<ShellHandle> {
        self.lock().handle.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
