//! Searches as `%%tune` makes them, without a session.

use ironbook::prelude::*;
use ironbook::tune::{Best, Direction, GridParams, Study, Trial, TuneError};
use ironbook::tuning::{self, Search, TuningError};
use ironbook_core::keep::{Known, known};
use std::any::TypeId;
use std::sync::atomic::{AtomicUsize, Ordering};

fn search(name: &str) -> Search<'static> {
    Search::new(name, Direction::Minimize, "loss").seed(1)
}

#[test]
fn code_may_end_in_any_number_or_result() {
    assert_eq!(tuning::value(0.5).unwrap(), 0.5);
    assert_eq!(tuning::value(0.5f32).unwrap(), 0.5);
    assert_eq!(tuning::value(3u8).unwrap(), 3.0);
    assert_eq!(tuning::value(Ok::<_, String>(2)).unwrap(), 2.0);
    assert_eq!(tuning::value(Err::<f64, _>("no".to_owned())).unwrap_err().chain, ["no"]);
    let boxed: Result<f64, Box<dyn std::error::Error>> = Err("boxed".into());
    assert_eq!(tuning::value(boxed).unwrap_err().chain, ["boxed"]);
    assert_eq!(tuning::result(Ok(4usize)).unwrap(), 4.0);
}

#[test]
fn the_code_borrows_what_is_around_it() {
    let (target, calls) = (1.5, AtomicUsize::new(0));
    let run = || {
        search("borrows").trials(40).run(|trial: &Trial| {
            calls.fetch_add(1, Ordering::Relaxed);
            tuning::value((trial.float("x", -5.0..=5.0) - target).powi(2))
        })
    };
    let (best, again) = (run().unwrap(), run().unwrap());
    assert_eq!(calls.load(Ordering::Relaxed), 80);
    assert!(best.value() < 0.5 && best == again, "same seed, same study: {best:?} {again:?}");
}

#[test]
fn a_study_in_memory_goes_on() {
    let run = |search: Search<'static>| search.run(|trial: &Trial| tuning::value(trial.float("x", 0.0..=1.0))).unwrap();
    run(search("goes-on").trials(10));
    run(search("goes-on").trials(25).resume());
    let study = tuning::study("goes-on").unwrap();
    assert_eq!(study.counts().complete, 25);
    let whole = run(search("whole").trials(25));
    let (a, b) = (study.trials(), tuning::study("whole").unwrap().trials());
    assert!(a.iter().zip(&b).all(|(a, b)| a.params() == b.params()), "as if it had not been ended in between");
    assert_eq!(whole.value(), study.best().unwrap().value().unwrap());
    run(search("goes-on").trials(5));
    assert_eq!(tuning::study("goes-on").unwrap().counts().complete, 5, "without `resume` it begins anew");
    assert!(matches!(tuning::study("gone"), Err(TuningError::NoStudy { .. })));
}

#[test]
fn what_has_no_value_is_explained() {
    let failing = |why: &'static str| {
        search("failing").trials(3).run(move |_: &Trial| tuning::value(Err::<f64, _>(why))).unwrap_err()
    };
    assert_eq!(
        failing("no data").to_string(),
        "none of the 3 trials has a value: all failed\ntrial 0 was the first that failed: no data"
    );
    let pruned = search("pruned").trials(3).median().run(|trial: &Trial| {
        trial.report(0, 1.0);
        tuning::value(Err::<f64, _>(tune::Pruned))
    });
    assert!(matches!(pruned, Err(TuningError::AllPruned { trials: 3 })), "{pruned:?}");
    let grid = search("grid").grid(GridParams::default()).run(|_: &Trial| tuning::value(1));
    assert!(matches!(grid, Err(TuningError::NoGrid)), "{grid:?}");
    let (low, high) = (3, 1);
    let empty = search("empty").run(|trial: &Trial| tuning::value(trial.int("n", low..=high)));
    assert!(empty.unwrap_err().to_string().contains("the empty range 3..=1"));
    let address = search("address").storage("mysql://x").run(|_: &Trial| tuning::value(1));
    assert!(matches!(address, Err(TuningError::Tune(TuneError::Address { .. }))), "{address:?}");
}

