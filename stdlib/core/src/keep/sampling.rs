//! The first rows of values, for types that have rows.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

type CutValue = Arc<dyn Fn(&dyn Any, usize) -> Option<Box<dyn Any>> + Send + Sync>;

static SAMPLERS: RwLock<Option<HashMap<TypeId, CutValue>>> = RwLock::new(None);

/// What came of cutting a value.
#[derive(Debug)]
pub enum Cut {
    /// Its first rows, as a value of the same type.
    First(Box<dyn Any>),
    /// It has no more rows than that.
    Whole,
    /// Nobody knows rows of its type.
    NoRows,
}

/// Registers how a value of a type is cut to its first rows: `None` when it has no more than that, or cannot be cut. The
/// latest registration wins.
pub fn register_sampler<T: Any>(cut: fn(&T, usize) -> Option<T>) {
    let cut =
        move |value: &dyn Any, rows: usize| Some(Box::new(cut(value.downcast_ref::<T>()?, rows)?) as Box<dyn Any>);
    let mut samplers = SAMPLERS.write().unwrap_or_else(PoisonError::into_inner);
    samplers.get_or_insert_default().insert(TypeId::of::<T>(), Arc::new(cut));
}

/// Cuts a value to its first rows.
pub fn cut(value: &dyn Any, rows: usize) -> Cut {
    let samplers = SAMPLERS.read().unwrap_or_else(PoisonError::into_inner);
    let sampler = samplers.as_ref().and_then(|samplers| samplers.get(&value.type_id()).cloned());
    drop(samplers);
    match sampler.map(|cut| cut(value, rows)) {
        Some(Some(first)) => Cut::First(first),
        Some(None) => Cut::Whole,
        None => Cut::NoRows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Table(Vec<u8>);

    #[test]
    fn a_value_is_cut_to_its_first_rows() {
        assert!(matches!(cut(&Table(vec![1, 2, 3]), 2), Cut::NoRows));
        register_sampler::<Table>(|table, rows| (table.0.len() > rows).then(|| Table(table.0[..rows].to_vec())));
        let Cut::First(first) = cut(&Table(vec![1, 2, 3]), 2) else { panic!("not cut") };
        assert_eq!(first.downcast_ref::<Table>().unwrap().0, [1, 2]);
        assert!(matches!(cut(&Table(vec![1]), 2), Cut::Whole));
    }

    #[test]
    fn lists_have_rows_and_numbers_have_none() {
        crate::keep::register_plain();
        let Cut::First(first) = cut(&vec!["a".to_owned(), "b".to_owned()], 1) else { panic!("not cut") };
        assert_eq!(*first.downcast::<Vec<String>>().unwrap(), ["a"]);
        assert!(matches!(cut(&vec![1.5, 2.5], 2), Cut::Whole));
        assert!(matches!(cut(&1.5, 2), Cut::NoRows));
    }
}
