//! SHAP values against XGBoost's, LightGBM's and shap's, and against the sum over all subsets.

use crate::{numbers, read, uniform};
use ironbook_core::Display;
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_explain::{ExplainError, Shap, shap};
use ironbook_learn::tree::ensemble::{Ensemble, LEAF, Tree};
use ironbook_learn::tree::lightgbm::LightGbm;
use ironbook_learn::tree::xgboost::XgboostModel;
use ironbook_learn::{Fit, Gbdt, PredictProba, RandomForest};
use serde_json::Value;

fn matrix(case: &Value, names: &[String]) -> Matrix {
    let column = |name: &String| (name.clone(), numbers(&case["columns"][name]));
    Matrix::from_columns(names.iter().map(column).collect()).unwrap()
}

fn names(ensemble: &Ensemble) -> Vec<String> {
    (0..ensemble.outputs()).map(|k| format!("out {k}")).collect()
}

/// Compares with contributions as XGBoost and LightGBM give them: per output and row the features, then the base.
fn compare(what: &str, found: &Shap, expected: &Value) {
    for (k, rows) in expected.as_array().unwrap().iter().enumerate() {
        let output = found.output(&format!("out {k}")).unwrap();
        for (r, row) in rows.as_array().unwrap().iter().enumerate() {
            let row = numbers(row);
            let values: Vec<f64> = (0..output.values().cols()).map(|j| output.values().get(r, j)).collect();
            for (a, b) in values.iter().chain([&output.base()]).zip(&row) {
                assert!((a - b).abs() < 1e-6, "{what}, output {k}, row {r}: {a} for {b}");
            }
        }
    }
}

#[test]
fn values_are_those_of_xgboost() {
    for (name, case) in read("../learn/tests/reference/trees.json")["xgboost"].as_object().unwrap() {
        let model = XgboostModel::from_json(case["file"].as_str().unwrap()).unwrap();
        let found = Shap::of(&model.ensemble, names(&model.ensemble), matrix(case, &model.features)).unwrap();
        compare(name, &found, &case["contributions"]);
    }
}

