//! All steps as one type, before and after the fit.

use crate::error::FeatureError;
use crate::steps::choose::{Chosen, Drop, Keep};
use crate::steps::cyclical::Cyclical;
use crate::steps::impute::{FittedImpute, ImputeStep};
use crate::steps::lag::{FittedLag, LagStep};
use crate::steps::log::{FittedLog1p, Log1p};
use crate::steps::one_hot::{FittedOneHot, OneHotStep};
use crate::steps::ordinal::{FittedOrdinal, OrdinalStep};
use crate::steps::scale::{FittedScale, Scale};
use crate::steps::target::{FittedTarget, TargetStep};
use crate::working::Working;
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// A step as it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Impute(ImputeStep),
    Scale(Scale),
    OneHot(OneHotStep),
    Ordinal(OrdinalStep),
    TargetEncode(TargetStep),
    Cyclical(Cyclical),
    Lag(LagStep),
    Log1p(Log1p),
    Drop(Drop),
    Keep(Keep),
}

/// A step with what it learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fitted {
    Impute(FittedImpute),
    Scale(FittedScale),
    OneHot(FittedOneHot),
    Ordinal(FittedOrdinal),
    TargetEncode(FittedTarget),
    Cyclical(Cyclical),
    Lag(FittedLag),
    Log1p(FittedLog1p),
    Chosen(Chosen),
}

impl Step {
    /// Learns from the training data, and turns them into what the next step learns from.
    pub(crate) fn train(&self, working: &mut Working<'_>, data: &Dataset) -> Result<Fitted, FeatureError> {
        let fitted = self.fit(working, data)?;
        match (self, &fitted) {
            (Step::TargetEncode(step), Fitted::TargetEncode(fitted)) => step.cross_fit(fitted, working, data)?,
            (_, Fitted::Lag(fitted)) => fitted.apply_without_history(working)?,
            _ => fitted.apply(working)?,
        }
        Ok(fitted)
    }

    fn fit(&self, working: &Working<'_>, data: &Dataset) -> Result<Fitted, FeatureError> {
        Ok(match self {
            Step::Impute(step) => Fitted::Impute(step.fit(working)?),
            Step::Scale(step) => Fitted::Scale(step.fit(working)?),
            Step::OneHot(step) => Fitted::OneHot(step.fit(working)?),
            Step::Ordinal(step) => Fitted::Ordinal(step.fit(working)?),
            Step::TargetEncode(step) => Fitted::TargetEncode(step.fit(working, data)?),
            Step::Cyclical(step) => Fitted::Cyclical(step.fit(working)?),
            Step::Lag(step) => Fitted::Lag(step.fit(working)?),
            Step::Log1p(step) => Fitted::Log1p(step.fit(working)?),
            Step::Drop(step) => Fitted::Chosen(step.fit(working)?),
            Step::Keep(step) => Fitted::Chosen(step.fit(working)?),
        })
    }

    /// The step and its columns in words.
    pub(crate) fn words(&self) -> [String; 2] {
        match self {
            Step::Impute(s) => [format!("impute {}", s.imputation.with.words()), s.columns.to_string()],
            Step::Scale(s) => [s.to.step().to_owned(), s.columns.to_string()],
            Step::OneHot(s) => ["one_hot".to_owned(), s.columns.to_string()],
            Step::Ordinal(s) => ["ordinal".to_owned(), s.columns.to_string()],
            Step::TargetEncode(s) => ["target_encode".to_owned(), s.columns.to_string()],
            Step::Cyclical(s) => ["cyclical".to_owned(), s.column.clone()],
            Step::Lag(s) => [format!("lag {:?}", s.steps), s.columns.to_string()],
            Step::Log1p(s) => ["log1p".to_owned(), s.columns.to_string()],
            Step::Drop(s) => ["drop".to_owned(), s.columns.to_string()],
            Step::Keep(s) => ["keep".to_owned(), s.columns.to_string()],
        }
    }
}

impl Fitted {
    /// Transforms data that the step was not fitted to.
    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        match self {
            Fitted::Impute(step) => step.apply(working),
            Fitted::Scale(step) => step.apply(working),
            Fitted::OneHot(step) => step.apply(working),
            Fitted::Ordinal(step) => step.apply(working),
            Fitted::TargetEncode(step) => step.apply(working),
            Fitted::Cyclical(step) => step.apply(working),
            Fitted::Lag(step) => step.apply(working),
            Fitted::Log1p(step) => step.apply(working),
            Fitted::Chosen(step) => step.apply(working),
        }
    }
}
