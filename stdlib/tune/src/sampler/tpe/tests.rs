//! Every formula beside Optuna's (`tests/reference/make_formulas.py`).

use super::mixture::Mixture;
use super::weights::{Shares, gamma, weights};
use crate::distribution::Distribution;
use crate::normal;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Deserialize)]
struct Reference {
    gamma: Vec<usize>,
    weights: HashMap<usize, Vec<f64>>,
    normal: Normal,
    estimators: Vec<Estimator>,
}

#[derive(Deserialize)]
struct Normal {
    shares: Vec<f64>,
    rows: Vec<Row>,
    at: Vec<f64>,
    log_cdf: Vec<f64>,
}

#[derive(Deserialize)]
struct Row {
    a: f64,
    b: f64,
    log_mass: f64,
    points: Vec<f64>,
}

#[derive(Deserialize)]
struct Estimator {
    name: String,
    space: Vec<String>,
    observed: Vec<Vec<f64>>,
    weights: Vec<f64>,
    kernels: Vec<Kernels>,
    points: Vec<Vec<f64>>,
    log_pdf: Vec<f64>,
}

#[derive(Deserialize)]
struct Kernels {
    mu: Option<Vec<f64>>,
    sigma: Option<Vec<f64>>,
    choices: Option<Vec<Vec<f64>>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/reference/formulas.json")).unwrap()
}

fn close(what: &str, found: f64, wanted: f64, tolerance: f64) {
    let same = found == wanted || (found - wanted).abs() <= tolerance * wanted.abs().max(1.0);
    assert!(same, "{what}: {found}, Optuna's {wanted}");
}

#[test]
fn gamma_and_weights_are_optunas() {
    let Reference { gamma: counts, weights: given, .. } = reference();
    for (n, count) in counts.into_iter().enumerate() {
        assert_eq!(gamma(n), count, "of {n}");
    }
    for (n, given) in given {
        let found = weights(n);
        assert_eq!(found.len(), n);
        found.iter().zip(given).for_each(|(found, given)| close(&format!("weights of {n}"), *found, given, 1e-15));
    }
}

#[test]
fn the_truncated_normal_is_optunas() {
    let Normal { shares, rows, at, log_cdf } = reference().normal;
    for (x, wanted) in at.iter().zip(log_cdf) {
        close(&format!("log cdf at {x}"), normal::log_cdf(*x), wanted, 1e-14);
    }
    for Row { a, b, log_mass, points } in rows {
        close(&format!("log mass from {a} to {b}"), normal::log_mass(a, b), log_mass, 1e-12);
        for (q, wanted) in shares.iter().zip(points) {
            let found = normal::quantile_between(*q, a, b);
            assert!((a..=b).contains(&found), "{found} is not from {a} to {b}");
            // Optuna takes steps until they are below 1e-8 of the point, and computes with 1 - q, which has few digits here.
            close(&format!("{q} of {a} to {b}"), found, wanted, 1e-7);
        }
    }
}

/// Means and widths, weights, and densities, of a mixture that was filled trial by trial.
#[test]
fn estimators_are_optunas() {
    for estimator in reference().estimators {
        let Estimator { name, space, observed, .. } = &estimator;
        let space: Vec<Arc<Distribution>> =
            space.iter().map(|json| Arc::new(Distribution::from_json(json).unwrap())).collect();
        let (mut mixture, mut shares) = (Mixture::new(&space), Shares::default());
        let count = observed[0].len();
        let row = |i: usize| observed.iter().map(|values| values[i]).collect::<Vec<f64>>();
        // In an order of its own, with a guest that leaves again.
        for i in (0..count).rev() {
            mixture.insert(i as u32, &row(i));
        }
        if count > 0 {
            mixture.prepare(&mut shares);
            mixture.insert(1000, &row(count / 2));
            mixture.insert(1001, &row(0));
            mixture.prepare(&mut shares);
            mixture.remove(1000);
            mixture.remove(1001);
            mixture.remove(0);
            mixture.insert(0, &row(0));
        }
        let weights = mixture.prepare(&mut shares);
        assert_eq!(weights.len(), estimator.weights.len(), "{name}");
        weights.iter().zip(&estimator.weights).for_each(|(found, wanted)| close(name, *found, *wanted, 1e-14));
        for (i, kernels) in estimator.kernels.iter().enumerate() {
            match kernels {
                Kernels { mu: Some(mu), sigma: Some(sigma), .. } => {
                    let found = mixture.kernels(i);
                    assert_eq!(found.len(), mu.len(), "{name}");
                    for ((found, mu), sigma) in found.iter().zip(mu).zip(sigma) {
                        close(&format!("mean of {name}"), found.0, *mu, 1e-14);
                        close(&format!("width of {name}"), found.1, *sigma, 1e-13);
                    }
                }
                Kernels { choices: Some(choices), .. } => {
                    let found = mixture.choices(i);
                    found.iter().flatten().zip(choices.iter().flatten()).for_each(|(found, wanted)| {
                        close(&format!("choices of {name}"), *found, *wanted, 1e-14);
                    });
                }
                _ => panic!("{name} has neither"),
            }
        }
        let count = estimator.points[0].len();
        let points: Vec<f64> = (0..count).flat_map(|i| estimator.points.iter().map(move |values| values[i])).collect();
        for (found, wanted) in mixture.log_density(&points).iter().zip(&estimator.log_pdf) {
            close(&format!("log density of {name}"), *found, *wanted, 1e-11);
        }
    }
}

impl Mixture {
    /// Mean and width of all kernels of a parameter by the order of trials, the prior's last.
    fn kernels(&self, i: usize) -> Vec<(f64, f64)> {
        let kernels = self.numeric(i).unwrap();
        let own = self.slots().map(|slot| kernels.at(slot)).chain([&kernels.prior.0]);
        own.map(|kernel| (kernel.mu, kernel.sigma)).collect()
    }
}
