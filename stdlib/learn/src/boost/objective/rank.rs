//! LambdaMART (Burges, From RankNet to LambdaRank to LambdaMART, 2010), with LightGBM's normalisations.

use super::{BLOCK, Totals, sum, weigh};
use crate::boost::booster::TrainingSet;
use rayon::prelude::*;

/// What a grade of relevance is worth.
fn gain(grade: f64) -> f64 {
    grade.exp2() - 1.0
}

/// What a place from the top, from 0, is worth.
fn discount(place: usize) -> f64 {
    1.0 / ((place + 2) as f64).log2()
}

/// The DCG of the best order, over `places` places.
fn ideal(grades: impl Iterator<Item = f64>, places: usize) -> f64 {
    let mut grades: Vec<f64> = grades.collect();
    grades.sort_unstable_by(|a, b| b.total_cmp(a));
    grades.iter().take(places).enumerate().map(|(place, &grade)| gain(grade) * discount(place)).sum()
}

/// The rows of a group, highest score first; equal scores in the order of the rows.
fn ranked(group: &[u32], scores: &[f64]) -> Vec<u32> {
    let mut order = group.to_vec();
    order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
    order
}

/// Mean NDCG over the groups; a group without a relevant row counts as 1, as in LightGBM.
pub(super) fn ndcg(set: &TrainingSet<'_>, scores: &[f64], places: usize) -> f64 {
    let one = |group: &Vec<u32>| {
        let best = ideal(group.iter().map(|&i| set.target[i as usize]), places);
        if best <= 0.0 {
            return 1.0;
        }
        let order = ranked(group, scores);
        let worth = |(place, &i): (usize, &u32)| gain(set.target[i as usize]) * discount(place);
        order.iter().take(places).enumerate().map(worth).sum::<f64>() / best
    };
    let all: Vec<f64> = set.groups.par_iter().map(one).collect();
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

pub(super) fn gradients(
    set: &TrainingSet<'_>,
    scores: &[f64],
    truncation: usize,
    first: &mut [f32],
    second: &mut [f32],
) -> Totals {
    let groups: Vec<Vec<(f64, f64)>> =
        set.groups.par_iter().map(|group| of_group(set, group, scores, truncation)).collect();
    for (group, derivatives) in set.groups.iter().zip(&groups) {
        for (&row, &(g, h)) in group.iter().zip(derivatives) {
            (first[row as usize], second[row as usize]) = (g as f32, h as f32);
        }
    }
    let blocks = first.par_chunks_mut(BLOCK).zip(second.par_chunks_mut(BLOCK)).enumerate();
    let totals: Vec<Totals> = blocks.map(|(b, (g, h))| weigh(set, b * BLOCK, g, h)).collect();
    sum(&totals)
}

/// First and second derivatives of a group's rows, in the order of the group.
fn of_group(set: &TrainingSet<'_>, group: &[u32], scores: &[f64], truncation: usize) -> Vec<(f64, f64)> {
    let mut out = vec![(0.0, 0.0); group.len()];
    let best = ideal(group.iter().map(|&i| set.target[i as usize]), truncation);
    if best <= 0.0 {
        return out;
    }
    let grade = |at: usize| set.target[group[at] as usize];
    let score = |at: usize| scores[group[at] as usize];
    let mut order: Vec<usize> = (0..group.len()).collect();
    order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
    let spread = score(order[0]) != score(order[order.len() - 1]);
    let mut total = 0.0;
    for i in 0..order.len().min(truncation) {
        for j in i + 1..order.len() {
            if grade(order[i]) == grade(order[j]) {
                continue;
            }
            let (high, low) = if grade(order[i]) > grade(order[j]) { (i, j) } else { (j, i) };
            let (high, low, between) = (order[high], order[low], discount(i) - discount(j));
            let apart = score(high) - score(low);
            let mut change = (gain(grade(high)) - gain(grade(low))) * between / best;
            if spread {
                change /= 0.01 + apart.abs();
            }
            let p = 1.0 / (1.0 + apart.exp());
            let (push, curve) = (p * change, p * (1.0 - p) * change);
            out[high].0 -= push;
            out[low].0 += push;
            out[high].1 += curve;
            out[low].1 += curve;
            total += 2.0 * push;
        }
    }
    if total > 0.0 {
        let factor = (1.0 + total).log2() / total;
        out.iter_mut().for_each(|(g, h)| (*g, *h) = (*g * factor, *h * factor));
    }
    out
}
