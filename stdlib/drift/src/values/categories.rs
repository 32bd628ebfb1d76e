//! Counts of categories in both samples.

use super::numbers::Numbers;

/// How often each different value occurs in the reference and in the current sample, in the order of the values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Reference and current; never 0 in both.
    pub each: Vec<[u64; 2]>,
    /// The sums.
    pub totals: [u64; 2],
}

impl Counts {
    pub(super) fn new(each: Vec<[u64; 2]>) -> Self {
        let totals = [0, 1].map(|side| each.iter().map(|both| both[side]).sum());
        Counts { each, totals }
    }

    /// Each number as a value of its own.
    pub fn of_numbers(reference: &Numbers, current: &Numbers) -> Self {
        Categories::of_numbers(reference, current, |_| ()).counts
    }

    /// How many different values one side has.
    pub fn distinct(&self, side: usize) -> usize {
        self.each.iter().filter(|both| both[side] > 0).count()
    }
}

/// Categories with their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Categories<N = String> {
    /// The names, in the order of the values.
    pub names: Vec<N>,
    /// How often each occurs.
    pub counts: Counts,
}

impl<N> Categories<N> {
    /// From names in the order of the values.
    pub(super) fn new(named: impl IntoIterator<Item = (N, [u64; 2])>) -> Self {
        let (names, each) = named.into_iter().unzip();
        Categories { names, counts: Counts::new(each) }
    }

    /// Each number as a category, with a name for it.
    pub fn of_numbers(reference: &Numbers, current: &Numbers, name: impl Fn(f64) -> N) -> Self {
        let (mut left, mut right) = (reference.pairs().peekable(), current.pairs().peekable());
        let next = || {
            let value = match (left.peek(), right.peek()) {
                (Some((a, _)), Some((b, _))) => a.min(*b),
                (Some((value, _)), None) | (None, Some((value, _))) => *value,
                (None, None) => return None,
            };
            let of = |side: Option<(f64, u64)>| side.map_or(0, |(_, count)| count);
            let counts = [of(left.next_if(|(a, _)| *a == value)), of(right.next_if(|(b, _)| *b == value))];
            Some((name(value), counts))
        };
        Categories::new(std::iter::from_fn(next))
    }
}
