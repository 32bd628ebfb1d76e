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
};

fn p_value(reference: &Numbers, current: &Numbers) -> f64 {
    let (mut least, mut most) = (0.0f64, 0.0f64);
    for step in steps(reference, current) {
        let difference = step.reference - step.current;
        (least, most) = (least.min(difference), most.max(difference));
    }
    two_sample_p((-least).max(most).min(1.0), reference.len(), current.len())
}
