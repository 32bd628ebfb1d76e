//! Values on disk, so that they outlive the process: how each type is written and read, and the files.
//!
//! A [`Keeper`] knows a type. The runtime has a [`Keeping`], which writes what a cell has made or changed: values up to
//! [`SMALL`] before the cell is done, larger ones afterwards. A file carries the digest of each value in it; what does not
//! match its digest is not read.

mod file;
mod keeping;
mod plain;
mod sampling;
mod serial;
mod writer;

pub use file::{Place, Read, digest, number_of, read};
pub use keeping::{Keeping, Limits};
pub use plain::register as register_plain;
pub use sampling::{Cut, cut, register_sampler};
pub use serial::{Compare, keeper_of};

pub(crate) use writer::Wanted;

use crate::rt::{Measure, Show};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, PoisonError, RwLock};

/// The largest value, in bytes as written, that is on disk before its cell is done.
pub const SMALL: u64 = 8 << 20;

/// Writes a value that was copied from the cells' thread, on any thread.
pub type Detached = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

type WriteValue = Arc<dyn Fn(&dyn Any, &mut dyn Write) -> io::Result<()> + Send + Sync>;
type ReadValue = Arc<dyn Fn(&[u8]) -> io::Result<Box<dyn Any>> + Send + Sync>;
type DetachValue = Arc<dyn Fn(&dyn Any) -> Option<Detached> + Send + Sync>;
type ShareValue = Arc<dyn Fn(&dyn Any) -> Option<Box<dyn Any>> + Send + Sync>;
type MoveValue = fn(*mut ()) -> Box<dyn Any>;
type SameValue = Arc<dyn Fn(&dyn Any, &dyn Any) -> bool + Send + Sync>;
type Objection = Arc<dyn Fn(&dyn Any) -> Option<&'static str> + Send + Sync>;

/// How values of one type are kept.
#[derive(Clone)]
pub struct Keeper {
    pub(crate) type_name: &'static str,
    /// What it was compiled from, for types that the library does not know.
    pub(crate) identity: &'static str,
    pub(crate) write: WriteValue,
    pub(crate) read: ReadValue,
    detach: Option<DetachValue>,
    share: Option<ShareValue>,
    objection: Option<Objection>,
    /// Whether a value changes only through a mutable reference to it.
    pub(crate) frozen: bool,
    /// Whether a value can share its memory with one of another type, through which it changes.
    pub(crate) aliased: bool,
    pub(crate) show: Show,
    pub(crate) measure: Measure,
    /// Moves a value of the type out of where the pointer points; none for types with lifetimes.
    pub(crate) moved: Option<MoveValue>,
    /// Whether two values are equal, for types whose equal values can be written differently.
    same: Option<SameValue>,
}

