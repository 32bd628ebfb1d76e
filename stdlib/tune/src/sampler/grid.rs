//! Every combination of given values, once.

use super::Sampler;
use crate::distribution::Distribution;
use crate::error::{Result, TuneError};
use crate::history::History;
use crate::record::{FAILURE, TrialRecord, TrialState};
use crate::rng::{Draw, Mt19937, Xoshiro};
use crate::value::ParamValue;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Name of the note that says which combination a trial has; Optuna's name.
const PLACE: &str = "grid_id";
/// Name of the note with the values; Optuna's name.
const VALUES: &str = "search_space";
/// More combinations than this are no search by hand any more, and would fill the memory.
const MOST: usize = 10_000_000;

/// Tries every combination of the values that are listed, in an order shuffled by the seed, and ends the study then.
///
/// The combinations, their order and the notes are those of `optuna.samplers.GridSampler`, so that a grid that Optuna has
/// begun is finished here and the other way round.
///
/// ```
/// # use ironbook_tune::{Budget, Grid, Study};
/// let grid = Grid::params().values("max_depth", [3, 6, 9]).values("booster", ["gbtree", "dart"]);
/// let study = Study::new("demo").sampler(grid).create()?;
/// let report = study.optimize(Budget::new(), |trial| {
///     let depth = trial.int("max_depth", 3..=9);
///     let booster = trial.categorical("booster", ["gbtree", "dart"]);
///     Ok(f64::from(depth) + if booster == "dart" { 0.5 } else { 0.0 })
/// })?;
/// assert_eq!(report.counts().complete, 6);
/// # Ok::<(), ironbook_tune::TuneError>(())
/// ```
#[derive(Debug)]
pub struct Grid {
    params: GridParams,
    /// Places of the values, one combination after another.
    combinations: Vec<Vec<u32>>,
    values_json: String,
    /// Whether each combination is finished, by the trials that have ended so far.
    finished: Vec<bool>,
    /// How many are not.
    left: usize,
    /// How many trials were looked at, and those of them that had not ended.
    seen: u32,
    open: Vec<u32>,
}

/// Parameters of [`Grid`].
///
/// | name | meaning | default |
/// |---|---|---|
/// | `values` | name and values of one parameter | none |
/// | `seed` | decides the order; give processes that share a study the same | 0, as in Optuna |
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GridParams {
    values: BTreeMap<String, Vec<ParamValue>>,
    seed: u64,
}

impl Grid {
    /// Parameters with their defaults.
    pub fn params() -> GridParams {
        GridParams::default()
    }

    /// How many combinations there are.
    pub fn len(&self) -> usize {
        self.combinations.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.combinations.is_empty()
    }

    /// Takes in the trials that have come or ended since the last time; the combinations that are begun and not finished.
    fn catch_up(&mut self, history: &History) -> BTreeSet<usize> {
        let (mut open, all) = (std::mem::take(&mut self.open), history.trials().len() as u32);
        open.extend(self.seen..all);
        self.seen = all;
        let mut begun = BTreeSet::new();
        for number in open {
            let Some(trial) = history.trial(number) else { continue };
            if !trial.state().is_finished() {
                self.open.push(number);
            }
            let Some(place) = self.place(trial) else { continue };
            // A trial that was lost with its process has told nothing about its combination.
            let lost = trial.system_attributes().get(FAILURE).is_some_and(|json| json == crate::study::LOST_JSON);
            if trial.state().is_finished() && !lost {
                self.left -= usize::from(!std::mem::replace(&mut self.finished[place], true));
            } else if trial.state() == TrialState::Running {
                begun.insert(place);
            }
        }
        begun.retain(|place| !self.finished[*place]);
        begun
    }

    /// The combination that a trial has, if it is of this grid.
    fn place(&self, trial: &TrialRecord) -> Option<usize> {
        let place: usize = trial.system_attributes().get(PLACE)?.parse().ok()?;
        let written = trial.system_attributes().get(VALUES)?;
        let same = *written == self.values_json || self.is_same(written);
        (same && place < self.len()).then_some(place)
    }

    fn is_same(&self, written: &str) -> bool {
        let Ok(values) = serde_json::from_str::<BTreeMap<String, Vec<ParamValue>>>(written) else { return false };
        let own = &self.params.values;
        values.len() == own.len()
            && values.iter().zip(own).all(|((name, values), (own_name, own))| {
                name == own_name && values.len() == own.len() && values.iter().zip(own).all(|(a, b)| a.same(b))
            })
    }
}

