//! Trees and forests against scikit-learn, node by node and on the average.

use crate::{name, uniform};
use ironbook_data::{Dataset, Matrix};
use ironbook_learn::tree::ensemble::{LEAF, Tree};
use ironbook_learn::tree::forest::Forest;
use ironbook_learn::tree::single::{Grown, SingleTree, TreeParams};
use ironbook_learn::{
    ClassWeight, Criterion, DecisionTree, DecisionTreeRegressor, Fit, Importances, MaxFeatures, Predict, PredictProba,
    RandomForest, RandomForestRegressor,
};
use serde_json::Value;

/// One case of `reference/forest.json`.
struct Case(Value);

impl Case {
    fn number(&self, key: &str) -> f64 {
        self.0[key].as_f64().unwrap_or_else(|| panic!("{key} of {}", self.0["name"]))
    }

    fn list(&self, key: &str) -> Vec<f64> {
        let number =
            |v: &Value| v.as_f64().unwrap_or_else(|| if v == "inf" { f64::INFINITY } else { f64::from(v == true) });
        self.0[key].as_array().unwrap().iter().map(number).collect()
    }

    fn param(&self, key: &str) -> Option<&Value> {
        self.0["params"].get(key)
    }

    fn classes(&self) -> usize {
        self.number("classes") as usize
    }

    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    /// The data that `reference/make_forest.py` makes of the case's seed plus `more`.
    fn data(&self, more: u64, rows: usize) -> Dataset {
        let (seed, cols, classes) = (self.number("seed") as u64 + more, self.number("cols") as usize, self.classes());
        let mut columns: Vec<Vec<f64>> = uniform(seed, rows * cols).chunks(rows).map(<[f64]>::to_vec).collect();
        let noise = uniform(seed + 1, rows);
        let signal: Vec<f64> = (0..rows)
            .map(|i| 2.0 * columns[0][i] * columns[1][i] + (columns[2][i] - 0.5).powi(2) + 0.4 * noise[i])
            .collect();
        let class = |s: &f64| ((s / 1.5).min(0.999999) * classes as f64).floor();
        let target = if classes > 0 { signal.iter().map(class).collect() } else { signal.clone() };
        let steps = self.number("steps");
        if steps > 0.0 {
            columns.iter_mut().flatten().for_each(|x| *x = (*x * steps).floor());
        }
        let holes = self.number("holes");
        if holes > 0.0 {
            let chances = uniform(seed + 3, rows * cols);
            for (j, i) in (0..2).flat_map(|j| (0..rows).map(move |i| (j, i))) {
                if chances[j * rows + i] < holes * (0.5 + f64::from(u8::from(signal[i] > 0.7))) {
                    columns[j][i] = f64::NAN;
                }
            }
        }
        let named = columns.into_iter().enumerate().map(|(j, values)| (name(j), values)).collect();
        let data = Dataset::from_parts(Matrix::from_columns(named).unwrap(), target, "y");
        if self.0["weighted"] == true {
            return data.with_weights(uniform(seed + 2, rows).iter().map(|u| (u * 4.0).floor()).collect());
        }
        data
    }
}

fn cases(key: &str) -> Vec<Case> {
    let all: Value = serde_json::from_str(include_str!("../reference/forest.json")).unwrap();
    all[key].as_array().unwrap().iter().cloned().map(Case).collect()
}

fn criterion(case: &Case) -> Criterion {
    let text = case.param("criterion").and_then(Value::as_str).unwrap_or("gini");
    if text == "gini" { Criterion::Gini } else { Criterion::Entropy }
}

fn class_weight(case: &Case) -> ClassWeight {
    if case.param("class_weight").is_some() { ClassWeight::Balanced } else { ClassWeight::None }
}

fn count(case: &Case, key: &str) -> Option<usize> {
    case.param(key).map(|v| v.as_u64().unwrap() as usize)
}

