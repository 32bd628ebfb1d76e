//! LightGBM's text files read as an [`Ensemble`].

use super::ensemble::{Ensemble, LEAF, Tree};
use crate::error::LearnError;
use std::collections::HashMap;
use std::str::FromStr;

/// What a text file of `Booster.save_model` holds.
#[derive(Clone, Debug, PartialEq)]
pub struct LightGbm {
    /// The trees; their sums are LightGBM's raw scores.
    ///
    /// LightGBM compares in `f64`, an ensemble in `f32`: for features that fit into `f32` the leaves are the same.
    /// The cover is the number of rows, which LightGBM's own SHAP values go by.
    pub ensemble: Ensemble,
    /// Names of the features.
    pub features: Vec<String>,
    /// The objective with its parameters, for instance `binary sigmoid:1`; empty if the file names none.
    pub objective: String,
}

/// The `key=value` lines of a section.
type Lines<'a> = HashMap<&'a str, &'a str>;

impl LightGbm {
    /// Reads the text of a model file.
    ///
    /// # Errors
    /// [`LearnError::ModelFile`] for a text that is cut off or broken, and for what cannot be an ensemble: linear
    /// leaves, and zeros that stand for missing values.
    pub fn from_text(text: &str) -> Result<Self, LearnError> {
        let (trees, _) =
            text.split_once("end of trees").ok_or_else(|| broken("it does not come to \"end of trees\""))?;
        let mut sections = trees.split("\nTree=");
        let head = lines(sections.next().unwrap_or_default());
        let features: Vec<String> = get(&head, "feature_names")?.split(' ').map(str::to_owned).collect();
        let outputs: usize = number(&head, "num_tree_per_iteration")?;
        if outputs == 0 || outputs > 10_000 {
            return Err(broken(format!("num_tree_per_iteration is {outputs}")));
        }
        let mut ensemble =
            Ensemble { n_features: features.len(), base: vec![0.0; outputs], width: 1, trees: Vec::new() };
        for (t, section) in sections.enumerate() {
            let tree = tree(&lines(section), t % outputs).map_err(|e| within(e, t))?;
            ensemble.trees.push(tree);
        }
        if trees.lines().any(|line| line == "average_output") {
            let rounds = (ensemble.trees.len() / outputs).max(1) as f64;
            let values = ensemble.trees.iter_mut().flat_map(|tree| &mut tree.value);
            values.for_each(|value| *value /= rounds);
        }
        match ensemble.flaw() {
            Some(flaw) => Err(broken(flaw)),
            None => {
                let objective = head.get("objective").copied().unwrap_or_default().to_owned();
                Ok(LightGbm { ensemble, features, objective })
            }
        }
    }
}

fn broken(flaw: impl Into<String>) -> LearnError {
    LearnError::ModelFile {
        format: "LightGBM",
        flaw: flaw.into(),
        advice: "write it again with booster.save_model(\"model.txt\")",
    }
}

fn within(error: LearnError, tree: usize) -> LearnError {
    match error {
        LearnError::ModelFile { flaw, .. } => broken(format!("tree {tree}: {flaw}")),
        other => other,
    }
}

fn lines(section: &str) -> Lines<'_> {
    section.lines().filter_map(|line| line.split_once('=')).collect()
}

fn get<'a>(lines: &Lines<'a>, key: &str) -> Result<&'a str, LearnError> {
    lines.get(key).copied().ok_or_else(|| broken(format!("it has no {key}")))
}

fn number<T: FromStr>(lines: &Lines<'_>, key: &str) -> Result<T, LearnError> {
    let text = get(lines, key)?;
    text.trim().parse().map_err(|_| broken(format!("{key} is \"{text}\"")))
}

fn numbers<T: FromStr>(lines: &Lines<'_>, key: &str, count: usize) -> Result<Vec<T>, LearnError> {
    let text = get(lines, key)?;
    let parsed: Result<Vec<T>, _> = text.split_ascii_whitespace().map(str::parse).collect();
    match parsed {
        Ok(values) if values.len() == count => Ok(values),
        Ok(values) => Err(broken(format!("{key} has {} values, not {count}", values.len()))),
        Err(_) => Err(broken(format!("{key} holds something that is no number"))),
    }
}

