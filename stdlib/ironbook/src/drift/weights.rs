//! How much a model goes by each column, without labels.

use super::foretell::{Answers, Foretell, Seer};
use ironbook_core::check;
use ironbook_drift::{Content, DriftError, Tabular};
use ironbook_learn::Predict;
use polars::prelude::{DataFrame, IdxCa, IdxSize};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

/// Rows that are looked at, at most.
const ROWS: usize = 1000;

/// How much a model goes by each column that it reads: by how much its predictions move, on average, when the values of the
/// column are shuffled among 1,000 rows of the table. Of a classifier the probabilities are meant, in the sum over classes.
///
/// It needs no labels and works for any model, features in front included. The same table gives the same numbers (seed 0).
/// The unit is the prediction's; [`DriftOptions::importances`](ironbook_drift::DriftOptions::importances) makes shares of them.
///
/// # Errors
/// [`DriftError::Data`] for a table that lacks a column of the model, [`DriftError::Model`] where the model fails;
/// [`DriftError::Interrupted`].
pub fn weights<M>(model: &M, table: &dyn Tabular) -> Result<Vec<(String, f64)>, DriftError>
where
    M: Predict<Task: Foretell<M>> + Sync,
{
    of(&Seer::new(model), table)
}

pub(super) fn of(seer: &Seer<'_>, table: &dyn Tabular) -> Result<Vec<(String, f64)>, DriftError> {
    let mut rows = DataFrame::empty();
    let reads = seer.reads();
    match table.content()? {
        Content::Frame(frame) => rows = spread(&frame, &reads, frame.height(), 0)?,
        Content::Pieces(pieces) => {
            let mut from = 0;
            pieces.each(&reads, &mut |piece| {
                rows.vstack_mut(&spread(piece, &reads, pieces.rows(), from)?)?;
                from += piece.height();
                Ok(())
            })?;
        }
    }
    if rows.height() == 0 {
        return Ok(Vec::new());
    }
    let name = "the reference";
    let before = seer.ask(&rows, name)?;
    let mut order: Vec<IdxSize> = (0..rows.height() as IdxSize).collect();
    order.shuffle(&mut StdRng::seed_from_u64(0));
    let order = IdxCa::from_vec("order".into(), order);
    let weight = |column: String| {
        check()?;
        let mut shuffled = rows.clone();
        shuffled.with_column(rows.column(&column)?.take(&order)?)?;
        Ok((column, moved(&before, &seer.ask(&shuffled, name)?)))
    };
    seer.reads().into_iter().map(weight).collect()
}

/// Rows of a piece, which begins at row `from` of `all`, so that those of all pieces lie at equal distances.
fn spread(piece: &DataFrame, columns: &[String], all: usize, from: usize) -> Result<DataFrame, DriftError> {
    let step = all.div_ceil(ROWS).max(1);
    let first = from.next_multiple_of(step) - from;
    let at = (first..piece.height()).step_by(step).map(|row| row as IdxSize).collect();
    Ok(piece.select(columns.iter().map(String::as_str))?.take(&IdxCa::from_vec("rows".into(), at))?)
}

/// How far answers lie apart, on average over the rows.
fn moved(before: &Answers, after: &Answers) -> f64 {
    let between = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>();
    let sum = match (&before.probabilities, &after.probabilities) {
        (Some(a), Some(b)) => between(a.data(), b.data()),
        _ => between(&before.predictions, &after.predictions),
    };
    let mean = sum / before.predictions.len().max(1) as f64;
    if mean.is_finite() { mean } else { 0.0 }
}
