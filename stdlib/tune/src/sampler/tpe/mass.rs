//! Probabilities of steps, remembered: whole numbers come again and again.

use crate::normal;

/// How many are remembered, a power of two.
const SIZE: usize = 4096;

/// Logarithms of the probability that a kernel gives to a step. A pure function, so what is forgotten is computed again.
#[derive(Clone, Debug, Default)]
pub(super) struct Masses {
    /// Mean, width and lower end, and what they come to.
    known: Vec<([u64; 3], f64)>,
}

impl Masses {
    pub(super) fn get(&mut self, mu: f64, sigma: f64, (from, to): (f64, f64)) -> f64 {
        if self.known.is_empty() {
            self.known = vec![([u64::MAX; 3], 0.0); SIZE];
        }
        let key = [mu.to_bits(), sigma.to_bits(), from.to_bits()];
        let hash =
            key.iter().fold(0u64, |hash, part| (hash.rotate_left(23) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let entry = &mut self.known[(hash >> 52) as usize % SIZE];
        if entry.0 != key {
            *entry = (key, normal::log_mass((from - mu) / sigma, (to - mu) / sigma));
        }
        entry.1
    }
}