/// Whatever error code makes of it, a trial that was told to end early counts as pruned.
#[test]
fn folds_tell_the_pruner() {
    let x: Vec<f64> = (0..200).map(|i| f64::from(i % 13)).collect();
    let y: Vec<bool> = x.iter().enumerate().map(|(i, x)| *x > 6.0 || i % 7 == 0).collect();
    let train = Dataset::new(&df!["x" => x, "y" => y].unwrap(), &["x"], "y").unwrap();
    let code = |trial: &Trial| {
        let inner = || -> Result<f64, String> {
            let params = LogisticRegression::params().c(trial.log_float("c", 1e-6..10.0));
            let scores = cross_validate_pruned(&params, &train, KFold::new(4), trial).map_err(|e| e.to_string())?;
            scores.mean("log_loss").map_err(|e| e.to_string())
        };
        tuning::value(inner())
    };
    Search::new("folds", Direction::Minimize, "log_loss").trials(30).median().seed(2).run(code).unwrap();
    let study = tuning::study("folds").unwrap();
    let counts = study.counts();
    assert!(counts.pruned > 0 && counts.failed == 0 && counts.complete + counts.pruned == 30, "{counts:?}");
    for trial in study.trials() {
        let params = LogisticRegression::params().c(trial.param("c").unwrap().as_f64().unwrap());
        let whole = cross_validate(&params, &train, &KFold::new(4)).unwrap();
        let folds = &whole.metric("log_loss").unwrap().folds;
        for (step, value) in trial.reports() {
            let mean = folds[..=*step as usize].iter().sum::<f64>() / (*step + 1) as f64;
            assert_eq!(*value, mean, "trial {} at fold {step}", trial.number());
        }
        let last = trial.reports().last().unwrap();
        let complete = trial.state() == tune::TrialState::Complete;
        assert_eq!(complete, last.0 == 3, "after the last fold nothing is left to end");
        assert!(!complete || trial.value() == Some(whole.mean("log_loss").unwrap()));
    }
    let unnamed = Study::new("unnamed").create().unwrap();
    let trial = unnamed.ask().unwrap();
    let refused = cross_validate_pruned(&LogisticRegression::params(), &train, KFold::new(4), &trial).unwrap_err();
    assert!(refused.to_string().contains("does not say which metric it seeks"), "{refused}");
    let fixed = Trial::fixed([("c", 1.0)]);
    let alone = cross_validate_pruned(&LogisticRegression::params(), &train, KFold::new(4), &fixed).unwrap();
    assert_eq!(alone.metrics, cross_validate(&LogisticRegression::params(), &train, &KFold::new(4)).unwrap().metrics);
}

#[test]
fn a_winner_is_kept_and_a_study_is_not() {
    ironbook::init();
    let best = search("kept").trials(5).run(|trial: &Trial| tuning::value(trial.float("x", 0.1..=0.3))).unwrap();
    let Some(Known::Kept(keeper)) = known(TypeId::of::<Best>()) else { panic!("no keeper") };
    let mut bytes = Vec::new();
    keeper.write(&best, &mut bytes).unwrap();
    assert_eq!(*keeper.read(&bytes).unwrap().downcast::<Best>().unwrap(), best);
    assert!(matches!(known(TypeId::of::<Study>()), Some(Known::Never(why)) if why.contains("--storage")));
}

#[test]
fn errors_tell_their_causes() {
    ironbook::init();
    let failed = search("causes").trials(1).run(|_: &Trial| {
        let source = Box::new(eval::EvalError::NoFolds);
        tuning::value(Err::<f64, _>(eval::EvalError::InFold { fold: 2, source }))
    });
    let said = failed.unwrap_err().to_string();
    assert_eq!(said.matches("there are no folds").count(), 1, "{said}");
    assert!(said.contains("fold 2: there are no folds"), "{said}");
}
