//! The Ironbook side of `bench/profile/run.py`: profiles a Parquet file and prints the best times as JSON.
#![expect(clippy::print_stdout, reason = "a program whose result is printed")]

use ironbook_data::{ProfileOptions, read_parquet};
use std::hint::black_box;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("give the path of a Parquet file")?;
    let rounds: usize = args.next().map_or(Ok(3), |rounds| rounds.parse())?;
    let target = args.next();
    let df = read_parquet(path)?;
    let mut options = ProfileOptions::new();
    if let Some(target) = target {
        options = options.target(target);
    }
    let (mut profiles, mut pages) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        let profile = black_box(options.profile(&df)?);
        profiles.push(start.elapsed().as_secs_f64());
        bytes = black_box(profile.to_html()).len();
        pages.push(start.elapsed().as_secs_f64());
    }
    let found = serde_json::json!({
        "rows": df.height(), "columns": df.width(), "profile_s": profiles, "with_html_s": pages, "html_bytes": bytes,
    });
    println!("{found}");
    Ok(())
}
