//! SHAP values against XGBoost, LightGBM, shap and Shapley's own formula; permutation importance against scikit-learn.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod edges;
mod permutation;
mod shap;

use serde_json::Value;
use std::path::Path;

/// A JSON file by its path from this crate's folder.
pub fn read(path: &str) -> Value {
    let path = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A list of numbers, null for NaN.
pub fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

/// SplitMix64 as numbers in [0, 1).
pub fn uniform(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    })
}
