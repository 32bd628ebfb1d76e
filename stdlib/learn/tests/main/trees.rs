//! Ensembles against XGBoost and LightGBM: their files, predictions and leaves, and what is refused.

use ironbook_learn::LearnError;
use ironbook_learn::tree::ensemble::{Ensemble, LEAF, Tree};
use ironbook_learn::tree::lightgbm::LightGbm;
use ironbook_learn::tree::predict::Cached;
use ironbook_learn::tree::xgboost::XgboostModel;
use serde_json::{Value, json};
use std::path::Path;

fn reference() -> Value {
    let path = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/reference/trees.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

/// The columns of a case in the order of `names`.
fn columns(case: &Value, names: &[String]) -> Vec<Vec<f64>> {
    names.iter().map(|name| numbers(&case["columns"][name])).collect()
}

fn close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-6 * (1.0 + b.abs()), "{what}: row {i}: {a} for {b}");
    }
}

fn cases(library: &str) -> Vec<(String, Value)> {
    let all = reference()[library].as_object().unwrap().clone();
    assert!(all.len() >= 4);
    all.into_iter().collect()
}

#[test]
fn files_of_xgboost_predict_as_in_xgboost() {
    for (name, case) in cases("xgboost") {
        let model = XgboostModel::from_json(case["file"].as_str().unwrap()).unwrap();
        assert_eq!((model.objective.as_str(), model.features.len()), (name.as_str(), 5));
        let ports: Vec<String> = ["EWR", "JFK", "LGA", "ORD", "SFO"].map(str::to_owned).to_vec();
        assert_eq!(model.categories, [None, None, None, None, Some(ports)]);
        assert!(model.ensemble.trees.iter().any(|tree| !tree.categories.is_empty()));
        let columns = columns(&case, &model.features);
        let cached = Cached::default();
        let found = cached.of(&model.ensemble).predict(&columns).unwrap();
        for (k, found) in found.iter().enumerate() {
            close(found, &numbers(&case["margins"][k]), &format!("{name}, output {k}"));
        }
        let leaves = cached.of(&model.ensemble).leaves(&columns).unwrap();
        assert_eq!(json!(leaves), case["leaves"], "{name}");
    }
}

#[test]
fn files_of_lightgbm_predict_as_in_lightgbm() {
    for (name, case) in cases("lightgbm") {
        let model = LightGbm::from_text(case["file"].as_str().unwrap()).unwrap();
        assert!(model.ensemble.trees.iter().any(|tree| !tree.categories.is_empty()), "{name}");
        let found = model.ensemble.predict(&columns(&case, &model.features)).unwrap();
        for (k, found) in found.iter().enumerate() {
            close(found, &numbers(&case["margins"][k]), &format!("{name}, output {k}"));
        }
    }
}

/// FNV-1a.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The files that are written hold the same model, bit for bit, also where no `f32` does; and they are those that XGBoost
/// was seen to read and to predict with alike (`make_trees.py check`).
#[test]
fn written_files_read_the_same() {
    let folder = std::env::var_os("IRONBOOK_EXPORT");
    let path = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/reference/trees_checked.json");
    let checked: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for (name, case) in cases("xgboost") {
        let read = XgboostModel::from_json(case["file"].as_str().unwrap()).unwrap();
        let mut ensemble = read.ensemble.clone();
        // All outputs start alike, so that older versions can read them as well.
        ensemble.base.fill(0.1 + 1e-12);
        for tree in &mut ensemble.trees {
            tree.value.iter_mut().for_each(|value| *value *= 1.1);
            tree.fill_means(1);
        }
        let mut model = XgboostModel::new(ensemble, &*name, read.features, read.categories);
        // A text that looks like what has to be replaced or escaped.
        model.attributes.insert("note".to_owned(), "NaN, \"NaN\" and \\".to_owned());
        let text = model.to_json().unwrap();
        let mut again = XgboostModel::from_json(&text).unwrap();
        again.attributes.remove("ironbook_base");
        assert_eq!(again, model, "{name}");
        let margins = model.ensemble.predict(&columns(&case, &model.features)).unwrap();
        let stem = name.replace(':', "_");
        if let Some(folder) = &folder {
            let columns: Vec<&Value> = model.features.iter().map(|f| &case["columns"][f]).collect();
            let rows = json!({ "columns": columns, "margins": margins });
            std::fs::write(Path::new(folder).join(format!("{stem}.model.json")), text).unwrap();
            std::fs::write(Path::new(folder).join(format!("{stem}.rows.json")), rows.to_string()).unwrap();
            continue;
        }
        let checked = &checked[&stem];
        let advice = "the form has changed: run this test with IRONBOOK_EXPORT=DIR, then make_trees.py check DIR";
        assert_eq!(checked["hash"], format!("{:016x}", fnv(&text)), "{name}: {advice}");
        for (k, margins) in margins.iter().enumerate() {
            close(margins, &numbers(&checked["margins"][k]), &name);
        }
    }
}

