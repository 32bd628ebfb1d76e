//! One parameter of a mixture: where its kernels stand and how wide they are.

use crate::distribution::Distribution;
use crate::normal;

/// A range as kernels see it: on a log scale its logarithms, and half a step wider on both sides.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) log: bool,
    pub(super) step: Option<f64>,
    low: f64,
    high: f64,
    /// Lower end, transformed and widened.
    pub(super) from: f64,
    /// Upper end, transformed and widened.
    pub(super) to: f64,
}

impl Span {
    /// Of a range of numbers; `None` for choices.
    pub(super) fn of(distribution: &Distribution) -> Option<Self> {
        let (low, high, log, step) = match distribution {
            Distribution::Float { low, high, log, step } => (*low, *high, *log, *step),
            Distribution::Int { low, high, log, step } => (*low as f64, *high as f64, *log, Some(*step as f64)),
            Distribution::Categorical { .. } => return None,
        };
        let half = step.unwrap_or(0.0) / 2.0;
        let scale = |value: f64| if log { value.ln() } else { value };
        Some(Span { log, step, low, high, from: scale(low - half), to: scale(high + half) })
    }

    /// Where a value stands among kernels.
    pub(super) fn scale(&self, value: f64) -> f64 {
        if self.log { value.ln() } else { value }
    }

    /// The value at a point among kernels: back from the logarithm, on a step, within the range.
    pub(super) fn value(&self, point: f64) -> f64 {
        let value = if self.log { point.exp() } else { point };
        let value = match self.step {
            Some(step) => self.low + ((value - self.low) / step).round_ties_even() * step,
            None => value,
        };
        value.clamp(self.low, self.high)
    }

    /// The stretch of points whose value is `value`.
    pub(super) fn cell(&self, value: f64) -> (f64, f64) {
        let half = self.step.unwrap_or(0.0) / 2.0;
        (self.scale(value - half), self.scale(value + half))
    }
}

/// Kernels of one numeric parameter, by slot.
#[derive(Clone, Debug)]
pub(super) struct Kernels {
    pub(super) span: Span,
    /// Smallest width.
    narrowest: f64,
    /// The wide kernel that stands for knowing nothing, and its scale.
    pub(super) prior: (Kernel, f64),
    kernels: Vec<Kernel>,
    /// Distance to the farther neighbour, before it is bounded.
    gaps: Vec<f64>,
    /// Mean, number of the trial, and slot, in the order of means.
    sorted: Vec<(f64, u32, u32)>,
}

/// A normal distribution that is cut off at the ends of the range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    pub(super) mu: f64,
    pub(super) sigma: f64,
    /// What is cut off below and above; NaN if the mean is not within the range.
    tails: (f64, f64),
}

impl Kernel {
    /// With the logarithm of what makes its density one over the range; for steps, that of their probabilities.
    fn new(span: &Span, mu: f64, sigma: f64) -> (Self, f64) {
        // In a range that is too narrow for floats to divide, one value is as good as another.
        if !sigma.is_normal() {
            return (Kernel { mu, sigma: f64::INFINITY, tails: (f64::NAN, f64::NAN) }, 0.0);
        }
        let (a, b) = ((span.from - mu) / sigma, (span.to - mu) / sigma);
        let (tails, mass) = if a <= 0.0 && b > 0.0 {
            let tails = (normal::cdf(a), normal::cdf(-b));
            (tails, (-tails.0 - tails.1).ln_1p())
        } else {
            ((f64::NAN, f64::NAN), normal::log_mass(a, b))
        };
        let scale = if span.step.is_some() { -mass } else { -normal::LN_SQRT_2PI - mass - sigma.ln() };
        (Kernel { mu, sigma, tails }, scale)
    }

    /// The value below which it lies with probability `q`.
    fn value_at(&self, span: &Span, q: f64) -> f64 {
        let Kernel { mu, sigma, tails } = *self;
        if sigma.is_infinite() {
            return span.value(span.from + q * (span.to - span.from));
        }
        let (a, b) = ((span.from - mu) / sigma, (span.to - mu) / sigma);
        let point =
            if tails.0.is_nan() { normal::quantile_between(q, a, b) } else { normal::quantile_within(q, tails) };
        span.value(point.clamp(a, b) * sigma + mu)
    }
}

/// A kernel that has changed: its slot, itself, and its scale.
pub(super) type Changed = (usize, Kernel, f64);

impl Kernels {
    pub(super) fn new(span: Span) -> Self {
        let range = span.to - span.from;
        let sum = span.from + span.to;
        let middle = if sum.is_finite() { 0.5 * sum } else { 0.5 * span.from + 0.5 * span.to };
        let prior = Kernel::new(&span, middle, range);
        Kernels { span, narrowest: range, prior, kernels: Vec::new(), gaps: Vec::new(), sorted: Vec::new() }
    }

    /// The smallest width.
    pub(super) fn narrowest(&self) -> f64 {
        self.narrowest
    }

