//! Trees and forests: seeds, files, text, weights, displays, and bad input.

use crate::{dataset, uniform};
use ironbook_core::Display as _;
use ironbook_core::inspect::Inspect as _;
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_learn::tree::forest::{Forest, ForestParams};
use ironbook_learn::tree::single::{Grown, SingleTree, TreeParams};
use ironbook_learn::{
    Criterion, DecisionTree, DecisionTreeRegressor, Fit, Importances, LearnError, MaxFeatures, Persist, PersistError,
    Predict, PredictProba, RandomForest, RandomForestRegressor,
};
use std::sync::Arc;

const ROWS: usize = 200;

/// Four columns, of which two matter; `classes` is 0 for numbers.
fn good(classes: usize) -> Dataset {
    let columns: Vec<Vec<f64>> = (0..4).map(|j| uniform(j + 1, ROWS)).collect();
    let noise = uniform(9, ROWS);
    let signal = |i: usize| columns[0][i] + columns[1][i] * columns[0][i] + 0.3 * noise[i];
    let value = |i: usize| if classes == 0 { signal(i) } else { (signal(i) / 2.4 * classes as f64).floor() };
    let target = (0..ROWS).map(value).collect();
    dataset(columns, target)
}

/// Text columns with the names a, b, c, ..
fn text(names: usize, codes: Vec<f64>) -> (Kind, Vec<f64>) {
    let names: Vec<String> = (0..names).map(|k| format!("n{k:03}")).collect();
    (Kind::Categorical(Arc::from(names)), codes)
}

fn with_text(column: (Kind, Vec<f64>), target: Vec<f64>) -> Dataset {
    let features = Matrix::from_typed(vec![("place".to_owned(), column.0, column.1)]).unwrap();
    Dataset::from_parts(features, target, "y")
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

fn same_on_threads<T: Grown>(params: &ForestParams<T>, data: &Dataset) {
    let fit = |threads| on_threads(threads, || params.fit(data).unwrap());
    let (one, three) = (fit(1), fit(3));
    assert_eq!(one.ensemble(), three.ensemble());
    assert_eq!(one.oob_score().unwrap().to_bits(), three.oob_score().unwrap().to_bits());
    let bits = |forest: &Forest<T>| -> Vec<u64> {
        forest.oob_predictions().unwrap().iter().flatten().map(|v| v.to_bits()).collect()
    };
    assert_eq!(bits(&one), bits(&three));
    let other = ForestParams { seed: Some(4), ..params.clone() }.fit(data).unwrap();
    assert_ne!(one.ensemble(), other.ensemble());
}

#[test]
fn a_forest_is_the_same_on_any_number_of_threads() {
    same_on_threads(&RandomForest::params().n_estimators(12).oob_score(true).seed(3), &good(2));
    same_on_threads(&RandomForest::params().n_estimators(12).oob_score(true).seed(3), &good(4));
    let some = RandomForestRegressor::params().max_features(MaxFeatures::Count(2));
    same_on_threads(&some.n_estimators(12).oob_score(true).seed(3), &good(0));
}

#[test]
fn without_a_seed_the_sessions_is_taken() {
    let fit = || RandomForest::params().n_estimators(3).fit(&good(2)).unwrap();
    assert_eq!(fit(), fit());
    assert!(fit().fitted_params().seed.is_some());
    let tree = || DecisionTree::params().max_features(MaxFeatures::Sqrt).fit(&good(2)).unwrap();
    assert_eq!(tree(), tree());
}

#[test]
fn a_tree_without_limits_knows_its_rows_by_heart() {
    let data = good(4);
    let model = DecisionTree::params().fit(&data).unwrap();
    assert_eq!(model.predict(&data.features).unwrap(), data.target);
    let data = good(0);
    let model = DecisionTreeRegressor::params().fit(&data).unwrap();
    assert_eq!(model.predict(&data.features).unwrap(), data.target);
    assert_eq!(model.leaves(), ROWS);
}

#[test]
fn weights_count_as_repeated_rows() {
    for classes in [0, 2, 3] {
        let data = good(classes);
        let weights: Vec<f64> = uniform(5, ROWS).iter().map(|u| (u * 3.0).floor()).collect();
        let repeated: Vec<usize> = (0..ROWS).flat_map(|i| std::iter::repeat_n(i, weights[i] as usize)).collect();
        let (weighted, repeated) = (data.clone().with_weights(weights), data.select_rows(&repeated));
        if classes == 0 {
            let params = DecisionTreeRegressor::params().max_depth(4);
            let (a, b) = (params.fit(&weighted).unwrap(), params.fit(&repeated).unwrap());
            let pairs = a.predict(&data.features).unwrap().into_iter().zip(b.predict(&data.features).unwrap());
            pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-9));
        } else {
            let params = DecisionTree::params().max_depth(4);
            let (a, b) = (params.fit(&weighted).unwrap(), params.fit(&repeated).unwrap());
            assert_eq!(a.ensemble(), b.ensemble());
        }
    }
}

