//! Checkpoints: the session as it was at some moment, under a name.

use super::Durable;
use super::journal::Entry;
use super::restore::Restored;
use crate::event::{Event, Failure, FailureKind};
use crate::flow::Graph;
use crate::items::Items;
use crate::map::ExecutionId;
use crate::session::{Live, Session};
use ironbook_core::frame::{Kept, Reply, Request};
use ironbook_core::keep::{self, Place};
use ironbook_core::slots::result_number;
use std::collections::{BTreeMap, BTreeSet};

/// The session as it was.
#[derive(Clone)]
pub(crate) struct Saved {
    live: BTreeMap<String, Live>,
    graph: Graph,
    items: Items,
    void: BTreeSet<ExecutionId>,
    at: ExecutionId,
}

impl Saved {
    /// Whether this value of a variable belongs to it.
    pub(super) fn holds(&self, name: &str, place: Place) -> bool {
        self.live.get(name).is_some_and(|live| live.kept == Kept::Here(place))
    }

    /// Whether a value in this place belongs to it.
    pub(super) fn uses(&self, place: Place) -> bool {
        self.live.values().any(|live| live.kept == Kept::Here(place))
    }

    pub(super) fn has(&self, is: &dyn Fn(&str, &Kept) -> bool) -> bool {
        self.live.iter().any(|(name, live)| is(name, &live.kept))
    }
}

/// A checkpoint, for lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Its name.
    pub name: String,
    /// The last execution before it.
    pub at: ExecutionId,
    /// How many variables it has.
    pub variables: usize,
    /// Those that are not on disk, and why.
    pub missing: Vec<(String, String)>,
}

/// A variable that is not as it was at a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// Type and shape then; none if it did not exist.
    pub then: Option<(String, Option<String>)>,
    /// Type and shape now; none if it does not exist.
    pub now: Option<(String, Option<String>)>,
    /// Whether the values differ; none if one of them is not on disk.
    pub differs: Option<bool>,
    /// The execution that wrote it last, if it exists.
    pub cell: Option<ExecutionId>,
}

impl Session {
    pub(super) fn saved(&self) -> Saved {
        let live = self.live.iter().filter(|(name, _)| result_number(name).is_none());
        let live = live.map(|(name, live)| (name.clone(), live.clone())).collect();
        Saved { live, graph: self.graph.clone(), items: self.items.clone(), void: self.void.clone(), at: self.last }
    }

    pub(super) fn go_back(&mut self, saved: &Saved) {
        self.live = saved.live.clone();
        self.graph = saved.graph.clone();
        self.items = saved.items.clone();
        self.items.runtime_restarted();
        let since = self.history.iter().map(|record| record.id).filter(|id| *id > saved.at);
        self.void = saved.void.iter().copied().chain(since).collect();
    }

    /// Names the session as it is now; all its values are written first. An older checkpoint of the name is replaced.
    ///
    /// # Errors
    /// In a session that is not kept; when the values cannot be written, or the user does not wait for it.
    pub fn checkpoint(&mut self, name: &str, out: &mut dyn FnMut(Event)) -> Result<Checkpoint, Failure> {
        self.settle_values(out)?;
        let saved = self.saved();
        let checkpoint = listed(name, &saved);
        let durable = self.durable()?;
        let old = durable.checkpoints.insert(name.to_owned(), saved);
        self.write_down(&Entry::Checkpoint { name: name.to_owned() }, out);
        self.free(old);
        Ok(checkpoint)
    }

    /// Forgets a checkpoint; whether there was one.
    ///
    /// # Errors
    /// In a session that is not kept.
    pub fn forget_checkpoint(&mut self, name: &str, out: &mut dyn FnMut(Event)) -> Result<bool, Failure> {
        let old = self.durable()?.checkpoints.remove(name);
        let existed = old.is_some();
        if existed {
            self.write_down(&Entry::Forgotten { name: name.to_owned() }, out);
        }
        self.free(old);
        Ok(existed)
    }

    /// The checkpoints, the newest last.
    ///
    /// # Errors
    /// In a session that is not kept.
    pub fn checkpoints(&mut self) -> Result<Vec<Checkpoint>, Failure> {
        let mut all: Vec<Checkpoint> =
            self.durable()?.checkpoints.iter().map(|(name, saved)| listed(name, saved)).collect();
        all.sort_by_key(|checkpoint| checkpoint.at);
        Ok(all)
    }