#[test]
fn values_are_those_of_lightgbm_and_shap() {
    let mut compared = 0;
    for (name, case) in read("../learn/tests/reference/trees.json")["lightgbm"].as_object().unwrap() {
        let model = LightGbm::from_text(case["file"].as_str().unwrap()).unwrap();
        let found = Shap::of(&model.ensemble, names(&model.ensemble), matrix(case, &model.features)).unwrap();
        if !case["contributions"].is_null() {
            compare(name, &found, &case["contributions"]);
            compared += 1;
        }
        if !case["shap"].is_null() {
            assert!((found.base() - case["shap"]["base"].as_f64().unwrap()).abs() < 1e-6);
            for (r, row) in case["shap"]["values"].as_array().unwrap().iter().enumerate() {
                for (j, b) in numbers(row).iter().enumerate() {
                    assert!((found.values().get(r, j) - b).abs() < 1e-6, "shap, row {r}");
                }
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 4);
}

/// A random tree with covers; some parts have seen no row.
fn grown(random: &mut impl Iterator<Item = f64>, leaves: usize, features: usize, width: usize) -> Tree {
    let mut tree = Tree::leaf(0.0, 64.0, 0);
    let mut ends = vec![0usize];
    let mut next = || random.next().unwrap();
    for _ in 1..leaves {
        let node = ends.swap_remove((next() * ends.len() as f64) as usize);
        tree.feature[node] = (next() * features as f64) as u32;
        tree.threshold[node] = next() as f32;
        tree.default_left[node] = next() < 0.5;
        let share = if next() < 0.1 { 0.0 } else { next() };
        let (left, right) = (tree.nodes() as u32, tree.nodes() as u32 + 1);
        (tree.left[node], tree.right[node]) = (left, right);
        for share in [share, 1.0 - share] {
            ends.push(tree.nodes());
            tree.feature.push(LEAF);
            tree.threshold.push(0.0);
            tree.left.push(0);
            tree.right.push(0);
            tree.default_left.push(false);
            tree.cover.push(tree.cover[node] * share);
            tree.gain.push(0.0);
        }
    }
    tree.value = (0..tree.nodes() * width).map(|_| next() * 10.0 - 5.0).collect();
    tree
}

/// What a tree is worth when the features of `known` (bits) are known: those of others go both ways, by cover.
fn worth(tree: &Tree, row: &[f64], known: u32, node: usize, k: usize, width: usize) -> f64 {
    let feature = tree.feature[node];
    if feature == LEAF {
        return tree.value[node * width + k];
    }
    let (left, right) = (tree.left[node] as usize, tree.right[node] as usize);
    let of = |child| worth(tree, row, known, child, k, width);
    if known >> feature & 1 == 1 {
        let value = row[feature as usize] as f32;
        let goes_left = if value.is_nan() { tree.default_left[node] } else { value < tree.threshold[node] };
        return of(if goes_left { left } else { right });
    }
    let whole = tree.cover[left] + tree.cover[right];
    let share = if whole > 0.0 { tree.cover[left] / whole } else { 0.5 };
    share * of(left) + (1.0 - share) * of(right)
}

/// Shapley's formula, subset by subset.
fn shapley(tree: &Tree, row: &[f64], feature: usize, k: usize, width: usize) -> f64 {
    let n = row.len();
    let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
    let others = (0u32..1 << n).filter(|set| set >> feature & 1 == 0);
    let term = |set: u32| {
        let size = set.count_ones() as usize;
        let weight = factorial(size) * factorial(n - size - 1) / factorial(n);
        weight * (worth(tree, row, set | 1 << feature, 0, k, width) - worth(tree, row, set, 0, k, width))
    };
    others.map(term).sum()
}

#[test]
fn values_are_shapleys_own() {
    let mut random = uniform(4);
    // Paths of one to eight features, of two outputs as well.
    for (leaves, features, width) in [(1, 2, 1), (2, 1, 1), (8, 3, 1), (30, 5, 2), (60, 8, 1), (120, 8, 1), (40, 2, 2)]
    {
        let tree = grown(&mut random, leaves, features, width);
        let base = vec![0.5; width];
        let ensemble = Ensemble { n_features: features, base, width, trees: vec![tree.clone()] };
        let value = |u: f64| if u < 0.1 { f64::NAN } else { u };
        let columns: Vec<Vec<f64>> =
            (0..features).map(|_| (0..6).map(|_| value(random.next().unwrap())).collect()).collect();
        let named = columns.iter().enumerate().map(|(j, c)| (format!("x{j}"), c.clone())).collect();
        let found = Shap::of(&ensemble, names(&ensemble), Matrix::from_columns(named).unwrap()).unwrap();
        for k in 0..width {
            let output = found.output(&format!("out {k}")).unwrap();
            assert!((output.base() - 0.5 - worth(&tree, &[], 0, 0, k, width)).abs() < 1e-12);
            for r in 0..6 {
                let row: Vec<f64> = columns.iter().map(|c| c[r]).collect();
                for j in 0..features {
                    let (a, b) = (output.values().get(r, j), shapley(&tree, &row, j, k, width));
                    assert!((a - b).abs() < 1e-11, "{leaves} leaves, row {r}, feature {j}: {a} for {b}");
                }
            }
        }
    }
}

/// A chain that asks each of 100 features once: as many points as it takes, and not one path too long.
#[test]
fn long_paths() {
    let chain = |length: usize| {
        let mut tree = Tree::leaf(0.0, 1024.0, 0);
        for feature in 0..length {
            let node = 2 * feature;
            tree.feature[node] = feature as u32;
            tree.threshold[node] = 0.5;
            (tree.left[node], tree.right[node]) = (node as u32 + 1, node as u32 + 2);
            for cover in [0.25, 0.75].map(|share| tree.cover[node] * share) {
                tree.feature.push(LEAF);
                tree.threshold.push(0.0);
                tree.left.push(0);
                tree.right.push(0);
                tree.default_left.push(false);
                tree.cover.push(cover);
                tree.gain.push(0.0);
                tree.value.push(tree.nodes() as f64);
            }
        }
        Ensemble { n_features: length, base: vec![0.0], width: 1, trees: vec![tree] }
    };
    let columns = |length: usize| (0..length).map(|j| (format!("x{j}"), vec![1.0, f64::from(j as u32 % 2)])).collect();
    let one = ["y".to_owned()].to_vec();
    let found = Shap::of(&chain(128), one.clone(), Matrix::from_columns(columns(128)).unwrap()).unwrap();
    // In the second row the first feature decides: none of the last ones matters in it.
    assert!(found.values().get(1, 0) < 0.0);
    let error = Shap::of(&chain(129), one, Matrix::from_columns(columns(129)).unwrap()).unwrap_err();
    assert!(matches!(error, ExplainError::Path { features: 129, most: 128, .. }), "{error}");
}

fn flights(rows: usize) -> Dataset {
    let mut random = uniform(9);
    let mut column = |f: fn(f64) -> f64| (0..rows).map(|_| f(random.next().unwrap())).collect::<Vec<f64>>();
    let hour = column(|u| (u * 24.0).floor());
    let temp = column(|u| if u < 0.1 { f64::NAN } else { u * 40.0 });
    let origin = column(|u| (u * 3.0).floor());
    let noise = column(|u| u);
    let late = (0..rows).map(|i| f64::from(hour[i] / 24.0 + origin[i] / 4.0 + noise[i] > 1.4)).collect();
    let ports: Vec<String> = ["EWR", "JFK", "LGA"].map(str::to_owned).to_vec();
    let features = Matrix::from_typed(vec![
        ("hour".to_owned(), Kind::Numeric, hour),
        ("temp".to_owned(), Kind::Numeric, temp),
        ("origin".to_owned(), Kind::Categorical(ports.into()), origin),
    ]);
    Dataset::from_parts(features.unwrap(), late, "late")
}

#[test]
fn models_are_explained_by_name() {
    let data = flights(600);
    let model = Gbdt::params().n_estimators(20).fit(&data).unwrap();
    let found = shap(&model, &data.features).unwrap();
    assert_eq!(found.outputs(), ["late"]);
    let scores = model.ensemble().predict(&(0..3).map(|j| data.features.column(j)).collect::<Vec<_>>()).unwrap();
    for (a, b) in found.predictions().iter().zip(&scores[0]) {
        assert!((a - b).abs() < 1e-9);
    }
    // Columns in another order and with other codes are the same columns.
    let mut names: Vec<(String, Kind, Vec<f64>)> = vec![];
    let other: Vec<String> = ["JFK", "LGA", "XXX", "EWR"].map(str::to_owned).to_vec();
    let mut sorted = other.clone();
    sorted.sort();
    let known = data.features.kinds()[2].categories().unwrap().clone();
    let code = |c: &f64| sorted.iter().position(|name| *name == known[*c as usize]).unwrap() as f64;
    let origin = data.features.column(2).iter().map(code).collect();
    names.push(("origin".to_owned(), Kind::Categorical(sorted.clone().into()), origin));
    for j in [1, 0] {
        names.push((data.features.names()[j].clone(), Kind::Numeric, data.features.column(j).to_vec()));
    }
    let turned = shap(&model, &Matrix::from_typed(names).unwrap()).unwrap();
    assert!(turned.values() == found.values());
}

#[test]
fn a_forest_of_many_classes_has_an_output_for_each() {
    let mut data = flights(300);
    data.target = data.features.column(0).iter().map(|hour| (hour / 8.0).floor()).collect();
    let model = RandomForest::params().n_estimators(8).seed(1).fit(&data).unwrap();
    let found = shap(&model, &data.features).unwrap();
    assert_eq!(found.outputs(), ["0", "1", "2"]);
    let outputs: Vec<Shap> = ["0", "1", "2"].iter().map(|name| found.output(name).unwrap()).collect();
    for i in 0..found.values().data().len() {
        let sum: f64 = outputs.iter().map(|output| output.values().data()[i]).sum();
        assert!(sum.abs() < 1e-12, "what speaks for one class speaks against the others");
    }
    let proba = model.predict_probas(&data.features).unwrap();
    for (a, b) in outputs[2].predictions().iter().zip(proba.column(2)) {
        assert!((a - b).abs() < 1e-12);
    }
    let error = found.beeswarm().unwrap_err();
    assert!(
        matches!(error, ExplainError::Outputs { .. }) && error.to_string().contains("shap.output(\"0\")"),
        "{error}"
    );
    assert!(outputs[1].beeswarm().is_ok() && found.bar().is_ok());
}

#[test]
fn the_same_on_any_number_of_threads() {
    let data = flights(500);
    let model = Gbdt::params().n_estimators(10).fit(&data).unwrap();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| shap(&model, &data.features)).unwrap()
    };
    let bits = |shap: &Shap| shap.values().data().iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
    assert_eq!(bits(&run(1)), bits(&run(3)));
}

