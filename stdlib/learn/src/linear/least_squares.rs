//! Least squares in standardised variables, from the sums of products of the columns.

use super::cholesky::{self, at};
use super::gram::{Centre, Gram, blocks};
use super::kernel::CHUNK;
use super::pivoted::Factor;
use crate::check;
use crate::error::LearnError;
use ironbook_data::Dataset;
use rayon::prelude::*;
use std::ops::Range;

/// Columns that spread less than this count as constant: the square of their scale would underflow.
const SMALLEST_SPREAD: f64 = 1e-140;
/// Below this smallest pivot the solution is corrected by its residuals.
const WELL: f64 = 1e-4;

/// A least-squares problem over standardised columns.
///
/// With z = (x - mean) / scale, theta = w * scale and W the sum of the weights, it is
/// `1/2 theta' A theta - b' theta` with `A = Z' Z / W` (a unit diagonal) and `b = Z' y / W`.
pub(crate) struct Problem<'a> {
    columns: Vec<&'a [f64]>,
    weights: Option<&'a [f64]>,
    intercept: bool,
    /// Means of the columns, the target's last; zeros without an intercept.
    centre: Vec<f64>,
    pub(crate) scale: Vec<f64>,
    /// Standard deviations of the features.
    pub(crate) std: Vec<f64>,
    pub(crate) total: f64,
    /// Lower triangle of `A`.
    pub(crate) a: Vec<f64>,
    pub(crate) b: Vec<f64>,
    /// Mean square of the target, moved by its mean if there is an intercept.
    spread: f64,
    /// Variance of the target.
    variance: f64,
}

/// A solution, in the columns' own units.
pub(crate) struct Solution {
    pub(crate) coef: Vec<f64>,
    pub(crate) intercept: f64,
    /// Share of the target's variance that is explained.
    pub(crate) r2: f64,
    /// Numbers of columns that are constant or that others determine.
    pub(crate) dependent: Vec<usize>,
}

