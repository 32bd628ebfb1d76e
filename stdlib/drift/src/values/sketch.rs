//! Columns that are read in pieces: exact while few values differ, then in buckets of a bounded number.
//!
//! Floats in the order of their bits are cut into buckets by dropping low bits, as few as leave no more buckets than
//! allowed. Which bits that are depends on the values alone, not on their order or on the pieces: the same data give the
//! same sketch. Counts of buckets are exact, and so are the least and the largest value of each; what is not known is how
//! values lie between these two, and from that follows by how much a result can be off at most.

use super::numbers::{Fuzz, Moments, Nature, Numbers};
use super::read::float_key;
use super::sample::{Sample, Texts, Times};
use std::collections::HashMap;

/// Buckets of all columns of a table together, and of one column: 32 bytes each.
const BUCKETS: (usize, usize, usize) = (1 << 22, 1 << 12, 1 << 16);
/// Different texts that are counted.
const TEXTS: usize = 1 << 18;

/// A column of which pieces have come.
pub(crate) enum Gathered {
    Numbers(Sketch),
    Text { counts: HashMap<String, u64>, missing: u64, too_many: bool },
    Times(Times),
    Other { missing: u64 },
}

impl Gathered {
    /// Begins with the first piece; `columns` is how many columns the table has.
    pub fn new(first: Sample, columns: usize) -> Self {
        match first {
            Sample::Numbers(numbers) => {
                let (all, least, most) = BUCKETS;
                let mut sketch = Sketch::new((all / columns.max(1)).clamp(least, most));
                sketch.add(&numbers);
                Gathered::Numbers(sketch)
            }
            Sample::Text(Texts { counts, missing, too_many }) => {
                let mut text = Gathered::Text { counts: counts.into_iter().collect(), missing, too_many };
                text.bound();
                text
            }
            Sample::Times(times) => Gathered::Times(times),
            Sample::Other { missing } => Gathered::Other { missing },
        }
    }

    /// Takes one more piece, which is of the same type.
    pub fn add(&mut self, piece: Sample) {
        match (&mut *self, piece) {
            (Gathered::Numbers(sketch), Sample::Numbers(numbers)) => sketch.add(&numbers),
            (Gathered::Text { counts, missing, .. }, Sample::Text(texts)) => {
                *missing += texts.missing;
                texts.counts.into_iter().for_each(|(text, count)| *counts.entry(text).or_default() += count);
                self.bound();
            }
            (Gathered::Times(times), Sample::Times(more)) => {
                times.missing += more.missing;
                times.ends = match (times.ends, more.ends) {
                    (Some([a, b]), Some([c, d])) => Some([a.min(c), b.max(d)]),
                    (a, b) => a.or(b),
                };
            }
            (Gathered::Other { missing }, more) => *missing += more.missing(),
            _ => debug_assert!(false, "pieces of one column have one type"),
        }
    }

    /// Gives up on texts that are too many to count.
    fn bound(&mut self) {
        if let Gathered::Text { counts, too_many, .. } = self
            && (*too_many || counts.len() > TEXTS)
        {
            (*counts, *too_many) = (HashMap::new(), true);
        }
    }

    pub fn finish(self) -> Sample {
        match self {
            Gathered::Numbers(sketch) => Sample::Numbers(sketch.finish()),
            Gathered::Text { counts, missing, too_many } => {
                let mut counts: Vec<(String, u64)> = if too_many { Vec::new() } else { counts.into_iter().collect() };
                counts.sort_unstable();
                Sample::Text(Texts { counts, missing, too_many })
            }
            Gathered::Times(times) => Sample::Times(times),
            Gathered::Other { missing } => Sample::Other { missing },
        }
    }
}

/// Values between two of the order, the ends among them.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    key: u64,
    low: f64,
    high: f64,
    count: u64,
}

/// The numbers of a column in buckets.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    buckets: Vec<Bucket>,
    /// How many low bits are dropped.
    shift: u32,
    most: usize,
    moments: Moments,
    nature: Nature,
}

impl Sketch {
    pub fn new(most: usize) -> Self {
        Sketch { buckets: Vec::new(), shift: 0, most, moments: Moments::default(), nature: Nature::default() }
    }

    pub fn add(&mut self, piece: &Numbers) {
        self.moments = self.moments.with(piece.moments());
        let nature = piece.nature();
        self.nature = Nature {
            missing: self.nature.missing + nature.missing,
            infinite: self.nature.infinite + nature.infinite,
            ..nature
        };
        let more = piece.pairs().map(|(value, count)| Bucket {
            key: float_key(value) >> self.shift,
            low: value,
            high: value,
            count,
        });
        self.buckets = coalesced(merged(&self.buckets, more));
        while self.buckets.len() > self.most {
            self.shift += 1;
            self.buckets.iter_mut().for_each(|bucket| bucket.key >>= 1);
            self.buckets = coalesced(self.buckets.drain(..));
        }
    }

