//! Seconds of studies: TPE in memory and on SQLite, and what single trials cost late in a study. One JSON line per figure.
//!
//!     cargo run -p ironbook-tune --example tune_speed

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use ironbook_tune::{Budget, Failure, Sqlite, Storage, Study, Tpe, Trial};
use std::time::Instant;

fn objective(n: usize) -> impl Fn(&mut Trial) -> Result<f64, Failure> + Send + Sync + 'static {
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

/// Medians of what a trial costs around its number, in microseconds: all of it, and telling alone.
fn late(storage: Option<Box<dyn Storage>>, params: usize, around: &[usize]) -> Vec<(f64, f64)> {
    let study = Study::new("late").sampler(Tpe::params().seed(0));
    let study = match storage {
        Some(_) => study.storage_at("sqlite:///late.db").create().unwrap(),
        None => study.create().unwrap(),
    };
    let objective = objective(params);
    let last = around.iter().max().unwrap() + 50;
    let mut costs = Vec::with_capacity(last);
    for _ in 0..last {
        let began = Instant::now();
        let mut trial = study.ask().unwrap();
        let value = objective(&mut trial).unwrap();
        let asked = Instant::now();
        study.tell(&trial, value).unwrap();
        costs.push((began.elapsed().as_secs_f64() * 1e6, asked.elapsed().as_secs_f64() * 1e6));
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    around
        .iter()
        .map(|number| {
            let near = &costs[number - 50..number + 50];
            (median(near.iter().map(|cost| cost.0).collect()), median(near.iter().map(|cost| cost.1).collect()))
        })
        .collect()
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
    std::env::set_current_dir(&folder).unwrap();
    for (place, storage) in [("memory", None), ("sqlite", Some(Box::new(database("b.db")) as Box<dyn Storage>))] {
        let costs = late(storage, 5, &[1000, 10_000]);
        for ((whole, tell), number) in costs.iter().zip([1000, 10_000]) {
            println!("{{\"what\": \"{place} trial {number}\", \"trial_us\": {whole:.2}, \"tell_us\": {tell:.2}}}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
