//! The classes of a classifier: which values of the target there are, and what they are called.

use crate::error::LearnError;
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// More distinct values than this are no classes.
const MOST: usize = 1000;

/// The classes that a classifier tells apart, in ascending order of their values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classes {
    /// Their values in the target: 0 and 1 for booleans, 0, 1, .. for text, otherwise the numbers themselves.
    pub values: Vec<f64>,
    /// Their names, if the target was text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Vec<String>>,
}

impl Classes {
    /// The classes of a target; those of text are all its names, also those without a row.
    ///
    /// # Errors
    /// [`LearnError::NotClasses`] for a target with fractions or more than 1,000 values.
    pub fn of(data: &Dataset) -> Result<Self, LearnError> {
        if let Some(names) = &data.classes {
            let values = (0..names.len()).map(|k| k as f64).collect();
            return Ok(Classes { values, text: Some(names.clone()) });
        }
        let mut values: Vec<f64> = Vec::new();
        for y in data.target.iter().map(unsigned) {
            if y.is_nan() || y.fract() != 0.0 || values.len() > MOST {
                return Err(LearnError::NotClasses { target: data.target_name.clone(), value: y });
            }
            if let Err(at) = values.binary_search_by(|v| v.total_cmp(&y)) {
                values.insert(at, y);
            }
        }
        Ok(Classes { values, text: None })
    }

    /// What makes these no classes that a file can hold, in words.
    pub(crate) fn flaw(&self) -> Option<String> {
        if !self.values.is_sorted_by(|a, b| a < b) {
            return Some("its classes are not in ascending order".to_owned());
        }
        let names = self.text.as_ref().map_or(self.len(), Vec::len);
        (names != self.len()).then(|| format!("it has {names} names for {} classes", self.len()))
    }

    /// Number of classes.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no class.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The classes in words.
    pub fn names(&self) -> Vec<String> {
        self.text.clone().unwrap_or_else(|| self.values.iter().map(f64::to_string).collect())
    }

    /// For each row of `data` the number of its class, from 0. Text is matched by name.
    ///
    /// # Errors
    /// [`LearnError::NewClasses`] for a class that is not among these.
    pub fn numbers(&self, data: &Dataset) -> Result<Vec<usize>, LearnError> {
        let unknown = |found: String| LearnError::NewClasses {
            target: data.target_name.clone(),
            found,
            known: self.names().join(", "),
        };
        match (&self.text, &data.classes) {
            (Some(known), Some(names)) => {
                let number: Vec<Option<usize>> =
                    names.iter().map(|name| known.iter().position(|k| k == name)).collect();
                let of = |&y: &f64| number[y as usize].ok_or_else(|| unknown(names[y as usize].clone()));
                data.target.iter().map(of).collect()
            }
            (None, Some(names)) => Err(unknown(names.join(", "))),
            (Some(_), None) => Err(unknown(data.target.first().map_or_else(String::new, f64::to_string))),
            (None, None) => {
                let of = |y: &f64| {
                    self.values.binary_search_by(|v| v.total_cmp(&unsigned(y))).map_err(|_| unknown(y.to_string()))
                };
                data.target.iter().map(of).collect()
            }
        }
    }
}

/// -0.0 is the class 0.
fn unsigned(y: &f64) -> f64 {
    y + 0.0
}
