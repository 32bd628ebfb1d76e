//! The Ironbook side of `bench/forest`: fits random forests to a Parquet file and predicts another.
//!
//! Arguments: the two files (numeric columns and a target `y`), the number of trees, and a seed for each fit. Prints one
//! line of JSON.
#![expect(clippy::print_stdout, reason = "a program whose result is a line of JSON")]

use ironbook_data::Dataset;
use ironbook_learn::{Fit, Predict, PredictProba, RandomForest};
use polars::prelude::{ParquetReader, SerReader};
use std::error::Error;
use std::fs::File;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, train, test, trees, seeds @ ..] = arguments.as_slice() else {
        return Err("usage: forest_bench <train.parquet> <test.parquet> <trees> <seed> ..".into());
    };
    let (train, test) = (read(train)?, read(test)?);
    let mut runs = Vec::new();
    for seed in seeds {
        let params = RandomForest::params().n_estimators(trees.parse()?).seed(seed.parse()?);
        let start = Instant::now();
        let model = params.fit(&train)?;
        let fit_s = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let shares = model.predict_probas(&test.features)?;
        let first_predict_s = start.elapsed().as_secs_f64();
        let start = Instant::now();
        model.predict_probas(&test.features)?;
        let predict_s = start.elapsed().as_secs_f64();
        let classes = model.predict(&test.features)?;
        let right = classes.iter().zip(&test.target).filter(|(a, b)| a == b).count();
        let second = (shares.cols() == 2).then(|| shares.column(1).to_vec());
        runs.push(serde_json::json!({
            "fit_s": fit_s,
            "first_predict_s": first_predict_s,
            "predict_s": predict_s,
            "accuracy": right as f64 / test.rows() as f64,
            "second": second,
            "leaves": model.leaves(),
        }));
    }
    println!("{}", serde_json::json!({ "rows": train.rows(), "runs": runs }));
    Ok(())
}

fn read(path: &str) -> Result<Dataset, Box<dyn Error>> {
    let df = ParquetReader::new(File::open(path)?).finish()?;
    let features: Vec<&str> = df.get_column_names().iter().map(|n| n.as_str()).filter(|n| *n != "y").collect();
    Ok(Dataset::new(&df, &features, "y")?)
}
