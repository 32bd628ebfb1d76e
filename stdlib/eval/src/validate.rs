//! Cross-validation and learning curves: how good a model would be on data that it has not seen, and with more of it.

use crate::error::EvalError;
use crate::folds::{Fold, Folds};
use crate::judge::{EvaluateOptions, Judge, predictions};
use crate::random::Stream;
use crate::scores::{Better, Scores};
use ironbook_core::display::Hush;
use ironbook_core::inspect::Inspect;
use ironbook_core::pruning::Pruning;
use ironbook_core::record::{self, Mark};
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
    /// The metrics that are not defined on some fold, for instance those of the order where it has one class only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undefined: Vec<UndefinedMetric>,
}

/// A metric that is not defined on some folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UndefinedMetric {
    /// Its name.
    pub name: String,
    /// The folds on which it is not defined, from 0.
    pub folds: Vec<usize>,
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
/// same metrics, on any number of threads; only the times differ. A fold of one class has no ROC curve: metrics that are
/// not defined on all folds have no mean, and the display says so.
///
/// # Errors
/// Those of the folds, of `fit` and of [`evaluate`](crate::evaluate) (but one class is fine), each with the number of the
/// fold ([`EvalError::InFold`]); [`EvalError::NoFolds`].
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
    over(&|train, parts| judged(params, train, parts), data, &folds.folds(data)?, None)
}

/// As [`cross_validate`], with word to a search after each fold: the mean so far of the search's metric. Where its pruner says
/// that this is not worth going on, no further fold is fitted.
///
/// In a cell of `%%tune late --maximize roc_auc` with a `trial`, or in [`Study::optimize`] with `.metric("roc_auc")`:
/// `cross_validate_pruned(&params, &train, StratifiedKFold::new(5), trial)?.mean("roc_auc")`.
///
/// # Errors
/// Those of [`cross_validate`]; [`EvalError::Stopped`] where the search ends it early; [`EvalError::Unnamed`] where the search
/// does not name its metric, [`EvalError::NoMetric`] where the models have none of that name.
///
/// [`Study::optimize`]: https://docs.rs/ironbook-tune
pub fn cross_validate_pruned<P>(
    params: &P,
    data: &Dataset,
    folds: impl Folds,
    trial: &dyn Pruning,
) -> Result<CrossValidation, EvalError>
where
    P: Fit,
    P::Model: Predict,
    <P::Model as Predict>::Task: Judge<P::Model>,
{
    over(&|train, parts| judged(params, train, parts), data, &folds.folds(data)?, Some(trial))
}

/// Tells a search of the folds so far. After the last one there is nothing left to end.
fn report(trial: &dyn Pruning, scores: &[Scores], folds: usize) -> Result<(), EvalError> {
    if !trial.is_searched() {
        return Ok(());
    }
    let metric = trial.metric().ok_or(EvalError::Unnamed)?;
    let last = scores.len() - 1;
    let values: Vec<f64> =
        scores.iter().map(|scores| scores.named(metric).map(|score| score.value)).collect::<Result<_, _>>()?;
    trial.report(last as u64, values.iter().sum::<f64>() / values.len() as f64);
    if last + 1 < folds { Ok(trial.stop_early()?) } else { Ok(()) }
}

/// Fits to a data set and judges on others; also gives the seconds of the fit.
type Judged<'a> = &'a dyn Fn(&Dataset, &[&Dataset]) -> Result<(Vec<Scores>, f64), EvalError>;

/// Not generic, so that it is compiled here and not into each cell.
#[inline(never)]
fn over(
    judged: Judged<'_>,
    data: &Dataset,
    folds: &[Fold],
    trial: Option<&dyn Pruning>,
) -> Result<CrossValidation, EvalError> {
    if folds.is_empty() {
        return Err(EvalError::NoFolds);
    }
    let mut progress = Progress::new("Cross-validation", Some(folds.len() as u64));
    let hush = Hush::new(); // a learning curve for each fold would be too many
    let mut all: Vec<Scores> = Vec::new();
    let mut fit_s = Vec::new();
    for (k, fold) in folds.iter().enumerate() {
        ironbook_core::check()?;
        let (train, test) = fold.of(data);
        let (scores, seconds) = judged(&train, &[&test]).map_err(|error| in_fold(k, error))?;
        fit_s.push(seconds);
        let first = scores.first().and_then(|scores| scores.list.first());
        progress.set(k as u64 + 1, first.map_or_else(String::new, |s| format!("{} {}", s.name, number(s.value))));
        all.extend(scores);
        trial.map_or(Ok(()), |trial| report(trial, &all, folds.len()))?;
    }
    let rows = folds.iter().map(|fold| (fold.train.len(), fold.test.len())).collect();
    let (metrics, undefined) = over_folds(&all);
    drop(hush);
    tell(&metrics);
    Ok(CrossValidation { target: data.target_name.clone(), metrics, rows, fit_s, undefined })
}

/// Tells whoever records runs: mean and deviation of each metric.
fn tell(metrics: &[CrossMetric]) {
    let Some(recorder) = record::recorder() else { return };
    let both = |m: &CrossMetric| [(format!("cv_{}_mean", m.name), m.mean), (format!("cv_{}_std", m.name), m.std)];
    let metrics: Vec<(String, f64)> = metrics.iter().flat_map(both).collect();
    recorder.judged(&record::Judged { mark: Mark::default(), metrics: &metrics, data: None, report: None });
}

/// An interrupt stays one.
fn in_fold(fold: usize, error: EvalError) -> EvalError {
    match ironbook_core::check() {
        Err(interrupted) => EvalError::Interrupted(interrupted),
        Ok(()) => EvalError::InFold { fold, source: Box::new(error) },
    }
}

