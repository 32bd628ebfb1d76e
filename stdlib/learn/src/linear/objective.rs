//! The penalised logistic loss over standardised features, with its derivatives, row block by row block.

use super::cholesky::at;
use super::smooth::Smooth;
use crate::check::Moments;
use ironbook_core::Interrupted;
use rayon::prelude::*;
use std::ops::Range;

/// Rows whose standardised features are held at once; with some tens of features they stay in the first-level cache.
pub(crate) const CHUNK: usize = 256;
/// Rows of one unit of parallel work at least.
const BLOCK: usize = 4096;
/// Units of parallel work at most, which bounds the memory for their partial sums.
const MAX_BLOCKS: usize = 64;
/// Columns that spread less than this count as constant: the square of their scale would underflow.
const SMALLEST_SPREAD: f64 = 1e-140;

/// A logistic regression to be solved, in standardised variables.
///
/// With z = (x - centre) / scale, theta = (w * scale, b + w . centre), and W the sum of the weights c, it is
/// `1/W * sum c_i log(1 + exp(-s_i eta_i)) + 1/2 * sum_j penalty_j theta_j^2`, `eta = z . theta`, `s_i = +1` or `-1`.
/// The substitution is exact: it changes the conditioning, not the minimum.
pub(crate) struct Objective<'a> {
    pub(crate) columns: Vec<&'a [f64]>,
    pub(crate) target: &'a [f64],
    /// Weight of each row; `None` where all are 1.
    pub(crate) weights: Option<Vec<f64>>,
    total: f64,
    centre: Vec<f64>,
    pub(crate) scale: Vec<f64>,
    pub(crate) penalty: Vec<f64>,
    pub(crate) intercept: bool,
}

/// Loss and derivatives at one point.
pub(crate) struct Point {
    pub(crate) theta: Vec<f64>,
    pub(crate) loss: f64,
    pub(crate) gradient: Vec<f64>,
    /// Lower triangle of the Hessian, row by row; empty if it was not asked for.
    pub(crate) hessian: Vec<f64>,
    /// Second derivative of each row's loss by its eta, times the row's weight; empty if the Hessian was asked for.
    pub(crate) curvature: Vec<f64>,
}

/// Which second derivatives to compute.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Second {
    /// The whole matrix.
    Hessian,
    /// What products with the matrix need.
    Curvature,
}

/// Sums over one block of rows.
struct Partial {
    loss: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    curvature: Vec<f64>,
}

impl<'a> Objective<'a> {
    /// `c` is the inverse strength of the L2 penalty, infinite for none.
    pub(crate) fn new(
        columns: Vec<&'a [f64]>,
        target: &'a [f64],
        weights: Option<Vec<f64>>,
        moments: &[Moments],
        model: Shape,
    ) -> Self {
        let total = weights.as_ref().map_or(target.len() as f64, |w| w.iter().sum());
        // Centring is free only where an unpenalised intercept takes it up.
        let centre = moments.iter().map(|m| if model.intercept { m.mean } else { 0.0 }).collect();
        let spread = |m: &Moments| if model.intercept { m.std } else { m.std.hypot(m.mean) };
        let scale: Vec<f64> = moments.iter().map(spread).map(|s| if s > SMALLEST_SPREAD { s } else { 1.0 }).collect();
        let penalty = scale.iter().map(|s| (model.c * total).recip() / s / s).collect();
        Objective { columns, target, weights, total, centre, scale, penalty, intercept: model.intercept }
    }

    /// Sum of the weights.
    pub(crate) fn total(&self) -> f64 {
        self.total
    }

    /// Coefficients of the features as given, and the intercept.
    pub(crate) fn unstandardise(&self, theta: &[f64]) -> (Vec<f64>, f64) {
        let coef: Vec<f64> = self.scale.iter().zip(theta).map(|(s, t)| t / s).collect();
        let moved: f64 = coef.iter().zip(&self.centre).map(|(w, m)| w * m).sum();
        (coef, if self.intercept { theta[self.columns.len()] - moved } else { 0.0 })
    }