impl<'a> Problem<'a> {
    /// Checks the data and adds up the products.
    pub(crate) fn of(data: &'a Dataset, model: &'static str, intercept: bool) -> Result<Self, LearnError> {
        check::shape(data)?;
        check::numbers(&data.features, model)?;
        if data.classes.is_some() {
            check::values(data)?;
        }
        let p = data.features.cols();
        let mut columns: Vec<&[f64]> = (0..p).map(|j| data.features.column(j)).collect();
        columns.push(&data.target);
        let weights = data.weights.as_deref();
        let gram = Gram::of(&columns, weights, if intercept { Centre::Means } else { Centre::Zero })?;
        refuse(data, &gram)?;
        let size = |j: usize| (gram.get(j, j) / gram.total).sqrt();
        let scale: Vec<f64> = (0..p).map(size).map(|s| if s > SMALLEST_SPREAD { s } else { 1.0 }).collect();
        let unit = |i: usize, j: usize| gram.get(i, j) / gram.total / scale[j];
        let a = (0..p).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|(i, j)| unit(i, j) / scale[i]).collect();
        let b = (0..p).map(|j| unit(p, j)).collect();
        let spread = gram.get(p, p) / gram.total;
        let (std, variance) = if intercept {
            ((0..p).map(|j| (gram.get(j, j) / gram.total).max(0.0).sqrt()).collect(), spread)
        } else {
            // A mean of squares less the square of the mean would leave nothing of small spreads around large means.
            let about = |j: usize| around_mean(columns[j], weights, gram.total);
            ((0..p).into_par_iter().map(|j| about(j).sqrt()).collect(), about(p))
        };
        let centre = if intercept { gram.mean.clone() } else { vec![0.0; p + 1] };
        Ok(Problem { columns, weights, intercept, centre, scale, std, total: gram.total, a, b, spread, variance })
    }

    /// Root mean square of the target, moved by its mean if there is an intercept.
    pub(crate) fn unit(&self) -> f64 {
        self.spread.max(0.0).sqrt()
    }

    fn size(&self) -> usize {
        self.scale.len()
    }

    /// The minimum with `penalty` on the squares of the coefficients (added to the sum of squared errors); without one
    /// the smallest coefficients of all that fit best.
    pub(crate) fn solve(&self, penalty: f64) -> Result<Solution, LearnError> {
        let n = self.size();
        let mut a = self.a.clone();
        for j in 0..n {
            a[at(j, j)] += penalty / self.total / self.scale[j] / self.scale[j];
        }
        let factor = Factor::of(&a, n)?;
        let mut coef = self.in_units(&factor.solve(&self.b));
        if factor.smallest() < WELL {
            // The factor of squares has half of the digits; each correction by the residuals brings them back.
            for _ in 0..2 {
                let step = self.in_units(&factor.solve(&self.gradient(&coef, penalty)?));
                coef.iter_mut().zip(step).for_each(|(w, s)| *w += s);
            }
        }
        let dependent = factor.dependent().to_vec();
        if !dependent.is_empty() {
            coef = self.smallest(&factor, coef);
        }
        self.solution(coef, dependent)
    }

    /// A solution of these coefficients.
    pub(crate) fn solution(&self, coef: Vec<f64>, dependent: Vec<usize>) -> Result<Solution, LearnError> {
        let r2 = match self.error(&coef)? {
            error if self.variance > 0.0 => (1.0 - error / self.variance).max(f64::MIN),
            // scikit-learn's rule for a constant target.
            error => f64::from(u8::from(error <= 1e-20 * self.spread)),
        };
        let moved: f64 = coef.iter().zip(&self.centre).map(|(w, m)| w * m).sum();
        Ok(Solution { intercept: self.centre[self.size()] - moved, coef, r2, dependent })
    }

    /// Mean square of the residuals.
    fn error(&self, coef: &[f64]) -> Result<f64, LearnError> {
        let n = self.size();
        if !self.intercept {
            // The difference below would lose its digits where the target's mean is large.
            let partial = |rows: Range<usize>| {
                ironbook_core::check()?;
                Ok(self.squares_of_residuals(coef, rows))
            };
            let partials: Vec<f64> =
                blocks(self.columns[0].len()).into_par_iter().map(partial).collect::<Result<_, LearnError>>()?;
            return Ok(partials.iter().sum::<f64>() / self.total);
        }
        let theta: Vec<f64> = coef.iter().zip(&self.scale).map(|(w, s)| w * s).collect();
        let product = |i: usize| (0..n).map(|j| self.a[at(i.max(j), i.min(j))] * theta[j]).sum::<f64>();
        let explained: f64 = (0..n).map(|i| theta[i] * (2.0 * self.b[i] - product(i))).sum();
        Ok(self.spread - explained)
    }

    fn squares_of_residuals(&self, coef: &[f64], rows: Range<usize>) -> f64 {
        let mut sum = 0.0;
        let mut residual = [0.0; CHUNK];
        for start in rows.clone().step_by(CHUNK) {
            let chunk = start..(start + CHUNK).min(rows.end);
            let residual = self.residuals(coef, chunk.clone(), &mut residual);
            sum += residual.iter().enumerate().map(|(i, r)| r * r * self.weight(chunk.start + i)).sum::<f64>();
        }
        sum
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// The residuals of the rows, in the start of `room`.
    fn residuals<'r>(&self, coef: &[f64], rows: Range<usize>, room: &'r mut [f64; CHUNK]) -> &'r mut [f64] {
        let (features, target) = (&self.columns[..self.size()], self.columns[self.size()]);
        let residual = &mut room[..rows.len()];
        for (r, y) in residual.iter_mut().zip(&target[rows.clone()]) {
            *r = y - self.centre[features.len()];
        }
        for ((column, w), m) in features.iter().zip(coef).zip(&self.centre) {
            residual.iter_mut().zip(&column[rows.clone()]).for_each(|(r, x)| *r -= w * (x - m));
        }
        residual
    }

    pub(crate) fn in_units(&self, theta: &[f64]) -> Vec<f64> {
        theta.iter().zip(&self.scale).map(|(t, s)| t / s).collect()
    }

    /// The coefficients less all that the columns' dependences let go.
    fn smallest(&self, factor: &Factor, coef: Vec<f64>) -> Vec<f64> {
        let null: Vec<Vec<f64>> = factor.null_space().iter().map(|v| self.in_units(v)).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let pairs = (0..null.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
        let products: Vec<f64> = pairs.map(|(i, j)| dot(&null[i], &null[j])).collect();
        let mut coef = coef;
        // Twice, for the digits that the first time leaves.
        for _ in 0..2 {
            let along: Vec<f64> = null.iter().map(|v| dot(v, &coef)).collect();
            let Some(share) = cholesky::solve(&products, &along) else { break };
            for (v, share) in null.iter().zip(share) {
                coef.iter_mut().zip(v).for_each(|(w, v)| *w -= share * v);
            }
        }
        coef
    }

    /// `(Z' r - penalty w / scale) / W` of the residuals `r`, from the data themselves.
    fn gradient(&self, coef: &[f64], penalty: f64) -> Result<Vec<f64>, LearnError> {
        let n = self.size();
        let partials: Vec<Vec<f64>> = blocks(self.columns[0].len())
            .into_par_iter()
            .map(|rows| {
                ironbook_core::check()?;
                Ok(self.products_with_residuals(coef, rows))
            })
            .collect::<Result<_, LearnError>>()?;
        let mut sums = vec![0.0; n];
        for partial in partials {
            sums.iter_mut().zip(&partial).for_each(|(sum, more)| *sum += more);
        }
        let entry = |j: usize| (sums[j] - penalty * coef[j]) / self.total / self.scale[j];
        Ok((0..n).map(entry).collect())
    }

    fn products_with_residuals(&self, coef: &[f64], rows: Range<usize>) -> Vec<f64> {
        let features = &self.columns[..self.size()];
        let mut sums = vec![0.0; features.len()];
        let mut room = [0.0; CHUNK];
        for start in rows.clone().step_by(CHUNK) {
            let chunk = start..(start + CHUNK).min(rows.end);
            let residual = self.residuals(coef, chunk.clone(), &mut room);
            if let Some(weights) = self.weights {
                residual.iter_mut().zip(&weights[chunk.clone()]).for_each(|(r, w)| *r *= w);
            }
            for ((column, sum), m) in features.iter().zip(&mut sums).zip(&self.centre) {
                *sum += column[chunk.clone()].iter().zip(residual.iter()).map(|(x, r)| (x - m) * r).sum::<f64>();
            }
        }
        sums
    }
}

