//! Whole studies are Optuna's, trial by trial (`reference/make_studies.py`).

use ironbook_tune::{
    Asha, Budget, Direction, Failure, Hyperband, IntoPruner, IntoSampler, Median, NoPruner, Random, Study, Tpe, Trial,
    TrialState,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One of `reference/studies.json`.
#[derive(Deserialize)]
struct Reference {
    name: String,
    objective: String,
    sampler: Settings,
    pruner: String,
    direction: String,
    trials: Vec<Row>,
}

/// State, value, parameters, number of reports.
type Row = (String, Option<String>, BTreeMap<String, f64>, usize);

#[derive(Deserialize)]
struct Settings {
    kind: String,
    seed: u64,
    multivariate: Option<bool>,
    n_startup_trials: Option<usize>,
    n_ei_candidates: Option<usize>,
}

type Objective = fn(&Trial) -> Result<f64, Failure>;

fn smooth(trial: &Trial) -> Result<f64, Failure> {
    let x: Vec<f64> = (0..4).map(|i| trial.float(&format!("x{i}"), -5.0..=5.0)).collect();
    Ok(x.iter().enumerate().map(|(i, x)| (x - i as f64).powi(2)).sum())
}

fn scales(trial: &Trial) -> Result<f64, Failure> {
    let rate = trial.log_float("rate", 1e-4..=1.0);
    let size: f64 = f64::from(trial.log_int("size", 1..=1000));
    let share = trial.float_step("share", 0.0..=1.0, 0.05);
    let depth = f64::from(trial.int("depth", 2..=30));
    let width = f64::from(trial.int_step("width", 16..=256, 16));
    let small = (rate - 0.1).powi(2) + (share - 0.3).powi(2) + ((depth - 9.0) / 10.0).powi(2);
    Ok(small + ((width - 64.0) / 100.0).powi(2) + (size - 40.0).powi(2) / 1e5)
}

fn choices(trial: &Trial) -> Result<f64, Failure> {
    let kind = trial.categorical("kind", ["a", "b", "c"]);
    let flag = trial.categorical("flag", [true, false]);
    let x = trial.float("x", -1.0..=1.0);
    let base = [("a", 0.0), ("b", 0.3), ("c", 1.0)].iter().find(|entry| entry.0 == kind).unwrap().1;
    Ok(base + if flag { 0.2 } else { 0.0 } + (x - 0.25).powi(2))
}

fn branches(trial: &Trial) -> Result<f64, Failure> {
    let mut x = trial.float("x", 0.0..=1.0);
    if trial.categorical("booster", ["gbtree", "dart"]) == "dart" {
        x += trial.float("drop", 0.0..=0.5);
        let n = f64::from(trial.int("n", 1..=4));
        return Ok((x - 0.7).powi(2) + n * 0.01);
    }
    Ok((x - 0.2).powi(2) + 0.05)
}

fn moving(trial: &Trial) -> Result<f64, Failure> {
    let n = trial.number();
    let x = trial.float("x", 0.0..=f64::from(1 + n % 3));
    let y = f64::from(trial.int("y", n % 2..=10));
    Ok((x - 0.8).powi(2) + (y - 4.0).powi(2) / 10.0)
}

fn pruned(trial: &Trial) -> Result<f64, Failure> {
    let x = trial.float("x", -2.0..=2.0);
    let y = trial.float("y", -2.0..=2.0);
    let value = x * x + y * y;
    for step in 0..9 {
        trial.step(step, value * (1.0 + 0.1 * (8 - step) as f64))?;
    }
    Ok(value)
}

fn failing(trial: &Trial) -> Result<f64, Failure> {
    let x = trial.float("x", -2.0..=2.0);
    let n = trial.number();
    if n % 7 == 3 {
        return Err(Failure::new("no luck"));
    }
    if n % 11 == 5 {
        return Ok(f64::NAN);
    }
    Ok(if n % 13 == 6 { f64::INFINITY } else { x * x })
}

const OBJECTIVES: [(&str, Objective); 7] = [
    ("smooth", smooth),
    ("scales", scales),
    ("choices", choices),
    ("branches", branches),
    ("moving", moving),
    ("pruned", pruned),
    ("failing", failing),
];

fn repeat(reference: &Reference) -> Study {
    let Settings { seed, multivariate, n_startup_trials, n_ei_candidates, .. } = reference.sampler;
    let sampler = if reference.sampler.kind == "random" {
        Random::params().seed(seed).optuna_stream().into_sampler()
    } else {
        let params = Tpe::params().seed(seed).optuna_stream().multivariate(multivariate.unwrap_or(true));
        let params = params.n_startup_trials(n_startup_trials.unwrap_or(10));
        params.n_ei_candidates(n_ei_candidates.unwrap_or(24)).into_sampler()
    };
    let pruner = match reference.pruner.as_str() {
        "median" => Median::params().into_pruner(),
        "asha" => Asha::params().min_resource(1).reduction_factor(2).into_pruner(),
        "hyperband" => Hyperband::params().max_resource(9).into_pruner(),
        "hyperband_auto" => Hyperband::params().into_pruner(),
        _ => NoPruner.into_pruner(),
    };
    let direction = if reference.direction == "maximize" { Direction::Maximize } else { Direction::Minimize };
    let study = Study::new(&reference.name).direction(direction).sampler(sampler.unwrap()).pruner(pruner.unwrap());
    let study = study.create().unwrap();
    let objective = OBJECTIVES.iter().find(|entry| entry.0 == reference.objective).unwrap().1;
    study.optimize(Budget::trials(reference.trials.len()), objective).unwrap();
    study
}

#[test]
fn studies_are_optunas_trial_by_trial() {
    let references: Vec<Reference> = serde_json::from_str(include_str!("../reference/studies.json")).unwrap();
    let mut compared = 0;
    for reference in &references {
        let trials = repeat(reference).trials();
        for (trial, (state, value, params, reports)) in trials.iter().zip(&reference.trials) {
            let place = format!("trial {} of {}", trial.number(), reference.name);
            let expected = match state.as_str() {
                "COMPLETE" => TrialState::Complete,
                "PRUNED" => TrialState::Pruned,
                _ => TrialState::Fail,
            };
            assert_eq!(trial.params().len(), params.len(), "{place}");
            for param in trial.params() {
                let (found, wanted) = (param.internal(), params[param.name()]);
                // Optuna stops its search for a quantile at 1e-8.
                let close = (found - wanted).abs() <= 1e-6 * wanted.abs().max(1e-3);
                assert!(close, "{place}: {} is {found}, Optuna's {wanted}", param.name());
                compared += 1;
            }
            assert_eq!(trial.state(), expected, "{place}");
            assert_eq!(trial.reports().len(), *reports, "{place}");
            let wanted: Option<f64> = value.as_ref().map(|value| value.parse().unwrap());
            let same = match (trial.value(), wanted) {
                (Some(a), Some(b)) => a == b || (a - b).abs() <= 1e-5 * b.abs().max(1e-2),
                (a, b) => a == b,
            };
            assert!(same, "{place}: {:?}, Optuna's {wanted:?}", trial.value());
        }
        assert_eq!(trials.len(), reference.trials.len());
    }
    assert!(compared > 4000, "{compared}");
}
