//! Newton's method with step halving, for smooth convex losses of the size of a table's columns.

use super::cholesky;
use super::conjugate;
use super::objective::{Point, Second};
use super::smooth::Smooth;
use crate::error::LearnError;
use ironbook_core::Progress;

/// Up to this many unknowns the Hessian is built and factorised; beyond, conjugate gradients do without it.
const DENSE: usize = 96;
/// Halvings of one step before giving up: 2^-40 of a Newton step moves nothing.
pub(crate) const HALVINGS: u32 = 40;
/// Share of the promised decrease that a step must bring (Nocedal & Wright 2006, eq. 3.4).
pub(crate) const ARMIJO: f64 = 1e-4;

/// Where the solver ended.
pub(crate) struct Solution {
    pub(crate) theta: Vec<f64>,
    pub(crate) loss: f64,
    pub(crate) n_iter: usize,
    pub(crate) converged: bool,
    /// Largest entry of the gradient at the end.
    pub(crate) gradient: f64,
}

/// When to stop.
#[derive(Clone, Copy)]
pub(crate) struct Stop {
    /// Largest entry of the gradient.
    pub(crate) tol: f64,
    pub(crate) max_iter: usize,
}

/// Minimises the objective from its start (iteratively reweighted least squares: Nocedal & Wright 2006, 3.3 and 10.3).
pub(crate) fn minimise(objective: &impl Smooth, stop: Stop) -> Result<Solution, LearnError> {
    let second = if objective.size() <= DENSE { Second::Hessian } else { Second::Curvature };
    let mut progress = Progress::new("logistic regression", Some(stop.max_iter as u64));
    let mut point = objective.evaluate(objective.start(), second)?;
    let mut n_iter = 0;
    let mut exhausted = false;
    while largest(&point.gradient) > stop.tol && n_iter < stop.max_iter && !exhausted {
        ironbook_core::check()?;
        let step = match second {
            Second::Hessian => cholesky::solve(&point.hessian, &point.gradient),
            Second::Curvature => Some(conjugate::solve(objective, &point)?),
        };
        match step.map(|step| advance(objective, &point, &step, second)).transpose()?.flatten() {
            Some(next) => point = next,
            None => exhausted = true,
        }
        n_iter += 1;
        progress.set(n_iter as u64, format!("loss {:.6}", point.loss));
    }
    let gradient = largest(&point.gradient);
    // Rounding in n sums of terms of size 1 can keep the gradient from a very small tolerance: then this is the minimum.
    let converged = gradient <= stop.tol || exhausted && gradient <= 1e-9;
    Ok(Solution { loss: point.loss, theta: point.theta, n_iter, converged, gradient })
}

/// The point after the step, halved until the loss decreases enough; `None` when no fraction of it does.
fn advance(objective: &impl Smooth, from: &Point, step: &[f64], second: Second) -> Result<Option<Point>, LearnError> {
    let slope: f64 = from.gradient.iter().zip(step).map(|(g, s)| g * s).sum();
    // Near the minimum the decrease drowns in the rounding of the loss; there, the gradient decides.
    let drowned = slope <= 1e-13 * from.loss.abs().max(1e-300);
    let mut fraction = 1.0;
    for _ in 0..HALVINGS {
        let theta = from.theta.iter().zip(step).map(|(t, s)| t - fraction * s).collect();
        let next = objective.evaluate(theta, second)?;
        let enough = if drowned {
            largest(&next.gradient) < largest(&from.gradient)
        } else {
            next.loss <= from.loss - ARMIJO * fraction * slope
        };
        if enough {
            return Ok(Some(next));
        }
        if drowned {
            return Ok(None);
        }
        fraction *= 0.5;
    }
    Ok(None)
}

/// Largest magnitude.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m, x| if x.is_nan() { f64::INFINITY } else { f64::max(m, x.abs()) })
}
