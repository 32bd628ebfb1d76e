//! The Z test: the difference of two proportions.

use super::gamma::normal_two_sided;
use super::test::{Outcome, Spec};
use crate::values::Counts;

pub(super) static SPEC: Spec = Spec {
    name: "z",
    title: "Z (proportions)",
    outcome: Outcome::PValue,
    threshold: 0.05,
    inclusive: false,
    numbers: None,
    counts: Some(p_value),
    error: None,
};

fn p_value(counts: &Counts) -> f64 {
    let ([n1, n2], Some(&[first1, first2])) = (counts.totals.map(|n| n as f64), counts.each.first()) else {
        return 1.0;
    };
    if counts.each.len() < 2 {
        return 1.0;
    }
    let (p1, p2) = ((n1 - first1 as f64) / n1, (n2 - first2 as f64) / n2);
    let pooled = (p1 * n1 + p2 * n2) / (n1 + n2);
    normal_two_sided((p1 - p2) / (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt())
}
