//! Large trees: whichever way rows are predicted, the result is that of the rule, bit for bit.

use crate::trees::{grown, leaf};
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_learn::tree::ensemble::{Ensemble, LEAF};
use ironbook_learn::tree::predict::{Cached, Predictor};
use ironbook_learn::{Fit, Predict, PredictProba, RandomForest, RandomForestRegressor};

/// Values that numbers of 32 bits treat in a way of their own.
const EXTREMES: [f64; 16] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    3.402_823_5e38,
    -3.402_823_5e38,
    0.0,
    -0.0,
    1e-45,
    -1e-45,
    1.2e-38,
    -1.2e-38,
    1e-300,
    16_777_217.0,
    -1.5,
    63.0,
];

/// What the rule says of a row: the leaf of each tree, and the outputs.
fn ruled(ensemble: &Ensemble, row: &[f64]) -> (Vec<u32>, Vec<f64>) {
    let mut sums = ensemble.base.clone();
    let mut leaves = Vec::new();
    for tree in &ensemble.trees {
        let leaf = leaf(tree, row);
        leaves.push(leaf as u32);
        for k in 0..ensemble.width {
            sums[if ensemble.width == 1 { tree.output as usize } else { k }] += tree.value[leaf * ensemble.width + k];
        }
    }
    (leaves, sums)
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// Compares batches of these sizes, leaves and single rows with the rule.
fn check(ensemble: &Ensemble, columns: &[Vec<f64>], sizes: &[usize]) {
    assert_eq!(ensemble.flaw(), None);
    let cached = Cached::default();
    let predictor: Predictor<'_> = cached.of(ensemble);
    let rows = columns[0].len();
    let row = |r: usize| columns.iter().map(|column| column[r]).collect::<Vec<f64>>();
    let rules: Vec<(Vec<u32>, Vec<f64>)> = (0..rows).map(|r| ruled(ensemble, &row(r))).collect();
    for &size in sizes {
        let part: Vec<&[f64]> = columns.iter().map(|column| &column[rows - size..]).collect();
        let rules = &rules[rows - size..];
        let of_output = |k: usize| rules.iter().map(|(_, sums)| sums[k]).collect::<Vec<f64>>();
        let of_tree = |t: usize| rules.iter().map(|(leaves, _)| leaves[t]).collect::<Vec<u32>>();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| predictor.predict(&part)).unwrap();
            for (k, found) in found.iter().enumerate() {
                assert_eq!(bits(found), bits(&of_output(k)), "output {k} of {size} rows, {threads} threads");
            }
            let leaves = pool.install(|| predictor.leaves(&part)).unwrap();
            for (t, leaves) in leaves.iter().enumerate() {
                assert_eq!(*leaves, of_tree(t), "leaves of tree {t}, {size} rows, {threads} threads");
            }
        }
    }
    for r in (0..rows).step_by(37) {
        let mut alone = vec![0.0; ensemble.outputs()];
        predictor.predict_row(&row(r), &mut alone);
        assert_eq!(bits(&alone), bits(&rules[r].1), "row {r}");
    }
    assert!(cached.heap_bytes() > 0);
}

#[test]
fn trees_of_thousands_of_leaves_predict_as_the_rule_says() {
    let mut random = crate::uniform(21, 1_500_000).into_iter();
    for (leaves, width, outputs) in [(6000, 1, 1), (3000, 1, 2), (2100, 3, 3)] {
        let features = 6;
        let mut trees = Vec::new();
        for t in 0..6 {
            let mut tree = grown(&mut random, leaves, features, width, if width == 1 { t % outputs as u32 } else { 0 });
            for node in (0..tree.nodes())
                .filter(|&node| tree.feature[node] != LEAF && tree.set(node).is_none())
                .collect::<Vec<_>>()
            {
                let u = random.next().unwrap();
                if u < 0.1 {
                    tree.threshold[node] = EXTREMES[(u * 160.0) as usize] as f32;
                }
            }
            trees.push(tree);
        }
        // A tree without categories and one of a single leaf among them.
        trees.push(ironbook_learn::tree::ensemble::Tree {
            value: vec![0.5; width],
            ..ironbook_learn::tree::ensemble::Tree::leaf(0.5, 1.0, 0)
        });
        let base = (0..outputs).map(|k| k as f64 + 0.25).collect();
        let ensemble = Ensemble { n_features: features, base, width, trees };
        let mut value = |j: usize| match random.next().unwrap() {
            u if u < 0.2 => EXTREMES[(u * 80.0) as usize],
            u if j + 1 == features => (u * 9.0).floor(),
            u => ((u * 400.0).floor() / 400.0) as f32 as f64,
        };
        let columns: Vec<Vec<f64>> = (0..features).map(|j| (0..4000).map(|_| value(j)).collect()).collect();
        check(&ensemble, &columns, &[0, 1, 7, 8, 31, 33, 255, 1000, 4000]);
    }
}

