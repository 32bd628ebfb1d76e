//! A small pipeline whose stages can be made to fail, for tests: `TOY_TROUBLE=STAGE:WHAT`. The definition is the file that
//! `TOY_DEFINITION` names, and each stage that runs leaves its name in the file that `TOY_RAN` names. With
//! `TOY_CHECK=STAGE:DIRECTORY`, that stage is run on its sample in this directory, and nothing else is done. With
//! `TOY_SHARED=MS`, lists of numbers stay in memory, take so many milliseconds to be written, and say so in the file of
//! `TOY_RAN`; with `TOY_SHARED=full`, there is no room for them. With `TOY_ASKS=URI`, the gate looks up this name of the
//! registry. `TOY_SOURCE` is taken for the text of the stages' code.

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::exit, reason = "a program whose stages fail on purpose")]

use ironbook_core::keep::{self, Detached, Known};
use ironbook_pipeline::{Io, Pipeline, Result, keep};
use serde::{Deserialize, Serialize};
use std::any::TypeId;
use std::collections::HashMap;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// A type of the pipeline's own; equal ones can be written in different order.
#[derive(Serialize, Deserialize, PartialEq)]
struct Model {
    weight: f64,
    names: HashMap<String, u32>,
}

/// A type that cannot be written.
struct Closed(#[expect(dead_code, reason = "it is only there to be refused")] f64);

mod stages {
    use super::{Model, act, told};

    pub fn read(path: &str) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
        act("read");
        Ok(std::fs::read_to_string(path)?.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }

    pub fn scale(numbers: &[f64], factor: f64) -> Vec<f64> {
        act("scale");
        let factor = if told("scale:other").is_some() { factor + 1.0 } else { factor };
        numbers.iter().map(|number| number * factor).collect()
    }

    pub fn sum(scaled: &[f64]) -> f64 {
        act("sum");
        scaled.iter().sum()
    }

    pub fn count(numbers: &[f64]) -> usize {
        act("count");
        let least = told("count:few:").map_or(0, |least| least.parse().unwrap());
        assert!(numbers.len() >= least, "only {} numbers", numbers.len());
        numbers.len()
    }

    pub fn model(sum: f64, count: usize, title: &str) -> Model {
        act("model");
        let names = (0..20).map(|number| (format!("{title} {number}"), number)).collect();
        Model { weight: sum / count as f64, names }
    }

    pub fn check(model: &Model, least: f64) -> bool {
        act("check");
        model.weight >= least
    }
}

/// What comes behind these words in `TOY_TROUBLE`, if it begins with them.
fn told(words: &str) -> Option<String> {
    Some(std::env::var("TOY_TROUBLE").ok()?.strip_prefix(words)?.to_owned())
}

/// Into the file of what has happened.
fn note(what: &str) {
    if let Some(path) = std::env::var_os("TOY_RAN") {
        let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
        file.write_all(format!("{what}\n").as_bytes()).unwrap();
    }
}

/// Has lists of numbers stay in memory, and be written slowly.
fn share() {
    let Ok(how) = std::env::var("TOY_SHARED") else { return };
    let Some(Known::Kept(keeper)) = keep::known(TypeId::of::<Vec<f64>>()) else { panic!("plain values are known") };
    let own = keeper.clone();
    let later = move |list: &Vec<f64>| -> Option<Detached> {
        let (list, own, how) = (list.clone(), own.clone(), how.clone());
        Some(Box::new(move |to: &mut dyn Write| {
            let ms = how.parse().map_err(|_| std::io::Error::from(std::io::ErrorKind::StorageFull))?;
            std::thread::sleep(Duration::from_millis(ms));
            note("wrote");
            own.write(&list, to)
        }))
    };
    keep::register::<Vec<f64>>(Known::Kept(keeper.detached(later).shared(Vec::<f64>::clone)));
}

/// Does what `TOY_TROUBLE` says of a stage.
fn act(stage: &str) {
    note(stage);
    println!("{stage} is at work");
    let trouble = std::env::var("TOY_TROUBLE").unwrap_or_default();
    let Some(what) = trouble.strip_prefix(stage).and_then(|rest| rest.strip_prefix(':')) else { return };
    match what.split_once(':').unwrap_or((what, "")) {
        ("panic", _) => panic!("told to"),
        ("hang", _) => std::thread::sleep(Duration::from_secs(600)),
        ("child", _) => {
            let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
            child.wait().unwrap();
        }
        ("memory", _) => {
            let mut all = Vec::new();
            while all.len() < 100_000 {
                all.push(vec![1u8; 1 << 20]);
            }
            println!("{}", all.len());
        }
        ("exit", code) => std::process::exit(code.parse().unwrap()),
        ("slow", ms) => std::thread::sleep(Duration::from_millis(ms.parse().unwrap())),
        // Once for each file that is still there.
        ("files", pattern) => {
            for number in 0..10 {
                if std::fs::remove_file(format!("{pattern}{number}")).is_ok() {
                    panic!("a file was left");
                }
            }
        }
        ("needs", path) => assert!(std::fs::exists(path).unwrap(), "{path} is not there"),
        ("few" | "other", _) => {}
        ("touch", path) => std::fs::write(path, "9 9 9\n").unwrap(),
        _ => panic!("unknown trouble: {what}"),
    }
}

fn model(io: &mut Io) -> Result<()> {
    if std::env::var("TOY_TROUBLE").is_ok_and(|what| what == "model:closed") {
        return io.put("model", Closed(1.0));
    }
    if std::env::var("TOY_TROUBLE").is_ok_and(|what| what == "model:nothing") {
        return Ok(());
    }
    let model = stages::model(io.take("sum")?, io.take("count")?, io.param("title")?);
    io.put("model", model)
}

fn main() -> ExitCode {
    ironbook_track::register();
    let Ok(check) = std::env::var("TOY_CHECK") else { return pipeline().main() };
    let (stage, directory) = check.split_once(':').unwrap();
    match ironbook_pipeline::check_sample(&pipeline(), stage, directory) {
        Ok(checked) => println!("equal {:?}, made {:?}", checked.equal, checked.made),
        Err(error) => println!("{error}"),
    }
    ExitCode::SUCCESS
}

fn pipeline() -> Pipeline {
    let path = std::env::var("TOY_DEFINITION").unwrap_or_else(|_| "pipeline.toml".to_owned());
    let definition = std::fs::read_to_string(path).unwrap_or_default().leak();
    let pipeline = Pipeline::new(definition);
    share();
    pipeline
        .source(std::env::var("TOY_SOURCE").unwrap_or_default().leak())
        .value(keep!(Model))
        .value(keep!(Closed))
        .stage("read", |io| {
            let numbers = stages::read(io.data("numbers")).map_err(|error| error.to_string())?;
            io.put("numbers", numbers)
        })
        .stage("scale", |io| {
            let scaled = stages::scale(&io.take::<Vec<f64>>("numbers")?, io.param("factor")?);
            if ironbook_track::active().is_some() {
                ironbook_track::log_metric("scaled", scaled.len() as f64)?;
            }
            io.put("scaled", scaled)
        })
        .stage("sum", |io| {
            let sum = stages::sum(&io.take::<Vec<f64>>("scaled")?);
            io.put("sum", sum)
        })
        .stage("count", |io| {
            let count = stages::count(&io.take::<Vec<f64>>("numbers")?);
            io.put("count", count)
        })
        .stage("model", model)
        .stage("check", |io| {
            if let Ok(uri) = std::env::var("TOY_ASKS") {
                // Whoever it leads to has no files.
                let _ = ironbook_track::fetch_model(&uri);
            }
            let check = stages::check(&io.take("model")?, io.param("least")?);
            io.put("check", check)
        })
        .register(|io| {
            let model: Model = io.take("model")?;
            println!("registering {} with weight {}", io.register_name(), model.weight);
            Ok(())
        })
        .predict(|io, input, output| {
            let model: Model = io.take("model")?;
            let rows = std::fs::read_to_string(input)?;
            let predictions =
                rows.split_whitespace().map(|row| Ok((row.parse::<f64>()? * model.weight).to_string() + "\n"));
            std::fs::write(output, predictions.collect::<Result<String>>()?)?;
            Ok(())
        })
}
