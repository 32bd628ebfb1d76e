//! The population stability index.

use super::bins::{Shares, binned};
use super::test::{Outcome, Spec};

pub(super) static SPEC: Spec = Spec {
    name: "psi",
    title: "population stability index",
    outcome: Outcome::Distance,
    threshold: 0.1,
    inclusive: true,
    numbers: Some(|reference, current| index(binned(reference, current))),
    counts: Some(|counts| index(Shares::of(counts))),
    error: None,
};

fn index(mut shares: Shares) -> f64 {
    shares.fill_zeros();
    shares.0.iter().map(|&[p, q]| (p - q) * (p / q).ln()).sum()
}