#[test]
fn fractional_weights_lead_to_whole_shares() {
    let data = good(2).with_weights(uniform(6, ROWS).iter().map(|u| u + 0.1).collect());
    let model = RandomForest::params().n_estimators(30).seed(1).fit(&data).unwrap();
    let shares = model.predict_probas(&data.features).unwrap();
    for row in 0..ROWS {
        assert!((0.0..=1.0).contains(&shares.get(row, 1)));
        assert!((shares.get(row, 0) + shares.get(row, 1) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn the_best_cut_of_categories_is_found() {
    // Categories 1, 4 and 6 have the value 10, the others 2; the order of the names says nothing.
    let codes: Vec<f64> = uniform(1, ROWS).iter().map(|u| (u * 8.0).floor()).collect();
    let high = |code: &f64| [1.0, 4.0, 6.0].contains(code);
    let target = codes.iter().map(|c| if high(c) { 10.0 } else { 2.0 }).collect();
    let data = with_text(text(9, codes.clone()), target);
    let model = DecisionTreeRegressor::params().fit(&data).unwrap();
    assert_eq!((model.leaves(), model.depth()), (2, 1));
    assert_eq!(model.predict(&data.features).unwrap(), data.target);
    assert!(model.to_text().contains("place in (n001, n004, n006)"), "{}", model.to_text());
    // A category without a row, and one that the model has never heard of, go with the majority.
    let new = Matrix::from_typed(vec![("place".to_owned(), text(20, vec![]).0, vec![8.0, 15.0, 4.0])]).unwrap();
    assert_eq!(model.predict(&new).unwrap(), [2.0, 2.0, 10.0]);

    let target: Vec<f64> = codes.iter().map(|c| f64::from(u8::from(high(c)))).collect();
    let data = with_text(text(9, codes.clone()), target);
    let model = DecisionTree::params().criterion(Criterion::Entropy).fit(&data).unwrap();
    assert_eq!((model.leaves(), model.predict(&data.features).unwrap()), (2, data.target.clone()));

    let target: Vec<f64> = codes.iter().map(|c| (c * 7.0) % 3.0).collect();
    let data = with_text(text(9, codes), target);
    let model = DecisionTree::params().fit(&data).unwrap();
    assert_eq!((model.leaves(), model.predict(&data.features).unwrap()), (3, data.target.clone()));
}

#[test]
fn text_of_many_names_is_not_binned() {
    let codes: Vec<f64> = (0..3000).map(|i| f64::from(i % 1000)).collect();
    let target = codes.iter().map(|c| c * 37.0 % 11.0).collect();
    let data = with_text(text(1000, codes), target);
    let params = RandomForestRegressor::params().n_estimators(5).bootstrap(false).seed(1);
    let model = params.fit(&data).unwrap();
    let pairs = model.predict(&data.features).unwrap().into_iter().zip(&data.target);
    pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-9));
}

#[test]
fn missing_values_go_to_the_better_side() {
    let mut x: Vec<f64> = (0..100).map(f64::from).collect();
    let mut target: Vec<f64> = x.iter().map(|x| if *x < 50.0 { 1.0 } else { 3.0 }).collect();
    for i in 0..10 {
        x[i * 3] = f64::NAN;
        target[i * 3] = 3.0;
    }
    let model = DecisionTreeRegressor::params().max_depth(1).fit(&dataset(vec![x], target)).unwrap();
    let new = dataset(vec![vec![10.0, 90.0, f64::NAN]], vec![0.0; 3]).features;
    assert_eq!(model.predict(&new).unwrap(), [1.0, 3.0, 3.0]);
    assert!(model.to_text().contains("a > 49.5 or missing") || model.to_text().contains("or missing"));
    // Where only being missing tells something, it is the split.
    let holes: Vec<f64> = (0..100).map(|i| if i % 4 == 0 { f64::NAN } else { 1.0 }).collect();
    let target: Vec<f64> = holes.iter().map(|x| f64::from(u8::from(x.is_nan()))).collect();
    let data = dataset(vec![holes], target);
    let model = DecisionTree::params().fit(&data).unwrap();
    assert_eq!(model.predict(&data.features).unwrap(), data.target);
    assert_eq!(model.to_text().lines().next(), Some("a is known"));
}

#[test]
fn useless_columns_do_no_harm() {
    let mut data = good(2);
    let columns =
        vec![vec![3.5; ROWS], vec![f64::NAN; ROWS], data.features.column(0).to_vec(), data.features.column(0).to_vec()];
    let noise: Vec<Vec<f64>> = (2..4).map(|j| data.features.column(j).to_vec()).collect();
    data = dataset(columns.into_iter().chain(noise).collect(), data.target);
    let model = RandomForest::params().n_estimators(20).seed(2).fit(&data).unwrap();
    let share = |name: &str| model.importances().iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!((share("a"), share("b")), (0.0, 0.0));
    assert!(share("c") > 0.1 && share("d") > 0.1);
    assert!((model.importances().iter().map(|(_, s)| s).sum::<f64>() - 1.0).abs() < 1e-12);
    // Nothing to split by at all: a leaf.
    let constant = dataset(vec![vec![1.0; 6], vec![f64::NAN; 6]], vec![0.0, 1.0, 1.0, 1.0, 0.0, 1.0]);
    let model = DecisionTree::params().fit(&constant).unwrap();
    assert_eq!((model.leaves(), model.depth()), (1, 0));
    assert!((model.predict_proba(&constant.features).unwrap()[3] - 4.0 / 6.0).abs() < 1e-12);
    assert!(model.importances().iter().all(|(_, share)| *share == 0.0));
}

#[test]
fn large_and_tiny_values_are_split() {
    let x = vec![-1e300, -1e-30, 0.0, 1e-30, 1e300];
    let data = dataset(vec![x], vec![1.0, 2.0, 3.0, 4.0, 5.0]);
    let model = DecisionTreeRegressor::params().fit(&data).unwrap();
    assert_eq!(model.predict(&data.features).unwrap(), data.target);
}

#[test]
fn text_and_boolean_targets_keep_their_names() {
    let mut data = good(3);
    data.classes = Some(vec!["early".to_owned(), "late".to_owned(), "on time".to_owned()]);
    let model = RandomForest::params().n_estimators(9).seed(1).fit(&data).unwrap();
    let shares = model.predict_probas(&data.features).unwrap();
    assert_eq!(shares.names(), ["early", "late", "on time"]);
    assert!(matches!(model.predict_proba(&data.features), Err(LearnError::ManyClasses { classes: 3 })));
    let tree = DecisionTree::params().max_depth(2).fit(&data).unwrap();
    assert!(tree.to_text().contains("class late (86.8% of 68 rows)"), "{}", tree.to_text());
    // Labels 3 and 7 come back as 3 and 7.
    let mut data = good(2);
    data.target.iter_mut().for_each(|y| *y = *y * 4.0 + 3.0);
    let model = RandomForest::params().n_estimators(9).seed(1).fit(&data).unwrap();
    assert!(model.predict(&data.features).unwrap().iter().all(|y| *y == 3.0 || *y == 7.0));
}

#[test]
fn saved_trees_and_forests_come_back_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.json");
    let codes: Vec<f64> = uniform(1, ROWS).iter().map(|u| (u * 8.0).floor()).collect();
    let (kind, codes) = text(8, codes);
    let mut numbers = good(0).features.column(0).to_vec();
    numbers[3] = f64::NAN;
    let columns = vec![("place".to_owned(), kind, codes), ("x".to_owned(), Kind::Numeric, numbers)];
    let features = Matrix::from_typed(columns).unwrap();
    let regression = Dataset::from_parts(features.clone(), good(0).target, "y");
    let classes = Dataset::from_parts(features, good(4).target, "y");

    let model = RandomForest::params().n_estimators(7).seed(1).fit(&classes).unwrap();
    model.save(&path).unwrap();
    let back = RandomForest::load(&path).unwrap();
    assert_eq!(back, model);
    assert_eq!(back.predict(&classes.features).unwrap(), model.predict(&classes.features).unwrap());
    assert!(matches!(DecisionTree::load(&path), Err(PersistError::OtherModel { .. })));
    let nodes: usize = model.ensemble().trees.iter().map(|tree| tree.nodes()).sum();
    let bytes = std::fs::metadata(&path).unwrap().len() as usize;
    assert!(bytes < 60 * nodes + 4000, "{bytes} bytes for {nodes} nodes of four classes");

    let model = RandomForestRegressor::params().n_estimators(7).seed(1).fit(&regression).unwrap();
    model.save(&path).unwrap();
    assert_eq!(RandomForestRegressor::load(&path).unwrap(), model);
    let model = DecisionTreeRegressor::params().fit(&regression).unwrap();
    model.save(&path).unwrap();
    assert_eq!(DecisionTreeRegressor::load(&path).unwrap(), model);
    let model = DecisionTree::params().fit(&classes).unwrap();
    model.save(&path).unwrap();
    assert_eq!(DecisionTree::load(&path).unwrap(), model);
}

#[test]
fn damaged_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.json");
    let model = DecisionTreeRegressor::params().max_depth(2).fit(&good(0)).unwrap();
    model.save(&path).unwrap();
    let whole = std::fs::read_to_string(&path).unwrap();
    let line = |key: &str| whole.lines().find(|line| line.contains(&format!("\"{key}\": \""))).unwrap().to_owned();
    for key in ["feature", "threshold", "left", "right", "default_left", "value", "cover", "gain"] {
        for damage in [String::new(), "x 1 2".to_owned(), "9 9 9 9".to_owned()] {
            let damaged = whole.replace(&line(key), &format!("\"{key}\": \"{damage}\","));
            std::fs::write(&path, damaged).unwrap();
            let refused = DecisionTreeRegressor::load(&path);
            assert!(matches!(refused, Err(PersistError::NotAModel { .. })), "{key} {damage}: {refused:?}");
        }
    }
}

