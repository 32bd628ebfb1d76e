//! The life of a study: parameters, outcomes, budgets, stopping, resuming.

use ironbook_tune::{
    Budget, Direction, Distribution, Ended, Failure, History, Memory, Outcome, ParamValue, Pruned, Random, Sampler,
    Stop, Study, Tpe, Trial, TrialState, TuneError,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn bowl(trial: &Trial) -> Result<f64, Failure> {
    let x = trial.float("x", -5.0..=5.0);
    let y: usize = trial.int("y", 1..=9);
    let z = trial.categorical("z", ["a", "b"]);
    Ok(x * x + (y as f64 - 4.0).powi(2) + if z == "a" { 1.0 } else { 0.0 })
}

fn study(name: &str) -> Study {
    Study::new(name).sampler(Tpe::params().seed(1)).create().unwrap()
}

#[test]
fn tpe_finds_the_bottom() {
    let study = study("bowl");
    let report = study.optimize(Budget::trials(100), bowl).unwrap();
    assert!(report.best().unwrap().value().unwrap() < 0.3);
    assert_eq!((report.counts().complete, report.ended()), (100, Ended::Trials));
    assert!(report.to_string().contains("best: "), "{report}");
}

#[test]
fn the_best_is_the_largest_when_maximizing() {
    let study = Study::new("up").maximize().sampler(Random::params().seed(1)).create().unwrap();
    study.optimize(Budget::trials(30), |trial| Ok(trial.float("x", 0.0..=1.0))).unwrap();
    let values: Vec<f64> = study.trials().iter().map(|trial| trial.value().unwrap()).collect();
    assert_eq!(study.best().unwrap().value(), values.iter().copied().reduce(f64::max));
    assert!(study.direction().is_better(2.0, 1.0) && Direction::Minimize.is_better(1.0, 2.0));
}

#[test]
fn failures_are_recorded_and_the_study_goes_on() {
    let study = study("failures");
    let report = study.optimize(Budget::trials(40), |trial| {
        let x = trial.float("x", 0.0..=1.0);
        match trial.number() % 5 {
            0 => Err(std::io::Error::other("no luck").into()),
            1 => panic!("number {}", trial.number()),
            2 => Ok(f64::NAN),
            3 => Ok(f64::INFINITY),
            _ => Ok(x),
        }
    });
    let counts = report.unwrap().counts();
    assert_eq!((counts.complete, counts.failed), (16, 24));
    let failure = |number: u32| study.look(|history| history.trials()[number as usize].failure());
    assert_eq!(failure(0).unwrap(), "no luck");
    assert_eq!(failure(6).unwrap(), "panicked: number 6");
    assert_eq!(failure(2).unwrap(), "the objective returned NaN");
    assert_eq!(failure(3), None);
    assert_eq!(study.trials()[3].value(), Some(f64::INFINITY));
}

/// An error that comes from another.
#[derive(Debug, thiserror::Error)]
#[error("the fold failed")]
struct Fold(#[source] Pruned);

#[test]
fn pruned_is_seen_through_other_errors() {
    let study = study("pruned");
    let counts = study.optimize(Budget::trials(4), |trial| {
        trial.report(0, 0.25);
        if trial.number() % 2 == 0 { Err(Fold(Pruned).into()) } else { Err(Pruned.into()) }
    });
    assert_eq!(counts.unwrap().counts().pruned, 4);
    assert_eq!(study.trials()[0].value(), Some(0.25));
}

fn refused(objective: fn(&Trial)) -> String {
    let study = study("refused");
    let run = move |trial: &Trial| {
        objective(trial);
        Ok(0.0)
    };
    let error = study.optimize(Budget::trials(5), run).unwrap_err();
    assert_eq!(study.counts().failed, 1, "{error}");
    error.to_string()
}

#[test]
fn a_wrong_range_is_named_and_ends_the_study() {
    #[allow(clippy::reversed_empty_ranges)]
    let empty = refused(|trial| _ = trial.int("depth", 10..=3));
    assert!(empty.starts_with("parameter \"depth\" has the empty range 10..=3\n"), "{empty}");
    let empty = refused(|trial| _ = trial.int("depth", 3..3));
    assert!(empty.contains("3..=2"), "{empty}");
    let empty = refused(|trial| _ = trial.float("rate", 0.5..0.25));
    assert!(empty.contains("\"rate\" has the empty range 0.5..=0.25"), "{empty}");
    let log = refused(|trial| _ = trial.log_float("rate", 0.0..1.0));
    assert!(log.contains("\"rate\" has the logarithmic range 0.0..=1.0"), "{log}");
    let log = refused(|trial| _ = trial.log_int("n", 0..=9));
    assert!(log.contains("\"n\" has the logarithmic range 0..=9"), "{log}");
    let step = refused(|trial| _ = trial.float_step("drop", 0.0..=1.0, -0.1));
    assert!(step.contains("\"drop\" has steps of -0.1"), "{step}");
    let step = refused(|trial| _ = trial.int_step("n", 0..=9, 0));
    assert!(step.contains("\"n\" has steps of 0"), "{step}");
    let end = refused(|trial| _ = trial.float("x", 0.0..f64::INFINITY));
    assert!(end.contains("\"x\" has the range 0.0..=inf"), "{end}");
    let large = refused(|trial| _ = trial.int("x", 0..=u64::MAX));
    assert!(large.contains("may go up to 2^53"), "{large}");
    let none = refused(|trial| _ = trial.categorical("kind", [0; 0]));
    assert!(none.contains("\"kind\" has no choices"), "{none}");
}

#[test]
fn a_wrong_range_of_a_rare_branch_is_one_failure() {
    let study = study("rare");
    let report = study.optimize(Budget::trials(20), |trial| {
        let last = if trial.number() == 7 { 0 } else { 9 };
        Ok(f64::from(trial.int("n", 1..=last)))
    });
    let report = report.unwrap();
    assert_eq!((report.counts().complete, report.counts().failed), (19, 1));
    assert!(report.failures()[0].1.contains("empty range 1..=0"), "{report}");
}

#[test]
fn ranges_may_move_and_kinds_may_not() {
    let study = study("moving");
    let moving = |trial: &Trial| Ok(trial.float("x", 0.0..=1.0 + f64::from(trial.number() % 4)));
    assert_eq!(study.optimize(Budget::trials(30), moving).unwrap().counts().complete, 30);
    let trial = study.ask().unwrap();
    let incompatible = |name: &str, distribution: Distribution, text: &str| {
        let error = trial.suggest(name, distribution).unwrap_err();
        assert!(matches!(error, TuneError::Incompatible { .. }) && error.to_string().contains(text), "{error}");
    };
    let was = "\"x\" was float 0.0..=1.0 in this study and is now ";
    incompatible("x", Distribution::int("x", (0, 3)).unwrap(), &format!("{was}int 0..=3"));
    incompatible("x", Distribution::log_float("x", (0.1, 1.0)).unwrap(), &format!("{was}log float 0.1..=1.0"));
    let choices = vec![ParamValue::from("a"), ParamValue::from(1)];
    incompatible("x", Distribution::categorical("x", choices).unwrap(), "one of [\"a\", 1]");
    let known =
        |names: [&str; 2]| Distribution::categorical("k", names.into_iter().map(ParamValue::from).collect()).unwrap();
    let other = study.ask().unwrap();
    other.suggest("k", known(["a", "b"])).unwrap();
    incompatible("k", known(["a", "c"]), "was one of [\"a\", \"b\"] in this study and is now one of [\"a\", \"c\"]");
}

#[test]
fn a_trial_answers_the_same_again() {
    let study = study("again");
    let trial = study.ask().unwrap();
    let first = trial.float("x", 0.0..=1.0);
    assert_eq!(trial.float("x", 0.0..=1.0), first);
    assert_eq!(trial.float("x", -1.0..=2.0), first, "also for another range that has it");
    let outside = trial.suggest("x", Distribution::float("x", (5.0, 6.0)).unwrap()).unwrap_err();
    assert!(matches!(outside, TuneError::Outside { .. }), "{outside}");
    assert!(outside.to_string().contains("and now it is to be float 5.0..=6.0"), "{outside}");
    assert_eq!(trial.int("only", 3..=3), 3);
    assert_eq!(trial.categorical("none", [None::<i32>]), None);
    study.tell(&trial, 1.0).unwrap();
    let late = trial.suggest("y", Distribution::float("y", (0.0, 1.0)).unwrap()).unwrap_err();
    assert!(matches!(late, TuneError::NotRunning { number: 0, state: TrialState::Complete }), "{late}");
    assert!(matches!(study.tell(&trial, 2.0), Err(TuneError::NotRunning { .. })));
    assert_eq!(study.best().unwrap().value(), Some(1.0));
}

#[test]
fn all_kinds_of_numbers_can_be_asked_for() {
    let study = Study::new("kinds").sampler(Random::params().seed(3)).create().unwrap();
    for _ in 0..200 {
        let trial = study.ask().unwrap();
        let small: u8 = trial.int("u8", 250..=255);
        assert!(small >= 250);
        let negative: i64 = trial.int("i64", -5..5);
        assert!((-5..5).contains(&negative));
        let even: usize = trial.int_step("even", 0..=9, 2);
        assert!(even.is_multiple_of(2) && even <= 8);
        let log: u32 = trial.log_int("log", 1..=1000);
        assert!((1..=1000).contains(&log));
        let steps = trial.float_step("steps", 0.0..=1.0, 0.25);
        assert!([0.0, 0.25, 0.5, 0.75, 1.0].contains(&steps));
        assert!((1e-3..=0.3).contains(&trial.log_float("rate", 1e-3..0.3)));
        let flag: bool = trial.categorical("flag", [true, false]);
        let half = trial.categorical("half", vec![0.5, 1.5]);
        assert!([0.5, 1.5].contains(&half) && [true, false].contains(&flag));
        study.tell(&trial, Outcome::Failed("enough".to_owned())).unwrap();
    }
    let seen = |name: &str, value: ParamValue| study.trials().iter().any(|t| t.param(name) == Some(value.clone()));
    assert!((250..=255).all(|n| seen("u8", n.into())) && (-5..5).all(|n| seen("i64", n.into())));
    assert!((0..=8).step_by(2).all(|n| seen("even", n.into())) && seen("steps", 1.0.into()));
}

#[test]
fn fixed_trials_answer_what_they_are_given() {
    let study = study("fixed");
    study.optimize(Budget::trials(20), bowl).unwrap();
    let best = study.best().unwrap();
    assert_eq!(Some(bowl(&Trial::again(&best)).unwrap()), best.value());
    let trial = Trial::fixed([("x", 2.5)]);
    assert_eq!(trial.float("x", 0.0..=1.0), 2.5);
    assert!(!trial.should_prune() && trial.step(1, 0.5).is_ok());
    let missing = trial.suggest("y", Distribution::float("y", (0.0, 1.0)).unwrap()).unwrap_err();
    assert!(matches!(missing, TuneError::NotFixed { .. }), "{missing}");
}

#[test]
fn enqueued_trials_come_first() {
    let study = study("queue");
    study.enqueue([("x", 0.5)]).unwrap();
    study.enqueue([("x", ParamValue::from(-1.0)), ("y", 4.into()), ("z", "b".into())]).unwrap();
    assert_eq!(study.counts().waiting, 2);
    study.optimize(Budget::trials(5), bowl).unwrap();
    let trials = study.trials();
    assert_eq!(trials[0].param("x"), Some(0.5.into()));
    assert_eq!(trials[1].value(), Some(1.0));
    assert_eq!((trials.len(), study.counts().complete), (5, 5));
    study.enqueue([("z", "c")]).unwrap();
    let report = study.optimize(Budget::trials(1), bowl).unwrap();
    assert!(report.failures()[0].1.contains("\"z\" is set to \"c\" and is one of"), "{report}");
}

#[test]
fn equal_seeds_give_equal_studies() {
    let values = |seed: u64, name: &str| {
        let study = Study::new(name).sampler(Tpe::params().seed(seed)).create().unwrap();
        study.optimize(Budget::trials(60), bowl).unwrap();
        study.trials().iter().map(|trial| trial.value().unwrap()).collect::<Vec<f64>>()
    };
    assert_eq!(values(5, "a"), values(5, "b"));
    assert_ne!(values(5, "a"), values(6, "a"));
}

#[test]
fn a_study_that_is_resumed_goes_on_as_it_would_have() {
    let whole = study("whole");
    whole.optimize(Budget::trials(80), bowl).unwrap();
    let place = Memory::new();
    let part = || Study::new("part").sampler(Tpe::params().seed(1)).storage(place.clone());
    part().create().unwrap().optimize(Budget::trials(33), bowl).unwrap();
    let resumed = part().resume().unwrap();
    resumed.optimize(Budget::trials(47), bowl).unwrap();
    let values = |study: &Study| study.trials().iter().map(|trial| trial.value().unwrap()).collect::<Vec<f64>>();
    assert_eq!(values(&whole), values(&resumed));
}

#[test]
fn jobs_share_the_trials_of_a_budget() {
    let study = study("jobs");
    let (meet, busy) = (Arc::new(std::sync::Barrier::new(4)), Arc::new(AtomicUsize::new(0)));
    let report = study.optimize(Budget::trials(40).jobs(4), move |trial| {
        // Each waits for three others: they have to run at the same time.
        busy.fetch_max(1, Ordering::Relaxed);
        meet.wait();
        bowl(trial)
    });
    assert_eq!(report.unwrap().counts().complete, 40);
    assert_eq!(study.counts().complete, 40);
    assert!(matches!(study.optimize(Budget::trials(1).jobs(0), bowl), Err(TuneError::Parameter { name: "jobs", .. })));
}

#[test]
fn borrowing_objectives_work_as_well() {
    let study = study("borrowing");
    let data = [1.0, 2.0, 3.0];
    let calls = Mutex::new(0);
    let report = study.optimize_scoped(Budget::trials(20).jobs(2), |trial| {
        *calls.lock().unwrap() += 1;
        let x = trial.float("x", 0.0..=4.0);
        Ok(data.iter().map(|y| (x - y).powi(2)).sum())
    });
    assert_eq!((report.unwrap().counts().complete, *calls.lock().unwrap()), (20, 20));
}

/// Hangs until the end of the process, or of what it is given.
fn hang(door: &Arc<Mutex<Receiver<()>>>) {
    _ = door.lock().unwrap().recv();
}

#[test]
fn a_trial_that_hangs_is_left_behind_and_named() {
    let study = study("hangs");
    let (key, door) = channel::<()>();
    let door = Arc::new(Mutex::new(door));
    let began = Instant::now();
    let budget = Budget::new().timeout(Duration::from_millis(150)).grace(Duration::from_millis(100)).jobs(2);
    let report = study.optimize(budget, move |trial| {
        if trial.number() == 3 {
            hang(&door);
        }
        bowl(trial)
    });
    let report = report.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(report.ended(), Ended::Time);
    let left = &report.left_behind()[0];
    assert_eq!((left.number(), report.left_behind().len()), (3, 1));
    assert!(
        left.thread().starts_with("tune-") && report.to_string().contains("trial 3 did not end within"),
        "{report}"
    );
    let record = &study.trials()[3];
    assert!(record.failure().unwrap().contains("runs on"), "{record:?}");
    assert!(report.counts().complete > 3, "the others went on");
    // What it returns later changes nothing.
    drop(key);
    assert_eq!(study.counts().running, 0);
    study.optimize(Budget::trials(2), bowl).unwrap();
    assert_eq!(study.trials()[3].state(), TrialState::Fail);
}

#[test]
fn time_ends_a_study_whose_trials_look_at_it() {
    let study = study("time");
    let report = study.optimize(Budget::time(Duration::from_millis(50)), |trial| {
        while !trial.should_stop() {
            std::thread::yield_now();
        }
        Ok(1.0)
    });
    let report = report.unwrap();
    assert_eq!((report.counts().complete, report.ended(), report.left_behind().len()), (1, Ended::Time, 0));
}

#[test]
fn a_scoped_trial_ends_when_it_reports_too_late() {
    let study = study("too late");
    let budget = Budget::time(Duration::from_millis(20)).grace(Duration::from_millis(20));
    let report = study.optimize_scoped(budget, |trial| {
        for step in 0.. {
            trial.report(step % 3, 0.0);
        }
        Ok(0.0)
    });
    assert_eq!(report.unwrap().counts().failed, 1);
}

#[test]
fn stopping_keeps_everything() {
    let study = study("stopped");
    let stop = Stop::new();
    let button = stop.clone();
    let report = study.optimize(Budget::new().stop(&stop), move |trial| {
        if trial.number() == 20 {
            button.stop();
        }
        bowl(trial)
    });
    let report = report.unwrap();
    assert_eq!(report.ended(), Ended::Stopped);
    assert!(study.counts().complete >= 20 && report.counts().complete == study.counts().complete);
    assert!(stop.is_stopped());
}

#[test]
fn a_watcher_sees_the_study_grow() {
    let study = study("watched");
    let mut seen = Vec::new();
    let budget = Budget::trials(200).watch(|view| {
        let best = view.history().best().and_then(ironbook_tune::TrialRecord::value);
        seen.push((view.ended(), best));
        assert_eq!(view.trials(), Some(200));
        assert!(view.left().is_some() || view.ended() == 0);
    });
    study.optimize(budget, bowl).unwrap();
    let last = seen.last().unwrap();
    assert_eq!(*last, (200, study.best().unwrap().value()));
    assert!(seen.is_sorted_by_key(|view| view.0));
}

#[test]
fn reports_are_kept_by_step() {
    let study = study("reports");
    let trial = study.ask().unwrap();
    for (step, value) in [(3, 0.3), (1, f64::NAN), (3, 9.0), (2, 0.2)] {
        trial.report(step, value);
    }
    trial.note("why", "to see");
    let record = trial.record().unwrap();
    assert_eq!(record.reports()[1..], [(2, 0.2), (3, 0.3)]);
    assert!(record.reports()[0].1.is_nan());
    assert_eq!(record.user_attributes()["why"], "\"to see\"");
    study.tell(&trial, Outcome::Pruned).unwrap();
    assert_eq!(study.trials()[0].value(), Some(0.3));
}

#[test]
fn whole_numbers_that_their_type_does_not_have_are_refused() {
    let study = study("narrow");
    let objective =
        |trial: &Trial| Ok(trial.int::<usize>("n", 1..=9) as f64 + f64::from(trial.int::<u8>("small", 0..=9)));
    study.optimize(Budget::trials(1), objective).unwrap();
    for (name, value) in [("n", ParamValue::from(-1)), ("n", 2.5.into()), ("small", 1000.into()), ("n", 7.into())] {
        study.enqueue([(name, value)]).unwrap();
    }
    let report = study.optimize(Budget::trials(4), objective).unwrap();
    let why: Vec<&str> = report.failures().iter().map(|failure| failure.1.lines().next().unwrap()).collect();
    assert_eq!(
        why,
        [
            "parameter \"n\" is set to -1 and is int 1..=9",
            "parameter \"n\" is set to 2.5 and is int 1..=9",
            "parameter \"small\" is set to 1000 and is int 0..=9",
        ]
    );
    assert_eq!((report.counts().complete, study.trials()[4].param("n")), (1, Some(7.into())));
}

/// A sampler of a user's with a fault.
struct Faulty(&'static str);

impl Sampler for Faulty {
    fn begin(&mut self, _: &History, number: u32) -> Vec<(String, String)> {
        assert!(number < 3 || self.0 != "begin", "no place for {number}");
        Vec::new()
    }

    fn choose(&mut self, _: &History, _: u32, _: &str, _: &Distribution) -> Result<f64, TuneError> {
        Ok(1.0)
    }

    fn is_exhausted(&mut self, history: &History) -> bool {
        assert!(history.trials().len() < 3 || self.0 != "is_exhausted", "nobody knows");
        false
    }
}

/// Does it elsewhere, for no longer than a minute.
fn within_a_minute<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(call()));
    receiver.recv_timeout(Duration::from_secs(60)).expect("it ends")
}

#[test]
fn a_sampler_that_panics_ends_the_study_and_loses_nothing() {
    for (fault, why) in [("begin", "no place for 3"), ("is_exhausted", "nobody knows")] {
        let study = Study::new(fault).sampler(Faulty(fault)).create().unwrap();
        let run = study.clone();
        let error = within_a_minute(move || run.optimize(Budget::new().jobs(1), bowl).unwrap_err());
        assert!(matches!(&error, TuneError::Sampler { why: said } if said == why), "{error}");
        let counts = study.counts();
        assert_eq!((counts.complete, counts.running), (3, 0), "{counts:?}");
    }
}

#[test]
fn a_watcher_that_panics_ends_the_study() {
    let study = study("watcher");
    let run = study.clone();
    let ended = within_a_minute(move || {
        let budget = Budget::new().jobs(2).watch(|view| assert!(view.ended() < 5, "enough"));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.optimize_scoped(budget, bowl))).is_err()
    });
    assert!(ended && study.counts().complete >= 5);
}

