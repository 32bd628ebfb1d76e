//! SHAP values of all trees of an ensemble, over all threads.

use crate::error::ExplainError;
use crate::game::{Game, MOST_FEATURES, Scratch, features_on_a_path};
use ironbook_core::Progress;
use ironbook_learn::tree::ensemble::{Ensemble, Tree};
use rayon::prelude::*;

/// Rows that a thread takes at a time.
pub(crate) const BLOCK: usize = 32;

/// Bases and values of an ensemble for some rows.
pub(crate) struct Values {
    /// Per output.
    pub(crate) base: Vec<f64>,
    /// Per row, per output, per feature.
    pub(crate) values: Vec<f64>,
}

/// Rows as the trees read them, row after row.
pub(crate) struct Rows {
    pub(crate) values: Vec<f32>,
    features: usize,
}

impl Rows {
    pub(crate) fn new<C: AsRef<[f64]>>(columns: &[C]) -> Self {
        let features = columns.len();
        let count = columns.first().map_or(0, |column| column.as_ref().len());
        let mut values = vec![0.0; count * features];
        for (j, column) in columns.iter().enumerate() {
            let places = values[j..].iter_mut().step_by(features);
            places.zip(column.as_ref()).for_each(|(place, &value)| *place = value as f32);
        }
        Rows { values, features }
    }

    pub(crate) fn count(&self) -> usize {
        self.values.len() / self.features.max(1)
    }
}

pub(crate) fn explain<C: AsRef<[f64]>>(ensemble: &Ensemble, columns: &[C]) -> Result<Values, ExplainError> {
    let rows = Rows::new(columns);
    let values = vec![0.0; rows.count() * ensemble.outputs() * rows.features];
    let mut all = Values { base: ensemble.base.clone(), values };
    let mut progress = Progress::new("SHAP values", Some(ensemble.trees.len() as u64));
    for (number, tree) in ensemble.trees.iter().enumerate() {
        // Points for the longest path of this tree: two features per point.
        let longest = features_on_a_path(tree);
        let add = match longest.div_ceil(2) {
            0..=2 => add::<2>,
            3..=4 => add::<4>,
            5..=6 => add::<6>,
            7..=8 => add::<8>,
            9..=12 => add::<12>,
            13..=16 => add::<16>,
            17..=32 => add::<32>,
            33..=64 => add::<64>,
            _ => return Err(ExplainError::Path { tree: number, features: longest, most: MOST_FEATURES }),
        };
        add(ensemble, tree, &rows, &mut all)?;
        progress.inc(1);
    }
    Ok(all)
}

/// Adds what one tree says.
fn add<const Q: usize>(ensemble: &Ensemble, tree: &Tree, rows: &Rows, all: &mut Values) -> Result<(), ExplainError> {
    let game = Game::<Q>::new(tree);
    let (features, outputs, width) = (rows.features, ensemble.outputs(), ensemble.width);
    let output = |k: usize| if width == 1 { tree.output as usize } else { k };
    for k in 0..width {
        all.base[output(k)] += game.mean(k, width);
    }
    if features == 0 {
        return Ok(());
    }
    let blocks = all.values.par_chunks_mut(BLOCK * outputs * features).zip(rows.values.par_chunks(BLOCK * features));
    blocks.try_for_each_init(
        || (Scratch::default(), Vec::new()),
        |(down, up), (values, rows)| {
            ironbook_core::check()?;
            for (values, row) in values.chunks_exact_mut(outputs * features).zip(rows.chunks_exact(features)) {
                game.down(row, down);
                for k in 0..width {
                    let start = output(k) * features;
                    game.up(k, width, down, up, &mut values[start..start + features]);
                }
            }
            Ok(())
        },
    )
}
