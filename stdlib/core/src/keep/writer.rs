//! The thread that writes large values which were copied for it.

use super::Detached;
use super::file::Single;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Written between two looks whether a cell runs.
const CHUNK: usize = 1 << 20;
/// While a cell runs, the thread rests so many times as long as it works.
const REST: u32 = 120;
/// Longest rest, after which it looks again.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// Whether a value is still wanted: it is not once its variable has another one.
#[derive(Clone, Debug)]
pub(crate) struct Wanted(Arc<AtomicU8>);

const ASKED: u8 = 0;
const NO_MORE: u8 = 1;
const DONE: u8 = 2;
const FAILED: u8 = 3;

impl Wanted {
    pub(crate) fn new() -> Wanted {
        Wanted(Arc::new(AtomicU8::new(ASKED)))
    }

    /// One whose file is there.
    pub(crate) fn there() -> Wanted {
        Wanted(Arc::new(AtomicU8::new(DONE)))
    }

    pub(crate) fn no_more(&self) {
        self.0.store(NO_MORE, Ordering::Release);
    }

    pub(crate) fn is(&self) -> bool {
        self.0.load(Ordering::Acquire) != NO_MORE
    }

    /// Whether its file is there.
    pub(crate) fn is_done(&self) -> bool {
        self.0.load(Ordering::Acquire) == DONE
    }

    /// Whether it could not be written.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.load(Ordering::Acquire) == FAILED
    }

    /// Its file is there, or cannot be; whether it was still wanted.
    pub(crate) fn end(&self, written: bool) -> bool {
        let end = if written { DONE } else { FAILED };
        self.0.compare_exchange(ASKED, end, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// A value to write.
pub(super) struct Job {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) type_name: String,
    /// The keeper's identity.
    pub(super) of: String,
    pub(super) write: Detached,
    pub(super) wanted: Wanted,
}

/// The thread, from outside.
pub(super) struct Writer {
    jobs: Sender<Job>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    open: AtomicUsize,
    /// Somebody waits: no rests.
    hurry: AtomicBool,
    done: Condvar,
    problem: Mutex<Option<String>>,
}

impl Writer {
    /// Starts it; `busy` tells whether a cell runs.
    pub(super) fn start(busy: impl Fn() -> bool + Send + 'static) -> io::Result<Writer> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let state = Arc::new(State::default());
        let own = Arc::clone(&state);
        let serve = move || {
            for job in queue {
                if let Err(error) = write(job, &busy, &own.hurry) {
                    *own.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                }
                let _guard = own.problem.lock().unwrap_or_else(PoisonError::into_inner);
                own.open.fetch_sub(1, Ordering::AcqRel);
                own.done.notify_all();
            }
        };
        std::thread::Builder::new().name("keep".to_owned()).spawn(serve)?;
        Ok(Writer { jobs, state })
    }

    pub(super) fn send(&self, job: Job) {
        self.state.open.fetch_add(1, Ordering::AcqRel);
        // The thread lives as long as this sender.
        drop(self.jobs.send(job));
    }

    /// Waits until all is written, unless `stop` says otherwise; whether it is.
    pub(super) fn settle(&self, stop: &dyn Fn() -> bool) -> bool {
        self.state.hurry.store(true, Ordering::Release);
        let mut guard = self.state.problem.lock().unwrap_or_else(PoisonError::into_inner);
        while self.state.open.load(Ordering::Acquire) > 0 && !stop() {
            let waited = self.state.done.wait_timeout(guard, Duration::from_millis(50));
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.state.hurry.store(false, Ordering::Release);
        self.state.open.load(Ordering::Acquire) == 0
    }

    /// What went wrong since the last call.
    pub(super) fn problem(&self) -> Option<String> {
        self.state.problem.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Writes one value into a file of its own; without a whole one there is none.
fn write(job: Job, busy: &dyn Fn() -> bool, hurry: &AtomicBool) -> io::Result<()> {
    let Job { path, name, type_name, of, write, wanted } = job;
    if !wanted.is() {
        return Ok(());
    }
    let file = File::create(&path).inspect_err(|_| _ = wanted.end(false))?;
    let paced = Paced { to: file, wanted: &wanted, busy, hurry, last: Instant::now() };
    let mut single = Single::new(BufWriter::with_capacity(CHUNK, paced));
    let written = write(&mut single).and_then(|()| single.end(&name, &type_name, &of));
    let missed = wanted.end(written.is_ok());
    if written.is_err() || !missed {
        drop(fs::remove_file(&path));
    }
    // Nobody misses a value that was replaced meanwhile.
    if missed { written } else { Ok(()) }
}

struct Paced<'a> {
    to: File,
    wanted: &'a Wanted,
    busy: &'a dyn Fn() -> bool,
    hurry: &'a AtomicBool,
    last: Instant,
}

impl Write for Paced<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.wanted.is() {
            return Err(io::Error::other("no longer wanted"));
        }
        let written = self.to.write(&bytes[..bytes.len().min(CHUNK)])?;
        self.rest();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Paced<'_> {
    /// Leaves the processors to the cell that runs.
    fn rest(&mut self) {
        let mut left = self.last.elapsed() * REST;
        while !left.is_zero() && (self.busy)() && self.wanted.is() && !self.hurry.load(Ordering::Acquire) {
            let nap = left.min(LONGEST_REST);
            std::thread::sleep(nap);
            left -= nap;
        }
        self.last = Instant::now();
    }
}
