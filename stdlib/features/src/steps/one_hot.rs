//! A column of 0 and 1 per category.

use crate::error::FeatureError;
use crate::levels::{Levels, Place, value_of};
use crate::select::Select;
use crate::working::{Column, Working};
use serde::{Deserialize, Serialize};

const STEP: &str = "one_hot";
/// Values that the indicators of one column may have at most: 8.6 GB.
const CELLS: usize = 1 << 30;

/// What a category is made of that the fit did not see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// Zeros in all of the column's indicators; `ordinal` makes it missing.
    #[default]
    Ignore,
    /// 1 in the indicator of infrequent categories, if there is one, otherwise zeros.
    Infrequent,
    /// An error that names it.
    Refuse,
}

/// Options of `one_hot`.
///
/// | name | meaning | default |
/// |---|---|---|
/// | `drop_first` | no indicator for the first category, so that the indicators do not add up to 1 | off (scikit-learn) |
/// | `unknown` | what to make of categories that the fit did not see | zeros (scikit-learn refuses them) |
/// | `min_frequency` | categories with fewer rows share one indicator `<column>_infrequent` | off (scikit-learn) |
/// | `max_categories` | indicators per column at most, the shared one included: the rarest categories go there | off (scikit-learn) |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OneHot {
    /// No indicator for the first category.
    pub drop_first: bool,
    /// What to make of categories that the fit did not see.
    pub unknown: Unknown,
    /// Rows that a category needs for an indicator of its own.
    pub min_frequency: Option<usize>,
    /// Indicators per column at most.
    pub max_categories: Option<usize>,
}

impl OneHot {
    /// Options with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// No indicator for the first category.
    #[must_use]
    pub fn drop_first(mut self) -> Self {
        self.drop_first = true;
        self
    }

    /// Sets what to make of categories that the fit did not see.
    #[must_use]
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.unknown = unknown;
        self
    }

    /// Sets the rows that a category needs for an indicator of its own.
    #[must_use]
    pub fn min_frequency(mut self, rows: usize) -> Self {
        self.min_frequency = Some(rows);
        self
    }

    /// Sets the number of indicators per column at most.
    #[must_use]
    pub fn max_categories(mut self, indicators: usize) -> Self {
        self.max_categories = Some(indicators);
        self
    }

    /// Which categories share an indicator, given their counts.
    fn infrequent(&self, counts: &[usize]) -> Vec<bool> {
        let mut rare: Vec<bool> =
            counts.iter().map(|&count| self.min_frequency.is_some_and(|min| count < min)).collect();
        // scikit-learn counts the shared indicator whether or not anything is in it yet.
        let own = rare.iter().filter(|rare| !**rare).count();
        if let Some(most) = self.max_categories.filter(|most| *most < own + 1) {
            let mut order: Vec<usize> = (0..counts.len()).collect();
            order.sort_by_key(|&level| counts[level]);
            order[..counts.len() - (most - 1)].iter().for_each(|&level| rare[level] = true);
        }
        rare
    }
}

/// Makes indicators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OneHotStep {
    pub(crate) columns: Select,
    pub(crate) options: OneHot,
}

/// The indicators of each column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FittedOneHot {
    pub(crate) unknown: Unknown,
    pub(crate) columns: Vec<Indicators>,
}

/// The indicators of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Indicators {
    pub(crate) column: String,
    levels: Levels,
    /// For each level the number of its indicator; none for the dropped one.
    indicator: Vec<Option<usize>>,
    /// The indicator of missing values: none if the fit saw no missing value, or if it is the dropped one.
    missing: Option<usize>,
    /// Whether missing values were seen.
    saw_missing: bool,
    /// The indicator of infrequent categories.
    infrequent: Option<usize>,
    /// Names of the indicators.
    pub(crate) names: Vec<String>,
}

