//! Better than the registry's model, on the same rows.

use super::{GateError, read_by};
use crate::models;
use ironbook_core::Persist;
use ironbook_data::Dataset;
use ironbook_eval::{EvalError, EvaluateOptions, Gate, GateRules, Judge, Scores, predictions, scores_gate};
use ironbook_learn::{Predict, Signature};
use ironbook_track as track;
use std::borrow::Cow;

/// Rows up to which both models are judged on the same resamples.
const PAIRED: usize = 1_000_000;

/// Compares a model with the registry's, which has the same type, by rules.
///
/// Both predict the same rows, each from the columns that it reads, and their metrics are compared on the same 1,000
/// resamples of these rows (paired bootstrap, seed 0; up to a million rows, more of them are resampled independently).
///
/// `name` is that of a registered model with an alias, a version or a stage: `late-flights@champion`, `late-flights/3`,
/// `late-flights/Production`. It is looked up in the store where models are registered: the project's own, or the server
/// that was set. Where no model has this alias or stage yet, rules that compare are left out, and the gate says so;
/// thresholds ([`GateRules::at_least`], [`GateRules::at_most`]) hold all the same. A version that is not there is an error.
///
/// ```no_run
/// # use ironbook::prelude::*;
/// use ironbook::{eval::GateRules, gates};
///
/// # fn cell(model: Gbdt, test: Dataset) -> Result<(), Box<dyn std::error::Error>> {
/// let rules = GateRules::first_metric().no_worse("log_loss", 0.001).at_least("roc_auc", 0.7);
/// gates::champion(&model, &test, "late-flights@champion", &rules)?.require()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`GateError::OtherType`] for a champion of another type, with what to write instead; [`GateError::Target`],
/// [`GateError::Columns`], [`GateError::Judged`] for one that these rows are nothing for; [`GateError::Store`]; those of
/// [`scores_gate`] and of the model.
pub fn champion<M>(model: &M, test: &Dataset, name: &str, rules: &GateRules) -> Result<Gate, GateError>
where
    M: Persist + Predict,
    M::Task: Judge<M>,
{
    let name = name.strip_prefix("models:/").unwrap_or(name);
    let uri = if name.contains(":/") { name.to_owned() } else { format!("models:/{name}") };
    let own = scored(model, test, "the model")?;
    let fetched = match track::fetch_model(&uri) {
        Ok(fetched) => fetched,
        Err(error) if track::is_vacant(&error, name) => return Ok(first(&own, test, name, rules)?),
        Err(error) => return Err(error.into()),
    };
    let expected = models::path_of(M::FORMAT, std::any::type_name::<M>());
    // Models behind features share a format; types of cells have another path in each session.
    let is_ours = fetched.type_path.starts_with("::ironbook::");
    if fetched.format != M::FORMAT || is_ours && fetched.type_path != expected {
        let short = |path: &str| path.trim_start_matches("::").to_owned();
        let (found, expected) = (short(&fetched.type_path), short(&expected));
        return Err(GateError::OtherType { name: name.to_owned(), uri, found, expected });
    }
    let other = M::load(fetched.file()).map_err(|source| GateError::Damaged { name: name.to_owned(), source })?;
    Ok(scores_gate(&test.target_name, &own, Some(&other_scores(&other, test, name)?), rules)?.against(name))
}

/// Compares a model with another one, of any type that answers the same kind of question, as [`champion`] does.
///
/// ```no_run
/// # use ironbook::prelude::*;
/// use ironbook::{eval::GateRules, gates, models};
///
/// # fn cell(model: Gbdt, test: Dataset) -> Result<(), Box<dyn std::error::Error>> {
/// let simple: LogisticRegression = models::load("models:/late-flights@champion")?;
/// gates::against(&model, &simple, &test, &GateRules::first_metric())?.require()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`GateError::Target`], [`GateError::Columns`], [`GateError::Judged`] for another model that these rows are nothing for;
/// those of [`scores_gate`] and of the model.
pub fn against<M, C>(model: &M, other: &C, test: &Dataset, rules: &GateRules) -> Result<Gate, GateError>
where
    M: Predict,
    C: Predict<Task = M::Task>,
    M::Task: Judge<M> + Judge<C>,
{
    let own = scored(model, test, "the model")?;
    let name = "the other model";
    Ok(scores_gate(&test.target_name, &own, Some(&other_scores(other, test, name)?), rules)?.against(name))
}

/// The metrics of a model that is compared with; its name stands in errors.
fn other_scores<C>(other: &C, test: &Dataset, name: &str) -> Result<Scores, GateError>
where
    C: Predict,
    C::Task: Judge<C>,
{
    let found = other.signature().target;
    if found != test.target_name {
        let expected = test.target_name.clone();
        return Err(GateError::Target { name: name.to_owned(), found, expected });
    }
    scored(other, test, name).map_err(|error| match error {
        GateError::Eval(source) if !matches!(source, EvalError::Interrupted(_)) => {
            GateError::Judged { name: name.to_owned(), source: Box::new(source) }
        }
        error => error,
    })
}

// Not `evaluate`: a gate tells no run of metrics, least of all another model's.
fn scored<M>(model: &M, test: &Dataset, who: &str) -> Result<Scores, GateError>
where
    M: Predict,
    M::Task: Judge<M>,
{
    let test = rows_for(test, &model.signature(), who)?;
    Ok(predictions(model, &test)?.scores(&EvaluateOptions::new().paired_up_to(PAIRED))?)
}

/// The test data with the columns that a model reads.
fn rows_for<'a>(test: &'a Dataset, signature: &Signature, who: &str) -> Result<Cow<'a, Dataset>, GateError> {
    Ok(match read_by(&test.features, signature, who)? {
        Cow::Borrowed(_) => Cow::Borrowed(test),
        Cow::Owned(features) => Cow::Owned(Dataset {
            features,
            target: test.target.clone(),
            target_name: test.target_name.clone(),
            classes: test.classes.clone(),
            weights: test.weights.clone(),
            groups: test.groups.clone(),
        }),
    })
}

/// The gate of a model that has no predecessor.
fn first(own: &Scores, test: &Dataset, name: &str, rules: &GateRules) -> Result<Gate, EvalError> {
    let gate = scores_gate(&test.target_name, own, None, rules)?;
    Ok(gate.note(format!("There is no {name} in {} yet.", track::where_to())))
}
