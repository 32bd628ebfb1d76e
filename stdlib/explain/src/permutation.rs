//! Permutation importance: how much worse a model gets when one column is shuffled.

use crate::error::ExplainError;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Progress};
use ironbook_data::{Dataset, Matrix};
use ironbook_eval::{EvalError, EvaluateOptions, Judge, predictions};
use ironbook_learn::Predict;
use ironbook_learn::table::{Table, number};
use ironbook_plot::Chart;
use serde::{Deserialize, Serialize};

/// How much worse a model gets when a feature is shuffled, for each feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PermutationImportance {
    /// Name of the metric.
    pub metric: String,
    /// Its value on the data as it is.
    pub score: f64,
    /// The features, in the order of the data.
    pub features: Vec<PermutedFeature>,
}

/// What shuffling one feature did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PermutedFeature {
    /// Name of the feature.
    pub name: String,
    /// By how much the metric got worse, for each repeat; negative where it got better.
    pub drops: Vec<f64>,
}

impl PermutedFeature {
    /// Mean over the repeats.
    pub fn mean(&self) -> f64 {
        self.drops.iter().sum::<f64>() / self.drops.len() as f64
    }

    /// Standard deviation over the repeats (denominator n, as in scikit-learn).
    pub fn std(&self) -> f64 {
        let mean = self.mean();
        (self.drops.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / self.drops.len() as f64).sqrt()
    }
}

/// Shuffles each feature `repeats` times and measures how much worse the model does by a metric of its reports, for
/// instance `"roc_auc"`, `"log_loss"`, `"r2"` or `"rmse"`.
///
/// | parameter | usual | meaning |
/// |---|---|---|
/// | `metric` | `"roc_auc"` | any metric of `eval::evaluate`'s report; whether more is better is known |
/// | `repeats` | 5 (scikit-learn's) | shuffles per feature |
/// | `seed` | 0 | of the shuffles; each feature and repeat has a stream of its own |
///
/// Works with any model, and should be given data that the model has not seen. As scikit-learn's
/// `permutation_importance` (Breiman 2001), with generators of its own.
///
/// # Errors
/// [`ExplainError::Repeats`]; those of `eval::evaluate`, also for a metric that the report does not have.
pub fn permutation_importance<M>(
    model: &M,
    data: &Dataset,
    metric: &str,
    repeats: usize,
    seed: u64,
) -> Result<PermutationImportance, ExplainError>
where
    M: Predict,
    M::Task: Judge<M>,
{
    let options = EvaluateOptions::new().resamples(0);
    let score =
        |data: &Dataset| -> Result<_, EvalError> { predictions(model, data)?.scores(&options)?.named(metric).cloned() };
    let whole = score(data)?;
    let drop = |data: &Dataset| Ok(whole.better.gain(whole.value, score(data)?.value));
    let features = shuffled(data, repeats, seed, drop)?;
    Ok(PermutationImportance { metric: metric.to_owned(), score: whole.value, features })
}

/// [`permutation_importance`] by a measure of one's own, of which more is better.
///
/// # Errors
/// [`ExplainError::Repeats`]; what `measure` refuses.
pub fn permutation_importance_by(
    data: &Dataset,
    repeats: usize,
    seed: u64,
    measure: impl Fn(&Dataset) -> Result<f64, ExplainError>,
) -> Result<PermutationImportance, ExplainError> {
    let score = measure(data)?;
    let features = shuffled(data, repeats, seed, |data| Ok(score - measure(data)?))?;
    Ok(PermutationImportance { metric: "measure".to_owned(), score, features })
}

fn shuffled(
    data: &Dataset,
    repeats: usize,
    seed: u64,
    drop: impl Fn(&Dataset) -> Result<f64, ExplainError>,
) -> Result<Vec<PermutedFeature>, ExplainError> {
    if repeats == 0 {
        return Err(ExplainError::Repeats);
    }
    let features = &data.features;
    let mut progress = Progress::new("permutation importance", Some((features.cols() * repeats) as u64));
    let mut changed = data.clone();
    let mut found = Vec::with_capacity(features.cols());
    for (j, name) in features.names().iter().enumerate() {
        let mut drops = Vec::with_capacity(repeats);
        for repeat in 0..repeats {
            ironbook_core::check()?;
            let mut random = Random::new(seed, j as u64, repeat as u64);
            let mut values = features.column(j).to_vec();
            for i in (1..values.len()).rev() {
                values.swap(i, random.below(i + 1));
            }
            changed.features = with_column(features, j, values);
            drops.push(drop(&changed)?);
            progress.inc(1);
        }
        found.push(PermutedFeature { name: name.clone(), drops });
    }
    Ok(found)
}

/// The matrix with other values in column `j`.
fn with_column(matrix: &Matrix, j: usize, values: Vec<f64>) -> Matrix {
    let mut values = Some(values);
    let column = |k: usize| {
        let values = if k == j { values.take() } else { None };
        (matrix.names()[k].clone(), matrix.kinds()[k].clone(), values.unwrap_or_else(|| matrix.column(k).to_vec()))
    };
    Matrix::from_typed((0..matrix.cols()).map(column).collect()).expect("the columns of a matrix, one of them shuffled")
}

/// SplitMix64 (Steele, Lea & Flood 2014), a stream per feature and repeat.
struct Random(u64);

impl Random {
    fn new(seed: u64, feature: u64, repeat: u64) -> Self {
        let mut random = Random(seed);
        for part in [feature, repeat] {
            random.0 = random.next() ^ part.wrapping_mul(0xd134_2543_de82_ef95);
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; the bias of the multiplication is below 2^-32 for any data that fits into memory.
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

impl PermutationImportance {
    /// The features with their mean drops, largest first.
    pub fn importances(&self) -> Vec<(String, f64)> {
        let mut all: Vec<(String, f64)> = self.features.iter().map(|f| (f.name.clone(), f.mean())).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }

    /// The mean drops as bars, the largest on top.
    ///
    /// # Errors
    /// [`ExplainError::Plot`] if there is nothing to draw.
    pub fn bar(&self) -> Result<Chart, ExplainError> {
        let (names, values): (Vec<String>, Vec<f64>) = self.importances().into_iter().take(20).unzip();
        Ok(Chart::barh(&names, &values)?.title(format!("drop of {} when shuffled", self.metric)))
    }
}

impl Display for PermutationImportance {
    fn bundle(&self) -> Bundle {
        let title = format!("permutation importance; {} {}", self.metric, number(self.score));
        let mut table = Table::new(title, &["feature", "drop", "deviation"]);
        let mut sorted: Vec<&PermutedFeature> = self.features.iter().collect();
        sorted.sort_by(|a, b| b.mean().total_cmp(&a.mean()));
        let largest = sorted.iter().map(|feature| feature.mean().abs()).fold(0.0, f64::max);
        for feature in sorted.iter().take(30) {
            let share = if largest > 0.0 { feature.mean() / largest } else { 0.0 };
            table.bar([feature.name.clone(), number(feature.mean()), number(feature.std())], share);
        }
        if sorted.len() > 30 {
            table.note(format!("and {} features more", sorted.len() - 30));
        }
        table.bundle()
    }
}

impl Inspect for PermutationImportance {
    fn shape(&self) -> Option<String> {
        Some(format!("{} features", self.features.len()))
    }
}
