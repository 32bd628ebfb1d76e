//! Milliseconds of a run that has nothing to do, and what a process per stage costs one that has: a chain of ten stages.
//!
//! `cargo run -p ironbook-pipeline --example noop -- measure`; with any other arguments this is the program of the chain.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures and prints")]

use ironbook_pipeline::{Io, Pipeline, Result};
use std::fmt::Write;
use std::process::{Command, ExitCode};
use std::time::Instant;

const STAGES: usize = 10;
/// Values that travel from stage to stage: 8 MB.
const VALUES: usize = 1_000_000;
const RUNS: usize = 30;

fn definition() -> String {
    let hash = |word: &str| blake3::hash(word.as_bytes()).to_hex().to_string();
    let none = hash("");
    let mut text = format!(
        "schema = 1\nname = \"chain\"\nversion = \"1.0.0\"\ncontent = \"{none}\"\ntargets = [\"s9.v9\"]\n\
        [origin]\npromoted = \"2026-01-01T00:00:00Z\"\ncells = [1]\n\
        [toolchain]\nrustc = \"1\"\nironbook = \"0\"\nlibrary = \"{none}\"\nlock = \"{none}\"\ntarget = \"any\"\ncpu_features = []\nthreads = 1\n\
        [[params]]\nname = \"start\"\ntype = \"f64\"\ndefault = 0.0\n"
    );
    for stage in 0..STAGES {
        writeln!(text, "[[stages]]\nname = \"s{stage}\"\ncode = \"{}\"", hash(&stage.to_string())).unwrap();
        match stage {
            0 => writeln!(text, "params = [\"start\"]").unwrap(),
            _ => {
                let from = stage - 1;
                writeln!(text, "inputs = [{{ name = \"v{from}\", from = \"s{from}\", type = \"Vec<f64>\" }}]").unwrap();
            }
        }
        writeln!(text, "outputs = [{{ name = \"v{stage}\", type = \"Vec<f64>\", codec = \"plain\" }}]").unwrap();
    }
    text
}

fn first(start: f64) -> Vec<f64> {
    (0..VALUES).map(|value| value as f64 + start).collect()
}

fn next(values: Vec<f64>) -> Vec<f64> {
    // About a quarter of a second of work.
    (0..100).fold(values, |values, _| values.into_iter().map(|value| (value * 1.000_1).sqrt() + 1.0).collect())
}

fn step<const STAGE: usize>(io: &mut Io) -> Result<()> {
    let values = match STAGE {
        0 => first(io.param("start")?),
        _ => next(io.take(&format!("v{}", STAGE - 1))?),
    };
    io.put(&format!("v{STAGE}"), values)
}

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("measure") => {
            measure();
            ExitCode::SUCCESS
        }
        Some("alone") => {
            println!("{}", (1..STAGES).fold(first(0.0), |values, _| next(values))[0]);
            ExitCode::SUCCESS
        }
        _ => Pipeline::new(definition().leak())
            .stage("s0", step::<0>)
            .stage("s1", step::<1>)
            .stage("s2", step::<2>)
            .stage("s3", step::<3>)
            .stage("s4", step::<4>)
            .stage("s5", step::<5>)
            .stage("s6", step::<6>)
            .stage("s7", step::<7>)
            .stage("s8", step::<8>)
            .stage("s9", step::<9>)
            .main(),
    }
}

/// Milliseconds of this program with these arguments.
fn time(folder: &std::path::Path, arguments: &[&str]) -> f64 {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments).current_dir(folder);
    let start = Instant::now();
    let output = command.output().unwrap();
    let time = start.elapsed().as_secs_f64() * 1e3;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    time
}

fn measure() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pipelines")).unwrap();
    let of = |arguments: &[&str], count: usize| {
        let mut times: Vec<f64> = (0..count).map(|_| time(folder.path(), arguments)).collect();
        times.sort_by(f64::total_cmp);
        (times[times.len() / 2], times[times.len() - 1])
    };
    let alone = of(&["alone"], 5).0;
    let (whole, _) = of(&["run", "--no-track", "--force"], 5);
    let (in_process, _) = of(&["run", "--no-track", "--force", "--in-process"], 5);
    let (nothing, worst) = of(&["run"], RUNS);
    println!("{STAGES} stages, {} MB from each to the next", VALUES * 8 / 1_000_000);
    println!("one main           {alone:9.1} ms");
    println!("a process a stage  {whole:9.1} ms  {:.3} of one main", whole / alone);
    println!("in one process     {in_process:9.1} ms  {:.3} of one main", in_process / alone);
    println!("nothing to do      {nothing:9.1} ms  (worst of {RUNS}: {worst:.1} ms; at most 100)");
}