    pub(crate) fn blocks(&self) -> Vec<Range<usize>> {
        let rows = self.target.len();
        let size = rows.div_ceil(MAX_BLOCKS).max(BLOCK).next_multiple_of(CHUNK);
        (0..rows).step_by(size).map(|start| start..(start + size).min(rows)).collect()
    }

    fn partial(&self, theta: &[f64], rows: Range<usize>, second: Second) -> Result<Partial, Interrupted> {
        ironbook_core::check()?;
        let m = self.size();
        let mut sums = Partial {
            loss: 0.0,
            gradient: vec![0.0; m],
            hessian: vec![0.0; if second == Second::Hessian { at(m, 0) } else { 0 }],
            curvature: Vec::with_capacity(if second == Second::Curvature { rows.len() } else { 0 }),
        };
        let mut z = vec![0.0; m * CHUNK];
        let mut scratch = Scratch { eta: [0.0; CHUNK], residual: [0.0; CHUNK], curvature: [0.0; CHUNK] };
        for start in rows.clone().step_by(CHUNK) {
            let chunk = start..(start + CHUNK).min(rows.end);
            self.standardise(chunk.clone(), &mut z);
            sums.loss += self.link(theta, &z, chunk.clone(), &mut scratch);
            for (j, g) in sums.gradient.iter_mut().enumerate() {
                *g += dot(&scratch.residual, lane(&z, j));
            }
            match second {
                Second::Hessian => curve(&z, &scratch.curvature, &mut sums.hessian, m),
                Second::Curvature => sums.curvature.extend_from_slice(&scratch.curvature[..chunk.len()]),
            }
        }
        Ok(sums)
    }

    /// Fills `z`, one lane of [`CHUNK`] per unknown, with zeros beyond the last row.
    pub(crate) fn standardise(&self, rows: Range<usize>, z: &mut [f64]) {
        let (lanes, _) = z.as_chunks_mut::<CHUNK>();
        for (j, lane) in lanes.iter_mut().enumerate() {
            let (used, unused) = lane.split_at_mut(rows.len());
            unused.fill(0.0);
            let Some(column) = self.columns.get(j) else {
                used.fill(1.0);
                continue;
            };
            let (centre, factor) = (self.centre[j], 1.0 / self.scale[j]);
            for (z, &x) in used.iter_mut().zip(&column[rows.clone()]) {
                *z = (x - centre) * factor;
            }
        }
    }

    /// Computes eta, the residuals and the curvatures of a chunk; returns its loss.
    fn link(&self, theta: &[f64], z: &[f64], rows: Range<usize>, scratch: &mut Scratch) -> f64 {
        scratch.eta.fill(0.0);
        for (j, &t) in theta.iter().enumerate() {
            for (eta, z) in scratch.eta.iter_mut().zip(lane(z, j)) {
                *eta += t * z;
            }
        }
        // Rows beyond the end must count for nothing.
        scratch.residual.fill(0.0);
        scratch.curvature.fill(0.0);
        let mut loss = 0.0;
        for (k, i) in rows.enumerate() {
            let (eta, y) = (scratch.eta[k], self.target[i]);
            let weight = self.weights.as_ref().map_or(1.0, |w| w[i]);
            // exp of a negative number only: never overflows, and keeps p and 1 - p exact at both ends.
            let e = (-eta.abs()).exp();
            let (near, far) = (1.0 / (1.0 + e), e / (1.0 + e));
            let p = if eta >= 0.0 { near } else { far };
            loss += weight * (e.ln_1p() + eta.max(0.0) - y * eta);
            scratch.residual[k] = weight * (p - y);
            scratch.curvature[k] = weight * near * far;
        }
        loss
    }
}

