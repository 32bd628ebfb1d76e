//! The interval that is corrected for bias and skewness (BCa, Efron 1987).

use super::{Interval, drawn, quantile, resamples_checked};
use crate::error::EvalError;
use rayon::prelude::*;

/// Blocks of rows that are left out in turn at most: beyond, each metric of almost all rows says little more.
const BLOCKS: usize = 1000;

/// [`bootstrap`](crate::bootstrap()), corrected for the bias and the skewness of the metric (BCa, Efron 1987), as
/// `scipy.stats.bootstrap(method="BCa")`: better ends where data are few and the metric is near its bound, at the price
/// of the metric of all rows but one, row by row (all but one of 1,000 blocks of rows, where there are more). Where all
/// resamples lie on one side of the metric there is no correction, and this is the plain interval.
///
/// # Errors
/// As [`bootstrap`](crate::bootstrap()).
pub fn bootstrap_bca(
    rows: usize,
    resamples: usize,
    seed: u64,
    metric: impl Fn(&[usize]) -> f64 + Sync,
) -> Result<Interval, EvalError> {
    if rows == 0 {
        return Err(EvalError::Empty);
    }
    resamples_checked(resamples)?;
    let mut values = drawn(rows, resamples, seed, &metric)?;
    values.retain(|v| v.is_finite());
    values.sort_by(f64::total_cmp);
    let all: Vec<usize> = (0..rows).collect();
    let found = metric(&all);
    let acceleration = acceleration(rows, &metric)?;
    if values.len() < 2 || !found.is_finite() {
        return Err(EvalError::NoInterval);
    }
    let below = values.partition_point(|v| *v < found) + values.partition_point(|v| *v <= found);
    let bias = normal_quantile(below as f64 / (2 * values.len()) as f64);
    let end = |share: f64| {
        let z = bias + normal_quantile(share);
        quantile(&values, normal(bias + z / (1.0 - acceleration * z)))
    };
    let (low, high) = (end(0.025), end(0.975));
    match low.is_finite() && high.is_finite() {
        true => Ok(Interval { low, high, level: 0.95 }),
        // All resamples lie on one side of the metric: the correction has no bounds.
        false => Interval::of(&values, 0.95).ok_or(EvalError::NoInterval),
    }
}

/// The skewness of the metric's influences over six, by leaving rows out.
fn acceleration(rows: usize, metric: &(impl Fn(&[usize]) -> f64 + Sync)) -> Result<f64, EvalError> {
    let blocks = rows.min(BLOCKS);
    let without = |block: usize| {
        ironbook_core::check()?;
        let (start, end) = (block * rows / blocks, (block + 1) * rows / blocks);
        Ok(metric(&(0..start).chain(end..rows).collect::<Vec<usize>>()))
    };
    let values: Vec<f64> = (0..blocks).into_par_iter().map(without).collect::<Result<_, EvalError>>()?;
    let finite = || values.iter().filter(|v| v.is_finite());
    let mean = finite().sum::<f64>() / finite().count() as f64;
    let moment = |power: i32| finite().map(|v| (mean - v).powi(power)).sum::<f64>();
    let square = moment(2);
    Ok(if square > 0.0 { moment(3) / (6.0 * square.powf(1.5)) } else { 0.0 })
}

/// The chance that a normal number is below `x` (Marsaglia 2004: a sum of positive terms, exact to the last digits).
fn normal(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 8.0 {
        return if x.is_nan() { x } else { f64::from(u8::from(x > 0.0)) };
    }
    let (mut term, mut sum, mut k) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The number below which a normal one is with this chance, by halving; infinite at 0 and 1.
fn normal_quantile(chance: f64) -> f64 {
    if chance <= 0.0 || chance >= 1.0 {
        return if chance <= 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if normal(middle) < chance { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_law() {
        // scipy.stats.norm.cdf and ppf
        for (x, chance) in [(0.0, 0.5), (1.0, 0.841_344_746_068_542_9), (-2.5, 0.006_209_665_325_776_132)] {
            assert!((normal(x) - chance).abs() < 1e-15 && (normal_quantile(chance) - x).abs() < 1e-13, "{x}");
        }
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-13);
        assert_eq!((normal(-40.0), normal(40.0), normal_quantile(0.0)), (0.0, 1.0, f64::NEG_INFINITY));
    }
}
