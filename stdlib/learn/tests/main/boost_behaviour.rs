//! What boosted trees promise besides the numbers of other libraries.

use crate::boost::{Case, rows};
use crate::{dataset, uniform};
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_learn::boost::{
    Booster, Boosting, Fitted, Growth, HistogramBooster, History, Importance, Loss, Monotone, Plan, TrainingSet,
};
use ironbook_learn::tree::ensemble::{Ensemble, LEAF, Tree};
use ironbook_learn::{
    Boosted, ClassWeight, Fit, Gbdt, GbdtParams, GbdtRanker, GbdtRegressor, Importances, LearnError, Persist, Predict,
    PredictProba,
};
use std::sync::Arc;

fn case(target: &str, n: usize) -> Dataset {
    rows(&Case::of(target, 31, true), n)
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

fn same_on_any_number_of_threads<T: Boosting + PartialEq>(params: &GbdtParams<T>, data: &Dataset) {
    let fit = || params.fit(data).unwrap();
    let (one, three) = (with_threads(1, fit), with_threads(3, fit));
    assert!(one == three, "{} differs between 1 and 3 threads", T::MODEL);
    let predict = || one.predict(&data.features).unwrap();
    assert_eq!(with_threads(1, predict), with_threads(3, predict));
}

#[test]
fn one_thread_or_three_give_the_same_model() {
    // More rows than one thread divides or adds up alone.
    let data = case("class", 40_000);
    let params = Gbdt::params().n_estimators(5).subsample(0.9).colsample_bytree(0.8).num_leaves(40);
    same_on_any_number_of_threads(&params, &data);
    same_on_any_number_of_threads(&Gbdt::params().n_estimators(5), &data);
    same_on_any_number_of_threads(&Gbdt::params().n_estimators(4), &case("classes", 6000));
    let losses = [Loss::Squared, Loss::Absolute, Loss::Huber(2.0), Loss::Quantile(0.2)];
    for loss in losses {
        same_on_any_number_of_threads(&GbdtRegressor::params().n_estimators(4).loss(loss), &case("value", 6000));
    }
    same_on_any_number_of_threads(&GbdtRanker::params().n_estimators(4), &case("grade", 6000));
}

#[test]
fn the_seed_decides_the_samples() {
    let data = case("value", 1000);
    let fit = |seed| GbdtRegressor::params().n_estimators(5).subsample(0.5).seed(seed).fit(&data).unwrap();
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1).ensemble(), fit(2).ensemble());
    let half = fit(1);
    assert_eq!(half.ensemble().trees[0].cover[0], 500.0);
}

#[test]
fn missing_values_go_to_the_better_side() {
    // Missing stands for large values in the one column, for small ones in the other.
    for (rule, expected) in [(5.0, 1.0), (-5.0, -1.0)] {
        let x: Vec<f64> = (0..400).map(|i| if i % 4 == 0 { f64::NAN } else { f64::from(i % 9) - 4.0 }).collect();
        let y = x.iter().map(|x| if x.is_nan() { rule } else { *x }).map(|v: f64| v.signum()).collect();
        let model = GbdtRegressor::params().n_estimators(50).num_leaves(3).fit(&dataset(vec![x], y)).unwrap();
        let found = model.predict_row(&[f64::NAN]).unwrap();
        assert!((found - expected).abs() < 0.05, "{found}");
    }
    // A column where only being missing matters.
    let x: Vec<f64> = (0..400).map(|i| if i % 3 == 0 { f64::NAN } else { f64::from(i % 7) }).collect();
    let y = x.iter().map(|x| f64::from(u8::from(x.is_nan()))).collect();
    let model = GbdtRegressor::params().n_estimators(80).num_leaves(2).fit(&dataset(vec![x], y)).unwrap();
    assert!(model.predict_row(&[f64::NAN]).unwrap() > 0.99);
    assert!(model.predict_row(&[3.0]).unwrap() < 0.01 && model.predict_row(&[1e9]).unwrap() < 0.01);
}

