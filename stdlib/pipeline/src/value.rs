//! Types of the user as values between stages.

use ironbook_core::keep::{self, Keeper, Known};
use std::any::{Any, TypeId};

/// A type that [`keep!`](crate::keep!) has looked at.
pub struct Value {
    register: Box<dyn FnOnce()>,
}

impl Value {
    #[doc(hidden)]
    #[must_use]
    pub fn new<T: Any>(keeper: Option<Keeper>) -> Value {
        let why =
            "its type has no serde (Serialize and Deserialize), or its values cannot be compared (PartialEq or Debug)";
        let known = keeper.map_or(Known::Never(why), Known::Kept);
        let register = move || {
            // What the library knows of its own types is more than serde.
            if keep::known(TypeId::of::<T>()).is_none() {
                keep::register::<T>(known);
            }
        };
        Value { register: Box::new(register) }
    }

    pub(crate) fn register(self) {
        (self.register)();
    }
}

/// Tells a [`Pipeline`](crate::Pipeline) how values of a type are kept between stages: with its serde, if it has that.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize, PartialEq)]
/// struct Split { train: Vec<f64>, test: Vec<f64> }
///
/// let value = ironbook_pipeline::keep!(Split);
/// # drop(value);
/// ```
#[macro_export]
macro_rules! keep {
    // what a type can do is found by method resolution, which needs the type itself
    ($ty:ty) => {{
        #[allow(unused_imports)]
        use $crate::__core::rt::{
            ViaEqual as _, ViaInspect as _, ViaNeither as _, ViaNothing as _, ViaSerde as _, ViaSize as _, ViaText as _,
        };
        let of = ::core::marker::PhantomData::<$ty>;
        let compare =
            $crate::__core::keep::Compare { equal: (&&of).__ironbook_equal(), text: (&&of).__ironbook_text() };
        let show = $crate::__core::rt::Show::of::<$ty>(|value| $crate::__core::rt::bundle!(value));
        let measure =
            $crate::__core::rt::Measure::of::<$ty>(|value| (&&$crate::__core::rt::Wrap(value)).__ironbook_inspected());
        $crate::Value::new::<$ty>((&&of).__ironbook_keeper(compare, (show, measure)))
    }};
}
