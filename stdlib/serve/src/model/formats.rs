//! From files of models to what is served, by the name of their format.

use super::Model;
use super::adapt::{Classifier, FeaturedClassifier, FeaturedRegressor, Regressor};
use super::trees::{Classes, Values};
use crate::error::ServeError;
use ironbook_features::Featured;
use ironbook_learn::{
    DecisionTree, DecisionTreeRegressor, ElasticNet, Gbdt, GbdtRanker, GbdtRegressor, LinearRegression,
    LogisticRegression, MajorityBaseline, MeanBaseline, Persist, PersistError, Predict, PredictProba, RandomForest,
    RandomForestRegressor, Ridge,
};
use serde::Deserialize;
use std::path::Path;

/// The format of a model behind a pipeline, whose file says what the model is.
const FEATURED: &str = "ironbook/featured";

type Load = fn(&Path) -> Result<Box<dyn Model>, PersistError>;

/// Loads one format.
#[derive(Clone, Copy)]
pub struct Loader {
    /// Name of the format, `ironbook/gbdt`.
    pub format: &'static str,
    /// Whether the model stands behind a pipeline.
    pub featured: bool,
    /// Loads a model from its own file.
    pub load: Load,
}

/// The formats that can be served: those of `learn`, alone and behind a pipeline; and what other crates add.
#[derive(Clone)]
pub struct Loaders(Vec<Loader>);

fn classifier<M: Persist + PredictProba + Send + Sync + 'static>(path: &Path) -> Result<Box<dyn Model>, PersistError> {
    Ok(Box::new(Classifier(M::load(path)?)))
}

fn regressor<M: Persist + Predict + Send + Sync + 'static>(path: &Path) -> Result<Box<dyn Model>, PersistError> {
    Ok(Box::new(Regressor(M::load(path)?)))
}

fn featured_classifier<M: Persist + PredictProba + Send + Sync + 'static>(
    path: &Path,
) -> Result<Box<dyn Model>, PersistError> {
    Ok(Box::new(FeaturedClassifier(Featured::<M>::load(path)?)))
}

fn featured_regressor<M: Persist + Predict + Send + Sync + 'static>(
    path: &Path,
) -> Result<Box<dyn Model>, PersistError> {
    Ok(Box::new(FeaturedRegressor(Featured::<M>::load(path)?)))
}

impl Loaders {
    /// The formats of `learn`.
    #[must_use]
    pub fn standard() -> Loaders {
        Loaders(Vec::new())
            .and(Loader::new("ironbook/gbdt", |path| Ok(Box::new(Classes(Gbdt::load(path)?)))))
            .and(Loader::new("ironbook/gbdt_regressor", |path| Ok(Box::new(Values(GbdtRegressor::load(path)?)))))
            .and(Loader::new("ironbook/gbdt_ranker", |path| Ok(Box::new(Values(GbdtRanker::load(path)?)))))
            .and(Loader::behind("ironbook/gbdt", featured_classifier::<Gbdt>))
            .and(Loader::behind("ironbook/gbdt_regressor", featured_regressor::<GbdtRegressor>))
            .and(Loader::behind("ironbook/gbdt_ranker", featured_regressor::<GbdtRanker>))
            .classifier::<MajorityBaseline>()
            .classifier::<LogisticRegression>()
            .classifier::<DecisionTree>()
            .classifier::<RandomForest>()
            .regressor::<MeanBaseline>()
            .regressor::<LinearRegression>()
            .regressor::<Ridge>()
            .regressor::<ElasticNet>()
            .regressor::<DecisionTreeRegressor>()
            .regressor::<RandomForestRegressor>()
    }

    /// The same and one more.
    #[must_use]
    pub fn and(mut self, loader: Loader) -> Loaders {
        self.0.push(loader);
        self
    }

    /// The same and a classifier of another crate, alone and behind a pipeline.
    #[must_use]
    pub fn classifier<M: Persist + PredictProba + Send + Sync + 'static>(self) -> Loaders {
        self.and(Loader::new(M::FORMAT, classifier::<M>)).and(Loader::behind(M::FORMAT, featured_classifier::<M>))
    }

    /// The same and a model of values of another crate, alone and behind a pipeline.
    #[must_use]
    pub fn regressor<M: Persist + Predict + Send + Sync + 'static>(self) -> Loaders {
        self.and(Loader::new(M::FORMAT, regressor::<M>)).and(Loader::behind(M::FORMAT, featured_regressor::<M>))
    }

    /// Whether a model of this format, in its own file, can be loaded.
    #[must_use]
    pub fn knows(&self, format: &str, file: &Path) -> bool {
        self.find(format, file).is_ok_and(|found| found.is_ok())
    }

    /// The loader of a file, else the name of the format that none has.
    fn find(&self, format: &str, file: &Path) -> Result<Result<&Loader, String>, PersistError> {
        let inner = if format == FEATURED { Some(inner_format(file)?) } else { None };
        let (name, featured) = inner.as_deref().map_or((format, false), |inner| (inner, true));
        let found = self.0.iter().find(|loader| loader.format == name && loader.featured == featured);
        Ok(found.ok_or_else(|| name.to_owned()))
    }

    /// Loads a model from its own file.
    ///
    /// # Errors
    /// [`ServeError::Format`] for a format that is not known here, [`ServeError::Model`] for a file that cannot be read.
    pub fn load(&self, format: &str, file: &Path) -> Result<Box<dyn Model>, ServeError> {
        let broken = |source| ServeError::Model { file: file.to_owned(), source };
        let loader = self.find(format, file).map_err(broken)?;
        let loader = loader.map_err(|format| ServeError::Format { format })?;
        (loader.load)(file).map_err(broken)
    }
}

impl Loader {
    fn new(format: &'static str, load: Load) -> Loader {
        Loader { format, featured: false, load }
    }

    fn behind(format: &'static str, load: Load) -> Loader {
        Loader { format, featured: true, load }
    }
}

/// The format of the model behind a pipeline.
fn inner_format(file: &Path) -> Result<String, PersistError> {
    #[derive(Deserialize)]
    struct Outer {
        model: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        model_format: String,
    }
    let bytes = std::fs::read(file).map_err(|source| PersistError::Read { path: file.to_owned(), source })?;
    let outer: Result<Outer, _> = serde_json::from_slice(&bytes);
    outer
        .map(|outer| outer.model.model_format)
        .map_err(|source| PersistError::NotAModel { path: file.to_owned(), source })
}
