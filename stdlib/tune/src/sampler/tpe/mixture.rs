//! A mixture of kernels, one per trial and a wide one: drawing from it, and its density.

use super::axis::{Choices, Kernels, Span};
use super::line::Line;
use super::mass::Masses;
use super::rows::{LANES, Rows};
use super::weights::Shares;
use crate::distribution::Distribution;
use crate::rng::{Draw, cumulate};
use std::sync::Arc;

/// A trial whose density is below the largest by this factor, as a logarithm, changes no digit of the sum.
const NEGLIGIBLE: f64 = 60.0;

/// One parameter.
#[derive(Clone, Debug)]
enum Axis {
    /// Numbers: with their column if all between the ends are allowed, without one on steps.
    Numbers(Kernels, Option<usize>, Masses),
    Choice(Choices),
}

/// Parzen estimator over one parameter or several at once.
///
/// It is what `optuna.samplers._tpe.parzen_estimator._ParzenEstimator` builds from all observations, but trials are put in
/// and taken out one by one: a trial changes its own kernels and the widths of their neighbours.
#[derive(Clone, Debug)]
pub(super) struct Mixture {
    axes: Vec<Axis>,
    /// Places of those that are not smooth.
    other: Vec<usize>,
    rows: Rows,
    /// Numbers of the trials, by slot.
    numbers: Vec<u32>,
    /// Numbers and slots, in the order of numbers.
    order: Vec<(u32, u32)>,
    /// Logarithm of the weight plus the scales, by slot, filled up to whole blocks.
    start: Vec<f64>,
    ln_prior: f64,
    /// Terms of a density: the point's place, and the term.
    terms: Vec<(u32, f64)>,
    /// The kernels of a single smooth parameter.
    line: Line,
}

impl Mixture {
    pub(super) fn new(distributions: &[Arc<Distribution>]) -> Self {
        let mut columns = 0..;
        let axis = |distribution: &Arc<Distribution>| match (Span::of(distribution), &**distribution) {
            (Some(span), _) => {
                let column = if span.step.is_none() { columns.next() } else { None };
                Axis::Numbers(Kernels::new(span), column, Masses::default())
            }
            (None, Distribution::Categorical { choices }) => Axis::Choice(Choices::new(choices.len())),
            (None, _) => Axis::Choice(Choices::new(1)),
        };
        let axes: Vec<Axis> = distributions.iter().map(axis).collect();
        let rows = Rows::new(columns.start, axes.len());
        let other = (0..axes.len()).filter(|i| !matches!(axes[*i], Axis::Numbers(_, Some(_), _))).collect();
        let (numbers, order, start, terms, line) = Default::default();
        Mixture { axes, other, rows, numbers, order, start, ln_prior: 0.0, terms, line }
    }

    /// How many parameters it is over.
    pub(super) fn width(&self) -> usize {
        self.axes.len()
    }

    /// Puts a trial in, by the values of its parameters.
    pub(super) fn insert(&mut self, number: u32, values: &[f64]) {
        let slot = self.numbers.len() as u32;
        self.numbers.push(number);
        let place = self.order.partition_point(|other| other.0 < number);
        self.order.insert(place, (number, slot));
        let rows = &mut self.rows;
        rows.push();
        for (i, (axis, value)) in self.axes.iter_mut().zip(values).enumerate() {
            match axis {
                Axis::Numbers(kernels, column, _) => kernels.insert(number, *value, |new| rows.set(i, *column, &new)),
                Axis::Choice(choices) => choices.codes.push(*value as u32),
            }
        }
        rows.settle();
    }

    /// Takes a trial out, if it is in.
    pub(super) fn remove(&mut self, number: u32) {
        let Ok(place) = self.order.binary_search_by_key(&number, |entry| entry.0) else { return };
        let slot = self.order.remove(place).1 as usize;
        let last_number = self.numbers[self.numbers.len() - 1];
        self.numbers.swap_remove(slot);
        if let Ok(moved) = self.order.binary_search_by_key(&last_number, |entry| entry.0) {
            self.order[moved].1 = slot as u32;
        }
        let rows = &mut self.rows;
        rows.swap_remove(slot);
        for (i, axis) in self.axes.iter_mut().enumerate() {
            match axis {
                Axis::Numbers(kernels, column, _) => {
                    kernels.remove(number, slot, last_number, |new| rows.set(i, *column, &new));
                }
                Axis::Choice(choices) => _ = choices.codes.swap_remove(slot),
            }
        }
        rows.settle();
    }

