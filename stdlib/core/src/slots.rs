//! The variables of a session, by name, with what is known of each.

use crate::bundle::Bundle;
use crate::frame::{Kept, Variable};
use crate::keep::{self, Keeper, Known, Place, Wanted};
use crate::registry;
use crate::rt::{Measure, Show};
use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A variable.
pub(crate) struct Slot {
    pub(crate) value: Box<dyn Any>,
    pub(crate) type_name: &'static str,
    pub(crate) show: Show,
    pub(crate) measure: Measure,
    pub(crate) execution: u64,
    pub(crate) state: State,
}

/// Whether the value, as it is, is on disk.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// Not yet looked at.
    New,
    /// Among the small ones of a number.
    Small { number: u64, digest: blake3::Hash },
    /// In a file of its own, or on its way there.
    Large { number: u64, wanted: Wanted },
    /// It cannot be, for this reason.
    Never(String),
    /// It could not be written.
    Failed,
}

impl Slot {
    /// Shape and bytes. A user's `Inspect` may panic, and must not take the store with it.
    fn inspected(&self) -> (Option<String>, u64) {
        let inspect = || match registry::entry((*self.value).type_id()) {
            Some(entry) => (entry.inspect)(&*self.value),
            None => self.measure.call(&*self.value),
        };
        let (shape, bytes) = catch_unwind(AssertUnwindSafe(inspect)).unwrap_or_default();
        (shape, bytes + size_of_val(&*self.value) as u64)
    }

    /// Bytes that the value occupies, approximately.
    pub(crate) fn bytes(&self) -> u64 {
        self.inspected().1
    }

    /// Whether the value, or what stands in it, may share its memory with variables of other types.
    fn may_share(&self) -> bool {
        let home = |part: &str| self.type_name.contains(part);
        let code = home("dyn ") || home("cell::") || home("{{closure}}");
        code || home("candle_core::variable::") || home("candle_nn::") || home("ironbook_nn::")
    }

    /// The value, of a slot that is no more.
    pub(crate) fn into_value(mut self) -> Box<dyn Any> {
        std::mem::replace(&mut self.value, Box::new(()))
    }

    fn kept(&self) -> Kept {
        match &self.state {
            State::New => Kept::Unknown,
            State::Small { number, .. } => Kept::Here(Place::Small(*number)),
            State::Large { number, .. } => Kept::Here(Place::Large(*number)),
            State::Never(why) => Kept::Never(why.clone()),
            State::Failed => Kept::Failed,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let State::Large { wanted, .. } = &self.state {
            wanted.no_more();
        }
    }
}

/// Results that are kept at most.
const MOST_RESULTS: usize = 20;
/// Bytes that they occupy at most, all together.
const RESULT_BYTES: u64 = 256 << 20;

/// The name of a cell's result.
pub fn result_name(number: u64) -> String {
    format!("_{number}")
}

/// The cell whose result has this name.
pub fn result_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix('_').filter(|rest| !rest.starts_with(['0', '+']))?;
    digits.parse().ok()
}

/// The variables of a session, by name. Lives on the one thread that runs cells.
#[derive(Default)]
pub struct Store {
    slots: HashMap<String, Slot>,
}

impl Store {
    /// Describes all variables, by name.
    pub fn variables(&self) -> Vec<Variable> {
        let mut all: Vec<_> = self.slots.iter().map(|(name, slot)| describe(name, slot)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Describes one.
    pub fn describe(&self, name: &str) -> Option<Variable> {
        self.slots.get(name).map(|slot| describe(name, slot))
    }

    /// Shows a variable as the last expression of a cell would.
    pub fn show(&self, name: &str) -> Option<Bundle> {
        let slot = self.slots.get(name)?;
        Some(registry::show(&*slot.value).unwrap_or_else(|| slot.show.call(&*slot.value)))
    }

    /// Drops a variable; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.slots.remove(name).is_some_and(|slot| {
            discard(slot);
            true
        })
    }

    /// Whether one of these may share its memory with variables of other types.
    pub fn may_share(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.slots.get(name).is_some_and(Slot::may_share))
    }

    /// A cell takes a variable: through it, others may change that are being written.
    pub(crate) fn beware(&mut self, name: &str) {
        if self.slots.get(name).is_some_and(Slot::may_share) {
            self.hold_back_aliased();
        }
    }

    /// Gives up writing large values that may be about to change under the writer's hands; they are written anew later.
    pub fn hold_back_aliased(&mut self) {
        for slot in self.slots.values_mut() {
            let aliased = matches!(keep::known((*slot.value).type_id()), Some(Known::Kept(keeper)) if keeper.aliased);
            if aliased
                && let State::Large { wanted, .. } = &slot.state
                && !wanted.is_done()
            {
                wanted.no_more();
                slot.state = State::New;
            }
        }
    }

    /// How each variable is kept.
    pub fn kept(&self) -> HashMap<String, Kept> {
        self.slots.iter().map(|(name, slot)| (name.clone(), slot.kept())).collect()
    }

    /// Puts a value that was read from disk.
    pub fn put_back(&mut self, name: &str, execution: u64, value: Box<dyn Any>, keeper: &Keeper) {
        let (show, measure) = (keeper.show, keeper.measure);
        let slot = Slot { value, type_name: keeper.type_name, show, measure, execution, state: State::New };
        self.insert(name, slot);
    }

    /// Keeps a cell's result; its name, and those of older ones that go for it.
    pub(crate) fn keep_result(
        &mut self,
        number: u64,
        execution: u64,
        value: Box<dyn Any>,
        keeper: &Keeper,
    ) -> Vec<String> {
        let name = result_name(number);
        let state = State::Never("the result of a cell".to_owned());
        let (show, measure) = (keeper.show, keeper.measure);
        self.insert(&name, Slot { value, type_name: keeper.type_name, show, measure, execution, state });
        let mut results: Vec<(u64, String, u64)> = self
            .slots
            .iter()
            .filter_map(|(name, slot)| Some((result_number(name)?, name.clone(), slot.bytes())))
            .collect();
        results.sort_by_key(|result| std::cmp::Reverse(result.0));
        let (mut bytes, mut touched) = (0, vec![name]);
        for (rank, (_, name, size)) in results.into_iter().enumerate() {
            bytes += size;
            if rank >= MOST_RESULTS || bytes > RESULT_BYTES {
                self.remove(&name);
                touched.push(name);
            }
        }
        touched.dedup();
        touched
    }

    pub(crate) fn sorted(&mut self) -> Vec<(&String, &mut Slot)> {
        let mut all: Vec<_> = self.slots.iter_mut().collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }

    pub(crate) fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.get(name)
    }

    pub(crate) fn set_state(&mut self, name: &str, state: State) {
        if let Some(slot) = self.slots.get_mut(name) {
            slot.state = state;
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Slot> {
        self.slots.remove(name)
    }

    pub(crate) fn insert(&mut self, name: &str, slot: Slot) {
        if let Some(old) = self.slots.insert(name.to_owned(), slot) {
            discard(old);
        }
    }
}

fn describe(name: &str, slot: &Slot) -> Variable {
    let (shape, bytes) = slot.inspected();
    let columns = catch_unwind(AssertUnwindSafe(|| registry::columns(&*slot.value))).unwrap_or_default();
    Variable {
        name: name.to_owned(),
        type_name: slot.type_name.to_owned(),
        shape,
        bytes,
        execution: slot.execution,
        columns,
        kept: slot.kept(),
    }
}

/// Drops a value whose destructor may panic.
pub(crate) fn discard<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}