fn judged<P>(params: &P, train: &Dataset, parts: &[&Dataset]) -> Result<(Vec<Scores>, f64), EvalError>
where
    P: Fit,
    P::Model: Predict,
    <P::Model as Predict>::Task: Judge<P::Model>,
{
    let start = Instant::now();
    let model = params.fit(train)?;
    let seconds = start.elapsed().as_secs_f64();
    let options = EvaluateOptions::new().resamples(0);
    let scores = parts.iter().map(|part| predictions(&model, part)?.scores(&options)).collect::<Result<_, _>>()?;
    Ok((scores, seconds))
}

/// The metrics over all folds, and those that some fold does not define.
fn over_folds(all: &[Scores]) -> (Vec<CrossMetric>, Vec<UndefinedMetric>) {
    // A fold that defines all metrics has them in their order.
    let fullest = all.iter().max_by_key(|scores| scores.list.len());
    let listed = fullest.into_iter().flat_map(|scores| scores.list.iter().map(|score| &score.name));
    let (mut metrics, mut undefined) = (Vec::new(), Vec::new());
    for name in listed.chain(fullest.into_iter().flat_map(Scores::undefined)) {
        let found: Vec<Option<f64>> = all.iter().map(|scores| scores.get(name).map(|score| score.value)).collect();
        let missing: Vec<usize> = (0..found.len()).filter(|&k| found[k].is_none()).collect();
        match missing.is_empty() {
            true => metrics.push(cross_metric(name, found.into_iter().flatten().collect())),
            false => undefined.push(UndefinedMetric { name: name.clone(), folds: missing }),
        }
    }
    (metrics, undefined)
}

fn cross_metric(name: &str, folds: Vec<f64>) -> CrossMetric {
    let mean = folds.iter().sum::<f64>() / folds.len() as f64;
    let std = (folds.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / folds.len() as f64).sqrt();
    CrossMetric { name: name.to_owned(), mean, std, folds }
}

/// `fold 3`, `folds 1, 4, 7 and 12 more`.
fn named_folds(folds: &[usize]) -> String {
    const SHOWN: usize = 5;
    let some: Vec<String> = folds.iter().take(SHOWN).map(usize::to_string).collect();
    let more = if folds.len() > SHOWN { format!(" and {} more", folds.len() - SHOWN) } else { String::new() };
    format!("fold{} {}{more}", if folds.len() == 1 { "" } else { "s" }, some.join(", "))
}

impl CrossValidation {
    /// The metric of this name.
    ///
    /// # Errors
    /// [`EvalError::NoMetric`], with the names that there are; [`EvalError::Undefined`] for a metric that some fold does
    /// not define.
    pub fn metric(&self, name: &str) -> Result<&CrossMetric, EvalError> {
        let missing = || match self.undefined.iter().find(|undefined| undefined.name == name) {
            Some(undefined) => EvalError::Undefined { metric: name.to_owned(), place: named_folds(&undefined.folds) },
            None => EvalError::NoMetric {
                metric: name.to_owned(),
                known: self.metrics.iter().map(|metric| metric.name.clone()).collect(),
            },
        };
        self.metrics.iter().find(|metric| metric.name == name).ok_or_else(missing)
    }

    /// Mean of the metric of this name over the folds.
    ///
    /// # Errors
    /// As [`CrossValidation::metric`].
    pub fn mean(&self, name: &str) -> Result<f64, EvalError> {
        self.metric(name).map(|metric| metric.mean)
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
            let better = Better::of(&metric.name);
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
        for undefined in &self.undefined {
            table.note(format!("{} is not defined on {}", undefined.name, named_folds(&undefined.folds)));
        }
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
    let growing = Growing { data, folds: &folds.folds(data)?, shares: shares.to_vec(), seed };
    curve(&|train, parts| judged(params, train, parts), growing, metric)
}

/// What a learning curve is made of.
struct Growing<'a> {
    data: &'a Dataset,
    folds: &'a [Fold],
    shares: Vec<f64>,
    seed: u64,
}

#[inline(never)]
fn curve(judged: Judged<'_>, growing: Growing<'_>, metric: &str) -> Result<LearningCurve, EvalError> {
    let Growing { data, folds, mut shares, seed } = growing;
    if folds.is_empty() || shares.is_empty() {
        return Err(EvalError::NoFolds);
    }
    shares.sort_by(f64::total_cmp);
    if let Some(&value) = shares.iter().find(|share| !(**share > 0.0 && **share <= 1.0)) {
        return Err(EvalError::Share { name: "a share of the learning curve", value, example: 0.5 });
    }
    let mut progress = Progress::new("Learning curve", Some((folds.len() * shares.len()) as u64));
    let _hush = Hush::new();
    let (rows, train, test) = (Vec::new(), Vec::new(), Vec::new());
    let mut curve = LearningCurve { metric: metric.to_owned(), rows, train, test };
    for share in shares {
        let (mut seen, mut unseen, mut count) = (Vec::new(), Vec::new(), 0);
        for (k, fold) in folds.iter().enumerate() {
            ironbook_core::check()?;
            let (train, test) = part_of(fold, share, seed, k).of(data);
            count += train.rows();
            let (scores, _) = judged(&train, &[&test, &train]).map_err(|error| in_fold(k, error))?;
            for (scores, values) in scores.iter().zip([&mut unseen, &mut seen]) {
                let found = scores.named(metric).map_err(|error| match error {
                    EvalError::Undefined { .. } => in_fold(k, error),
                    unknown => unknown,
                })?;
                values.push(found.value);
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
