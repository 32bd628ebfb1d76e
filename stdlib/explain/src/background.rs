//! SHAP values against a background: a feature that is not known takes the value of another row (interventional).
//!
//! For a row and a row of the background a leaf counts if every feature on its path lets one of the two pass. With `x`
//! features that only the row passes and `b` that only the other one passes, Shapley's formula comes to
//! `v (x - 1)! b! / (x + b)!` for each of the former and `-v x! (b - 1)! / (x + b)!` for each of the latter.

use crate::error::ExplainError;
use crate::tree::{BLOCK, Rows, Values};
use ironbook_core::Progress;
use ironbook_learn::tree::ensemble::{Ensemble, LEAF, Tree};
use rayon::prelude::*;

/// Most features of a path; the weights of longer ones are not kept.
const MOST: usize = 128;

/// Whose way the walk takes at the splits of a feature.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Taken {
    Both,
    Row,
    Background,
}

/// `(x - 1)! b! / (x + b)!` for x > 0.
struct Weights(Vec<f64>);

impl Weights {
    fn new() -> Self {
        let mut weights = vec![0.0; (MOST + 1) * (MOST + 1)];
        for x in 1..=MOST {
            // 1 / x for no background feature, then b / (x + b) of the one before.
            let mut weight = 1.0 / x as f64;
            for b in 0..=MOST {
                if b > 0 {
                    weight *= b as f64 / (x + b) as f64;
                }
                weights[x * (MOST + 1) + b] = weight;
            }
        }
        Weights(weights)
    }

    fn of(&self, x: usize, b: usize) -> f64 {
        self.0[x * (MOST + 1) + b]
    }
}

/// The walk of one pair of rows through one tree.
struct Pair<'a> {
    tree: &'a Tree,
    row: &'a [f32],
    other: &'a [f32],
    weights: &'a Weights,
    width: usize,
    /// What each pair counts: one over the rows of the background.
    share: f64,
    outputs: &'a [usize],
    features: usize,
}

/// What the path so far has decided.
struct Path {
    /// By feature.
    taken: Vec<Taken>,
    of_row: Vec<u32>,
    of_other: Vec<u32>,
}

pub(crate) fn explain<C: AsRef<[f64]> + Sync>(
    ensemble: &Ensemble,
    columns: &[C],
    background: &[C],
) -> Result<Values, ExplainError> {
    let (rows, others) = (Rows::new(columns), Rows::new(background));
    let (features, outputs) = (ensemble.n_features, ensemble.outputs());
    let weights = Weights::new();
    let predicted = ensemble.predict(background)?;
    let base = predicted.iter().map(|values| values.iter().sum::<f64>() / values.len() as f64).collect();
    let mut all = Values { base, values: vec![0.0; rows.count() * outputs * features] };
    let mut progress = Progress::new("SHAP values", Some(ensemble.trees.len() as u64));
    let share = 1.0 / others.count() as f64;
    for (number, tree) in ensemble.trees.iter().enumerate() {
        let longest = crate::game::features_on_a_path(tree);
        if longest > MOST {
            return Err(ExplainError::Path { tree: number, features: longest, most: MOST });
        }
        let places: Vec<usize> =
            if ensemble.width == 1 { vec![tree.output as usize] } else { (0..ensemble.width).collect() };
        let chunks = all.values.par_chunks_mut(BLOCK * outputs * features);
        chunks.zip(rows.values.par_chunks(BLOCK * features)).try_for_each_init(
            || Path { taken: vec![Taken::Both; features], of_row: Vec::new(), of_other: Vec::new() },
            |path, (values, rows)| {
                for (values, row) in values.chunks_exact_mut(outputs * features).zip(rows.chunks_exact(features)) {
                    ironbook_core::check()?;
                    for other in others.values.chunks_exact(features) {
                        let width = ensemble.width;
                        let (weights, outputs) = (&weights, places.as_slice());
                        let pair = Pair { tree, row, other, weights, width, share, outputs, features };
                        pair.walk(0, path, values);
                    }
                }
                Ok::<(), ExplainError>(())
            },
        )?;
        progress.inc(1);
    }
    Ok(all)
}

impl Pair<'_> {
    /// At most as deep as the paths whose features differ; splits that both rows pass alike are followed in the loop.
    fn walk(&self, mut node: usize, path: &mut Path, values: &mut [f64]) {
        loop {
            let feature = self.tree.feature[node];
            if feature == LEAF {
                return self.leaf(node, path, values);
            }
            let row = self.child(node, self.row[feature as usize]);
            let other = self.child(node, self.other[feature as usize]);
            node = match path.taken[feature as usize] {
                Taken::Row => row,
                Taken::Background => other,
                Taken::Both if row == other => row,
                Taken::Both => {
                    path.taken[feature as usize] = Taken::Row;
                    path.of_row.push(feature);
                    self.walk(row, path, values);
                    path.of_row.pop();
                    path.taken[feature as usize] = Taken::Background;
                    path.of_other.push(feature);
                    self.walk(other, path, values);
                    path.of_other.pop();
                    path.taken[feature as usize] = Taken::Both;
                    return;
                }
            };
        }
    }

    fn leaf(&self, node: usize, path: &Path, values: &mut [f64]) {
        let (x, b) = (path.of_row.len(), path.of_other.len());
        for (k, output) in self.outputs.iter().enumerate() {
            let value = self.tree.value[node * self.width + k] * self.share;
            let values = &mut values[output * self.features..(output + 1) * self.features];
            if x > 0 {
                let worth = value * self.weights.of(x, b);
                path.of_row.iter().for_each(|&feature| values[feature as usize] += worth);
            }
            if b > 0 {
                let worth = value * self.weights.of(b, x);
                path.of_other.iter().for_each(|&feature| values[feature as usize] -= worth);
            }
        }
    }

    fn child(&self, node: usize, value: f32) -> usize {
        let tree = self.tree;
        let left = match tree.set(node) {
            _ if value.is_nan() => tree.default_left[node],
            None => value < tree.threshold[node],
            Some(set) => !(value >= 0.0 && set.contains(&(value as u32))),
        };
        (if left { &tree.left } else { &tree.right })[node] as usize
    }
}
