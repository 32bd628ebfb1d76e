//! The Ironbook side of `bench/linear`: fits a linear model to a file of raw numbers and prints seconds and coefficients.
//!
//! Arguments: the model, the file (f64, little endian, column after column, the target last), its rows, and the number
//! of fits. Prints one line of JSON.
#![expect(clippy::print_stdout, reason = "a program whose result is a line of JSON")]

use ironbook_data::{Dataset, Matrix};
use ironbook_learn::{Fit, LinearRegression, LogisticRegression, Ridge};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, path, rows, fits] = arguments.as_slice() else {
        return Err("usage: linear_bench <model> <file> <rows> <number of fits>".into());
    };
    let bytes = std::fs::read(path)?;
    let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let mut columns: Vec<Vec<f64>> = values.chunks(rows.parse()?).map(<[f64]>::to_vec).collect();
    let target = columns.pop().ok_or("the file is empty")?;
    let named = columns.into_iter().enumerate().map(|(j, values)| (format!("x{j}"), values)).collect();
    let data = Dataset::from_parts(Matrix::from_columns(named)?, target, "y");
    let (mut seconds, mut coef) = (Vec::new(), Vec::new());
    for _ in 0..fits.parse::<usize>()? {
        let start = Instant::now();
        coef = match model.as_str() {
            "linear" => LinearRegression::params().fit(&data)?.coef().to_vec(),
            "ridge" => Ridge::params().fit(&data)?.coef().to_vec(),
            "multinomial" => LogisticRegression::params().fit(&data)?.coef().to_vec(),
            "l1" => LogisticRegression::params().c(0.01).l1_ratio(1.0).fit(&data)?.coef().to_vec(),
            other => return Err(format!("there is no model {other}").into()),
        };
        seconds.push(start.elapsed().as_secs_f64());
    }
    println!("{}", serde_json::json!({ "fit_s": seconds, "coef": coef }));
    Ok(())
}
