//! The penalised loss of a logistic regression for more than two classes, in standardised variables.

use super::cholesky::at;
use super::kernel::products;
use super::objective::{CHUNK, Objective, Point, Second, add, dot, lane};
use super::smooth::Smooth;
use ironbook_core::Interrupted;
use rayon::prelude::*;
use std::ops::Range;

/// Weight of the square of the sum over the classes of unknowns that nothing else holds: adding one number to all
/// classes changes no probability, so that this costs nothing and makes the Hessian definite.
const GAUGE: f64 = 0.1;

/// A logistic regression of `classes` classes: unknowns are one set per class, in the variables of [`Objective`].
pub(crate) struct Softmax<'a> {
    /// The rows and their standardisation; its target is not used.
    pub(crate) base: Objective<'a>,
    /// The class of each row.
    pub(crate) numbers: &'a [usize],
    pub(crate) classes: usize,
    /// Whether the coefficients have no penalty of any kind.
    pub(crate) free: bool,
}

/// Sums over one block of rows.
struct Partial {
    loss: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    shares: Vec<f64>,
}

impl Softmax<'_> {
    /// Coefficients of the features as given, class after class, and intercepts, which add up to 0.
    pub(crate) fn unstandardise(&self, theta: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (p, m, k) = (self.base.columns.len(), self.base.size(), self.classes);
        let classes: Vec<(Vec<f64>, f64)> = theta.chunks(m).map(|theta| self.base.unstandardise(theta)).collect();
        let mut coef: Vec<f64> = classes.iter().flat_map(|(coef, _)| coef.iter().copied()).collect();
        let mut intercepts: Vec<f64> = classes.iter().map(|(_, intercept)| *intercept).collect();
        let off = intercepts.iter().sum::<f64>() / k as f64;
        intercepts.iter_mut().for_each(|b| *b -= off);
        for j in (0..p).filter(|_| self.free) {
            let off = (0..k).map(|class| coef[class * p + j]).sum::<f64>() / k as f64;
            (0..k).for_each(|class| coef[class * p + j] -= off);
        }
        (coef, intercepts)
    }

    fn weight(&self, row: usize) -> f64 {
        self.base.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    /// Whether unknown `j` of each class is held by the gauge.
    fn loose(&self, j: usize) -> bool {
        self.free || j == self.base.columns.len()
    }

    fn partial(&self, theta: &[f64], rows: Range<usize>, second: Second) -> Result<Partial, Interrupted> {
        ironbook_core::check()?;
        let (m, k) = (self.base.size(), self.classes);
        let mut sums = Partial {
            loss: 0.0,
            gradient: vec![0.0; m * k],
            hessian: vec![0.0; if second == Second::Hessian { at(k, 0) * at(m, 0) } else { 0 }],
            shares: Vec::with_capacity(if second == Second::Curvature { rows.len() * k } else { 0 }),
        };
        let (mut z, mut scaled) = (vec![0.0; m * CHUNK], vec![0.0; m * CHUNK]);
        let (mut shares, mut residual) = (vec![0.0; k * CHUNK], [0.0; CHUNK]);
        for start in rows.clone().step_by(CHUNK) {
            let chunk = start..(start + CHUNK).min(rows.end);
            self.base.standardise(chunk.clone(), &mut z);
            sums.loss += self.link(theta, &z, chunk.clone(), &mut shares);
            for class in 0..k {
                residual.fill(0.0);
                for (r, row) in residual.iter_mut().zip(chunk.clone()) {
                    let hit = f64::from(u8::from(self.numbers[row] == class));
                    *r = self.weight(row) * (shares[class * CHUNK + row - start] - hit);
                }
                for j in 0..m {
                    sums.gradient[class * m + j] += dot(&residual, lane(&z, j));
                }
            }
            match second {
                Second::Hessian => self.curve(&z, &shares, chunk, (&mut scaled, &mut sums.hessian)),
                Second::Curvature => {
                    let row = |i: usize| (0..k).map(move |class| class * CHUNK + i);
                    sums.shares.extend((0..chunk.len()).flat_map(row).map(|at| shares[at]));
                }
            }
        }
        Ok(sums)
    }

    /// Fills in the probabilities of a chunk, a lane per class; returns its loss.
    fn link(&self, theta: &[f64], z: &[f64], rows: Range<usize>, shares: &mut [f64]) -> f64 {
        let m = self.base.size();
        shares.fill(0.0);
        for (class, eta) in shares.as_chunks_mut::<CHUNK>().0.iter_mut().enumerate() {
            for j in 0..m {
                let t = theta[class * m + j];
                eta.iter_mut().zip(lane(z, j)).for_each(|(eta, z)| *eta += t * z);
            }
        }
        let mut loss = 0.0;
        for (i, row) in rows.enumerate() {
            let of = |class: usize| class * CHUNK + i;
            let top = (0..self.classes).map(|class| shares[of(class)]).fold(f64::NEG_INFINITY, f64::max);
            let own = shares[of(self.numbers[row])] - top;
            let mut sum = 0.0;
            for class in 0..self.classes {
                let e = (shares[of(class)] - top).exp();
                shares[of(class)] = e;
                sum += e;
            }
            (0..self.classes).for_each(|class| shares[of(class)] /= sum);
            loss += self.weight(row) * (sum.ln() - own);
        }
        loss
    }

    /// Adds the chunk's second derivatives: per pair of classes the lower triangle over the unknowns.
    fn curve(&self, z: &[f64], shares: &[f64], rows: Range<usize>, (scaled, sums): (&mut [f64], &mut [f64])) {
        let (m, start) = (self.base.size(), rows.start);
        let triangle = at(m, 0);
        let mut root = [0.0; CHUNK];
        for a in 0..self.classes {
            for b in 0..=a {
                root.fill(0.0);
                for (r, row) in root.iter_mut().zip(rows.clone()) {
                    let (p, q) = (shares[a * CHUNK + row - start], shares[b * CHUNK + row - start]);
                    *r = (self.weight(row) * p * if a == b { 1.0 - p } else { q }).sqrt();
                }
                for (j, out) in scaled.as_chunks_mut::<CHUNK>().0.iter_mut().enumerate() {
                    out.iter_mut().zip(lane(z, j).iter().zip(&root)).for_each(|(out, (z, r))| *out = z * r);
                }
                products(scaled, &mut sums[at(a, b) * triangle..(at(a, b) + 1) * triangle]);
            }
        }
    }

    /// The lower triangle over all unknowns from the sums per pair of classes.
    fn assemble(&self, sums: &[f64]) -> Vec<f64> {
        let (m, k) = (self.base.size(), self.classes);
        let triangle = at(m, 0);
        let mut hessian = vec![0.0; at(m * k, 0)];
        for (a, b) in (0..k).flat_map(|a| (0..=a).map(move |b| (a, b))) {
            let sign = if a == b { 1.0 } else { -1.0 };
            for (i, j) in (0..m).flat_map(|i| (0..m).map(move |j| (i, j))) {
                if a > b || i >= j {
                    let sum = sums[at(a, b) * triangle + at(i.max(j), i.min(j))];
                    hessian[at(a * m + i, b * m + j)] = sign * sum / self.base.total();
                }
            }
        }
        hessian
    }

    /// Adds what the penalty and the gauge contribute.
    fn hold(&self, point: &mut Point, second: Second) {
        let (m, k) = (self.base.size(), self.classes);
        for j in 0..m {
            let penalty = self.base.penalty.get(j).copied().unwrap_or(0.0);
            let gauge = if self.loose(j) { GAUGE } else { 0.0 };
            let sum: f64 = (0..k).map(|class| point.theta[class * m + j]).sum();
            point.loss += 0.5 * gauge * sum * sum;
            for a in 0..k {
                let t = point.theta[a * m + j];
                point.loss += 0.5 * penalty * t * t;
                point.gradient[a * m + j] += penalty * t + gauge * sum;
                if second == Second::Hessian {
                    point.hessian[at(a * m + j, a * m + j)] += penalty;
                    (0..=a).for_each(|b| point.hessian[at(a * m + j, b * m + j)] += gauge);
                }
            }
        }
    }
}