#[test]
fn displays_say_what_matters() {
    let model = RandomForest::params().n_estimators(20).oob_score(true).seed(1).fit(&good(2)).unwrap();
    let words = model.bundle().plain().to_owned();
    for part in ["RandomForest for \"late\", 200 rows", "\na ", "20 trees, ", "out-of-bag accuracy 0."] {
        assert!(words.contains(part), "{part:?} is not in\n{words}");
    }
    assert!(model.inspect_shape().contains("20 trees, 4 features"));
    let model = DecisionTreeRegressor::params().max_depth(2).fit(&good(0)).unwrap();
    assert!(model.bundle().plain().contains("depth 2, 4 leaves"));
    let lines: Vec<String> = model.to_text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 10);
    assert!(lines[0].starts_with("a <= 0.") && lines[2].starts_with("|   |   value "), "{lines:?}");
}

trait Shape {
    fn inspect_shape(&self) -> String;
}

impl<T: Grown> Shape for Forest<T> {
    fn inspect_shape(&self) -> String {
        assert!(self.heap_bytes() > 1000);
        self.shape().unwrap()
    }
}

#[test]
fn rows_in_every_bag_are_reported() {
    let model = RandomForest::params().n_estimators(2).oob_score(true).seed(1).fit(&good(2)).unwrap();
    let without = model.oob_predictions().unwrap()[0].iter().filter(|p| p.is_nan()).count();
    assert!(without > 30, "{without}");
    let warning = model.warning().unwrap();
    assert!(warning.starts_with(&format!("{without} of 200 rows")) && warning.contains("raise n_estimators"));
    assert!(model.oob_score().unwrap() > 0.5 && model.bundle().plain().contains("warning"));
    let model = RandomForest::params().n_estimators(60).oob_score(true).seed(1).fit(&good(2)).unwrap();
    assert_eq!(model.warning(), None);
}

