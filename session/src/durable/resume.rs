//! Beginning to keep a session, and going on with one whose process is gone.

use super::folder::{Folder, newest, tidy};
use super::journal::{CellLine, Entry, FORMAT, Journal, Ran};
use super::restore::{Restored, live_of};
use super::{Durable, checkpoint};
use crate::event::{Event, Failure, FailureKind};
use crate::flow::is_shared;
use crate::items;
use crate::session::{Config, ExecuteOptions, Session};
use crate::source::Source;
use ironbook_core::frame::Kept;
use ironbook_core::keep::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// Megabytes of one session's values on disk; `IRONBOOK_KEEP_MB`.
fn limits() -> Limits {
    let megabytes = std::env::var("IRONBOOK_KEEP_MB").ok().and_then(|text| text.trim().parse::<u64>().ok());
    megabytes.map_or_else(Limits::default, |megabytes| Limits { session: megabytes << 20 })
}

/// Sessions on disk among which one is looked for to go on with.
const LOOKED_AT: usize = 50;

/// A session that goes on.
pub struct Resumed {
    /// The session.
    pub session: Session,
    /// Its cells so far, as the front end counted them.
    pub cells: Vec<CellLine>,
    /// What became of its variables.
    pub restored: Restored,
}

impl Session {
    /// Keeps this session, in which nothing has run yet, in a directory of its own below `root`.
    ///
    /// # Errors
    /// Of the file system.
    pub fn keep_in(&mut self, root: &Path) -> io::Result<()> {
        let folder = Folder::create(root)?;
        self.root = Some(root.to_owned());
        let (directory, library) = (self.config.directory.clone(), self.config.library.id.clone());
        let journal = Journal::create(folder.path(), &Entry::Begin { format: FORMAT, directory, library })?;
        self.durable = Some(Durable::new(folder, journal));
        let root = root.to_owned();
        // Other sessions' leftovers are nothing to wait for.
        drop(std::thread::Builder::new().name("tidy".to_owned()).spawn(move || tidy(&root)));
        if self.is_running() {
            self.begin_keeping();
        }
        Ok(())
    }

    /// Goes on with the session `id` below `root`: its items, history and, as far as they are on disk, its variables.
    ///
    /// # Errors
    /// When there is none, it is alive, or its journal cannot be read.
    pub fn resume(config: Config, root: &Path, id: &str, out: &mut dyn FnMut(Event)) -> Result<Resumed, Failure> {
        Session::resume_as(config, root, id, None, out)
    }

    /// Becomes the session `id`, if nothing has run in this one; without a name the one that was used last in this directory.
    ///
    /// # Errors
    /// As [`Session::resume`]; when something has run in this session.
    pub fn become_session(
        &mut self,
        id: Option<&str>,
        out: &mut dyn FnMut(Event),
    ) -> Result<(Vec<CellLine>, Restored), Failure> {
        let refused = |what: &str, hint: &str| Failure::new(FailureKind::Magic, "resume", what).hint(hint);
        if !self.history.is_empty() {
            return Err(refused("cells have run in this session", "resume in a new session, before its first cell"));
        }
        let Some(root) = self.root.clone() else {
            return Err(refused(
                "this session is not kept on disk",
                "notebooks and the terminal keep theirs, where IRONBOOK_HOME can be written",
            ));
        };
        let id = match id {
            Some(id) => id.to_owned(),
            None => self.resumable().into_iter().next().map(|session| session.id).ok_or_else(|| {
                refused("there is no ended session of this directory", "`ironbook sessions` lists all")
            })?,
        };
        let resumed = Session::resume_as(self.config.clone(), &root, &id, Some(self.handle()), out)?;
        *self = resumed.session;
        self.root = Some(root);
        Ok((resumed.cells, resumed.restored))
    }

    /// The ended sessions of this one's directory that can be resumed, the last one first.
    pub fn resumable(&self) -> Vec<super::SessionInfo> {
        let Some(root) = &self.root else { return Vec::new() };
        // It is asked for at each start, which must not wait for what is long past.
        let mut all = newest(root, LOOKED_AT);
        all.retain(|session| {
            session.pid.is_none() && session.directory == self.config.directory && session.executions > 0
        });
        all
    }

