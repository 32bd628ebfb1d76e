//! The one thread on which cells run, in order: values with `Rc` and thread-locals stay valid from cell to cell.

use super::kept::Kept;
use super::output::{self, Output, Ticker};
use super::{hook, load, system};
use ironbook::track::{self, Status};
use ironbook_core::frame::{self, Outcome, Panic, Reply, Request, Variable};
use ironbook_core::interrupt;
use ironbook_core::rt::{self, CellResult, Cx, Stop, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Stack of the cells' thread; memory is committed when it is touched. The smaller ones are for systems that refuse the first.
const STACKS: [usize; 3] = [1 << 30, 1 << 28, 1 << 26];

/// A request for this thread.
pub(super) type Job = Request;

/// What the reading thread knows of this one.
#[derive(Default)]
pub(super) struct Shared {
    /// Cells that are queued or running.
    cells: AtomicUsize,
    /// Requests that are queued.
    queued: AtomicUsize,
    /// Whether somebody waits for all values to be on disk.
    settling: AtomicBool,
    /// The variables as of the last cell's end.
    known: Mutex<BTreeMap<String, Variable>>,
}

impl Shared {
    /// Whether a cell is queued or running.
    pub(super) fn running(&self) -> bool {
        self.cells.load(Ordering::Acquire) > 0
    }

    /// Counts a cell that will be queued; whether it is the only one.
    pub(super) fn begin(&self) -> bool {
        self.cells.fetch_add(1, Ordering::AcqRel) == 0
    }

    /// Counts a request that will be queued.
    pub(super) fn queue(&self, request: &Request) {
        self.queued.fetch_add(1, Ordering::AcqRel);
        self.settling.fetch_or(matches!(request, Request::Settle), Ordering::AcqRel);
    }

    fn waits(&self) -> bool {
        self.queued.load(Ordering::Acquire) > 0
    }

    /// Whether somebody waits for all values to be on disk.
    pub(super) fn settling(&self) -> bool {
        self.settling.load(Ordering::Acquire)
    }

    fn end(&self) {
        if self.cells.fetch_sub(1, Ordering::AcqRel) == 1 {
            interrupt::clear(); // library loops on threads that outlive the cell were not meant
        }
    }

    /// The variables as of the last cell's end.
    pub(super) fn known(&self) -> Vec<Variable> {
        self.lock().values().cloned().collect()
    }

    fn update(&self, put: &[Variable], gone: &[String]) {
        let mut known = self.lock();
        gone.iter().for_each(|name| drop(known.remove(name)));
        known.extend(put.iter().map(|variable| (variable.name.clone(), variable.clone())));
    }

    fn replace(&self, all: &[Variable]) {
        *self.lock() = all.iter().map(|variable| (variable.name.clone(), variable.clone())).collect();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Variable>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread.
pub(super) fn spawn(output: &Arc<Output>, shared: &Arc<Shared>) -> io::Result<Sender<Job>> {
    let ticker = Arc::new(Ticker::spawn()?);
    let (sender, receiver) = mpsc::channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let mut last = io::Error::from(io::ErrorKind::OutOfMemory);
    for size in STACKS {
        let (output, shared) = (Arc::clone(output), Arc::clone(shared));
        let (ticker, receiver) = (Arc::clone(&ticker), Arc::clone(&receiver));
        let body = move || {
            let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = Kept::default();
            Worker { store: Store::default(), output, shared, ticker, kept, in_place: false, succeeded: true }
                .serve(&receiver);
        };
        match std::thread::Builder::new().name("cell".to_owned()).stack_size(size).spawn(body) {
            Ok(_) => return Ok(sender),
            Err(error) => last = error,
        }
    }
    Err(last)
}

struct Worker {
    store: Store,
    output: Arc<Output>,
    shared: Arc<Shared>,
    ticker: Arc<Ticker>,
    kept: Kept,
    /// Whether the running cell may change a tensor through a shared reference.
    in_place: bool,
    /// Whether the last cell ran to its end.
    succeeded: bool,
}

impl Worker {
    fn serve(mut self, jobs: &Receiver<Job>) {
        rt::enter_cell_thread();
        loop {
            // Between cells there is time to write large values.
            while self.kept.idle(&self.store, &|| self.shared.waits()) && !self.shared.waits() {}
            let Ok(job) = jobs.recv() else { return };
            self.shared.queued.fetch_sub(1, Ordering::AcqRel);
            match job {
                Request::Run { execution, library, entry, text, number, unchanged, in_place } => {
                    if in_place {
                        self.store.hold_back_aliased();
                    }
                    self.in_place = in_place;
                    let record = track::CellRecord::begin(execution, text);
                    self.cell(execution, |me| {
                        let cx =
                            Cx::new(std::mem::take(&mut me.store), execution, number, unchanged.into_iter().collect());
                        let ended = me.run(cx, &library, &entry);
                        record.end(ended.outcome == Outcome::Ok);
                        ended
                    });
                }
                Request::Show { execution, name } => self.cell(execution, |me| me.show(execution, &name)),
                Request::List => self.list(),
                Request::Drop { names } => self.drop_all(&names),
                Request::Keep { directory, next, limits } => {
                    let shared = Arc::clone(&self.shared);
                    let begun = self.kept.begin(directory, next, limits, move || shared.running());
                    self.ack(begun.err().map(|error| error.to_string()));
                }
                Request::Know { library, entry } => self.know(&library, &entry),
                Request::Settle => {
                    let keeping = self.kept.settle(&mut self.store, &interrupt::requested);
                    self.shared.settling.store(false, Ordering::Release);
                    interrupt::clear();
                    self.output.send(&Reply::Kept(keeping));
                }
                Request::Restore { values } => self.restore(&values),
                Request::Preload { library } => self.ack(load::open(&library).err()),
                Request::SetEnv { name, value } => self.ack(set_env(&name, value.as_deref()).err()),
                Request::SetDirectory { path } => self.ack(set_directory(&path).err()),
                Request::Shutdown => self.shut_down(),
                Request::Interrupt | Request::Answer { .. } => {}
            }
        }
    }

    fn ack(&self, error: Option<String>) {
        output::flush();
        self.output.send(&Reply::Ack(error));
    }

    /// Does `part` as a cell: with displays under its number, partial lines shown, and `Done` after everything it printed.
    fn cell(&mut self, execution: u64, part: impl FnOnce(&mut Self) -> Ended) {
        self.output.set_execution(execution);
        hook::clear();
        self.ticker.start();
        let started = Instant::now();
        let Ended { outcome, put, gone, touched } = part(self);
        let seconds = started.elapsed().as_secs_f64();
        let in_place = std::mem::take(&mut self.in_place);
        let keeping = self.kept.after_cell(&mut self.store, &touched, in_place);
        self.ticker.stop();
        self.succeeded = outcome == Outcome::Ok;
        self.shared.update(&put, &gone);
        self.shared.end();
        output::flush();
        self.output.send(&Reply::Done { execution, outcome, put, gone, seconds, keeping });
    }

    fn run(&mut self, cx: Cx, library: &Path, entry: &str) -> Ended {
        let entry = match load::entry(library, entry) {
            Ok(entry) => entry,
            Err(message) => {
                self.store = cx.finish().store;
                return Ended::with(Outcome::NotLoaded { message });
            }
        };
        let result = rt::run(|| entry(&cx));
        // Describing what was put calls code of the user's types.
        match catch_unwind(AssertUnwindSafe(|| cx.finish())) {
            Ok(left) => {
                self.store = left.store;
                Ended { outcome: outcome(result), put: left.put, gone: left.gone, touched: left.touched }
            }
            Err(_) => {
                let gone = self.shared.known().into_iter().map(|variable| variable.name).collect();
                Ended { outcome: outcome(result), put: Vec::new(), gone, touched: Vec::new() }
            }
        }
    }

    fn show(&self, execution: u64, name: &str) -> Ended {
        let mut bundle = None;
        let result = rt::run(|| {
            bundle = self.store.show(name);
            Ok(())
        });
        match bundle {
            None if result.is_ok() => {
                return Ended::with(Outcome::Refused { mismatched: vec![(name.to_owned(), None)] });
            }
            Some(bundle) if !bundle.is_empty() => {
                self.output.emit(&Reply::Display { execution, bundle, id: None, update: false, result: true });
            }
            _ => {}
        }
        Ended::with(outcome(result))
    }

    /// Calls a crate that tells of types; what it tells makes values kept that waited for it.
    fn know(&mut self, library: &Path, entry: &str) {
        if let Ok(entry) = load::entry(library, entry) {
            let cx = Cx::new(std::mem::take(&mut self.store), 0, 0, BTreeSet::new());
            // It only registers; a panic leaves the types unknown.
            drop(rt::run(|| entry(&cx)));
            self.store = cx.finish().store;
        }
        let keeping = self.kept.after_cell(&mut self.store, &[], false);
        self.output.send(&Reply::Kept(keeping));
    }

    fn restore(&mut self, values: &[frame::Wanted]) {
        let failed = self.kept.restore(&mut self.store, values);
        let back = |wanted: &frame::Wanted| self.store.describe(&wanted.name);
        let variables: Vec<Variable> = values.iter().filter_map(back).collect();
        self.shared.update(&variables, &[]);
        self.output.send(&Reply::Restored { variables, failed });
    }

    fn list(&self) {
        let all = catch_unwind(AssertUnwindSafe(|| self.store.variables())).unwrap_or_else(|_| self.shared.known());
        self.shared.replace(&all);
        self.output.send(&Reply::Variables(all));
    }

    fn drop_all(&mut self, names: &[String]) {
        for name in names {
            self.store.remove(name);
        }
        output::flush();
        self.list();
    }

    /// Drops the variables, so that buffered writers among them write, and ends the process.
    fn shut_down(&mut self) -> ! {
        // A run that is still open ends as its last cell did. The store's words on a failure have nobody to go to.
        let status = if self.succeeded { Status::Finished } else { Status::Failed };
        drop(track::end_all(status));
        ironbook::serve::cells::stop_own();
        let store = std::mem::take(&mut self.store);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(store)));
        output::flush();
        system::end_process()
    }
}

struct Ended {
    outcome: Outcome,
    put: Vec<Variable>,
    gone: Vec<String>,
    /// Variables that the cell has taken or put.
    touched: Vec<String>,
}

impl Ended {
    fn with(outcome: Outcome) -> Self {
        Ended { outcome, put: Vec::new(), gone: Vec::new(), touched: Vec::new() }
    }
}

fn outcome(result: CellResult) -> Outcome {
    match result {
        Ok(()) => Outcome::Ok,
        Err(Stop::Refused(mismatched)) => Outcome::Refused { mismatched },
        Err(Stop::Error(error)) => Outcome::Error { type_name: error.type_name.to_owned(), chain: error.chain },
        Err(Stop::Interrupted) => Outcome::Interrupted,
        Err(Stop::Panic(message)) => Outcome::Panic(hook::take(&message).unwrap_or_else(|| unseen(message))),
    }
}

/// A panic that passed the hook by: `resume_unwind` does not call it.
fn unseen(message: String) -> Panic {
    Panic { message, file: String::new(), line: 0, column: 0, frames: Vec::new() }
}

#[expect(unsafe_code, reason = "changing the environment is unsafe while other threads read it")]
fn set_env(name: &str, value: Option<&str>) -> Result<(), String> {
    if name.is_empty() || name.contains(['=', '\0']) || value.is_some_and(|value| value.contains('\0')) {
        return Err(format!(
            "`{name}` cannot be set\nA name is not empty and has no `=`; neither name nor value has a NUL."
        ));
    }
    // SAFETY: done on the cells' thread between cells, so no cell reads or writes the environment at the same time; std's
    // own accesses, those of threads that outlived their cell included, go through std's lock.
    unsafe {
        match value {
            Some(value) => std::env::set_var(name, value),
            None => std::env::remove_var(name),
        }
    }
    Ok(())
}

fn set_directory(path: &Path) -> Result<(), String> {
    std::env::set_current_dir(path).map_err(|error| format!("cannot change to {}: {error}", path.display()))
}
