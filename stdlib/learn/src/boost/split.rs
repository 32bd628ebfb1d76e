//! The best split of a leaf, from its histogram.

use super::bins::{Cuts, MISSING};
use super::hist::{self, Cell, Layout};

/// What a split must satisfy, and how outputs are computed.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) reg_alpha: f64,
    pub(crate) reg_lambda: f64,
    /// Largest magnitude of an output; infinite for any.
    pub(crate) max_delta_step: f64,
    pub(crate) min_child_samples: f64,
    pub(crate) min_child_weight: f64,
    pub(crate) min_split_gain: f64,
    /// Per feature 1 for increasing, -1 for decreasing, 0 for free; empty if all are free.
    pub(crate) monotone: Vec<i8>,
    pub(crate) categories: CategoryRules,
}

/// Rules of splits by categories, with LightGBM's names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CategoryRules {
    pub(crate) max_cat_to_onehot: usize,
    pub(crate) max_cat_threshold: usize,
    pub(crate) cat_smooth: f64,
    pub(crate) cat_l2: f64,
    pub(crate) min_data_per_group: f64,
}

/// Units of a tree's quantised derivatives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Units {
    pub(crate) first: f64,
    pub(crate) second: f64,
}

/// Sums of derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) g: f64,
    pub(crate) h: f64,
}

impl Units {
    #[inline(always)]
    pub(crate) fn sums(&self, cell: Cell) -> Sums {
        Sums { g: hist::first(cell) as f64 * self.first, h: hist::second(cell) as f64 * self.second }
    }
}

/// Where the output of a leaf must lie, because of monotone constraints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Bounds {
    pub(crate) const NONE: Bounds = Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY };
}

/// Which bins go right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Right {
    /// Bins above this one; missing values where the flag says.
    Above { bin: u8, missing: bool },
    /// These bins, bit by bit.
    Among([u64; 4]),
}

impl Right {
    /// A table that says for each bin whether it goes right.
    pub(crate) fn table(&self) -> [bool; 256] {
        let mut table = [false; 256];
        match self {
            Right::Above { bin, missing } => {
                table[usize::from(*bin) + 1..].fill(true);
                table[usize::from(MISSING)] = *missing;
            }
            Right::Among(set) => {
                table.iter_mut().enumerate().for_each(|(b, right)| *right = set[b / 64] >> (b % 64) & 1 == 1);
            }
        }
        table
    }
}

/// A split of a leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Split {
    /// By how much it decreases the loss (twice that, as in LightGBM and XGBoost).
    pub(crate) gain: f64,
    pub(crate) feature: u32,
    pub(crate) right: Right,
    /// Sums of the left child.
    pub(crate) left: Cell,
    /// Added to `reg_lambda` for the outputs of the children.
    pub(crate) l2: f64,
}

impl Rules {
    fn shrunk(&self, g: f64) -> f64 {
        if self.reg_alpha == 0.0 { g } else { g.signum() * (g.abs() - self.reg_alpha).max(0.0) }
    }

    /// The output of a leaf with these sums.
    pub(crate) fn output(&self, sums: Sums, l2: f64, bounds: Bounds) -> f64 {
        let free = -self.shrunk(sums.g) / (sums.h + self.reg_lambda + l2).max(f64::MIN_POSITIVE);
        free.clamp(-self.max_delta_step, self.max_delta_step).clamp(bounds.low, bounds.high)
    }

    /// Twice the decrease of the loss by a leaf with this output.
    fn score_at(&self, sums: Sums, l2: f64, output: f64) -> f64 {
        let g = self.shrunk(sums.g);
        -(2.0 * g * output + (sums.h + self.reg_lambda + l2) * output * output)
    }

    /// Whether a leaf's score has the short form `g^2 / (h + lambda)`.
    fn plain(&self) -> bool {
        self.reg_alpha == 0.0 && self.max_delta_step.is_infinite() && self.monotone.is_empty()
    }
}

/// A leaf whose splits are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) histogram: &'a [Cell],
    pub(crate) total: Cell,
    pub(crate) bounds: Bounds,
    /// Rows of the leaf per second derivative: those of its parts are estimated from it, as LightGBM does.
    pub(crate) density: f64,
}

/// Everything besides the leaf that a search needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) cuts: &'a [Cuts],
    pub(crate) layout: &'a Layout,
    pub(crate) units: Units,
    /// The features that may be used.
    pub(crate) features: &'a [u32],
}

