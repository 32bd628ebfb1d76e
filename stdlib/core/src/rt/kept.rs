//! How generated code finds by method resolution whether values of a type can be kept.

use super::{Measure, Show};
use crate::keep::{self, Compare};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::marker::PhantomData;

/// Types with serde whose values are kept through it.
pub trait ViaSerde {
    /// The type.
    type Of;
    #[doc(hidden)]
    fn __ironbook_keeper(&self, compare: Compare<Self::Of>, ways: (Show, Measure)) -> Option<keep::Keeper>;
}
/// All others.
pub trait ViaNothing {
    /// The type.
    type Of;
    #[doc(hidden)]
    fn __ironbook_keeper(&self, compare: Compare<Self::Of>, ways: (Show, Measure)) -> Option<keep::Keeper>;
}
impl<T: Serialize + DeserializeOwned + Any> ViaSerde for &PhantomData<T> {
    type Of = T;
    fn __ironbook_keeper(&self, compare: Compare<T>, ways: (Show, Measure)) -> Option<keep::Keeper> {
        keep::keeper_of::<T>(compare, ways)
    }
}
impl<T> ViaNothing for PhantomData<T> {
    type Of = T;
    fn __ironbook_keeper(&self, _: Compare<T>, _: (Show, Measure)) -> Option<keep::Keeper> {
        None
    }
}

/// Types with `PartialEq`, or with `Debug`.
pub trait ViaEqual<T> {
    #[doc(hidden)]
    fn __ironbook_equal(&self) -> Option<fn(&T, &T) -> bool>;
}
/// Types with `Debug`.
pub trait ViaText<T> {
    #[doc(hidden)]
    fn __ironbook_text(&self) -> Option<fn(&T, &mut std::fmt::Formatter<'_>) -> std::fmt::Result>;
}
/// All others.
pub trait ViaNeither<T> {
    #[doc(hidden)]
    fn __ironbook_equal(&self) -> Option<fn(&T, &T) -> bool>;
    #[doc(hidden)]
    fn __ironbook_text(&self) -> Option<fn(&T, &mut std::fmt::Formatter<'_>) -> std::fmt::Result>;
}
impl<T: PartialEq> ViaEqual<T> for &PhantomData<T> {
    fn __ironbook_equal(&self) -> Option<fn(&T, &T) -> bool> {
        Some(|a, b| a == b)
    }
}
impl<T: std::fmt::Debug> ViaText<T> for &PhantomData<T> {
    fn __ironbook_text(&self) -> Option<fn(&T, &mut std::fmt::Formatter<'_>) -> std::fmt::Result> {
        Some(Compare::debug())
    }
}
impl<T> ViaNeither<T> for PhantomData<T> {
    fn __ironbook_equal(&self) -> Option<fn(&T, &T) -> bool> {
        None
    }
    fn __ironbook_text(&self) -> Option<fn(&T, &mut std::fmt::Formatter<'_>) -> std::fmt::Result> {
        None
    }
}

/// Tells how values of a type are kept.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_know {
    // as above
    ($cx:expr, $ty:ty, $identity:literal, $frozen:literal) => {{
        #[allow(unused_imports)]
        use $crate::rt::{
            ViaEqual as _, ViaInspect as _, ViaNeither as _, ViaNothing as _, ViaSerde as _, ViaSize as _, ViaText as _,
        };
        let __ironbook_type = ::core::marker::PhantomData::<$ty>;
        let __ironbook_compare = $crate::keep::Compare {
            equal: (&&__ironbook_type).__ironbook_equal(),
            text: (&&__ironbook_type).__ironbook_text(),
        };
        let __ironbook_show = $crate::rt::Show::of::<$ty>(|__ironbook_v| $crate::rt::bundle!(__ironbook_v));
        let __ironbook_measure =
            $crate::rt::Measure::of::<$ty>(|__ironbook_v| (&&$crate::rt::Wrap(__ironbook_v)).__ironbook_inspected());
        let __ironbook_ways = (__ironbook_show, __ironbook_measure);
        let __ironbook_keeper = (&&__ironbook_type).__ironbook_keeper(__ironbook_compare, __ironbook_ways);
        $cx.know::<$ty>(__ironbook_keeper, $identity, $frozen)
    }};
}
