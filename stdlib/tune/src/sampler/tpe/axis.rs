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
    pub(super) mu: Vec<f64>,
    pub(super) sigma: Vec<f64>,
    /// Logarithm of what makes each kernel's density one over the range; of a density on steps without its own part.
    pub(super) scale: Vec<f64>,
    /// Distance to the neighbours, before it is bounded.
    gap: Vec<f64>,
    /// Mean, number of the trial, and slot, in the order of means.
    sorted: Vec<(f64, u32, u32)>,
    /// Smallest width.
    narrowest: f64,
    /// The wide kernel that stands for knowing nothing: mean, width, scale.
    pub(super) prior: (f64, f64, f64),
}

impl Kernels {
    pub(super) fn new(span: Span) -> Self {
        let range = span.to - span.from;
        let mut kernels = Kernels {
            mu: Vec::new(),
            sigma: Vec::new(),
            scale: Vec::new(),
            gap: Vec::new(),
            sorted: Vec::new(),
            narrowest: range,
            prior: (0.5 * (span.from + span.to), range, 0.0),
            span,
        };
        kernels.prior.2 = kernels.scale_of(kernels.prior.0, range);
        kernels
    }

    /// Adds a kernel in a new last slot; `touch` hears of the slots whose widths changed.
    pub(super) fn insert(&mut self, number: u32, value: f64, mut touch: impl FnMut(u32)) {
        let mu = self.span.scale(value);
        let slot = self.mu.len() as u32;
        for list in [&mut self.sigma, &mut self.scale, &mut self.gap] {
            list.push(0.0);
        }
        self.mu.push(mu);
        let place = self.place(mu, number);
        self.sorted.insert(place, (mu, number, slot));
        for neighbour in place.saturating_sub(1)..(place + 2).min(self.sorted.len()) {
            touch(self.widen(neighbour));
        }
    }

    /// Takes a kernel out; the last slot moves into its place.
    pub(super) fn remove(&mut self, number: u32, slot: usize, last_number: u32, mut touch: impl FnMut(u32)) {
        let last = self.mu.len() - 1;
        let place = self.place(self.mu[last], last_number);
        self.sorted[place].2 = slot as u32;
        let place = self.place(self.mu[slot], number);
        self.sorted.remove(place);
        for list in [&mut self.mu, &mut self.sigma, &mut self.scale, &mut self.gap] {
            list.swap_remove(slot);
        }
        for neighbour in place.saturating_sub(1)..(place + 1).min(self.sorted.len()) {
            touch(self.widen(neighbour));
        }
    }

    /// Sets the smallest width, given the number of kernels with the prior; says whether it is another than before.
    pub(super) fn set_count(&mut self, kernels: usize) -> bool {
        let range = self.span.to - self.span.from;
        let narrowest = range / (1.0 + kernels as f64).min(100.0);
        let changed = narrowest != self.narrowest;
        if changed {
            self.narrowest = narrowest;
            (0..self.mu.len()).for_each(|slot| self.bound(slot));
        }
        changed
    }

    fn place(&self, mu: f64, number: u32) -> usize {
        self.sorted.partition_point(|other| (other.0, other.1) < (mu, number))
    }

    /// The distance between a kernel and its farther neighbour is its width; the ends of the range are neighbours only
    /// of one that stands alone.
    fn widen(&mut self, place: usize) -> u32 {
        let Span { from, to, .. } = self.span;
        let (mu, _, slot) = self.sorted[place];
        let left = place.checked_sub(1).map(|left| mu - self.sorted[left].0);
        let right = self.sorted.get(place + 1).map(|right| right.0 - mu);
        self.gap[slot as usize] = match (left, right) {
            (Some(left), Some(right)) => left.max(right),
            (Some(gap), None) | (None, Some(gap)) => gap,
            (None, None) => (mu - from).max(to - mu),
        };
        self.bound(slot as usize);
        slot
    }

    /// Keeps a width within its bounds.
    fn bound(&mut self, slot: usize) {
        let range = self.span.to - self.span.from;
        let sigma = self.gap[slot].max(self.narrowest).min(range);
        // Most are at the smallest width, and stay there.
        if sigma != self.sigma[slot] {
            self.sigma[slot] = sigma;
            self.scale[slot] = self.scale_of(self.mu[slot], sigma);
        }
    }

    fn scale_of(&self, mu: f64, sigma: f64) -> f64 {
        let Span { from, to, step, .. } = self.span;
        let mass = normal::log_mass((from - mu) / sigma, (to - mu) / sigma);
        if step.is_some() { -mass } else { -normal::LN_SQRT_2PI - mass - sigma.ln() }
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
}
