//! Stages that begin before the values that they take are written: where those are in memory.

use super::{Schedule, State};
use crate::run::task::{Finished, Taken};
use crate::run::{Prepared, graph, job, key};

impl Schedule<'_> {
    pub(super) fn key(&self, at: usize, inputs: &[Taken]) -> String {
        let digests: Vec<String> = inputs.iter().map(|taken| taken.digest.clone()).collect();
        key::of_stage(self.stage(at), &self.machine, &digests, &self.prepared.settings, &self.prepared.data)
    }

    pub(super) fn code(&self, at: usize) -> String {
        key::of_code(self.stage(at), &self.machine, &self.prepared.settings, &self.prepared.data)
    }

    /// Whether a stage can begin before all that it takes is written, and in which worker: where it is in memory, and only if
    /// the stage was never run with this code, since else what it makes may be there.
    pub(super) fn ahead(&self, at: usize) -> Option<(usize, Vec<Taken>)> {
        if !self.in_worker(at) {
            return None;
        }
        let mut worker = None;
        let mut inputs = Vec::new();
        for input in &self.stage(at).inputs {
            let from = graph::index(&self.prepared.definition, &input.from).ok()?;
            let outputs = match &self.states[from] {
                State::Done { entry, .. } => &entry.outputs,
                State::Returned(of, finished, _) if worker.is_none_or(|worker| worker == *of) => {
                    worker = Some(*of);
                    &finished.outputs
                }
                _ => return None,
            };
            let made = outputs.iter().find(|made| made.name == input.name)?;
            inputs.push(Taken { name: input.name.clone(), from: input.from.clone(), digest: made.digest.clone() });
        }
        let worker = worker.filter(|worker| self.workers.is_free(*worker))?;
        let may_be_there = !self.forced[at] && self.prepared.cache.was_seen(&self.code(at));
        (!may_be_there).then_some((worker, inputs))
    }

    /// Whether a stage shares a process with others: not if it is bounded, since it can take the others along, nor if it is
    /// tried again, since it is to begin anew.
    pub(super) fn in_worker(&self, at: usize) -> bool {
        let stage = self.stage(at);
        let is_plain = stage.timeout_s.is_none() && stage.memory_mb.is_none() && stage.retries == 0;
        is_plain && !self.options.isolate && !self.options.in_process
    }

    /// Stores one of the stages that have ended before what they took was written, once it is; whether there was one.
    pub(super) fn settle(&mut self) -> bool {
        for at in self.wanted() {
            let State::Returned(_, _, Some(_)) = &self.states[at] else { continue };
            let is_void = |from: &State| matches!(from, State::Failed(_) | State::Waiting | State::Running(_));
            let needs = &self.prepared.needs[at];
            if needs.iter().any(|from| is_void(&self.states[*from])) {
                // What it took is not what its maker leaves.
                self.tracked.failed(&self.stage(at).name, "a value that it took was not left", true);
                self.console.ended(&self.stage(at).name, "undone, since a value that it took was not left");
                self.states[at] = State::Waiting;
                return true;
            }
            let Some(inputs) = self.inputs(at) else { continue };
            let State::Returned(_, _, Some(entry)) = std::mem::replace(&mut self.states[at], State::Waiting) else {
                continue;
            };
            let (key, before) = (self.key(at, &inputs), self.log(at));
            self.keys[at] = Some(key.clone());
            if let (Some(before), Some(after)) = (before, self.log(at)) {
                // It stays where it is then.
                let _ = std::fs::rename(before, after);
            }
            match job::store(self.prepared, (&key, &self.code(at)), &entry) {
                Ok(()) => self.done(at, entry, false),
                Err(failed) => self.fail(at, failed, false),
            }
            return true;
        }
        false
    }

    /// Its values are in its worker's memory, which is free for the next stage.
    pub(super) fn returned(&mut self, at: usize, finished: Finished) {
        let State::Running(Some(worker)) = self.states[at] else { return };
        let name = &self.stage(at).name;
        let held = finished.outputs.iter().filter(|made| made.digest.is_empty());
        self.workers.returned(worker, held.map(|made| (name.clone(), made.name.clone())));
        self.states[at] = State::Returned(worker, finished, None);
    }
}

/// Whether a stage that has not begun takes this value.
pub(super) fn is_taken(prepared: &Prepared, states: &[State], (from, name): &(String, String)) -> bool {
    let stages = prepared.definition.stages.iter().zip(states).zip(&prepared.wanted);
    let mut waiting = stages.filter(|((_, state), wanted)| **wanted && matches!(state, State::Waiting));
    waiting.any(|((stage, _), _)| stage.inputs.iter().any(|input| input.from == *from && input.name == *name))
}