fn params<T: Grown>(case: &Case) -> TreeParams<T> {
    let default = TreeParams::<T>::default();
    TreeParams {
        max_depth: count(case, "max_depth"),
        min_samples_split: count(case, "min_samples_split").unwrap_or(2),
        min_samples_leaf: count(case, "min_samples_leaf").unwrap_or(1),
        max_leaf_nodes: count(case, "max_leaf_nodes"),
        min_impurity_decrease: case.param("min_impurity_decrease").map_or(0.0, |v| v.as_f64().unwrap()),
        ccp_alpha: case.param("ccp_alpha").map_or(0.0, |v| v.as_f64().unwrap()),
        ..default
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-8 * (1.0 + b.abs())
}

/// The tree is the reference's, node by node.
fn same_structure(case: &Case, tree: &Tree) {
    let (feature, threshold) = (case.list("feature"), case.list("threshold"));
    let (left, right, missing_left) = (case.list("left"), case.list("right"), case.list("missing_left"));
    assert_eq!(tree.nodes(), feature.len(), "nodes of {}", case.name());
    for (node, &expected) in feature.iter().enumerate() {
        let what = format!("node {node} of {}", case.name());
        let found = if tree.feature[node] == LEAF { -1.0 } else { f64::from(tree.feature[node]) };
        assert_eq!(found, expected, "{what}");
        assert_eq!((f64::from(tree.left[node]), f64::from(tree.right[node])), (left[node], right[node]), "{what}");
        assert!(close(tree.cover[node], case.list("cover")[node]), "{what}");
        if expected < 0.0 {
            continue;
        }
        assert_eq!(f64::from(u8::from(tree.default_left[node])), missing_left[node], "{what}");
        if threshold[node].is_infinite() {
            assert_eq!(tree.threshold[node], f32::MAX, "{what}");
        } else {
            // `x <= threshold` and `x < ours` hold for the same `f32`.
            let ours = tree.threshold[node];
            assert!(f64::from(ours.next_down()) <= threshold[node] && threshold[node] < f64::from(ours), "{what}");
        }
    }
}

fn same_importances(case: &Case, found: &[(String, f64)]) {
    for (j, expected) in case.list("importances").into_iter().enumerate() {
        let share = found.iter().find(|(column, _)| *column == name(j)).unwrap().1;
        assert!(close(share, expected), "importance of {} in {}: {share}, not {expected}", name(j), case.name());
    }
}

fn check_tree<T: Grown>(case: &Case, model: &SingleTree<T>) {
    same_structure(case, &model.ensemble().trees[0]);
    same_importances(case, &model.importances());
}

#[test]
fn single_trees_are_scikit_learns() {
    for case in cases("trees") {
        let data = case.data(0, case.number("rows") as usize);
        let new = case.data(100_000, 100).features;
        let predict = case.0["predict"].as_array().unwrap();
        if case.classes() > 0 {
            let params = TreeParams { criterion: criterion(&case), class_weight: class_weight(&case), ..params(&case) };
            let model: DecisionTree = params.fit(&data).unwrap();
            check_tree(&case, &model);
            let shares = model.predict_probas(&new).unwrap();
            for (row, expected) in predict.iter().enumerate() {
                for (k, share) in expected.as_array().unwrap().iter().enumerate() {
                    assert!(close(shares.get(row, k), share.as_f64().unwrap()), "row {row} of {}", case.name());
                }
            }
        } else {
            let model: DecisionTreeRegressor = params(&case).fit(&data).unwrap();
            check_tree(&case, &model);
            let values = model.predict(&new).unwrap();
            for (row, (value, expected)) in values.iter().zip(predict).enumerate() {
                assert!(close(*value, expected.as_f64().unwrap()), "row {row} of {}", case.name());
            }
        }
    }
}

/// Area under the ROC curve, by pairs.
fn roc_auc(truth: &[f64], score: &[f64]) -> f64 {
    let of = |class: f64| truth.iter().zip(score).filter(move |(y, _)| **y == class).map(|(_, s)| *s);
    let (mut won, mut pairs) = (0.0, 0.0);
    for (good, bad) in of(1.0).flat_map(|good| of(0.0).map(move |bad| (good, bad))) {
        won += if good > bad { 1.0 } else { f64::from(u8::from(good == bad)) / 2.0 };
        pairs += 1.0;
    }
    won / pairs
}

/// The mean over seeds lies within what chance allows of the reference's.
fn like(what: &str, case: &Case, found: &[f64], least: f64) {
    let (mean, deviation) = (case.list(what)[0], case.list(what)[1]);
    let n = found.len() as f64;
    let ours = found.iter().sum::<f64>() / n;
    let allowed = 4.0 * deviation * (1.0 / n + 1.0 / 20.0).sqrt() + least;
    assert!((ours - mean).abs() <= allowed, "{what} of {}: {ours}, not {mean} (within {allowed})", case.name());
}

/// What a forest scores on new data, out of bag, and how many leaves a tree of it has.
fn measure(case: &Case, seed: u64, data: &Dataset, new: &Dataset) -> ([f64; 3], Vec<(String, f64)>) {
    let leaves = count(case, "max_leaf_nodes");
    let min_samples_leaf = count(case, "min_samples_leaf").unwrap_or(1);
    let max_samples = case.param("max_samples").map(|v| v.as_f64().unwrap());
    let (n_estimators, seed, oob_score) = (60, Some(seed), true);
    if case.classes() > 0 {
        let defaults = RandomForest::params().criterion(criterion(case));
        let params = ironbook_learn::RandomForestParams {
            n_estimators,
            min_samples_leaf,
            max_samples,
            seed,
            oob_score,
            max_leaf_nodes: leaves,
            ..defaults
        };
        let model = params.fit(data).unwrap();
        let score = if case.classes() == 2 {
            roc_auc(&new.target, &model.predict_proba(&new.features).unwrap())
        } else {
            let classes = model.predict(&new.features).unwrap();
            classes.iter().zip(&new.target).filter(|(a, b)| a == b).count() as f64 / new.rows() as f64
        };
        return (figures(score, &model), model.importances());
    }
    let mut params = ironbook_learn::RandomForestRegressorParams {
        n_estimators,
        min_samples_leaf,
        max_samples,
        seed,
        oob_score,
        max_leaf_nodes: leaves,
        ..Default::default()
    };
    if let Some(share) = case.param("max_features") {
        params = params.max_features(MaxFeatures::Share(share.as_f64().unwrap()));
    }
    let model: RandomForestRegressor = params.fit(data).unwrap();
    let squares =
        model.predict(&new.features).unwrap().iter().zip(&new.target).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    (figures((squares / new.rows() as f64).sqrt(), &model), model.importances())
}

fn figures<T: Grown>(score: f64, model: &Forest<T>) -> [f64; 3] {
    [score, model.oob_score().unwrap(), model.leaves() as f64 / 60.0]
}

#[test]
fn forests_are_as_good_as_scikit_learns() {
    for case in cases("forests") {
        let (data, new) = (case.data(0, case.number("rows") as usize), case.data(100_000, 2000));
        let found: Vec<_> = (0..8).map(|seed| measure(&case, seed, &data, &new)).collect();
        let column = |k: usize| found.iter().map(|(figures, _)| figures[k]).collect::<Vec<f64>>();
        like("score", &case, &column(0), 0.0005);
        like("oob", &case, &column(1), 0.0005);
        like("leaves", &case, &column(2), 0.3);
        for (j, expected) in case.list("importances").into_iter().enumerate() {
            let share = |(_, all): &([f64; 3], Vec<(String, f64)>)| all.iter().find(|(n, _)| *n == name(j)).unwrap().1;
            let mean = found.iter().map(share).sum::<f64>() / found.len() as f64;
            assert!((mean - expected).abs() < 0.01, "importance of {} in {}: {mean}, {expected}", name(j), case.name());
        }
    }
}
