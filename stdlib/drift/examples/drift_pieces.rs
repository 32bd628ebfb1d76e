//! Times a report of two Parquet files that are read in pieces, for `bench/drift`: `drift_pieces REFERENCE CURRENT`.
#![expect(clippy::print_stdout, reason = "a program whose result is printed")]

use ironbook_drift::{ParquetTable, compare};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [reference, current] = args.as_slice() else { return Err("drift_pieces REFERENCE CURRENT".into()) };
    let start = Instant::now();
    let report = compare(&ParquetTable::scan(reference)?, &ParquetTable::scan(current)?)?;
    let seconds = start.elapsed().as_secs_f64();
    let columns: Vec<serde_json::Value> = report
        .columns
        .iter()
        .filter_map(|c| Some(serde_json::json!({"column": c.name, "score": c.result?.score, "error": c.result?.error})))
        .collect();
    println!("{}", serde_json::json!({"seconds": seconds, "columns": columns}));
    Ok(())
}
