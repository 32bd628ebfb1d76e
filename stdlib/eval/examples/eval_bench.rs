//! The Ironbook side of `bench/eval`: metrics and the whole report of predictions in a file, timed.
//!
//! `eval_bench FILE.parquet RESAMPLES` prints a line of JSON.
#![allow(clippy::print_stdout, reason = "the result of a benchmark")]

use ironbook_data::{Dataset, Matrix};
use ironbook_eval::{EvaluateOptions, Report, average_precision, brier, evaluate_with, log_loss, roc_auc};
use ironbook_learn::{Classes, Classification, LearnError, Predict, PredictProba, Signature};
use std::time::Instant;

/// Predictions that were made before.
struct Made(Signature);

impl Predict for Made {
    type Task = Classification;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        Ok(features.column(0).to_vec())
    }

    fn signature(&self) -> Signature {
        self.0.clone()
    }
}

impl PredictProba for Made {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        Ok(features.column(0).to_vec())
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let value = work();
    (start.elapsed().as_secs_f64(), value)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("which file?")?;
    let resamples: usize = args.next().ok_or("how many resamples?")?.parse()?;
    let data = Dataset::new(&ironbook_data::read_parquet(&path)?, &["proba"], "truth")?;
    let model = Made(Signature::of(&data, Some(Classes { values: vec![0.0, 1.0], text: None })));
    let (truth, proba) = (&data.target, data.features.column(0));
    let (metrics_s, metrics) = timed(|| {
        let lists = (truth.as_slice(), proba);
        Ok::<_, ironbook_eval::EvalError>([
            roc_auc(lists.0, lists.1)?,
            average_precision(lists.0, lists.1)?,
            log_loss(lists.0, lists.1)?,
            brier(lists.0, lists.1)?,
        ])
    });
    let metrics = metrics?;
    let (report_s, report) = timed(|| evaluate_with(&model, &data, &EvaluateOptions::new().resamples(resamples)));
    let report = report?;
    let interval =
        |name: &str| report.scores().get(name).and_then(|s| s.interval).map_or([0.0; 2], |i| [i.low, i.high]);
    let names = ["roc_auc", "average_precision", "log_loss", "brier"];
    let out = serde_json::json!({
        "rows": report.n,
        "metrics_s": metrics_s,
        "report_s": report_s,
        "metrics": metrics,
        "intervals": names.map(interval),
    });
    println!("{out}");
    Ok(())
}
