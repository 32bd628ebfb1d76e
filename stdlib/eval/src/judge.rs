//! Judging a model on data that it has not seen: one entry for classifiers, regressions and rankings.

use crate::bootstrap::EXACT;
use crate::error::EvalError;

use crate::outcome::{Drawing, Kind, Outcome};
use crate::report::{ClassificationReport, RankingReport, RegressionReport};
use crate::scores::Scores;
use crate::slices::sliced;
use ironbook_core::record::{self, Judged, Mark};
use ironbook_core::{Bundle, Display};
use ironbook_data::Dataset;
use ironbook_learn::{Classes, Classification, Predict, PredictProba, Ranking, Regression, Signature, Task};
use serde::{Deserialize, Serialize};

/// How a model is judged.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | [`resamples`](Self::resamples) | 1000 | bootstrap resamples for the intervals, at least 100; 0 for no intervals |
/// | [`seed`](Self::seed) | 0 | seed of the resamples; the same seed gives the same intervals |
/// | [`threshold`](Self::threshold) | 0.5 | class 1 of two is predicted above this probability |
/// | [`paired_up_to`](Self::paired_up_to) | 20,000 | rows up to which the resamples of two models can be compared in pairs |
/// | [`slices`](Self::slices) | none | features by whose values the metrics are given as well |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluateOptions {
    resamples: usize,
    seed: u64,
    threshold: f64,
    #[serde(default = "exact")]
    paired_up_to: usize,
    slices: Vec<String>,
}

fn exact() -> usize {
    EXACT
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        EvaluateOptions { resamples: 1000, seed: 0, threshold: 0.5, paired_up_to: EXACT, slices: Vec::new() }
    }
}

impl EvaluateOptions {
    /// Options with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of bootstrap resamples.
    #[must_use]
    pub fn resamples(mut self, resamples: usize) -> Self {
        self.resamples = resamples;
        self
    }

    /// Sets the seed of the resamples.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the probability above which class 1 of two is predicted.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// Sets the number of rows (of queries, for rankings) up to which resamples are drawn row by row, so that a gate can
    /// compare two models resample by resample. More rows are drawn in cells, which is faster (100,000 rows drawn one by
    /// one take a second or two) and gives the same intervals, but no pairs.
    #[must_use]
    pub fn paired_up_to(mut self, rows: usize) -> Self {
        self.paired_up_to = rows;
        self
    }

    /// Names the features by whose values the metrics are given as well.
    #[must_use]
    pub fn slices(mut self, by: &[impl AsRef<str>]) -> Self {
        self.slices = by.iter().map(|name| name.as_ref().to_owned()).collect();
        self
    }

    pub(crate) fn scores(&self, outcome: &Outcome) -> Result<Scores, EvalError> {
        let drawing = Drawing { resamples: self.resamples, seed: self.seed, row_by_row: self.paired_up_to };
        outcome.scores(self.threshold, drawing)
    }

    pub(crate) fn cut(&self) -> f64 {
        self.threshold
    }

    pub(crate) fn sliced_by(&self) -> &[String] {
        &self.slices
    }

    fn check(&self) -> Result<(), EvalError> {
        match (0.0..1.0).contains(&self.threshold) {
            true => Ok(()),
            false => Err(EvalError::Share { name: "threshold", value: self.threshold, example: 0.5 }),
        }
    }
}

/// A kind of question, and how a model that answers it is judged.
///
/// It is implemented for the tasks of models: classifiers have to give probabilities, rankings need data with groups.
pub trait Judge<M>: Task {
    /// What comes of it.
    type Report: Report;

    /// What the model predicts beside what is true.
    #[doc(hidden)]
    fn predictions(model: &M, data: &Dataset) -> Result<Predictions, EvalError>;

    /// The report on predictions.
    #[doc(hidden)]
    fn report(predictions: &Predictions, data: &Dataset, options: &EvaluateOptions) -> Result<Self::Report, EvalError>;
}

/// Truth and prediction of each row of a data set, made by [`predictions`].
#[derive(Clone, Debug)]
pub struct Predictions(pub(crate) Outcome);

impl Predictions {
    /// The metrics that are defined on the rows, as a report has them, without its curves and tables.
    ///
    /// # Errors
    /// As [`evaluate_with`], but one class is fine.
    pub fn scores(&self, options: &EvaluateOptions) -> Result<Scores, EvalError> {
        options.check()?;
        options.scores(&self.0)
    }
}

/// What a model predicts for data, beside what is true: for several judgements of the same predictions.
///
/// # Errors
/// As [`evaluate`], but for what the metrics refuse.
pub fn predictions<M>(model: &M, data: &Dataset) -> Result<Predictions, EvalError>
where
    M: Predict,
    M::Task: Judge<M>,
{
    if data.rows() == 0 {
        return Err(EvalError::Empty);
    }
    M::Task::predictions(model, data)
}

/// What reports have in common.
pub trait Report: Display {
    /// The metrics with their intervals.
    fn scores(&self) -> &Scores;

    /// Name of the target.
    fn target(&self) -> &str;

    /// Rows judged.
    fn rows(&self) -> usize;
}

