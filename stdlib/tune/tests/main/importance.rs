//! Importances are Optuna's (`reference/make_importance.py`).

use ironbook_tune::{Direction, Distribution, Importance, Study, TuneError};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Case {
    name: String,
    direction: String,
    /// Names and distributions.
    kinds: Vec<(String, String)>,
    /// Which of those, and values; the trial's value.
    trials: Vec<(Vec<(usize, f64)>, String)>,
    raw: HashMap<String, f64>,
    shares: HashMap<String, f64>,
}

#[test]
fn importances_are_optunas() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../reference/importance.json")).unwrap();
    for case in cases {
        let direction = if case.direction == "maximize" { Direction::Maximize } else { Direction::Minimize };
        let study = Study::new(&case.name).direction(direction).create().unwrap();
        let kinds: Vec<(&str, Distribution)> =
            case.kinds.iter().map(|(name, json)| (name.as_str(), Distribution::from_json(json).unwrap())).collect();
        for (params, value) in &case.trials {
            study
                .enqueue(params.iter().map(|(kind, internal)| (kinds[*kind].0, kinds[*kind].1.value(*internal))))
                .unwrap();
            let trial = study.ask().unwrap();
            for (kind, internal) in params {
                let (name, distribution) = &kinds[*kind];
                assert_eq!(trial.suggest(name, distribution.clone()).unwrap(), distribution.value(*internal));
            }
            study.tell(&trial, value.parse::<f64>().unwrap()).unwrap();
        }
        let found = study.importances().unwrap();
        assert_eq!(found.len(), case.raw.len());
        for each in &found {
            let (raw, share) = (case.raw[each.name()], case.shares[each.name()]);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1e-3);
            assert!(close(each.divergence(), raw), "{} of {}: {} {raw}", each.name(), case.name, each.divergence());
            assert!(close(each.share(), share), "{} of {}: {} {share}", each.name(), case.name, each.share());
        }
        assert!(found.is_sorted_by(|a, b| a.share() >= b.share()));
        assert!((found.iter().map(Importance::share).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn nothing_completed_has_no_importances() {
    let study = Study::new("none").create().unwrap();
    assert!(matches!(study.importances(), Err(TuneError::NothingCompleted { .. })));
    assert!(matches!(study.best(), Err(TuneError::NothingCompleted { .. })));
}
