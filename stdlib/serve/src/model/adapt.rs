//! Anything that implements `Predict`, as it is served.

use super::{Answers, Failure, Model};
use crate::contract::{Contract, Offence, Problem, Rows};
use ironbook_data::Matrix;
use ironbook_features::{FeatureError, Featured};
use ironbook_learn::{Classification, LearnError, Predict, PredictProba, Ranking, Regression, Signature, Task};
use std::time::Instant;

/// A model that predicts values or scores, or whose probabilities are not asked for.
pub struct Regressor<M>(pub M);

/// A model that tells classes apart.
pub struct Classifier<M>(pub M);

impl<M: Predict + Send + Sync> Model for Regressor<M> {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn answer(&self, rows: &Rows, contract: &Contract, into: &mut Answers) -> Result<(), Failure> {
        answer_values(&self.0, rows, contract, into)
    }
}

impl<M: PredictProba + Send + Sync> Model for Classifier<M> {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn answer(&self, rows: &Rows, contract: &Contract, into: &mut Answers) -> Result<(), Failure> {
        answer_classes(&self.0, rows, contract, into)
    }
}

pub(super) fn answer_values(
    model: &impl Predict,
    rows: &Rows,
    contract: &Contract,
    into: &mut Answers,
) -> Result<(), Failure> {
    predictions(model, &rows.matrix(contract), into)
}

pub(super) fn answer_classes(
    model: &impl PredictProba,
    rows: &Rows,
    contract: &Contract,
    into: &mut Answers,
) -> Result<(), Failure> {
    let matrix = rows.matrix(contract);
    predictions(model, &matrix, into)?;
    probabilities(model, &matrix, into)
}

/// What a task's models are served as.
pub trait Servable<M>: Task {
    /// The model as a server asks it.
    fn servable(model: M) -> Box<dyn Model>;
}

impl<M: PredictProba + Send + Sync + 'static> Servable<M> for Classification {
    fn servable(model: M) -> Box<dyn Model> {
        Box::new(Classifier(model))
    }
}

impl<M: Predict + Send + Sync + 'static> Servable<M> for Regression {
    fn servable(model: M) -> Box<dyn Model> {
        Box::new(Regressor(model))
    }
}

impl<M: Predict + Send + Sync + 'static> Servable<M> for Ranking {
    fn servable(model: M) -> Box<dyn Model> {
        Box::new(Regressor(model))
    }
}

/// Any model as a server asks it: a classifier with its probabilities, others with their values.
pub fn servable<M: Predict<Task: Servable<M>>>(model: M) -> Box<dyn Model> {
    M::Task::servable(model)
}

/// A regressor of the library behind a pipeline.
pub(super) struct FeaturedRegressor<M>(pub(super) Featured<M>);

/// A classifier of the library behind a pipeline.
pub(super) struct FeaturedClassifier<M>(pub(super) Featured<M>);

impl<M: Predict + Send + Sync> Model for FeaturedRegressor<M> {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn answer(&self, rows: &Rows, contract: &Contract, into: &mut Answers) -> Result<(), Failure> {
        let made = features(&self.0, rows, contract, into)?;
        predictions(self.0.model(), &made, into)
    }

    fn rows_are_apart(&self) -> bool {
        !self.0.features().looks_back()
    }
}

impl<M: PredictProba + Send + Sync> Model for FeaturedClassifier<M> {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn answer(&self, rows: &Rows, contract: &Contract, into: &mut Answers) -> Result<(), Failure> {
        let made = features(&self.0, rows, contract, into)?;
        predictions(self.0.model(), &made, into)?;
        probabilities(self.0.model(), &made, into)
    }

    fn rows_are_apart(&self) -> bool {
        !self.0.features().looks_back()
    }
}

/// The columns that the steps make, timed.
fn features<M>(model: &Featured<M>, rows: &Rows, contract: &Contract, into: &mut Answers) -> Result<Matrix, Failure> {
    let begun = Instant::now();
    let made = model.features().transform(&rows.matrix(contract)).map_err(of_features)?;
    into.features = begun.elapsed();
    Ok(made)
}

fn predictions(model: &impl Predict, matrix: &Matrix, into: &mut Answers) -> Result<(), Failure> {
    into.predictions = model.predict(matrix).map_err(refused)?;
    Ok(())
}

fn probabilities(model: &impl PredictProba, matrix: &Matrix, into: &mut Answers) -> Result<(), Failure> {
    let shares = model.predict_probas(matrix).map_err(refused)?;
    into.probabilities.reserve(shares.rows() * shares.cols());
    for row in 0..shares.rows() {
        into.probabilities.extend((0..shares.cols()).map(|class| shares.get(row, class)));
    }
    Ok(())
}

/// What a model says of rows that it cannot answer, by fields where it names them.
pub(super) fn refused(error: LearnError) -> Failure {
    match error {
        LearnError::NotFinite { ref column, nan, infinite, .. } => {
            let found = if nan > 0 { "it may not be missing" } else { "it may not be infinite" };
            offence(column, None, nan + infinite, found.to_owned())
        }
        LearnError::Kind { column, found, expected } => {
            offence(&column, None, 1, format!("it holds {found}, the model was fitted to {expected}"))
        }
        LearnError::Features(source) => match source.downcast::<FeatureError>() {
            Ok(error) => of_features(*error),
            Err(other) => Failure::Failed(other),
        },
        other => Failure::Failed(other.into()),
    }
}

fn of_features(error: FeatureError) -> Failure {
    match error {
        FeatureError::UnknownCategory { ref column, row, ref value, .. } => {
            offence(column, Some(row), 1, format!("{value} is no category that the model knows"))
        }
        FeatureError::Infinite { ref column, row, .. } => {
            offence(column, Some(row), 1, "it may not be infinite".to_owned())
        }
        FeatureError::OutOfRange { ref column, row, value, needs, .. } => {
            offence(column, Some(row), 1, format!("it is {value}; {needs}"))
        }
        FeatureError::NoOrder { ref column, row, .. } => {
            offence(column, Some(row), 1, "it orders the rows and may not be missing".to_owned())
        }
        other => Failure::Failed(other.into()),
    }
}

fn offence(field: &str, row: Option<usize>, rows: usize, found: String) -> Failure {
    let (field, problem) = (field.to_owned(), Problem::Refused);
    Failure::Refused(vec![Offence { field, problem, row, rows, expected: None, found: Some(found) }])
}
