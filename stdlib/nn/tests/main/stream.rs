//! The numbers that `reference/make.py` makes, and its results.

use candle_core::{Device, Tensor};
use serde_json::Value;

/// SplitMix64, uniform in -1..1.
pub struct Stream(u64);

impl Stream {
    pub fn new(seed: u64) -> Self {
        Stream(seed)
    }

    pub fn tensor(&mut self, dims: &[usize]) -> Tensor {
        let values: Vec<f64> = (0..dims.iter().product()).map(|_| self.next()).collect();
        Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
    }

    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0
    }
}

pub fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/layers.json")).unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Asserts that a tensor holds these values, to `tolerance` relative to values above 1.
pub fn close(found: &Tensor, expected: &Value, tolerance: f64, what: &str) {
    let found = found.flatten_all().unwrap().to_dtype(candle_core::DType::F64).unwrap().to_vec1::<f64>().unwrap();
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}, value {i}: {a} instead of {b}");
    }
}
