//! What can be plotted: every primitive number.

/// A number that becomes an `f64` (integers beyond 2^53 lose their last digits, which no chart shows).
pub trait Number: Copy {
    /// The number as `f64`.
    fn to_f64(self) -> f64;
}

macro_rules! numbers { // std has no trait that all primitive numbers share
    ($($t:ty),+) => { $(
        impl Number for $t {
            #[inline]
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )+ };
}
numbers!(f32, f64, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

/// All values as `f64`.
pub(crate) fn floats(values: &[impl Number]) -> Vec<f64> {
    values.iter().map(|v| v.to_f64()).collect()
}