#[test]
fn what_is_refused() {
    let data = flights(200);
    let model = Gbdt::params().n_estimators(3).fit(&data).unwrap();
    let hour = Matrix::from_columns(vec![("hour".to_owned(), vec![1.0])]).unwrap();
    let error = shap(&model, &hour).unwrap_err();
    assert!(matches!(error, ExplainError::Model(_)) && error.to_string().contains("\"temp\""), "{error}");
    let error = shap(&model, &data.features.select_rows(&[])).unwrap_err();
    assert!(matches!(error, ExplainError::NoRows), "{error}");
    let found = shap(&model, &data.features).unwrap();
    let error = found.waterfall(200).unwrap_err();
    assert!(matches!(error, ExplainError::Row { row: 200, rows: 200 }), "{error}");
    let error = found.output("early").unwrap_err();
    assert!(error.to_string().contains("no output \"early\"\nit has late"), "{error}");
}

/// A damaged model is noticed, not explained.
#[test]
fn additivity_is_checked() {
    let data = flights(200);
    let model = Gbdt::params().n_estimators(3).fit(&data).unwrap();
    let of = |ensemble: &Ensemble| Shap::of(ensemble, vec!["late".to_owned()], data.features.clone());
    let mut damaged = model.ensemble().clone();
    damaged.trees[1].cover[1] = f64::NAN;
    let error = of(&damaged).unwrap_err();
    assert!(matches!(error, ExplainError::NotAdditive { .. }), "{error}");
    let mut damaged = model.ensemble().clone();
    damaged.trees[1].left[0] = 0;
    let error = of(&damaged).unwrap_err();
    assert!(matches!(error, ExplainError::Flaw { .. }) && error.to_string().contains("tree 1"), "{error}");
}

