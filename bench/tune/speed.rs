//! Seconds of studies: TPE in memory and on SQLite, and what single trials cost late in a study. One JSON line per figure.
//!
//!     cargo run -p ironbook-tune --example tune_speed

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use ironbook_tune::{Budget, Failure, Sqlite, Study, StudyBuilder, Tpe, Trial};
use std::time::Instant;

fn objective(n: usize) -> impl Fn(&Trial) -> Result<f64, Failure> + Send + Sync + 'static {
    move |trial| Ok((0..n).map(|i| (trial.float(&format!("x{i}"), -5.0..=5.0) - (i % 3) as f64).powi(2)).sum())
}

fn study(storage: Option<Sqlite>, params: usize, trials: usize, multivariate: bool) -> (f64, f64) {
    let study = Study::new("speed").sampler(Tpe::params().seed(0).multivariate(multivariate));
    let began = Instant::now();
    let study = match storage {
        Some(storage) => study.storage(storage).create().unwrap(),
        None => study.create().unwrap(),
    };
    study.optimize(Budget::trials(trials), objective(params)).unwrap();
    (began.elapsed().as_secs_f64(), study.best().unwrap().value().unwrap())
}

fn say(what: &str, seconds: f64, best: f64) {
    println!("{{\"what\": \"{what}\", \"s\": {seconds:.4}, \"best\": {best:.4}}}");
}

/// What an objective reads, as any training does: what a study kept in the caches is gone when it is told.
fn work(memory: &mut [u64]) -> u64 {
    memory.iter_mut().for_each(|each| *each = each.wrapping_add(1));
    memory[0]
}

/// Medians around each number, in microseconds: asking with its parameters, telling, and telling after work.
fn late(study: StudyBuilder, params: usize, around: &[usize]) -> Vec<[f64; 3]> {
    let study = study.sampler(Tpe::params().seed(0)).create().unwrap();
    let objective = objective(params);
    let mut memory = vec![0; 8 << 20];
    let last = around.iter().max().unwrap() + 100;
    let mut costs = Vec::with_capacity(last);
    for number in 0..last {
        let began = Instant::now();
        let trial = study.ask().unwrap();
        let value = objective(&trial).unwrap();
        let asked = began.elapsed();
        let worked = number % 2 == 0 && around.iter().any(|each| number.abs_diff(*each) <= 100);
        if worked {
            std::hint::black_box(work(&mut memory));
        }
        let began = Instant::now();
        study.tell(&trial, value).unwrap();
        costs.push((asked.as_secs_f64() * 1e6, began.elapsed().as_secs_f64() * 1e6, worked));
    }
    let median = |values: &mut dyn Iterator<Item = f64>| {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let at = |number: &usize| {
        let near = &costs[number - 100..number + 100];
        let told = |worked: bool| median(&mut near.iter().filter(|cost| cost.2 == worked).map(|cost| cost.1));
        [median(&mut near.iter().map(|cost| cost.0)), told(false), told(true)]
    };
    around.iter().map(at).collect()
}

fn main() {
    let folder = std::env::temp_dir().join(format!("ironbook-tune-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let database = |name: &str| Sqlite::open(folder.join(name)).unwrap();
    for (what, params, trials, multivariate) in
        [("memory 1000x40", 40, 1000, true), ("memory 1000x40, one by one", 40, 1000, false)]
    {
        let (seconds, best) = study(None, params, trials, multivariate);
        say(what, seconds, best);
    }
    let (seconds, best) = study(Some(database("a.db")), 5, 300, true);
    say("sqlite 300x5", seconds, best);
    for (place, study) in [("memory", Study::new("late")), ("sqlite", Study::new("late").storage(database("b.db")))] {
        for (number, [ask, tell, cold]) in [1000, 10_000].into_iter().zip(late(study, 5, &[1000, 10_000])) {
            println!(
                "{{\"what\": \"{place} {number}x5\", \"ask_us\": {ask:.1}, \"tell_us\": {tell:.2}, \"after_work_us\": {cold:.2}}}"
            );
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
