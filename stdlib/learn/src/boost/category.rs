//! The best split by categories: one against the others if they are few, else a run of them in the order of their
//! gradients (Fisher 1958, On Grouping for Maximum Homogeneity; LightGBM's rules and names).

use super::hist::{self, Cell};
use super::split::{Node, Right, Search, Split};

/// The best split by the bins of a categorical feature; missing values (bin 0) are a category like the others.
pub(crate) fn best(search: &Search<'_>, node: Node<'_>, feature: u32, bins: &[Cell]) -> Option<Split> {
    let used = bins.iter().skip(1).filter(|&&cell| hist::second(cell) > 0).count();
    let found = if used <= search.rules.categories.max_cat_to_onehot {
        one_against_others(search, node, feature, bins)
    } else {
        runs(search, node, feature, bins)
    };
    let (score, set, left, l2) = found?;
    Some(Split { gain: score - search.parent(node), feature, right: Right::Among(set), left, l2 })
}

type Found = Option<(f64, [u64; 4], Cell, f64)>;

fn one_against_others(search: &Search<'_>, node: Node<'_>, feature: u32, bins: &[Cell]) -> Found {
    let least = search.least(node, search.rules.min_child_samples);
    let mut score = search.wanted(node);
    let mut best = None;
    for (b, &cell) in bins.iter().enumerate() {
        let left = node.total.wrapping_sub(cell);
        if let Some(found) = search.score(node, feature, left, least, 0.0)
            && found > score
        {
            score = found;
            best = Some((score, with([0; 4], b), left, 0.0));
        }
    }
    best
}

/// Runs from both ends of the categories, sorted by gradient; the run goes right.
fn runs(search: &Search<'_>, node: Node<'_>, feature: u32, bins: &[Cell]) -> Found {
    let rules = &search.rules.categories;
    let mean = |cell: Cell| {
        let sums = search.units.sums(cell);
        sums.g / (sums.h + rules.cat_smooth)
    };
    let rows = |cell: Cell| hist::second(cell) as f64 * search.units.second * node.density;
    let mut order: Vec<usize> = (0..bins.len()).filter(|&b| rows(bins[b]) >= rules.cat_smooth.max(0.5)).collect();
    order.sort_by(|&a, &b| mean(bins[a]).total_cmp(&mean(bins[b])).then(a.cmp(&b)));
    let longest = rules.max_cat_threshold.min(order.len().div_ceil(2));
    let least = search.least(node, search.rules.min_child_samples);
    let mut score = search.wanted(node);
    let mut best = None;
    for backwards in [false, true] {
        let (mut run, mut set, mut group) = (0 as Cell, [0; 4], 0.0);
        for i in 0..longest {
            let b = order[if backwards { order.len() - 1 - i } else { i }];
            run = run.wrapping_add(bins[b]);
            set = with(set, b);
            group += rows(bins[b]);
            let left = node.total.wrapping_sub(run);
            if rows(left) < rules.min_data_per_group {
                break;
            }
            if group < rules.min_data_per_group {
                continue;
            }
            let Some(found) = search.score(node, feature, left, least, rules.cat_l2) else { continue };
            group = 0.0;
            if found > score {
                score = found;
                best = Some((score, set, left, rules.cat_l2));
            }
        }
    }
    best
}

fn with(mut set: [u64; 4], bin: usize) -> [u64; 4] {
    set[bin / 64] |= 1 << (bin % 64);
    set
}
