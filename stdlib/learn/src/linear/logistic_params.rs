//! Parameters of the logistic regression, and how it is fitted.

use super::logistic::LogisticRegression;
use super::newton::{self, Stop};
use super::objective::{Objective, Shape};
use super::proximal;
use super::smooth::Smooth;
use super::softmax::Softmax;
use crate::card;
use crate::check;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::model::Fit;
use crate::told;
use ironbook_core::{Bundle, Display};
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// Below this the penalty overflows.
const SMALLEST_C: f64 = 1e-100;

/// How much the rows of each class count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeight {
    /// All rows alike.
    #[default]
    None,
    /// Rows of a class count in inverse proportion to the class's weight: `total / (number of classes * weight of the class)`.
    Balanced,
}

/// Parameters of [`LogisticRegression`].
///
/// | name | meaning | default |
/// |---|---|---|
/// | `c` | inverse strength of the penalty; positive, infinite for no penalty | 1 (scikit-learn) |
/// | `l1_ratio` | share of the penalty on `|w|` against that on `w^2`, 0 to 1 | 0 (scikit-learn) |
/// | `fit_intercept` | whether there is an intercept; it is never penalised | true (scikit-learn) |
/// | `class_weight` | none, or balanced | none (scikit-learn) |
/// | `tol` | largest gradient of the mean loss, over standardised features, at the end | 1e-8 (Ironbook: one more Newton step than scikit-learn's 1e-4 would need, for coefficients that are right to six digits) |
/// | `max_iter` | Newton steps at most | 100 (scikit-learn) |
///
/// The objective is scikit-learn's: `P(w) + c * sum_i weight_i * log(1 + exp(-s_i (x_i . w + b)))`, `s_i` being +1 for
/// the second class and -1 for the first, and `P(w) = (1 - l1_ratio) / 2 |w|^2 + l1_ratio |w|_1`. Of more than two
/// classes each has coefficients of its own, and the loss of a row is minus the logarithm of the softmax of its class.
/// With `l1_ratio` above 0 some coefficients become exactly 0. The penalty is on the coefficients of the features as given: scaling a feature
/// changes it. Features are standardised inside the solver only, so unscaled features cost no iterations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogisticRegressionParams {
    /// Inverse strength of the penalty.
    #[serde(with = "maybe_infinite")]
    pub c: f64,
    /// Share of the penalty on sizes against that on squares.
    pub l1_ratio: f64,
    /// Whether there is an intercept.
    pub fit_intercept: bool,
    /// How much the rows of each class count.
    pub class_weight: ClassWeight,
    /// Largest gradient at the end.
    pub tol: f64,
    /// Newton steps at most.
    pub max_iter: usize,
}

impl Default for LogisticRegressionParams {
    fn default() -> Self {
        Self { c: 1.0, l1_ratio: 0.0, fit_intercept: true, class_weight: ClassWeight::None, tol: 1e-8, max_iter: 100 }
    }
}

impl LogisticRegressionParams {
    /// Parameters with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the inverse strength of the penalty; `f64::INFINITY` for none.
    #[must_use]
    pub fn c(mut self, c: f64) -> Self {
        self.c = c;
        self
    }

    /// Sets the share of the penalty on the sizes of the coefficients: 1 for L1, 0 for L2, between for elastic net.
    #[must_use]
    pub fn l1_ratio(mut self, l1_ratio: f64) -> Self {
        self.l1_ratio = l1_ratio;
        self
    }