impl GridParams {
    /// The values of one parameter; one that is named twice counts once.
    pub fn values<T: Into<ParamValue>>(mut self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        let mut distinct: Vec<ParamValue> = values.into_iter().map(Into::into).collect();
        let mut known = HashSet::new();
        distinct.retain(|value| known.insert(value.to_rust()));
        self.values.insert(name.to_owned(), distinct);
        self
    }

    /// The parameters' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether no parameter has values yet.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Decides the order of the combinations.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A sampler with these parameters.
    ///
    /// # Errors
    /// [`TuneError::NoChoices`] for a parameter without values, [`TuneError::Parameter`] for too many combinations.
    pub fn build(&self) -> Result<Grid> {
        if let Some((name, _)) = self.values.iter().find(|(_, values)| values.is_empty()) {
            return Err(TuneError::NoChoices { name: name.clone() });
        }
        let count = self.values.values().try_fold(1usize, |count, values| count.checked_mul(values.len()));
        let Some(count) = count.filter(|count| *count <= MOST) else {
            let value = "a grid of too many combinations".to_owned();
            return Err(TuneError::Parameter { name: "grid", value, expected: "at most 10,000,000 combinations" });
        };
        let sizes: Vec<usize> = self.values.values().map(Vec::len).collect();
        // The last parameter changes fastest, as in itertools.product.
        let combination = |mut number: usize| {
            let mut places = vec![0; sizes.len()];
            for (place, size) in places.iter_mut().zip(&sizes).rev() {
                *place = (number % size) as u32;
                number /= size;
            }
            places
        };
        let mut combinations: Vec<Vec<u32>> = (0..count).map(combination).collect();
        Mt19937::new(self.seed as u32).shuffle(&mut combinations);
        let values_json = serde_json::to_string(&self.values).expect("names and numbers");
        let (finished, left, open) = (vec![false; count], count, Vec::new());
        Ok(Grid { params: self.clone(), combinations, values_json, finished, left, seen: 0, open })
    }
}

impl Sampler for Grid {
    fn begin(&mut self, history: &History, number: u32) -> Vec<(String, String)> {
        let mut place = number as usize;
        if place >= self.len() {
            let begun = self.catch_up(history);
            let unfinished: Vec<usize> = (0..self.len()).filter(|place| !self.finished[*place]).collect();
            let fresh: Vec<usize> = unfinished.iter().copied().filter(|place| !begun.contains(place)).collect();
            let all: Vec<usize> = (0..self.len()).collect();
            let from = [fresh, unfinished, all].into_iter().find(|places| !places.is_empty()).unwrap_or_default();
            if from.is_empty() {
                return Vec::new();
            }
            let drawn = Xoshiro::new(self.params.seed, number, "grid").unit() * from.len() as f64;
            place = from[(drawn as usize).min(from.len() - 1)];
        }
        vec![(VALUES.to_owned(), self.values_json.clone()), (PLACE.to_owned(), place.to_string())]
    }

    fn choose(&mut self, history: &History, number: u32, name: &str, distribution: &Distribution) -> Result<f64> {
        let names = &self.params.values;
        let not_in_grid = || {
            let known = names.keys().cloned().collect::<Vec<_>>().join(", ");
            TuneError::NotInGrid { name: name.to_owned(), known }
        };
        let at = names.keys().position(|own| own == name).ok_or_else(not_in_grid)?;
        let place = history.trial(number).and_then(|trial| self.place(trial)).ok_or_else(not_in_grid)?;
        let value = &names[name][self.combinations[place][at] as usize];
        let told = || (name.to_owned(), value.to_rust(), distribution.to_string());
        let internal = distribution.internal(value).ok_or_else(|| {
            let (name, value, distribution) = told();
            TuneError::Unfit { name, value, distribution }
        })?;
        if distribution.contains(internal) {
            return Ok(internal);
        }
        let (name, value, distribution) = told();
        Err(TuneError::Outside { name, value, distribution })
    }

    fn is_exhausted(&mut self, history: &History) -> bool {
        self.catch_up(history).len() == self.left
    }
}