impl Smooth for Softmax<'_> {
    fn size(&self) -> usize {
        self.base.size() * self.classes
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.size()]
    }

    fn evaluate(&self, theta: Vec<f64>, second: Second) -> Result<Point, Interrupted> {
        let blocks = self.base.blocks().into_par_iter();
        let partials: Vec<Partial> =
            blocks.map(|rows| self.partial(&theta, rows, second)).collect::<Result<_, Interrupted>>()?;
        let mut point =
            Point { gradient: vec![0.0; theta.len()], theta, loss: 0.0, hessian: Vec::new(), curvature: Vec::new() };
        let mut sums = vec![0.0; partials.first().map_or(0, |partial| partial.hessian.len())];
        for partial in partials {
            point.loss += partial.loss;
            add(&mut point.gradient, &partial.gradient);
            add(&mut sums, &partial.hessian);
            point.curvature.extend(partial.shares);
        }
        point.loss /= self.base.total();
        point.gradient.iter_mut().for_each(|g| *g /= self.base.total());
        if second == Second::Hessian {
            point.hessian = self.assemble(&sums);
        }
        self.hold(&mut point, second);
        Ok(point)
    }

    fn hessian_times(&self, point: &Point, direction: &[f64]) -> Result<Vec<f64>, Interrupted> {
        let (m, k) = (self.base.size(), self.classes);
        let product = |rows: Range<usize>| -> Result<Vec<f64>, Interrupted> {
            ironbook_core::check()?;
            let mut sums = vec![0.0; m * k];
            let (mut z, mut along) = (vec![0.0; m * CHUNK], vec![0.0; k * CHUNK]);
            for start in rows.clone().step_by(CHUNK) {
                let chunk = start..(start + CHUNK).min(rows.end);
                self.base.standardise(chunk.clone(), &mut z);
                along.fill(0.0);
                for (class, along) in along.as_chunks_mut::<CHUNK>().0.iter_mut().enumerate() {
                    for j in 0..m {
                        let d = direction[class * m + j];
                        along.iter_mut().zip(lane(&z, j)).for_each(|(a, z)| *a += d * z);
                    }
                }
                for row in chunk.clone() {
                    let shares = &point.curvature[row * k..(row + 1) * k];
                    let of = |class: usize| class * CHUNK + row - start;
                    let mean: f64 = (0..k).map(|class| shares[class] * along[of(class)]).sum();
                    for class in 0..k {
                        along[of(class)] = self.weight(row) * shares[class] * (along[of(class)] - mean);
                    }
                }
                for (class, along) in along.as_chunks_mut::<CHUNK>().0.iter_mut().enumerate() {
                    along[chunk.len()..].fill(0.0);
                    (0..m).for_each(|j| sums[class * m + j] += dot(along, lane(&z, j)));
                }
            }
            Ok(sums)
        };
        let partials: Vec<Vec<f64>> =
            self.base.blocks().into_par_iter().map(product).collect::<Result<_, Interrupted>>()?;
        let mut out = vec![0.0; m * k];
        partials.iter().for_each(|partial| add(&mut out, partial));
        out.iter_mut().for_each(|x| *x /= self.base.total());
        for j in 0..m {
            let penalty = self.base.penalty.get(j).copied().unwrap_or(0.0);
            let gauge = if self.loose(j) { GAUGE } else { 0.0 };
            let sum: f64 = (0..k).map(|class| direction[class * m + j]).sum();
            (0..k).for_each(|class| out[class * m + j] += penalty * direction[class * m + j] + gauge * sum);
        }
        Ok(out)
    }

    fn diagonal(&self, point: &Point) -> Vec<f64> {
        let (m, k) = (self.base.size(), self.classes);
        let of = |class: usize| {
            let terms = point.curvature.chunks_exact(k).enumerate();
            terms.map(|(row, shares)| self.weight(row) * shares[class] * (1.0 - shares[class])).sum::<f64>()
        };
        let mean: Vec<f64> = (0..k).map(|class| of(class) / self.base.total()).collect();
        let entry = |at: usize| {
            let gauge = if self.loose(at % m) { GAUGE } else { 0.0 };
            self.base.penalty.get(at % m).copied().unwrap_or(0.0) + gauge + mean[at / m]
        };
        (0..m * k).map(entry).collect()
    }
}
