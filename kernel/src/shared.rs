//! What the threads of the kernel share: the hub, the queue of cells, and what is known of the session.

use crate::hub::Hub;
use crate::queue::Queue;
use ironbook_assist::View;
use ironbook_magics::history::HistoryFile;
use ironbook_magics::{CellRecord, Shell, ShellHandle};
use ironbook_session::Session;
use ironbook_session::library::index::Index;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The shared state.
pub struct Shared {
    /// The ways to the sockets.
    pub hub: Arc<Hub>,
    /// Cells that wait.
    pub queue: Queue,
    /// The file of the cells' history, if one can be kept.
    pub history: Option<HistoryFile>,
    known: Mutex<Known>,
    stop: AtomicBool,
    busy: AtomicBool,
    count: AtomicU64,
}

#[derive(Default)]
struct Known {
    handle: Option<ShellHandle>,
    view: Arc<View>,
    cells: Arc<Vec<CellRecord>>,
}

impl Shared {
    /// For a session that is not there yet.
    pub fn new(hub: Arc<Hub>, directory: PathBuf, history: Option<HistoryFile>) -> Shared {
        let view = Arc::new(View { directory, ..View::default() });
        let known = Mutex::new(Known { view, ..Known::default() });
        let flag = || AtomicBool::new(false);
        Shared { hub, queue: Queue::default(), history, known, stop: flag(), busy: flag(), count: AtomicU64::new(0) }
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
        };
        self.count.store(shell.next_number() - 1, Ordering::Relaxed);
        let mut known = self.lock();
        known.view = Arc::new(view);
        if known.cells.len() != shell.cells().len() {
            known.cells = Arc::new(shell.cells().to_vec());
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

    /// The number of the last cell.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// A cell begins.
    pub fn begin(&self) {
        self.stop.store(false, Ordering::SeqCst);
        self.busy.store(true, Ordering::SeqCst);
    }

    /// Whether a cell runs.
    pub fn busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst)
    }

    /// It has ended.
    pub fn end(&self) {
        self.busy.store(false, Ordering::SeqCst);
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
