//! Categories as the mean of the target, cross-fitted so that no row sees its own target.

use crate::error::FeatureError;
use crate::levels::{Levels, Place};
use crate::select::Select;
use crate::working::{Column, Working};
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

const STEP: &str = "target_encode";

/// Options of `target_encode`.
///
/// | name | meaning | default |
/// |---|---|---|
/// | `smooth` | weight, in rows, of the overall mean against a category's; `None` chooses it per category from the variances (empirical Bayes) | `None` (scikit-learn's "auto") |
/// | `folds` | parts of the training data for the cross-fitting | 5 (scikit-learn) |
/// | `shuffle` | whether rows are dealt to the folds at random | true (scikit-learn) |
/// | `seed` | seed of that | 0 |
///
/// As scikit-learn's `TargetEncoder` (Micci-Barreca 2001): a category's code is
/// `lambda * mean of its targets + (1 - lambda) * overall mean`, with `lambda = n / (n + smooth)`, or, for `None`,
/// `lambda = v n / (v n + s / n)`, where `n` is the category's number of rows, `v` the variance of all targets and `s`
/// the category's sum of squared differences from its mean. Missing values are a category of their own; one that the
/// fit did not see gets the overall mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetEncode {
    /// Weight of the overall mean in rows; `None` chooses it.
    pub smooth: Option<f64>,
    /// Parts of the training data.
    pub folds: usize,
    /// Whether rows are dealt to the folds at random.
    pub shuffle: bool,
    /// Seed of that.
    pub seed: u64,
}

impl Default for TargetEncode {
    fn default() -> Self {
        TargetEncode { smooth: None, folds: 5, shuffle: true, seed: 0 }
    }
}

impl TargetEncode {
    /// Options with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the weight of the overall mean against a category's, in rows.
    #[must_use]
    pub fn smooth(mut self, rows: f64) -> Self {
        self.smooth = Some(rows);
        self
    }

    /// Sets the number of parts of the training data.
    #[must_use]
    pub fn folds(mut self, folds: usize) -> Self {
        self.folds = folds;
        self
    }

    /// Sets whether rows are dealt to the folds at random.
    #[must_use]
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Sets the seed of the shuffle.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    fn check(&self, rows: usize) -> Result<(), FeatureError> {
        let refuse = |name, value: String, expected| Err(FeatureError::Parameter { step: STEP, name, value, expected });
        match self.smooth {
            Some(smooth) if !smooth.is_finite() || smooth < 0.0 => {
                return refuse("smooth", smooth.to_string(), "a number of rows, at least 0");
            }
            _ => {}
        }
        if self.folds < 2 {
            return refuse("folds", self.folds.to_string(), "at least 2");
        }
        if rows < 2 {
            return Err(FeatureError::FewRows { step: STEP, rows, needed: 2 });
        }
        Ok(())
    }
}

/// Encodes categories by the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TargetStep {
    pub(crate) columns: Select,
    pub(crate) options: TargetEncode,
}

/// The codes of each column's categories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FittedTarget {
    /// What the columns of a category's codes are called behind the column's name: the classes, if there are more than two.
    pub(crate) classes: Option<Vec<String>>,
    /// The overall mean per output.
    pub(crate) means: Vec<f64>,
    pub(crate) columns: Vec<Codes>,
}

/// The codes of one column's categories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Codes {
    pub(crate) column: String,
    pub(crate) levels: Levels,
    /// Per output, a code per level.
    codes: Vec<Vec<f64>>,
    /// Per output, the code of missing values; empty if the fit saw none.
    missing: Vec<f64>,
}

/// The targets whose means are taken: one, or an indicator per class.
struct Outputs {
    targets: Vec<Vec<f64>>,
    classes: Option<Vec<String>>,
    /// The class of each row, if the target is one of classes; they are dealt evenly to the folds.
    strata: Option<Vec<usize>>,
}

