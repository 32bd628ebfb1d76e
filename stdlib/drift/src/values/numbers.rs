//! A numeric sample as its different values and their counts: all statistics come from these.

/// 2^-600: times this, the squares of the largest numbers can be added up.
const TINY: f64 = f64::from_bits((1023 - 600) << 52);

/// The finite values of a numeric column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    /// The different values, ascending.
    values: Vec<f64>,
    /// How often each occurs.
    counts: Vec<u64>,
    /// The sum of the counts.
    len: u64,
    missing: u64,
    infinite: u64,
    whole: bool,
    single: bool,
    /// Set where values stand for others close by.
    fuzz: Option<Fuzz>,
}

/// What is known of numbers whose values stand for others close by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fuzz {
    /// Of all values.
    pub moments: Moments,
    /// The least value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
    /// How far a value can lie from what stands for it, on average; so far can the Wasserstein distance be off.
    pub value: f64,
    /// By how much the distribution function can be off anywhere.
    pub rank: f64,
}

/// Number, mean and sum of squared differences from it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    pub count: u64,
    pub mean: f64,
    pub squares: f64,
}

impl Moments {
    /// Of two samples together (Chan, Golub and LeVeque 1979).
    pub fn with(self, other: Moments) -> Moments {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let count = self.count + other.count;
        let (share, apart) = (other.count as f64 / count as f64, other.mean - self.mean);
        Moments {
            count,
            mean: self.mean + apart * share,
            squares: self.squares + other.squares + apart * apart * share * self.count as f64,
        }
    }
}

/// What a column is beside its finite values.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nature {
    /// Values that are null or NaN.
    pub missing: u64,
    /// Values that are infinite.
    pub infinite: u64,
    /// Whether its type is one of whole numbers.
    pub whole: bool,
    /// Whether its type is one of single precision.
    pub single: bool,
}

impl Numbers {
    /// From different values in ascending order, and how often each occurs.
    pub(super) fn new(values: Vec<f64>, counts: Vec<u64>, nature: Nature) -> Self {
        debug_assert!(values.is_sorted() && values.len() == counts.len());
        let Nature { missing, infinite, whole, single } = nature;
        Numbers { len: counts.iter().sum(), values, counts, missing, infinite, whole, single, fuzz: None }
    }

    /// The same with what is known of the values that these stand for.
    pub(super) fn fuzzy(self, fuzz: Fuzz) -> Self {
        Numbers { fuzz: Some(fuzz), ..self }
    }

    /// What is known of the values, where those that are here stand for others.
    pub fn fuzz(&self) -> Option<&Fuzz> {
        self.fuzz.as_ref()
    }

    pub(super) fn nature(&self) -> Nature {
        Nature { missing: self.missing, infinite: self.infinite, whole: self.whole, single: self.single }
    }

    /// Number of finite values.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Number of different finite values.
    pub fn distinct(&self) -> usize {
        self.values.len()
    }

    /// Values that are null or NaN.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Values that are infinite.
    pub fn infinite(&self) -> u64 {
        self.infinite
    }

    /// Whether the column's type is one of whole numbers.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether the column's type is of single precision.
    pub fn is_single(&self) -> bool {
        self.single
    }

    /// Whether all values are whole, whatever the column's type.
    pub fn has_whole_values(&self) -> bool {
        self.whole || self.values.iter().all(|v| v.fract() == 0.0)
    }

    /// Each value and its count, ascending.
    pub fn pairs(&self) -> impl Iterator<Item = (f64, u64)> {
        self.values.iter().copied().zip(self.counts.iter().copied())
    }

    /// The least value; infinite where there is none.
    pub fn min(&self) -> f64 {
        self.fuzz.map(|fuzz| fuzz.low).or(self.values.first().copied()).unwrap_or(f64::INFINITY)
    }

    /// The largest value; infinite where there is none.
    pub fn max(&self) -> f64 {
        self.fuzz.map(|fuzz| fuzz.high).or(self.values.last().copied()).unwrap_or(f64::NEG_INFINITY)
    }

    /// The mean; not a number where there is no value.
    pub fn mean(&self) -> f64 {
        let mean = self.moments().mean;
        if self.len > 0 && !mean.is_finite() { self.scaled(|mean, _| mean) } else { mean }
    }

    /// The standard deviation of the population. That of a column of single precision is rounded to it, as pandas does,
    /// and with it Evidently. Where the squares are too large for a float, so that Evidently has none, it is right all the
    /// same.
    pub fn std(&self) -> f64 {
        let moments = self.moments();
        let variance = moments.squares / moments.count as f64;
        let rounded = f64::from((variance as f32).sqrt());
        let std = if self.single && rounded.is_finite() { rounded } else { variance.sqrt() };
        if self.len > 0 && !std.is_finite() { self.scaled(|_, std| std) } else { std }
    }

