//! What a session has explored, for whoever turns it into something that runs without it.

use crate::durable::Durable;
use crate::event::{Event, Failure};
use crate::flow::Flow;
use crate::items::Items;
use crate::library::extra::Extra;
use crate::map::ExecutionId;
use crate::session::Session;
use crate::source::Source;
use ironbook_core::frame::Kept;
use ironbook_core::keep::{self, Read};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

/// An execution of a session.
#[derive(Clone, Debug)]
pub struct Past {
    /// Its number among executions.
    pub id: ExecutionId,
    /// The number that the user sees at its cell. A cell with magics can be several executions.
    pub number: u64,
    /// The front end's identity of the cell, if it has one.
    pub cell: Option<String>,
    /// Whether it ran to its end.
    pub ok: bool,
    /// What it did.
    pub flow: Flow,
    /// Its text, with magics lowered.
    pub source: Source,
    /// The working directory that it began in.
    pub directory: PathBuf,
    /// Digests of the small values that it wrote; those of large ones are not known.
    pub digests: BTreeMap<String, String>,
    /// Seconds, source in to result out.
    pub seconds: f64,
    /// Whether what it did was taken back: by a checkpoint that was restored, or by forgetting all.
    pub void: bool,
}

/// A variable of a session.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its type, as `std::any::type_name` prints it.
    pub type_name: String,
    /// The execution that wrote it last.
    pub execution: ExecutionId,
    /// How it is kept on disk.
    pub kept: Kept,
}

/// All of a session that another program needs to do the same.
#[derive(Clone, Debug, Default)]
pub struct Explored {
    /// The session's id, if it is kept on disk.
    pub session: Option<String>,
    /// What was executed, oldest first.
    pub executions: Vec<Past>,
    /// The variables that are there.
    pub variables: BTreeMap<String, Held>,
    /// Variables that are gone through no doing of a cell: who made them, and how they went.
    pub lost: BTreeMap<String, (ExecutionId, String)>,
    /// Paths by which types can be named, of those that are known.
    pub paths: BTreeMap<String, String>,
    /// Types whose values can be written to disk, and why those of others cannot.
    pub keepable: BTreeMap<String, Result<(), String>>,
    /// Those of them that the library does not know: their serde is used.
    pub by_serde: BTreeSet<String>,
    /// Items as they are now.
    pub items: Items,
    /// The working directory of cells, now.
    pub directory: PathBuf,
    /// The one that the session began in.
    pub began: PathBuf,
    /// When it was started, or resumed.
    pub since: Option<SystemTime>,
    /// Environment variables that the session set or removed.
    pub env: BTreeMap<String, Option<String>>,
    /// Crates of `%dep`.
    pub extra: Option<Extra>,
    /// Where the values lie.
    pub values: Option<PathBuf>,
}

impl Explored {
    /// A variable's value as it lies on disk.
    ///
    /// # Errors
    /// When it is not there, or not what was written.
    pub fn value(&self, name: &str) -> io::Result<Read> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "it is not kept on disk");
        let place = self.variables.get(name).and_then(|held| held.kept.place()).ok_or_else(missing)?;
        keep::read(self.values.as_deref().ok_or_else(missing)?, place, name)
    }
}

impl Session {
    /// Tells all that was done in it. Values are on disk afterwards, where the session is kept at all.
    ///
    /// # Errors
    /// When the values cannot be written, or the user does not wait for it.
    pub fn explored(&mut self, out: &mut dyn FnMut(Event)) -> Result<Explored, Failure> {
        if self.durable.is_some() {
            self.settle_values(out)?;
        }
        let types: BTreeSet<String> = self.all_types();
        let unknown: Vec<(String, String)> = self
            .live
            .iter()
            .filter(|(_, live)| self.types.path(&live.type_name).is_none())
            .map(|(name, live)| (name.clone(), live.type_name.clone()))
            .collect();
        for (name, type_name) in unknown {
            // A type that cannot be named has no path.
            drop(self.path_of(&name, &type_name));
        }
        self.note_types();
        let executions = self.history.iter().map(|record| self.past(record)).collect();
        let held = |(name, live): (&String, &crate::session::Live)| {
            let held = Held { type_name: live.type_name.clone(), execution: live.execution, kept: live.kept.clone() };
            (name.clone(), held)
        };
        let lost = self.lost.iter().map(|(name, (id, how))| (name.clone(), (*id, (*how).to_owned()))).collect();
        let path = |name: &String| Some((name.clone(), self.types.path(name)?));
        Ok(Explored {
            session: self.id().map(str::to_owned),
            executions,
            variables: self.live.iter().map(held).collect(),
            lost,
            paths: types.iter().filter_map(path).collect(),
            keepable: self.kept_types.clone(),
            by_serde: self.durable.as_ref().map(Durable::taught).unwrap_or_default(),
            items: self.items.clone(),
            directory: self.config.directory.clone(),
            began: self.began.clone(),
            since: Some(self.since),
            env: self.env.clone(),
            extra: self.extra.clone(),
            values: self.durable.as_ref().map(Durable::values_directory),
        })
    }

    fn past(&self, record: &crate::flow::Record) -> Past {
        let source = self.sources.get(&record.id).cloned();
        Past {
            id: record.id,
            number: self.shown(record.id),
            cell: record.cell.clone(),
            ok: record.ok,
            flow: record.flow.clone(),
            source: source.unwrap_or_else(|| Source::plain(record.text.clone())),
            directory: self.elsewhere.get(&record.id).unwrap_or(&self.began).clone(),
            digests: self.digests.get(&record.id).cloned().unwrap_or_default(),
            seconds: record.seconds,
            void: self.void.contains(&record.id),
        }
    }

    fn all_types(&self) -> BTreeSet<String> {
        let flows = self.history.iter().flat_map(|record| record.flow.read.values().chain(record.flow.wrote.values()));
        flows.chain(self.live.values().map(|live| &live.type_name)).cloned().collect()
    }

    /// Remembers where an execution began.
    pub(crate) fn note_directory(&mut self, id: ExecutionId, directory: PathBuf) {
        if directory != self.began {
            self.elsewhere.insert(id, directory);
        }
    }

    /// Remembers what the small values are that an execution wrote, so that it can be told whether another repeats it.
    pub(crate) fn note_digests(&mut self, id: ExecutionId, flow: &Flow) {
        let Some(directory) = self.durable.as_ref().map(Durable::values_directory) else { return };
        let small = |name: &String| match self.live.get(name)?.kept {
            Kept::Here(place @ keep::Place::Small(_)) => {
                keep::digest(&directory, place, name).ok().map(|digest| (name.clone(), digest))
            }
            _ => None,
        };
        let digests: BTreeMap<String, String> = flow.wrote.keys().filter_map(small).collect();
        if !digests.is_empty() {
            self.digests.insert(id, digests);
        }
    }

    /// Remembers of the types that are there whether their values are kept.
    pub(crate) fn note_types(&mut self) {
        for live in self.live.values() {
            let told = match &live.kept {
                Kept::Here(_) => Ok(()),
                Kept::Never(why) => Err(why.clone()),
                Kept::Unknown | Kept::Failed => continue,
            };
            if self.kept_types.get(&live.type_name).is_none_or(|known| known.is_err() && told.is_ok()) {
                self.kept_types.insert(live.type_name.clone(), told);
            }
        }
    }
}
