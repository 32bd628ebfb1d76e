//! Decimal arithmetic on what floats look like when printed, so that a range ends where its reader expects.

/// Digits and power of ten of the shortest text that reads back as `value`.
fn digits(value: f64) -> Option<(i128, i32)> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let number: i128 = format!("{whole}{part}").parse().ok()?;
    Some((number, exponent - i32::try_from(part.len()).ok()?))
}

/// `values` as whole numbers of one power of ten.
fn aligned<const N: usize>(values: [f64; N]) -> Option<([i128; N], i32)> {
    let mut parts = [(0, 0); N];
    for (part, value) in parts.iter_mut().zip(values) {
        *part = digits(value)?;
    }
    let lowest = parts.iter().map(|part| part.1).min()?;
    let mut whole = [0; N];
    for (whole, (number, exponent)) in whole.iter_mut().zip(parts) {
        let shift = u32::try_from(exponent - lowest).ok()?;
        *whole = 10i128.checked_pow(shift)?.checked_mul(number)?;
    }
    Some((whole, lowest))
}

/// The last of `low`, `low + step`, ... that is at most `high`, in decimal: 0 to 0.3 in steps of 0.1 ends at 0.3.
pub(crate) fn last_step(low: f64, high: f64, step: f64) -> f64 {
    let exact = aligned([low, high, step]).and_then(|([low, high, step], power)| {
        let last = low.checked_add((high.checked_sub(low)? / step).checked_mul(step)?)?;
        format!("{last}e{power}").parse().ok()
    });
    // Ends so far apart in size that their digits do not fit are beyond what decimals could mend.
    exact.unwrap_or_else(|| low + ((high - low) / step).floor() * step)
}

/// Whether less than one step fits between `low` and `high`.
pub(crate) fn is_single(low: f64, high: f64, step: f64) -> bool {
    match aligned([low, high, step]) {
        Some(([low, high, step], _)) => high - low < step,
        None => high - low < step,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_where_decimals_end() {
        // What Optuna's FloatDistribution makes of the same ends and steps.
        for (low, high, step, end) in [
            (0.0, 0.3, 0.1, 0.3),
            (0.0, 1.0, 0.3, 0.9),
            (-1.0, 1.0, 0.7, 0.4),
            (1e-7, 1e-6, 3e-7, 1e-6),
            (0.1, 0.95, 0.2, 0.9),
            (1.0, 10.0, 2.5, 8.5),
            (0.0, 1e300, 1e299, 1e300),
        ] {
            assert_eq!(last_step(low, high, step), end, "{low} to {high} by {step}");
        }
        assert!(is_single(0.1, 0.3, 0.3) && !is_single(0.1, 0.3, 0.2));
        assert!(is_single(5e-324, 1e-300, 1e300) && !is_single(0.0, 1e300, 5e-324));
    }
}
