//! Models in the tracking store: logged, registered and loaded by their type.
//!
//! ```no_run
//! use ironbook::learn::Gbdt;
//! use ironbook::models;
//!
//! let champion: Gbdt = models::load("models:/late-flights@champion")?;
//! models::register(&champion, "late-flights", Some("challenger"))?;
//! # Ok::<(), ironbook::track::Error>(())
//! ```

use ironbook_core::{Persist, PersistError};
use ironbook_data::{Kind, Matrix};
use ironbook_learn::{Predict, Signature, Task};
use ironbook_nn::{MlpClassifier, MlpRegressor};
use ironbook_track::{self as track, Error, ModelFiles, Registered, Result};
use polars::prelude::Column;
use std::path::Path;

/// The Python module that is logged with each model.
pub const LOADER: &str = include_str!("../python/ironbook_model.py");
/// Formats that the Python module reads.
const PYTHON: [&str; 14] = [
    "ironbook/majority_baseline",
    "ironbook/mean_baseline",
    "ironbook/linear_regression",
    "ironbook/ridge",
    "ironbook/elastic_net",
    "ironbook/logistic_regression",
    "ironbook/decision_tree",
    "ironbook/decision_tree_regressor",
    "ironbook/random_forest",
    "ironbook/random_forest_regressor",
    "ironbook/mlp_classifier",
    "ironbook/mlp_regressor",
    "ironbook/gbdt",
    "ironbook/gbdt_regressor",
];
/// Formats that XGBoost reads as well.
const XGBOOST: [&str; 3] = ["ironbook/gbdt", "ironbook/gbdt_regressor", "ironbook/gbdt_ranker"];

/// The types of the formats, as cells write them.
const TYPES: [(&str, &str); 15] = [
    ("ironbook/majority_baseline", "::ironbook::learn::MajorityBaseline"),
    ("ironbook/mean_baseline", "::ironbook::learn::MeanBaseline"),
    ("ironbook/linear_regression", "::ironbook::learn::LinearRegression"),
    ("ironbook/ridge", "::ironbook::learn::Ridge"),
    ("ironbook/elastic_net", "::ironbook::learn::ElasticNet"),
    ("ironbook/logistic_regression", "::ironbook::learn::LogisticRegression"),
    ("ironbook/decision_tree", "::ironbook::learn::DecisionTree"),
    ("ironbook/decision_tree_regressor", "::ironbook::learn::DecisionTreeRegressor"),
    ("ironbook/random_forest", "::ironbook::learn::RandomForest"),
    ("ironbook/random_forest_regressor", "::ironbook::learn::RandomForestRegressor"),
    ("ironbook/gbdt", "::ironbook::learn::Gbdt"),
    ("ironbook/gbdt_regressor", "::ironbook::learn::GbdtRegressor"),
    ("ironbook/gbdt_ranker", "::ironbook::learn::GbdtRanker"),
    ("ironbook/mlp_classifier", "::ironbook::nn::MlpClassifier"),
    ("ironbook/mlp_regressor", "::ironbook::nn::MlpRegressor"),
];

/// Logs a model to the run that it was fitted in (else the active one), in MLflow's model format; returns its id.
///
/// # Errors
/// Of the store.
pub fn log<M: Persist + Predict>(model: &M, name: &str) -> Result<String> {
    with_files::<M, _>(&model.signature(), &|path| model.save(path), &mut |files| {
        track::log_model(files, Some(name)).map(|model| model.id)
    })
}

/// Logs a model and registers it as the next version of `name`, with an alias if one is given.
///
/// # Errors
/// Of the store; a name or alias that is not allowed.
pub fn register<M: Persist + Predict>(model: &M, name: &str, alias: Option<&str>) -> Result<Registered> {
    with_files::<M, _>(&model.signature(), &|path| model.save(path), &mut |files| {
        track::register_model(files, name, alias)
    })
}

/// Loads a model: `models:/name@alias`, `models:/name/3`, `models:/name/Production`, `models:/m-id`, `runs:/run/path`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Uri`]; [`Error::Model`] for a model of another type than `M`.
pub fn load<M: Persist>(uri: &str) -> Result<M> {
    let fetched = track::fetch_model(uri)?;
    M::load(fetched.file()).map_err(|error| Error::Model { name: uri.to_owned(), source: error.into() })
}

/// The type of a model, as a cell would write it; [`load`] takes it.
///
/// # Errors
/// As [`load`].
pub fn type_of(uri: &str) -> Result<String> {
    track::fetch_model(uri).map(|fetched| fetched.type_path)
}

/// The formats of models that a server reads: those of the library.
#[must_use]
pub fn loaders() -> ironbook_serve::Loaders {
    ironbook_serve::Loaders::standard().classifier::<MlpClassifier>().regressor::<MlpRegressor>()
}

/// Predicts the rows of a file (CSV, Parquet or JSON, by its ending) and writes them with one more column, `prediction`, to
/// another one (CSV or Parquet); returns the number of rows.
///
/// # Errors
/// When a file cannot be read or written, or lacks a column that the model reads.
pub fn predict_file<M: Predict>(
    model: &M,
    from: &Path,
    to: &Path,
) -> std::result::Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    rows_of(&model.signature(), &|rows| model.predict(rows), from, to)
}