fn refused<T: Grown>(params: &ForestParams<T>, data: &Dataset) -> LearnError {
    params.fit(data).map(|_| ()).unwrap_err()
}

fn parameter(error: LearnError) -> &'static str {
    match error {
        LearnError::Parameter { name, .. } => name,
        other => panic!("{other}"),
    }
}

#[test]
fn bad_parameters_are_refused_by_name() {
    let (data, p) = (good(2), RandomForest::params);
    let name = |params: ForestParams<_>| parameter(refused(&params, &data));
    assert_eq!(name(p().n_estimators(0)), "n_estimators");
    assert_eq!(name(p().max_depth(0)), "max_depth");
    assert_eq!(name(p().min_samples_split(1)), "min_samples_split");
    assert_eq!(name(p().min_samples_leaf(0)), "min_samples_leaf");
    assert_eq!(name(p().max_leaf_nodes(1)), "max_leaf_nodes");
    assert_eq!(name(p().min_impurity_decrease(-1.0)), "min_impurity_decrease");
    assert_eq!(name(p().min_impurity_decrease(f64::NAN)), "min_impurity_decrease");
    assert_eq!(name(p().max_samples(0.0)), "max_samples");
    assert_eq!(name(p().max_samples(1.5)), "max_samples");
    assert_eq!(name(p().bootstrap(false).max_samples(0.5)), "max_samples");
    assert_eq!(name(p().bootstrap(false).oob_score(true)), "oob_score");
    assert_eq!(name(p().max_bins(1)), "max_bins");
    assert_eq!(name(p().criterion(Criterion::SquaredError)), "criterion");
    for bad in [MaxFeatures::Count(0), MaxFeatures::Count(5), MaxFeatures::Share(0.0), MaxFeatures::Share(f64::NAN)] {
        assert_eq!(name(p().max_features(bad)), "max_features");
    }
    let tree = |params: TreeParams<_>| parameter(params.fit(&data).map(|_: SingleTree<_>| ()).unwrap_err());
    assert_eq!(tree(DecisionTree::params().ccp_alpha(-0.1)), "ccp_alpha");
    let regression = TreeParams { criterion: Criterion::Gini, ..DecisionTreeRegressor::params() };
    assert_eq!(parameter(regression.fit(&good(0)).unwrap_err()), "criterion");
}

