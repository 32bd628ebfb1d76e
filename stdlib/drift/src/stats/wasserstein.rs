//! The first Wasserstein distance: the area between two distribution functions, in deviations of the reference.

use super::test::{Outcome, Spec};
use crate::values::{Numbers, steps};

pub(super) static SPEC: Spec = Spec {
    name: "wasserstein",
    title: "Wasserstein distance",
    outcome: Outcome::Distance,
    threshold: 0.1,
    inclusive: true,
    numbers: Some(distance),
    counts: None,
    error: Some(error),
};

/// The least deviation by which the distance is divided.
const LEAST: f64 = 0.001;

fn distance(reference: &Numbers, current: &Numbers) -> f64 {
    // Differences of the largest numbers have no float; a power of two less changes no digit.
    let range = reference.max().max(current.max()) - reference.min().min(current.min());
    let scale = if range.is_finite() { 1.0 } else { 0.5 };
    let mut area = 0.0;
    let mut last: Option<(f64, f64)> = None;
    for step in steps(reference, current) {
        if let Some((value, gap)) = last {
            area += gap * (step.value * scale - value * scale);
        }
        last = Some((step.value, (step.reference - step.current).abs()));
    }
    (area / (reference.std().max(LEAST) * scale)).min(f64::MAX)
}

/// The distance is a metric: it is off by no more than the distances of what is known to what is.
fn error(reference: &Numbers, current: &Numbers) -> f64 {
    let apart: f64 = [reference, current].into_iter().filter_map(Numbers::fuzz).map(|fuzz| fuzz.value).sum();
    apart / reference.std().max(LEAST)
}
