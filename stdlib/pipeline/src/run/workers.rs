//! The workers of a run: which is free, and what each has in memory.

use super::worker::Worker;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Workers(Vec<Member>);

struct Member {
    worker: Arc<Worker>,
    is_busy: bool,
    /// Whether it gets no more stages.
    is_retired: bool,
    /// Values, each with its stage.
    holds: HashSet<(String, String)>,
}

impl Workers {
    /// Whether this one can begin a stage.
    pub(super) fn is_free(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|of| !of.is_busy && !of.is_retired)
    }

    /// A free one, that which holds the most of these values; else a new one, which prints to `log` at first.
    pub(super) fn free(&mut self, values: &[(String, String)], threads: usize, log: &Path) -> io::Result<usize> {
        let held = |at: &usize| values.iter().filter(|value| self.0[*at].holds.contains(*value)).count();
        // Of equals the first: it has been there longer.
        let best = (0..self.0.len()).rev().filter(|at| self.is_free(*at)).max_by_key(held);
        if let Some(best) = best {
            return Ok(best);
        }
        let worker = Worker::start(threads, log)?;
        self.0.push(Member { worker, is_busy: false, is_retired: false, holds: HashSet::new() });
        Ok(self.0.len() - 1)
    }

    /// It begins a stage: the process, and the values that it can let go, which are those that `is_taken` does not say.
    pub(super) fn begin(
        &mut self,
        at: usize,
        is_taken: impl Fn(&(String, String)) -> bool,
    ) -> (Arc<Worker>, Vec<(String, String)>) {
        let of = &mut self.0[at];
        of.is_busy = true;
        let forget = of.holds.iter().filter(|value| !is_taken(value)).cloned().collect();
        of.holds.retain(is_taken);
        (Arc::clone(&of.worker), forget)
    }

    /// Its stage has returned, and left these values in its memory.
    pub(super) fn returned(&mut self, at: usize, values: impl IntoIterator<Item = (String, String)>) {
        let of = &mut self.0[at];
        of.is_busy = false;
        of.holds.extend(values);
    }

    /// It gets no more stages: what it holds is outdated, or it is gone.
    pub(super) fn retire(&mut self, at: usize) {
        self.0[at].is_retired = true;
        self.0[at].is_busy = false;
    }

    /// None of them gets more stages.
    pub(super) fn retire_all(&mut self) {
        self.0.iter_mut().for_each(|of| of.is_retired = true);
    }

    /// All stages have ended.
    pub(super) fn end(&self) {
        self.0.iter().for_each(|of| of.worker.end());
    }
}