#[test]
fn bad_data_is_refused_in_words() {
    let p = RandomForest::params;
    let mut columns: Vec<Vec<f64>> = (0..4).map(|j| good(2).features.column(j).to_vec()).collect();
    columns[1][5] = f64::INFINITY;
    let error = refused(&p(), &dataset(columns, good(2).target));
    assert!(matches!(&error, LearnError::NotFinite { column, nan: 0, infinite: 1, .. } if column == "b"), "{error}");
    let with = |target: Vec<f64>| Dataset { target, ..good(2) };
    assert!(matches!(refused(&p(), &with(vec![1.0; ROWS])), LearnError::OneClass { value: 1.0, .. }));
    assert!(matches!(refused(&p(), &with(good(0).target)), LearnError::NotClasses { .. }));
    assert!(matches!(refused(&p(), &with(vec![1.0; 3])), LearnError::Length { features: 200, found: 3, .. }));
    assert!(matches!(refused(&p(), &dataset(vec![vec![]], vec![])), LearnError::NoRows));
    assert!(matches!(refused(&p(), &dataset(vec![vec![1.0]], vec![1.0])), LearnError::OneClass { .. }));
    let mut target = good(0).target;
    target[7] = f64::NAN;
    let error = refused(&RandomForestRegressor::params(), &with(target));
    assert!(matches!(error, LearnError::TargetNotFinite { count: 1, rows: 200, .. }));
    let weighted = |weights: Vec<f64>| refused(&p(), &good(2).with_weights(weights));
    let mut weights = vec![1.0; ROWS];
    weights[3] = -0.5;
    assert!(matches!(weighted(weights), LearnError::Weight { row: 3, .. }));
    assert!(matches!(weighted(vec![0.0; ROWS]), LearnError::ZeroWeights));
    // Only class 1 counts.
    assert!(matches!(weighted(good(2).target), LearnError::OneClass { value: 1.0, .. }));
}

