//! Shape and memory of values, for `%whos`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// What can be said of a value besides its type.
pub trait Inspect {
    /// Its extent in words, for instance `len 3` or `336776 x 19`.
    fn shape(&self) -> Option<String> {
        None
    }

    /// Bytes it owns on the heap, approximately.
    fn heap_bytes(&self) -> u64 {
        0
    }
}

fn of_len(len: usize) -> Option<String> {
    Some(format!("len {len}"))
}

impl Inspect for String {
    fn shape(&self) -> Option<String> {
        of_len(self.len())
    }
    fn heap_bytes(&self) -> u64 {
        self.capacity() as u64
    }
}

impl Inspect for &str {
    fn shape(&self) -> Option<String> {
        of_len(self.len())
    }
}

macro_rules! collections { // one body for types that share no trait in std
    ($($head:ident<$($p:ident),+> => $item:ty),+ $(,)?) => { $(
        impl<$($p),+> Inspect for $head<$($p),+> {
            fn shape(&self) -> Option<String> {
                of_len(self.len())
            }
            fn heap_bytes(&self) -> u64 {
                (self.len() * size_of::<$item>()) as u64
            }
        }
    )+ };
}
collections!(Vec<T> => T, VecDeque<T> => T, BTreeSet<T> => T, BTreeMap<K, V> => (K, V), HashMap<K, V, S> => (K, V), HashSet<T, S> => T);

impl<T: Inspect> Inspect for Box<T> {
    fn shape(&self) -> Option<String> {
        (**self).shape()
    }
    fn heap_bytes(&self) -> u64 {
        size_of::<T>() as u64 + (**self).heap_bytes()
    }
}

impl<T: Inspect> Inspect for Rc<T> {
    fn shape(&self) -> Option<String> {
        (**self).shape()
    }
    fn heap_bytes(&self) -> u64 {
        size_of::<T>() as u64 + (**self).heap_bytes()
    }
}

impl<T: Inspect> Inspect for Arc<T> {
    fn shape(&self) -> Option<String> {
        (**self).shape()
    }
    fn heap_bytes(&self) -> u64 {
        size_of::<T>() as u64 + (**self).heap_bytes()
    }
}