impl TargetStep {
    pub(crate) fn fit(&self, working: &Working<'_>, data: &Dataset) -> Result<FittedTarget, FeatureError> {
        self.options.check(working.rows)?;
        let outputs = Outputs::of(data)?;
        let everything: Vec<usize> = (0..working.rows).collect();
        let means: Vec<f64> = outputs.targets.iter().map(|y| mean(y, &everything)).collect();
        let codes = |j: usize| {
            let column = &working.columns[j];
            let (levels, _) = Levels::of(column, STEP)?;
            let slots = slots(&levels, column);
            let encode = |y: &Vec<f64>| self.codes(y, &slots, levels.len() + 1, &everything).0;
            let mut codes: Vec<Vec<f64>> = outputs.targets.iter().map(encode).collect();
            let last: Vec<f64> = codes.iter_mut().filter_map(Vec::pop).collect();
            let missing = if slots.contains(&levels.len()) { last } else { Vec::new() };
            Ok(Codes { column: column.name.clone(), levels, codes, missing })
        };
        let columns =
            self.columns.resolve(working, STEP)?.into_iter().map(codes).collect::<Result<_, FeatureError>>()?;
        Ok(FittedTarget { classes: outputs.classes, means, columns })
    }

    /// The training data's own codes: those of each fold come from the rows of the others.
    pub(crate) fn cross_fit(
        &self,
        fitted: &FittedTarget,
        working: &mut Working<'_>,
        data: &Dataset,
    ) -> Result<(), FeatureError> {
        let outputs = Outputs::of(data)?;
        let folds = match &outputs.strata {
            Some(strata) => stratified(strata, &self.options),
            None => contiguous(working.rows, &self.options),
        };
        for codes in &fitted.columns {
            let at = working.position(&codes.column, STEP)?;
            let slots = slots(&codes.levels, &working.columns[at]);
            let mut made = vec![vec![0.0; working.rows]; outputs.targets.len()];
            for fold in 0..self.options.folds {
                ironbook_core::check()?;
                let train: Vec<usize> = (0..working.rows).filter(|&i| folds[i] != fold).collect();
                for (y, made) in outputs.targets.iter().zip(&mut made) {
                    let (codes, _) = self.codes(y, &slots, codes.levels.len() + 1, &train);
                    let rows = (0..working.rows).filter(|&i| folds[i] == fold);
                    rows.for_each(|i| made[i] = codes[slots[i]]);
                }
            }
            working.replace(at, fitted.named(&codes.column, made), STEP)?;
        }
        Ok(())
    }

    /// A code per slot, and the overall mean, from some of the rows.
    fn codes(&self, y: &[f64], slots: &[usize], size: usize, rows: &[usize]) -> (Vec<f64>, f64) {
        let overall = mean(y, rows);
        let (mut counts, mut sums) = (vec![0.0; size], vec![0.0; size]);
        for &i in rows {
            counts[slots[i]] += 1.0;
            sums[slots[i]] += y[i];
        }
        if let Some(smooth) = self.options.smooth {
            let code = |(sum, count): (&f64, &f64)| {
                if count + smooth == 0.0 { overall } else { (sum + smooth * overall) / (count + smooth) }
            };
            return (sums.iter().zip(&counts).map(code).collect(), overall);
        }
        let variance = rows.iter().map(|&i| (y[i] - overall).powi(2)).sum::<f64>() / rows.len() as f64;
        let means: Vec<f64> = sums.iter().zip(&counts).map(|(sum, count)| sum / count).collect();
        let mut squares = vec![0.0; size];
        rows.iter().for_each(|&i| squares[slots[i]] += (y[i] - means[slots[i]]).powi(2));
        let code = |slot: usize| {
            let between = variance * counts[slot];
            let share = between / (between + squares[slot] / counts[slot]);
            // Nothing to choose by: no rows of the category, or no variance at all.
            if share.is_nan() { overall } else { share * means[slot] + (1.0 - share) * overall }
        };
        ((0..size).map(code).collect(), overall)
    }
}

/// For each row the number of its level; missing values come behind the levels.
fn slots(levels: &Levels, column: &Column<'_>) -> Vec<usize> {
    let slot = |place| if let Place::Level(level) = place { level } else { levels.len() };
    levels.places(column).into_iter().map(slot).collect()
}

fn mean(y: &[f64], rows: &[usize]) -> f64 {
    let shift = rows.first().map_or(0.0, |&i| y[i]);
    shift + rows.iter().map(|&i| y[i] - shift).sum::<f64>() / rows.len() as f64
}

