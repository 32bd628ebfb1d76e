//! Ironbook's own engine: histograms of quantised gradients, leaf-wise trees.

use super::bins::{self, Binned, Cuts, Form};
use super::booster::{Booster, Fitted, History, Plan, TrainingSet};
use super::curve::Curve;
use super::grow::{Grower, Grown, Input, Shape};
use super::hist::{Cell, Layout, Quantiser};
use super::maths::quantile;
use super::random::{mix, sample};
use super::split::{CategoryRules, Right, Rules, Units};
use crate::error::LearnError;
use crate::tree::ensemble::{Ensemble, LEAF, Tree};
use ironbook_core::Progress;
use ironbook_data::Kind;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU16, Ordering};

/// Rows that one thread works on at once.
const BLOCK: usize = 4096;
/// The leaf of a row that was left out of a tree's sample.
const OUT: u16 = u16::MAX;

/// Gradient boosting over histograms, as LightGBM grows its trees (Ke et al. 2017).
///
/// Features are cut into at most 255 bins; derivatives are rounded at random to whole numbers whose sums are exact
/// (Shi et al. 2022), about 2^31 divided by the number of rows to the mean one. So no result depends on the order in
/// which rows are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistogramBooster;

impl Booster for HistogramBooster {
    fn name(&self) -> &'static str {
        "histogram"
    }

    fn grow(
        &self,
        plan: &Plan,
        train: &TrainingSet<'_>,
        valid: Option<&TrainingSet<'_>>,
    ) -> Result<Fitted, LearnError> {
        // Inside the pool from here on: forking from a thread outside costs a wake-up each time.
        rayon::scope(|_| Run::new(plan, train, valid).rounds())
    }
}

/// Binned rows with their scores so far.
struct Rows<'a> {
    set: &'a TrainingSet<'a>,
    binned: Binned,
    scores: Vec<Vec<f64>>,
}

struct Run<'a> {
    plan: &'a Plan,
    cuts: Vec<Cuts>,
    layout: Layout,
    rules: Rules,
    train: Rows<'a>,
    valid: Option<Rows<'a>>,
    base: Vec<f64>,
}

