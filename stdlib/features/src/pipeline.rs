//! Pipelines: steps in their order, and what is left of them after the fit.

use crate::error::FeatureError;
use crate::featured::WithFeatures;
use crate::select::Select;
use crate::step::{Fitted, Step};
use crate::steps::choose::{Drop, Keep};
use crate::steps::cyclical::{Cycles, Cyclical};
use crate::steps::impute::{Imputation, ImputeStep};
use crate::steps::lag::{LagStep, Order};
use crate::steps::log::Log1p;
use crate::steps::one_hot::{OneHot, OneHotStep};
use crate::steps::ordinal::{Ordinal, OrdinalStep};
use crate::steps::scale::{Scale, To};
use crate::steps::target::{TargetEncode, TargetStep};
use crate::stream::Stream;
use crate::working::Working;
use ironbook_core::{Persist, Progress};
use ironbook_data::{Dataset, Matrix};
use ironbook_learn::Feature;
use serde::{Deserialize, Serialize};

/// Steps that turn columns into features, in the order in which they are done.
///
/// Each step works on the columns that the steps before it left. Columns that no step names pass unchanged. All steps
/// learn from the rows as they are: sample weights do not count. Missing values pass through every step but `impute`
/// (and are a category of their own for `one_hot` and `target_encode`); infinite values are refused by the steps that
/// compute with them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pipeline {
    pub(crate) steps: Vec<Step>,
}

impl Pipeline {
    /// A pipeline without steps, which leaves the columns as they are.
    pub fn new() -> Self {
        Self::default()
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Fills missing values (scikit-learn's `SimpleImputer`); see [`Impute`](crate::Impute).
    ///
    /// A column whose values are all missing is refused, unless it is filled with a constant.
    #[must_use]
    pub fn impute(self, columns: impl Into<Select>, with: impl Into<Imputation>) -> Self {
        self.step(Step::Impute(ImputeStep { columns: columns.into(), imputation: with.into() }))
    }

    /// Brings columns to mean 0 and standard deviation 1 (denominator n); a constant column becomes 0
    /// (scikit-learn's `StandardScaler`).
    #[must_use]
    pub fn standardise(self, columns: impl Into<Select>) -> Self {
        self.step(Step::Scale(Scale { columns: columns.into(), to: To::Standard }))
    }

    /// Brings columns to 0 to 1 by minimum and maximum; a constant column becomes 0 (scikit-learn's `MinMaxScaler`).
    /// Later values beyond those seen end up outside of 0 to 1.
    #[must_use]
    pub fn min_max(self, columns: impl Into<Select>) -> Self {
        self.step(Step::Scale(Scale { columns: columns.into(), to: To::Unit }))
    }

    /// Takes `ln(1 + x)`; values of -1 and less are refused.
    #[must_use]
    pub fn log1p(self, columns: impl Into<Select>) -> Self {
        self.step(Step::Log1p(Log1p { columns: columns.into() }))
    }

    /// Makes a column of 0 and 1 per category, `<column>_<category>`, in ascending order; missing values are the last
    /// category, `<column>_missing`, if the fit saw any (scikit-learn's `OneHotEncoder`).
    #[must_use]
    pub fn one_hot(self, columns: impl Into<Select>) -> Self {
        self.one_hot_with(columns, OneHot::new())
    }

    /// As [`one_hot`](Self::one_hot), with options.
    #[must_use]
    pub fn one_hot_with(self, columns: impl Into<Select>, options: OneHot) -> Self {
        self.step(Step::OneHot(OneHotStep { columns: columns.into(), options }))
    }

    /// Makes whole numbers of categories, 0 for the first in ascending order; missing stays missing
    /// (scikit-learn's `OrdinalEncoder`).
    #[must_use]
    pub fn ordinal(self, columns: impl Into<Select>) -> Self {
        self.ordinal_with(columns, Ordinal::new())
    }

    /// As [`ordinal`](Self::ordinal), with options.
    #[must_use]
    pub fn ordinal_with(self, columns: impl Into<Select>, options: Ordinal) -> Self {
        self.step(Step::Ordinal(OrdinalStep { columns: columns.into(), options }))
    }

    /// Replaces categories by the smoothed mean of the target in their rows (scikit-learn's `TargetEncoder`); with a
    /// text target of more than two classes by the share of each class, `<column>_<class>`.
    ///
    /// The training data get codes from the other folds ([`fit_transform`](Self::fit_transform)), so that no row sees
    /// its own target.
    #[must_use]
    pub fn target_encode(self, columns: impl Into<Select>) -> Self {
        self.target_encode_with(columns, TargetEncode::new())
    }

    /// As [`target_encode`](Self::target_encode), with options.
    #[must_use]
    pub fn target_encode_with(self, columns: impl Into<Select>, options: TargetEncode) -> Self {
        self.step(Step::TargetEncode(TargetStep { columns: columns.into(), options }))
    }

    /// Replaces a column by its sine and cosine over a cycle, `<column>_sin` and `<column>_cos`, so that 23 o'clock is
    /// next to 0 o'clock. `24.0` gives the period of a numeric column;
    /// `[Cycle::Hour, Cycle::Weekday, Cycle::Month]` takes them of a column of times (`<column>_hour_sin`, ..).
    #[must_use]
    pub fn cyclical(self, column: impl Into<String>, cycles: impl Into<Cycles>) -> Self {
        self.step(Step::Cyclical(Cyclical { column: column.into(), cycles: cycles.into() }))
    }

    /// Adds the values of earlier rows, `<column>_lag<k>` for the `k`-th row before, right behind each column.
    ///
    /// Rows of a group (`Order::within`) stand in the order of the column `Order::by`, rows of one time as they come.
    /// In `fit` the first rows have nothing before them: their lags are missing. The fitted pipeline remembers the last
    /// rows of each group, as many as the longest lag. `transform` puts the rows of its batch into that series by
    /// their times: a row looks back on the batch's earlier rows and on the remembered ones; of a time that both have,
    /// the batch's rows count. To transform rows as they come, each knowing those before it, use
    /// [`FittedPipeline::stream`]. Rows whose group is missing have missing lags and are not remembered.
    #[must_use]
    pub fn lag(self, columns: impl Into<Select>, steps: impl Into<Vec<usize>>, order: Order) -> Self {
        self.step(Step::Lag(LagStep { columns: columns.into(), steps: steps.into(), order }))
    }

    /// Leaves columns out.
    #[must_use]
    pub fn drop(self, columns: impl Into<Select>) -> Self {
        self.step(Step::Drop(Drop { columns: columns.into() }))
    }

    /// Leaves all other columns out; those named come in the order named.
    #[must_use]
    pub fn keep(self, columns: impl Into<Select>) -> Self {
        self.step(Step::Keep(Keep { columns: columns.into() }))
    }

    /// The pipeline and a model as one: fitted together, also in every fold of a cross-validation, and saved together.
    pub fn then<P>(self, params: P) -> WithFeatures<P> {
        WithFeatures { pipeline: self, params }
    }

    /// Fits every step to what the steps before it made of the training data.
    ///
    /// # Errors
    /// [`FeatureError`], in words: columns that are not there or of a kind that a step has no use for, parameters out
    /// of range, values that cannot be computed with.
    pub fn fit(&self, data: &Dataset) -> Result<FittedPipeline, FeatureError> {
        Ok(self.trained(data)?.0)
    }

    /// Fits the steps, and transforms the training data as a model should see them: target encodings are cross-fitted,
    /// lags look back on the training data only. `transform` of the same data gives other values for those two steps.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_transform(&self, data: &Dataset) -> Result<(FittedPipeline, Dataset), FeatureError> {
        let (fitted, working) = self.trained(data)?;
        let features = working.into_matrix(&fitted.outputs)?;
        let made = Dataset {
            features,
            target: data.target.clone(),
            target_name: data.target_name.clone(),
            classes: data.classes.clone(),
            weights: data.weights.clone(),
            groups: data.groups.clone(),
        };
        Ok((fitted, made))
    }

    fn trained<'a>(&self, data: &'a Dataset) -> Result<(FittedPipeline, Working<'a>), FeatureError> {
        let mut working = Working::of(&data.features);
        if working.rows == 0 {
            return Err(FeatureError::NoRows);
        }
        let inputs = working.features();
        let mut progress = Progress::new("features", Some(self.steps.len() as u64));
        let mut steps = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            ironbook_core::check()?;
            steps.push(step.train(&mut working, data)?);
            progress.inc(1);
        }
        if working.columns.is_empty() {
            return Err(FeatureError::NothingLeft);
        }
        Ok((FittedPipeline { inputs, steps, outputs: working.features(), n_rows: working.rows }, working))
    }
}