/// Judges a model on data that it has not seen; what the report holds depends on the model's task.
///
/// Rows count as much as `data.weights` says. Metrics come with 95% bootstrap intervals (see
/// [`bootstrap`](crate::bootstrap)). Text classes are matched by name. Two classes are told apart at a probability of 0.5.
/// [`evaluate_with`] takes options.
///
/// # Errors
/// Those of the model's `predict` ([`EvalError::Model`]), also for classes that it does not know;
/// [`EvalError::Empty`]; [`EvalError::OneClass`] where a classifier's data holds only one; [`EvalError::NoGroups`] for a
/// ranking; [`EvalError::NotFinite`].
pub fn evaluate<M>(model: &M, data: &Dataset) -> Result<<M::Task as Judge<M>>::Report, EvalError>
where
    M: Predict,
    M::Task: Judge<M>,
{
    evaluate_with(model, data, &EvaluateOptions::default())
}

/// [`evaluate`] with options.
///
/// # Errors
/// As [`evaluate`]; [`EvalError::Parameter`] for fewer than 100 resamples, [`EvalError::Share`] for the threshold,
/// [`EvalError::NoFeature`] for slices.
pub fn evaluate_with<M>(
    model: &M,
    data: &Dataset,
    options: &EvaluateOptions,
) -> Result<<M::Task as Judge<M>>::Report, EvalError>
where
    M: Predict,
    M::Task: Judge<M>,
{
    options.check()?;
    let report = M::Task::report(&predictions(model, data)?, data, options)?;
    if record::recorder().is_some() {
        tell(report.scores(), model.signature().mark, data, &|| report.bundle());
    }
    Ok(report)
}

/// Tells whoever records runs.
#[inline(never)]
fn tell(scores: &Scores, mark: Mark, data: &Dataset, show: &dyn Fn() -> Bundle) {
    let Some(recorder) = record::recorder() else { return };
    let metrics: Vec<(String, f64)> = scores.list.iter().map(|score| (score.name.clone(), score.value)).collect();
    data.told("evaluation", |data| {
        let report = Some(("evaluation.html", show));
        recorder.judged(&Judged { mark, metrics: &metrics, data: Some(data), report });
    });
}

// The bodies stand in functions that are not generic, so that they are compiled here and not into each cell.

impl<M: PredictProba> Judge<M> for Classification {
    type Report = ClassificationReport;

    fn predictions(model: &M, data: &Dataset) -> Result<Predictions, EvalError> {
        of_classes(model, data)
    }

    fn report(predictions: &Predictions, data: &Dataset, options: &EvaluateOptions) -> Result<Self::Report, EvalError> {
        ClassificationReport::of(&predictions.0, sliced(predictions, data, options)?, options)
    }
}

#[inline(never)]
fn of_classes(model: &dyn PredictProba<Task = Classification>, data: &Dataset) -> Result<Predictions, EvalError> {
    let classes = known_classes(&model.signature(), data)?;
    let numbers = classes.numbers(data)?;
    let names = classes.names();
    let kind = if classes.len() == 2 {
        let truth = numbers.iter().map(|&k| k as f64).collect();
        Kind::Binary { truth, proba: model.predict_proba(&data.features)?, names }
    } else {
        let probas = model.predict_probas(&data.features)?;
        let probas = (0..probas.cols()).map(|k| probas.column(k).to_vec()).collect();
        Kind::Classes { truth: numbers, probas, names }
    };
    Ok(outcome(data, kind))
}

/// The classes of the model; one that has seen only 0 or only 1 is one for both.
fn known_classes(signature: &Signature, data: &Dataset) -> Result<Classes, EvalError> {
    let known = match &signature.classes {
        Some(classes) => classes.clone(),
        None => Classes::of(data)?,
    };
    let single = known.text.is_none() && (known.values == [0.0] || known.values == [1.0]);
    Ok(if single { Classes { values: vec![0.0, 1.0], text: None } } else { known })
}

fn outcome(data: &Dataset, kind: Kind) -> Predictions {
    Predictions(Outcome { target: data.target_name.clone(), weights: data.weights.clone(), kind })
}

impl<M: Predict<Task = Regression>> Judge<M> for Regression {
    type Report = RegressionReport;

    fn predictions(model: &M, data: &Dataset) -> Result<Predictions, EvalError> {
        of_values(model, data)
    }

    fn report(predictions: &Predictions, data: &Dataset, options: &EvaluateOptions) -> Result<Self::Report, EvalError> {
        RegressionReport::of(&predictions.0, sliced(predictions, data, options)?, options)
    }
}

#[inline(never)]
fn of_values(model: &dyn Predict<Task = Regression>, data: &Dataset) -> Result<Predictions, EvalError> {
    if let Some(names) = &data.classes {
        return Err(EvalError::TextTarget { target: data.target_name.clone(), some: names.join(", ") });
    }
    let predicted = model.predict(&data.features)?;
    Ok(outcome(data, Kind::Values { truth: data.target.clone(), predicted }))
}

impl<M: Predict<Task = Ranking>> Judge<M> for Ranking {
    type Report = RankingReport;

    fn predictions(model: &M, data: &Dataset) -> Result<Predictions, EvalError> {
        of_groups(model, data)
    }

    fn report(predictions: &Predictions, data: &Dataset, options: &EvaluateOptions) -> Result<Self::Report, EvalError> {
        RankingReport::of(&predictions.0, sliced(predictions, data, options)?, options)
    }
}

#[inline(never)]
fn of_groups(model: &dyn Predict<Task = Ranking>, data: &Dataset) -> Result<Predictions, EvalError> {
    let groups = data.groups.clone().ok_or(EvalError::NoGroups)?;
    let scores = model.predict(&data.features)?;
    Ok(outcome(data, Kind::Ranked { relevance: data.target.clone(), scores, groups }))
}