/// Also starts that are nearly certain, whose chance an `f32` cannot tell from 1.
#[test]
fn starts_are_kept_to_the_last_bit() {
    for (objective, base) in [
        ("binary:logistic", vec![0.123_456_789_012_345_6]),
        ("binary:logistic", vec![-30.1]),
        ("binary:logistic", vec![40.7]),
        ("count:poisson", vec![-3.3]),
        ("reg:squarederror", vec![1e-9]),
        ("multi:softprob", vec![0.1, -0.7, 1.0 / 3.0]),
    ] {
        let ensemble = Ensemble { n_features: 1, base, width: 1, trees: Vec::new() };
        let model = XgboostModel::new(ensemble, objective, vec!["a".to_owned()], vec![None]);
        let again = XgboostModel::from_json(&model.to_json().unwrap()).unwrap();
        assert_eq!(again.ensemble, model.ensemble, "{objective}");
    }
}

#[test]
fn rounds_are_cut_off() {
    let case = &reference()["xgboost"]["multi:softprob"];
    let mut model = XgboostModel::from_json(case["file"].as_str().unwrap()).unwrap();
    assert_eq!((model.rounds.clone(), model.best_iteration()), (vec![0, 3, 6, 9, 12], None));
    model.truncate(2);
    assert_eq!((model.ensemble.trees.len(), model.rounds.clone()), (6, vec![0, 3, 6]));
    let case = &reference()["xgboost"]["binary:logistic"];
    let model = XgboostModel::from_json(case["file"].as_str().unwrap()).unwrap();
    assert_eq!(model.best_iteration(), Some(2));
}

#[test]
fn files_of_xgboost_1_7_predict_as_there() {
    let path = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/reference/trees_old.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(all.as_object().unwrap().len(), 3);
    for (name, case) in all.as_object().unwrap() {
        let model = XgboostModel::from_json(case["file"].as_str().unwrap()).unwrap();
        assert_eq!(model.rounds.len(), 4, "{name}: three rounds, though the file does not say");
        assert!(model.ensemble.trees.iter().any(|tree| !tree.categories.is_empty()), "{name}");
        let found = model.ensemble.predict(&columns(case, &model.features)).unwrap();
        for (k, found) in found.iter().enumerate() {
            close(found, &numbers(&case["margins"][k]), &format!("{name}, output {k}"));
        }
    }
}

/// The form of 1.7 to 3.0: a plain base score, booleans, no rounds, no names of categories.
#[test]
fn older_files_are_read() {
    let case = &reference()["xgboost"]["binary:logistic"];
    let new = XgboostModel::from_json(case["file"].as_str().unwrap()).unwrap();
    let mut file: Value = serde_json::from_str(case["file"].as_str().unwrap()).unwrap();
    let learner = &mut file["learner"];
    let score = learner["learner_model_param"]["base_score"].as_str().unwrap().trim_matches(['[', ']']).to_owned();
    learner["learner_model_param"]["base_score"] = json!(score);
    let model = &mut learner["gradient_booster"]["model"];
    model.as_object_mut().unwrap().remove("iteration_indptr");
    model.as_object_mut().unwrap().remove("cats");
    for tree in model["trees"].as_array_mut().unwrap() {
        for flag in tree["default_left"].as_array_mut().unwrap() {
            *flag = json!(flag.as_u64() == Some(1));
        }
    }
    let old = XgboostModel::from_json(&file.to_string()).unwrap();
    assert_eq!((old.ensemble, old.rounds), (new.ensemble, new.rounds));
    assert_eq!(old.categories[4], Some(Vec::new()));
}