#[test]
fn monotone_constraints_hold_everywhere() {
    let data = case("value", 1500);
    let free = GbdtRegressor::params().n_estimators(40).num_leaves(15);
    let bound = free.clone().monotone("a", Monotone::Increasing).monotone("b", Monotone::Decreasing);
    let (free, bound) = (free.fit(&data).unwrap(), bound.fit(&data).unwrap());
    let (mut rises, mut broken) = (0, 0);
    for c in [0.0, 7.0, 20.0, f64::NAN] {
        for e in [3.0, 22.0] {
            for other in [2.0, 11.0, 23.0] {
                for step in 0..100 {
                    let at = |x: f64| bound.predict_row(&[x, other, c, 5.0, e]).unwrap();
                    let down = |x: f64| bound.predict_row(&[other, x, c, 5.0, e]).unwrap();
                    let x = f64::from(step) / 4.0;
                    assert!(at(x + 0.25) >= at(x) && down(x + 0.25) <= down(x), "at {x}");
                    rises += usize::from(at(x + 0.25) > at(x));
                    let loose = |x: f64| free.predict_row(&[x, other, c, 5.0, e]).unwrap();
                    broken += usize::from(loose(x + 0.25) < loose(x));
                }
            }
        }
    }
    assert!(rises > 100, "the constrained model uses the feature");
    assert!(broken > 0, "without constraints it would not hold");
}

#[test]
fn early_stopping_keeps_the_best_round() {
    let data = case("class", 3000);
    let (train, valid): (Vec<usize>, Vec<usize>) = (0..3000).partition(|i| i % 3 != 0);
    let (train, valid) = (data.select_rows(&train), data.select_rows(&valid));
    let params = Gbdt::params().n_estimators(500).learning_rate(0.2).early_stopping(10);
    let model = params.fit_eval(&train, &valid).unwrap();
    let (history, best) = (model.history(), model.best_iteration().unwrap());
    let least = history.valid.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(history.valid[best], least);
    assert_eq!(history.valid.len(), best + 11);
    assert_eq!(history.train.len(), best + 11);
    assert_eq!(model.ensemble().trees.len(), best + 1);
    assert!(history.train.windows(2).all(|w| w[1] < w[0]) && history.metric == "log_loss");
    // The metric is the one of the model's own predictions.
    let p = model.predict_proba(&valid.features).unwrap();
    let loss: f64 = p.iter().zip(&valid.target).map(|(p, y)| -(if *y > 0.5 { *p } else { 1.0 - p }).ln()).sum();
    assert!((loss / valid.rows() as f64 - least).abs() < 1e-9);
    // Without rows to validate on, fit takes a tenth.
    let own = params.fit(&data).unwrap();
    assert!(own.best_iteration().is_some() && own.ensemble().trees.len() < 500);
    let display = format!("{:?}", ironbook_core::Display::bundle(&own));
    assert!(display.contains("2700 rows") && display.contains("validation"), "{display}");
}

#[test]
fn weights_are_repetitions() {
    let data = case("value", 600);
    let weights: Vec<f64> = uniform(5, 600).iter().map(|u| (u * 3.0).floor()).collect();
    let repeated: Vec<usize> = (0..600).flat_map(|i| std::iter::repeat_n(i, weights[i] as usize)).collect();
    let params = GbdtRegressor::params().n_estimators(5).min_child_samples(1).min_child_weight(12.0).num_leaves(8);
    let weighted = params.fit(&data.clone().with_weights(weights)).unwrap();
    let repeated = params.fit(&data.select_rows(&repeated)).unwrap();
    let (a, b) = (weighted.predict(&data.features).unwrap(), repeated.predict(&data.features).unwrap());
    let off = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off < 1e-4, "{off}");
}

#[test]
fn classes_have_probabilities_that_sum_to_one() {
    let data = case("classes", 1500);
    let model = Gbdt::params().n_estimators(15).fit(&data).unwrap();
    let p = model.predict_probas(&data.features).unwrap();
    assert_eq!(p.names(), ["0", "1", "2"]);
    let classes = model.predict(&data.features).unwrap();
    let mut right = 0;
    for (i, &class) in classes.iter().enumerate() {
        let row: Vec<f64> = (0..3).map(|k| p.get(i, k)).collect();
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12 && row.iter().all(|p| *p > 0.0));
        let largest = (0..3).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
        assert_eq!(class, largest as f64);
        right += usize::from(class == data.target[i]);
    }
    assert!(right > 1100, "{right} of 1500 right");
    assert!(matches!(model.predict_proba(&data.features), Err(LearnError::ManyClasses { classes: 3 })));
    assert!(matches!(model.raw_score(&data.features), Err(LearnError::ManyClasses { classes: 3 })));
    // Classes as text keep their names.
    let named = Dataset { classes: Some(vec!["early".into(), "late".into(), "on time".into()]), ..data.clone() };
    let named = Gbdt::params().n_estimators(2).fit(&named).unwrap();
    assert_eq!(named.predict_probas(&data.features).unwrap().names(), ["early", "late", "on time"]);
}

