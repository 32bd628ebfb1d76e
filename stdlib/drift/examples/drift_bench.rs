//! Times a report of two Parquet files, for `bench/drift`: `drift_bench REFERENCE CURRENT ROUNDS PAGE`.
#![expect(clippy::print_stdout, reason = "a program whose result is printed")]

use ironbook_data::read_parquet;
use ironbook_drift::compare;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [reference, current, rounds, page] = args.as_slice() else {
        return Err("drift_bench REFERENCE CURRENT ROUNDS PAGE".into());
    };
    let (reference, current) = (read_parquet(reference)?, read_parquet(current)?);
    let (mut compared, mut written) = (f64::INFINITY, f64::INFINITY);
    let mut first = None;
    for _ in 0..rounds.parse()? {
        let start = Instant::now();
        let report = compare(&reference, &current)?;
        let compared_now = start.elapsed().as_secs_f64();
        report.save_html(page)?;
        let now = start.elapsed().as_secs_f64();
        first.get_or_insert(now);
        (compared, written) = (compared.min(compared_now), written.min(now));
    }
    let report = compare(&reference, &current)?;
    let scores: serde_json::Map<String, serde_json::Value> =
        report.columns.iter().filter_map(|c| Some((c.name.clone(), c.result?.score.into()))).collect();
    println!(
        "{}",
        serde_json::json!({
            "rows": reference.height() + current.height(), "columns": report.columns.len(),
            "compare_s": compared, "report_s": written, "first_s": first, "page_bytes": std::fs::metadata(page)?.len(), "scores": scores,
        })
    );
    Ok(())
}
