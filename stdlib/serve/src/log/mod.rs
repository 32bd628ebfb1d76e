//! The request log: what was asked and answered, as Parquet files in a directory, written behind the answers.
//!
//! | column | type | what it is |
//! |---|---|---|
//! | `request_id` | String | the header `x-request-id` of the answer, by which labels are joined later |
//! | `row` | UInt32 | number of the row in its request, from 0 |
//! | `time` | Datetime (us, UTC) | when the request came |
//! | `model`, `version` | String | who answered |
//! | `latency_ms` | Float64 | from the request's head to its answer, in milliseconds |
//! | `input.NAME` | as the signature: Float64, String, Datetime (us, without a zone) | a feature; null where missing or redacted |
//! | `output.prediction` | Float64; String or Int64 for classes | |
//! | `output.probability.CLASS` | Float64 | for classifiers |
//!
//! A file is `requests-TIME-PROCESS-NUMBER.parquet`; it has this name only when it is complete. What a process has not yet
//! completed when it is killed is lost: at most [`LogOptions::rotate_every`] of requests. Its notes (Parquet's key-value
//! metadata) say `ironbook.sample`, `ironbook.redacted` and `ironbook.target`.

mod block;
mod files;
pub(crate) mod parquet;
mod writer;

pub(crate) use block::{Entry, Schema};
pub(crate) use files::stamp;

use crate::error::ServeError;
use block::Block;
use files::Directory;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Time after which the first file of a log is complete, if there is no shorter one; it doubles from file to file.
const FIRST: Duration = Duration::from_secs(1);
/// Rows of a block, which becomes one row group.
const ROWS: usize = 8192;
/// Bytes of a block, about; rows with long texts fill it sooner.
const BYTES: usize = 4 << 20;
/// Full blocks that may wait for the disk; more requests than these hold are lost to the log.
const WAITING: usize = 4;
/// Bytes of full blocks that may wait for the disk; a request of very many rows makes a block by itself.
const WAITING_BYTES: usize = 64 << 20;

/// How requests are logged.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// Where the files are written; created if it is not there.
    pub directory: PathBuf,
    /// Share of the requests that are logged, 0 to 1, chosen by their id (1).
    pub sample: f64,
    /// Features whose values are left out: their columns are there, and null (none).
    pub redact: Vec<String>,
    /// Bytes after which a file is complete (64 MiB).
    pub rotate_bytes: u64,
    /// Time after which a file is complete (30 s); the first ones of a log are sooner, after 1, 2, 4, .. s.
    pub rotate_every: Duration,
}

impl LogOptions {
    /// The defaults, in a directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> LogOptions {
        LogOptions {
            directory: directory.into(),
            sample: 1.0,
            redact: Vec::new(),
            rotate_bytes: 64 << 20,
            rotate_every: Duration::from_secs(30),
        }
    }
}

/// What the log has done.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Rows in complete files.
    pub(crate) written: AtomicU64,
    /// Rows that are in no file, because the disk was full, failed, or was too slow for what came.
    pub(crate) lost: AtomicU64,
    /// Complete files.
    pub(crate) files: AtomicU64,
}

impl Counts {
    fn lose(&self, rows: usize) {
        self.lost.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

/// A block on its way to the disk, counted until it is written.
struct Sent {
    block: Block,
    bytes: usize,
    waiting: Arc<AtomicUsize>,
}

impl Sent {
    /// None if too much waits already; one block may always.
    fn new(block: Block, waiting: &Arc<AtomicUsize>) -> Option<Sent> {
        let bytes = block.bytes();
        let before = waiting.fetch_add(bytes, Ordering::Relaxed);
        let sent = Sent { block, bytes, waiting: Arc::clone(waiting) };
        (before == 0 || before + bytes <= WAITING_BYTES).then_some(sent)
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

enum Order {
    Write(Sent),
    /// Completes the file; told when that is done.
    Complete(SyncSender<()>),
    End,
}

/// What is being filled, shared with the writer, which takes it when it is old.
type Current = Arc<Mutex<Option<Block>>>;

/// A log that is open; it ends with this value.
pub(crate) struct RequestLog {
    current: Current,
    orders: SyncSender<Order>,
    /// Bytes of the blocks that wait for the disk.
    waiting: Arc<AtomicUsize>,
    counts: Arc<Counts>,
    /// Requests with a hash below this are logged.
    below: u64,
    redact: Vec<String>,
    sample: f64,
    thread: Option<JoinHandle<()>>,
}

impl RequestLog {
    /// Opens a log in its directory.
    ///
    /// `report` is told when the disk fails, and when it works again.
    pub(crate) fn open(options: &LogOptions, report: impl Fn(&str) + Send + 'static) -> Result<RequestLog, ServeError> {
        let failed = |source| ServeError::Log { directory: options.directory.clone(), source };
        let directory = Directory::open(&options.directory).map_err(failed)?;
        RequestLog::over(options, directory, report).map_err(failed)
    }

    fn over(
        options: &LogOptions,
        folder: impl files::Folder + 'static,
        report: impl Fn(&str) + Send + 'static,
    ) -> std::io::Result<RequestLog> {
        let (orders, received): (_, Receiver<Order>) = sync_channel(WAITING);
        let (current, counts) = (Current::default(), Arc::new(Counts::default()));
        let writer = writer::Writer {
            folder: Box::new(folder),
            current: Arc::clone(&current),
            counts: Arc::clone(&counts),
            rotate_bytes: options.rotate_bytes,
            rotate_every: options.rotate_every,
            patience: FIRST,
            report: Box::new(report),
            file: None,
            failing: false,
        };
        let thread = std::thread::Builder::new().name("request-log".to_owned()).spawn(move || writer.run(&received))?;
        let sample = options.sample.clamp(0.0, 1.0);
        Ok(RequestLog {
            current,
            orders,
            waiting: Arc::default(),
            counts,
            below: (sample * u64::MAX as f64) as u64,
            redact: options.redact.clone(),
            sample,
            thread: Some(thread),
        })
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn redacted(&self) -> &[String] {
        &self.redact
    }

    pub(crate) fn sample(&self) -> f64 {
        self.sample
    }

    /// Whether the request of this id is among those that are logged.
    pub(crate) fn wants(&self, id: &str) -> bool {
        self.below == u64::MAX || hash(id) < self.below
    }

    /// Adds a request and its answer. Never waits for the disk: what it cannot take is counted as lost.
    pub(crate) fn add(&self, schema: &Arc<Schema>, entry: &Entry<'_>) {
        let full = {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            // Another version can have other columns.
            let other = current.take_if(|block| !block.is_of(schema));
            let block = current.get_or_insert_with(|| Block::new(Arc::clone(schema), Instant::now()));
            block.add(entry);
            let full = current.take_if(|block| block.rows() >= ROWS || block.bytes() >= BYTES);
            [other, full]
        };
        for block in full.into_iter().flatten() {
            let rows = block.rows();
            let sent = Sent::new(block, &self.waiting);
            if sent.is_none_or(|sent| self.orders.try_send(Order::Write(sent)).is_err()) {
                self.counts.lose(rows);
            }
        }
    }

    /// Completes the file that is being written; returns when that is done.
    pub(crate) fn complete(&self) {
        let (done, told) = sync_channel(1);
        if self.orders.send(Order::Complete(done)).is_ok() {
            // The writer is gone only if it panicked; there is nothing to wait for then.
            let _ = told.recv();
        }
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// FNV-1a, with its bits mixed once more so that all of them can be compared.
fn hash(text: &str) -> u64 {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let mixed = (sum ^ (sum >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests;
