//! Sessions that outlive their processes: a journal of what was run, and the values on disk.
//!
//! The runtime writes values (`core::keep`); the session writes, before an execution is reported as done, one line of a
//! journal: what ran, what it did, and where each variable lies. After the death of the runtime the values are read into
//! a new one. After the death of all, the journal is read too.

mod checkpoint;
mod folder;
mod journal;
mod keepers;
mod restore;
mod resume;

pub use checkpoint::{Change, Checkpoint};
pub use folder::{Folder, SessionInfo, sessions};
pub use journal::CellLine;
pub(crate) use journal::Entry;
pub use restore::{Lost, Restored};
pub use resume::Resumed;

use crate::event::Event;
use crate::session::{Live, Session};
use folder::Values;
use ironbook_core::frame::{Keeping, Kept};
use ironbook_core::keep::{Limits, Place};
use ironbook_core::slots::result_number;
use journal::{Journal, LiveEntry};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What a session keeps on disk.
pub(crate) struct Durable {
    folder: Folder,
    values: Values,
    journal: Journal,
    limits: Limits,
    /// The first number of a file that is free.
    next: u64,
    /// The variables as the journal has them.
    written: BTreeMap<String, LiveEntry>,
    checkpoints: BTreeMap<String, checkpoint::Saved>,
    /// Types that the runtime was told of.
    taught: BTreeSet<String>,
    /// Types whose values are not kept, and why.
    never: BTreeMap<String, &'static str>,
    /// Values that their variables no longer have, until the journal says so.
    released: Vec<(String, Place)>,
    /// The last problem that was told.
    told: Option<String>,
}

impl Durable {
    /// Where the values lie.
    pub(crate) fn values_directory(&self) -> PathBuf {
        self.values.directory.clone()
    }

    /// Types that the runtime was told of.
    pub(crate) fn taught(&self) -> BTreeSet<String> {
        self.taught.clone()
    }

    /// Whether a checkpoint needs a value.
    fn pins(&self, name: &str, place: Place) -> bool {
        self.checkpoints.values().any(|saved| saved.holds(name, place))
    }

    /// A value is no longer that of its variable.
    fn release(&self, name: &str, place: Place, live: &BTreeMap<String, Live>) {
        let used = |place: Place| live.values().any(|live| live.kept == Kept::Here(place));
        let pinned = |place: Place| self.checkpoints.values().any(|saved| saved.uses(place));
        match place {
            Place::Large(_)
                if !self.pins(name, place) && live.get(name).is_none_or(|l| l.kept != Kept::Here(place)) =>
            {
                self.values.remove(place, name);
            }
            Place::Small(_) if !used(place) && !pinned(place) => self.values.remove(place, ""),
            _ => {}
        }
    }
}

impl Session {
    /// The session's name on disk, if it is kept.
    pub fn id(&self) -> Option<&str> {
        self.durable.as_ref().map(|durable| durable.folder.id())
    }

    /// Writes a line of the journal. What could not be written is told once.
    pub(crate) fn write_down(&mut self, entry: &Entry, out: &mut dyn FnMut(Event)) {
        let Some(durable) = &mut self.durable else { return };
        match durable.journal.append(entry) {
            Ok(()) => {
                // Only now nobody would look for them.
                for (name, place) in std::mem::take(&mut durable.released) {
                    durable.release(&name, place, &self.live);
                }
            }
            Err(error) => self.tell_problem(Some(error.to_string()), out),
        }
    }

    /// The variables that are not as the journal has them, and those that are gone.
    pub(crate) fn take_changes(&mut self) -> (Vec<LiveEntry>, Vec<String>) {
        let Some(durable) = &mut self.durable else { return (Vec::new(), Vec::new()) };
        let now: BTreeMap<String, LiveEntry> = self
            .live
            .iter()
            .filter(|(name, _)| result_number(name).is_none())
            .map(|(name, live)| (name.clone(), LiveEntry::of(name, live, self.types.path(&live.type_name))))
            .collect();
        let changed = now.values().filter(|entry| durable.written.get(&entry.name) != Some(entry)).cloned().collect();
        let gone = durable.written.keys().filter(|name| !now.contains_key(*name)).cloned().collect();
        for (name, old) in &durable.written {
            if let Kept::Here(place) = &old.kept
                && now.get(name).is_none_or(|entry| entry.kept != old.kept)
            {
                durable.released.push((name.clone(), *place));
            }
        }
        durable.written = now;
        (changed, gone)
    }

    /// Takes over where the runtime has put values.
    pub(crate) fn note_keeping(&mut self, keeping: Keeping, out: &mut dyn FnMut(Event)) {
        let Some(durable) = &mut self.durable else { return };
        durable.next = durable.next.max(keeping.next);
        for (name, kept) in keeping.changed {
            if let Some(live) = self.live.get_mut(&name) {
                live.kept = kept;
            }
        }
        self.tell_problem(keeping.problem, out);
    }

    fn tell_problem(&mut self, problem: Option<String>, out: &mut dyn FnMut(Event)) {
        let Some(durable) = &mut self.durable else { return };
        if let Some(problem) = problem
            && durable.told.as_ref() != Some(&problem)
        {
            let place = durable.folder.path().display();
            out(Event::Note(format!(
                "values could not be written to {place}: {problem}; they would not survive the end of this process"
            )));
            durable.told = Some(problem);
        }
    }
}
