//! Compares two tables by their paths: `drift REFERENCE CURRENT [--target COLUMN] [--prediction COLUMN] [--fdr] [--html PAGE] [--json FILE]`.
#![expect(clippy::print_stdout, reason = "a program whose result is printed")]

use ironbook_drift::{DriftOptions, open};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let read = |at: usize| -> Result<_, Box<dyn std::error::Error>> {
        Ok(open(args.get(at).ok_or("give the paths of two tables")?)?)
    };
    let stem = |at: usize| Path::new(&args[at]).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (reference, current) = (read(0)?, read(1)?);
    let mut options = DriftOptions::new().names(stem(0), stem(1));
    if let Some(target) = value("--target") {
        options = options.target(target);
    }
    if let Some(prediction) = value("--prediction") {
        options = options.prediction(prediction);
    }
    if args.iter().any(|arg| arg == "--fdr") {
        options = options.fdr();
    }
    let report = options.compare(&reference, &current)?;
    if let Some(page) = value("--html") {
        report.save_html(page)?;
    }
    if let Some(file) = value("--json") {
        report.save_json(file)?;
    }
    println!("{}", report.to_text(100));
    Ok(())
}
