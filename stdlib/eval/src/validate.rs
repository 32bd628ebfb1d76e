//! Cross-validation and learning curves: how good a model would be on data that it has not seen, and with more of it.

use crate::error::EvalError;
use crate::folds::{Fold, Folds};
use crate::judge::{EvaluateOptions, Judge, Report, evaluate_with};
use crate::random::Stream;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Progress};
use ironbook_data::Dataset;
use ironbook_learn::table::{Table, number};
use ironbook_learn::{Fit, Predict};
use ironbook_plot::{Chart, PlotError};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Metrics of each fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossValidation {
    /// Name of the target.
    pub target: String,
    /// The metrics that are defined on all folds.
    pub metrics: Vec<CrossMetric>,
    /// Rows learnt from and judged, fold by fold.
    pub rows: Vec<(usize, usize)>,
    /// Seconds of each fit.
    pub fit_s: Vec<f64>,
}

/// One metric over the folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossMetric {
    /// Its name.
    pub name: String,
    /// Mean over the folds.
    pub mean: f64,
    /// Standard deviation over the folds (denominator n, as numpy's); folds share rows to learn from, so it is no
    /// standard error of the mean.
    pub std: f64,
    /// Its value on each fold.
    pub folds: Vec<f64>,
}

/// Fits the parameters to the rows of each fold and judges the models on the others.
///
/// Folds run one after the other: the models themselves use all threads. The same parameters, data and folds give the
/// same metrics, on any number of threads; only the times differ.
///
/// # Errors
/// Those of the folds, of `fit` and of [`evaluate`](crate::evaluate), each with the number of the fold
/// ([`EvalError::InFold`]); [`EvalError::NoFolds`].
pub fn cross_validate<P>(
    params: &P,
    data: &Dataset,
    folds: &(impl Folds + ?Sized),
) -> Result<CrossValidation, EvalError>
where
    P: Fit,
    P::Model: Predict,
    <P::Model as Predict>::Task: Judge<P::Model>,
{
    over(&|fold| judged(params, data, fold), data, &folds.folds(data)?)
}

/// The metrics of a fold, and the seconds of its fit.
type Judged<'a> = &'a dyn Fn(&Fold) -> Result<(Vec<(String, f64)>, f64), EvalError>;

/// Not generic, so that it is compiled here and not into each cell.
#[inline(never)]
fn over(judged: Judged<'_>, data: &Dataset, folds: &[Fold]) -> Result<CrossValidation, EvalError> {
    if folds.is_empty() {
        return Err(EvalError::NoFolds);
    }
    let mut progress = Progress::new("Cross-validation", Some(folds.len() as u64));
    let mut all: Vec<Vec<(String, f64)>> = Vec::new();
    let mut fit_s = Vec::new();
    for (k, fold) in folds.iter().enumerate() {
        ironbook_core::check()?;
        let (metrics, seconds) = judged(fold).map_err(|error| in_fold(k, error))?;
        progress
            .set(k as u64 + 1, metrics.first().map_or_else(String::new, |(name, v)| format!("{name} {}", number(*v))));
        all.push(metrics);
        fit_s.push(seconds);
    }
    let rows = folds.iter().map(|fold| (fold.train.len(), fold.test.len())).collect();
    Ok(CrossValidation { target: data.target_name.clone(), metrics: over_folds(&all), rows, fit_s })
}

/// An interrupt stays one.
fn in_fold(fold: usize, error: EvalError) -> EvalError {
    match ironbook_core::check() {
        Err(interrupted) => EvalError::Interrupted(interrupted),
        Ok(()) => EvalError::InFold { fold, source: Box::new(error) },
    }
}

/// The metrics of a fold, and the seconds of its fit.
fn judged<P>(params: &P, data: &Dataset, fold: &Fold) -> Result<(Vec<(String, f64)>, f64), EvalError>
where
    P: Fit,
    P::Model: Predict,
    <P::Model as Predict>::Task: Judge<P::Model>,
{
    let (train, test) = fold.of(data);
    let start = Instant::now();
    let model = params.fit(&train)?;
    let seconds = start.elapsed().as_secs_f64();
    let report = evaluate_with(&model, &test, &EvaluateOptions::new().resamples(0))?;
    Ok((report.scores().metrics(), seconds))
}

fn over_folds(all: &[Vec<(String, f64)>]) -> Vec<CrossMetric> {
    let of = |name: &String| -> Option<CrossMetric> {
        let value = |metrics: &Vec<(String, f64)>| metrics.iter().find(|(n, _)| n == name).map(|(_, value)| *value);
        let folds: Vec<f64> = all.iter().map(value).collect::<Option<_>>()?;
        let mean = folds.iter().sum::<f64>() / folds.len() as f64;
        let std = (folds.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / folds.len() as f64).sqrt();
        Some(CrossMetric { name: name.clone(), mean, std, folds })
    };
    all.first().into_iter().flatten().filter_map(|(name, _)| of(name)).collect()
}

impl CrossValidation {
    /// The metric of this name.
    ///
    /// # Errors
    /// [`EvalError::NoMetric`], with the names that there are.
    pub fn metric(&self, name: &str) -> Result<&CrossMetric, EvalError> {
        self.metrics.iter().find(|metric| metric.name == name).ok_or_else(|| EvalError::NoMetric {
            metric: name.to_owned(),
            known: self.metrics.iter().map(|metric| metric.name.clone()).collect(),
        })
    }

    /// Means and deviations by name (`roc_auc`, `roc_auc_std`), for a tracking store.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let both = |m: &CrossMetric| [(m.name.clone(), m.mean), (format!("{}_std", m.name), m.std)];
        self.metrics.iter().flat_map(both).collect()
    }
}