fn refusal(error: &LearnError) -> String {
    assert!(matches!(error, LearnError::ModelFile { .. }), "{error}");
    error.to_string()
}

#[test]
fn broken_files_of_xgboost_are_refused_in_words() {
    let file: Value =
        serde_json::from_str(reference()["xgboost"]["binary:logistic"]["file"].as_str().unwrap()).unwrap();
    let trees = "/learner/gradient_booster/model/trees";
    let cases = [
        ("/learner", Value::Null, "learner has no \"gradient_booster\""),
        ("/learner/gradient_booster/name", json!("dart"), "it is a dart booster"),
        ("/learner/gradient_booster/name", json!("gblinear"), "its booster is \"gblinear\""),
        ("/learner/objective/name", json!("survival:cox"), "the objective survival:cox is not known"),
        ("/learner/learner_model_param/base_score", json!("[2E0]"), "base_score is \"[2E0]\", not a score"),
        ("/learner/learner_model_param/base_score", json!("much"), "not a number or a list of numbers"),
        ("/learner/learner_model_param/num_feature", json!("2"), "reads feature"),
        ("/learner/learner_model_param/num_class", json!("99999999999"), "outputs"),
        ("/learner/feature_names", json!(["a"]), "it has 1 feature names for 5 features"),
        ("/learner/gradient_booster/model/tree_info", json!([0, 0, 0, 7]), "holds the output 7 of 1"),
        ("/learner/gradient_booster/model/iteration_indptr", json!([0, 9]), "not a list that ascends"),
        ("/1/left_children/0", json!(9999), "node 0 has the child 9999"),
        ("/1/left_children/0", json!(0), "node 0 has two parents"),
        ("/1/right_children/0", json!(-1), "node 0 has the child -1"),
        ("/1/split_conditions", json!([1.0]), "model.trees[1] differ in length"),
        ("/1/split_conditions/0", Value::Null, "model.trees[1]: the split condition of node 0 is NaN"),
        ("/1/split_conditions/0", json!("x"), "model.trees[1].split_conditions[0] is \"x\", not a number in range"),
        ("/1/sum_hessian", Value::Null, "model.trees[1].sum_hessian is null, not a list"),
        ("/1/tree_param/size_leaf_vector", json!("3"), "has leaves of several numbers"),
        ("/1/categories_sizes/0", json!(999), "categories of node"),
    ];
    for (place, value, words) in cases {
        let mut broken = file.clone();
        let pointer = if place.starts_with("/l") && !place.starts_with("/left") {
            place.to_owned()
        } else {
            format!("{trees}{place}")
        };
        *broken.pointer_mut(&pointer).unwrap() = value;
        let error = refusal(&XgboostModel::from_json(&broken.to_string()).unwrap_err());
        assert!(error.contains(words), "{pointer}: {error}");
        assert!(error.lines().count() >= 2, "{error}");
    }
}

