//! Optuna itself on our databases: `tests/clients/tune_optuna.py`, which is given this test binary as a hand.

use ironbook_tune::{
    Asha, Budget, Failure, Grid, ParamValue, Sqlite, Storage, Study, StudyBuilder, Tpe, Trial, TrialRecord, TrialState,
};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Tells a hand what to do: role, database, study, trials.
const HAND: &str = "IRONBOOK_TUNE_HAND";
/// Names the Python with `tests/env/tune.txt`.
const PYTHON: &str = "IRONBOOK_TEST_TUNE";

/// The same as the script has.
fn objective(trial: &Trial) -> Result<f64, Failure> {
    let x = trial.float("x", -5.0..=5.0);
    let rate = trial.log_float("rate", 1e-5..=1.0);
    let share = trial.float_step("share", 0.0..=1.0, 0.1);
    let depth = f64::from(trial.int("depth", 1..=9));
    let width = f64::from(trial.int_step("width", 16..=256, 16));
    let size = f64::from(trial.log_int("size", 1..=1000));
    let choices: [ParamValue; 5] = ["a".into(), ParamValue::Null, true.into(), 2.into(), 2.5.into()];
    let kind = trial.categorical("kind", choices);
    trial.note("note", "of rust");
    let value = x * x + (rate.log10() + 2.0).abs() + share + (depth - 4.0).abs() + width / 256.0 + size / 1000.0;
    let value = value + f64::from(u8::from(kind == ParamValue::Null));
    for step in 1..6 {
        trial.step(step, if step == 2 { f64::NAN } else { value * (1.0 + 1.0 / step as f64) })?;
    }
    match trial.number() % 10 {
        3 => Err(Failure::new("no luck")),
        7 => Ok(f64::INFINITY),
        _ => Ok(value),
    }
}

fn say(what: &Value) {
    println!("ack {what}");
}

fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!(value.to_string().to_lowercase()) }
}

fn row(trial: &TrialRecord) -> Value {
    let state = match trial.state() {
        TrialState::Running => "RUNNING",
        TrialState::Complete => "COMPLETE",
        TrialState::Pruned => "PRUNED",
        TrialState::Fail => "FAIL",
        TrialState::Waiting => "WAITING",
    };
    let read = |json: &String| serde_json::from_str::<Value>(json).unwrap();
    let params = trial.params().iter().map(|param| {
        let distribution = read(&param.distribution().to_json());
        json!([param.name(), distribution, param.internal()])
    });
    let times = [trial.started(), trial.ended()].map(|time| time.map(|time| time.timestamp_micros()));
    json!({
        "number": trial.number(),
        "state": state,
        "value": trial.value().map(number),
        "params": params.collect::<Vec<_>>(),
        "reports": trial.reports().iter().map(|(step, value)| json!([step, number(*value)])).collect::<Vec<_>>(),
        "user": trial.user_attributes().iter().map(|(key, json)| (key.clone(), read(json))).collect::<serde_json::Map<_, _>>(),
        "system": trial.system_attributes().keys().collect::<Vec<_>>(),
        "times": times,
    })
}

fn open(database: &str, name: &str) -> StudyBuilder {
    let pruner = Asha::params().min_resource(1).reduction_factor(3);
    Study::new(name).sampler(Tpe::params().seed(1)).pruner(pruner).storage(Sqlite::open(database).unwrap())
}

fn work(role: &str, database: &str, name: &str, trials: usize) {
    match role {
        "begin" => _ = open(database, name).create().unwrap().optimize(Budget::trials(trials), objective).unwrap(),
        "resume" => {
            let study = open(database, name).resume().unwrap();
            let sign = if study.direction() == ironbook_tune::Direction::Maximize { -1.0 } else { 1.0 };
            let run = move |trial: &Trial| objective(trial).map(|value| sign * value);
            study.optimize(Budget::trials(trials).jobs(2), run).unwrap();
        }
        "show" => open(database, name).resume().unwrap().trials().iter().map(row).for_each(|row| say(&row)),
        "best" => {
            let study = open(database, name).resume().unwrap();
            let best = study.best().unwrap();
            let importances = study.importances().unwrap();
            let shares = importances.iter().map(|each| (each.name().to_owned(), json!(each.share())));
            let shares: serde_json::Map<String, Value> = shares.collect();
            say(&json!({"number": best.number(), "value": best.value(), "importances": shares}));
        }
        "list" => {
            let studies = Sqlite::open(database).unwrap().studies().unwrap();
            say(&json!(studies.into_iter().map(|study| study.name).collect::<Vec<_>>()));
        }
        "grid" => {
            let grid =
                Grid::params().values("x", [0.5, 1.5, 2.5]).values("kind", ["a", "b"]).values("n", [1, 2]).seed(5);
            let run = |trial: &Trial| {
                let sum = trial.float("x", 0.0..=3.0) + f64::from(trial.int("n", 0..=9));
                Ok(sum + f64::from(u8::from(trial.categorical("kind", ["a", "b"]) == "a")))
            };
            open(database, name).sampler(grid).resume().unwrap().optimize(Budget::new(), run).unwrap();
        }
        _ => panic!("{role} is no role"),
    }
}

#[test]
fn optuna_and_ironbook_share_studies() {
    if let Ok(task) = std::env::var(HAND) {
        let words: Vec<&str> = task.split(' ').collect();
        return work(words[0], words[1], words[2], words[3].parse().unwrap());
    }
    let Some(python) = std::env::var_os(PYTHON) else {
        assert!(std::env::var_os("CI").is_none(), "CI sets {PYTHON}");
        eprintln!("SKIPPED: {PYTHON} is not set (a Python with what tests/env/tune.txt lists)");
        return;
    };
    let script = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../tests/clients/tune_optuna.py");
    let own = std::env::current_exe().unwrap();
    let done = Command::new(python)
        .arg(script)
        .arg(own)
        .args(["--exact", "optuna::optuna_and_ironbook_share_studies", "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
    println!("{said}");
}