fn tree(lines: &Lines<'_>, output: usize) -> Result<Tree, LearnError> {
    let leaves: usize = number(lines, "num_leaves")?;
    if lines.get("is_linear").is_some_and(|v| v.trim() == "1") {
        return Err(LearnError::ModelFile {
            format: "LightGBM",
            flaw: "its leaves are linear models".to_owned(),
            advice: "fit it without linear_tree",
        });
    }
    let values: Vec<f64> = numbers(lines, "leaf_value", leaves)?;
    if leaves < 2 {
        let value = values.first().copied().ok_or_else(|| broken("it has no leaf"))?;
        return Ok(Tree::leaf(value, 1.0, output as u32));
    }
    let inner = leaves - 1;
    let kinds: Vec<u32> = numbers(lines, "decision_type", inner)?;
    let thresholds: Vec<f64> = numbers(lines, "threshold", inner)?;
    let sets = sets(lines)?;
    let place = |child: i64| if child < 0 { inner as i64 + !child } else { child } as u32;
    let left: Vec<i64> = numbers(lines, "left_child", inner)?;
    let right: Vec<i64> = numbers(lines, "right_child", inner)?;
    let mut tree = Tree { output: output as u32, ..Tree::default() };
    tree.feature = numbers(lines, "split_feature", inner)?;
    tree.gain = numbers(lines, "split_gain", inner)?;
    tree.cover = numbers(lines, "internal_count", inner)?;
    for node in 0..inner {
        let missing = kinds[node] >> 2 & 3;
        let (mut children, mut threshold, mut missing_left) = ((left[node], right[node]), 0.0, true);
        if kinds[node] & 1 == 1 {
            // Listed categories go left there, right here; missing ones go with the others.
            children = (children.1, children.0);
            let set = sets.get(thresholds[node] as usize).ok_or_else(|| broken("a split has no categories"))?;
            tree.categories.push((node as u32, set.clone()));
        } else {
            threshold = above(thresholds[node]);
            missing_left = match missing {
                0 => 0.0 <= thresholds[node],
                2 => kinds[node] & 2 != 0,
                _ => {
                    return Err(LearnError::ModelFile {
                        format: "LightGBM",
                        flaw: "its zeros stand for missing values".to_owned(),
                        advice: "fit it without zero_as_missing, with NaN for missing values",
                    });
                }
            };
        }
        tree.threshold.push(threshold);
        tree.default_left.push(missing_left);
        tree.left.push(place(children.0));
        tree.right.push(place(children.1));
    }
    tree.cover.extend(numbers::<f64>(lines, "leaf_count", leaves)?);
    tree.value = [vec![0.0; inner], values].concat();
    tree.feature.resize(inner + leaves, LEAF);
    tree.threshold.resize(inner + leaves, 0.0);
    tree.left.resize(inner + leaves, 0);
    tree.right.resize(inner + leaves, 0);
    tree.default_left.resize(inner + leaves, false);
    tree.gain.resize(inner + leaves, 0.0);
    match tree.flaw(usize::MAX, 1) {
        Some(flaw) => Err(broken(flaw)),
        None => {
            tree.fill_means(1);
            Ok(tree)
        }
    }
}

/// `x <= threshold` in `f64` as `x < result` for all `x` that are `f32`.
fn above(threshold: f64) -> f32 {
    let near = threshold as f32;
    if f64::from(near) > threshold { near } else { near.next_up() }
}

/// The categories of each split by categories.
fn sets(lines: &Lines<'_>) -> Result<Vec<Vec<u32>>, LearnError> {
    let count: usize = number(lines, "num_cat")?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let bounds: Vec<usize> = numbers(lines, "cat_boundaries", count + 1)?;
    let words: Vec<u32> = numbers(lines, "cat_threshold", bounds[count])?;
    let set = |pair: &[usize]| {
        let words = words.get(pair[0]..pair[1]).ok_or_else(|| broken("cat_boundaries do not ascend"))?;
        let bits =
            words.iter().enumerate().flat_map(|(w, word)| (0..32).map(move |bit| (w as u32 * 32 + bit, word >> bit)));
        Ok(bits.filter(|(_, bit)| bit & 1 == 1).map(|(category, _)| category).collect())
    };
    bounds.windows(2).map(set).collect()
}