/// Whatever is cut off or overwritten: words or a model, never a panic.
#[test]
fn damaged_files_never_panic() {
    let reference = reference();
    let xgboost = reference["xgboost"]["reg:squarederror"]["file"].as_str().unwrap();
    let lightgbm = reference["lightgbm"]["regression"]["file"].as_str().unwrap();
    let mut refused = 0;
    for (i, share) in crate::uniform(5, 400).into_iter().enumerate() {
        let at = |text: &str| (share * text.len() as f64) as usize;
        let damage = |text: &str| match i % 3 {
            0 => text[..at(text)].to_owned(),
            1 => format!("{}9{}", &text[..at(text)], &text[at(text) + 1..]),
            _ => format!("{}{}", &text[..at(text)], &text[at(text) + 1..]),
        };
        let models = [
            XgboostModel::from_json(&damage(xgboost)).map(|m| m.ensemble),
            LightGbm::from_text(&damage(lightgbm)).map(|m| m.ensemble),
        ];
        for model in models {
            match model {
                Ok(model) => {
                    let _ = model.predict(&vec![vec![0.5; 4]; model.n_features]).unwrap();
                }
                Err(error) => {
                    assert!(refusal(&error).contains('\n'));
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 300, "{refused}");
}

#[test]
fn other_files_of_lightgbm_are_refused_in_words() {
    let text = reference()["lightgbm"]["regression"]["file"].as_str().unwrap().to_owned();
    let cases = [
        (text.replace("is_linear=0", "is_linear=1"), "tree 0: its leaves are linear models"),
        (text.replace("end of trees", ""), "it does not come to \"end of trees\""),
        (text.replace("num_leaves=12", "num_leaves=13"), "tree 0: leaf_value has 12 values, not 13"),
        (text.replace("feature_names=", "names="), "it has no feature_names"),
    ];
    for (text, words) in cases {
        let error = refusal(&LightGbm::from_text(&text).unwrap_err());
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn what_xgboost_cannot_hold_is_not_written() {
    let file = reference()["xgboost"]["binary:logistic"]["file"].as_str().unwrap().to_owned();
    let model = XgboostModel::from_json(&file).unwrap();
    let mut nan = model.clone();
    nan.ensemble.trees[0].value[3] = f64::NAN;
    assert!(refusal(&nan.to_json().unwrap_err()).contains("NaN"));
    let mut unknown = model.clone();
    unknown.objective = "mine".to_owned();
    assert!(refusal(&unknown.to_json().unwrap_err()).contains("the objective mine is not known"));
    let mut wide = model;
    wide.ensemble.width = 2;
    assert!(refusal(&wide.to_json().unwrap_err()).contains("several numbers"));
}

/// A random tree over `features` features, the last of which has categories.
pub fn grown(
    random: &mut impl Iterator<Item = f64>,
    leaves: usize,
    features: usize,
    width: usize,
    output: u32,
) -> Tree {
    let mut tree = Tree::leaf(0.0, 1.0, output);
    let mut ends = vec![0usize];
    let mut next = || random.next().unwrap();
    for _ in 1..leaves {
        let node = ends.swap_remove((next() * ends.len() as f64) as usize);
        let feature = (next() * features as f64) as u32;
        tree.feature[node] = feature;
        tree.default_left[node] = next() < 0.5;
        if feature as usize + 1 == features {
            let set = (0..7).filter(|_| next() < 0.5).collect();
            tree.categories.push((node as u32, set));
        } else {
            tree.threshold[node] = ((next() * 40.0).floor() / 40.0) as f32;
        }
        for side in 0..2 {
            let child = tree.nodes();
            *(if side == 0 { &mut tree.left } else { &mut tree.right }).get_mut(node).unwrap() = child as u32;
            tree.feature.push(LEAF);
            tree.threshold.push(0.0);
            tree.left.push(0);
            tree.right.push(0);
            tree.default_left.push(false);
            tree.cover.push(1.0 + next());
            tree.gain.push(0.0);
            ends.push(child);
        }
    }
    tree.categories.sort();
    tree.value = (0..tree.nodes() * width).map(|_| next() - 0.5).collect();
    tree
}

/// The leaf of a row by the rule of `Tree`, in the plainest words.
pub fn leaf(tree: &Tree, row: &[f64]) -> usize {
    let mut node = 0;
    while tree.feature[node] != LEAF {
        let value = row[tree.feature[node] as usize] as f32;
        let left = match tree.set(node) {
            _ if value.is_nan() => tree.default_left[node],
            Some(set) => !set.iter().any(|&category| value >= 0.0 && category == value as u32),
            None => value < tree.threshold[node],
        };
        node = (if left { &tree.left } else { &tree.right })[node] as usize;
    }
    node
}

#[test]
fn all_ways_to_predict_agree_with_the_rule() {
    let mut random = crate::uniform(11, 400_000).into_iter();
    // Leaves: few, as many as a table holds, more; outputs one, one per tree, all in each leaf.
    for (leaves, width, outputs) in [(1, 1, 1), (31, 1, 1), (64, 1, 3), (65, 1, 1), (300, 1, 2), (40, 3, 3), (90, 2, 2)]
    {
        let features = 6;
        let trees: Vec<Tree> = (0..12)
            .map(|t| grown(&mut random, leaves, features, width, if width == 1 { t % outputs as u32 } else { 0 }))
            .collect();
        let base = (0..outputs).map(|k| k as f64 + 0.25).collect();
        let ensemble = Ensemble { n_features: features, base, width, trees };
        assert_eq!(ensemble.flaw(), None);
        let rows = 777;
        let value = |j: usize, u: f64| match (u * 23.0) as usize {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => -3.0,
            _ if j + 1 == features => (u * 9.0).floor(),
            // On the thresholds as well as between them.
            4..=9 => f64::from(((u * 40.0).floor() / 40.0) as f32),
            _ => u,
        };
        let columns: Vec<Vec<f64>> =
            (0..features).map(|j| (0..rows).map(|_| value(j, random.next().unwrap())).collect()).collect();
        let cached = Cached::default();
        let predictor = cached.of(&ensemble);
        let batch = predictor.predict(&columns).unwrap();
        let leaves_found = predictor.leaves(&columns).unwrap();
        for r in 0..rows {
            let row: Vec<f64> = columns.iter().map(|c| c[r]).collect();
            let mut sums = ensemble.base.clone();
            for (t, tree) in ensemble.trees.iter().enumerate() {
                let leaf = leaf(tree, &row);
                assert_eq!(leaves_found[t][r] as usize, leaf);
                for k in 0..width {
                    sums[if width == 1 { tree.output as usize } else { k }] += tree.value[leaf * width + k];
                }
            }
            let mut alone = vec![0.0; outputs];
            predictor.predict_row(&row, &mut alone);
            let together: Vec<f64> = batch.iter().map(|output| output[r]).collect();
            assert_eq!((&sums, &sums), (&alone, &together), "row {r} of {leaves} leaves");
        }
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| predictor.predict(&columns)).unwrap(), batch);
        }
        // Too few rows for tables: walks, in blocks.
        let few: Vec<&[f64]> = columns.iter().map(|c| &c[..100]).collect();
        assert_eq!(predictor.predict(&few).unwrap()[0], batch[0][..100]);
    }
}

#[test]
fn flaws_of_ensembles_are_named() {
    let mut random = crate::uniform(3, 10_000).into_iter();
    let tree = grown(&mut random, 9, 4, 1, 0);
    let ensemble = |change: &dyn Fn(&mut Tree)| {
        let mut tree = tree.clone();
        change(&mut tree);
        Ensemble { n_features: 4, base: vec![0.0], width: 1, trees: vec![tree] }
    };
    assert_eq!(ensemble(&|_| ()).flaw(), None);
    type Damage<'a> = &'a dyn Fn(&mut Tree);
    let cases: [(Damage<'_>, &str); 6] = [
        (&|t| t.left[0] = 99, "tree 0: node 0 has the child 99"),
        (&|t| t.left[0] = 0, "tree 0: node 0 has the child 0"),
        (&|t| t.left[0] = t.right[0], "has 0 parents"),
        (&|t| t.feature[0] = 9, "tree 0: node 0 reads feature 9 of 4"),
        (&|t| t.cover.truncate(2), "differ in length"),
        (&|t| t.output = 3, "tree 0: it adds to output 3 of 1"),
    ];
    for (change, words) in cases {
        let flaw = ensemble(change).flaw().unwrap();
        assert!(flaw.contains(words), "{flaw}");
    }
}

#[test]
fn ensembles_without_rows_or_trees() {
    let ensemble = Ensemble { n_features: 2, base: vec![0.5, 1.5], width: 1, trees: Vec::new() };
    assert_eq!(ensemble.predict(&[vec![1.0; 3], vec![1.0; 3]]).unwrap(), [vec![0.5; 3], vec![1.5; 3]]);
    assert_eq!(ensemble.predict::<Vec<f64>>(&[Vec::new(), Vec::new()]).unwrap(), [Vec::<f64>::new(), Vec::new()]);
}
