//! Which trials are good: the best few, kept as trials come in.

use super::weights::gamma;
use crate::record::{Direction, TrialRecord, TrialState};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// What a trial is ranked by: completed before pruned, then by value, or by how far it came.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rank {
    class: u8,
    first: f64,
    second: f64,
    number: u32,
}

impl Eq for Rank {}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let floats = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or(Ordering::Equal);
        self.class
            .cmp(&other.class)
            .then(floats(self.first, other.first))
            .then(floats(self.second, other.second))
            .then(self.number.cmp(&other.number))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Rank {
    fn of(trial: &TrialRecord, direction: Direction) -> Self {
        let number = trial.number();
        if trial.state() == TrialState::Complete {
            let loss = trial.value().map_or(f64::INFINITY, |value| direction.loss(value));
            return Rank { class: 0, first: loss, second: 0.0, number };
        }
        match trial.last_report() {
            Some((step, value)) => {
                let loss = if value.is_nan() { f64::INFINITY } else { direction.loss(value) };
                Rank { class: 1, first: -(step as f64), second: loss, number }
            }
            None => Rank { class: 1, first: 1.0, second: 0.0, number },
        }
    }
}

/// A trial that has come to the good ones or to the rest, perhaps from the other side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Move {
    pub(super) number: u32,
    pub(super) good: bool,
    /// Whether it was on the other side before.
    pub(super) crosses: bool,
}

/// The good trials and the rest.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    good: Vec<Rank>,
    rest: BTreeSet<Rank>,
    moves: Vec<Move>,
}

impl Ranking {
    /// Ranks one more finished trial.
    pub(super) fn add(&mut self, trial: &TrialRecord, direction: Direction) {
        let rank = Rank::of(trial, direction);
        let place = self.good.partition_point(|good| good < &rank);
        let good = place < self.good.len();
        self.moves.push(Move { number: rank.number, good, crosses: false });
        if good {
            self.good.insert(place, rank);
        } else {
            self.rest.insert(rank);
        }
        let wanted = gamma(self.len());
        while self.good.len() > wanted
            && let Some(worst) = self.good.pop()
        {
            self.rest.insert(worst);
            self.moves.push(Move { number: worst.number, good: false, crosses: true });
        }
        while self.good.len() < wanted
            && let Some(best) = self.rest.pop_first()
        {
            self.good.push(best);
            self.moves.push(Move { number: best.number, good: true, crosses: true });
        }
    }

    /// How many trials are ranked.
    pub(super) fn len(&self) -> usize {
        self.good.len() + self.rest.len()
    }

    /// All that has come to either side, in order.
    pub(super) fn moves(&self) -> &[Move] {
        &self.moves
    }
}
