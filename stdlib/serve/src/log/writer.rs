//! The thread that writes the log: blocks become row groups, files are completed by size and by time.

use super::block::{Block, Schema};
use super::files::{Folder, Unfinished};
use super::parquet::Footer;
use super::{Counts, Current, Order};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked whether a file is due.
const LOOK: Duration = Duration::from_millis(250);

pub(super) struct Writer {
    pub(super) folder: Box<dyn Folder>,
    pub(super) current: Current,
    pub(super) counts: Arc<Counts>,
    pub(super) rotate_bytes: u64,
    pub(super) rotate_every: Duration,
    /// How long the rows of the next file wait at most: the first files are short, so that there soon is something to read.
    pub(super) patience: Duration,
    pub(super) report: Box<dyn Fn(&str) + Send>,
    pub(super) file: Option<Open>,
    /// Whether the last write failed.
    pub(super) failing: bool,
}

/// The file that is being written.
pub(super) struct Open {
    file: Box<dyn Unfinished>,
    footer: Footer,
    schema: Arc<Schema>,
    begun: Instant,
}

impl Writer {
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        let pause = LOOK.min(self.rotate_every / 2).max(Duration::from_millis(1));
        loop {
            match orders.recv_timeout(pause) {
                Ok(Order::Write(sent)) => self.write(&sent.block),
                Ok(Order::Complete(done)) => {
                    self.take();
                    self.complete();
                    // Whoever asked may have gone.
                    let _ = done.send(());
                }
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => {
                    self.take();
                    return self.complete();
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.is_due() {
                self.take();
                self.complete();
                self.patience = self.patience.saturating_mul(2);
            }
        }
    }

    /// Whether the oldest row that is in no complete file has waited long enough.
    fn is_due(&self) -> bool {
        let in_memory = || {
            let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            current.as_ref().map(|block| block.begun)
        };
        let begun = self.file.as_ref().map(|open| open.begun).or_else(in_memory);
        begun.is_some_and(|begun| begun.elapsed() >= self.patience.min(self.rotate_every))
    }

    /// Writes what is being filled.
    fn take(&mut self) {
        let block = self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(block) = block {
            self.write(&block);
        }
    }

    fn write(&mut self, block: &Block) {
        // Another version's rows have other columns.
        if self.file.as_ref().is_some_and(|open| !Arc::ptr_eq(&open.schema, block.schema())) {
            self.complete();
        }
        match self.try_write(block) {
            Ok(()) => self.works(),
            Err(error) => {
                self.counts.lose(block.rows());
                self.fails(&error);
                // What was written before is worth keeping, if there is room for its end.
                self.complete();
            }
        }
        if self.file.as_ref().is_some_and(|open| open.footer.bytes() >= self.rotate_bytes) {
            self.complete();
        }
    }

    fn try_write(&mut self, block: &Block) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(self.begin(block)?);
        }
        let Some(open) = &mut self.file else { return Ok(()) };
        let (before, mut bytes) = (open.footer.bytes(), Vec::new());
        open.footer.group(&mut bytes, block.columns())?;
        open.file.append(&bytes).inspect_err(|_| {
            open.footer.undo(before);
            // If this fails too, completing the file does.
            let _ = open.file.cut(before);
        })
    }

    fn begin(&self, block: &Block) -> io::Result<Open> {
        let mut file = self.folder.begin()?;
        let mut start = Vec::new();
        let schema = block.schema();
        let footer = Footer::begin(&mut start, schema.fields.clone(), schema.notes.clone())?;
        if let Err(error) = file.append(&start) {
            file.remove();
            return Err(error);
        }
        Ok(Open { file, footer, schema: Arc::clone(schema), begun: block.begun })
    }

    /// Completes the file, if there is one.
    fn complete(&mut self) {
        let Some(Open { mut file, footer, .. }) = self.file.take() else { return };
        let rows = footer.rows();
        if rows == 0 {
            return file.remove();
        }
        let mut end = Vec::new();
        let written = footer.end(&mut end).and_then(|()| file.append(&end));
        if let Err(error) = written {
            file.remove();
            self.counts.lose(rows);
            return self.fails(&error);
        }
        match file.complete() {
            Ok(()) => {
                self.counts.written.fetch_add(rows as u64, Ordering::Relaxed);
                self.counts.files.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                self.counts.lose(rows);
                self.fails(&error);
            }
        }
    }

    /// Said once until it works again.
    fn fails(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.failing, true) {
            (self.report)(&format!("requests are not logged, what is lost is counted in /metrics: {error}"));
        }
    }

    fn works(&mut self) {
        if std::mem::take(&mut self.failing) {
            (self.report)("requests are logged again");
        }
    }
}
