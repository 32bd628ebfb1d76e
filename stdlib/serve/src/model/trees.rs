//! Boosted trees, row by row: no matrix is made, nothing is allocated.

use super::adapt::refused;
use super::{Answers, Failure, Model};
use crate::contract::{Contract, Rows};
use ironbook_learn::boost::Boosting;
use ironbook_learn::{Boosted, Gbdt, Predict, Signature};

/// From this many rows on the blocks of the batch prediction are faster than single rows.
const MANY: usize = 64;

/// A classifier.
pub(super) struct Classes(pub(super) Gbdt);

/// A model that predicts a value or a score.
pub(super) struct Values<T: Boosting>(pub(super) Boosted<T>);

impl Model for Classes {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn answer(&self, rows: &Rows, contract: &Contract, into: &mut Answers) -> Result<(), Failure> {
        if rows.len() >= MANY {
            return super::adapt::answer_classes(&self.0, rows, contract, into);
        }
        let classes = contract.signature().classes.as_ref().map_or(2, ironbook_learn::Classes::len);
        into.probabilities.resize(rows.len() * classes, 0.0);
        for (row, shares) in into.probabilities.chunks_exact_mut(classes).enumerate() {
            into.predictions.push(self.0.probabilities_of_row(rows.row(row), shares).map_err(refused)?);
        }
        Ok(())
    }

    fn is_brief(&self) -> bool {
        true
    }
}

impl<T: Boosting> Model for Values<T> {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn answer(&self, rows: &Rows, contract: &Contract, into: &mut Answers) -> Result<(), Failure> {
        if rows.len() >= MANY {
            return super::adapt::answer_values(&self.0, rows, contract, into);
        }
        for row in 0..rows.len() {
            into.predictions.push(self.0.predict_row(rows.row(row)).map_err(refused)?);
        }
        Ok(())
    }

    fn is_brief(&self) -> bool {
        true
    }
}
