//! Gates: against the registry's model, its absence and its differences; the latency of a row.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use ironbook::Display as _;
use ironbook::data::{Dataset, Matrix};
use ironbook::eval::{EvaluateOptions, Gate, GateRules, baseline_gate, evaluate_with};
use ironbook::gates::{self, GateError, Latency};
use ironbook::learn::{DecisionTree, Fit as _, LearnError, LogisticRegression, Predict, Regression, Signature};
use ironbook::models;
use ironbook::track::{self, RunHandle, RunOptions, Status};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A store of its own, in which a run is active: the tests that need one take turns.
struct Place {
    run: RunHandle,
    _turn: MutexGuard<'static, ()>,
}

impl Place {
    fn new(name: &str) -> Place {
        let turn = crate::turn();
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gates-{name}"));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(directory.join(".ironbook")).unwrap();
        track::end_all(Status::Killed).unwrap();
        let run = track::start("gates", RunOptions::default().directory(&directory)).unwrap();
        Place { run, _turn: turn }
    }
}

/// Two columns that both matter; whether late.
fn data(rows: u64) -> Dataset {
    let mut state = 17u64;
    let mut u = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let (mut x, mut y, mut late) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let (a, b) = (u(), u());
        late.push(f64::from(u8::from(a + b + 0.4 * u() > 1.2)));
        x.push(a);
        y.push(b);
    }
    dataset(vec![("x", x), ("y", y)], late)
}

fn dataset(columns: Vec<(&str, Vec<f64>)>, target: Vec<f64>) -> Dataset {
    let columns = columns.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
    Dataset::from_parts(Matrix::from_columns(columns).unwrap(), target, "late")
}

/// The same rows with one of the columns.
fn only(data: &Dataset, column: &str) -> Dataset {
    dataset(vec![(column, data.features.by_name(column).unwrap().to_vec())], data.target.clone())
}

fn fit(data: &Dataset) -> LogisticRegression {
    LogisticRegression::params().fit(data).unwrap()
}

#[test]
fn without_a_champion_the_gate_passes_and_says_so() {
    let _place = Place::new("first");
    let test = data(300);
    let model = fit(&test);
    let rules = GateRules::first_metric();
    let gate = gates::champion(&model, &test, "late@champion", &rules).unwrap();
    assert!(gate.passed && gate.checks.is_empty());
    let shown = gate.bundle().plain().to_owned();
    assert!(shown.contains("There is no late@champion in the project's own store yet."), "{shown}");
    let strict = gates::champion(&model, &test, "late@champion", &rules.at_least("roc_auc", 0.9999)).unwrap();
    assert!(strict.require().unwrap_err().to_string().contains("not at least 0.9999"));
    // Registered, but with another alias.
    models::register(&model, "late", Some("challenger")).unwrap();
    assert!(gates::champion(&model, &test, "late@champion", &GateRules::first_metric()).unwrap().checks.is_empty());
    assert!(gates::champion(&model, &test, "late/Production", &GateRules::first_metric()).unwrap().passed);
    for wrong in ["late/9", "late", "runs:/x/y", "m-12"] {
        let error = gates::champion(&model, &test, wrong, &GateRules::first_metric()).unwrap_err();
        assert!(matches!(error, GateError::Store(_)), "{wrong}: {error}");
    }
}

#[test]
fn a_better_model_passes_and_a_worse_one_does_not() {
    let _place = Place::new("better");
    let (train, test) = (data(600), data(900));
    let (small, large) = (fit(&only(&train, "x")), fit(&train));
    models::register(&small, "late", Some("champion")).unwrap();
    let rules = GateRules::first_metric().better("log_loss");
    // The champion reads one of the columns of the test data.
    let gate = gates::champion(&large, &test, "late@champion", &rules).unwrap();
    assert!(gate.passed && gate.paired && gate.against == "late@champion");
    // As two reports on the same rows say, resample by resample.
    let options = EvaluateOptions::new().resamples(1000);
    let report = evaluate_with(&large, &test, &options).unwrap();
    let other = evaluate_with(&small, &only(&test, "x"), &options).unwrap();
    let expected: Gate = baseline_gate(&report, &other, &rules).unwrap().against("late@champion");
    assert_eq!(gate, expected);

    models::register(&large, "late", Some("champion")).unwrap();
    let gate = gates::champion(&small, &test, "models:/late@champion", &rules).unwrap();
    let error = gate.clone().require().unwrap_err().to_string();
    assert!(!gate.passed && error.contains("for late@champion; gain -0."), "{error}");
    let old = gates::champion(&large, &test, "late/1", &rules).unwrap();
    assert!(old.passed && old.against == "late/1");
    // The same model again is not better by more than chance.
    assert!(!gates::champion(&large, &test, "late@champion", &rules).unwrap().passed);
    assert!(
        gates::champion(&large, &test, "late@champion", &GateRules::new().no_worse("roc_auc", 0.0)).unwrap().passed
    );
}

#[test]
fn a_gate_writes_nothing_to_the_run() {
    let place = Place::new("silent");
    let test = data(300);
    let model = fit(&test);
    models::register(&model, "late", Some("champion")).unwrap();
    let metrics = || {
        track::flush().unwrap();
        place.run.fetch().unwrap().metrics.len()
    };
    let before = metrics();
    gates::champion(&model, &test, "late@champion", &GateRules::first_metric()).unwrap();
    assert_eq!(metrics(), before);
}

