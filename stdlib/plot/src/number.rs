//! What can be plotted: every primitive number.

use serde::{Deserialize, Deserializer, Serializer};

/// A number that becomes an `f64` (integers beyond 2^53 lose their last digits, which no chart shows).
pub trait Number: Copy {
    /// The number as `f64`.
    fn to_f64(self) -> f64;

    /// All of them; of primitive numbers compiled here, with full optimisation, and not in the cell that calls.
    #[doc(hidden)]
    fn all(values: &[Self]) -> Vec<f64> {
        values.iter().map(|v| v.to_f64()).collect()
    }
}

macro_rules! numbers { // std has no trait that all primitive numbers share
    ($($t:ty),+) => { $(
        impl Number for $t {
            #[inline]
            fn to_f64(self) -> f64 {
                self as f64
            }

            fn all(values: &[Self]) -> Vec<f64> {
                values.iter().map(|v| *v as f64).collect()
            }
        }
    )+ };
}
numbers!(f32, f64, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

/// All values as `f64`.
pub(crate) fn floats<N: Number>(values: &[N]) -> Vec<f64> {
    N::all(values)
}

/// Labels as they are kept.
pub(crate) fn texts(labels: &[impl AsRef<str>]) -> Vec<String> {
    labels.iter().map(|l| l.as_ref().to_owned()).collect()
}

/// Floats in JSON, which has no NaN: what is not finite is written as null.
pub(crate) mod nullable {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|v| v.is_finite().then_some(v)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect())
    }
}

/// The same for rows of floats.
pub(crate) mod nullable_rows {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(rows: &[Vec<f64>], serializer: S) -> Result<S::Ok, S::Error> {
        let row = |r: &Vec<f64>| r.iter().map(|v| v.is_finite().then_some(*v)).collect::<Vec<_>>();
        serializer.collect_seq(rows.iter().map(row))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<f64>>, D::Error> {
        let rows = Vec::<Vec<Option<f64>>>::deserialize(deserializer)?;
        Ok(rows.into_iter().map(|r| r.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect()).collect())
    }
}
