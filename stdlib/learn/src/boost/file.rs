//! Models in files: XGBoost's JSON, which carries what Ironbook knows besides in an attribute.

use super::booster::History;
use super::model::{Boosted, Meta};
use super::objective::Objective;
use super::params::GbdtParams;
use super::task::Boosting;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::model::{Feature, Signature};
use crate::tree::xgboost::XgboostModel;
use ironbook_core::persist::{Persist, PersistError};
use ironbook_core::record::Mark;
use ironbook_data::Kind;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::Write as _;
use std::path::Path;

/// The attribute of the file that holds a [`Kept`].
const ATTRIBUTE: &str = "ironbook";
/// Raised when the fields change their meaning.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Kept<T: Boosting> {
    format: String,
    version: u32,
    meta: Meta<T>,
}

/// The start of a [`Kept`] of any task.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u32,
}

/// `save` writes an XGBoost model file, which XGBoost itself loads; `load` also reads files that XGBoost wrote.
impl<T: Boosting> Persist for Boosted<T> {
    const FORMAT: &'static str = T::FORMAT;

    fn save(&self, path: impl AsRef<Path>) -> Result<(), PersistError> {
        T::save(self, path.as_ref())
    }

    fn load(path: impl AsRef<Path>) -> Result<Self, PersistError> {
        T::load(path.as_ref())
    }
}

pub(super) fn save<T: Boosting>(model: &Boosted<T>, path: &Path) -> Result<(), PersistError> {
    let failed = |source| PersistError::Write { path: path.to_owned(), source };
    let text = to_xgboost(model).map_err(|error| failed(std::io::Error::other(error)))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = folder.join(format!("{name}.{}.tmp", std::process::id()));
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(failed)
}

pub(super) fn load<T: Boosting>(path: &Path) -> Result<Boosted<T>, PersistError> {
    let text = std::fs::read_to_string(path).map_err(|source| PersistError::Read { path: path.to_owned(), source })?;
    let broken = |source| PersistError::NotAModel { path: path.to_owned(), source };
    let model = XgboostModel::from_json(&text).map_err(|error| broken(serde_json::Error::custom(error)))?;
    let other = |found: String| PersistError::OtherModel {
        path: path.to_owned(),
        found,
        expected: format!("{} version {VERSION}", T::FORMAT),
    };
    let Some(kept) = model.attributes.get(ATTRIBUTE) else {
        return foreign(model).map_err(|objective| other(format!("an XGBoost model of {objective}")));
    };
    let header: Header = serde_json::from_str(kept).map_err(broken)?;
    if header.format != T::FORMAT || header.version > VERSION {
        return Err(other(format!("{} version {}", header.format, header.version)));
    }
    let kept: Kept<T> = serde_json::from_str(kept).map_err(broken)?;
    if kept.meta.signature.features.len() != model.ensemble.n_features
        || kept.meta.objective.outputs() != model.ensemble.outputs()
    {
        return Err(broken(serde_json::Error::custom("its trees and its signature do not belong together")));
    }
    let outputs = kept.meta.objective.outputs();
    let classes = kept.meta.signature.classes.as_ref().map(Classes::len);
    let flaw = kept.meta.signature.flaw().or_else(|| {
        let wrong = |classes: &usize| outputs != if *classes == 2 { 1 } else { *classes };
        classes.filter(wrong).map(|classes| format!("it has {outputs} outputs for {classes} classes"))
    });
    if let Some(flaw) = flaw {
        return Err(broken(serde_json::Error::custom(flaw)));
    }
    Ok(Boosted::new(kept.meta, model.ensemble))
}

impl<T: Boosting> Boosted<T> {
    /// The model as the text of an XGBoost model file.
    ///
    /// # Errors
    /// [`LearnError::ModelFile`] if a number of the model is not finite.
    pub fn to_xgboost(&self) -> Result<String, LearnError> {
        T::to_xgboost(self)
    }
}

pub(super) fn to_xgboost<T: Boosting>(model: &Boosted<T>) -> Result<String, LearnError> {
    let signature = &model.meta.signature;
    let names = signature.names().map(str::to_owned).collect();
    let categories = signature.features.iter().map(|f| f.kind.categories().map(|names| names.to_vec())).collect();
    let name = model.meta.objective.xgboost_name();
    let mut written = XgboostModel::new(model.ensemble.clone(), name, names, categories);
    match model.meta.objective {
        Objective::Quantile { alpha } => {
            written
                .objective_params
                .insert("quantile_loss_param".into(), json!({"quantile_alpha": format!("[{alpha}]")}));
        }
        Objective::Tweedie { power } => {
            let param = json!({"tweedie_variance_power": power.to_string()});
            written.objective_params.insert("tweedie_regression_param".into(), param);
        }
        Objective::Huber { delta } => {
            written.objective_params.insert("pseudo_huber_param".into(), json!({"huber_slope": delta.to_string()}));
        }
        _ => {}
    }
    let kept = Kept { format: T::FORMAT.to_owned(), version: VERSION, meta: model.meta.clone() };
    written.attributes.insert(ATTRIBUTE.to_owned(), json!(kept).to_string());
    if let Some(best) = model.meta.best_iteration {
        written.attributes.insert("best_iteration".to_owned(), best.to_string());
    }
    written.to_json()
}

/// A model that XGBoost wrote; the name of its objective if that is of another task.
fn foreign<T: Boosting>(model: XgboostModel) -> Result<Boosted<T>, String> {
    let outputs = model.ensemble.outputs();
    let objective = match model.objective.as_str() {
        "binary:logistic" => Objective::Logistic { positive: 1.0 },
        "multi:softprob" | "multi:softmax" => Objective::Softmax { classes: outputs },
        "reg:squarederror" => Objective::Squared,
        "reg:absoluteerror" => Objective::Absolute,
        "count:poisson" => Objective::Poisson,
        "reg:gamma" => Objective::Gamma,
        "rank:ndcg" | "rank:pairwise" | "rank:map" => Objective::LambdaRank { truncation: 30 },
        other => return Err(other.to_owned()),
    };
    if !T::suits(&objective) {
        return Err(model.objective);
    }
    let kind = |categories: &Option<Vec<String>>| match categories {
        Some(names) if !names.is_empty() => Kind::Categorical(names.as_slice().into()),
        _ => Kind::Numeric,
    };
    let feature = |(name, categories): (&String, _)| Feature { name: name.clone(), kind: kind(categories) };
    let values = |count: usize| Classes { values: (0..count).map(|k| k as f64).collect(), text: None };
    let classes = match objective {
        Objective::Logistic { .. } => Some(values(2)),
        Objective::Softmax { classes } => Some(values(classes)),
        _ => None,
    };
    let features = model.features.iter().zip(&model.categories).map(feature).collect();
    let meta = Meta {
        params: GbdtParams::default(),
        objective,
        signature: Signature { features, target: "target".to_owned(), classes, mark: Mark::default() },
        history: History { metric: objective.metric_name().to_owned(), ..History::default() },
        best_iteration: model.best_iteration(),
        n_rows: 0,
        warning: None,
    };
    Ok(Boosted::new(meta, model.ensemble))
}