#[test]
fn balanced_classes_count_alike() {
    let x: Vec<f64> = uniform(3, 1000);
    let y = uniform(4, 1000).iter().map(|u| f64::from(u8::from(*u < 0.1))).collect();
    let params = Gbdt::params().n_estimators(1).min_child_samples(600);
    let mean = |params: &GbdtParams<_>, data: &Dataset| params.fit(data).unwrap().predict_row(&[0.5]).unwrap();
    let data = dataset(vec![x], y);
    assert_eq!(mean(&params, &data), 0.0);
    let balanced = params.class_weight(ClassWeight::Balanced).fit(&data).unwrap();
    assert!((balanced.predict_proba(&data.features).unwrap()[0] - 0.5).abs() < 1e-9);
}

#[test]
fn text_is_matched_by_name_and_unknown_text_is_missing() {
    let names: Arc<[String]> = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).into();
    let codes: Vec<f64> = (0..1200).map(|i| if i % 10 == 9 { f64::NAN } else { f64::from(i % 6) }).collect();
    let worth = |code: f64| if code.is_nan() { 10.0 } else { [3.0, -1.0, 4.0, 1.0, -5.0, 9.0][code as usize] };
    let target: Vec<f64> = codes.iter().map(|&code| worth(code)).collect();
    let column = |names: &Arc<[String]>, values| {
        Matrix::from_typed(vec![("x".into(), Kind::Categorical(names.clone()), values)])
    };
    let data = Dataset::from_parts(column(&names, codes).unwrap(), target, "y");
    let params = GbdtRegressor::params().n_estimators(100).learning_rate(0.3).cat_l2(0.0).cat_smooth(1.0);
    let model = params.fit(&data).unwrap();
    let found: Vec<f64> = (0..6).map(|code| model.predict_row(&[f64::from(code)]).unwrap()).collect();
    found
        .iter()
        .zip(0..6)
        .for_each(|(found, code)| assert!((found - worth(f64::from(code))).abs() < 0.01, "{found:?}"));
    // Other codes for the same names, and a name that was not there.
    let others: Arc<[String]> = ["b", "f", "new"].map(str::to_owned).into();
    let predicted = model.predict(&column(&others, vec![0.0, 1.0, 2.0, f64::NAN]).unwrap()).unwrap();
    assert_eq!(predicted[..2], [found[1], found[5]]);
    assert_eq!(predicted[2], predicted[3]);
    assert!((predicted[3] - 10.0).abs() < 0.01);
}

#[test]
fn growth_by_levels_is_growth_by_leaves_where_all_leaves_fit() {
    let data = case("value", 1500);
    let params = GbdtRegressor::params().n_estimators(5).max_depth(3).num_leaves(8);
    let (leaves, levels) = (params.fit(&data).unwrap(), params.clone().growth(Growth::DepthWise).fit(&data).unwrap());
    assert!(leaves.predict(&data.features).unwrap() == levels.predict(&data.features).unwrap());
    // With fewer leaves the levels fill up from the root, which the leaves that gain most do not care for.
    let few = GbdtRegressor::params().n_estimators(5).num_leaves(12);
    let levels = few.growth(Growth::DepthWise).fit(&data).unwrap();
    assert!(levels.ensemble().trees.iter().all(|tree| tree.leaves() == 12 && depths(tree) == (3, 4)));
}

/// Numbers of splits above the uppermost and above the deepest leaf.
fn depths(tree: &Tree) -> (usize, usize) {
    let mut depths = vec![0; tree.nodes()];
    for node in (0..tree.nodes()).filter(|&node| tree.feature[node] != LEAF) {
        depths[tree.left[node] as usize] = depths[node] + 1;
        depths[tree.right[node] as usize] = depths[node] + 1;
    }
    let leaves = (0..tree.nodes()).filter(|&node| tree.feature[node] == LEAF).map(|node| depths[node]);
    (leaves.clone().min().unwrap(), leaves.max().unwrap())
}

#[test]
fn quantiles_have_their_share_below() {
    let data = case("value", 4000);
    for alpha in [0.1, 0.5, 0.9] {
        let model = GbdtRegressor::params().n_estimators(60).loss(Loss::Quantile(alpha)).fit(&data).unwrap();
        let p = model.predict(&data.features).unwrap();
        let below = p.iter().zip(&data.target).filter(|(p, y)| y < p).count() as f64 / 4000.0;
        assert!((below - alpha).abs() < 0.03, "{below} instead of {alpha}");
    }
}

