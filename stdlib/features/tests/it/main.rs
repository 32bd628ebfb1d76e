//! Feature pipelines against scikit-learn's transformers, and what they promise of rows, files and models.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod input;
mod lags;
mod models;
mod peers;
mod rows;
mod times;

use ironbook_data::{Dataset, Kind, Matrix};
use std::sync::Arc;

/// A text column; the empty text is missing.
pub fn text(name: &str, values: &[&str]) -> (String, Kind, Vec<f64>) {
    let mut names: Vec<String> = values.iter().filter(|v| !v.is_empty()).map(|&v| v.to_owned()).collect();
    names.sort();
    names.dedup();
    let code = |v: &&str| names.binary_search_by(|name| name.as_str().cmp(v)).map_or(f64::NAN, |code| code as f64);
    let codes = values.iter().map(code).collect();
    (name.to_owned(), Kind::Categorical(Arc::from(names)), codes)
}

/// A column of numbers.
pub fn numbers(name: &str, values: &[f64]) -> (String, Kind, Vec<f64>) {
    (name.to_owned(), Kind::Numeric, values.to_vec())
}

/// A column of times.
pub fn times(name: &str, values: &[f64]) -> (String, Kind, Vec<f64>) {
    (name.to_owned(), Kind::Time, values.to_vec())
}

/// A data set of these columns with a target of 0, 1, 0, 1, ..
pub fn data(columns: Vec<(String, Kind, Vec<f64>)>) -> Dataset {
    let features = Matrix::from_typed(columns).unwrap();
    let target = (0..features.rows()).map(|i| (i % 2) as f64).collect();
    Dataset::from_parts(features, target, "y")
}

/// The bits of a matrix, with all NaN alike.
pub fn bits(matrix: &Matrix) -> Vec<u64> {
    matrix.data().iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

/// SplitMix64 as numbers in [0, 1).
pub fn uniform(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(next).collect()
}