impl Search<'_> {
    /// The split with the largest gain, if one gains more than `min_split_gain`; the first of equals.
    pub(crate) fn best(&self, node: Node<'_>) -> Option<Split> {
        let mut best: Option<Split> = None;
        for &feature in self.features {
            let f = feature as usize;
            let bins = &node.histogram[self.layout.offsets[f]..self.layout.offsets[f + 1]];
            let found = match &self.cuts[f] {
                Cuts::Ordered { above, .. } => self.ordered(node, feature, bins, *above),
                Cuts::Codes { .. } => super::category::best(self, node, feature, bins),
            };
            if let Some(split) = found
                && best.as_ref().is_none_or(|b| split.gain > b.gain)
            {
                best = Some(split);
            }
        }
        best
    }

    /// Least second derivative of a child, which also stands for the least number of rows.
    pub(crate) fn least(&self, node: Node<'_>, rows: f64) -> f64 {
        let rules = self.rules;
        rules.min_child_weight.max((rows - 0.5) / node.density).max(1e-12)
    }

    /// The score that two children must exceed: what is below may be rounding.
    pub(crate) fn wanted(&self, node: Node<'_>) -> f64 {
        let parent = self.parent(node);
        parent + self.rules.min_split_gain.max(1e-10 * parent.abs())
    }

    /// Score of the leaf as it is.
    pub(crate) fn parent(&self, node: Node<'_>) -> f64 {
        let sums = self.units.sums(node.total);
        self.rules.score_at(sums, 0.0, self.rules.output(sums, 0.0, node.bounds))
    }

    fn ordered(&self, node: Node<'_>, feature: u32, bins: &[Cell], above: bool) -> Option<Split> {
        let missing = bins[usize::from(MISSING)];
        let mut sums = [0 as Cell; 256];
        let mut sum = 0 as Cell;
        for (to, bin) in sums.iter_mut().zip(&bins[1..]) {
            sum = sum.wrapping_add(*bin);
            *to = sum;
        }
        // After the last bin there is nothing but missing values on the right.
        let last = bins.len() - 2;
        let within = &sums[..last];
        let (mut best, mut gain) = (None, self.wanted(node));
        if missing == 0 {
            if let Some((k, found)) = self.scan(node, feature, within, 0, gain) {
                gain = found;
                best = Some((k, false, sums[k]));
            }
            // Nothing says where missing values belong: they follow the heavier child.
            best = best.map(|(k, _, left)| (k, hist::second(left) * 2 < hist::second(node.total), left));
        } else {
            let end = if above { &sums[..=last] } else { within };
            if let Some((k, found)) = self.scan(node, feature, end, 0, gain) {
                gain = found;
                best = Some((k, true, sums[k]));
            }
            if let Some((k, found)) = self.scan(node, feature, within, missing, gain) {
                gain = found;
                best = Some((k, false, sums[k].wrapping_add(missing)));
            }
        }
        let (k, missing, left) = best?;
        let right = Right::Above { bin: k as u8 + 1, missing };
        Some(Split { gain: gain - self.parent(node), feature, right, left, l2: 0.0 })
    }

    /// The best of the left sums, each plus `extra`, whose score is above `least`, and its score.
    fn scan(&self, node: Node<'_>, feature: u32, left: &[Cell], extra: Cell, least: f64) -> Option<(usize, f64)> {
        let rules = self.rules;
        let low = self.least(node, rules.min_child_samples);
        let (mut best, mut score) = (usize::MAX, least);
        if rules.plain() {
            let total = self.units.sums(node.total);
            let lambda = rules.reg_lambda;
            for (k, &cell) in left.iter().enumerate() {
                let l = self.units.sums(cell.wrapping_add(extra));
                let (g, h) = (total.g - l.g, total.h - l.h);
                if l.h < low {
                    continue;
                }
                if h < low {
                    break;
                }
                let (a, b) = (l.h + lambda, h + lambda);
                let found = (l.g * l.g * b + g * g * a) / (a * b);
                if found > score {
                    (best, score) = (k, found);
                }
            }
        } else {
            for (k, &cell) in left.iter().enumerate() {
                let cell = cell.wrapping_add(extra);
                if let Some(found) = self.score(node, feature, cell, low, 0.0)
                    && found > score
                {
                    (best, score) = (k, found);
                }
            }
        }
        (best != usize::MAX).then_some((best, score))
    }

    /// Score of two children, if the rules allow them.
    pub(crate) fn score(&self, node: Node<'_>, feature: u32, left: Cell, least: f64, l2: f64) -> Option<f64> {
        let (l, r) = (self.units.sums(left), self.units.sums(node.total.wrapping_sub(left)));
        if l.h < least || r.h < least {
            return None;
        }
        let rules = self.rules;
        let (a, b) = (rules.output(l, l2, node.bounds), rules.output(r, l2, node.bounds));
        match rules.monotone.get(feature as usize).copied().unwrap_or(0) {
            1 if a > b => return None,
            -1 if a < b => return None,
            _ => {}
        }
        Some(rules.score_at(l, l2, a) + rules.score_at(r, l2, b))
    }
}