impl Display for CrossValidation {
    fn bundle(&self) -> Bundle {
        let title = format!("Cross-validation of \"{}\", {} folds", self.target, self.rows.len());
        let mut table = Table::new(title, &["metric", "mean", "std", "worst to best"]);
        for metric in &self.metrics {
            let better = crate::scores::Better::of(&metric.name);
            let mut sorted = metric.folds.clone();
            sorted.sort_by(|a, b| better.gain(*a, *b).total_cmp(&0.0));
            let ends = (sorted.first(), sorted.last());
            let range = match ends {
                (Some(worst), Some(best)) => format!("{} to {}", number(*worst), number(*best)),
                _ => String::new(),
            };
            table.row([metric.name.clone(), number(metric.mean), number(metric.std), range]);
        }
        let mean = self.fit_s.iter().sum::<f64>() / self.fit_s.len().max(1) as f64;
        table.note(format!("{mean:.3} s per fit"));
        table.bundle()
    }
}

impl Inspect for CrossValidation {
    fn shape(&self) -> Option<String> {
        Some(format!("{} folds", self.rows.len()))
    }
}

/// How a metric grows with the rows learnt from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearningCurve {
    /// The metric.
    pub metric: String,
    /// Rows learnt from, rising.
    pub rows: Vec<usize>,
    /// Its values on the rows learnt from: for each number of rows, fold by fold.
    pub train: Vec<Vec<f64>>,
    /// Its values on the rows judged: for each number of rows, fold by fold.
    pub test: Vec<Vec<f64>>,
}

/// Fits to growing shares of each fold's rows, chosen at random with `seed`, and judges on both parts.
///
/// A gap between the two curves that stays says that the model is too flexible; curves that meet at a bad value that it
/// is too simple; a test curve that still gets better that more data would help.
///
/// # Errors
/// As [`cross_validate`]; [`EvalError::Share`] for shares outside of 0 to 1 (1 is all rows); [`EvalError::NoMetric`].
pub fn learning_curve<P>(
    params: &P,
    data: &Dataset,
    folds: &(impl Folds + ?Sized),
    shares: &[f64],
    metric: &str,
    seed: u64,
) -> Result<LearningCurve, EvalError>
where
    P: Fit,
    P::Model: Predict,
    <P::Model as Predict>::Task: Judge<P::Model>,
{
    let folds = folds.folds(data)?;
    curve(&|fold| judged(params, data, fold), &folds, shares.to_vec(), metric, seed)
}

#[inline(never)]
fn curve(
    judged: Judged<'_>,
    folds: &[Fold],
    mut shares: Vec<f64>,
    metric: &str,
    seed: u64,
) -> Result<LearningCurve, EvalError> {
    if folds.is_empty() || shares.is_empty() {
        return Err(EvalError::NoFolds);
    }
    shares.sort_by(f64::total_cmp);
    if let Some(&value) = shares.iter().find(|share| !(**share > 0.0 && **share <= 1.0)) {
        return Err(EvalError::Share { name: "a share of the learning curve", value, example: 0.5 });
    }
    let mut progress = Progress::new("Learning curve", Some((folds.len() * shares.len()) as u64));
    let (rows, train, test) = (Vec::new(), Vec::new(), Vec::new());
    let mut curve = LearningCurve { metric: metric.to_owned(), rows, train, test };
    for share in shares {
        let (mut seen, mut unseen, mut count) = (Vec::new(), Vec::new(), 0);
        for (k, fold) in folds.iter().enumerate() {
            ironbook_core::check()?;
            let part = part_of(fold, share, seed, k);
            count += part.train.len();
            let on_train = Fold { train: part.train.clone(), test: part.train.clone() };
            for (fold, values) in [(&part, &mut unseen), (&on_train, &mut seen)] {
                let (metrics, _) = judged(fold).map_err(|error| in_fold(k, error))?;
                values.push(named(&metrics, metric)?);
            }
            progress.inc(1);
        }
        curve.rows.push(count / folds.len());
        curve.train.push(seen);
        curve.test.push(unseen);
    }
    Ok(curve)
}

/// The fold with a random share of its rows to learn from; smaller shares are parts of larger ones.
fn part_of(fold: &Fold, share: f64, seed: u64, k: usize) -> Fold {
    let mut train = fold.train.clone();
    Stream::numbered(seed, k as u64).shuffle(&mut train);
    train.truncate(((train.len() as f64 * share).ceil() as usize).max(1));
    train.sort_unstable();
    Fold { train, test: fold.test.clone() }
}

fn named(metrics: &[(String, f64)], name: &str) -> Result<f64, EvalError> {
    metrics.iter().find(|(n, _)| n == name).map(|(_, value)| *value).ok_or_else(|| EvalError::NoMetric {
        metric: name.to_owned(),
        known: metrics.iter().map(|(name, _)| name.clone()).collect(),
    })
}

impl LearningCurve {
    /// Both curves over the rows learnt from.
    ///
    /// # Errors
    /// [`PlotError`], for a curve that was changed by hand.
    pub fn chart(&self) -> Result<Chart, PlotError> {
        let steps: Vec<f64> = self.rows.iter().map(|&n| n as f64).collect();
        let chart = Chart::learning_curve(&steps, &self.train, &self.test)?;
        Ok(chart.x_label("rows learnt from").y_label(self.metric.clone()))
    }

    /// Mean over the folds on the rows judged, for each number of rows.
    pub fn means(&self) -> Vec<f64> {
        self.test.iter().map(|values| values.iter().sum::<f64>() / values.len() as f64).collect()
    }
}

impl Display for LearningCurve {
    fn bundle(&self) -> Bundle {
        self.chart().map_or_else(|error| Bundle::text(error.to_string()), |chart| chart.bundle())
    }
}
