//! How many trials count as good, and how much each counts.

/// Trials that count as good, out of `n`: a tenth, and at most 25.
pub(super) fn gamma(n: usize) -> usize {
    // In floats, as Optuna multiplies: the rounding of 0.1 decides at multiples of ten.
    ((0.1 * n as f64).ceil() as usize).min(25)
}

/// Weight of the prior beside that of the newest trials.
pub(super) const PRIOR: f64 = 1.0;

/// Weights of `n` trials from the oldest to the newest: the last 25 count fully, those before them less and less.
pub(super) fn weights(n: usize) -> Vec<f64> {
    const FULL: usize = 25;
    let ramp = n.saturating_sub(FULL);
    let first = 1.0 / n.max(1) as f64;
    let step = if ramp > 1 { (1.0 - first) / (ramp - 1) as f64 } else { 0.0 };
    let at = |i: usize| if i + 1 == ramp && ramp > 1 { 1.0 } else { i as f64 * step + first };
    (0..n).map(|i| if i < ramp { at(i) } else { 1.0 }).collect()
}
