//! Ranges of numbers as data.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Bound, RangeBounds};

/// A range of numbers; without an end, any number lies on its side of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Bounds {
    low: Option<End>,
    high: Option<End>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct End {
    value: f64,
    included: bool,
}

impl Bounds {
    pub(super) fn of<N>(range: &impl RangeBounds<N>, number: impl Fn(&N) -> f64) -> Self {
        let end = |bound: Bound<&N>| match bound {
            Bound::Included(value) => Some(End { value: number(value), included: true }),
            Bound::Excluded(value) => Some(End { value: number(value), included: false }),
            Bound::Unbounded => None,
        };
        Bounds { low: end(range.start_bound()), high: end(range.end_bound()) }
    }

    pub(super) fn contains(&self, value: f64) -> bool {
        let above = |end: &End| value > end.value || end.included && value == end.value;
        let below = |end: &End| value < end.value || end.included && value == end.value;
        self.low.as_ref().is_none_or(above) && self.high.as_ref().is_none_or(below)
    }

    /// What makes it no range, in words.
    pub(super) fn flaw(&self) -> Option<&'static str> {
        let value = |end: &Option<End>| end.as_ref().map(|end| end.value);
        match (value(&self.low), value(&self.high)) {
            (low, high) if low.is_some_and(f64::is_nan) || high.is_some_and(f64::is_nan) => {
                Some("NaN is no end of a range: give numbers")
            }
            // JSON has no infinities, and a kept value would come back as another one.
            (low, high) if low.is_some_and(f64::is_infinite) || high.is_some_and(f64::is_infinite) => {
                Some("infinity is no end of a range: leave the end open, as in 0.0..")
            }
            (Some(low), Some(high)) if low > high => Some("the range ends before it begins: swap its ends"),
            _ => None,
        }
    }
}

/// As Rust writes it: `0..=5000`.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(End { value, included }) = &self.low {
            write!(f, "{}{value}", if *included { "" } else { ">" })?;
        }
        f.write_str("..")?;
        match &self.high {
            Some(End { value, included }) => write!(f, "{}{value}", if *included { "=" } else { "" }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_in_or_out_and_shown_so() {
        let of = |range: &dyn Fn() -> Bounds, inside: &[f64], outside: &[f64]| {
            let bounds = range();
            assert!(
                inside.iter().all(|&v| bounds.contains(v)) && !outside.iter().any(|&v| bounds.contains(v)),
                "{bounds}"
            );
            bounds.to_string()
        };
        let plain = |&v: &f64| v;
        assert_eq!(of(&|| Bounds::of(&(0.0..=1.5), plain), &[0.0, 1.5], &[-0.1, 1.6, f64::NAN]), "0..=1.5");
        assert_eq!(of(&|| Bounds::of(&(0.0..1.0), plain), &[0.0, 0.9], &[1.0]), "0..1");
        assert_eq!(of(&|| Bounds::of(&(..3.0), plain), &[-1e9], &[3.0, f64::INFINITY]), "..3");
        let above = (Bound::Excluded(2.0), Bound::Unbounded);
        assert_eq!(of(&|| Bounds::of(&above, plain), &[2.1], &[2.0]), ">2..");
    }

    #[test]
    fn what_is_no_range() {
        let flaw = |low: f64, high: f64| Bounds::of(&(low..=high), |&v| v).flaw();
        assert_eq!(flaw(0.0, 0.0), None);
        assert!(flaw(f64::NAN, 1.0).is_some() && flaw(0.0, f64::INFINITY).is_some() && flaw(1.0, 0.0).is_some());
    }
}
