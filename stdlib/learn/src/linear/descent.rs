//! Coordinate descent on quadratic functions with absolute values, as lasso and elastic net have them.

use ironbook_core::Interrupted;

/// `1/2 x' H x + linear' x + sum_j l1_j |x_j|`, to be minimised.
pub(crate) struct Quadratic<'a> {
    /// All of `H`, row by row.
    pub(crate) hessian: &'a [f64],
    pub(crate) linear: &'a [f64],
    pub(crate) l1: &'a [f64],
}

impl Quadratic<'_> {
    /// Minimises from `x` on, one coordinate after another (Friedman, Hastie & Tibshirani 2010, 2.1), until no
    /// derivative is larger than `tol`; returns the number of sweeps and that derivative.
    pub(crate) fn descend(&self, x: &mut [f64], tol: f64, max_sweeps: usize) -> Result<(usize, f64), Interrupted> {
        let n = x.len();
        let row = |j: usize| &self.hessian[j * n..(j + 1) * n];
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut gradient: Vec<f64> = (0..n).map(|j| self.linear[j] + dot(row(j), x)).collect();
        for sweep in 1..=max_sweeps {
            ironbook_core::check()?;
            for j in 0..n {
                let curvature = row(j)[j];
                if curvature <= 0.0 {
                    x[j] = if self.l1[j] > 0.0 { 0.0 } else { x[j] };
                    continue;
                }
                let target = soft(curvature * x[j] - gradient[j], self.l1[j]) / curvature;
                let step = target - x[j];
                if step != 0.0 {
                    x[j] = target;
                    gradient.iter_mut().zip(row(j)).for_each(|(g, h)| *g += step * h);
                }
            }
            let left = violation(x, &gradient, self.l1);
            if left <= tol || sweep == max_sweeps {
                return Ok((sweep, left));
            }
        }
        Ok((0, f64::INFINITY))
    }
}

/// Moves towards zero by `by`.
fn soft(x: f64, by: f64) -> f64 {
    if x > by {
        x - by
    } else if x < -by {
        x + by
    } else {
        0.0
    }
}

/// Largest slope at `x` of a function with this gradient and these absolute values.
pub(crate) fn violation(x: &[f64], gradient: &[f64], l1: &[f64]) -> f64 {
    let slope = |(x, (g, l1)): (&f64, (&f64, &f64))| match x {
        x if *x > 0.0 => (g + l1).abs(),
        x if *x < 0.0 => (g - l1).abs(),
        _ => (g.abs() - l1).max(0.0),
    };
    let worst = |m: f64, s: f64| if s.is_nan() { f64::INFINITY } else { m.max(s) };
    x.iter().zip(gradient.iter().zip(l1)).map(slope).fold(0.0, worst)
}

/// A lower triangle, row by row, as the whole matrix.
pub(crate) fn whole(triangle: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|k| triangle[super::cholesky::at((k / n).max(k % n), (k / n).min(k % n))]).collect()
}