impl Outputs {
    fn of(data: &Dataset) -> Result<Self, FeatureError> {
        let y = &data.target;
        if y.len() != data.features.rows() {
            return Err(FeatureError::Length { features: data.features.rows(), found: y.len() });
        }
        if let Some(row) = y.iter().position(|y| !y.is_finite()) {
            return Err(FeatureError::Target { target: data.target_name.clone(), step: STEP, row, value: y[row] });
        }
        let classes = data.classes.as_ref().filter(|classes| classes.len() > 2);
        let binary = y.iter().all(|y| *y == 0.0 || *y == 1.0);
        let strata = (classes.is_some() || binary).then(|| y.iter().map(|y| *y as usize).collect());
        let indicator = |class: usize| y.iter().map(|y| f64::from(u8::from(*y == class as f64))).collect();
        let targets = match classes {
            Some(classes) => (0..classes.len()).map(indicator).collect(),
            None => vec![y.clone()],
        };
        Ok(Outputs { targets, classes: classes.cloned(), strata })
    }
}

/// The fold of each row: parts of nearly one size, the first ones larger (as scikit-learn's `KFold`).
fn contiguous(rows: usize, options: &TargetEncode) -> Vec<usize> {
    let (size, larger) = (rows / options.folds, rows % options.folds);
    let mut order: Vec<usize> = (0..rows).collect();
    if options.shuffle {
        shuffle(&mut order, &mut options.seed.clone());
    }
    let (mut folds, mut start) = (vec![0; rows], 0);
    for fold in 0..options.folds {
        let end = start + size + usize::from(fold < larger);
        order[start..end].iter().for_each(|&row| folds[row] = fold);
        start = end;
    }
    folds
}

/// The fold of each row, every class dealt evenly (as scikit-learn's `StratifiedKFold`).
fn stratified(strata: &[usize], options: &TargetEncode) -> Vec<usize> {
    // Classes are numbered in the order of their first rows; folds take turns in the sorted list of all rows.
    let mut order: Vec<usize> = Vec::new();
    for class in strata {
        if !order.contains(class) {
            order.push(*class);
        }
    }
    let number = |class: &usize| order.iter().position(|c| c == class).unwrap_or(0);
    let numbers: Vec<usize> = strata.iter().map(number).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    let mut shares = vec![vec![0; options.folds]; order.len()];
    sorted.iter().enumerate().for_each(|(i, class)| shares[*class][i % options.folds] += 1);
    let mut state = options.seed;
    let deal = |share: Vec<usize>| {
        let mut deal: Vec<usize> =
            share.iter().enumerate().flat_map(|(fold, &n)| std::iter::repeat_n(fold, n)).collect();
        if options.shuffle {
            shuffle(&mut deal, &mut state);
        }
        deal.into_iter()
    };
    let mut deals: Vec<_> = shares.into_iter().map(deal).collect();
    numbers.iter().map(|&class| deals[class].next().unwrap_or(0)).collect()
}

/// Fisher and Yates' shuffle with SplitMix64.
fn shuffle(values: &mut [usize], state: &mut u64) {
    for i in (1..values.len()).rev() {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // The upper half of a product is a number below i + 1, even enough for fewer than 2^32 rows.
        values.swap(i, ((u128::from(z) * (i as u128 + 1)) >> 64) as usize);
    }
}

impl FittedTarget {
    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        for codes in &self.columns {
            let at = working.position(&codes.column, STEP)?;
            let places = codes.levels.places(&working.columns[at]);
            let of_output = |(k, overall): (usize, &f64)| {
                let code = |place: &Place| match place {
                    Place::Level(level) => codes.codes[k][*level],
                    Place::Missing => codes.missing.get(k).copied().unwrap_or(*overall),
                    Place::Unknown => *overall,
                };
                places.iter().map(code).collect()
            };
            let made = self.means.iter().enumerate().map(of_output).collect();
            working.replace(at, self.named(&codes.column, made), STEP)?;
        }
        Ok(())
    }

    fn named<'a>(&self, column: &str, made: Vec<Vec<f64>>) -> Vec<Column<'a>> {
        let name = |k: usize| match &self.classes {
            Some(classes) => format!("{column}_{}", classes[k]),
            None => column.to_owned(),
        };
        made.into_iter().enumerate().map(|(k, values)| Column::numbers(name(k), values)).collect()
    }
}