#[test]
fn a_champion_of_another_kind_is_refused_with_what_to_write() {
    let _place = Place::new("other");
    let test = data(400);
    let (model, tree) = (fit(&test), DecisionTree::params().max_depth(2).seed(1).fit(&test).unwrap());
    models::register(&tree, "late", Some("champion")).unwrap();
    let rules = GateRules::first_metric();
    let error = gates::champion(&model, &test, "late@champion", &rules).unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, GateError::OtherType { .. }));
    assert!(
        words.starts_with(
            "late@champion is of type ironbook::learn::DecisionTree, the model of type ironbook::learn::Log"
        ),
        "{words}"
    );
    assert!(words.contains("models::load::<ironbook::learn::DecisionTree>(\"models:/late@champion\")?"), "{words}");
    let loaded = models::load::<DecisionTree>("models:/late@champion").unwrap();
    let gate = gates::against(&model, &loaded, &test, &rules).unwrap();
    assert!(gate.paired && gate.against == "the other model" && gate.checks[0].metric == "roc_auc");
}

#[test]
fn a_champion_that_the_rows_are_nothing_for_is_refused() {
    let _place = Place::new("rows");
    let test = data(400);
    let x = only(&test, "x");
    let model = fit(&x);
    models::register(&fit(&test), "late", Some("champion")).unwrap();
    let rules = GateRules::first_metric();
    let error = gates::champion(&model, &x, "late@champion", &rules).unwrap_err();
    assert!(matches!(&error, GateError::Columns { who, missing } if who == "late@champion" && missing == &["y"]));
    assert!(gates::champion(&model, &test, "late@champion", &rules).is_ok(), "each has its columns");
    let mut other = test.clone();
    other.target_name = "early".to_owned();
    let error = gates::champion(&model, &other, "late@champion", &rules).unwrap_err();
    assert!(matches!(&error, GateError::Target { found, .. } if found == "late"), "{error}");
    let mut text = test.clone();
    text.classes = Some(vec!["no".to_owned(), "yes".to_owned()]);
    let named = fit(&text);
    let error = gates::champion(&named, &text, "late@champion", &rules).unwrap_err();
    assert!(matches!(&error, GateError::Judged { name, .. } if name == "late@champion"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn one_row_is_timed_against_a_limit() {
    let test = data(300);
    let model = fit(&only(&test, "x"));
    let fast = gates::latency(&model, &test.features, Duration::from_secs(60)).unwrap();
    assert!(fast.passed && fast.predictions >= 100 && fast.p50 <= fast.p99 && fast.p99 <= fast.max);
    assert!(!fast.p50.is_zero());
    let slow = gates::latency(&model, &test.features, Duration::from_nanos(1)).unwrap();
    let error = slow.clone().require().unwrap_err();
    assert!(matches!(&error, GateError::Slow { p99, .. } if *p99 == slow.p99));
    assert!(error.to_string().contains("and the limit is 1.000ns"), "{error}");
    let none = gates::latency(&model, &test.features.select_rows(&[]), Duration::from_secs(1));
    assert!(matches!(none, Err(GateError::NoRows)));
    let lacking = gates::latency(&fit(&test), &only(&test, "x").features, Duration::from_secs(1));
    assert!(matches!(lacking, Err(GateError::Columns { missing, .. }) if missing == ["y"]));
}

/// Says how many rows it is given.
struct Counts(Signature, Mutex<Vec<usize>>);

impl Predict for Counts {
    type Task = Regression;
    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).push(features.rows());
        Ok(vec![0.0; features.rows()])
    }
    fn signature(&self) -> Signature {
        self.0.clone()
    }
}

#[test]
fn rows_are_predicted_one_by_one_after_a_warm_up() {
    let test = data(300);
    let model = Counts(Signature::of(&test, None), Mutex::default());
    let latency = gates::latency(&model, &test.features, Duration::from_secs(1)).unwrap();
    let seen = model.1.lock().unwrap();
    assert!(seen.iter().all(|rows| *rows == 1) && seen.len() == latency.predictions + 20);
}

/// numpy.quantile(times, [0.5, 0.99], method="inverted_cdf")
#[test]
fn percentiles_are_those_of_numpy() {
    let ms = |n: u64| Duration::from_millis(n);
    let of = |times: &[u64]| {
        let latency = Latency::of(times.iter().map(|&n| ms(n)).collect(), ms(9)).unwrap();
        (latency.p50.as_millis(), latency.p99.as_millis(), latency.max.as_millis(), latency.passed)
    };
    assert_eq!(of(&[7]), (7, 7, 7, true));
    assert_eq!(of(&[9, 1]), (1, 9, 9, true));
    assert_eq!(of(&[5, 3, 8, 1]), (3, 8, 8, true));
    let mut hundred: Vec<u64> = (1..=100).rev().collect();
    assert_eq!(of(&hundred), (50, 99, 100, false));
    hundred.push(101);
    assert_eq!(of(&hundred), (51, 100, 101, false));
    assert!(matches!(Latency::of(Vec::new(), ms(1)), Err(GateError::NoRows)));
}

#[test]
fn a_latency_is_shown_and_survives_a_file() {
    let times = [1500, 1500, 12_345].map(Duration::from_micros).to_vec();
    let latency = Latency::of(times, Duration::from_millis(5)).unwrap();
    let expected = "\
Latency of one row: not passed
                  time
p50            1.500ms
p99           12.345ms
longest       12.345ms
limit of p99   5.000ms
3 predictions, measured here and now: another run gives other numbers.";
    assert_eq!(latency.bundle().plain(), expected);
    assert!(latency.bundle().get("text/html").unwrap().contains("<td>12.345ms</td>"));
    let text = serde_json::to_string(&latency).unwrap();
    assert_eq!(serde_json::from_str::<Latency>(&text).unwrap(), latency);
}