    /// Sets whether there is an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// Sets how much the rows of each class count.
    #[must_use]
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.class_weight = class_weight;
        self
    }

    /// Sets the gradient at which to stop.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// Sets the number of Newton steps at most.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    fn check(&self) -> Result<(), LearnError> {
        let refuse = |name, value: String, expected| Err(LearnError::Parameter { name, value, expected });
        if self.c.is_nan() || self.c < SMALLEST_C {
            let expected = "a positive number of at least 1e-100 (the smaller, the stronger the penalty)";
            return refuse("c", self.c.to_string(), expected);
        }
        if !(0.0..=1.0).contains(&self.l1_ratio) {
            return refuse("l1_ratio", self.l1_ratio.to_string(), "a number from 0 (squares only) to 1 (sizes only)");
        }
        if !self.tol.is_finite() || self.tol <= 0.0 {
            return refuse("tol", self.tol.to_string(), "a small positive number, for instance 1e-8");
        }
        if self.max_iter == 0 {
            return refuse("max_iter", "0".to_owned(), "at least 1");
        }
        Ok(())
    }

    fn fit_rows(&self, data: &Dataset) -> Result<LogisticRegression, LearnError> {
        self.check()?;
        check::shape(data)?;
        check::numbers(&data.features, "LogisticRegression")?;
        let task = Task::of(data)?;
        let moments = check::moments(&data.features)?;
        let columns = (0..data.features.cols()).map(|j| data.features.column(j)).collect();
        let shape = Shape { intercept: self.fit_intercept, c: self.c / (1.0 - self.l1_ratio) };
        let stop = Stop { tol: self.tol, max_iter: self.max_iter };
        let weights = self.row_weights(&task, data.weights.as_deref());
        let one: Vec<f64> = task.numbers.iter().map(|&class| class as f64).collect();
        let base = Objective::new(columns, &one, weights, &moments, shape);
        let (coef, intercepts, solution) = if task.seen.len() == 2 {
            let solution = self.minimise(&base, &base, 1, stop)?;
            let (coef, intercept) = base.unstandardise(&solution.theta);
            (coef, vec![intercept], solution)
        } else {
            let (numbers, classes) = (task.numbers.as_slice(), task.seen.len());
            let many = Softmax { base, numbers, classes, free: self.c.is_infinite() };
            let solution = self.minimise(&many, &many.base, classes, stop)?;
            let (coef, intercepts) = many.unstandardise(&solution.theta);
            (coef, intercepts, solution)
        };
        let warning = (!solution.converged).then(|| self.not_converged(&solution));
        let std = moments.iter().map(|m| m.std).collect();
        Ok(LogisticRegression::new(
            self,
            (data, task.classes, task.seen),
            (coef, intercepts, std),
            (&solution, warning),
        ))
    }

    fn minimise(
        &self,
        objective: &impl Smooth,
        base: &Objective<'_>,
        classes: usize,
        stop: Stop,
    ) -> Result<newton::Solution, LearnError> {
        if self.l1_ratio == 0.0 || self.c.is_infinite() {
            return newton::minimise(objective, stop);
        }
        let of_class = base.scale.iter().map(|s| self.l1_ratio / self.c / base.total() / s);
        let of_class: Vec<f64> = of_class.chain(self.fit_intercept.then_some(0.0)).collect();
        proximal::minimise(objective, &of_class.repeat(classes), stop)
    }

    fn not_converged(&self, solution: &newton::Solution) -> String {
        let what = format!(
            "not converged after {} of at most {} steps: the gradient is {:.1e}, tol is {:.1e}",
            solution.n_iter, self.max_iter, solution.gradient, self.tol
        );
        let advice = if solution.n_iter < self.max_iter {
            "no step decreases the loss any more: lower c, or drop columns that repeat others"
        } else {
            "raise max_iter, or lower c if the classes can be separated perfectly"
        };
        format!("{what}\n{advice}")
    }

    /// Sample weights times class weights; `None` where all are 1.
    fn row_weights(&self, task: &Task, weights: Option<&[f64]>) -> Option<Vec<f64>> {
        if self.class_weight == ClassWeight::None {
            return weights.map(<[f64]>::to_vec);
        }
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let mut of_class = vec![0.0; task.seen.len()];
        task.numbers.iter().enumerate().for_each(|(i, &class)| of_class[class] += weight(i));
        let total: f64 = of_class.iter().sum();
        let factor: Vec<f64> = of_class.iter().map(|sum| total / (task.seen.len() as f64 * sum)).collect();
        Some(task.numbers.iter().enumerate().map(|(i, &class)| weight(i) * factor[class]).collect())
    }
}

/// The classes that there are rows of.
struct Task {
    classes: Classes,
    /// Their numbers among all classes.
    seen: Vec<usize>,
    /// For each row the number of its class among those seen; 0 for rows of weight 0 of others.
    numbers: Vec<usize>,
}

impl Task {
    fn of(data: &Dataset) -> Result<Self, LearnError> {
        let classes = Classes::of(data)?;
        let numbers = classes.numbers(data)?;
        let mut counts = vec![false; classes.len()];
        let weight = |i: usize| data.weights.as_ref().map_or(1.0, |weights| weights[i]);
        numbers.iter().enumerate().filter(|(i, _)| weight(*i) > 0.0).for_each(|(_, &class)| counts[class] = true);
        let seen: Vec<usize> = (0..classes.len()).filter(|&class| counts[class]).collect();
        match seen.as_slice() {
            [] => Err(LearnError::ZeroWeights),
            [only] => Err(LearnError::one_class(data, classes.values[*only])),
            _ => {
                let number = |class: &usize| seen.binary_search(class).unwrap_or(0);
                let numbers = numbers.iter().map(number).collect();
                Ok(Task { classes, seen, numbers })
            }
        }
    }
}

impl Display for LogisticRegressionParams {
    fn bundle(&self) -> Bundle {
        card::unfitted("LogisticRegression", self, &Self::default())
    }
}

impl Fit for LogisticRegressionParams {
    type Model = LogisticRegression;

    /// # Errors
    /// [`LearnError::Parameter`], [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`],
    /// [`LearnError::NotClasses`], [`LearnError::OneClass`], [`LearnError::NotFinite`], [`LearnError::TooLarge`],
    /// [`LearnError::Interrupted`]. A fit that does not converge is no error: see [`LogisticRegression::warning`].
    fn fit(&self, data: &Dataset) -> Result<LogisticRegression, LearnError> {
        told::fitted("LogisticRegression", data, |_| self, told::no_curves, || self.fit_rows(data))
    }
}

/// An infinite `c` in JSON, which has no infinity: the text `"inf"`.
mod maybe_infinite {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Finite(f64),
        Text(String),
    }

    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        if value.is_infinite() { to.serialize_str("inf") } else { to.serialize_f64(*value) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        match Number::deserialize(from)? {
            Number::Finite(value) => Ok(value),
            Number::Text(text) if text == "inf" => Ok(f64::INFINITY),
            Number::Text(text) => Err(D::Error::custom(format!("c is \"{text}\", expected a number or \"inf\""))),
        }
    }
}