    fn resume_as(
        config: Config,
        root: &Path,
        id: &str,
        handle: Option<crate::session::Handle>,
        out: &mut dyn FnMut(Event),
    ) -> Result<Resumed, Failure> {
        let failed = |what: String| Failure::new(FailureKind::Magic, "resume", what);
        if id.len() != 8 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(failed(format!("`{id}` is no name of a session"))
                .hint("names have eight digits and letters; `ironbook sessions --ended` lists them"));
        }
        let folder = Folder::open(root, id).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => failed(format!("session {id} is running"))
                .hint("`ironbook repl --existing` attaches to a running session; `ironbook sessions` lists them"),
            io::ErrorKind::NotFound => failed(format!("there is no session {id} in {}", root.display()))
                .hint("`ironbook sessions` lists those that can be resumed"),
            _ => failed(format!("session {id} cannot be opened: {error}")),
        })?;
        let (journal, entries) = Journal::open(folder.path())
            .map_err(|error| failed(format!("the journal of session {id} cannot be read: {error}")))?;
        if let Some(Entry::Begin { format, .. }) = entries.first()
            && *format > FORMAT
        {
            return Err(failed(format!("session {id} was written by a newer Ironbook (format {format})")));
        }
        let mut config = config;
        if let Some(Entry::Begin { directory, .. }) = entries.first()
            && directory.is_dir()
        {
            config.directory.clone_from(directory);
        }
        let mut session = Session::start(config)?;
        if let Some(Entry::Begin { directory, .. }) = entries.first() {
            session.began.clone_from(directory);
        }
        session.set_handle(handle);
        session.root = Some(root.to_owned());
        let mut durable = Durable::new(folder, journal);
        let mut cells = Vec::new();
        session.replay(&entries, &mut durable, &mut cells, out);
        session.durable = Some(durable);
        session.begin_keeping();
        let restored = session.restore_values(out);
        session.write_lost(&restored.lost, out);
        Ok(Resumed { session, cells, restored })
    }

    /// Does again what the journal says, but for running cells.
    fn replay(
        &mut self,
        entries: &[Entry],
        durable: &mut Durable,
        cells: &mut Vec<CellLine>,
        out: &mut dyn FnMut(Event),
    ) {
        for entry in entries {
            match entry {
                Entry::Begin { .. } | Entry::End => {}
                Entry::Ran { ran, live, gone } => {
                    self.replay_ran(ran);
                    self.replay_live(live, gone);
                    self.note_types();
                }
                Entry::Changed { live, gone, lost } => {
                    self.replay_live(live, gone);
                    for (name, execution, _) in lost {
                        self.lost.insert(name.clone(), (*execution, "could not be restored"));
                    }
                }
                Entry::Damaged => {
                    out(Event::Note(
                        "a line of the session's journal is damaged; variables older than it are lost".to_owned(),
                    ));
                    for live in self.live.values_mut() {
                        live.kept = Kept::Never("the journal is damaged behind it".to_owned());
                    }
                }
                Entry::Reset => {
                    self.items = items::Items::default();
                    self.void_up_to_now();
                }
                Entry::Cell(cell) => cells.push(cell.clone()),
                Entry::Env { name, value } => drop(self.set_env(name, value.as_deref())),
                Entry::Directory { path } => drop(self.set_directory(path)),
                Entry::Tier { tier } => self.config.tier = *tier,
                Entry::Dependency { dependency } => {
                    if let Err(failure) = self.add_dependency(dependency, out) {
                        out(Event::Note(format!("the crate `{}` is missing: {}", dependency.name, failure.message)));
                    }
                }
                Entry::Checkpoint { name } => {
                    durable.checkpoints.insert(name.clone(), self.saved());
                }
                Entry::Forgotten { name } => drop(durable.checkpoints.remove(name)),
                Entry::Restored { name } => {
                    if let Some(saved) = durable.checkpoints.get(name).cloned() {
                        self.go_back(&saved);
                    }
                }
            }
            durable.next = durable.next.max(highest(entry) + 1);
        }
        durable.written = self
            .live
            .iter()
            .map(|(name, live)| (name.clone(), super::LiveEntry::of(name, live, self.types.path(&live.type_name))))
            .collect();
    }

    fn replay_ran(&mut self, ran: &Ran) {
        self.last = self.last.max(ran.id);
        self.texts.insert(ran.id, ran.source.text.clone());
        self.sources.insert(ran.id, ran.source.clone());
        self.numbers.insert(ran.id, ran.number);
        self.digests.insert(ran.id, ran.digests.clone());
        if let Some(directory) = &ran.directory {
            self.note_directory(ran.id, directory.clone());
        }
        if let Some(left_out) = &ran.adopted
            && let Ok(prepared) = self.prepare(&ran.source, ran.id)
        {
            let left_out: BTreeSet<String> = left_out.iter().cloned().collect();
            self.take_items(&prepared, &left_out);
        }
        self.graph.record(ran.id, &ran.flow, &is_shared);
        if !ran.silent {
            self.history.push(ran.record());
        }
    }

    fn replay_live(&mut self, live: &[super::LiveEntry], gone: &[String]) {
        for entry in live {
            if let Some(path) = &entry.path
                && self.types.path(&entry.type_name).is_none()
            {
                self.types.learn(&entry.type_name, path.clone());
            }
        }
        self.live.extend(live_of(live.iter().cloned()));
        for name in gone {
            self.live.remove(name);
            self.graph.forget(name);
        }
    }

    /// Writes down an execution.
    pub(crate) fn write_ran(
        &mut self,
        source: &Source,
        ran: &crate::event::Execution,
        options: &ExecuteOptions,
        adopted: Option<Vec<String>>,
        out: &mut dyn FnMut(Event),
    ) {
        if self.durable.is_none() {
            return;
        }
        let (live, gone) = self.take_changes();
        let ran = Ran {
            id: ran.id,
            number: self.shown(ran.id),
            cell: options.cell.clone(),
            ok: ran.status.is_ok(),
            silent: options.silent,
            flow: ran.flow.clone(),
            seconds: ran.timing.total_s,
            source: source.clone(),
            digests: self.digests.get(&ran.id).cloned().unwrap_or_default(),
            directory: self.elsewhere.get(&ran.id).cloned(),
            adopted,
        };
        self.write_down(&Entry::Ran { ran: Box::new(ran), live, gone }, out);
    }

    /// Writes down what has changed of the variables, if anything has.
    pub(crate) fn write_changes(&mut self, out: &mut dyn FnMut(Event)) {
        self.write_lost(&[], out);
    }

    /// The same, with the variables that could not be restored.
    pub(crate) fn write_lost(&mut self, lost: &[super::Lost], out: &mut dyn FnMut(Event)) {
        let (live, gone) = self.take_changes();
        if !live.is_empty() || !gone.is_empty() || !lost.is_empty() {
            let lost = lost.iter().map(|lost| (lost.name.clone(), lost.cell, lost.why.clone())).collect();
            self.write_down(&Entry::Changed { live, gone, lost }, out);
        }
    }

    /// Writes down a cell as the front end counts them.
    pub fn note_cell(&mut self, cell: CellLine) {
        self.write_down(&Entry::Cell(cell), &mut |_| {});
    }
}

impl Durable {
    fn new(folder: Folder, journal: Journal) -> Durable {
        Durable {
            values: folder.values(),
            folder,
            journal,
            limits: limits(),
            next: 1,
            written: BTreeMap::new(),
            checkpoints: BTreeMap::<String, checkpoint::Saved>::new(),
            taught: BTreeSet::new(),
            never: BTreeMap::new(),
            released: Vec::new(),
            told: None,
        }
    }
}

impl Drop for Durable {
    /// A session in which nothing ran leaves nothing behind.
    fn drop(&mut self) {
        // Without it the session only seems to have been killed.
        drop(self.journal.append(&Entry::End));
        if self.journal.is_fresh() {
            self.folder.remove();
        }
    }
}

/// The highest number of a file that an entry names.
fn highest(entry: &Entry) -> u64 {
    let (Entry::Ran { live, .. } | Entry::Changed { live, .. }) = entry else { return 0 };
    live.iter().filter_map(|entry| entry.kept.place()).map(|place| place.number()).max().unwrap_or(0)
}
