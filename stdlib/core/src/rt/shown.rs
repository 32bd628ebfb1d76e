//! How generated code chooses by method resolution the way a value is shown and measured.

use super::{Inspection, Measure, Show};
use crate::bundle::Bundle;
use crate::contain::{self, Holds};
use crate::{error, inspect, registry};
use std::any::TypeId;

/// A borrowed value, for choosing by method resolution how it is shown (autoref specialisation).
pub struct Wrap<'a, T: ?Sized>(pub &'a T);

/// Types that this crate knows: their code is compiled once, here, and not in each cell.
pub trait ViaKnown {
    #[doc(hidden)]
    fn __ironbook_bundle(&self) -> Bundle;
    #[doc(hidden)]
    fn __ironbook_show(&self) -> Show;
    #[doc(hidden)]
    fn __ironbook_measure(&self) -> Measure;
}

/// Types known here are not looked up in the registry.
pub trait ViaUnregistered {
    #[doc(hidden)]
    fn __ironbook_registered(&self) -> Option<Bundle>;
}
/// Registered types behind one reference.
pub trait ViaReference {
    #[doc(hidden)]
    fn __ironbook_registered(&self) -> Option<Bundle>;
}
/// Registered types themselves.
pub trait ViaRegistry {
    #[doc(hidden)]
    fn __ironbook_registered(&self) -> Option<Bundle>;
}
impl<U> ViaReference for &Wrap<'_, &U> {
    fn __ironbook_registered(&self) -> Option<Bundle> {
        registry::show_borrowed(*self.0)
    }
}
impl<T> ViaRegistry for Wrap<'_, T> {
    fn __ironbook_registered(&self) -> Option<Bundle> {
        registry::show_borrowed(self.0)
    }
}

/// A way to show values, which some types have.
macro_rules! way { // each is a trait of its own, as method resolution tries them in turn
    ($($(#[$doc:meta])* $name:ident)+) => { $(
        $(#[$doc])*
        pub trait $name {
            #[doc(hidden)]
            fn __ironbook_bundle(&self) -> Bundle;
            #[doc(hidden)]
            fn __ironbook_show(&self) -> Show;
        }
    )+ };
}
way! {
    /// Results of types with [`crate::Display`] whose errors have causes.
    ViaCauses
    /// Types with [`crate::Display`].
    ViaDisplay
    /// Results of other types whose errors have causes.
    ViaCausesOf
    /// Options, results, lists and pointers of other types, which the registry may know.
    ViaHeld
    /// Types with `Debug`.
    ViaDebug
    /// All others: the type's name.
    ViaName
}
impl<T: crate::Display, E: std::error::Error> ViaCauses for &&&&Wrap<'_, Result<T, E>> {
    fn __ironbook_bundle(&self) -> Bundle {
        result_bundle(self.0, T::bundle)
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<Result<T, E>>(|value| result_bundle(value, T::bundle))
    }
}
impl<T: crate::Display> ViaDisplay for &&&Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        self.0.bundle()
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<T>(T::bundle)
    }
}
impl<T: std::fmt::Debug, E: std::error::Error> ViaCausesOf for &&&Wrap<'_, Result<T, E>> {
    fn __ironbook_bundle(&self) -> Bundle {
        other_result_bundle(self.0)
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<Result<T, E>>(other_result_bundle)
    }
}
impl<T: Holds + std::fmt::Debug> ViaHeld for &&Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        held_bundle(self.0)
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<T>(held_bundle)
    }
}
impl<T: std::fmt::Debug> ViaDebug for &Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        debug_bundle(self.0)
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<T>(|value| debug_bundle(value))
    }
}
impl<T> ViaName for Wrap<'_, T> {
    fn __ironbook_bundle(&self) -> Bundle {
        name_bundle(std::any::type_name::<T>())
    }
    fn __ironbook_show(&self) -> Show {
        Show::of::<T>(|_| name_bundle(std::any::type_name::<T>()))
    }
}