    pub fn finish(self) -> Numbers {
        let n = self.moments.count as f64;
        let middle = |b: &Bucket| b.low + (b.high - b.low) / 2.0;
        let (values, counts) = self.buckets.iter().map(|bucket| (middle(bucket), bucket.count)).unzip();
        let wide = || self.buckets.iter().filter(|bucket| bucket.low < bucket.high);
        let numbers = Numbers::new(values, counts, self.nature);
        if wide().next().is_none() {
            return numbers;
        }
        // Shares, since sums of the largest numbers have no float.
        let apart = |b: &Bucket| b.count as f64 / n * ((b.high - b.low) / 2.0);
        numbers.fuzzy(Fuzz {
            moments: self.moments,
            low: self.buckets.first().map_or(f64::NAN, |bucket| bucket.low),
            high: self.buckets.last().map_or(f64::NAN, |bucket| bucket.high),
            value: wide().map(apart).sum(),
            rank: wide().map(|bucket| bucket.count).max().unwrap_or(0) as f64 / n,
        })
    }

    /// The least and the largest value of the bucket that a value is in, for tests.
    #[cfg(test)]
    fn around(&self, value: f64) -> [f64; 2] {
        use super::read::key_float;
        let key = float_key(value) >> self.shift;
        [key_float(key << self.shift), key_float(((key + 1) << self.shift) - 1)]
    }
}

/// Two lists in ascending order as one.
fn merged<'a>(known: &'a [Bucket], more: impl Iterator<Item = Bucket> + 'a) -> impl Iterator<Item = Bucket> + 'a {
    let (mut known, mut more) = (known.iter().copied().peekable(), more.peekable());
    std::iter::from_fn(move || match (known.peek(), more.peek()) {
        (Some(a), Some(b)) if a.key <= b.key => known.next(),
        (Some(_), None) => known.next(),
        _ => more.next(),
    })
}

/// Neighbours with one key as one bucket.
fn coalesced(buckets: impl Iterator<Item = Bucket>) -> Vec<Bucket> {
    let mut out: Vec<Bucket> = Vec::new();
    for bucket in buckets {
        match out.last_mut() {
            Some(last) if last.key == bucket.key => {
                last.count += bucket.count;
                (last.low, last.high) = (last.low.min(bucket.low), last.high.max(bucket.high));
            }
            _ => out.push(bucket),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::Column;

    fn numbers(values: &[f64]) -> Numbers {
        super::super::read::numbers(&Column::new("x".into(), values)).expect("floats")
    }

    /// Some numbers with an atom at 0.
    fn values(count: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..count).map(|i| if i % 3 == 0 { 0.0 } else { (next() - 0.3) * 100.0 * next() }).collect()
    }

    fn sketched(pieces: &[&[f64]], most: usize) -> Sketch {
        let mut sketch = Sketch::new(most);
        pieces.iter().for_each(|piece| sketch.add(&numbers(piece)));
        sketch
    }

    #[test]
    fn few_values_stay_exact() {
        let all = values(3000, 1);
        let numbers = sketched(&[&all[..1000], &all[1000..]], 4096).finish();
        assert!(numbers.fuzz().is_none());
        let exact = super::super::read::numbers(&Column::new("x".into(), &all)).expect("floats");
        assert!(numbers.pairs().eq(exact.pairs()));
    }

    #[test]
    fn pieces_and_their_order_do_not_matter() {
        let all = values(20_000, 2);
        let mut turned = all.clone();
        turned.reverse();
        let one = sketched(&[&all], 500);
        let many: Vec<&[f64]> = turned.chunks(777).collect();
        let many = sketched(&many, 500);
        assert_eq!((one.shift, one.buckets.len()), (many.shift, many.buckets.len()));
        assert!(one.finish().pairs().eq(many.finish().pairs()));
    }

    #[test]
    fn the_largest_numbers_have_a_mean_and_an_error_as_well() {
        let all: Vec<f64> = values(20_000, 4).iter().map(|v| v * 1e306).collect();
        let (exact, rough) = (numbers(&all), sketched(&all.chunks(999).collect::<Vec<_>>(), 500).finish());
        let fuzz = rough.fuzz().copied().expect("more values than buckets");
        assert!(fuzz.value.is_finite() && fuzz.value > 0.0, "{fuzz:?}");
        assert!((rough.mean() - exact.mean()).abs() <= fuzz.value, "{} {}", rough.mean(), exact.mean());
        assert!((rough.std() / exact.std() - 1.0).abs() < 0.01, "{} {}", rough.std(), exact.std());
    }

    #[test]
    fn what_is_said_of_the_error_holds() {
        let all = values(20_000, 3);
        let exact = numbers(&all);
        let sketch = sketched(&all.chunks(999).collect::<Vec<_>>(), 500);
        let [low, high] = sketch.around(7.25);
        assert!(low <= 7.25 && 7.25 <= high && high - low < 1.0);
        let rough = sketch.finish();
        let fuzz = rough.fuzz().copied().expect("more values than buckets");
        assert_eq!((rough.min(), rough.max(), rough.len()), (exact.min(), exact.max(), exact.len()));
        assert!((rough.mean() - exact.mean()).abs() < 1e-12 && (rough.std() - exact.std()).abs() < 1e-10);
        // The zeros, a third of all, are one value and cost nothing.
        assert!(fuzz.rank < 0.02, "{fuzz:?}");
        let (mut area, mut apart, mut last) = (0.0, 0.0f64, None);
        for step in super::super::numbers::steps(&exact, &rough) {
            if let Some((value, gap)) = last {
                area += gap * (step.value - value);
            }
            let gap = (step.reference - step.current).abs();
            (apart, last) = (apart.max(gap), Some((step.value, gap)));
        }
        assert!(area <= fuzz.value && apart <= fuzz.rank, "{area} {apart} {fuzz:?}");
    }
}
