//! Conjugate gradients for the Newton step of wide problems, where the Hessian itself would be too much work.

use super::objective::Point;
use super::smooth::Smooth;
use ironbook_core::Interrupted;

/// Products with the Hessian per step at most.
const MAX_PRODUCTS: usize = 250;

/// Solves `H step = gradient` roughly: the closer to the minimum, the more exactly.
///
/// The forcing term `min(0.5, sqrt(|g|))` gives superlinear convergence (Nocedal & Wright 2006, algorithm 7.1); the
/// preconditioner is the diagonal, of which standardised features make the loss's part nearly constant.
pub(crate) fn solve(objective: &impl Smooth, point: &Point) -> Result<Vec<f64>, Interrupted> {
    let precondition: Vec<f64> = objective.diagonal(point).into_iter().map(|d| 1.0 / d.max(1e-300)).collect();
    let mut step = vec![0.0; point.gradient.len()];
    let mut residual = point.gradient.clone();
    let size = norm(&residual);
    let target = size * size.sqrt().min(0.5);
    let mut scaled = times(&precondition, &residual);
    let mut direction = scaled.clone();
    let mut rho = dot(&residual, &scaled);
    for _ in 0..MAX_PRODUCTS {
        if norm(&residual) <= target {
            break;
        }
        let product = objective.hessian_times(point, &direction)?;
        let curvature = dot(&direction, &product);
        if curvature <= 1e-300 {
            // No curvature along this direction: what was found so far is a descent step; the gradient is, at worst.
            if step.iter().all(|s| *s == 0.0) {
                step.clone_from(&direction);
            }
            break;
        }
        let length = rho / curvature;
        for j in 0..step.len() {
            step[j] += length * direction[j];
            residual[j] -= length * product[j];
        }
        scaled = times(&precondition, &residual);
        let next = dot(&residual, &scaled);
        for (d, s) in direction.iter_mut().zip(&scaled) {
            *d = s + next / rho * *d;
        }
        rho = next;
    }
    Ok(step)
}

fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
