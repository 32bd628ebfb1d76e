//! Boosted trees on data at the edge of what numbers, weights and categories can be.

use crate::{dataset, uniform};
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_learn::boost::{Loss, Monotone};
use ironbook_learn::{Fit, Gbdt, GbdtRegressor, Persist, Predict, PredictProba};

fn line(n: usize, scale: f64) -> Dataset {
    let x = uniform(3, n);
    let y = x.iter().map(|x| x * scale).collect();
    dataset(vec![x], y)
}

#[test]
fn more_categories_than_bins() {
    for known in [254usize, 255, 256, 300, 70_000] {
        let n = known.max(2000) * 2;
        let names: Vec<String> = (0..known).map(|k| format!("{k:06}")).collect();
        let codes: Vec<f64> = (0..n).map(|i| (i % known) as f64).collect();
        let y = codes.iter().map(|c| f64::from(u8::from(*c < 100.0))).collect();
        let kind = Kind::Categorical(names.as_slice().into());
        let features = Matrix::from_typed(vec![("k".into(), kind, codes)]).unwrap();
        let data = Dataset::from_parts(features, y, "y");
        let model = Gbdt::params().n_estimators(20).fit(&data).unwrap();
        let p = model.predict_proba(&data.features).unwrap();
        assert!(p.iter().all(|p| p.is_finite()), "{known}");
    }
}

#[test]
fn constraints_hold_for_losses_that_set_leaves_to_quantiles() {
    let x = uniform(5, 2000);
    let z = uniform(6, 2000);
    let noise = uniform(7, 2000);
    let y = (0..2000).map(|i| 3.0 * (x[i] * 9.0).sin() + x[i] * 2.0 + z[i] + noise[i]).collect();
    let data = dataset(vec![x, z], y);
    for loss in [Loss::Absolute, Loss::Quantile(0.8), Loss::Huber(0.5), Loss::Squared] {
        let params = GbdtRegressor::params().n_estimators(50).loss(loss).monotone("a", Monotone::Increasing);
        let model = match params.fit(&data) {
            Ok(model) => model,
            Err(error) => {
                assert!(
                    matches!(loss, Loss::Absolute | Loss::Quantile(_))
                        && error.to_string().starts_with("monotone is a\n")
                );
                continue;
            }
        };
        for z in [0.1, 0.5, 0.9] {
            let at: Vec<f64> = (0..500).map(|i| model.predict_row(&[f64::from(i) / 500.0, z]).unwrap()).collect();
            assert!(at.windows(2).all(|w| w[0] <= w[1] + 1e-9), "{loss:?} falls along a");
        }
    }
}

#[test]
fn rows_to_validate_on_are_among_those_that_count() {
    for some in [12usize, 40] {
        let data = line(200, 1.0).with_weights((0..200).map(|i| f64::from(u8::from(i < some))).collect());
        let fitted =
            GbdtRegressor::params().seed(1).min_child_samples(2).early_stopping(3).validation_fraction(0.4).fit(&data);
        let alone = GbdtRegressor::params().seed(1).min_child_samples(2).early_stopping(3).validation_fraction(0.4);
        let expected = alone.fit(&data.select_rows(&(0..some).collect::<Vec<_>>())).unwrap();
        let fitted = fitted.unwrap();
        assert_eq!(fitted.predict(&data.features).unwrap(), expected.predict(&data.features).unwrap());
        assert!(fitted.predict(&data.features).unwrap().iter().all(|p| p.is_finite()));
    }
}

#[test]
fn huge_targets_and_weights() {
    for scale in [1e-30, 1e30, 1e37, 1e39, 1e300] {
        let data = line(500, scale);
        for loss in [Loss::Squared, Loss::Absolute] {
            match GbdtRegressor::params().n_estimators(20).loss(loss).fit(&data) {
                Err(error) => assert!(scale > 1e36, "{scale:e}: {error}"),
                Ok(model) => {
                    let p = model.predict(&data.features).unwrap();
                    let worst = p.iter().zip(&data.target).map(|(p, y)| (p - y).abs() / scale).fold(0.0, f64::max);
                    assert!(worst < 0.3, "{scale:e} {loss:?}: off by {worst} of the scale");
                    let path = std::env::temp_dir().join(format!("extremes-{}-{scale:e}.json", std::process::id()));
                    model.save(&path).unwrap();
                    let again = GbdtRegressor::load(&path).unwrap();
                    std::fs::remove_file(&path).unwrap();
                    assert_eq!(again.predict(&data.features).unwrap(), p);
                }
            }
        }
    }
    for weight in [1e-30, 1e30, 1e39, 1e300] {
        let data = line(500, 1.0).with_weights(vec![weight; 500]);
        match GbdtRegressor::params().n_estimators(20).min_child_weight(0.0).fit(&data) {
            Err(error) => assert!(weight > 1e36, "{weight:e}: {error}"),
            Ok(model) => {
                let p = model.predict(&data.features).unwrap();
                let worst = p.iter().zip(&data.target).map(|(p, y)| (p - y).abs()).fold(0.0, f64::max);
                assert!(worst < 0.3 || weight < 1e-20, "weights of {weight:e}: off by {worst}");
                assert!(worst.is_finite());
            }
        }
    }
}