/// Features and steps that do not fit 8 bytes together.
#[test]
fn large_trees_of_many_features_predict_as_the_rule_says() {
    let mut random = crate::uniform(22, 3_000_000).into_iter();
    let features = 70_000;
    let mut tree = || {
        let mut tree = grown(&mut random, 6000, features, 1, 0);
        // Most splits by a few features, or each row would go the way of the missing values.
        tree.feature
            .iter_mut()
            .filter(|f| **f != LEAF && **f % 16 != 0 && **f as usize + 1 != features)
            .for_each(|f| *f %= 700);
        tree
    };
    let trees = vec![tree(), tree(), tree()];
    let ensemble = Ensemble { n_features: features, base: vec![0.0], width: 1, trees };
    let mut values = random.map(|u| if u < 0.1 { f64::NAN } else { u });
    let filled = |j: usize| j < 700 || j.is_multiple_of(16);
    let mut column = |j: usize| if filled(j) { values.by_ref().take(70).collect() } else { vec![f64::NAN; 70] };
    let columns: Vec<Vec<f64>> = (0..features).map(&mut column).collect();
    check(&ensemble, &columns, &[3, 70]);
}

/// Numbers with missing values and extremes, and text.
fn table(rows: usize) -> Dataset {
    let mut random = crate::uniform(23, rows * 8).into_iter();
    let mut next = || random.next().unwrap();
    let names: Vec<String> = (0..90).map(|k| format!("c{k:02}")).collect();
    let (mut plain, mut wild, mut text, mut few, mut target) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let (u, v, code, third) = (next(), next(), (next() * 90.0).floor(), (next() * 3.0).floor());
        let extreme = EXTREMES[(v * 16.0) as usize];
        plain.push(if u < 0.15 { f64::NAN } else { u });
        wild.push(if extreme.is_infinite() || extreme == f64::MAX { v } else { extreme });
        text.push(if next() < 0.1 { f64::NAN } else { code });
        few.push(third);
        target.push((6.0 * u).sin() + code % 7.0 + if extreme.is_nan() { 3.0 } else { 0.0 } + next());
    }
    let words = |names: &[String]| Kind::Categorical(names.to_vec().into());
    let columns = vec![
        ("plain".to_owned(), Kind::Numeric, plain),
        ("wild".to_owned(), Kind::Numeric, wild),
        ("text".to_owned(), words(&names), text),
        ("few".to_owned(), words(&names[..3]), few),
    ];
    Dataset::from_parts(Matrix::from_typed(columns).unwrap(), target, "y")
}

#[test]
fn forests_predict_a_batch_as_they_predict_each_row() {
    let data = table(6000);
    let model = RandomForestRegressor::params()
        .n_estimators(12)
        .max_features(ironbook_learn::MaxFeatures::Sqrt)
        .seed(3)
        .fit(&data)
        .unwrap();
    let ensemble = model.ensemble();
    assert!(ensemble.trees.iter().any(|tree| tree.nodes() > 4096 && !tree.categories.is_empty()));
    let columns: Vec<Vec<f64>> = (0..4).map(|j| data.features.column(j).to_vec()).collect();
    check(ensemble, &columns, &[1, 100, 6000]);
    let batch = model.predict(&data.features).unwrap();
    for r in (0..6000).step_by(211) {
        assert_eq!(model.predict(&data.select_rows(&[r]).features).unwrap()[0].to_bits(), batch[r].to_bits());
    }
}

#[test]
fn forests_of_classes_give_the_same_shares_for_a_batch_and_for_each_row() {
    let mut data = table(5000);
    for classes in [2.0, 5.0] {
        data.target.iter_mut().for_each(|y| *y = (*y * 1.7).rem_euclid(classes).floor());
        let model = RandomForest::params().n_estimators(9).seed(4).fit(&data).unwrap();
        let batch = model.predict_probas(&data.features).unwrap();
        for r in (0..5000).step_by(173) {
            let alone = model.predict_probas(&data.select_rows(&[r]).features).unwrap();
            for k in 0..batch.cols() {
                assert_eq!(alone.column(k)[0].to_bits(), batch.column(k)[r].to_bits(), "row {r}, class {k}");
            }
        }
        data = table(5000);
    }
}
