//! The chi-square test: current counts against the shares of the reference.

use super::gamma::chi_square_sf;
use super::test::{Outcome, Spec};
use crate::values::Counts;

pub(super) static SPEC: Spec = Spec {
    name: "chisquare",
    title: "chi-square",
    outcome: Outcome::PValue,
    threshold: 0.05,
    inclusive: false,
    numbers: None,
    counts: Some(p_value),
    error: None,
};

fn p_value(counts: &Counts) -> f64 {
    let [reference, current] = counts.totals.map(|n| n as f64);
    // One value in both: nothing can differ. (Zero degrees of freedom have no distribution.)
    if counts.each.len() < 2 {
        return 1.0;
    }
    let norm = current / reference;
    let statistic: f64 = counts
        .each
        .iter()
        .map(|&[reference, current]| {
            let expected = reference as f64 * norm;
            (current as f64 - expected).powi(2) / expected
        })
        .sum();
    chi_square_sf((counts.each.len() - 1) as f64, statistic)
}
