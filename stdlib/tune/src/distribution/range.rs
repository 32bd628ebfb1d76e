//! Ranges as users write them: `3..=10`, `3..11`, `1e-3..0.3`.

use std::ops::{Range, RangeInclusive};

/// A whole number that a parameter can be.
#[diagnostic::on_unimplemented(
    message = "which integer this is to be is not known",
    label = "of which type?",
    note = "say it: `let n: i64 = best.int(\"n\")?;` or `best.int::<i64>(\"n\")?`"
)]
pub trait Whole: Copy {
    /// As the widest signed one; what does not fit is clamped to it.
    fn widen(self) -> i64;
    /// Back; `value` lies between two that were widened.
    fn narrow(value: i64) -> Self;
}

/// One `impl` per whole type: the standard library has no trait over them.
macro_rules! whole {
    ($($type:ty),*) => {$(
        impl Whole for $type {
            fn widen(self) -> i64 {
                i64::try_from(self).unwrap_or(i64::MAX)
            }
            fn narrow(value: i64) -> Self {
                value as $type
            }
        }
    )*};
}
whole!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

/// A range of whole numbers: `3..=10`, or `3..11` without its end.
pub trait IntRange<T> {
    /// First and last.
    fn ends(self) -> (i64, i64);
}

impl<T: Whole> IntRange<T> for RangeInclusive<T> {
    fn ends(self) -> (i64, i64) {
        (self.start().widen(), self.end().widen())
    }
}

impl<T: Whole> IntRange<T> for Range<T> {
    fn ends(self) -> (i64, i64) {
        (self.start.widen(), self.end.widen().saturating_sub(1))
    }
}

/// A range of numbers: `0.0..=1.0`. As in Optuna both ends belong to it, so `0.0..1.0` is the same.
pub trait FloatRange {
    /// Lower and upper end.
    fn ends(self) -> (f64, f64);
}

impl FloatRange for RangeInclusive<f64> {
    fn ends(self) -> (f64, f64) {
        (*self.start(), *self.end())
    }
}

impl FloatRange for Range<f64> {
    fn ends(self) -> (f64, f64) {
        (self.start, self.end)
    }
}
