//! A pipeline and a model as one: fitted, judged, saved and loaded together.

use crate::pipeline::{FittedPipeline, Pipeline};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Persist, record};
use ironbook_data::{Dataset, Matrix};
use ironbook_learn::tree::TreeModel;
use ironbook_learn::tree::ensemble::Ensemble;
use ironbook_learn::{Fit, Importances, LearnError, Predict, PredictProba, Signature};
use serde::{Deserialize, Serialize};

/// Parameters of a model behind a pipeline, from [`Pipeline::then`].
///
/// `fit` fits the pipeline and the model to the same rows, so that a cross-validation that fits this in every fold
/// learns nothing from the rows held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WithFeatures<P> {
    /// The steps.
    pub pipeline: Pipeline,
    /// The parameters of the model.
    pub params: P,
}

impl<P: Fit> Fit for WithFeatures<P> {
    type Model = Featured<P::Model>;

    /// # Errors
    /// As the model's own `fit`; [`LearnError::Features`] for what the pipeline refuses.
    fn fit(&self, data: &Dataset) -> Result<Self::Model, LearnError> {
        let (features, made) = self.pipeline.fit_transform(data)?;
        let steps = || self.pipeline.bundle().plain().to_owned();
        let model = record::with_param("pipeline", steps, || self.params.fit(&made))?;
        Ok(Featured { features, model })
    }
}

/// A fitted model that makes its own features: it takes the columns as they were before the pipeline.
///
/// Saved as one JSON file, which holds the name of the model's own format.
#[derive(Clone, Debug, PartialEq)]
pub struct Featured<M> {
    features: FittedPipeline,
    model: M,
}

impl<M> Featured<M> {
    /// The fitted pipeline.
    pub fn features(&self) -> &FittedPipeline {
        &self.features
    }

    /// The model behind it, which reads the pipeline's features.
    pub fn model(&self) -> &M {
        &self.model
    }
}

impl<M: Predict> Predict for Featured<M> {
    type Task = M::Task;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        self.model.predict(&self.features.transform(features)?)
    }

    /// The columns that the pipeline reads, and the target and classes of the model.
    fn signature(&self) -> Signature {
        Signature { features: self.features.inputs().to_vec(), ..self.model.signature() }
    }
}

impl<M: PredictProba> PredictProba for Featured<M> {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        self.model.predict_proba(&self.features.transform(features)?)
    }

    fn predict_probas(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        self.model.predict_probas(&self.features.transform(features)?)
    }
}

/// The trees of the model, which read the features that the pipeline makes.
impl<M: TreeModel> TreeModel for Featured<M> {
    fn ensemble(&self) -> &Ensemble {
        self.model.ensemble()
    }

    fn tree_signature(&self) -> Signature {
        self.model.tree_signature()
    }

    fn tree_features(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        self.model.tree_features(&self.features.transform(features)?)
    }
}

/// Those of the model, by the names of the features that the pipeline makes.
impl<M: Importances> Importances for Featured<M> {
    fn importances(&self) -> Vec<(String, f64)> {
        self.model.importances()
    }
}

/// How the pair stands in files.
#[derive(Serialize)]
struct Written<'a, M> {
    model_format: &'a str,
    features: &'a FittedPipeline,
    model: &'a M,
}

#[derive(Deserialize)]
struct Read {
    model_format: String,
    features: FittedPipeline,
    model: serde_json::Value,
}

impl<M: Persist> Serialize for Featured<M> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Written { model_format: M::FORMAT, features: &self.features, model: &self.model }.serialize(to)
    }
}

impl<'de, M: Persist> Deserialize<'de> for Featured<M> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let Read { model_format, features, model } = Read::deserialize(from)?;
        if model_format != M::FORMAT {
            let expected = M::FORMAT;
            return Err(D::Error::custom(format!("the model behind the features is {model_format}, not {expected}")));
        }
        let model = M::deserialize(model).map_err(D::Error::custom)?;
        model.flaw().map_or(Ok(Featured { features, model }), |flaw| Err(D::Error::custom(flaw)))
    }
}

impl<M: Persist> Persist for Featured<M> {
    const FORMAT: &'static str = "ironbook/featured";
}

/// The model's own display, then the pipeline's.
impl<M: Display> Display for Featured<M> {
    fn bundle(&self) -> Bundle {
        let (model, features) = (self.model.bundle(), self.features.bundle());
        let html = |bundle: &Bundle| bundle.data.get("text/html").and_then(|html| html.as_str()).map(str::to_owned);
        let both = Bundle::text(format!("{}\n\n{}", model.plain(), features.plain()));
        match (html(&model), html(&features)) {
            (Some(model), Some(features)) => both.html(format!("{model}{features}")),
            _ => both,
        }
    }
}

impl<M: Inspect> Inspect for Featured<M> {
    fn shape(&self) -> Option<String> {
        let columns = self.features.inputs().len();
        Some(
            self.model
                .shape()
                .map_or_else(|| format!("{columns} columns"), |shape| format!("{columns} columns, {shape}")),
        )
    }

    fn heap_bytes(&self) -> u64 {
        self.features.heap_bytes() + self.model.heap_bytes()
    }
}
