//! The test of Kolmogorov and Smirnov: the largest distance between two distribution functions.

use super::kolmogorov::two_sample_p;
use super::test::{Outcome, Spec};
use crate::values::{Numbers, steps};

pub(super) static SPEC: Spec = Spec {
    name: "ks",
    title: "Kolmogorov-Smirnov",
    outcome: Outcome::PValue,
    threshold: 0.05,
    inclusive: true,
    numbers: Some(p_value),
    counts: None,
    error: Some(error),
};

fn p_value(reference: &Numbers, current: &Numbers) -> f64 {
    two_sample_p(distance(reference, current), reference.len(), current.len())
}

/// The larger of the two chances at the ends of what the distance can be, less the chance, or the other way round.
fn error(reference: &Numbers, current: &Numbers) -> f64 {
    let off: f64 = [reference, current].into_iter().filter_map(Numbers::fuzz).map(|fuzz| fuzz.rank).sum();
    let d = distance(reference, current);
    let p = |d: f64| two_sample_p(d.clamp(0.0, 1.0), reference.len(), current.len());
    (p(d - off) - p(d)).max(p(d) - p(d + off))
}

fn distance(reference: &Numbers, current: &Numbers) -> f64 {
    let (mut least, mut most) = (0.0f64, 0.0f64);
    for step in steps(reference, current) {
        let difference = step.reference - step.current;
        (least, most) = (least.min(difference), most.max(difference));
    }
    (-least).max(most).min(1.0)
}