/// What is allocated once for all trees.
struct Work {
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
    gradients: Vec<Cell>,
    rows: Vec<u32>,
    scratch: Vec<u32>,
    leaf: Vec<AtomicU16>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, train: &'a TrainingSet<'a>, valid: Option<&'a TrainingSet<'a>>) -> Self {
        let form = |kind: &Kind| kind.categories().map_or(Form::Ordered, |names| Form::Codes(names.len()));
        let forms: Vec<Form> = train.kinds.iter().map(form).collect();
        let columns = |set: &'a TrainingSet<'a>| set.features.iter().map(|c| &**c).collect::<Vec<&[f64]>>();
        let cuts = bins::cuts(&columns(train), &forms, plan.settings.max_bin, mix(plan.seed, 0));
        let base = plan.objective.base(train);
        let rows = |set: &'a TrainingSet<'a>| Rows {
            set,
            binned: Binned::new(&columns(set), &cuts),
            scores: base.iter().map(|&base| vec![base; set.rows()]).collect(),
        };
        let valid = valid.map(rows);
        let mut train = rows(train);
        train.binned = train.binned.with_blocks();
        let (layout, rules) = (Layout::new(&cuts), rules(plan));
        Run { plan, layout, cuts, rules, train, valid, base }
    }

    fn rounds(mut self) -> Result<Fitted, LearnError> {
        let (plan, n, outputs) = (self.plan, self.train.set.rows(), self.base.len());
        let mut work = Work {
            first: vec![vec![0.0; n]; outputs],
            second: vec![vec![0.0; n]; outputs],
            gradients: vec![0; n],
            rows: Vec::with_capacity(n),
            scratch: vec![0; n],
            leaf: (0..n).map(|_| AtomicU16::new(0)).collect(),
        };
        let objective = plan.objective;
        let mut trees: Vec<Tree> = Vec::new();
        let mut history = History { metric: objective.metric_name().to_owned(), ..History::default() };
        let mut best: Option<(usize, f64)> = None;
        let mut progress = Progress::new(plan.title, Some(plan.settings.n_estimators as u64));
        let mut warning = None;
        let mut curve = Curve::new(plan.settings.live && self.valid.is_some());
        for round in 0..plan.settings.n_estimators {
            ironbook_core::check()?;
            if !self.round(round as u64, &mut work, &mut trees)? {
                warning = Some(stuck(round, plan));
                break;
            }
            history.train.push(objective.metric(self.train.set, &self.train.scores));
            let mut message = format!("{} {:.5}", history.metric, history.train[round]);
            if let Some(valid) = &self.valid {
                let metric = objective.metric(valid.set, &valid.scores);
                history.valid.push(metric);
                message += &format!(", valid {metric:.5}");
                let better = |old: f64| if objective.larger_is_better() { metric > old } else { metric < old };
                if best.is_none_or(|(_, old)| better(old)) {
                    best = Some((round, metric));
                }
            }
            progress.set(round as u64 + 1, message);
            curve.update(&history);
            let waited = best.map_or(0, |(at, _)| round - at);
            if plan.settings.early_stopping.is_some_and(|patience| waited >= patience) {
                break;
            }
        }
        curve.end(&history, best.map(|(at, _)| at));
        if let (Some(_), Some((at, _))) = (plan.settings.early_stopping, best) {
            trees.truncate((at + 1) * outputs);
        }
        let ensemble = Ensemble { n_features: self.cuts.len(), base: self.base, width: 1, trees };
        Ok(Fitted { ensemble, history, best_iteration: best.map(|(at, _)| at), warning })
    }

    /// One tree per output; false if there is nothing left to split.
    fn round(&mut self, round: u64, work: &mut Work, trees: &mut Vec<Tree>) -> Result<bool, LearnError> {
        let (plan, set) = (self.plan, self.train.set);
        let seed = mix(mix(plan.seed, 1), round);
        let totals = plan.objective.gradients(set, &self.train.scores, &mut work.first, &mut work.second);
        let bag = share(set.rows(), plan.settings.subsample);
        let chosen = (bag < set.rows()).then(|| sample(set.rows(), bag, mix(seed, 0)));
        let features = sample(self.cuts.len(), share(self.cuts.len(), plan.settings.colsample_bytree), mix(seed, 1));
        let from = trees.len();
        for (k, totals) in totals.iter().enumerate() {
            let quantiser = Quantiser::new(totals.absolute, totals.second, set.rows());
            let seed = mix(seed, 2 + k as u64);
            quantiser.apply(&work.first[k], &work.second[k], seed, &mut work.gradients);
            work.rows.clear();
            match &chosen {
                None => work.rows.extend(0..set.rows() as u32),
                Some(chosen) => work.rows.extend_from_slice(chosen),
            }
            let grower = Grower {
                data: &self.train.binned,
                cuts: &self.cuts,
                layout: &self.layout,
                rules: &self.rules,
                shape: shape(plan),
                learning_rate: plan.settings.learning_rate,
            };
            let mut grown = grower.grow(Input {
                scratch: &mut work.scratch[..work.rows.len()],
                rows: &mut work.rows,
                gradients: &work.gradients,
                units: Units { first: quantiser.unit_first, second: quantiser.unit_second },
                features: &features,
            })?;
            grown.tree.output = k as u32;
            if grown.tree.nodes() > 1 {
                if let Some(alpha) = plan.objective.leaf_quantile() {
                    renew(&mut grown, set, &self.train.scores[k], alpha, plan);
                }
                add(&grown, &self.train.binned, &work.leaf, chosen.is_some(), &mut self.train.scores[k]);
                if let Some(valid) = &mut self.valid {
                    walk(&grown, &valid.binned, &mut valid.scores[k]);
                }
            } else {
                grown.tree.value[0] = 0.0;
            }
            trees.push(grown.tree);
        }
        // With samples the next round may find a split where this one did not.
        let sampled = chosen.is_some() || features.len() < self.cuts.len();
        let grew = trees[from..].iter().any(|tree| tree.nodes() > 1) || sampled;
        if !grew {
            trees.truncate(from);
        }
        Ok(grew)
    }
}

fn share(count: usize, share: f64) -> usize {
    ((count as f64 * share).round() as usize).clamp(1, count)
}

fn shape(plan: &Plan) -> Shape {
    Shape {
        num_leaves: plan.settings.num_leaves,
        max_depth: plan.settings.max_depth.unwrap_or(usize::MAX),
        depth_wise: plan.settings.growth == super::settings::Growth::DepthWise,
    }
}

