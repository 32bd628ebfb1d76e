//! Poisson numbers, exactly distributed, from our own streams.

use crate::random::Stream;

/// A Poisson distribution with a whole mean, ready to be drawn from.
///
/// Small means multiply uniform numbers (Knuth 1969); others use transformed rejection (PTRS, Hörmann 1993).
#[derive(Clone, Copy, Debug)]
pub(super) struct Poisson {
    mean: f64,
    /// `exp(-mean)` for small means, `ln(mean)` for others.
    factor: f64,
    a: f64,
    b: f64,
    inverse_alpha: f64,
    v: f64,
}

/// Means below are drawn by multiplication.
const SMALL: f64 = 10.0;

impl Poisson {
    pub(super) fn new(mean: u32) -> Self {
        let mean = f64::from(mean);
        let b = 0.931 + 2.53 * mean.sqrt();
        Poisson {
            mean,
            factor: if mean < SMALL { (-mean).exp() } else { mean.ln() },
            a: -0.059 + 0.024_83 * b,
            b,
            inverse_alpha: 1.1239 + 1.1328 / (b - 3.4),
            v: 0.9277 - 3.6224 / (b - 2.0),
        }
    }

    #[inline]
    pub(super) fn draw(&self, stream: &mut Stream) -> u32 {
        if self.mean == 1.0 {
            one(stream)
        } else if self.mean < SMALL {
            self.multiplied(stream)
        } else {
            self.rejected(stream)
        }
    }

    fn multiplied(&self, stream: &mut Stream) -> u32 {
        let (mut k, mut product) = (0, stream.unit());
        while product > self.factor {
            product *= stream.unit();
            k += 1;
        }
        k
    }

    fn rejected(&self, stream: &mut Stream) -> u32 {
        loop {
            let u = stream.unit() - 0.5;
            let v = stream.unit();
            let us = 0.5 - u.abs();
            let k = ((2.0 * self.a / us + self.b) * u + self.mean + 0.43).floor();
            if us >= 0.07 && v <= self.v {
                return k as u32;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let squeezed = (v * self.inverse_alpha / (self.a / (us * us) + self.b)).ln();
            if squeezed <= k * self.factor - self.mean - ln_factorial(k) {
                return k as u32;
            }
        }
    }
}

/// Chances of at most k in 2^32, for a mean of 1.
const AT_MOST: [u32; 12] = [
    1_580_030_169,
    3_160_060_337,
    3_950_075_422,
    4_213_413_783,
    4_279_248_374,
    4_292_415_292,
    4_294_609_778,
    4_294_923_276,
    4_294_962_463,
    4_294_966_817,
    4_294_967_253,
    4_294_967_292,
];

/// Poisson with mean 1 by inversion, without branches; exact to 2^-32.
#[inline]
fn one(stream: &mut Stream) -> u32 {
    let u = (stream.bits() >> 32) as u32;
    AT_MOST.iter().map(|&chance| u32::from(u >= chance)).sum()
}

/// `ln(k!)` (Stirling's series from 16 on).
fn ln_factorial(k: f64) -> f64 {
    if k < 16.0 {
        return (2..=k as u32).map(|i| f64::from(i).ln()).sum();
    }
    let inverse = 1.0 / k;
    let square = inverse * inverse;
    (k + 0.5) * k.ln() - k
        + 0.5 * (2.0 * std::f64::consts::PI).ln()
        + inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials() {
        let mut exact = 0.0;
        for k in 1..60 {
            exact += f64::from(k).ln();
            assert!((ln_factorial(f64::from(k)) - exact).abs() < 1e-11 * (1.0 + exact), "{k}");
        }
    }

    #[test]
    fn frequencies_are_the_distributions() {
        for mean in [1u32, 2, 9, 10, 40, 700] {
            let (poisson, mut stream) = (Poisson::new(mean), Stream::new(u64::from(mean)));
            let draws = 200_000;
            let mut counts = vec![0u32; 4 * mean as usize + 40];
            (0..draws).for_each(|_| counts[poisson.draw(&mut stream) as usize] += 1);
            // Chi-squared over the numbers that are expected at least ten times.
            let m = f64::from(mean);
            let expected = |k: usize| (k as f64 * m.ln() - m - ln_factorial(k as f64)).exp() * f64::from(draws);
            let cells: Vec<usize> = (0..counts.len()).filter(|&k| expected(k) >= 10.0).collect();
            let chi: f64 = cells.iter().map(|&k| (f64::from(counts[k]) - expected(k)).powi(2) / expected(k)).sum();
            let free = cells.len() as f64;
            assert!((chi - free).abs() < 5.0 * (2.0 * free).sqrt(), "mean {mean}: {chi} for {free}");
        }
    }
}
