//! What keeping a session on disk costs, and how long it takes to come back: `cargo run -p ironbook-session --example durable`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures and prints")]

use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, Event, ExecuteOptions, Session, Source, Status, Tier};
use std::path::Path;
use std::time::{Duration, Instant};

fn config(folder: &Path) -> Config {
    let paths = Paths::from_env();
    let library = Library::locate(&paths).expect("`ironbook setup` builds the library");
    Config { library, cache: folder.join("cache"), directory: folder.to_owned(), tier: Tier::Fixed(1) }
}

/// Runs a cell; its seconds in all and inside, and what it printed.
fn cell(session: &mut Session, text: &str) -> (f64, f64, String) {
    let mut printed = String::new();
    let start = Instant::now();
    let ran = session.execute(&Source::plain(text), &ExecuteOptions::default(), &mut |event| match event {
        Event::Stdout(text) => printed.push_str(&text),
        Event::Note(note) => println!("note: {note}"),
        _ => {}
    });
    let seconds = start.elapsed().as_secs_f64();
    if let Status::Failed(failure) = &ran.status {
        panic!("{text}\n{}", failure.message);
    }
    (seconds, ran.timing.run_s, printed)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    small_values(folder.path());
    running_cell(folder.path());
    restore(folder.path());
}

/// The same compiled cell, with and without a directory.
fn small_values(folder: &Path) {
    let make = "use serde::{Serialize, Deserialize}; #[derive(Serialize, Deserialize, Debug, PartialEq, Clone)] struct P { x: f64, s: String }\n\
                let mut n = 1u64; let mut text = String::from(\"abc\"); let mut list = vec![1.5; 1000]; let mut p = P { x: 1.0, s: \"q\".into() };\n\
                let mut frame = df![\"a\" => [1i64, 2, 3], \"b\" => [\"x\", \"y\", \"z\"]]?;";
    let touch = "n += 1; text.push('x'); list[3] += 1.0; p.x += 1.0; frame.rename(\"a\", \"a\".into())?;";
    let mut times = [Vec::new(), Vec::new()];
    let mut sessions: Vec<Session> = (0..2).map(|_| Session::start(config(folder)).unwrap()).collect();
    sessions[1].keep_in(&folder.join("small")).unwrap();
    for session in &mut sessions {
        cell(session, make);
        cell(session, touch);
    }
    for _ in 0..300 {
        for (session, times) in sessions.iter_mut().zip(&mut times) {
            times.push(cell(session, touch).0);
        }
    }
    let [without, with] = times.map(median);
    println!(
        "a cell that changes five small values: {:.2} ms kept, {:.2} ms not: {:+.2} ms",
        1e3 * with,
        1e3 * without,
        1e3 * (with - without)
    );
}

/// A cell that computes on all cores, while a gigabyte is on its way to disk and while nothing is.
fn running_cell(folder: &Path) {
    let work = "use ironbook::rayon::prelude::*; let sum: f64 = (0..1500u64).into_par_iter().map(|part| (0..2_000_000u64).map(|i| ((i ^ part) as f64).sqrt()).sum::<f64>()).sum();";
    let mut session = Session::start(config(folder)).unwrap();
    session.keep_in(&folder.join("running")).unwrap();
    cell(&mut session, work);
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..6 {
        cell(&mut session, &format!("let mut big = Tensor::full({round}f32, (256, 1024, 1024), &Device::Cpu)?;"));
        times[0].push(cell(&mut session, work).1);
        cell(&mut session, "drop(big);");
        std::thread::sleep(Duration::from_millis(300));
        times[1].push(cell(&mut session, work).1);
    }
    let [with, without] = times.map(median);
    println!(
        "a cell on all cores: {with:.2} s while 1 GB is written, {without:.2} s while nothing is: {:+.1} %",
        100.0 * (with / without - 1.0)
    );
}

/// A gigabyte of frames, tensors and a model, in another session.
fn restore(folder: &Path) {
    let root = folder.join("restore");
    let mut session = Session::start(config(folder)).unwrap();
    session.keep_in(&root).unwrap();
    cell(
        &mut session,
        "let a = df![\"x\" => (0..20_000_000i64).collect::<Vec<_>>(), \"y\" => vec![1.5f64; 20_000_000]]?;",
    );
    cell(&mut session, "let words = df![\"w\" => (0..4_000_000).map(|i| format!(\"word {i}\")).collect::<Vec<_>>()]?;");
    cell(
        &mut session,
        "let t = Tensor::randn(0f32, 1., (96, 1024, 1024), &Device::Cpu)?; let v = vec![0.25f64; 20_000_000];",
    );
    cell(
        &mut session,
        "let xs: Vec<f64> = (0..20_000).map(|i| (i % 97) as f64).collect(); let ys: Vec<f64> = xs.iter().map(|x| x * 2.0 + 1.0).collect();\n\
         let data = Dataset::from_parts(Matrix::from_columns(vec![(\"x\".into(), xs)])?, ys, \"y\"); let model = RandomForestRegressor::params().fit(&data)?;",
    );
    let names = ["a", "words", "t", "v", "data", "model"];
    let start = Instant::now();
    session.checkpoint("all", &mut |_| {}).unwrap();
    println!("written to the last byte: {:.2} s after the last cell", start.elapsed().as_secs_f64());
    let id = session.id().unwrap().to_owned();
    drop(session);
    let bytes: u64 = ironbook_session::durable::sessions(&root).iter().map(|session| session.bytes).sum();
    for _ in 0..3 {
        let start = Instant::now();
        let resumed = Session::resume(config(folder), &root, &id, &mut |_| {}).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert!(
            names.iter().all(|name| resumed.restored.back.iter().any(|back| back == name)),
            "{:?}",
            resumed.restored
        );
        println!("restored {:.0} MB in {seconds:.2} s, the start of the runtime in it", bytes as f64 / 1e6);
    }
}