impl Keeper {
    /// For values of type `T`, which change only through `&mut T`.
    pub fn new<T: Any>(
        write: impl Fn(&T, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
        read: impl Fn(&[u8]) -> io::Result<T> + Send + Sync + 'static,
        (show, measure): (Show, Measure),
    ) -> Keeper {
        let write = move |value: &dyn Any, to: &mut dyn Write| match value.downcast_ref::<T>() {
            Some(value) => write(value, to),
            None => Err(other_type()),
        };
        Keeper {
            type_name: std::any::type_name::<T>(),
            identity: "",
            write: Arc::new(write),
            read: Arc::new(move |bytes| Ok(Box::new(read(bytes)?))),
            detach: None,
            share: None,
            objection: None,
            frozen: true,
            aliased: false,
            show,
            measure,
            moved: None,
            same: None,
        }
    }

    /// For a type without lifetimes, whose values can also be kept as results of cells.
    #[must_use]
    #[expect(unsafe_code, reason = "a value whose type is not known to be `'static` has no `dyn Any`")]
    pub fn owned<T: Any>(mut self) -> Keeper {
        // SAFETY: `Cx::keep_result` gives a pointer to a value of the type with this id, and forgets the value.
        self.moved = Some(|value| Box::new(unsafe { value.cast::<T>().read() }));
        self
    }

    /// With a cheap copy that is written on another thread.
    #[must_use]
    pub fn detached<T: Any>(mut self, copy: impl Fn(&T) -> Option<Detached> + Send + Sync + 'static) -> Keeper {
        self.detach = Some(Arc::new(move |value| copy(value.downcast_ref::<T>()?)));
        self
    }

    /// With a cheap copy that is what reading it back would give: whoever computes with either gets the same bits.
    #[must_use]
    pub fn shared<T: Any>(mut self, copy: impl Fn(&T) -> T + Send + Sync + 'static) -> Keeper {
        self.share = Some(Arc::new(move |value| Some(Box::new(copy(value.downcast_ref::<T>()?)))));
        self
    }

    /// With values among them that cannot be kept, and why.
    #[must_use]
    pub fn except<T: Any>(mut self, why: impl Fn(&T) -> Option<&'static str> + Send + Sync + 'static) -> Keeper {
        self.objection = Some(Arc::new(move |value| why(value.downcast_ref::<T>()?)));
        self
    }

    /// For values that may share their memory with a value of another type.
    #[must_use]
    pub fn may_alias(mut self) -> Keeper {
        self.aliased = true;
        self
    }

    /// As it was compiled; `frozen` says that nothing in the type can change through a shared reference.
    #[must_use]
    pub(crate) fn compiled_from(mut self, identity: &'static str, frozen: bool) -> Keeper {
        self.identity = identity;
        self.frozen = frozen;
        self
    }

    /// Writes a value.
    ///
    /// # Errors
    /// Of the writer; for a value that cannot be kept.
    pub fn write(&self, value: &dyn Any, to: &mut dyn Write) -> io::Result<()> {
        match self.objection(value) {
            Some(why) => Err(io::Error::other(why)),
            None => (self.write)(value, to),
        }
    }

    /// What it was compiled from, for types that the library does not know.
    pub fn identity(&self) -> &str {
        self.identity
    }

    /// Reads a value.
    ///
    /// # Errors
    /// For bytes that are no value of the type.
    pub fn read(&self, bytes: &[u8]) -> io::Result<Box<dyn Any>> {
        (self.read)(bytes)
    }

    /// Whether two values are equal; nothing for types whose equal values are written with equal bytes, and whose bytes
    /// are to be compared instead.
    pub fn same(&self, a: &dyn Any, b: &dyn Any) -> Option<bool> {
        self.same.as_ref().map(|same| same(a, b))
    }

    /// A cheap copy, for types that have one and values that can be kept.
    pub fn share(&self, value: &dyn Any) -> Option<Box<dyn Any>> {
        self.share.as_ref().filter(|_| self.objection(value).is_none()).and_then(|share| share(value))
    }

    /// What writes a value later, on any thread, for types that can.
    pub fn detach(&self, value: &dyn Any) -> Option<Detached> {
        self.detach.as_ref().and_then(|detach| detach(value))
    }

    pub(crate) fn objection(&self, value: &dyn Any) -> Option<&'static str> {
        self.objection.as_ref().and_then(|objection| objection(value))
    }
}

fn other_type() -> io::Error {
    io::Error::other("a value of another type than its keeper is for")
}

/// What is known of a type.
#[derive(Clone)]
pub enum Known {
    /// Its values are kept.
    Kept(Keeper),
    /// They cannot be, for this reason.
    Never(&'static str),
}

#[derive(Default)]
struct Types {
    by_id: HashMap<TypeId, Known>,
    by_name: HashMap<&'static str, TypeId>,
}

static TYPES: RwLock<Option<Types>> = RwLock::new(None);

/// Registers a type; the latest registration wins.
pub fn register<T: Any>(known: Known) {
    let mut types = TYPES.write().unwrap_or_else(PoisonError::into_inner);
    let types = types.get_or_insert_default();
    types.by_id.insert(TypeId::of::<T>(), known);
    types.by_name.insert(std::any::type_name::<T>(), TypeId::of::<T>());
}

/// What is known of a type.
pub fn known(id: TypeId) -> Option<Known> {
    TYPES.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.by_id.get(&id).cloned()
}

/// The keeper of the type that `type_name` prints so.
pub fn named(type_name: &str) -> Option<Keeper> {
    let types = TYPES.read().unwrap_or_else(PoisonError::into_inner);
    let types = types.as_ref()?;
    match types.by_id.get(types.by_name.get(type_name)?)? {
        Known::Kept(keeper) => Some(keeper.clone()),
        Known::Never(_) => None,
    }
}

/// Whether values of a type change only through a mutable reference, as far as is known.
pub(crate) fn is_frozen(id: TypeId) -> bool {
    match known(id) {
        Some(Known::Kept(keeper)) => keeper.frozen,
        Some(Known::Never(_)) => true,
        None => false,
    }
}
