//! Quantiles, interpolated between neighbours as numpy does by default, without sorting everything.

/// The quantile `q` of values that are all finite; their order changes.
pub(crate) fn quantile(values: &mut [f64], q: f64) -> f64 {
    let place = q * values.len().saturating_sub(1) as f64;
    let (below, share) = (place as usize, place.fract());
    if values.is_empty() {
        return f64::NAN;
    }
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    if share == 0.0 || above.is_empty() { low } else { low * (1.0 - share) + high * share }
}

/// The three quartiles of values that are all finite; their order changes.
pub(crate) fn quartiles(values: &mut [f64]) -> [f64; 3] {
    [0.25, 0.5, 0.75].map(|q| quantile(values, q))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], q)
        let mut values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        assert_eq!(quartiles(&mut values), [1.75, 3.5, 5.25]);
        assert_eq!(quantile(&mut values, 0.0), 1.0);
        assert_eq!(quantile(&mut values, 1.0), 9.0);
        assert!((quantile(&mut values, 0.9) - 6.9).abs() < 1e-12);
        assert_eq!(quantile(&mut [7.0], 0.3), 7.0);
    }
}
