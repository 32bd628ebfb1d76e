//! What a model says of rows, whatever its type.

use super::predicted::PredictedTable;
use super::weights;
use ironbook_data::Matrix;
use ironbook_drift::{DriftError, DriftOptions, DriftReport, Tabular};
use ironbook_learn::{Classification, LearnError, Predict, PredictProba, Ranking, Regression, Signature, Task};
use polars::prelude::{Column, DataFrame};
use std::collections::BTreeSet;

/// What a model says of rows.
pub struct Answers {
    /// A value per row; for a classifier one of its classes' values.
    pub predictions: Vec<f64>,
    /// For a classifier the probability of each class.
    pub probabilities: Option<Matrix>,
}

/// A task whose models can be asked for all they have to say: classifiers for probabilities, too.
pub trait Foretell<M>: Task {
    /// Asks the model.
    ///
    /// # Errors
    /// Those of the model.
    fn answers(model: &M, features: &Matrix) -> Result<Answers, LearnError>;
}

impl<M: PredictProba> Foretell<M> for Classification {
    fn answers(model: &M, features: &Matrix) -> Result<Answers, LearnError> {
        Ok(Answers { predictions: model.predict(features)?, probabilities: Some(model.predict_probas(features)?) })
    }
}

impl<M: Predict> Foretell<M> for Regression {
    fn answers(model: &M, features: &Matrix) -> Result<Answers, LearnError> {
        Ok(Answers { predictions: model.predict(features)?, probabilities: None })
    }
}

impl<M: Predict> Foretell<M> for Ranking {
    fn answers(model: &M, features: &Matrix) -> Result<Answers, LearnError> {
        Ok(Answers { predictions: model.predict(features)?, probabilities: None })
    }
}

/// Asks a model.
pub(super) type Answer<'a> = dyn Fn(&Matrix) -> Result<Answers, LearnError> + Sync + 'a;

/// A model without its type, so that what is done with it is compiled here and not into each cell.
pub(super) struct Seer<'a> {
    signature: Signature,
    answer: Box<Answer<'a>>,
}

impl<'a> Seer<'a> {
    pub fn new<M: Predict<Task: Foretell<M>> + Sync>(model: &'a M) -> Seer<'a> {
        Seer::of(model.signature(), Box::new(|features| M::Task::answers(model, features)))
    }

    pub fn of(signature: Signature, answer: Box<Answer<'a>>) -> Seer<'a> {
        Seer { signature, answer }
    }

    /// Names of the columns that the model reads.
    pub fn reads(&self) -> Vec<String> {
        self.signature.names().map(str::to_owned).collect()
    }

    /// Name of what it predicts.
    pub fn target(&self) -> &str {
        &self.signature.target
    }

    /// What it says of the rows of a table; `name` stands for the table in errors.
    pub fn ask(&self, frame: &DataFrame, name: &str) -> Result<Answers, DriftError> {
        let failed = |source: LearnError| DriftError::Model { table: name.to_owned(), source: source.into() };
        (self.answer)(&Matrix::from_frame(frame, &self.reads())?).map_err(failed)
    }

    /// The same as columns, in the form of a log of requests; a name that a feature has gets `output.` in front.
    pub fn columns(&self, frame: &DataFrame, name: &str) -> Result<Vec<Column>, DriftError> {
        let Answers { predictions, probabilities } = self.ask(frame, name)?;
        let mut columns = vec![self.prediction(&predictions)];
        if let Some(shares) = probabilities {
            // The chance of one of two classes is what the other's leaves.
            let first = usize::from(shares.cols() == 2);
            let class = |at: usize| (format!("probability.{}", shares.names()[at]), shares.column(at));
            columns.extend((first..shares.cols()).map(class).map(|(name, values)| Column::new(name.into(), values)));
        }
        let own = self.reads();
        for column in &mut columns {
            if own.iter().any(|feature| feature == column.name().as_str()) {
                column.rename(format!("output.{}", column.name()).into());
            }
        }
        Ok(columns)
    }

    fn prediction(&self, values: &[f64]) -> Column {
        let name = "prediction".into();
        let Some(classes) = &self.signature.classes else { return Column::new(name, values) };
        let Some(text) = &classes.text else {
            return Column::new(name, values.iter().map(|value| *value as i64).collect::<Vec<_>>());
        };
        let word = |value: &f64| {
            let at = classes.values.iter().position(|class| class == value);
            at.and_then(|at| text.get(at)).map(String::as_str)
        };
        Column::new(name, values.iter().map(word).collect::<Vec<_>>())
    }

    /// See [`compare_with`](super::compare_with).
    pub fn compare(
        &self,
        options: DriftOptions,
        reference: &dyn Tabular,
        current: &dyn Tabular,
    ) -> Result<DriftReport, DriftError> {
        let options = match options.has_importances() {
            true => options,
            false => options.importances(&weights::of(self, reference)?),
        };
        let reference = PredictedTable::new(self, reference, "the reference")?;
        let current = PredictedTable::new(self, current, "the current data")?;
        if options.has_columns() {
            return options.compare(&reference, &current);
        }
        let more = [&reference, &current]
            .map(|table| table.predictions().iter().cloned().chain(table.target().map(str::to_owned)));
        let columns: BTreeSet<String> = self.reads().into_iter().chain(more.into_iter().flatten()).collect();
        options.columns(columns).compare(&reference, &current)
    }
}
