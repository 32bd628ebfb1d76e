//! Boosted trees against LightGBM's and XGBoost's.

use crate::uniform;
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_learn::boost::{Loss, Monotone};
use ironbook_learn::{Classification, Fit, Gbdt, GbdtParams, GbdtRanker, Predict, PredictProba, Ranking, Regression};
use serde::Deserialize;

const ROWS: usize = 1500;

/// `reference/boost.json`.
#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
    quality: Vec<Quality>,
}

/// How a case's data are made, the parameters, and what LightGBM found.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Case {
    name: String,
    seed: u64,
    target: String,
    objective: String,
    missing: bool,
    weighted: bool,
    categories: Option<u32>,
    monotone: Vec<i8>,
    reg_alpha: f64,
    reg_lambda: f64,
    max_delta_step: f64,
    max_depth: Option<usize>,
    min_child_samples: Option<usize>,
    min_split_gain: f64,
    alpha: f64,
    tweedie_variance_power: f64,
    scale_pos_weight: Option<f64>,
    margins: Vec<Margin>,
    spread: f64,
    ndcg: f64,
    xgboost_ndcg: f64,
    pinball: f64,
}

impl Case {
    /// A case of this target, for tests that compare with nothing stored.
    pub fn of(target: &str, seed: u64, missing: bool) -> Self {
        Case { seed, target: target.to_owned(), missing, ..Case::default() }
    }
}

/// One output or several.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Margin {
    One(f64),
    Many(Vec<f64>),
}

#[derive(Deserialize)]
struct Quality {
    seed: u64,
    lightgbm: Scores,
    xgboost: Scores,
}

#[derive(Deserialize)]
struct Scores {
    auc: f64,
    log_loss: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../reference/boost.json")).unwrap()
}

/// The rows of `make_boost.py`.
pub fn rows(case: &Case, n: usize) -> Dataset {
    let u = uniform(case.seed, n * 7);
    let u: Vec<&[f64]> = u.chunks(n).collect();
    let mut x: Vec<Vec<f64>> = u[..5].iter().map(|u| u.iter().map(|u| (u * 100.0).floor() / 4.0).collect()).collect();
    if let Some(count) = case.categories {
        x[4] = u[4].iter().map(|u| (u * f64::from(count)).floor()).collect();
    }
    let score = |i: usize| {
        let push = match case.categories {
            Some(_) => (x[4][i] * 7.0) % 11.0 - 5.0,
            None if x[4][i] > 20.0 => 3.0,
            None => 0.0,
        };
        let third = if case.missing && u[5][i] < 0.15 { 6.0 } else { 0.02 * x[2][i] * x[2][i] };
        x[0][i] - 0.5 * x[1][i] + third + push
    };
    let target = (0..n).map(|i| target(case, score(i), u[6][i])).collect();
    if case.missing {
        (0..n).filter(|&i| u[5][i] < 0.15).for_each(|i| x[2][i] = f64::NAN);
    }
    let kind = |j: usize| match case.categories {
        // Numbers with leading zeros are in the order of their names.
        Some(count) if j == 4 => Kind::Categorical((0..count).map(|k| format!("{k:03}")).collect()),
        _ => Kind::Numeric,
    };
    let columns = x.into_iter().enumerate().map(|(j, values)| (crate::name(j), kind(j), values)).collect();
    let mut data = Dataset::from_parts(Matrix::from_typed(columns).unwrap(), target, "y");
    if case.weighted {
        data.weights = Some(uniform(case.seed + 2, n).iter().map(|u| (u * 3.0).floor() + 1.0).collect());
    }
    if case.target == "grade" {
        data.groups = Some((0..n as u32).map(|i| i / 20).collect());
    }
    data
}

fn target(case: &Case, score: f64, noise: f64) -> f64 {
    match case.target.as_str() {
        "value" => score + 8.0 * noise,
        "class" => f64::from(u8::from(score + 24.0 * (noise - 0.5) > 12.0)),
        "classes" => (((score + 16.0 * (noise - 0.5)) / 10.0).floor() + 1.0).clamp(0.0, 2.0),
        "count" => (score.max(0.0) * noise * 0.25).floor(),
        "amount" => score.max(1.0) * (0.25 + noise),
        _ => ((score + 20.0 * (noise - 0.5)) / 8.0).floor().clamp(0.0, 4.0),
    }
}

/// The case's parameters.
fn params<T: ironbook_learn::boost::Boosting>(case: &Case) -> GbdtParams<T> {
    let mut params = GbdtParams::<T>::new()
        .n_estimators(if case.objective == "lambdarank" { 20 } else { 4 })
        .num_leaves(12)
        .learning_rate(0.2)
        .reg_alpha(case.reg_alpha)
        .reg_lambda(case.reg_lambda)
        .max_delta_step(case.max_delta_step)
        .min_split_gain(case.min_split_gain)
        .min_child_samples(case.min_child_samples.unwrap_or(20));
    params.settings.max_depth = case.max_depth;
    for (j, direction) in case.monotone.iter().enumerate().filter(|(_, d)| **d != 0) {
        let direction = if *direction > 0 { Monotone::Increasing } else { Monotone::Decreasing };
        params = params.monotone(crate::name(j), direction);
    }
    params
}