impl Smooth for Objective<'_> {
    fn size(&self) -> usize {
        self.columns.len() + usize::from(self.intercept)
    }

    fn start(&self) -> Vec<f64> {
        let mut theta = vec![0.0; self.size()];
        if self.intercept {
            let weight = |i: usize| self.weights.as_ref().map_or(1.0, |w| w[i]);
            let positive: f64 = self.target.iter().enumerate().map(|(i, y)| y * weight(i)).sum();
            theta[self.columns.len()] = (positive / (self.total - positive)).ln();
        }
        theta
    }

    fn evaluate(&self, theta: Vec<f64>, second: Second) -> Result<Point, Interrupted> {
        let partials: Vec<Partial> =
            self.blocks().into_par_iter().map(|rows| self.partial(&theta, rows, second)).collect::<Result<_, _>>()?;
        let m = self.size();
        let mut point = Point {
            theta,
            loss: 0.0,
            gradient: vec![0.0; m],
            hessian: vec![0.0; if second == Second::Hessian { at(m, 0) } else { 0 }],
            curvature: Vec::new(),
        };
        for partial in partials {
            point.loss += partial.loss;
            add(&mut point.gradient, &partial.gradient);
            add(&mut point.hessian, &partial.hessian);
            point.curvature.extend(partial.curvature);
        }
        let per_weight = 1.0 / self.total;
        point.loss *= per_weight;
        point.gradient.iter_mut().chain(&mut point.hessian).for_each(|x| *x *= per_weight);
        for (j, (penalty, t)) in self.penalty.iter().zip(&point.theta).enumerate() {
            point.loss += 0.5 * penalty * t * t;
            point.gradient[j] += penalty * t;
            if second == Second::Hessian {
                point.hessian[at(j, j)] += penalty;
            }
        }
        Ok(point)
    }

    fn hessian_times(&self, point: &Point, direction: &[f64]) -> Result<Vec<f64>, Interrupted> {
        let product = |rows: Range<usize>| -> Result<Vec<f64>, Interrupted> {
            ironbook_core::check()?;
            let mut sums = vec![0.0; self.size()];
            let mut z = vec![0.0; self.size() * CHUNK];
            for start in rows.clone().step_by(CHUNK) {
                let chunk = start..(start + CHUNK).min(rows.end);
                self.standardise(chunk.clone(), &mut z);
                let mut along = [0.0; CHUNK];
                for (j, &d) in direction.iter().enumerate() {
                    for (a, z) in along.iter_mut().zip(lane(&z, j)) {
                        *a += d * z;
                    }
                }
                for (a, w) in along.iter_mut().zip(&point.curvature[chunk]) {
                    *a *= w;
                }
                for (j, sum) in sums.iter_mut().enumerate() {
                    *sum += dot(&along, lane(&z, j));
                }
            }
            Ok(sums)
        };
        let partials: Vec<Vec<f64>> = self.blocks().into_par_iter().map(product).collect::<Result<_, _>>()?;
        let mut out = vec![0.0; self.size()];
        partials.iter().for_each(|partial| add(&mut out, partial));
        out.iter_mut().for_each(|x| *x /= self.total);
        for (j, penalty) in self.penalty.iter().enumerate() {
            out[j] += penalty * direction[j];
        }
        Ok(out)
    }

    fn diagonal(&self, point: &Point) -> Vec<f64> {
        let mean = point.curvature.iter().sum::<f64>() / self.total;
        let penalties = self.penalty.iter().copied().chain(self.intercept.then_some(0.0));
        penalties.map(|penalty| penalty + mean).collect()
    }
}

/// What kind of logistic regression is solved.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) intercept: bool,
    /// Inverse strength of the penalty.
    pub(crate) c: f64,
}

struct Scratch {
    eta: [f64; CHUNK],
    residual: [f64; CHUNK],
    curvature: [f64; CHUNK],
}

pub(crate) fn lane(z: &[f64], j: usize) -> &[f64; CHUNK] {
    &z.as_chunks::<CHUNK>().0[j]
}

pub(crate) fn add(sum: &mut [f64], more: &[f64]) {
    sum.iter_mut().zip(more).for_each(|(s, m)| *s += m);
}

/// Adds `Z^T diag(curvature) Z` to the lower triangle.
fn curve(z: &[f64], curvature: &[f64; CHUNK], hessian: &mut [f64], m: usize) {
    let mut weighted = [0.0; CHUNK];
    for i in 0..m {
        for ((w, z), c) in weighted.iter_mut().zip(lane(z, i)).zip(curvature) {
            *w = z * c;
        }
        for j in 0..=i {
            hessian[at(i, j)] += dot(&weighted, lane(z, j));
        }
    }
}

/// Dot product in eight lanes: vectorised, and the same on every machine.
pub(crate) fn dot(a: &[f64; CHUNK], b: &[f64; CHUNK]) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}
