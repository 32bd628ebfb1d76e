//! Categories as whole numbers.

use super::one_hot::{Unknown, unknown};
use crate::error::FeatureError;
use crate::levels::{Levels, Place};
use crate::select::Select;
use crate::working::{Column, Working};
use ironbook_data::Kind;
use serde::{Deserialize, Serialize};

const STEP: &str = "ordinal";

/// Options of `ordinal`.
///
/// | name | meaning | default |
/// |---|---|---|
/// | `order` | the categories from the lowest, which is 0; the fit refuses others | ascending (scikit-learn) |
/// | `unknown` | what to make of categories that the fit did not see: missing, or an error | missing (scikit-learn refuses them) |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ordinal {
    /// The categories from the lowest.
    pub order: Option<Vec<String>>,
    /// What to make of categories that the fit did not see.
    pub unknown: Unknown,
}

impl Ordinal {
    /// Options with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the categories of text columns from the lowest on.
    #[must_use]
    pub fn order<S: Into<String>>(mut self, order: impl IntoIterator<Item = S>) -> Self {
        self.order = Some(order.into_iter().map(Into::into).collect());
        self
    }

    /// Sets what to make of categories that the fit did not see.
    #[must_use]
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.unknown = unknown;
        self
    }
}

/// Numbers categories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrdinalStep {
    pub(crate) columns: Select,
    pub(crate) options: Ordinal,
}

/// The numbers of each column's categories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FittedOrdinal {
    pub(crate) unknown: Unknown,
    pub(crate) columns: Vec<Ranks>,
}

/// The numbers of one column's categories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ranks {
    pub(crate) column: String,
    pub(crate) levels: Levels,
    /// For each level, in ascending order, its number.
    pub(crate) rank: Vec<usize>,
}

impl OrdinalStep {
    pub(crate) fn fit(&self, working: &Working<'_>) -> Result<FittedOrdinal, FeatureError> {
        let columns = self.columns.resolve(working, STEP)?.into_iter().map(|j| self.ranks(&working.columns[j]));
        Ok(FittedOrdinal { unknown: self.options.unknown, columns: columns.collect::<Result<_, _>>()? })
    }

    fn ranks(&self, column: &Column<'_>) -> Result<Ranks, FeatureError> {
        let Some(order) = &self.options.order else {
            let (levels, _) = Levels::of(column, STEP)?;
            return Ok(Ranks { column: column.name.clone(), rank: (0..levels.len()).collect(), levels });
        };
        let mut by_name: Vec<usize> = (0..order.len()).collect();
        by_name.sort_by_key(|&rank| &order[rank]);
        let sorted: Vec<String> = by_name.iter().map(|&rank| order[rank].clone()).collect();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let value = format!("a list with \"{}\" twice", twice[0]);
            return Err(FeatureError::Parameter { step: STEP, name: "order", value, expected: "each category once" });
        }
        let levels = Levels::Text(sorted);
        match levels.places(column).iter().position(|place| *place == Place::Unknown) {
            None => Ok(Ranks { column: column.name.clone(), levels, rank: by_name }),
            Some(row) => match unknown(STEP, column, row) {
                FeatureError::UnknownCategory { column, step, row, value, .. } => {
                    let mend = "it is not in the order given to Ordinal: add it there";
                    Err(FeatureError::UnknownCategory { column, step, row, value, mend })
                }
                other => Err(other),
            },
        }
    }
}

impl FittedOrdinal {
    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        for ranks in &self.columns {
            let at = working.position(&ranks.column, STEP)?;
            let column = &mut working.columns[at];
            let mut values = Vec::with_capacity(column.values.len());
            for (row, place) in ranks.levels.places(column).into_iter().enumerate() {
                values.push(match place {
                    Place::Level(level) => ranks.rank[level] as f64,
                    Place::Unknown if self.unknown == Unknown::Refuse => return Err(unknown(STEP, column, row)),
                    Place::Missing | Place::Unknown => f64::NAN,
                });
            }
            column.values = values.into();
            column.kind = Kind::Numeric;
        }
        Ok(())
    }
}