    /// Makes what depends on the number of trials ready; returns weights by the order of numbers, the prior's last.
    pub(super) fn prepare<'s>(&mut self, shares: &'s mut Shares) -> &'s [f64] {
        let n = self.numbers.len();
        let rows = &mut self.rows;
        for (i, axis) in self.axes.iter_mut().enumerate() {
            match axis {
                Axis::Numbers(kernels, column, _) => kernels.set_count(n + 1, |new| rows.set(i, *column, &new)),
                Axis::Choice(choices) => choices.set_count(n + 1),
            }
        }
        rows.settle();
        let (weights, logs) = shares.of(n);
        self.start.clear();
        self.start.resize(n.div_ceil(LANES) * LANES, f64::NEG_INFINITY);
        for ((_, slot), log) in self.order.iter().zip(logs) {
            self.start[*slot as usize] = log + rows.sum(*slot as usize);
        }
        self.ln_prior = logs[n];
        weights
    }

    /// Draws points, one after the other; the weights are those of [`Mixture::prepare`].
    pub(super) fn sample(&self, rng: &mut dyn Draw, weights: &[f64], count: usize) -> Vec<f64> {
        let cumulated = cumulate(weights.iter().copied());
        // The slot of each point's kernels; none for the prior.
        let slots: Vec<Option<usize>> =
            (0..count).map(|_| self.order.get(rng.pick(&cumulated)).map(|entry| entry.1 as usize)).collect();
        let width = self.width();
        let mut points = vec![0.0; width * count];
        let mut fill = |i: usize, draw: &mut dyn FnMut(Option<usize>) -> f64| {
            for (point, slot) in points.chunks_exact_mut(width).zip(&slots) {
                point[i] = draw(*slot);
            }
        };
        for (i, axis) in self.axes.iter().enumerate() {
            if let Axis::Choice(choices) = axis {
                fill(i, &mut |slot| choices.draw(rng.unit(), slot));
            }
        }
        for (i, axis) in self.axes.iter().enumerate() {
            if let Axis::Numbers(kernels, ..) = axis {
                fill(i, &mut |slot| kernels.draw(rng.unit(), slot));
            }
        }
        points
    }

    /// Logarithms of what another density, of which `above` are the logarithms, is of this one at points; minus infinity
    /// for points that are seen not to have the largest.
    pub(super) fn log_ratios(&mut self, points: &[f64], above: &[f64]) -> Vec<f64> {
        let [Axis::Numbers(kernels, Some(_), _)] = self.axes.as_slice() else {
            return above.iter().zip(self.log_density(points)).map(|(above, below)| above - below).collect();
        };
        self.line.fill(kernels, &self.start);
        let points: Vec<Point> = points.iter().map(|point| self.point(&[*point])).collect();
        // The density is no smaller than the prior's part of it.
        let bound = |i: &usize| above[*i] - points[*i].prior;
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|a, b| bound(b).total_cmp(&bound(a)));
        let (mut ratios, mut best) = (vec![f64::NEG_INFINITY; points.len()], f64::NEG_INFINITY);
        for i in order {
            // A little more, so that rounding decides nothing.
            let limit = above[i] - best + 1e-9;
            if let Some(below) = self.line.log_density(points[i].smooth[0], points[i].prior, limit) {
                ratios[i] = above[i] - below;
                best = best.max(ratios[i]);
            }
        }
        ratios
    }

    /// Logarithms of the density at points.
    pub(super) fn log_density(&mut self, points: &[f64]) -> Vec<f64> {
        let points: Vec<Point> = points.chunks_exact(self.width()).map(|point| self.point(point)).collect();
        if let [Axis::Numbers(kernels, Some(_), _)] = self.axes.as_slice() {
            self.line.fill(kernels, &self.start);
            let all = |point: &Point| self.line.log_density(point.smooth[0], point.prior, f64::INFINITY);
            return points.iter().filter_map(all).collect();
        }
        // Each point's largest term so far.
        let mut largest: Vec<f64> = points.iter().map(|point| point.prior).collect();
        let mut terms = std::mem::take(&mut self.terms);
        terms.clear();
        for block in 0..self.start.len() / LANES {
            let first = block * LANES;
            for (i, (point, largest)) in points.iter().zip(&mut largest).enumerate() {
                let mut sums = [0.0; LANES];
                sums.copy_from_slice(&self.start[first..first + LANES]);
                if !self.rows.lose(block, &point.smooth, *largest - NEGLIGIBLE, &mut sums) {
                    continue;
                }
                for (lane, sum) in sums.into_iter().enumerate() {
                    let limit = *largest - NEGLIGIBLE;
                    // Not so for NaN, nor for lanes beyond the last trial.
                    let counts = sum >= limit && sum > f64::NEG_INFINITY;
                    if !counts {
                        continue;
                    }
                    let sum = if self.other.is_empty() { sum } else { self.finish(first + lane, point, sum, limit) };
                    if sum > *largest {
                        *largest = sum;
                    }
                    terms.push((i as u32, sum));
                }
            }
        }
        let mut sums: Vec<f64> = points.iter().zip(&largest).map(|(point, top)| (point.prior - top).exp()).collect();
        for (i, term) in &terms {
            sums[*i as usize] += (term - largest[*i as usize]).exp();
        }
        self.terms = terms;
        let total = |(sum, largest): (&f64, &f64)| if largest.is_finite() { sum.ln() + largest } else { *largest };
        sums.iter().zip(&largest).map(total).collect()
    }

    /// Adds what choices and steps say of one trial, until it falls below `limit`.
    fn finish(&mut self, slot: usize, point: &Point, mut sum: f64, limit: f64) -> f64 {
        let (mut codes, mut cells) = (point.codes.iter(), point.cells.iter());
        for i in &self.other {
            match &mut self.axes[*i] {
                Axis::Choice(choices) => {
                    let own = codes.next() == Some(&choices.codes[slot]);
                    sum += if own { choices.ln_own } else { choices.ln_other };
                }
                Axis::Numbers(kernels, _, masses) => {
                    let Some(cell) = cells.next() else { continue };
                    let kernel = kernels.at(slot);
                    sum += masses.get(kernel.mu, kernel.sigma, *cell);
                }
            }
            if sum < limit {
                break;
            }
        }
        sum
    }

    /// A point as the loops over trials want it, with the prior's term.
    fn point(&mut self, values: &[f64]) -> Point {
        let mut point = Point { prior: self.ln_prior, ..Point::default() };
        for (axis, value) in self.axes.iter_mut().zip(values) {
            point.prior += match axis {
                Axis::Numbers(kernels, column, masses) => {
                    let (prior, scale) = &kernels.prior;
                    if column.is_some() {
                        let x = kernels.span.scale(*value);
                        point.smooth.push(x);
                        let z = (x - prior.mu) / prior.sigma;
                        scale - 0.5 * z * z
                    } else {
                        let cell = kernels.span.cell(*value);
                        point.cells.push(cell);
                        scale + masses.get(prior.mu, prior.sigma, cell)
                    }
                }
                Axis::Choice(choices) => {
                    point.codes.push(*value as u32);
                    -(choices.count as f64).ln()
                }
            };
        }
        point
    }
}

#[cfg(test)]
impl Mixture {
    /// Slots in the order of trials.
    pub(super) fn slots(&self) -> impl Iterator<Item = usize> {
        self.order.iter().map(|entry| entry.1 as usize)
    }

    pub(super) fn numeric(&self, i: usize) -> Option<&Kernels> {
        if let Axis::Numbers(kernels, ..) = &self.axes[i] { Some(kernels) } else { None }
    }

    /// Probabilities of the choices in all kernels of a parameter, by the order of trials, the prior's last.
    pub(super) fn choices(&self, i: usize) -> Vec<Vec<f64>> {
        let Axis::Choice(choices) = &self.axes[i] else { return Vec::new() };
        let row = |slot: usize| {
            (0..choices.count as u32)
                .map(|c| if c == choices.codes[slot] { choices.own } else { choices.other })
                .collect()
        };
        self.slots().map(row).chain([vec![1.0 / choices.count as f64; choices.count]]).collect()
    }
}

/// A point, its coordinates by kind of parameter.
#[derive(Default)]
struct Point {
    prior: f64,
    smooth: Vec<f64>,
    cells: Vec<(f64, f64)>,
    codes: Vec<u32>,
}
