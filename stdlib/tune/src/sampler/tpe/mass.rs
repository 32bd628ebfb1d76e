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
            let mass = log_mass(mu, sigma, (from, to));
            *entry = (key, mass);
        }
        entry.1
    }
}

/// Logarithm of the probability of a step.
fn log_mass(mu: f64, sigma: f64, (from, to): (f64, f64)) -> f64 {
    if sigma.is_infinite() {
        return 0.0;
    }
    let mass = normal::log_mass((from - mu) / sigma, (to - mu) / sigma);
    if mass.is_finite() {
        return mass;
    }
    // A step so narrow that floats do not see its ends apart: its density instead, times its width.
    let (z, width) = ((from - mu) / sigma, (to - from).max(f64::EPSILON * from.abs()));
    -0.5 * z * z - normal::LN_SQRT_2PI + (width / sigma).max(f64::MIN_POSITIVE).ln()
}
