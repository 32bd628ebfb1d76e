//! Newton's method for a smooth loss plus absolute values of the unknowns.

use super::descent::{Quadratic, violation, whole};
use super::newton::{ARMIJO, HALVINGS, Solution, Stop};
use super::objective::{Point, Second};
use super::smooth::Smooth;
use crate::error::LearnError;
use ironbook_core::Progress;

/// Sweeps of coordinate descent per step at most.
const SWEEPS: usize = 2000;

/// Minimises the loss plus `sum_j l1_j |theta_j|`: each step minimises the quadratic model of the loss plus the
/// absolute values (Yuan, Ho & Lin 2012), then goes as much of the way as decreases the sum.
pub(crate) fn minimise(objective: &impl Smooth, l1: &[f64], stop: Stop) -> Result<Solution, LearnError> {
    let mut progress = Progress::new("logistic regression", Some(stop.max_iter as u64));
    let mut point = objective.evaluate(objective.start(), Second::Hessian)?;
    let mut n_iter = 0;
    let mut exhausted = false;
    let slope = |point: &Point| violation(&point.theta, &point.gradient, l1);
    while slope(&point) > stop.tol && n_iter < stop.max_iter && !exhausted {
        ironbook_core::check()?;
        let left = slope(&point);
        let target = model_minimum(&point, l1, left * left.min(0.1) * 0.1)?;
        match advance(objective, &point, &target, l1)? {
            Some(next) => point = next,
            None => exhausted = true,
        }
        n_iter += 1;
        progress.set(n_iter as u64, format!("loss {:.6}", point.loss));
    }
    let gradient = slope(&point);
    let converged = gradient <= stop.tol || exhausted && gradient <= 1e-9;
    let loss = point.loss + size(&point.theta, l1);
    Ok(Solution { loss, theta: point.theta, n_iter, converged, gradient })
}

/// The minimum of the quadratic model around the point plus the absolute values.
fn model_minimum(point: &Point, l1: &[f64], tol: f64) -> Result<Vec<f64>, LearnError> {
    let n = l1.len();
    let hessian = whole(&point.hessian, n);
    let product = |j: usize| (0..n).map(|k| hessian[j * n + k] * point.theta[k]).sum::<f64>();
    let linear: Vec<f64> = (0..n).map(|j| point.gradient[j] - product(j)).collect();
    let mut x = point.theta.clone();
    Quadratic { hessian: &hessian, linear: &linear, l1 }.descend(&mut x, tol, SWEEPS)?;
    Ok(x)
}

fn size(theta: &[f64], l1: &[f64]) -> f64 {
    theta.iter().zip(l1).map(|(t, l)| l * t.abs()).sum()
}

/// The point at a fraction of the way that decreases the sum enough; `None` when there is none.
fn advance(objective: &impl Smooth, from: &Point, target: &[f64], l1: &[f64]) -> Result<Option<Point>, LearnError> {
    let before = from.loss + size(&from.theta, l1);
    let along: f64 = from.gradient.iter().zip(target.iter().zip(&from.theta)).map(|(g, (x, t))| g * (x - t)).sum();
    let promised = along + size(target, l1) - size(&from.theta, l1);
    let drowned = -promised <= 1e-13 * before.abs().max(1e-300);
    let mut fraction = 1.0;
    for _ in 0..HALVINGS {
        let between = |(x, t): (&f64, &f64)| if fraction == 1.0 { *x } else { t + fraction * (x - t) };
        let next = objective.evaluate(target.iter().zip(&from.theta).map(between).collect(), Second::Hessian)?;
        let enough = if drowned {
            violation(&next.theta, &next.gradient, l1) < violation(&from.theta, &from.gradient, l1)
        } else {
            next.loss + size(&next.theta, l1) <= before + ARMIJO * fraction * promised
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
