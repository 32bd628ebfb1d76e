//! Linear models and the solvers beneath them.

mod cholesky;
mod conjugate;
pub(crate) mod logistic;
mod newton;
mod objective;
