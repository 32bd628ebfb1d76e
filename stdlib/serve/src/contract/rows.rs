//! Rows of a request as the model reads them.

use super::Contract;
use ironbook_data::{Kind, Matrix};
use std::sync::Arc;

/// A text that is no category of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Number of the row.
    pub row: u32,
    /// Number of the feature.
    pub feature: u32,
    /// The text.
    pub text: String,
}

impl Unknown {
    fn place(&self) -> (u32, u32) {
        (self.row, self.feature)
    }

    /// Bytes that it takes in memory, about: an allocation takes 32 at least.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Unknown>() + self.text.len().max(32)
    }
}

/// Rows, one after another, each with a value per feature in the order of the signature: numbers as they are, text as the
/// number of its category, times as seconds; NaN where missing, and where a text is no category of the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub(crate) count: usize,
    pub(crate) width: usize,
    pub(crate) values: Vec<f64>,
    /// By row, and in a row by feature.
    pub(crate) unknown: Vec<Unknown>,
}

impl Rows {
    /// Rows of values, one after another, without texts that the model does not know.
    #[must_use]
    pub fn new(width: usize, values: Vec<f64>) -> Rows {
        let count = values.len().checked_div(width).unwrap_or(0);
        Rows { count, width, values, unknown: Vec::new() }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The values of a row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// Texts that are no category of the model; their values are NaN.
    #[must_use]
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// The text that the model does not know at this place, if there is one.
    pub(crate) fn unknown_at(&self, row: usize, feature: usize) -> Option<&str> {
        let place = (row as u32, feature as u32);
        let found = self.unknown.binary_search_by_key(&place, Unknown::place);
        found.ok().map(|at| self.unknown[at].text.as_str())
    }

    /// Puts texts that were found column by column in the order of rows.
    pub(crate) fn sort_unknown(&mut self) {
        self.unknown.sort_unstable_by_key(Unknown::place);
    }

    /// Bytes that they take in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let texts: usize = self.unknown.iter().map(Unknown::bytes).sum();
        self.values.len() * size_of::<f64>() + texts
    }

    /// Puts the rows of another request behind these.
    pub(crate) fn append(&mut self, other: &Rows) {
        let before = self.count as u32;
        self.width = other.width;
        self.count += other.count;
        self.values.extend_from_slice(&other.values);
        self.unknown.extend(other.unknown.iter().map(|u| Unknown { row: u.row + before, ..u.clone() }));
    }

    /// The rows as a matrix. A column with texts that the model does not know has these among its categories, so that the
    /// steps of a pipeline can tell them from missing values.
    ///
    /// # Panics
    /// If the rows were not read by this contract.
    #[must_use]
    pub fn matrix(&self, contract: &Contract) -> Matrix {
        let column = |feature: usize| {
            let mut values: Vec<f64> = self.values.iter().skip(feature).step_by(self.width).copied().collect();
            let mut kind = contract.kind(feature).clone();
            if let Some(known) = kind.categories()
                && self.unknown.iter().any(|unknown| unknown.feature as usize == feature)
            {
                let known = Arc::clone(known);
                kind = Kind::Categorical(self.widened(feature, &known, &mut values));
            }
            (contract.name(feature).to_owned(), kind, values)
        };
        let columns = (0..contract.width()).map(column).collect();
        Matrix::from_typed(columns).expect("codes within the categories of the signature, columns of one length")
    }

    /// The categories and the unknown texts in order; the values get the numbers that their texts have there.
    fn widened(&self, feature: usize, known: &[String], values: &mut [f64]) -> Arc<[String]> {
        let own = || self.unknown.iter().filter(|unknown| unknown.feature as usize == feature);
        let mut all: Vec<String> = known.iter().cloned().chain(own().map(|unknown| unknown.text.clone())).collect();
        all.sort_unstable();
        all.dedup();
        let place = |text: &String| all.binary_search(text).expect("each of the texts is in the list") as f64;
        let places: Vec<f64> = known.iter().map(place).collect();
        for value in values.iter_mut().filter(|value| !value.is_nan()) {
            *value = places[*value as usize];
        }
        own().for_each(|unknown| values[unknown.row as usize] = place(&unknown.text));
        all.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Extra;
    use ironbook_core::record::Mark;
    use ironbook_learn::{Feature, Signature};

    #[test]
    fn unknown_texts_stand_among_the_categories() {
        let feature = |name: &str, kind| Feature { name: name.to_owned(), kind };
        let carriers: Arc<[String]> = ["AA".to_owned(), "UA".to_owned()].into();
        let signature = Signature {
            features: vec![feature("carrier", Kind::Categorical(carriers)), feature("hour", Kind::Numeric)],
            target: "late".to_owned(),
            classes: None,
            mark: Mark::default(),
        };
        let contract = Contract::new(signature, Extra::Refuse);
        let mut rows = Rows::new(2, vec![1.0, 5.0, f64::NAN, 6.0]);
        let mut more = Rows::new(2, vec![f64::NAN, 7.0, 0.0, 8.0]);
        more.unknown.push(Unknown { row: 0, feature: 0, text: "B6".to_owned() });
        rows.append(&more);
        assert_eq!((rows.len(), rows.unknown_at(2, 0), rows.unknown_at(1, 0)), (4, Some("B6"), None));
        let matrix = rows.matrix(&contract);
        let names: Vec<&str> = matrix.kinds()[0].categories().unwrap().iter().map(String::as_str).collect();
        assert_eq!(names, ["AA", "B6", "UA"]);
        let column = matrix.column(0);
        assert_eq!((column[0], column[2], column[3]), (2.0, 1.0, 0.0));
        assert!(column[1].is_nan());
        assert_eq!(matrix.column(1), [5.0, 6.0, 7.0, 8.0]);
    }
}
