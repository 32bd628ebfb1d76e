//! How types of other libraries show themselves: entries made at start, found by type at run time.
//!
//! The orphan rule forbids implementing [`crate::Display`] for, say, a polars frame outside of both crates.
//! A registry also costs a cell no monomorphisation.

use crate::bundle::Bundle;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::RwLock;

/// What is known of a registered type.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Shows a value.
    pub show: fn(&dyn Any) -> Bundle,
    /// Shape and heap bytes of a value.
    pub inspect: fn(&dyn Any) -> (Option<String>, u64),
    cast: fn(*const ()) -> *const dyn Any,
}

static ENTRIES: RwLock<Option<HashMap<TypeId, Entry>>> = RwLock::new(None);

/// Registers how values of type `T` are shown and measured. The latest registration wins.
///
/// ```
/// struct Point(i32);
/// # use ironbook_core::{registry, Bundle};
/// registry::register::<Point>(
///     |any| Bundle::text(any.downcast_ref::<Point>().map_or(String::new(), |p| format!("at {}", p.0))),
///     |_| (None, 0),
/// );
/// assert_eq!(registry::show(&Point(3)).map(|b| b.plain().to_owned()), Some("at 3".to_owned()));
/// ```
pub fn register<T: Any>(show: fn(&dyn Any) -> Bundle, inspect: fn(&dyn Any) -> (Option<String>, u64)) {
    let mut guard = ENTRIES.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    guard
        .get_or_insert_default()
        .insert(TypeId::of::<T>(), Entry { show, inspect, cast: |value| value.cast::<T>() as *const dyn Any });
}

/// Columns beyond these are not told.
pub const MAX_COLUMNS: usize = 2000;

/// Name and type of each column of a value.
pub type Columns = Vec<(String, String)>;
type ColumnsOf = fn(&dyn Any) -> Columns;

static COLUMNS: RwLock<Option<HashMap<TypeId, ColumnsOf>>> = RwLock::new(None);

/// Registers how the columns of tables of type `T` are told, for completion; it must be cheap.
pub fn register_columns<T: Any>(columns: ColumnsOf) {
    let mut guard = COLUMNS.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    guard.get_or_insert_default().insert(TypeId::of::<T>(), columns);
}

/// The columns of a table of a registered type; none of any other value.
pub fn columns(value: &dyn Any) -> Columns {
    let of = {
        let guard = COLUMNS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        guard.as_ref().and_then(|all| all.get(&value.type_id()).copied())
    };
    let mut columns = of.map(|of| of(value)).unwrap_or_default();
    columns.truncate(MAX_COLUMNS);
    columns
}

/// The entry of a type.
pub fn entry(id: TypeId) -> Option<Entry> {
    let guard = ENTRIES.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    guard.as_ref()?.get(&id).copied()
}

/// Shows a value of a registered type.
pub fn show(value: &dyn Any) -> Option<Bundle> {
    entry(value.type_id()).map(|e| (e.show)(value))
}

/// Shows a value of a registered type whose own type may not be known to be `'static`.
#[expect(unsafe_code, reason = "a borrowed value has no `dyn Any`")]
pub fn show_borrowed<T>(value: &T) -> Option<Bundle> {
    let entry = entry(lifetime_free_id::<T>())?;
    // SAFETY: the ids are equal, so `T` is, up to lifetimes, the registered type that `cast` casts to; registered types
    // are `'static` and have no lifetimes; the reference ends with this call, as `show` returns an owned bundle.
    let any: &dyn Any = unsafe { &*(entry.cast)(std::ptr::from_ref(value).cast()) };
    Some((entry.show)(any))
}

/// Calls `then` with a value as `Any`, with all lifetimes of its type taken for `'static`.
///
/// `then` must not keep anything of the value.
#[expect(unsafe_code, reason = "a borrowed value has no `dyn Any`")]
pub(crate) fn with_any<T, R>(value: &T, then: impl FnOnce(&dyn Any) -> R) -> R {
    let phantom = PhantomData::<T>;
    // SAFETY: the pointer is the value's, with the vtable of its own type; the reference ends with this call.
    then(unsafe { &*lifetime_free(&phantom).any(std::ptr::from_ref(value).cast()) })
}

/// The `TypeId` of a type, with all its lifetimes taken for `'static`.
pub(crate) fn lifetime_free_id<T>() -> TypeId {
    lifetime_free(&PhantomData::<T>).id()
}

/// What is known of a type that is not known to be `'static`.
trait Typed {
    fn id(&self) -> TypeId
    where
        Self: 'static;
    fn any(&self, value: *const ()) -> *const dyn Any
    where
        Self: 'static;
}

impl<T> Typed for PhantomData<T> {
    fn id(&self) -> TypeId
    where
        Self: 'static,
    {
        TypeId::of::<T>()
    }
    fn any(&self, value: *const ()) -> *const dyn Any
    where
        Self: 'static,
    {
        value.cast::<T>() as *const dyn Any
    }
}

#[expect(unsafe_code, reason = "`TypeId::of` asks for `'static`")]
fn lifetime_free<'a, T>(phantom: &'a PhantomData<T>) -> &'a (dyn Typed + 'static) {
    let short: &'a (dyn Typed + 'a) = phantom;
    // SAFETY: the value has no size and no data; only the vtable is used, which is the same for all lifetimes.
    unsafe { std::mem::transmute::<&'a (dyn Typed + 'a), &'a (dyn Typed + 'static)>(short) }
}
