//! Linear models and the solvers beneath them.

mod cholesky;
mod conjugate;
mod descent;
pub(crate) mod elastic;
mod gram;
mod kernel;
mod least_squares;
pub(crate) mod logistic;
pub(crate) mod logistic_params;
pub(crate) mod model;
mod newton;
mod objective;
pub(crate) mod ordinary;
mod pivoted;
mod proximal;
mod score;
mod smooth;
mod softmax;