/// Scores of the case's model, an output after the other.
fn fit(case: &Case) -> Vec<Vec<f64>> {
    let data = rows(case, ROWS);
    let loss = match case.objective.as_str() {
        "regression" => Loss::Squared,
        "l1" => Loss::Absolute,
        "huber" => Loss::Huber(case.alpha),
        "quantile" => Loss::Quantile(case.alpha),
        "poisson" => Loss::Poisson,
        "gamma" => Loss::Gamma,
        "tweedie" => Loss::Tweedie(case.tweedie_variance_power),
        _ => {
            let params = params::<Classification>(case).scale_pos_weight(case.scale_pos_weight.unwrap_or(1.0));
            return params.fit(&data).unwrap().raw_scores(&data.features).unwrap();
        }
    };
    params::<Regression>(case).loss(loss).fit(&data).unwrap().raw_scores(&data.features).unwrap()
}

#[test]
fn the_scores_are_lightgbms() {
    let mut failures = Vec::new();
    for case in reference().cases.iter().filter(|case| !case.margins.is_empty()) {
        let found = fit(case);
        let mut squares = Vec::new();
        for (i, margin) in case.margins.iter().enumerate() {
            let margins = match margin {
                Margin::One(margin) => vec![*margin],
                Margin::Many(margins) => margins.clone(),
            };
            assert_eq!(margins.len(), found.len(), "{}", case.name);
            for (k, margin) in margins.iter().enumerate() {
                let off = (found[k][i] - margin).abs() / case.spread;
                // For gamma a few splits fall elsewhere than LightGBM's, so that some rows differ: see the mean below.
                let exact = case.objective != "gamma";
                if exact && off >= 1e-4 {
                    failures.push(format!("{}: row {i} has {}, LightGBM {margin}", case.name, found[k][i]));
                }
                squares.push(off * off);
            }
        }
        let typical = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
        if typical >= 0.02 {
            failures.push(format!("{}: typically {typical} of the spread off LightGBM", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn quantiles_cost_as_much_as_lightgbms() {
    let reference = reference();
    let case = reference.cases.iter().find(|case| case.objective == "quantile").unwrap();
    let model = params::<Regression>(case).loss(Loss::Quantile(case.alpha)).fit(&rows(case, ROWS)).unwrap();
    let pinball = model.history().train.last().unwrap();
    assert!((pinball / case.pinball - 1.0).abs() < 0.03, "{pinball}, LightGBM {}", case.pinball);
}

#[test]
fn rankings_are_as_good_as_lightgbms() {
    let reference = reference();
    let case = reference.cases.iter().find(|case| case.objective == "lambdarank").unwrap();
    let data = rows(case, ROWS);
    let model = params::<Ranking>(case).fit(&data).unwrap();
    let ndcg = *model.history().train.last().unwrap();
    assert!((ndcg - case.ndcg).abs() < 0.005, "NDCG {ndcg}, LightGBM {}", case.ndcg);
    assert!(ndcg > case.xgboost_ndcg, "NDCG {ndcg}, XGBoost {}", case.xgboost_ndcg);
    assert_eq!(GbdtRanker::params().truncation, 30);
    // The metric itself, against the one that the script computes from scores.
    let scores = model.predict(&data.features).unwrap();
    assert!((mean_ndcg(&data, &scores) - ndcg).abs() < 1e-12);
}

/// Mean NDCG at 10 over groups of 20 rows.
fn mean_ndcg(data: &Dataset, scores: &[f64]) -> f64 {
    let dcg = |order: &[usize]| -> f64 {
        let worth = |(place, &i): (usize, &usize)| (data.target[i].exp2() - 1.0) / (place as f64 + 2.0).log2();
        order.iter().take(10).enumerate().map(worth).sum()
    };
    let group = |g: usize| {
        let mut order: Vec<usize> = (g * 20..(g + 1) * 20).collect();
        order.sort_by(|&a, &b| data.target[b].total_cmp(&data.target[a]));
        let best = dcg(&order);
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        if best > 0.0 { dcg(&order) / best } else { 1.0 }
    };
    (0..ROWS / 20).map(group).sum::<f64>() / (ROWS / 20) as f64
}

#[test]
fn fresh_rows_are_predicted_as_well_as_by_lightgbm_and_xgboost() {
    let reference = reference();
    let (mut auc, mut loss) = (0.0, 0.0);
    for quality in &reference.quality {
        let case = Case::of("class", quality.seed, true);
        let data = rows(&case, 6000);
        let (train, test): (Vec<usize>, Vec<usize>) = (0..6000).partition(|i| *i < 4000);
        let (train, test) = (data.select_rows(&train), data.select_rows(&test));
        let p = Gbdt::params().n_estimators(60).fit(&train).unwrap().predict_proba(&test.features).unwrap();
        let loss_of = |(p, y): (&f64, &f64)| -(if *y > 0.5 { *p } else { 1.0 - p }).ln();
        loss += p.iter().zip(&test.target).map(loss_of).sum::<f64>() / 2000.0
            - quality.lightgbm.log_loss.max(quality.xgboost.log_loss);
        auc += roc_auc(&test.target, &p) - quality.lightgbm.auc.min(quality.xgboost.auc);
    }
    let n = reference.quality.len() as f64;
    assert!(auc / n > -0.001, "AUC {} below the others'", -auc / n);
    assert!(loss / n < 0.001, "log loss {} above the others'", loss / n);
}

/// Share of pairs in the right order (no ties among the scores that matter here).
fn roc_auc(target: &[f64], scores: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..target.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let positives: f64 = target.iter().sum();
    let ranks: f64 = order.iter().enumerate().map(|(rank, &i)| (rank as f64 + 1.0) * target[i]).sum();
    (ranks - positives * (positives + 1.0) / 2.0) / (positives * (target.len() as f64 - positives))
}
