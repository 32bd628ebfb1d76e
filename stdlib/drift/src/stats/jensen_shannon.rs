//! The Jensen-Shannon distance of two distributions.

use super::bins::{Shares, binned};
use super::test::{Outcome, Spec};

pub(super) static SPEC: Spec = Spec {
    name: "jensenshannon",
    title: "Jensen-Shannon distance",
    outcome: Outcome::Distance,
    threshold: 0.1,
    inclusive: true,
    numbers: Some(|reference, current| distance(&binned(reference, current))),
    counts: Some(|counts| distance(&Shares::of(counts))),
    error: None,
};

/// The root of half the relative entropies to the mean, with natural logarithms (`scipy.spatial.distance.jensenshannon`).
fn distance(shares: &Shares) -> f64 {
    let [sum_p, sum_q] = [0, 1].map(|side| shares.0.iter().map(|both| both[side]).sum::<f64>());
    let term = |p: f64, m: f64| if p > 0.0 { p * (p / m).ln() } else { 0.0 };
    let (left, right) = shares.0.iter().fold((0.0, 0.0), |(left, right), &[p, q]| {
        let (p, q) = (p / sum_p, q / sum_q);
        let m = (p + q) / 2.0;
        (left + term(p, m), right + term(q, m))
    });
    ((left + right) / 2.0).max(0.0).sqrt()
}
