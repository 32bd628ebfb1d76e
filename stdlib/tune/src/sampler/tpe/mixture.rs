//! A mixture of kernels, one per trial and a wide one: drawing from it, and its density.

use super::axis::{Choices, Kernels, Span};
use super::mass::Masses;
use super::weights::{PRIOR, weights};
use crate::distribution::Distribution;
use crate::normal;
use crate::rng::{Draw, cumulate};
use std::sync::Arc;

/// Kernels that are computed side by side.
const LANES: usize = 8;
/// Columns after which kernels that have fallen behind are given up.
const STRIDE: usize = 4;
/// A kernel whose density is below the largest by this factor, as a logarithm, changes no digit of the sum.
const NEGLIGIBLE: f64 = 60.0;

/// One parameter.
#[derive(Clone, Debug)]
enum Axis {
    /// Any number; with its column in the blocks.
    Smooth(Kernels, usize),
    /// Numbers on steps.
    Stepped(Kernels, Masses),
    Choice(Choices),
}

/// Parzen estimator over one parameter or several at once.
///
/// It is the same as `optuna.samplers._tpe.parzen_estimator._ParzenEstimator` builds from all observations, but trials are
/// put in and taken out one by one: a trial changes its own kernel and the widths of its neighbours.
#[derive(Clone, Debug)]
pub(super) struct Mixture {
    axes: Vec<Axis>,
    /// Numbers of the trials, by slot.
    numbers: Vec<u32>,
    /// Numbers and slots, in the order of numbers.
    order: Vec<(u32, u32)>,
    /// Sum of the kernels' scales, by slot.
    scale: Vec<f64>,
    /// Logarithm of the weight plus the scale, by slot, filled up to whole blocks.
    start: Vec<f64>,
    ln_prior: f64,
    /// Means and inverse widths of smooth axes: block, column, the two, lane.
    blocks: Vec<f64>,
    columns: usize,
}

impl Mixture {
    pub(super) fn new(distributions: &[Arc<Distribution>]) -> Self {
        let mut columns = 0;
        let axis = |distribution: &Arc<Distribution>| match Span::of(distribution) {
            Some(span) if span.step.is_some() => Axis::Stepped(Kernels::new(span), Masses::default()),
            Some(span) => {
                columns += 1;
                Axis::Smooth(Kernels::new(span), columns - 1)
            }
            None => Axis::Choice(Choices::new(match &**distribution {
                Distribution::Categorical { choices } => choices.len(),
                _ => 1,
            })),
        };
        Mixture {
            axes: distributions.iter().map(axis).collect(),
            numbers: Vec::new(),
            order: Vec::new(),
            scale: Vec::new(),
            start: Vec::new(),
            ln_prior: 0.0,
            blocks: Vec::new(),
            columns,
        }
    }

    /// How many trials are in it.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Puts a trial in, by the values of its parameters.
    pub(super) fn insert(&mut self, number: u32, values: &[f64]) {
        let slot = self.numbers.len();
        self.numbers.push(number);
        self.scale.push(0.0);
        let place = self.order.partition_point(|other| other.0 < number);
        self.order.insert(place, (number, slot as u32));
        if slot.is_multiple_of(LANES) {
            self.blocks.resize(self.blocks.len() + self.columns * 2 * LANES, 0.0);
        }
        let mut touched = Touched::default();
        for (axis, value) in self.axes.iter_mut().zip(values) {
            match axis {
                Axis::Smooth(kernels, _) | Axis::Stepped(kernels, _) => {
                    kernels.insert(number, *value, |slot| touched.add(slot));
                }
                Axis::Choice(choices) => choices.codes.push(*value as u32),
            }
        }
        self.update(touched);
    }

    /// Takes a trial out, if it is in.
    pub(super) fn remove(&mut self, number: u32) {
        let Ok(place) = self.order.binary_search_by_key(&number, |entry| entry.0) else { return };
        let slot = self.order.remove(place).1 as usize;
        let last = self.numbers.len() - 1;
        let last_number = self.numbers[last];
        let mut touched = Touched::default();
        for axis in &mut self.axes {
            match axis {
                Axis::Smooth(kernels, _) | Axis::Stepped(kernels, _) => {
                    kernels.remove(number, slot, last_number, |slot| touched.add(slot));
                }
                Axis::Choice(choices) => {
                    choices.codes.swap_remove(slot);
                }
            }
        }
        self.numbers.swap_remove(slot);
        self.scale.swap_remove(slot);
        if slot != last {
            let moved = self.order.partition_point(|entry| entry.0 < last_number);
            self.order[moved].1 = slot as u32;
            touched.add(slot as u32);
        }
        let blocks = self.numbers.len().div_ceil(LANES);
        self.blocks.truncate(blocks * self.columns * 2 * LANES);
        self.update(touched);
    }