impl OneHotStep {
    pub(crate) fn fit(&self, working: &Working<'_>) -> Result<FittedOneHot, FeatureError> {
        for (name, value, least) in
            [("min_frequency", self.options.min_frequency, 1), ("max_categories", self.options.max_categories, 2)]
        {
            if value.is_some_and(|value| value < least) {
                let (value, expected) =
                    (value.unwrap_or(0).to_string(), if least == 1 { "at least 1" } else { "at least 2" });
                return Err(FeatureError::Parameter { step: STEP, name, value, expected });
            }
        }
        let columns = self.columns.resolve(working, STEP)?.into_iter().map(|j| self.indicators(&working.columns[j]));
        Ok(FittedOneHot { unknown: self.options.unknown, columns: columns.collect::<Result<_, _>>()? })
    }

    fn indicators(&self, column: &Column<'_>) -> Result<Indicators, FeatureError> {
        let (levels, mut counts) = Levels::of(column, STEP)?;
        let gone = column.values.iter().filter(|x| x.is_nan()).count();
        // Missing values are a category of their own, behind the others.
        counts.extend((gone > 0).then_some(gone));
        let rare = self.options.infrequent(&counts);
        let name = |level: usize| if level < levels.len() { levels.name(level) } else { "missing".to_owned() };
        let mut names: Vec<String> = (0..counts.len())
            .filter(|&level| !rare[level])
            .map(|level| format!("{}_{}", column.name, name(level)))
            .collect();
        let mut next = 0;
        let mut indicator: Vec<Option<usize>> = rare
            .iter()
            .map(|rare| {
                next += usize::from(!rare);
                Some(if *rare { names.len() } else { next - 1 })
            })
            .collect();
        let mut infrequent = rare.contains(&true).then_some(names.len());
        names.extend(infrequent.map(|_| format!("{}_infrequent", column.name)));
        if self.options.drop_first && !names.is_empty() {
            names.remove(0);
            let shifted = |at: Option<usize>| at.and_then(|at| at.checked_sub(1));
            indicator.iter_mut().for_each(|at| *at = shifted(*at));
            infrequent = shifted(infrequent);
        }
        let missing = if gone > 0 { indicator.pop().flatten() } else { None };
        Ok(Indicators {
            column: column.name.clone(),
            levels,
            indicator,
            missing,
            saw_missing: gone > 0,
            infrequent,
            names,
        })
    }
}

impl FittedOneHot {
    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        for indicators in &self.columns {
            let at = working.position(&indicators.column, STEP)?;
            let made = self.made(indicators, &working.columns[at])?;
            working.replace(at, made, STEP)?;
        }
        Ok(())
    }

    fn made<'a>(&self, indicators: &Indicators, column: &Column<'_>) -> Result<Vec<Column<'a>>, FeatureError> {
        let (rows, width) = (column.values.len(), indicators.names.len());
        if rows.saturating_mul(width) > CELLS {
            return Err(FeatureError::TooWide { column: column.name.clone(), step: STEP, made: width, rows });
        }
        let mut made = vec![vec![0.0; rows]; width];
        for (row, place) in indicators.levels.places(column).into_iter().enumerate() {
            let one = match place {
                Place::Level(level) => indicators.indicator[level],
                Place::Missing if indicators.saw_missing => indicators.missing,
                Place::Missing | Place::Unknown => match self.unknown {
                    Unknown::Ignore => None,
                    Unknown::Infrequent => indicators.infrequent,
                    Unknown::Refuse => return Err(unknown(STEP, column, row)),
                },
            };
            if let Some(one) = one {
                made[one][row] = 1.0;
            }
        }
        Ok(indicators.names.iter().zip(made).map(|(name, values)| Column::numbers(name, values)).collect())
    }
}

/// The refusal of a category that the fit did not see.
pub(crate) fn unknown(step: &'static str, column: &Column<'_>, row: usize) -> FeatureError {
    FeatureError::UnknownCategory {
        column: column.name.clone(),
        step,
        row,
        value: value_of(column, row),
        mend: "fit the pipeline to rows that have it, or use Unknown::Ignore",
    }
}
