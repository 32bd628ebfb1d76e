//! Threads for models that take their time, so that those that answer requests are free meanwhile.

use ironbook_core::interrupt;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// Rows from which on it pays to compute on all cores.
const MANY: usize = 2048;

type Work = Box<dyn FnOnce() + Send>;

/// A few threads that compute, in the order in which work comes.
pub(crate) struct Threads {
    work: Sender<Work>,
    /// Whether small batches are computed on one thread each, as is best for the library's models, and only large ones on all
    /// cores; a user's model may always use all.
    ours: bool,
    cores: usize,
    all: Arc<OnceLock<Option<ThreadPool>>>,
}

impl Threads {
    /// `count` threads; `ours` for models of the library.
    pub(crate) fn new(count: usize, ours: bool) -> io::Result<Threads> {
        let (work, received) = channel::<Work>();
        let received = Arc::new(Mutex::new(received));
        for number in 0..count {
            let received = Arc::clone(&received);
            let name = format!("model-{number}");
            std::thread::Builder::new().name(name).spawn(move || compute(&received, ours))?;
        }
        Ok(Threads { work, ours, cores: count, all: Arc::default() })
    }

    /// Computes something with so many rows; ready when it is done, or when it has panicked.
    pub(crate) async fn run(&self, rows: usize, work: impl FnOnce() + Send + 'static) {
        let (done, told) = oneshot::channel::<()>();
        let all = (!self.ours || rows >= MANY && self.cores > 1).then(|| Arc::clone(&self.all));
        let cores = self.cores;
        let sent = self.work.send(Box::new(move || {
            // Dropped also when the work panics.
            let _done = done;
            match all.as_deref().and_then(|all| all.get_or_init(|| pool(cores)).as_ref()) {
                Some(pool) => pool.install(work),
                None => work(),
            }
        }));
        if sent.is_ok() {
            let _ = told.await;
        }
    }
}

fn pool(cores: usize) -> Option<ThreadPool> {
    let named = ThreadPoolBuilder::new().num_threads(cores).thread_name(|i| format!("rows-{i}"));
    // A pool of its own: work of cells, and what stops it, is not meant for it.
    named.start_handler(|_| interrupt::stand_apart()).build().ok()
}

fn compute(received: &Mutex<Receiver<Work>>, ours: bool) {
    interrupt::stand_apart();
    if ours {
        alone();
    }
    loop {
        let next = received.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        // A panic of a model is caught where it is asked; this is for mistakes of the server.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    }
}

/// Makes this thread compute alone what rayon would spread over others: for a few rows that takes longer than the work.
pub(crate) fn alone() {
    interrupt::stand_apart();
    // A thread that is in a pool already stays there.
    let _ = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
}