fn result_bundle<T, E: std::error::Error>(result: &Result<T, E>, show: fn(&T) -> Bundle) -> Bundle {
    match result {
        Ok(value) => show(value),
        Err(error) => with_causes(error),
    }
}

fn other_result_bundle<T: std::fmt::Debug, E: std::error::Error>(result: &Result<T, E>) -> Bundle {
    match result {
        Ok(value) => registry::show_borrowed(value).unwrap_or_else(|| debug_bundle(result)),
        Err(error) => with_causes(error),
    }
}

fn held_bundle<T: Holds + std::fmt::Debug>(value: &T) -> Bundle {
    value.shown().unwrap_or_else(|| debug_bundle(value))
}

fn with_causes<E: std::error::Error>(error: &E) -> Bundle {
    let mut chain = vec![error.to_string()];
    error::follow(error.source(), &mut chain);
    contain::failure(&chain)
}

fn name_bundle(name: &str) -> Bundle {
    Bundle::text(format!("<{name}>"))
}

/// Longest `{:?}` that is shown on one line.
const ONE_LINE: usize = 100;

pub(crate) fn debug_bundle(value: &dyn std::fmt::Debug) -> Bundle {
    let flat = format!("{value:?}");
    match flat.as_str() {
        "()" => Bundle::default(),
        _ if flat.len() > ONE_LINE && flat.contains('{') && !flat.contains('\n') => Bundle::text(format!("{value:#?}")),
        _ => Bundle::text(flat),
    }
}

/// Types with [`inspect::Inspect`].
pub trait ViaInspect {
    #[doc(hidden)]
    fn __ironbook_measure(&self) -> Measure;
    #[doc(hidden)]
    fn __ironbook_inspected(&self) -> Inspection;
}
/// All others.
pub trait ViaSize {
    #[doc(hidden)]
    fn __ironbook_measure(&self) -> Measure;
    #[doc(hidden)]
    fn __ironbook_inspected(&self) -> Inspection;
}
impl<T: inspect::Inspect> ViaInspect for &Wrap<'_, T> {
    fn __ironbook_measure(&self) -> Measure {
        Measure::of::<T>(|value| (value.shape(), value.heap_bytes()))
    }
    fn __ironbook_inspected(&self) -> Inspection {
        (self.0.shape(), self.0.heap_bytes())
    }
}
impl<T> ViaSize for Wrap<'_, T> {
    fn __ironbook_measure(&self) -> Measure {
        unmeasured()
    }
    fn __ironbook_inspected(&self) -> Inspection {
        (None, 0)
    }
}

fn unmeasured() -> Measure {
    Measure(|_| (None, 0))
}

macro_rules! known { // one body for types that share no trait that says so
    ($(plain: $($plain:ty),+;)? $(sized: $($sized:ty),+;)?) => {
        $($(known!(@one $plain, unmeasured());)+)?
        $($(known!(@one $sized, Measure::of::<$sized>(|v| (inspect::Inspect::shape(v), inspect::Inspect::heap_bytes(v))));)+)?
    };
    (@one $ty:ty, $measure:expr) => {
        impl ViaUnregistered for &&Wrap<'_, $ty> {
            fn __ironbook_registered(&self) -> Option<Bundle> {
                Some(debug_bundle(self.0))
            }
        }
        impl ViaKnown for &&&&&Wrap<'_, $ty> {
            fn __ironbook_bundle(&self) -> Bundle {
                debug_bundle(self.0)
            }
            fn __ironbook_show(&self) -> Show {
                Show::of::<$ty>(|value| debug_bundle(value))
            }
            fn __ironbook_measure(&self) -> Measure {
                $measure
            }
        }
    };
}
/// The type `!`, which stable Rust can write only as what a function gives.
type Never = <fn() -> ! as never::Gives>::Value;
mod never {
    pub trait Gives {
        type Value;
    }
    impl<T> Gives for fn() -> T {
        type Value = T;
    }
}

