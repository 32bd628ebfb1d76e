//! Values on disk, seen from the cells' thread.

use ironbook_core::frame::{self, Keeping as Report, Wanted};
use ironbook_core::keep::{self, Keeping, Limits};
use ironbook_core::rt::Store;
use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads that read files side by side.
const READERS: usize = 4;

/// What is kept, once the session has said where.
#[derive(Default)]
pub(super) struct Kept {
    keeping: Option<Keeping>,
    /// What the session knows.
    told: HashMap<String, frame::Kept>,
}

impl Kept {
    pub(super) fn begin(
        &mut self,
        directory: PathBuf,
        next: u64,
        limits: Limits,
        busy: impl Fn() -> bool + Send + 'static,
    ) -> io::Result<()> {
        self.keeping = Some(Keeping::new(directory, next, limits, busy)?);
        Ok(())
    }

    /// Writes what a cell has made or changed.
    pub(super) fn after_cell(&mut self, store: &mut Store, touched: &[String], in_place: bool) -> Report {
        if let Some(keeping) = &mut self.keeping {
            let shared = store.may_share(touched);
            keeping.after_cell(store, shared || in_place);
        }
        // The session takes what was put for unknown, until it is told.
        touched.iter().for_each(|name| drop(self.told.remove(name)));
        self.report(store, false)
    }

    /// Writes a large value; whether to come again.
    pub(super) fn idle(&mut self, store: &Store, stop: &dyn Fn() -> bool) -> bool {
        self.keeping.as_mut().is_some_and(|keeping| keeping.idle(store, stop))
    }

    /// Writes everything that waits.
    pub(super) fn settle(&mut self, store: &mut Store, stop: &dyn Fn() -> bool) -> Report {
        let settled = self.keeping.as_mut().is_none_or(|keeping| {
            let settled = keeping.settle(store, stop);
            // What could not be written is tried once more, and told.
            keeping.after_cell(store, false);
            settled && keeping.settle(store, stop)
        });
        self.report(store, settled)
    }

    /// What is not as the session was told last.
    fn report(&mut self, store: &Store, settled: bool) -> Report {
        let Some(keeping) = &mut self.keeping else { return Report { settled, ..Report::default() } };
        let now = store.kept();
        let mut changed: Vec<(String, frame::Kept)> = now
            .iter()
            .filter(|(name, kept)| self.told.get(*name) != Some(kept))
            .map(|(n, k)| (n.clone(), k.clone()))
            .collect();
        changed.sort_by(|a, b| a.0.cmp(&b.0));
        self.told = now;
        Report { changed, next: keeping.next(), problem: keeping.problem(), settled }
    }

    /// Reads values; the names of those that are not back, and why.
    pub(super) fn restore(&mut self, store: &mut Store, values: &[Wanted]) -> Vec<(String, String)> {
        let read = read_all(values);
        let mut failed = Vec::new();
        for (wanted, read) in values.iter().zip(read) {
            let value = read.map_err(|error| error.to_string()).and_then(|read| {
                let keeper = keep::named(&read.type_name).ok_or(frame::UNKNOWN_TYPE)?;
                if keeper.identity() != read.of {
                    return Err("how its type is written has changed since".to_owned());
                }
                let value = catch_unwind(AssertUnwindSafe(|| keeper.read(&read.bytes)));
                let value = value.map_err(|_| "reading it panics")?.map_err(|error| error.to_string())?;
                Ok((value, keeper, read.digest))
            });
            match value {
                Ok((value, keeper, digest)) => {
                    store.put_back(&wanted.name, wanted.execution, value, &keeper);
                    if let Some(keeping) = self.keeping.as_ref().filter(|k| k.directory() == wanted.directory) {
                        keeping.adopt(store, &wanted.name, wanted.place, digest);
                    }
                }
                Err(why) => failed.push((wanted.name.clone(), why)),
            }
        }
        failed
    }
}

/// Reads files and compares digests, several at a time.
fn read_all(values: &[Wanted]) -> Vec<io::Result<keep::Read>> {
    let next = AtomicUsize::new(0);
    let read: Vec<Mutex<Option<io::Result<keep::Read>>>> = values.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..READERS.min(values.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(wanted) = values.get(index) else { return };
                    let result = keep::read(&wanted.directory, wanted.place, &wanted.name);
                    *read[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                }
            });
        }
    });
    let missing = || Err(io::Error::other("it was not read"));
    read.into_iter()
        .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(missing))
        .collect()
}