    /// Brings scales and blocks of these slots up to date.
    fn update(&mut self, touched: Touched) {
        for slot in touched.slots() {
            let slot = slot as usize;
            let mut sum = 0.0;
            for axis in &self.axes {
                match axis {
                    Axis::Smooth(kernels, column) => {
                        sum += kernels.scale[slot];
                        let at = ((slot / LANES * self.columns + column) * 2) * LANES + slot % LANES;
                        self.blocks[at] = kernels.mu[slot];
                        self.blocks[at + LANES] = 1.0 / kernels.sigma[slot];
                    }
                    Axis::Stepped(kernels, _) => sum += kernels.scale[slot],
                    Axis::Choice(_) => {}
                }
            }
            self.scale[slot] = sum;
        }
    }

    /// Makes what depends on the number of trials ready; returns weights by the order of numbers, the prior's last.
    pub(super) fn prepare(&mut self) -> Vec<f64> {
        let n = self.len();
        let mut changed = false;
        for axis in &mut self.axes {
            match axis {
                Axis::Smooth(kernels, _) | Axis::Stepped(kernels, _) => changed |= kernels.set_count(n + 1),
                Axis::Choice(choices) => choices.set_count(n + 1),
            }
        }
        // From a hundred kernels on the smallest width stays as it is.
        if changed {
            self.update(Touched((0..n as u32).collect()));
        }
        let mut weights = weights(n);
        weights.push(PRIOR);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        self.start.clear();
        self.start.resize(n.div_ceil(LANES) * LANES, f64::NEG_INFINITY);
        for ((_, slot), weight) in self.order.iter().zip(&weights) {
            self.start[*slot as usize] = weight.ln() + self.scale[*slot as usize];
        }
        self.ln_prior = weights[n].ln();
        weights
    }

    /// Draws points; the weights are those of [`Mixture::prepare`].
    pub(super) fn sample(&self, rng: &mut dyn Draw, weights: &[f64], count: usize) -> Vec<Vec<f64>> {
        let cumulated = cumulate(weights.iter().copied());
        // The slot of each point's kernel; none for the prior.
        let kernels: Vec<Option<usize>> =
            (0..count).map(|_| self.order.get(rng.pick(&cumulated)).map(|entry| entry.1 as usize)).collect();
        let mut points = vec![vec![0.0; self.axes.len()]; count];
        for (i, axis) in self.axes.iter().enumerate() {
            if let Axis::Choice(choices) = axis {
                for (point, kernel) in points.iter_mut().zip(&kernels) {
                    point[i] = choices.draw(rng.unit(), *kernel);
                }
            }
        }
        for (i, axis) in self.axes.iter().enumerate() {
            if let Axis::Smooth(numbers, _) | Axis::Stepped(numbers, _) = axis {
                for (point, kernel) in points.iter_mut().zip(&kernels) {
                    point[i] = numbers.draw(rng.unit(), *kernel);
                }
            }
        }
        points
    }

    /// Logarithms of the density at points.
    pub(super) fn log_density(&mut self, points: &[Vec<f64>]) -> Vec<f64> {
        let ready: Vec<Ready> = points.iter().map(|point| self.ready(point)).collect();
        // Each point's largest term so far, and all that are not negligible beside it.
        let mut largest: Vec<f64> = ready.iter().map(|point| point.prior + self.ln_prior).collect();
        let mut terms: Vec<Vec<f64>> = largest.iter().map(|term| vec![*term]).collect();
        for block in 0..self.start.len() / LANES {
            for (i, point) in ready.iter().enumerate() {
                let Some(sums) = self.block(block, point, largest[i] - NEGLIGIBLE) else { continue };
                for (lane, sum) in sums.into_iter().enumerate() {
                    let limit = largest[i] - NEGLIGIBLE;
                    if sum >= limit {
                        let sum = self.add_steps(block * LANES + lane, point, sum, limit);
                        largest[i] = largest[i].max(sum);
                        terms[i].push(sum);
                    }
                }
            }
        }
        let add = |(terms, largest): (&Vec<f64>, &f64)| {
            if *largest == f64::NEG_INFINITY {
                return f64::NEG_INFINITY;
            }
            terms.iter().map(|term| (term - largest).exp()).sum::<f64>().ln() + largest
        };
        terms.iter().zip(&largest).map(add).collect()
    }