fn rows_of(
    signature: &Signature,
    predict: &dyn Fn(&Matrix) -> std::result::Result<Vec<f64>, ironbook_learn::LearnError>,
    from: &Path,
    to: &Path,
) -> std::result::Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    let ending = |path: &Path| path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let mut table = match ending(from).as_deref() {
        Some("parquet") => ironbook_data::read_parquet(from)?,
        Some("json" | "jsonl" | "ndjson") => ironbook_data::read_json(from)?,
        _ => ironbook_data::read_csv(from)?,
    };
    let names: Vec<&str> = signature.features.iter().map(|feature| feature.name.as_str()).collect();
    let predicted = predict(&Matrix::from_frame(&table, &names)?)?;
    let classes = signature.classes.as_ref().and_then(|classes| classes.text.as_ref().map(|text| (classes, text)));
    let column = match classes {
        Some((classes, text)) => {
            let name = |value: &f64| {
                let at = classes.values.iter().position(|class| class == value);
                at.and_then(|at| text.get(at)).map(String::as_str)
            };
            Column::new("prediction".into(), predicted.iter().map(name).collect::<Vec<_>>())
        }
        None => Column::new("prediction".into(), predicted),
    };
    table.with_column(column)?;
    match ending(to).as_deref() {
        Some("parquet") => ironbook_data::write_parquet(&table, to)?,
        _ => ironbook_data::write_csv(&table, to)?,
    }
    Ok(table.height())
}

type Save<'a> = &'a dyn Fn(&Path) -> std::result::Result<(), PersistError>;

fn with_files<M: Persist + Predict, R>(
    signature: &Signature,
    save: Save<'_>,
    then: &mut dyn FnMut(&ModelFiles<'_>) -> Result<R>,
) -> Result<R> {
    let full = std::any::type_name::<M>();
    described(M::FORMAT, <M::Task as Task>::NAME, full, signature, save, then)
}

/// Not generic in the model, so that it is compiled here and not into each cell.
fn described<R>(
    format: &str,
    task: &str,
    full: &str,
    signature: &Signature,
    save: Save<'_>,
    then: &mut dyn FnMut(&ModelFiles<'_>) -> Result<R>,
) -> Result<R> {
    let type_path = path_of(format, full);
    let kind = type_path.rsplit("::").next().unwrap_or(format).trim_end_matches('>').to_owned();
    let input = |kind: &Kind| match kind {
        // Whole numbers and others alike: MLflow refuses columns of integers where a signature says `double`.
        Kind::Numeric => "any",
        Kind::Categorical(_) => "string",
        Kind::Time => "datetime",
    };
    let numeric = signature.features.iter().all(|feature| feature.kind == Kind::Numeric);
    let output = match &signature.classes {
        Some(classes) if classes.text.is_some() => "string",
        Some(_) => "long",
        None => "double",
    };
    then(&ModelFiles {
        kind: &kind,
        format,
        type_path: &type_path,
        inputs: signature.features.iter().map(|f| (f.name.clone(), input(&f.kind))).collect(),
        output,
        mark: signature.mark,
        proba: task == ironbook_learn::Classification::NAME,
        xgboost: numeric && XGBOOST.contains(&format),
        loader: PYTHON.contains(&format).then_some(LOADER),
        write: save,
    })
}

/// The type of a format as a cell writes it; `full` is its name for the compiler.
pub(crate) fn path_of(format: &str, full: &str) -> String {
    let known = TYPES.iter().find(|(of, _)| *of == format).map(|(_, path)| (*path).to_owned());
    known.unwrap_or_else(|| behind_features(full).unwrap_or_else(|| full.to_owned()))
}

/// `..Featured<..Boosted<..>>` as a cell writes it.
fn behind_features(full: &str) -> Option<String> {
    let inner = full.strip_prefix("ironbook_features::featured::Featured<")?.strip_suffix('>')?;
    Some(format!("::ironbook::features::Featured<{}>", written(inner)))
}

/// The path of a type of the library, from the one that the compiler prints.
fn written(full: &str) -> String {
    let (name, task) = match full.split_once('<') {
        Some((name, task)) => (name, task.trim_end_matches('>').rsplit("::").next().unwrap_or(task)),
        None => (full, ""),
    };
    let regression = task == "Regression";
    let name = match (name.rsplit("::").next().unwrap_or(name), task) {
        ("Boosted", "Ranking") => "GbdtRanker",
        ("Boosted", _) if regression => "GbdtRegressor",
        ("Boosted", _) => "Gbdt",
        ("Forest", _) if regression => "RandomForestRegressor",
        ("Forest", _) => "RandomForest",
        ("SingleTree", _) if regression => "DecisionTreeRegressor",
        ("SingleTree", _) => "DecisionTree",
        ("Linear", "LinearRegressionParams") => "LinearRegression",
        ("Linear", "RidgeParams") => "Ridge",
        ("Linear", "ElasticNetParams") => "ElasticNet",
        (other, _) => other,
    };
    let home = if name.starts_with("Mlp") { "nn" } else { "learn" };
    format!("::ironbook::{home}::{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_learn::{Gbdt, LogisticRegression, RandomForestRegressor, Ridge};

    #[test]
    fn types_are_written_as_cells_can_name_them() {
        let name = |full: &str| written(full);
        assert_eq!(name(std::any::type_name::<Gbdt>()), "::ironbook::learn::Gbdt");
        assert_eq!(name(std::any::type_name::<RandomForestRegressor>()), "::ironbook::learn::RandomForestRegressor");
        assert_eq!(name(std::any::type_name::<Ridge>()), "::ironbook::learn::Ridge");
        assert_eq!(name(std::any::type_name::<LogisticRegression>()), "::ironbook::learn::LogisticRegression");
        let featured = behind_features(std::any::type_name::<ironbook_features::Featured<Gbdt>>());
        assert_eq!(featured.as_deref(), Some("::ironbook::features::Featured<::ironbook::learn::Gbdt>"));
    }
}
