//! The Ironbook side of `bench/shap`: predicts and explains rows with the trees of a LightGBM file.
//!
//! Arguments: the model's text file, a Parquet file of its features, what to do (`predict`, `row` or `shap`), how often,
//! and where to write the result as a JSON list. Prints one line of JSON with the seconds.
#![expect(clippy::print_stdout, reason = "a program whose result is a line of JSON")]

use ironbook_data::{Matrix, read_parquet};
use ironbook_explain::Shap;
use ironbook_learn::tree::lightgbm::LightGbm;
use ironbook_learn::tree::predict::Cached;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, rows, what, times, out] = arguments.as_slice() else {
        return Err("usage: shap_bench <model.txt> <rows.parquet> predict|row|shap <times> <out.json>".into());
    };
    let model = LightGbm::from_text(&std::fs::read_to_string(model)?)?;
    let features = Matrix::from_frame(&read_parquet(rows)?, &model.features)?;
    let columns: Vec<&[f64]> = (0..features.cols()).map(|j| features.column(j)).collect();
    let mut seconds = Vec::new();
    let mut result = Vec::new();
    for _ in 0..times.parse::<usize>()? {
        let start = Instant::now();
        let cached = Cached::default();
        result = match what.as_str() {
            "predict" => cached.of(&model.ensemble).predict(&columns)?.swap_remove(0),
            "shap" => {
                let shap = Shap::of(&model.ensemble, vec!["y".to_owned()], features.clone())?;
                (0..features.rows())
                    .flat_map(|i| (0..features.cols()).map(move |j| (i, j)))
                    .map(|(i, j)| shap.values().get(i, j))
                    .collect()
            }
            "row" => one_by_one(&model, &features, &cached, &mut seconds),
            other => return Err(format!("{other} is not predict, row or shap").into()),
        };
        if what != "row" {
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    std::fs::write(out, serde_json::to_string(&result)?)?;
    println!("{}", serde_json::json!({ "rows": features.rows(), "seconds": seconds }));
    Ok(())
}

/// Seconds per row, a thousand rows one after another; the layout of the trees is made before.
fn one_by_one(model: &LightGbm, features: &Matrix, cached: &Cached, seconds: &mut Vec<f64>) -> Vec<f64> {
    let rows: Vec<Vec<f64>> =
        (0..features.rows().min(1000)).map(|i| (0..features.cols()).map(|j| features.get(i, j)).collect()).collect();
    let predictor = cached.of(&model.ensemble);
    let mut score = [0.0];
    predictor.predict_row(&rows[0], &mut score);
    let start = Instant::now();
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        predictor.predict_row(black_box(row), &mut score);
        all.push(score[0]);
    }
    seconds.push(start.elapsed().as_secs_f64() / rows.len() as f64);
    all
}
