//! What every storage and every sampler has to do.

use ironbook_tune::{
    Asha, Budget, Direction, Failure, Grid, IntoSampler, Memory, Outcome, Random, Sampler, Sqlite, Storage, Study,
    StudyBuilder, Tpe, Trial, TrialRecord, TrialState, TuneError,
};
use std::path::PathBuf;
use std::time::Duration;

/// A place for studies that can be opened again and again, as by several processes.
enum Place {
    Memory(Memory),
    Sqlite(PathBuf, #[allow(dead_code)] tempfile::TempDir),
}

impl Place {
    fn all() -> [Place; 2] {
        let folder = tempfile::tempdir().unwrap();
        [Place::Memory(Memory::new()), Place::Sqlite(folder.path().join("study.db"), folder)]
    }

    fn open(&self) -> Box<dyn Storage> {
        match self {
            Place::Memory(memory) => Box::new(memory.clone()),
            Place::Sqlite(path, _) => Box::new(Sqlite::open(path).unwrap()),
        }
    }

    fn study(&self, name: &str) -> StudyBuilder {
        let study = Study::new(name).sampler(Random::params().seed(1));
        match self {
            Place::Memory(memory) => study.storage(memory.clone()),
            Place::Sqlite(path, _) => study.storage(Sqlite::open(path).unwrap()),
        }
    }
}

fn same(a: &TrialRecord, b: &TrialRecord) {
    assert_eq!(
        (a.number(), a.state(), a.params(), a.started(), a.ended()),
        (b.number(), b.state(), b.params(), b.started(), b.ended())
    );
    let bits = |record: &TrialRecord| record.reports().iter().map(|r| (r.0, r.1.to_bits())).collect::<Vec<_>>();
    assert_eq!((a.value().map(f64::to_bits), bits(a)), (b.value().map(f64::to_bits), bits(b)));
    assert_eq!((a.user_attributes(), a.system_attributes()), (b.user_attributes(), b.system_attributes()));
}

#[test]
fn studies_are_created_once_and_found_by_name() {
    for place in Place::all() {
        assert_eq!(place.open().studies().unwrap(), []);
        place.study("a").maximize().create().unwrap();
        let b = place.study("b").create().unwrap();
        b.optimize(Budget::trials(3), |trial| Ok(trial.float("x", 0.0..=1.0))).unwrap();
        let taken = place.study("a").create().unwrap_err();
        assert!(matches!(&taken, TuneError::Exists { name, .. } if name == "a"), "{taken}");
        let studies = place.open().studies().unwrap();
        let listed: Vec<_> = studies.iter().map(|s| (s.name.as_str(), s.directions.as_slice(), s.trials)).collect();
        assert_eq!(listed, [("a", &[Direction::Maximize][..], 0), ("b", &[Direction::Minimize][..], 3)]);
        assert_eq!(place.study("a").resume().unwrap().direction(), Direction::Maximize);
        assert_eq!(place.study("a").open().unwrap().direction(), Direction::Maximize);
        assert_eq!(place.study("c").open().unwrap().counts().complete, 0);
        let other = place.study("a").minimize().open().unwrap_err();
        assert!(matches!(other, TuneError::Direction { was: "maximize", .. }), "{other}");
        let none = place.study("x").resume().unwrap_err();
        assert!(none.to_string().contains("it has \"a\", \"b\", \"c\""), "{none}");
    }
}

#[test]
fn a_study_keeps_to_its_metric() {
    for place in Place::all() {
        place.study("auc").maximize().metric("roc_auc").create().unwrap();
        let other = place.study("auc").metric("accuracy").resume().unwrap_err();
        assert!(matches!(&other, TuneError::Metric { was, is, .. } if was == "roc_auc" && is == "accuracy"), "{other}");
        assert!(place.study("auc").metric("accuracy").open().is_err());
        let resumed = place.study("auc").resume().unwrap();
        assert_eq!(resumed.metric(), Some("roc_auc"), "who does not say is told");
        let mut copy = Memory::new();
        resumed.copy_to(&mut copy).unwrap();
        assert_eq!(Study::new("auc").storage(copy).resume().unwrap().metric(), Some("roc_auc"));
        // One without a name can be called anything.
        place.study("plain").create().unwrap();
        assert_eq!(place.study("plain").metric("loss").resume().unwrap().metric(), Some("loss"));
    }
}

#[test]
fn all_of_a_trial_comes_back() {
    for place in Place::all() {
        let study = place.study("all").pruner(Asha::params().min_resource(1)).create().unwrap();
        let outcomes = [
            Outcome::Complete(0.1),
            Outcome::Complete(f64::INFINITY),
            Outcome::Complete(f64::NEG_INFINITY),
            Outcome::Complete(f64::NAN),
            Outcome::Complete(5e-324),
            Outcome::Failed("why: \"quoted\" \u{fc}\n\0".to_owned()),
            Outcome::Pruned,
        ];
        for outcome in outcomes {
            let trial = study.ask().unwrap();
            trial.float("x", -1.0..=1.0);
            trial.log_float("rate", 1e-300..1e300);
            trial.float_step("step", 0.0..=1.0, 0.1);
            trial.int("n", -(1i64 << 53)..=1 << 53);
            trial.log_int("log", 1..=1_000_000);
            trial.categorical("name of \u{1f980}", ["a", "\"b\"", "\u{1f980}"]);
            trial.categorical("mixed", [None, Some(2.5), Some(0.0)]);
            for (step, value) in [(0, f64::NAN), (1, f64::INFINITY), (2, f64::NEG_INFINITY), (7, 1.0 / 3.0)] {
                trial.report(step, value);
                trial.should_prune();
            }
            trial.note("note", "text");
            trial.note("note", 2.0);
            study.tell(&trial, outcome).unwrap();
        }
        study.enqueue([("x", 0.5)]).unwrap();
        drop(study.ask().unwrap());
        study.enqueue([("x", 0.25)]).unwrap();
        let found = place.study("all").resume().unwrap();
        assert_eq!(found.trials().len(), 9);
        study.trials().iter().zip(&found.trials()).for_each(|(a, b)| same(a, b));
        assert_eq!(found.counts(), study.counts());
        assert_eq!(found.best().unwrap().value(), Some(f64::NEG_INFINITY));
        assert_eq!(found.trials()[5].failure().unwrap(), "why: \"quoted\" \u{fc}\n\0");
        let states: Vec<TrialState> = found.trials().iter().map(TrialRecord::state).collect();
        assert_eq!(states[7..], [TrialState::Running, TrialState::Waiting]);
        // And once more into another place.
        let copy = Memory::new();
        found.copy_to(&mut copy.clone()).unwrap();
        let copied = Study::new("all").storage(copy).resume().unwrap();
        found.trials().iter().zip(&copied.trials()).for_each(|(a, b)| same(a, b));
    }
}

#[test]
fn two_hands_on_one_study_see_each_other() {
    for place in Place::all() {
        let (a, b) = (place.study("shared").create().unwrap(), place.study("shared").resume().unwrap());
        let other = place.study("other").create().unwrap();
        for round in 0..30u32 {
            let (x, y) = (a.ask().unwrap(), b.ask().unwrap());
            other.tell(&other.ask().unwrap(), 0.0).unwrap();
            assert_eq!((x.number(), y.number()), (2 * round, 2 * round + 1));
            let value = x.float("x", 0.0..=1.0);
            y.float("x", 0.0..=1.0);
            b.tell(&y, 2.0).unwrap();
            a.tell(&x, value).unwrap();
        }
        a.refresh().unwrap();
        b.refresh().unwrap();
        assert_eq!((a.counts().complete, b.counts().complete), (60, 60));
        a.trials().iter().zip(&b.trials()).for_each(|(a, b)| same(a, b));
        assert_eq!(a.best().unwrap(), b.best().unwrap());
    }
}

#[test]
fn an_enqueued_trial_is_begun_by_one() {
    for place in Place::all() {
        let (a, b) = (place.study("queue").create().unwrap(), place.study("queue").resume().unwrap());
        a.enqueue([("x", 0.25)]).unwrap();
        b.refresh().unwrap();
        let (x, y) = (b.ask().unwrap(), a.ask().unwrap());
        assert_eq!((x.number(), y.number()), (0, 1));
        assert_eq!(x.float("x", 0.0..=1.0), 0.25);
        assert_ne!(y.float("x", 0.0..=1.0), 0.25);
    }
}

#[test]
fn a_trial_ends_once() {
    for place in Place::all() {
        let study = place.study("once").create().unwrap();
        let trial = study.ask().unwrap();
        let mut other = place.open();
        let id = other.studies().unwrap()[0].id;
        let record = other.news(id, -1, &[]).unwrap().remove(0);
        assert_eq!(record.state(), TrialState::Running);
        let end = ironbook_tune::Change::Finish {
            trial: record.id(),
            state: TrialState::Fail,
            value: None,
            at: chrono::Utc::now(),
        };
        assert!(other.write(std::slice::from_ref(&end)).unwrap());
        assert!(!other.write(&[end]).unwrap(), "it has ended");
        study.refresh().unwrap();
        let late = study.tell(&trial, 1.0).unwrap_err();
        assert!(matches!(late, TuneError::NotRunning { state: TrialState::Fail, .. }), "{late}");
    }
}

#[test]
fn a_trial_that_said_it_lives_is_missed() {
    for place in Place::all() {
        let mut storage = place.open();
        let study = storage.create_study("alive", Direction::Minimize).unwrap();
        let record = TrialRecord::begun(chrono::Utc::now());
        let (quiet, _) = storage.add_trial(study, &record, false).unwrap();
        let (alive, _) = storage.add_trial(study, &record, true).unwrap();
        assert_ne!(quiet, alive);
        storage.beat(&[alive]).unwrap();
        assert!(storage.silent(study, Duration::from_secs(1000)).unwrap().is_empty());
        if let Place::Sqlite(path, _) = &place {
            let past = "UPDATE trial_heartbeats SET heartbeat = datetime('now', '-2 minutes')";
            rusqlite::Connection::open(path).unwrap().execute_batch(past).unwrap();
            assert_eq!(storage.silent(study, Duration::from_secs(60)).unwrap(), [alive]);
            let resumed = place.study("alive").resume().unwrap();
            let states: Vec<TrialState> = resumed.trials().iter().map(TrialRecord::state).collect();
            assert_eq!(states, [TrialState::Running, TrialState::Fail], "who never said so may be alive");
        } else {
            assert_eq!(storage.silent(study, Duration::ZERO).unwrap(), [alive]);
        }
    }
}

/// Every sampler, by a name for messages.
fn samplers(seed: u64) -> Vec<(&'static str, Box<dyn Sampler>)> {
    vec![
        ("random", Random::params().seed(seed).into_sampler().unwrap()),
        ("tpe", Tpe::params().seed(seed).into_sampler().unwrap()),
        ("tpe, one by one", Tpe::params().seed(seed).multivariate(false).into_sampler().unwrap()),
        ("tpe, no lies", Tpe::params().seed(seed).constant_liar(false).into_sampler().unwrap()),
        ("tpe, no start", Tpe::params().seed(seed).n_startup_trials(0).into_sampler().unwrap()),
        ("tpe, one candidate", Tpe::params().seed(seed).n_ei_candidates(1).into_sampler().unwrap()),
        ("tpe as in Optuna", Tpe::params().seed(seed).optuna_stream().into_sampler().unwrap()),
    ]
}

/// Ranges of all kinds, the most extreme ones among them.
fn wild(trial: &Trial) -> Result<f64, Failure> {
    let n = trial.number();
    let within = |value: f64, low: f64, high: f64| {
        assert!((low..=high).contains(&value), "{value} is not from {low} to {high}");
        value
    };
    let mut sum = within(trial.float("tiny", 0.0..=5e-324), 0.0, 5e-324);
    sum += within(trial.float("huge", -8e307..=8e307), -8e307, 8e307) / 1e308;
    sum += within(trial.log_float("log", 5e-324..1.7e308), 5e-324, 1.7e308).ln() / 1e3;
    sum += within(trial.log_float("narrow", 1.0..=1.0 + f64::EPSILON), 1.0, 1.0 + f64::EPSILON);
    sum += within(trial.float("single", 2.5..=2.5), 2.5, 2.5);
    sum += within(trial.float_step("steps", -0.3..=0.3, 0.1), -0.3, 0.3);
    let large: i64 = trial.int("large", -(1 << 53)..=1 << 53);
    assert!(large.abs() <= 1 << 53);
    let small: u8 = trial.int("small", 0..=1);
    let log: u64 = trial.log_int("log int", 1..=1 << 53);
    sum += f64::from(small) + (log as f64).ln() / 40.0;
    sum +=
        within(trial.float("moves", f64::from(n % 3)..=f64::from(n % 3 + 1)), f64::from(n % 3), f64::from(n % 3 + 1));
    match trial.categorical("branch", [Some("deep"), Some("wide"), None]) {
        Some("deep") => sum += f64::from(trial.int_step("depth", 2..=9, 3)),
        Some(_) => sum += trial.float("width", 0.0..=9.0),
        None => {}
    }
    if n % 9 == 4 { Err(Failure::new("sometimes")) } else { Ok(sum) }
}

#[test]
fn samplers_keep_to_every_range() {
    for (name, sampler) in samplers(11) {
        let study = Study::new(name).sampler(sampler).create().unwrap();
        let report = study.optimize(Budget::trials(150), wild).unwrap();
        assert_eq!((report.counts().complete, report.counts().failed), (133, 17), "{name}: {report}");
        for trial in study.trials() {
            for param in trial.params() {
                assert!(param.distribution().contains(param.internal()), "{name}: {param:?}");
            }
        }
    }
}

#[test]
fn samplers_repeat_themselves_for_a_seed_and_only_then() {
    let values = |sampler: Box<dyn Sampler>, jobs: usize| {
        let study = Study::new("seeds").sampler(sampler).create().unwrap();
        study.optimize(Budget::trials(50).jobs(jobs), wild).unwrap();
        assert_eq!(study.trials().len(), 50);
        study.trials().iter().map(|trial| trial.value().map(f64::to_bits)).collect::<Vec<_>>()
    };
    let all = |seed: u64| samplers(seed).into_iter().map(|(_, sampler)| values(sampler, 1)).collect::<Vec<_>>();
    let (once, again, other) = (all(3), all(3), all(4));
    assert_eq!(once, again);
    once.iter().zip(&other).for_each(|(once, other)| assert_ne!(once, other));
    samplers(3).into_iter().for_each(|(_, sampler)| _ = values(sampler, 4));
}

#[test]
fn a_sampler_knows_what_another_process_has_done() {
    for place in Place::all() {
        let whole = place.study("alone").sampler(Tpe::params().seed(2)).create().unwrap();
        whole.optimize(Budget::trials(40), wild).unwrap();
        let hands: Vec<Study> =
            (0..2).map(|_| place.study("in turns").sampler(Tpe::params().seed(2)).open().unwrap()).collect();
        for i in 0..40 {
            hands[i % 2].optimize(Budget::trials(1), wild).unwrap();
        }
        hands[0].refresh().unwrap();
        let values = |study: &Study| study.trials().iter().map(TrialRecord::value).collect::<Vec<_>>();
        assert_eq!(values(&whole), values(&hands[0]), "as if one had done all");
    }
}

/// The four-thousandth trial costs what the tenth does: it took five milliseconds when each looked at all before it.
#[test]
fn a_large_grid_is_walked_as_fast_as_a_small_one() {
    let began = std::time::Instant::now();
    let study = Study::new("large").sampler(Grid::params().values("x", 0..4000)).create().unwrap();
    let report = study.optimize(Budget::new().jobs(2), |trial| Ok(f64::from(trial.int("x", 0..4000)))).unwrap();
    assert_eq!((report.counts().complete, report.ended()), (4000, ironbook_tune::Ended::Exhausted));
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
}

#[test]
fn a_grid_is_walked_once_by_all_together() {
    let grid = || Grid::params().values("x", [1, 2, 3]).values("kind", ["a", "b"]).values("rate", [0.1, 0.2]);
    let objective = |trial: &Trial| {
        let kind = trial.categorical("kind", ["a", "b", "c"]);
        let value = f64::from(trial.int("x", 0..=9)) + trial.float("rate", 0.0..=1.0);
        if kind == "a" && trial.number().is_multiple_of(3) { Err(Failure::new("no")) } else { Ok(value) }
    };
    for place in Place::all() {
        let hands: Vec<Study> = (0..2).map(|_| place.study("grid").sampler(grid()).open().unwrap()).collect();
        hands[0].optimize(Budget::trials(5), objective).unwrap();
        let report = hands[1].optimize(Budget::new().jobs(2), objective).unwrap();
        assert_eq!(report.ended(), ironbook_tune::Ended::Exhausted, "{report}");
        let mut seen: Vec<String> = hands[1].trials().iter().map(|trial| format!("{:?}", trial.params())).collect();
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), hands[1].trials().len()), (12, 12));
        assert_eq!(hands[0].optimize(Budget::new(), objective).unwrap().counts().complete, 0);
    }
    let other = Study::new("other").sampler(grid()).create().unwrap();
    let missing = other.optimize(Budget::new(), |trial| Ok(trial.float("y", 0.0..=1.0))).unwrap_err();
    assert!(missing.to_string().contains("\"y\" is not in the grid (kind, rate, x)"), "{missing}");
    let unfit = Study::new("unfit").sampler(Grid::params().values("x", ["a"])).create().unwrap();
    let unfit = unfit.optimize(Budget::new(), |trial| Ok(trial.float("x", 0.0..=1.0))).unwrap_err();
    assert!(matches!(unfit, TuneError::Unfit { .. }), "{unfit}");
    let outside = Study::new("outside").sampler(Grid::params().values("x", [1, 7, 1])).create().unwrap();
    let outside =
        outside.optimize(Budget::new(), |trial| Ok(f64::from(trial.int("x", 6..=9)))).map(|report| report.counts());
    match outside {
        // Which of the two comes first is the seed's; a value that stands twice is tried once.
        Ok(counts) => assert_eq!((counts.complete, counts.failed), (1, 1)),
        Err(error) => assert!(matches!(error, TuneError::Outside { .. }), "{error}"),
    }
    assert!(matches!(Grid::params().values("x", [0; 0]).build(), Err(TuneError::NoChoices { .. })));
    let most = Grid::params().values("x", 0..10_000).values("y", 0..10_000).build();
    assert!(matches!(most, Err(TuneError::Parameter { name: "grid", .. })));
}