#[test]
fn it_shows_itself() {
    let data = flights(400);
    let model = Gbdt::params().n_estimators(20).fit(&data).unwrap();
    let found = shap(&model, &data.features).unwrap();
    let text = found.bundle().plain().to_owned();
    assert!(text.starts_with("SHAP values of 400 rows; base: late "), "{text}");
    assert!(text.lines().nth(2).unwrap().starts_with("hour"), "{text}");
    let svg = found.waterfall(0).unwrap().to_svg().unwrap();
    assert!(svg.contains("origin = "), "{svg}");
    assert!(found.beeswarm().unwrap().to_svg().unwrap().contains("SHAP values: late"));
    assert!(found.bar().unwrap().to_svg().unwrap().contains("hour"));
}

/// Shapley's formula where a feature that is not known takes its values from the background.
#[test]
fn values_against_a_background_are_shapleys_own() {
    let mut random = uniform(6);
    for (leaves, features, width) in [(1, 2, 1), (8, 3, 1), (30, 5, 2), (60, 7, 1)] {
        let tree = grown(&mut random, leaves, features, width);
        let ensemble =
            Ensemble { n_features: features, base: vec![0.5; width], width, trees: vec![tree.clone(), tree.clone()] };
        let mut rows = |count: usize| -> Vec<Vec<f64>> {
            let value = |u: f64| if u < 0.1 { f64::NAN } else { u };
            (0..count).map(|_| (0..features).map(|_| value(random.next().unwrap())).collect()).collect()
        };
        let (some, others) = (rows(5), rows(4));
        let matrix = |rows: &[Vec<f64>]| {
            let column = |j: usize| (format!("x{j}"), rows.iter().map(|row| row[j]).collect());
            Matrix::from_columns((0..features).map(column).collect()).unwrap()
        };
        let found = Shap::against(&ensemble, names(&ensemble), matrix(&some), &matrix(&others)).unwrap();
        let value = |row: &[f64], known: u32, k: usize| {
            let mixed = others.iter().map(|other| {
                let mixed: Vec<f64> =
                    (0..features).map(|j| if known >> j & 1 == 1 { row[j] } else { other[j] }).collect();
                worth(&tree, &mixed, u32::MAX, 0, k, width)
            });
            2.0 * mixed.sum::<f64>() / others.len() as f64
        };
        let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
        for k in 0..width {
            let output = found.output(&format!("out {k}")).unwrap();
            assert!((output.base() - 0.5 - value(&some[0], 0, k)).abs() < 1e-12);
            for (r, row) in some.iter().enumerate() {
                for j in 0..features {
                    let others = (0u32..1 << features).filter(|set| set >> j & 1 == 0);
                    let exact: f64 = others
                        .map(|set| {
                            let size = set.count_ones() as usize;
                            let weight = factorial(size) * factorial(features - size - 1) / factorial(features);
                            weight * (value(row, set | 1 << j, k) - value(row, set, k))
                        })
                        .sum();
                    let a = output.values().get(r, j);
                    assert!((a - exact).abs() < 1e-11, "{leaves} leaves, row {r}, feature {j}: {a} for {exact}");
                }
            }
        }
    }
}

#[test]
fn values_against_a_background_are_those_of_shap() {
    let case = read("tests/reference/background.json");
    let model = LightGbm::from_text(case["file"].as_str().unwrap()).unwrap();
    let background = matrix(&serde_json::json!({ "columns": case["background"] }), &model.features);
    let found = Shap::against(&model.ensemble, names(&model.ensemble), matrix(&case, &model.features), &background);
    let found = found.unwrap();
    assert!((found.base() - case["base"].as_f64().unwrap()).abs() < 1e-6);
    for (r, row) in case["values"].as_array().unwrap().iter().enumerate() {
        for (j, b) in numbers(row).iter().enumerate() {
            assert!((found.values().get(r, j) - b).abs() < 1e-6, "row {r}: {} for {b}", found.values().get(r, j));
        }
    }
}