#[test]
fn a_study_that_is_resumed_with_another_space_says_so_at_once() {
    let study = study("space");
    study.optimize(Budget::trials(20), bowl).unwrap();
    let error =
        study.optimize(Budget::trials(50), |trial| Ok(f64::from(u8::from(trial.categorical("z", ["a", "c"]) == "a"))));
    assert!(matches!(error, Err(TuneError::Incompatible { .. })), "{error:?}");
    assert_eq!((study.counts().complete, study.counts().failed), (20, 1), "not fifty failures");
}

#[test]
fn more_jobs_than_trials_and_names_with_quotes() {
    let study = Study::new("it's \"late\"; DROP TABLE studies").sampler(Random::params().seed(1)).create().unwrap();
    let report = study.optimize(Budget::trials(2).jobs(16), bowl).unwrap();
    assert_eq!((report.counts().complete, report.ended()), (2, Ended::Trials));
    let folder = tempfile::tempdir().unwrap();
    let mut file = ironbook_tune::Sqlite::open(folder.path().join("study.db")).unwrap();
    study.copy_to(&mut file).unwrap();
    let values = |study: &Study| study.trials().iter().map(ironbook_tune::TrialRecord::value).collect::<Vec<_>>();
    assert_eq!(values(&Study::new(study.name()).storage(file).resume().unwrap()), values(&study));
}