/// Mean square of the differences from the mean; 0 exactly for a constant column.
fn around_mean(values: &[f64], weights: Option<&[f64]>, total: f64) -> f64 {
    let weight = |i: usize| weights.map_or(1.0, |weights| weights[i]);
    let first = values.first().copied().unwrap_or(0.0);
    let mean = values.iter().enumerate().map(|(i, x)| weight(i) * (x - first)).sum::<f64>() / total;
    values.iter().enumerate().map(|(i, x)| weight(i) * (x - first - mean) * (x - first - mean)).sum::<f64>() / total
}

/// Says which column made a sum that is not finite.
fn refuse(data: &Dataset, gram: &Gram) -> Result<(), LearnError> {
    let p = data.features.cols();
    let finite = |j: usize| gram.get(j, j).is_finite() && gram.mean[j].is_finite();
    if (0..=p).all(finite) {
        return Ok(());
    }
    for (name, j) in data.features.names().iter().zip(0..) {
        check::finite(name, data.features.column(j))?;
    }
    let count = data.target.iter().filter(|y| !y.is_finite()).count();
    if count > 0 {
        return Err(LearnError::TargetNotFinite { target: data.target_name.clone(), count, rows: data.target.len() });
    }
    let j = (0..=p).find(|&j| !finite(j)).unwrap_or(p);
    let (column, values) = match data.features.names().get(j) {
        Some(name) => (name.clone(), data.features.column(j)),
        None => (data.target_name.clone(), data.target.as_slice()),
    };
    let largest = values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    Err(LearnError::TooLarge { column, largest })
}
