//! What the code of a search may end in: a number, or a result with one.

use ironbook_core::CellError;
use std::fmt::Display;

/// What the code of a search may end in.
#[diagnostic::on_unimplemented(
    message = "the code of `%%tune` has to end in a number, or in a `Result` with one",
    label = "this is `{Self}`",
    note = "the last line is what is made small or large: `score`, without a semicolon"
)]
pub trait Objective {
    /// The value.
    ///
    /// # Errors
    /// What the code ended in.
    fn objective(self) -> Result<f64, CellError>;
}

/// One `impl` per type of number: the standard library has no trait over them.
macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Objective for $type {
            #[inline]
            fn objective(self) -> Result<f64, CellError> {
                Ok(self as f64)
            }
        }
    )*};
}
numbers!(f64, f32, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl<T: Objective, E: Display + 'static> Objective for Result<T, E> {
    fn objective(self) -> Result<f64, CellError> {
        self?.objective()
    }
}

/// The value that the code of a search has ended in.
///
/// # Errors
/// What it has ended in.
#[inline]
pub fn value<T: Objective>(ended_in: T) -> Result<f64, CellError> {
    ended_in.objective()
}

/// As [`value`], for code that ends in `Ok(..)`, which does not say of which type its errors are.
///
/// # Errors
/// What it has ended in.
#[inline]
pub fn result<T: Objective>(ended_in: Result<T, CellError>) -> Result<f64, CellError> {
    ended_in?.objective()
}
