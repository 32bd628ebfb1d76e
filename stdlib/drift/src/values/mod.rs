//! Columns as what the tests need of them: different values in order with their counts, once per column and frame.

mod categories;
mod numbers;
mod read;

pub(crate) use categories::{Categories, Counts};
pub(crate) use numbers::{Numbers, steps};
pub(crate) use read::{Class, class, numbers, tally};