    /// Makes the session as it was at a checkpoint, variables and items, in a new runtime. The history goes on.
    ///
    /// # Errors
    /// When there is no such checkpoint.
    pub fn restore_checkpoint(&mut self, name: &str, out: &mut dyn FnMut(Event)) -> Result<Restored, Failure> {
        let saved = self.found(name)?;
        self.go_back(&saved);
        self.lost.clear();
        self.moved.clear();
        self.end_runtime();
        self.write_down(&Entry::Restored { name: name.to_owned() }, out);
        self.launch();
        let restored = self.restore_values(out);
        self.write_lost(&restored.lost, out);
        Ok(restored)
    }

    /// How the variables differ from what they were at a checkpoint.
    ///
    /// # Errors
    /// When there is no such checkpoint; when the values cannot be written, or the user does not wait for it.
    pub fn diff(&mut self, name: &str, out: &mut dyn FnMut(Event)) -> Result<Vec<Change>, Failure> {
        let saved = self.found(name)?;
        self.settle_values(out)?;
        let names: BTreeSet<String> =
            saved.live.keys().chain(self.live.keys().filter(|name| result_number(name).is_none())).cloned().collect();
        let directory = self.durable()?.values.directory.clone();
        let change = |name: String| {
            let (then, now) = (saved.live.get(&name), self.live.get(&name));
            let described = |live: &Live| (crate::diagnostics::shorten_type(&live.type_name), live.shape.clone());
            let digest = |live: &Live| live.kept.place().and_then(|place| keep::digest(&directory, place, &name).ok());
            let differs = match (then, now) {
                (Some(then), Some(now)) if then.kept == now.kept && then.kept.place().is_some() => Some(false),
                (Some(then), Some(now)) => digest(then).zip(digest(now)).map(|(then, now)| then != now),
                _ => Some(true),
            };
            let cell = now.map(|live| live.execution);
            Change { then: then.map(described), now: now.map(described), differs, cell, name }
        };
        Ok(names.into_iter().map(change).collect())
    }

    /// Waits until all values are on disk.
    pub(crate) fn settle_values(&mut self, out: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        self.durable()?;
        let reply = self.runtime()?.call(&Request::Settle);
        let keeping = match reply {
            Ok(Reply::Kept(keeping)) => keeping,
            Ok(_) => return Err(failure("the runtime gave another answer than was asked for".to_owned())),
            Err(died) => return Err(self.bury(&died, out)),
        };
        let settled = keeping.settled;
        if let Some(problem) = &keeping.problem {
            return Err(failure(format!("values could not be written: {problem}"))
                .hint("free some space, or raise IRONBOOK_KEEP_MB; the session itself goes on"));
        }
        self.note_keeping(keeping, out);
        self.write_changes(out);
        if settled { Ok(()) } else { Err(crate::run::interrupted()) }
    }

    fn durable(&mut self) -> Result<&mut Durable, Failure> {
        self.durable.as_mut().ok_or_else(|| {
            failure("this session is not kept on disk, so it has no checkpoints".to_owned())
                .hint("notebooks and the terminal keep theirs; `ironbook run` and `-e` do not")
        })
    }

    fn found(&mut self, name: &str) -> Result<Saved, Failure> {
        let durable = self.durable()?;
        let found = durable.checkpoints.get(name).cloned();
        found.ok_or_else(|| {
            let names: Vec<&str> = durable.checkpoints.keys().map(String::as_str).collect();
            let advice = match names.as_slice() {
                [] => "`%checkpoint NAME` makes one".to_owned(),
                names => format!("there are: {}", names.join(", ")),
            };
            failure(format!("there is no checkpoint `{name}`")).hint(advice)
        })
    }

    /// Removes the values that only a checkpoint needed.
    fn free(&mut self, old: Option<Saved>) {
        let (Some(old), Some(durable)) = (old, &self.durable) else { return };
        for (name, live) in &old.live {
            if let Kept::Here(place) = live.kept
                && self.live.get(name).is_none_or(|now| now.kept != live.kept)
            {
                durable.release(name, place, &self.live);
            }
        }
    }
}

fn failure(message: String) -> Failure {
    Failure::new(FailureKind::Magic, "checkpoint", message)
}

fn listed(name: &str, saved: &Saved) -> Checkpoint {
    let missing = |(name, live): (&String, &Live)| match &live.kept {
        Kept::Here(_) => None,
        Kept::Never(why) => Some((name.clone(), why.clone())),
        Kept::Unknown | Kept::Failed => Some((name.clone(), "it could not be written".to_owned())),
    };
    Checkpoint {
        name: name.to_owned(),
        at: saved.at,
        variables: saved.live.len(),
        missing: saved.live.iter().filter_map(missing).collect(),
    }
}
