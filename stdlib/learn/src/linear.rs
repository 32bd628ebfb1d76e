//! Linear models and the solvers beneath them.

mod cholesky;
mod conjugate;
mod gram;
mod kernel;
mod least_squares;
pub(crate) mod logistic;
pub(crate) mod model;
mod newton;
mod objective;
pub(crate) mod ordinary;
mod pivoted;
mod score;
