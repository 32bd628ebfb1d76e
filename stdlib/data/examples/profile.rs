//! Profiles a file: `profile FILE [--target COLUMN] [--html PAGE]`.
#![expect(clippy::print_stdout, reason = "a program whose result is printed")]

use ironbook_data::{ProfileOptions, read_csv, read_parquet};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let path = args.first().ok_or("give the path of a CSV or Parquet file")?;
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let df = if path.contains(".csv") { read_csv(path)? } else { read_parquet(path)? };
    let mut options = ProfileOptions::new();
    if let Some(target) = value("--target") {
        options = options.target(target);
    }
    let profile = options.profile(&df)?;
    if let Some(page) = value("--html") {
        profile.save_html(page)?;
    }
    println!("{}", profile.to_text(100));
    Ok(())
}
