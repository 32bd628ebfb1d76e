//! The Ironbook side of `bench/logreg`: fits a logistic regression to a Parquet file and prints seconds and coefficients.
//!
//! Arguments: the file (numeric columns and a target `late`), and the number of fits. Prints one line of JSON.
#![expect(clippy::print_stdout, reason = "a program whose result is a line of JSON")]

use ironbook_data::Dataset;
use ironbook_learn::{Fit, LogisticRegression};
use polars::prelude::{ParquetReader, SerReader};
use std::error::Error;
use std::fs::File;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, fits] = arguments.as_slice() else {
        return Err("usage: logreg_bench <file.parquet> <number of fits>".into());
    };
    let df = ParquetReader::new(File::open(path)?).finish()?;
    let features: Vec<&str> = df.get_column_names().iter().map(|n| n.as_str()).filter(|n| *n != "late").collect();
    let data = Dataset::new(&df, &features, "late")?;
    let mut seconds = Vec::new();
    let mut model = None;
    for _ in 0..fits.parse::<usize>()? {
        let start = Instant::now();
        let fitted = LogisticRegression::params().fit(&data)?;
        seconds.push(start.elapsed().as_secs_f64());
        model = Some(fitted);
    }
    let model = model.ok_or("the number of fits is 0")?;
    let result = serde_json::json!({
        "rows": data.features.rows(),
        "fit_s": seconds,
        "coef": model.coef(),
        "intercept": model.intercept(),
        "n_iter": model.n_iter(),
        "converged": model.converged(),
    });
    println!("{result}");
    Ok(())
}
