//! `exp` and `ln` in plain arithmetic: vectorised by the compiler, and the same bits on every machine.

/// 1.5 * 2^52: added to a small number it leaves the nearest whole number in the lower bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// `e^x` to about 1e-11, for any `x` clamped to -700..=700.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * std::f64::consts::LOG2_E + MAGIC;
    let whole = shifted - MAGIC;
    // ln 2 in two parts: the first has few digits, so that its multiples are exact.
    let r = (x - whole * 0.693_147_180_369_123_8) - whole * 1.908_214_929_270_587_7e-10;
    // Taylor's series; |r| is at most 0.347.
    let mut sum = 1.0 / 362_880.0;
    for term in [40_320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0] {
        sum = sum * r + 1.0 / term;
    }
    let exponent = shifted.to_bits().wrapping_sub(MAGIC.to_bits()).wrapping_add(1023) << 52;
    sum * f64::from_bits(exponent)
}

/// `ln(x)` to about 1e-12, for positive normal `x`.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    // Mantissa in 0.707..1.414, so that the series below is short.
    let bits = x.to_bits().wrapping_sub(0x3fe6_a09e_667f_3bcd);
    // The exponent as a number: its bits in the mantissa of 2^52, which is then taken off.
    let biased = bits.wrapping_add(1023 << 52) >> 52;
    let exponent = f64::from_bits(0x4330_0000_0000_0000 | biased) - (4_503_599_627_370_496.0 + 1023.0);
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(0x3fe6_a09e_667f_3bcd));
    let f = (mantissa - 1.0) / (mantissa + 1.0);
    let s = f * f;
    let mut sum = 1.0 / 15.0;
    for term in [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        sum = sum * s + 1.0 / term;
    }
    2.0 * f * sum + exponent * std::f64::consts::LN_2
}

/// Numbers that are worked on together: small loops over arrays become vector instructions.
pub(crate) const LANES: usize = 8;

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// The value below which a share `alpha` of the weight lies; the middle of two where the share falls between them.
pub(crate) fn quantile(values: &mut [(f64, f64)], alpha: f64) -> f64 {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    let (wanted, mut below) = (alpha * total, 0.0);
    for (i, &(value, weight)) in values.iter().enumerate() {
        below += weight;
        if below > wanted || i + 1 == values.len() {
            return value;
        }
        if below == wanted {
            return (value + values[i + 1].0) / 2.0;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agree_with_the_standard_library() {
        for i in -20_000..20_000 {
            let x = f64::from(i) * 0.017;
            assert!((exp(x) / x.exp() - 1.0).abs() < 2e-11, "exp({x}) = {}, not {}", exp(x), x.exp());
            let (y, t) = (x.exp(), ln(x.exp()));
            assert!((t - y.ln()).abs() <= 1e-12 * x.abs().max(1.0), "ln({y}) = {t}, not {}", y.ln());
        }
        assert!(exp(1e9).is_finite() && exp(-1e9) > 0.0);
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn quantiles() {
        let of = |values: &[f64], alpha| quantile(&mut values.iter().map(|&v| (v, 1.0)).collect::<Vec<_>>(), alpha);
        assert_eq!(of(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(of(&[3.0, 1.0, 2.0, 4.0], 0.5), 2.5);
        assert_eq!(of(&[3.0, 1.0, 2.0, 4.0], 0.9), 4.0);
        assert_eq!(quantile(&mut [(1.0, 3.0), (5.0, 1.0)], 0.5), 1.0);
    }
}