fn rules(plan: &Plan) -> Rules {
    let s = &plan.settings;
    Rules {
        reg_alpha: s.reg_alpha,
        reg_lambda: s.reg_lambda,
        max_delta_step: if s.max_delta_step > 0.0 { s.max_delta_step } else { f64::INFINITY },
        min_child_samples: s.min_child_samples as f64,
        min_child_weight: s.min_child_weight,
        min_split_gain: s.min_split_gain,
        monotone: plan.monotone.clone(),
        categories: CategoryRules {
            max_cat_to_onehot: s.max_cat_to_onehot,
            max_cat_threshold: s.max_cat_threshold,
            cat_smooth: s.cat_smooth,
            cat_l2: s.cat_l2,
            min_data_per_group: s.min_data_per_group as f64,
        },
    }
}

fn stuck(round: usize, plan: &Plan) -> String {
    let s = &plan.settings;
    let what = if round == 0 {
        "no split was found, so the model is a constant".to_owned()
    } else {
        format!("no split was found after {round} rounds")
    };
    format!(
        "{what}\nevery split needs min_child_samples = {} rows and min_child_weight = {} on both sides and a gain above {}: \
         lower them, or check that the features are not constant",
        s.min_child_samples, s.min_child_weight, s.min_split_gain
    )
}

/// Sets each leaf to a quantile of what its rows are still off.
fn renew(grown: &mut Grown<'_>, set: &TrainingSet<'_>, scores: &[f64], alpha: f64, plan: &Plan) {
    let mut leaves: Vec<(u32, Vec<&[u32]>)> = Vec::new();
    for (node, rows) in &grown.leaves {
        match leaves.iter_mut().find(|(n, _)| n == node) {
            Some((_, parts)) => parts.push(rows),
            None => leaves.push((*node, vec![rows])),
        }
    }
    let output = |(node, parts): &(u32, Vec<&[u32]>)| {
        let rows = parts.iter().flat_map(|rows| rows.iter());
        let mut left: Vec<(f64, f64)> =
            rows.map(|&i| (set.target[i as usize] - scores[i as usize], set.weight(i as usize))).collect();
        (*node, quantile(&mut left, alpha) * plan.settings.learning_rate)
    };
    let outputs: Vec<(u32, f64)> = leaves.par_iter().map(output).collect();
    for (node, output) in outputs {
        grown.tree.value[node as usize] = f64::from(output as f32);
    }
    grown.tree.fill_means(1);
}

/// Adds a tree to the scores of the rows that it was grown from, and, if it had a sample of them, to the others.
fn add(grown: &Grown<'_>, data: &Binned, leaf: &[AtomicU16], sampled: bool, scores: &mut [f64]) {
    if sampled {
        leaf.par_iter().with_min_len(BLOCK).for_each(|leaf| leaf.store(OUT, Ordering::Relaxed));
    }
    grown.leaves.par_iter().with_max_len(1).for_each(|(node, rows)| {
        rows.iter().for_each(|&row| leaf[row as usize].store(*node as u16, Ordering::Relaxed));
    });
    scores.par_chunks_mut(BLOCK).enumerate().for_each(|(b, scores)| {
        for (i, (score, leaf)) in scores.iter_mut().zip(&leaf[b * BLOCK..]).enumerate() {
            let node = match leaf.load(Ordering::Relaxed) {
                OUT => walk_row(grown, data, b * BLOCK + i),
                node => usize::from(node),
            };
            *score += grown.tree.value[node];
        }
    });
}

/// Adds a tree to the scores of other rows.
fn walk(grown: &Grown<'_>, data: &Binned, scores: &mut [f64]) {
    scores.par_chunks_mut(BLOCK).enumerate().for_each(|(b, scores)| {
        for (i, score) in scores.iter_mut().enumerate() {
            *score += grown.tree.value[walk_row(grown, data, b * BLOCK + i)];
        }
    });
}

/// The leaf of a row.
fn walk_row(grown: &Grown<'_>, data: &Binned, row: usize) -> usize {
    let mut node = 0;
    while grown.tree.feature[node] != LEAF {
        let Some((feature, right)) = &grown.splits[node] else { break };
        let bin = data.columns[*feature as usize][row];
        let goes_right = match right {
            Right::Above { missing, .. } if bin == bins::MISSING => *missing,
            Right::Above { bin: last, .. } => bin > *last,
            Right::Among(set) => set[usize::from(bin) / 64] >> (bin % 64) & 1 == 1,
        };
        node = if goes_right { grown.tree.right[node] } else { grown.tree.left[node] } as usize;
    }
    node
}