/// A fitted pipeline: turns the columns that it was fitted to into features.
///
/// A row gets the same features, bit for bit, whether it comes alone or in a batch; with lags, which look back on other
/// rows, that holds for rows pushed to a [`stream`](Self::stream) one after another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedPipeline {
    pub(crate) inputs: Vec<Feature>,
    pub(crate) steps: Vec<Fitted>,
    pub(crate) outputs: Vec<Feature>,
    pub(crate) n_rows: usize,
}

impl FittedPipeline {
    /// The columns that it reads.
    pub fn inputs(&self) -> &[Feature] {
        &self.inputs
    }

    /// The features that it makes.
    pub fn outputs(&self) -> &[Feature] {
        &self.outputs
    }

    /// Makes the features of these rows; columns are matched by name, text by its names. Text that passes unchanged is
    /// missing where the fit did not see it.
    ///
    /// # Errors
    /// [`FeatureError::Columns`] and [`FeatureError::Kind`] when the columns differ from those of the fit, and what the
    /// steps refuse.
    pub fn transform(&self, features: &Matrix) -> Result<Matrix, FeatureError> {
        let mut working = Working::aligned(features, &self.inputs)?;
        for step in &self.steps {
            ironbook_core::check()?;
            step.apply(&mut working)?;
        }
        working.into_matrix(&self.outputs)
    }

    /// Whether a row's features depend on the rows that come with it, as those of lags do.
    pub fn looks_back(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Fitted::Lag(_)))
    }

    /// A stream that begins behind the training data: rows pushed to it look back on those pushed before.
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self)
    }
}

impl Persist for FittedPipeline {
    const FORMAT: &'static str = "ironbook/features";

    ironbook_core::persist_here!();
}

impl Persist for Pipeline {
    const FORMAT: &'static str = "ironbook/feature_steps";

    ironbook_core::persist_here!();
}
