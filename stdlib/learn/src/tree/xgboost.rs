//! XGBoost's JSON model files, read and written: gradient boosted trees that XGBoost 1.7 to 3.2 understands.

mod json;
mod read;
mod write;

use super::ensemble::Ensemble;
use crate::error::LearnError;
use serde_json::Value;
use std::collections::BTreeMap;

/// What an XGBoost model file holds; its trees, features, objective and attributes.
///
/// Reads and writes `gbtree` models of one number per leaf. The numbers of a file that Ironbook wrote come back bit for
/// bit; XGBoost itself keeps them as `f32`.
#[derive(Clone, Debug, PartialEq)]
pub struct XgboostModel {
    /// The trees; their sums are margins, the start of each output included.
    pub ensemble: Ensemble,
    /// The objective, for instance `binary:logistic`.
    pub objective: String,
    /// Parameters of the objective as they stand in the file, without its name.
    pub objective_params: BTreeMap<String, Value>,
    /// Names of the features; `f0`, `f1`, .. if the file has none.
    pub features: Vec<String>,
    /// For each feature its categories, if it has any: their names if the file knows them, otherwise none.
    pub categories: Vec<Option<Vec<String>>>,
    /// Texts that travel with the model, `best_iteration` among them.
    pub attributes: BTreeMap<String, String>,
    /// Where in the list of trees each round of boosting begins, and the number of trees.
    pub rounds: Vec<usize>,
}

/// Attribute that keeps the starts of the outputs to the last bit.
const BASE: &str = "ironbook_base";

/// How an objective makes a margin from what a file calls `base_score`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Link {
    Identity,
    Logit,
    Log,
}

impl XgboostModel {
    /// A model of these trees; features are called `names`, those with categories carry them.
    ///
    /// `trees_per_round` is the number of classes for `multi:softprob`, otherwise 1.
    pub fn new(
        ensemble: Ensemble,
        objective: impl Into<String>,
        features: Vec<String>,
        categories: Vec<Option<Vec<String>>>,
    ) -> Self {
        let per_round = if ensemble.width == 1 { ensemble.outputs().max(1) } else { 1 };
        let rounds = (0..=ensemble.trees.len() / per_round).map(|round| round * per_round).collect();
        let objective = objective.into();
        let objective_params = write::objective_params(&objective, ensemble.outputs());
        XgboostModel {
            ensemble,
            objective,
            objective_params,
            features,
            categories,
            attributes: BTreeMap::new(),
            rounds,
        }
    }

    /// Reads the text of a JSON model file (`booster.save_model("model.json")`).
    ///
    /// # Errors
    /// [`LearnError::ModelFile`] for a text that is broken, with the place, and for models that are no sums of trees
    /// (`gblinear`), drop trees (`dart`) or have leaves of several numbers.
    pub fn from_json(text: &str) -> Result<Self, LearnError> {
        read::model(text)
    }

    /// The text of a JSON model file, which XGBoost's `Booster(model_file="model.json")` loads.
    ///
    /// # Errors
    /// [`LearnError::ModelFile`] if leaves have several numbers, a number is not finite, or the objective is not known.
    pub fn to_json(&self) -> Result<String, LearnError> {
        write::text(self)
    }

    /// The round, from 0, that early stopping found best.
    pub fn best_iteration(&self) -> Option<usize> {
        self.attributes.get("best_iteration")?.parse().ok()
    }

    /// Drops all rounds from number `rounds` on.
    pub fn truncate(&mut self, rounds: usize) {
        if rounds + 1 < self.rounds.len() {
            self.rounds.truncate(rounds + 1);
            self.ensemble.trees.truncate(self.rounds[rounds]);
        }
    }
}

impl Link {
    fn of(objective: &str) -> Option<Self> {
        match objective {
            "binary:logistic" | "reg:logistic" => Some(Link::Logit),
            "count:poisson" | "reg:gamma" | "reg:tweedie" => Some(Link::Log),
            "multi:softprob"
            | "multi:softmax"
            | "reg:squarederror"
            | "reg:absoluteerror"
            | "reg:pseudohubererror"
            | "reg:quantileerror"
            | "rank:ndcg"
            | "rank:pairwise"
            | "rank:map" => Some(Link::Identity),
            _ => None,
        }
    }

    fn margin(self, score: f64) -> f64 {
        match self {
            Link::Identity => score,
            Link::Logit => -(1.0 / score - 1.0).ln(),
            Link::Log => score.ln(),
        }
    }

    fn score(self, margin: f64) -> f64 {
        match self {
            Link::Identity => margin,
            // Within what an f32 can tell from 0 and 1.
            Link::Logit => (1.0 / (1.0 + (-margin).exp())).clamp(1e-37, 1.0 - f64::from(f32::EPSILON)),
            Link::Log => margin.exp(),
        }
    }
}

fn broken(flaw: impl Into<String>) -> LearnError {
    LearnError::ModelFile {
        format: "XGBoost",
        flaw: flaw.into(),
        advice: "write it again with booster.save_model(\"model.json\")",
    }
}

fn refused(flaw: impl Into<String>, advice: &'static str) -> LearnError {
    LearnError::ModelFile { format: "XGBoost", flaw: flaw.into(), advice }
}
