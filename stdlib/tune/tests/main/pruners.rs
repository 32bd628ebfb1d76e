//! Pruners decide as Optuna's do (`reference/make_pruners.py`).

use ironbook_tune::{Asha, Direction, Hyperband, IntoPruner, Median, Outcome, Pruner, Study, Trial, TuneError};
use serde_json::Value;

#[derive(serde::Deserialize)]
struct History {
    kind: String,
    settings: serde_json::Map<String, Value>,
    direction: String,
    name: String,
    events: Vec<Value>,
}

fn pruner(kind: &str, settings: &serde_json::Map<String, Value>) -> Box<dyn Pruner> {
    let set = |name: &str| settings.get(name).and_then(Value::as_u64);
    let built = match kind {
        "median" | "percentile" => {
            let percentile = settings.get("percentile").and_then(Value::as_f64).unwrap_or(50.0);
            let mut params = Median::params().percentile(percentile);
            params = set("n_startup_trials").map_or(params.clone(), |n| params.n_startup_trials(n as usize));
            params = set("n_warmup_steps").map_or(params.clone(), |n| params.n_warmup_steps(n));
            params = set("interval_steps").map_or(params.clone(), |n| params.interval_steps(n));
            set("n_min_trials").map_or(params.clone(), |n| params.n_min_trials(n as usize)).into_pruner()
        }
        "asha" => {
            let mut params = Asha::params();
            params = set("min_resource").map_or(params.clone(), |n| params.min_resource(n));
            params = set("reduction_factor").map_or(params.clone(), |n| params.reduction_factor(n));
            params =
                set("min_early_stopping_rate").map_or(params.clone(), |n| params.min_early_stopping_rate(n as u32));
            set("bootstrap_count").map_or(params.clone(), |n| params.bootstrap_count(n as usize)).into_pruner()
        }
        _ => {
            let mut params = Hyperband::params();
            params = set("min_resource").map_or(params.clone(), |n| params.min_resource(n));
            params = set("max_resource").map_or(params.clone(), |n| params.max_resource(n));
            params = set("reduction_factor").map_or(params.clone(), |n| params.reduction_factor(n));
            set("bootstrap_count").map_or(params.clone(), |n| params.bootstrap_count(n as usize)).into_pruner()
        }
    };
    built.unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

#[test]
fn decisions_are_optunas() {
    let histories: Vec<History> = serde_json::from_str(include_str!("../reference/pruners.json")).unwrap();
    let (mut judged, mut pruned) = (0, 0);
    for History { kind, settings, direction, name, events } in &histories {
        let direction = if direction == "maximize" { Direction::Maximize } else { Direction::Minimize };
        let study = Study::new(name).direction(direction).pruner(pruner(kind, settings)).create().unwrap();
        let mut trials: Vec<Trial> = Vec::new();
        for (i, event) in events.iter().enumerate() {
            let trial = |trials: &[Trial]| trials.iter().position(|t| Some(u64::from(t.number())) == event[1].as_u64());
            match event[0].as_str().unwrap() {
                "ask" => trials.push(study.ask().unwrap()),
                "report" => {
                    let at = trial(&trials).unwrap();
                    trials[at].report(event[2].as_u64().unwrap(), number(&event[3]));
                }
                "judge" => {
                    let at = trial(&trials).unwrap();
                    let found = trials[at].should_prune();
                    let place = format!("event {i} of {name}, {kind} {settings:?}");
                    assert_eq!(found, event[2].as_bool().unwrap(), "{place}: {event}");
                    judged += 1;
                    pruned += u32::from(found);
                }
                _ => {
                    let outcome = match event[2].as_str().unwrap() {
                        "pruned" => Outcome::Pruned,
                        "failed" => Outcome::Failed("on purpose".to_owned()),
                        _ => Outcome::Complete(number(&event[3])),
                    };
                    let at = trial(&trials).unwrap();
                    study.tell(&trials.swap_remove(at), outcome).unwrap();
                }
            }
        }
    }
    assert!(judged > 5000 && pruned > 800, "{judged} {pruned}");
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |pruner: Result<Box<dyn Pruner>, TuneError>, name: &str| {
        let error = pruner.err().unwrap();
        assert!(matches!(&error, TuneError::Parameter { name: found, .. } if *found == name), "{error}");
    };
    refused(Median::params().percentile(f64::NAN).into_pruner(), "percentile");
    refused(Median::params().interval_steps(0).into_pruner(), "interval_steps");
    refused(Median::params().n_min_trials(0).into_pruner(), "n_min_trials");
    refused(Asha::params().min_resource(0).into_pruner(), "min_resource");
    refused(Asha::params().reduction_factor(1).into_pruner(), "reduction_factor");
    refused(Asha::params().bootstrap_count(1).into_pruner(), "bootstrap_count");
    refused(Hyperband::params().min_resource(5).max_resource(4).into_pruner(), "max_resource");
    refused(Hyperband::params().bootstrap_count(1).into_pruner(), "bootstrap_count");
}
