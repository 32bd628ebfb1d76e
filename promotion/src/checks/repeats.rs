//! Runs of one cell beside each other: whether a later one has only repeated an older one.

use super::Checks;
use crate::refusal::{Reason, Refusal};
use crate::slice::{From, Slice};
use ironbook_session::ExecutionId;
use ironbook_session::items::Kind;
use std::collections::{BTreeMap, BTreeSet};

impl Checks<'_, '_> {
    /// Whether a later run of a cell left the same values, in everything that is needed of either.
    pub(super) fn repeats(&mut self, slice: &Slice, id: ExecutionId, twin: ExecutionId) -> bool {
        let wanted = |id: &ExecutionId| slice.taken.get(id).map(|taken| &taken.outputs);
        let param = |name: &&String| slice.params.get(*name).is_none_or(|(of, _)| *of != id);
        let names: BTreeSet<String> = [id, twin].iter().filter_map(wanted).flatten().filter(param).cloned().collect();
        let digest = |id: ExecutionId, name: &String| self.history.past(id).and_then(|past| past.digests.get(name));
        let equal = |name: &String| digest(id, name).is_some() && digest(id, name) == digest(twin, name);
        names.iter().all(equal) || self.same(slice, id, twin)
    }

    /// Whether one execution has only repeated another: the same text on the same values.
    pub(super) fn same(&mut self, slice: &Slice, one: ExecutionId, other: ExecutionId) -> bool {
        if one == other {
            return true;
        }
        if let Some(known) = self.same.get(&(one, other)) {
            return *known;
        }
        // Until it is known; a cycle is none that repeats.
        self.same.insert((one, other), false);
        let history = self.history;
        let found = match (history.unit(one), history.unit(other)) {
            (Some(a), Some(b)) => {
                let inputs: BTreeSet<&String> = a.past.flow.read.keys().collect();
                let needed: Vec<_> =
                    [one, other].iter().filter_map(|id| slice.taken.get(id)).map(|taken| &taken.inputs).collect();
                let needs = |name: &String| needed.is_empty() || needed.iter().any(|inputs| inputs.contains_key(name));
                a.text.text == b.text.text
                    && inputs.into_iter().filter(|name| needs(name)).all(|name| {
                        match (history.writer(name, one), history.writer(name, other)) {
                            (Some(one), Some(other)) => self.same(slice, one, other),
                            (one, other) => one == other,
                        }
                    })
                    && self.same_items(slice, one, other)
            }
            _ => false,
        };
        self.same.insert((one, other), found);
        found
    }

    pub(super) fn same_items(&self, slice: &Slice, one: ExecutionId, other: ExecutionId) -> bool {
        let idents = self.idents(slice, one);
        let texts = |id: ExecutionId| -> BTreeSet<String> {
            let reached = self.history.items_at(id).map(|items| items.reach(&idents)).unwrap_or_default();
            reached.into_iter().filter(|d| d.key.kind != Kind::Use).map(|d| d.text.clone()).collect()
        };
        texts(one) == texts(other)
    }

    /// Of several runs of a cell that left the same, the oldest stands for all.
    pub(super) fn join_repeats(&mut self, slice: &mut Slice) {
        let mut first: BTreeMap<(String, usize), ExecutionId> = BTreeMap::new();
        let ids: Vec<ExecutionId> = slice.taken.keys().copied().collect();
        for id in ids {
            let Some(cell) = self.history.past(id).and_then(|past| past.cell.clone()) else { continue };
            let at = self.history.run_of(id).iter().position(|past| past.id == id).unwrap_or(0);
            let oldest = *first.entry((cell, at)).or_insert(id);
            if oldest == id {
                continue;
            }
            self.refusals.extend(self.shared_between(slice, oldest, id));
            let Some(gone) = slice.taken.remove(&id) else { continue };
            if let Some(stays) = slice.taken.get_mut(&oldest) {
                stays.outputs.extend(gone.outputs);
                let kept: BTreeSet<usize> = stays.kept.iter().copied().chain(gone.kept).collect();
                stays.kept = kept.into_iter().collect();
                for (name, from) in gone.inputs {
                    stays.inputs.entry(name).or_insert(from);
                }
            }
            for taken in slice.taken.values_mut() {
                for from in taken.inputs.values_mut().filter(|from| **from == From::Made(id)) {
                    *from = From::Made(oldest);
                }
            }
            slice.targets.values_mut().filter(|maker| **maker == id).for_each(|maker| *maker = oldest);
        }
    }

    /// Whether what two runs made shares its state, and was changed between them.
    pub(super) fn shared_between(&self, slice: &Slice, one: ExecutionId, other: ExecutionId) -> Option<Refusal> {
        let past = self.history.past(one)?;
        let shared = |id: &ExecutionId| {
            slice
                .taken
                .get(id)
                .into_iter()
                .flat_map(|taken| taken.outputs.clone())
                .find(|name| past.flow.wrote.get(name).is_some_and(|of| ironbook_session::flow::is_shared(of)))
        };
        let name = shared(&one).or_else(|| shared(&other))?;
        let between = slice
            .taken
            .range(one + 1..other)
            .find(|(id, _)| self.history.past(**id).is_some_and(|past| past.flow.wrote.contains_key(&name)))?;
        let unit = self.history.unit(*between.0)?;
        Some(
            Refusal::new(
                Reason::Alias,
                format!("`{name}` was made twice by one cell and changed between, and its state is shared"),
                "make the second one in a cell of its own, under a name of its own",
            )
            .at(self.mention(slice, unit, &name)),
        )
    }
}
