//! The models against scikit-learn's results, and what they refuse.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod boost;
mod boost_behaviour;
mod boost_extremes;
mod boost_inputs;
mod forest;
mod forest_inputs;
mod large_trees;
mod linear;
mod linear_hostile;
mod logistic;
mod other;
mod softmax;
mod trees;

use ironbook_data::{Dataset, Matrix};

/// A data set of columns `a`, `b`, .. and a target `late`.
pub fn dataset(columns: Vec<Vec<f64>>, target: Vec<f64>) -> Dataset {
    let named = columns.into_iter().enumerate().map(|(j, values)| (name(j), values)).collect();
    Dataset::from_parts(Matrix::from_columns(named).unwrap(), target, "late")
}

/// Name of column `j`.
/// Name of column `j`.
pub fn name(j: usize) -> String {
    if j < 26 { char::from(b'a' + u8::try_from(j).unwrap()).to_string() } else { format!("x{j}") }
}

/// SplitMix64 as numbers in [0, 1), the generator of `reference/make.py`.
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
