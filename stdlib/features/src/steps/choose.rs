//! Leaving columns out.

use crate::error::FeatureError;
use crate::select::Select;
use crate::working::Working;
use serde::{Deserialize, Serialize};

/// Leaves columns out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drop {
    pub(crate) columns: Select,
}

/// Leaves all columns out but some, which come in the order named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Keep {
    pub(crate) columns: Select,
}

/// The columns that stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chosen {
    pub(crate) columns: Vec<String>,
}

impl Drop {
    pub(crate) fn fit(&self, working: &Working<'_>) -> Result<Chosen, FeatureError> {
        let gone = self.columns.resolve(working, "drop")?;
        let stay = (0..working.columns.len()).filter(|j| !gone.contains(j));
        Ok(Chosen { columns: stay.map(|j| working.columns[j].name.clone()).collect() })
    }
}

impl Keep {
    pub(crate) fn fit(&self, working: &Working<'_>) -> Result<Chosen, FeatureError> {
        let stay = self.columns.resolve(working, "keep")?;
        Ok(Chosen { columns: stay.into_iter().map(|j| working.columns[j].name.clone()).collect() })
    }
}

impl Chosen {
    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        let stay = self.columns.iter().map(|name| {
            let at = working.position(name, "keep")?;
            Ok(working.columns.swap_remove(at))
        });
        working.columns = stay.collect::<Result<_, FeatureError>>()?;
        Ok(())
    }
}