#[test]
fn one_row_is_enough_for_a_regression() {
    let data = dataset(vec![vec![2.0]], vec![5.0]);
    let model = RandomForestRegressor::params().n_estimators(3).fit(&data).unwrap();
    assert_eq!(model.predict(&data.features).unwrap(), [5.0]);
    assert_eq!(DecisionTreeRegressor::params().fit(&data).unwrap().predict(&data.features).unwrap(), [5.0]);
}

#[test]
fn a_wrong_schema_is_refused_at_predict() {
    let model = RandomForest::params().n_estimators(3).fit(&good(2)).unwrap();
    let three = dataset(vec![vec![1.0]; 3], vec![0.0]).features;
    assert!(matches!(model.predict(&three), Err(LearnError::Columns { missing, .. }) if missing == ["d"]));
    let mut columns: Vec<(String, Kind, Vec<f64>)> =
        ["a", "b", "c", "d"].map(|name| (name.to_owned(), Kind::Numeric, vec![1.0, 0.0])).to_vec();
    columns[2].1 = text(2, vec![]).0;
    let error = model.predict(&Matrix::from_typed(columns).unwrap()).unwrap_err();
    assert!(matches!(&error, LearnError::Kind { column, .. } if column == "c"), "{error}");
    let infinite = dataset(vec![vec![f64::NEG_INFINITY]; 4], vec![0.0]).features;
    assert!(matches!(model.predict(&infinite), Err(LearnError::NotFinite { infinite: 1, .. })));
    // New classes among the targets of a test set are the evaluation's matter, and named.
    let classes = model.signature().classes.unwrap();
    assert!(
        matches!(classes.numbers(&good(4)), Err(LearnError::NewClasses { found, .. }) if found == "2" || found == "3")
    );
}

#[test]
fn the_order_of_columns_does_not_matter_at_predict() {
    let data = good(2);
    let model = RandomForest::params().n_estimators(9).seed(1).fit(&data).unwrap();
    let turned = [3, 1, 0, 2].map(|j| (data.features.names()[j].clone(), data.features.column(j).to_vec())).to_vec();
    let turned = Matrix::from_columns(turned).unwrap();
    assert_eq!(model.predict_proba(&turned).unwrap(), model.predict_proba(&data.features).unwrap());
}
