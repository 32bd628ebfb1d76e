//! What the solvers ask of a loss.

use super::objective::{Point, Second};
use ironbook_core::Interrupted;

/// A smooth convex loss.
pub(crate) trait Smooth {
    /// Number of unknowns.
    fn size(&self) -> usize;

    /// Where to begin.
    fn start(&self) -> Vec<f64>;

    /// Loss and derivatives at `theta`.
    fn evaluate(&self, theta: Vec<f64>, second: Second) -> Result<Point, Interrupted>;

    /// The Hessian at a point times `direction`, from the curvatures of the point.
    fn hessian_times(&self, point: &Point, direction: &[f64]) -> Result<Vec<f64>, Interrupted>;

    /// The diagonal of the Hessian, roughly.
    fn diagonal(&self, point: &Point) -> Vec<f64>;
}