    /// What is made of mean and deviation where sums or squares are too large for a float: both of smaller numbers.
    fn scaled(&self, take: fn(f64, f64) -> f64) -> f64 {
        let n = self.len as f64;
        let mean = self.sum(|v| v * TINY) / n;
        let variance = self.sum(|v| (v * TINY - mean).powi(2)) / n;
        (take(mean, variance.sqrt()) / TINY).clamp(f64::MIN, f64::MAX)
    }

    /// Number, mean and squares; not a number where there is no value.
    pub(super) fn moments(&self) -> Moments {
        self.fuzz.map(|fuzz| fuzz.moments).unwrap_or_else(|| {
            let mean = self.sum(|v| v) / self.len as f64;
            Moments { count: self.len, mean, squares: self.sum(|v| (v - mean).powi(2)) }
        })
    }

    /// The sum over all values, by pairs of halves so that its error stays small.
    fn sum(&self, of: impl Fn(f64) -> f64 + Copy) -> f64 {
        fn halves(values: &[f64], counts: &[u64], of: impl Fn(f64) -> f64 + Copy) -> f64 {
            if values.len() <= 128 {
                return values.iter().zip(counts).map(|(&v, &n)| of(v) * n as f64).sum();
            }
            let (low, high) = values.split_at(values.len() / 2);
            let (low_counts, high_counts) = counts.split_at(values.len() / 2);
            halves(low, low_counts, of) + halves(high, high_counts, of)
        }
        halves(&self.values, &self.counts, of)
    }

    /// The values below which these shares of all lie, each the least value that reaches its share; shares ascend.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> [f64; N] {
        let (mut at, mut reached) = (0, self.counts.first().copied().unwrap_or(0));
        shares.map(|share| {
            let wanted = (share * self.len as f64).ceil() as u64;
            while reached < wanted && at + 1 < self.values.len() {
                at += 1;
                reached += self.counts[at];
            }
            self.values.get(at).copied().unwrap_or(f64::NAN)
        })
    }

    /// How many values lie in each bin between neighbouring edges; a bin has its lower edge, the last one both. As
    /// `numpy.histogram`.
    pub fn counted(&self, edges: &[f64]) -> Vec<u64> {
        let bins = edges.len().saturating_sub(1);
        let mut out = vec![0; bins];
        let mut bin = 0;
        for (value, count) in self.pairs().filter(|(v, _)| edges.first().is_some_and(|low| v >= low)) {
            while bin + 1 < bins && value >= edges[bin + 1] {
                bin += 1;
            }
            if value < edges[bin + 1] || value == edges[bins] {
                out[bin] += count;
            }
        }
        out
    }

    /// How many values are below this one, and how many above that one.
    pub fn outside(&self, low: f64, high: f64) -> (u64, u64) {
        let below = self.values.partition_point(|v| *v < low);
        let above = self.values.partition_point(|v| *v <= high);
        (self.counts[..below].iter().sum(), self.counts[above..].iter().sum())
    }
}

/// Edges of equal bins between ends whose difference can be too large for a float.
pub(crate) fn spread(low: f64, high: f64, bins: usize) -> Vec<f64> {
    let share = |i: usize| i as f64 / bins as f64;
    (0..=bins).map(|i| low * (1.0 - share(i)) + high * share(i)).collect()
}

/// Two distribution functions at one value.
pub(crate) struct Step {
    pub value: f64,
    /// Share of the reference that is at most the value.
    pub reference: f64,
    /// Share of the current sample that is at most the value.
    pub current: f64,
}

/// Both distribution functions at each value of either, ascending.
pub(crate) fn steps<'a>(reference: &'a Numbers, current: &'a Numbers) -> impl Iterator<Item = Step> + 'a {
    let (mut i, mut j, mut below) = (0, 0, [0u64; 2]);
    std::iter::from_fn(move || {
        let (a, b) = (reference.values.get(i).copied(), current.values.get(j).copied());
        let value = match (a, b) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        if a == Some(value) {
            below[0] += reference.counts[i];
            i += 1;
        }
        if b == Some(value) {
            below[1] += current.counts[j];
            j += 1;
        }
        Some(Step {
            value,
            reference: below[0] as f64 / reference.len as f64,
            current: below[1] as f64 / current.len as f64,
        })
    })
}
