//! What the estimator knows of the trials.

use super::argmax;
use super::mixture::Mixture;
use super::ranking::Ranking;
use super::weights::Shares;
use crate::distribution::Distribution;
use crate::history::History;
use crate::record::TrialRecord;
use crate::rng::Draw;
use std::collections::HashMap;
use std::sync::Arc;

/// Names and ranges, by name.
pub(super) type Space = Vec<(Arc<str>, Arc<Distribution>)>;

/// What a trial wants to know.
pub(super) struct Ask<'a> {
    pub(super) history: &'a History,
    pub(super) number: u32,
    /// Whether running trials count as bad ones.
    pub(super) liar: bool,
    pub(super) candidates: usize,
}

/// Ranking and densities of the trials.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// How many of the finished trials were looked at.
    seen: usize,
    ranking: Ranking,
    /// Parameters that all trials had, with the same range.
    space: Option<Space>,
    together: Option<Pair>,
    alone: HashMap<String, Pair>,
    shares: [Shares; 2],
}

impl Model {
    /// Takes in the trials that have ended since the last time.
    pub(super) fn catch_up(&mut self, history: &History) {
        for number in &history.finished()[self.seen..] {
            if let Some(trial) = history.trial(*number) {
                self.ranking.add(trial, history.direction());
                self.narrow(trial);
            }
        }
        self.seen = history.finished().len();
    }

    /// Keeps the parameters of the space that this trial had as well.
    fn narrow(&mut self, trial: &TrialRecord) {
        match &mut self.space {
            None => {
                let all = trial.params().iter().map(|param| (Arc::clone(&param.name), Arc::clone(&param.distribution)));
                let mut space: Space = all.collect();
                space.sort_by(|a, b| a.0.cmp(&b.0));
                self.space = Some(space);
            }
            Some(space) => {
                let before = space.len();
                space.retain(|(name, distribution)| {
                    trial.find_interned(name).is_some_and(|param| {
                        Arc::ptr_eq(&param.distribution, distribution) || param.distribution.is_same(distribution)
                    })
                });
                if space.len() != before {
                    self.together = None;
                }
            }
        }
    }

    /// How many finished trials there are.
    pub(super) fn len(&self) -> usize {
        self.ranking.len()
    }

    /// The parameters that are drawn together.
    pub(super) fn space(&self) -> Space {
        let several = |entry: &&(Arc<str>, Arc<Distribution>)| !entry.1.is_single();
        self.space.iter().flatten().filter(several).cloned().collect()
    }

    /// Values of all parameters of the space.
    pub(super) fn choose_together(&mut self, ask: &Ask<'_>, rng: &mut dyn Draw) -> Vec<f64> {
        let space = self.space();
        let pair = self.together.get_or_insert_with(|| Pair::new(space));
        pair.choose(&self.ranking, &mut self.shares, ask, rng)
    }

    /// The value of one parameter, whatever the others are.
    pub(super) fn choose_alone(
        &mut self,
        ask: &Ask<'_>,
        (name, distribution): (&str, &Distribution),
        rng: &mut dyn Draw,
    ) -> f64 {
        let fits = |pair: &Pair| *pair.space[0].1 == *distribution;
        if !self.alone.get(name).is_some_and(fits) {
            let interned = ask.history.name_of(name).unwrap_or_else(|| Arc::from(name));
            let space = vec![(interned, Arc::new(distribution.clone()))];
            self.alone.insert(name.to_owned(), Pair::new(space));
        }
        let pair = self.alone.get_mut(name).expect("it was put there");
        pair.choose(&self.ranking, &mut self.shares, ask, rng)[0]
    }
}

/// The densities of good trials and of the rest.
#[derive(Debug)]
struct Pair {
    space: Space,
    good: Mixture,
    rest: Mixture,
    /// How many of the ranking's moves were made.
    moved: usize,
}

impl Pair {
    fn new(space: Space) -> Self {
        let distributions: Vec<Arc<Distribution>> = space.iter().map(|entry| Arc::clone(&entry.1)).collect();
        let mixture = Mixture::new(&distributions);
        Pair { space, good: mixture.clone(), rest: mixture, moved: 0 }
    }

    fn choose(
        &mut self,
        ranking: &Ranking,
        [good, rest]: &mut [Shares; 2],
        ask: &Ask<'_>,
        rng: &mut dyn Draw,
    ) -> Vec<f64> {
        self.catch_up(ranking, ask.history);
        let running = self.running(ask);
        for (number, values) in &running {
            self.rest.insert(*number, values);
        }
        let weights = self.good.prepare(good);
        self.rest.prepare(rest);
        let points = self.good.sample(rng, weights, ask.candidates);
        let good = self.good.log_density(&points);
        let ratios = self.rest.log_ratios(&points, &good);
        for (number, _) in &running {
            self.rest.remove(*number);
        }
        let width = self.good.width();
        points[argmax(&ratios) * width..][..width].to_vec()
    }

    fn catch_up(&mut self, ranking: &Ranking, history: &History) {
        for step in &ranking.moves()[self.moved..] {
            let Some(values) = history.trial(step.number).and_then(|trial| self.values(trial)) else { continue };
            let (to, from) =
                if step.good { (&mut self.good, &mut self.rest) } else { (&mut self.rest, &mut self.good) };
            if step.crosses {
                from.remove(step.number);
            }
            to.insert(step.number, &values);
        }
        self.moved = ranking.moves().len();
    }

    /// The values that a trial has, or is going to have, if it has all parameters.
    fn values(&self, trial: &TrialRecord) -> Option<Vec<f64>> {
        let value = |name: &Arc<str>| {
            let found = trial.find_interned(name);
            let planned = || trial.planned.iter().find(|planned| planned.0 == *name).map(|planned| planned.1);
            found.map(|param| param.internal).or_else(planned)
        };
        self.space.iter().map(|(name, _)| value(name)).collect()
    }

    /// Other trials that are running, with what they use or are going to use.
    fn running(&self, ask: &Ask<'_>) -> Vec<(u32, Vec<f64>)> {
        if !ask.liar {
            return Vec::new();
        }
        let others = ask.history.running().filter(|trial| trial.number() != ask.number);
        others.filter_map(|trial| Some((trial.number(), self.values(trial)?))).collect()
    }
}