    /// Smooth axes and choices of eight kernels at a point; `None` once all are below `limit`.
    fn block(&self, block: usize, point: &Ready, limit: f64) -> Option<[f64; LANES]> {
        let first = block * LANES;
        let mut sums: [f64; LANES] = self.start[first..first + LANES].try_into().ok()?;
        let behind = |sums: &[f64; LANES]| sums.iter().all(|sum| *sum < limit);
        if behind(&sums) {
            return None;
        }
        let size = self.columns * 2 * LANES;
        let columns = self.blocks[block * size..(block + 1) * size].chunks_exact(2 * LANES);
        for (i, (column, x)) in columns.zip(&point.smooth).enumerate() {
            let (mu, inverse) = column.split_at(LANES);
            for lane in 0..LANES {
                let z = (x - mu[lane]) * inverse[lane];
                sums[lane] -= 0.5 * z * z;
            }
            if i % STRIDE == STRIDE - 1 && behind(&sums) {
                return None;
            }
        }
        let mut codes = point.codes.iter();
        for axis in &self.axes {
            if let Axis::Choice(choices) = axis
                && let Some(code) = codes.next()
            {
                for (sum, own) in sums.iter_mut().zip(&choices.codes[first..]) {
                    *sum += if own == code { choices.ln_own } else { choices.ln_other };
                }
            }
        }
        Some(sums)
    }

    /// Adds what axes on steps say of one kernel, until it falls below `limit`.
    fn add_steps(&mut self, slot: usize, point: &Ready, mut sum: f64, limit: f64) -> f64 {
        let mut cells = point.cells.iter();
        for axis in &mut self.axes {
            if let Axis::Stepped(kernels, masses) = axis
                && let Some(cell) = cells.next()
            {
                sum += masses.get(kernels.mu[slot], kernels.sigma[slot], *cell);
                if sum < limit {
                    break;
                }
            }
        }
        sum
    }

    /// A point as the loops over kernels want it, with the prior's density.
    fn ready(&mut self, point: &[f64]) -> Ready {
        let mut ready = Ready::default();
        for (axis, value) in self.axes.iter_mut().zip(point) {
            ready.prior += match axis {
                Axis::Smooth(kernels, _) => {
                    let (mu, sigma, scale) = kernels.prior;
                    let x = kernels.span.scale(*value);
                    ready.smooth.push(x);
                    let z = (x - mu) / sigma;
                    scale - 0.5 * z * z
                }
                Axis::Stepped(kernels, masses) => {
                    let (mu, sigma, scale) = kernels.prior;
                    let cell = kernels.span.cell(*value);
                    ready.cells.push(cell);
                    scale + masses.get(mu, sigma, cell)
                }
                Axis::Choice(choices) => {
                    ready.codes.push(*value as u32);
                    -(choices.count as f64).ln()
                }
            };
        }
        ready
    }
}

/// A point, its coordinates by kind of axis.
#[derive(Default)]
struct Ready {
    prior: f64,
    smooth: Vec<f64>,
    cells: Vec<(f64, f64)>,
    codes: Vec<u32>,
}

/// Slots whose kernels have changed, each perhaps more than once.
#[derive(Default)]
struct Touched(Vec<u32>);

impl Touched {
    fn add(&mut self, slot: u32) {
        self.0.push(slot);
    }

    fn slots(mut self) -> Vec<u32> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}

impl Kernels {
    /// A value from one kernel, cut off at the ends of the range.
    fn draw(&self, q: f64, kernel: Option<usize>) -> f64 {
        let (mu, sigma) = match kernel {
            Some(slot) => (self.mu[slot], self.sigma[slot]),
            None => (self.prior.0, self.prior.1),
        };
        let (a, b) = ((self.span.from - mu) / sigma, (self.span.to - mu) / sigma);
        self.span.value(normal::quantile_between(q, a, b) * sigma + mu)
    }
}

impl Choices {
    /// A choice from one kernel.
    fn draw(&self, q: f64, kernel: Option<usize>) -> f64 {
        let mut sum = 0.0;
        for choice in 0..self.count - 1 {
            sum += match kernel {
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
