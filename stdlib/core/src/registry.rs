//! How types of other libraries show themselves: entries made at start, found by type at run time.
//!
//! The orphan rule forbids implementing [`crate::Display`] for, say, a polars frame outside of both crates.
//! A registry also costs a cell no monomorphisation.

use crate::bundle::Bundle;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::RwLock;

/// What is known of a registered type.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Shows a value.
    pub show: fn(&dyn Any) -> Bundle,
    /// Shape and heap bytes of a value.
    pub inspect: fn(&dyn Any) -> (Option<String>, u64),
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
    guard.get_or_insert_default().insert(TypeId::of::<T>(), Entry { show, inspect });
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
