//! The statistical tests: one file each, and their register.

mod bins;
mod chi_square;
mod fdr;
mod gamma;
mod jensen_shannon;
mod kolmogorov;
mod ks;
mod psi;
mod test;
mod wasserstein;
mod z;

pub use fdr::adjusted;
pub(crate) use test::Applied;
pub use test::{Outcome, Test, UnknownTest};