known! {
    plain: Never, (), bool, char, f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize,
        (usize, usize), std::time::Duration, std::time::Instant;
    sized: String, &str, Vec<bool>, Vec<f32>, Vec<f64>, Vec<i32>, Vec<i64>, Vec<u8>, Vec<u32>, Vec<u64>, Vec<usize>,
        Vec<String>, Vec<&str>;
}

/// How a value is shown: as a type known here, by the registry, by [`crate::Display`], by `Debug`, or by its type's name.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_bundle {
    // method resolution on a concrete type cannot be written as a function
    ($value:expr) => {{
        #[allow(unused_imports)]
        use $crate::rt::{
            ViaCauses as _, ViaCausesOf as _, ViaDebug as _, ViaDisplay as _, ViaHeld as _, ViaKnown as _, ViaName as _,
        };
        #[allow(unused_imports)]
        use $crate::rt::{ViaReference as _, ViaRegistry as _, ViaUnregistered as _};
        let __ironbook_wrapped = $crate::rt::Wrap($value);
        match (&&&__ironbook_wrapped).__ironbook_registered() {
            ::core::option::Option::Some(__ironbook_bundle) => __ironbook_bundle,
            ::core::option::Option::None => (&&&&&&__ironbook_wrapped).__ironbook_bundle(),
        }
    }};
}

/// What a value's `evcxr_display` is where it has none.
#[doc(hidden)]
pub struct NoMethod;

/// Found only where a value has no method of this name itself: by one reference more.
pub trait WithoutEvcxr {
    #[doc(hidden)]
    fn evcxr_display(&self) -> NoMethod;
}
impl<T: ?Sized> WithoutEvcxr for &T {
    fn evcxr_display(&self) -> NoMethod {
        NoMethod
    }
}

/// Whether this is what [`WithoutEvcxr`] answers.
#[doc(hidden)]
pub fn no_method<T: 'static>(_: &T) -> bool {
    TypeId::of::<T>() == TypeId::of::<NoMethod>()
}

/// As [`bundle!`], for cells with types that may have the method `evcxr_display`, which prints the value.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_bundle_evcxr {
    // method resolution, again
    ($value:expr) => {{
        #[allow(unused_imports)]
        use $crate::rt::WithoutEvcxr as _;
        let __ironbook_shown = $value.evcxr_display();
        match $crate::rt::no_method(&__ironbook_shown) {
            true => $crate::rt::bundle!($value),
            false => $crate::Bundle::default(),
        }
    }};
}

/// Puts a variable with the functions that show and measure it.
#[doc(hidden)]
#[macro_export]
macro_rules! __ironbook_put {
    // as above
    ($cx:expr, put, $name:literal, $value:ident) => {{
        #[allow(unused_imports)]
        use $crate::rt::{
            ViaCauses as _, ViaCausesOf as _, ViaDebug as _, ViaDisplay as _, ViaHeld as _, ViaInspect as _,
            ViaKnown as _, ViaName as _, ViaSize as _,
        };
        let __ironbook_show = (&&&&&&$crate::rt::Wrap(&$value)).__ironbook_show();
        let __ironbook_measure = (&&&&&&$crate::rt::Wrap(&$value)).__ironbook_measure();
        $cx.put($name, $value, __ironbook_show, __ironbook_measure)
    }};
    ($cx:expr, put_evcxr, $name:literal, $value:ident) => {{
        #[allow(unused_imports)]
        use $crate::rt::{ViaInspect as _, ViaKnown as _, ViaSize as _};
        let __ironbook_show = $crate::rt::show_of(&$value, |__ironbook_v| $crate::rt::bundle_evcxr!(__ironbook_v));
        let __ironbook_measure = (&&&&&&$crate::rt::Wrap(&$value)).__ironbook_measure();
        $cx.put($name, $value, __ironbook_show, __ironbook_measure)
    }};
}

/// How values of this one's type are shown.
#[doc(hidden)]
pub fn show_of<T>(_: &T, show: fn(&T) -> Bundle) -> Show {
    Show::of::<T>(show)
}
