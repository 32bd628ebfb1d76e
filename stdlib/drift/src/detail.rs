//! What is in a column, for views: summaries, histograms over common bins, tables of categories.

use crate::report::{Both, Category, CategoryTable, Histogram, Summary};
use crate::values::{Categories, Counts, Numbers, spread};
use std::cmp::Reverse;

/// Bars of a histogram.
const BINS: usize = 30;
/// Different values up to which each has a bar of its own: of whole numbers, of others.
const EACH: [usize; 2] = [24, 12];
/// The share at either end of a sample that a histogram need not reach.
const TAIL: f64 = 0.005;
/// Categories that are listed.
const TOP: usize = 12;

/// A sample in a few numbers; none without values.
pub(crate) fn summary(numbers: &Numbers) -> Option<Summary> {
    (numbers.len() > 0).then(|| Summary {
        count: numbers.len(),
        distinct: numbers.distinct(),
        mean: numbers.mean(),
        std: numbers.std(),
        min: numbers.min(),
        quartiles: numbers.quantiles([0.25, 0.5, 0.75]),
        max: numbers.max(),
    })
}

fn shares(counts: impl IntoIterator<Item = u64>, of: u64) -> Vec<f64> {
    counts.into_iter().map(|count| count as f64 / of.max(1) as f64).collect()
}

/// Both samples in common bins; each value by itself where there are few.
pub(crate) fn histogram(reference: &Numbers, current: &Numbers) -> Histogram {
    let whole = reference.has_whole_values() && current.has_whole_values();
    let few = EACH[usize::from(!whole)];
    if reference.distinct().max(current.distinct()) <= few {
        let values = Categories::of_numbers(reference, current, |value| value);
        if values.names.len() <= few {
            return each(values);
        }
    }
    let edges = edges(reference, current, whole);
    let counted = |numbers: &Numbers| shares(numbers.counted(&edges), numbers.len());
    let outside = |numbers: &Numbers| {
        let (below, above) = numbers.outside(edges[0], edges[edges.len() - 1]);
        [below, above].map(|n| n as f64 / numbers.len().max(1) as f64)
    };
    let [[below_r, above_r], [below_c, above_c]] = [outside(reference), outside(current)];
    Histogram {
        shares: Both::new(counted(reference), counted(current)),
        below: Both::new(below_r, below_c),
        above: Both::new(above_r, above_c),
        each: false,
        edges,
    }
}

fn each(values: Categories<f64>) -> Histogram {
    let Counts { each, totals } = values.counts;
    let of = |side: usize| shares(each.iter().map(|both| both[side]), totals[side]);
    Histogram { shares: Both::new(of(0), of(1)), edges: values.names, each: true, ..Histogram::default() }
}

/// Equal bins over both samples without their tails; bins of whole numbers hold equally many of them.
fn edges(reference: &Numbers, current: &Numbers, whole: bool) -> Vec<f64> {
    let ends = |numbers: &Numbers| numbers.quantiles([TAIL, 1.0 - TAIL]);
    let both = [ends(reference), ends(current)].into_iter().filter(|ends| !ends[0].is_nan());
    let (mut low, mut high) =
        both.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), ends| (ends[0].min(low), ends[1].max(high)));
    if low == high {
        (low, high) = (reference.min().min(current.min()), reference.max().max(current.max()));
    }
    // Beyond 2^53 whole numbers lie further apart than bins of one would.
    if whole && high - low < 9e15 {
        let width = ((high - low + 1.0) / BINS as f64).ceil();
        let bins = ((high - low + 1.0) / width).ceil() as usize;
        return (0..=bins).map(|i| low + width * i as f64).collect();
    }
    if (high - low).is_infinite() {
        return spread(low, high, BINS);
    }
    let step = (high - low) / BINS as f64;
    let mut edges: Vec<f64> = (0..=BINS).map(|i| low + step * i as f64).collect();
    edges[BINS] = high;
    edges
}

/// How the most frequent categories are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// By value: months, grades.
    Values,
    /// By frequency in the reference: names.
    Frequency,
}

/// The most frequent categories, and those that only one side has.
pub(crate) fn category_table(categories: &Categories, order: Order) -> CategoryTable {
    let Counts { each, totals } = &categories.counts;
    let category = |at: usize| Category { name: categories.names[at].clone(), count: Both::of(each[at]) };
    let share = |at: usize| (0..2).map(|side| each[at][side] as f64 / totals[side].max(1) as f64).fold(0.0, f64::max);
    let mut by_share: Vec<usize> = (0..each.len()).collect();
    by_share.sort_by(|&a, &b| share(b).total_cmp(&share(a)));
    let mut top: Vec<usize> = by_share.iter().copied().take(TOP).collect();
    match order {
        Order::Values => top.sort_unstable(),
        Order::Frequency => top.sort_by_key(|&at| Reverse(each[at])),
    }
    let listed = |side: usize| top.iter().map(|&at| each[at][side]).sum::<u64>();
    let only = |side: usize| -> (Vec<Category>, usize, u64) {
        let mut only: Vec<usize> = (0..each.len()).filter(|&at| each[at][1 - side] == 0).collect();
        only.sort_by_key(|&at| Reverse(each[at][side]));
        let values = only.iter().map(|&at| each[at][side]).sum();
        (only.iter().take(TOP).map(|&at| category(at)).collect(), only.len(), values)
    };
    let (vanished, vanished_count, vanished_values) = only(0);
    let (new, new_count, new_values) = only(1);
    CategoryTable {
        count: Both::of(*totals),
        distinct: Both::of([0, 1].map(|side| categories.counts.distinct(side))),
        others: Both::of([0, 1].map(|side| totals[side] - listed(side))),
        top: top.into_iter().map(category).collect(),
        new,
        new_count,
        new_values,
        vanished,
        vanished_count,
        vanished_values,
    }
}
