//! Columns as what the tests need of them: different values in order with their counts, once per column and frame.

mod categories;
mod numbers;
mod read;
mod sample;
mod sketch;

pub(crate) use categories::{Categories, Counts};
pub(crate) use numbers::{Fuzz, Numbers, spread, steps};
pub(crate) use read::{Class, class};
pub(crate) use sample::{Sample, Texts, sample, together};
pub(crate) use sketch::Gathered;
