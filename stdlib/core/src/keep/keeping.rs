//! Keeping the values of a session: what is written when.

use super::file::{Pack, Place, Single};
use super::writer::{Job, Wanted, Writer};
use super::{Keeper, Known, SMALL, known};
use crate::slots::{Slot, State, Store};
use std::any::Any;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Bounds of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Bytes of one session on disk beyond which no further large value is written.
    pub session: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { session: 16 << 30 }
    }
}

/// Writes the values of one session into its directory.
pub struct Keeping {
    directory: PathBuf,
    next: u64,
    limits: Limits,
    writer: Writer,
    /// Large values without a cheap copy, written on the cells' thread between cells.
    later: Vec<(String, Place, Wanted)>,
    problem: Option<String>,
}

impl Keeping {
    /// Keeps values in `directory`; `next` is the first number of its files that is free, `busy` tells whether a cell runs.
    ///
    /// # Errors
    /// Without a thread.
    pub fn new(
        directory: PathBuf,
        next: u64,
        limits: Limits,
        busy: impl Fn() -> bool + Send + 'static,
    ) -> io::Result<Keeping> {
        Ok(Keeping { directory, next, limits, writer: Writer::start(busy)?, later: Vec::new(), problem: None })
    }

    /// Writes what is new in the store: small values now, large ones later. `touched_shared` says that a value may have
    /// changed through another one that shares its memory.
    pub fn after_cell(&mut self, store: &mut Store, touched_shared: bool) {
        let mut pack = Pack::default();
        let number = self.next;
        let mut packed: Vec<String> = Vec::new();
        for (name, slot) in store.sorted() {
            if touched_shared {
                recheck(slot);
            }
            let failed = match &slot.state {
                State::Failed => true,
                State::Large { wanted, .. } => wanted.has_failed(),
                _ => false,
            };
            if failed {
                // There may be room again.
                slot.state = State::New;
            }
            if !matches!(slot.state, State::New) {
                continue;
            }
            match known(slot.value.as_ref().type_id()) {
                None => {}
                Some(Known::Never(why)) => slot.state = State::Never(why.to_owned()),
                Some(Known::Kept(keeper)) => {
                    slot.state = self.keep(name, slot, &keeper, number, &mut pack);
                    if matches!(slot.state, State::Small { .. }) {
                        packed.push(name.clone());
                    }
                    self.next = number + 1;
                }
            }
        }
        if pack.is_empty() {
            return;
        }
        if let Err(error) = pack.save(&Place::Small(number).file(&self.directory, "")) {
            for name in packed {
                store.set_state(&name, State::Failed);
            }
            self.problem = Some(error.to_string());
        }
    }

    /// One value: into the pack, or on its way.
    fn keep(&mut self, name: &str, slot: &Slot, keeper: &Keeper, number: u64, pack: &mut Pack) -> State {
        let value = &*slot.value;
        if let Some(why) = keeper.objection(value) {
            return State::Never(why.to_owned());
        }
        if slot.bytes() <= SMALL {
            let write = |to: &mut dyn Write| guarded(|| (keeper.write)(value, to));
            match pack.add(name, (keeper.type_name, keeper.identity), SMALL, write) {
                Ok(digest) => return State::Small { number, digest },
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {}
                Err(error) => return State::Never(error.to_string()),
            }
        }
        let used = self.used();
        if used + slot.bytes() > self.limits.session {
            return State::Never(format!(
                "it would go beyond the {} MB of a session on disk, of which {} are used (IRONBOOK_KEEP_MB sets the bound)",
                self.limits.session >> 20,
                used >> 20
            ));
        }
        let wanted = Wanted::new();
        let place = Place::Large(number);
        match keeper.detach(value) {
            Some(write) => self.writer.send(Job {
                path: place.file(&self.directory, name),
                name: name.to_owned(),
                type_name: keeper.type_name.to_owned(),
                of: keeper.identity.to_owned(),
                write,
                wanted: wanted.clone(),
            }),
            None => self.later.push((name.to_owned(), place, wanted.clone())),
        }
        State::Large { number, wanted }
    }

    /// Writes one of the values that wait for a pause between cells, unless `stop` says that a cell waits; whether to come again.
    pub fn idle(&mut self, store: &Store, stop: &dyn Fn() -> bool) -> bool {
        while let Some((name, place, wanted)) = self.later.first().cloned() {
            let keeper = store.value(&name).and_then(|value| match known(value.type_id()) {
                Some(Known::Kept(keeper)) => Some((value, keeper)),
                _ => None,
            });
            if let (true, Some((value, keeper))) = (wanted.is(), keeper) {
                let path = place.file(&self.directory, &name);
                let written = File::create(&path).and_then(|file| {
                    let mut single = Single::new(BufWriter::with_capacity(1 << 20, Pausing { to: file, stop }));
                    guarded(|| (keeper.write)(value, &mut single))?;
                    single.end(&name, keeper.type_name, keeper.identity)
                });
                if written.is_err() {
                    drop(fs::remove_file(&path));
                    if stop() {
                        return true;
                    }
                }
                let _ = wanted.end(written.is_ok());
                self.problem = written.err().map(|error| error.to_string()).or(self.problem.take());
            }
            self.later.remove(0);
        }
        false
    }

    /// Writes all that waits, unless `stop` says otherwise; whether all is written.
    pub fn settle(&mut self, store: &Store, stop: &dyn Fn() -> bool) -> bool {
        !self.idle(store, stop) && self.writer.settle(stop)
    }

    /// A value that was read from a file of this directory is still there.
    pub fn adopt(&self, store: &mut Store, name: &str, place: Place, digest: blake3::Hash) {
        let state = match place {
            Place::Small(number) => State::Small { number, digest },
            Place::Large(number) => State::Large { number, wanted: Wanted::there() },
        };
        store.set_state(name, state);
    }

    /// What went wrong since the last call: a full disk, most likely.
    pub fn problem(&mut self) -> Option<String> {
        self.problem.take().or_else(|| self.writer.problem())
    }

    /// The first number that is free.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Where the files are.
    pub fn directory(&self) -> &std::path::Path {
        &self.directory
    }

    fn used(&self) -> u64 {
        let files = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
    }
}

/// Whether a value that shares memory is still what was written of it.
fn recheck(slot: &mut Slot) {
    let Some(Known::Kept(keeper)) = known(slot.value.as_ref().type_id()) else { return };
    let changed = keeper.aliased
        && match &slot.state {
            State::Small { digest, .. } => {
                let mut pack = Pack::default();
                let now = pack.add("", ("", ""), SMALL, |to| guarded(|| (keeper.write)(&*slot.value, to)));
                !now.is_ok_and(|now| now == *digest)
            }
            State::Large { .. } => true,
            _ => false,
        };
    if changed {
        slot.state = State::New;
    }
}

/// Code of users' types may panic; the session must not end for it.
fn guarded(write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(|_| Err(io::Error::other("writing it panics")))
}

struct Pausing<'a> {
    to: File,
    stop: &'a dyn Fn() -> bool,
}

impl Write for Pausing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.stop)() {
            return Err(io::Error::other("a cell waits"));
        }
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Store {
    /// A variable's value.
    fn value(&self, name: &str) -> Option<&dyn Any> {
        self.slot(name).map(|slot| &*slot.value)
    }
}