#[test]
fn models_come_back_from_files_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    let data = case("classes", 800);
    let model = Gbdt::params().n_estimators(4).fit(&data).unwrap();
    model.save(&path).unwrap();
    assert_eq!(Gbdt::load(&path).unwrap(), model);
    let wrong = GbdtRegressor::load(&path).unwrap_err();
    assert!(wrong.to_string().contains("ironbook/gbdt version 1, not ironbook/gbdt_regressor"), "{wrong}");
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<Gbdt>(&json).unwrap(), model);
    let params = serde_json::to_string(model.fitted_params()).unwrap();
    assert_eq!(&serde_json::from_str::<GbdtParams<_>>(&params).unwrap(), model.fitted_params());
    let losses =
        [Loss::Squared, Loss::Absolute, Loss::Huber(1.5), Loss::Quantile(0.3), Loss::Poisson, Loss::Tweedie(1.2)];
    let data = case("count", 800);
    for loss in losses {
        let model = GbdtRegressor::params().n_estimators(3).loss(loss).fit(&data).unwrap();
        model.save(&path).unwrap();
        assert_eq!(GbdtRegressor::load(&path).unwrap(), model);
    }
    std::fs::write(&path, "{\"learner\": 3}").unwrap();
    assert!(Gbdt::load(&path).unwrap_err().to_string().contains("is not a saved model"));
}

#[test]
fn one_row_is_predicted_as_in_a_table() {
    let data = case("class", 500);
    let model = Gbdt::params().n_estimators(10).fit(&data).unwrap();
    let (scores, classes) = (model.raw_score(&data.features).unwrap(), model.predict(&data.features).unwrap());
    for i in 0..500 {
        let row: Vec<f64> = (0..5).map(|j| data.features.get(i, j)).collect();
        let mut score = [0.0];
        model.raw_row(&row, &mut score).unwrap();
        assert_eq!((score[0], model.predict_row(&row).unwrap()), (scores[i], classes[i]));
    }
    assert!(matches!(model.predict_row(&[1.0]), Err(LearnError::Length { features: 5, found: 1, .. })));
}

#[test]
fn importances_tell_used_features_from_others() {
    let data = case("value", 1500);
    let model: Boosted<_> = GbdtRegressor::params().n_estimators(10).num_leaves(8).fit(&data).unwrap();
    let shares = model.importances();
    assert_eq!(shares[0].0, "a");
    assert!(shares.iter().any(|(name, share)| name == "d" && *share < 0.01), "{shares:?}");
    assert!((shares.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
    let splits: f64 = model.importances_by(Importance::Split).iter().map(|(_, count)| count).sum();
    assert_eq!(splits, 10.0 * 7.0);
    let covers = model.importances_by(Importance::Cover);
    assert!(covers.iter().any(|(name, cover)| name == "a" && *cover >= 15_000.0));
}

/// An engine that knows nothing but the mean.
#[derive(Debug)]
struct Mean;

impl Booster for Mean {
    fn name(&self) -> &'static str {
        "mean"
    }

    fn grow(&self, _: &Plan, train: &TrainingSet<'_>, _: Option<&TrainingSet<'_>>) -> Result<Fitted, LearnError> {
        let ensemble = Ensemble { n_features: train.features.len(), base: vec![train.mean()], width: 1, trees: vec![] };
        Ok(Fitted { ensemble, history: History::default(), best_iteration: None, warning: Some(self.name().into()) })
    }
}

#[test]
fn every_booster_stands_behind_the_same_parameters() {
    let all: [&dyn Booster; 2] = [&HistogramBooster, &Mean];
    let data = case("value", 400).with_weights((0..400).map(|i| f64::from(i % 2)).collect());
    let counted: Vec<f64> = data.target.iter().skip(1).step_by(2).copied().collect();
    let mean = counted.iter().sum::<f64>() / 200.0;
    for booster in all {
        let params = GbdtRegressor::params().n_estimators(3);
        let model = params.fit_with(booster, &data, None).unwrap();
        let again = params.fit_with(booster, &data, None).unwrap();
        assert_eq!(model, again, "{}", booster.name());
        // Rows without weight do not reach an engine, and the start is the mean of the others.
        assert!((model.ensemble().base[0] - mean).abs() < 1e-9, "{}", booster.name());
        assert_eq!(model.predict(&data.features).unwrap().len(), 400);
        let wrong = params.learning_rate(-1.0).fit_with(booster, &data, None);
        assert!(matches!(wrong, Err(LearnError::Parameter { .. })), "{}", booster.name());
    }
    let mean = GbdtRegressor::params().fit_with(&Mean, &data, None).unwrap();
    assert_eq!(mean.warning(), Some("mean"));
}
