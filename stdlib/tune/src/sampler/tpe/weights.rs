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

/// Shares of the kernels of some trials, from the oldest to the newest, the prior's last; kept while their number stays,
/// since the parameters of a trial ask for the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Shares {
    shares: Vec<f64>,
    logs: Vec<f64>,
}

impl Shares {
    /// Those of `n` trials and the prior: themselves, and their logarithms.
    pub(super) fn of(&mut self, n: usize) -> (&[f64], &[f64]) {
        if self.shares.len() != n + 1 {
            self.shares = weights(n);
            self.shares.push(PRIOR);
            let sum: f64 = self.shares.iter().sum();
            self.shares.iter_mut().for_each(|share| *share /= sum);
            self.logs = self.shares.iter().map(|share| share.ln()).collect();
        }
        (&self.shares, &self.logs)
    }
}