    /// Slots and kernels in the order of means.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (usize, &Kernel)> {
        self.sorted.iter().map(|(_, _, slot)| (*slot as usize, &self.kernels[*slot as usize]))
    }

    /// The kernel in a slot.
    pub(super) fn at(&self, slot: usize) -> &Kernel {
        &self.kernels[slot]
    }

    /// A value from the kernel in a slot, or from the prior.
    pub(super) fn draw(&self, q: f64, slot: Option<usize>) -> f64 {
        slot.map_or(&self.prior.0, |slot| &self.kernels[slot]).value_at(&self.span, q)
    }

    /// Adds a kernel in a new last slot; `changed` hears of it and of neighbours that are wider or narrower now.
    pub(super) fn insert(&mut self, number: u32, value: f64, mut changed: impl FnMut(Changed)) {
        let mu = self.span.scale(value);
        let slot = self.kernels.len() as u32;
        // Unlike any width: this one is going to change.
        self.kernels.push(Kernel { mu, sigma: f64::NAN, tails: (f64::NAN, f64::NAN) });
        self.gaps.push(0.0);
        let place = self.place(mu, number);
        self.sorted.insert(place, (mu, number, slot));
        for neighbour in place.saturating_sub(1)..(place + 2).min(self.sorted.len()) {
            self.widen(neighbour, &mut changed);
        }
    }

    /// Takes a kernel out; the last slot, which is that of `last_number`, moves into its place.
    pub(super) fn remove(&mut self, number: u32, slot: usize, last_number: u32, mut changed: impl FnMut(Changed)) {
        let last = self.kernels.len() - 1;
        let place = self.place(self.kernels[last].mu, last_number);
        self.sorted[place].2 = slot as u32;
        let place = self.place(self.kernels[slot].mu, number);
        self.sorted.remove(place);
        self.kernels.swap_remove(slot);
        self.gaps.swap_remove(slot);
        for neighbour in place.saturating_sub(1)..(place + 1).min(self.sorted.len()) {
            self.widen(neighbour, &mut changed);
        }
    }

    /// Sets the smallest width, given the number of kernels with the prior.
    pub(super) fn set_count(&mut self, kernels: usize, mut changed: impl FnMut(Changed)) {
        let range = self.span.to - self.span.from;
        let narrowest = range / (1.0 + kernels as f64).min(100.0);
        if narrowest != self.narrowest {
            self.narrowest = narrowest;
            (0..self.kernels.len()).for_each(|slot| self.bound(slot, &mut changed));
        }
    }

    fn place(&self, mu: f64, number: u32) -> usize {
        self.sorted.partition_point(|other| (other.0, other.1) < (mu, number))
    }

    /// The distance between a kernel and its farther neighbour is its width; the ends of the range are neighbours only
    /// of one that stands alone.
    fn widen(&mut self, place: usize, changed: &mut impl FnMut(Changed)) {
        let Span { from, to, .. } = self.span;
        let (mu, _, slot) = self.sorted[place];
        let left = place.checked_sub(1).map(|left| mu - self.sorted[left].0);
        let right = self.sorted.get(place + 1).map(|right| right.0 - mu);
        self.gaps[slot as usize] = match (left, right) {
            (Some(left), Some(right)) => left.max(right),
            (Some(gap), None) | (None, Some(gap)) => gap,
            (None, None) => (mu - from).max(to - mu),
        };
        self.bound(slot as usize, changed);
    }

    /// Keeps a width within its bounds.
    fn bound(&mut self, slot: usize, changed: &mut impl FnMut(Changed)) {
        let range = self.span.to - self.span.from;
        let sigma = self.gaps[slot].max(self.narrowest).min(range);
        let kernel = &mut self.kernels[slot];
        // Most are at the smallest width, and stay there.
        if sigma != kernel.sigma {
            let (new, scale) = Kernel::new(&self.span, kernel.mu, sigma);
            *kernel = new;
            changed((slot, new, scale));
        }
    }
}

/// Kernels of one parameter with choices: each stands on one.
#[derive(Clone, Debug)]
pub(super) struct Choices {
    pub(super) count: usize,
    pub(super) codes: Vec<u32>,
    /// Probability of the kernel's own choice, and of any other.
    pub(super) own: f64,
    pub(super) other: f64,
    pub(super) ln_own: f64,
    pub(super) ln_other: f64,
}

impl Choices {
    pub(super) fn new(count: usize) -> Self {
        Choices { count, codes: Vec::new(), own: 0.0, other: 0.0, ln_own: 0.0, ln_other: 0.0 }
    }

    /// Spreads the prior over all choices, given the number of kernels with it.
    pub(super) fn set_count(&mut self, kernels: usize) {
        let spread = super::weights::PRIOR / kernels as f64;
        let sum = self.count as f64 * spread + 1.0;
        (self.own, self.other) = ((spread + 1.0) / sum, spread / sum);
        (self.ln_own, self.ln_other) = (self.own.ln(), self.other.ln());
    }

    /// A choice from the kernel in a slot, or from the prior.
    pub(super) fn draw(&self, q: f64, slot: Option<usize>) -> f64 {
        let mut sum = 0.0;
        for choice in 0..self.count - 1 {
            sum += match slot {
                Some(slot) if self.codes[slot] as usize == choice => self.own,
                Some(_) => self.other,
                None => 1.0 / self.count as f64,
            };
            if sum >= q {
                return choice as f64;
            }
        }
        (self.count - 1) as f64
    }
}
