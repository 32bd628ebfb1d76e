//! From cells, as the formats of requests have them, to rows.

use super::offence::{Offence, Offences, Problem, quoted};
use super::time::seconds;
use super::{Contract, Extra, Rows, Unknown};
use crate::wire::scan::Scalar;
use ironbook_data::Kind;
use std::borrow::Cow;

/// The value of a place that was not set; what is read is never this NaN.
const UNSET: u64 = 0x7ff8_0bad_cafe_0001;

/// Bytes that the texts of a request that are no category may take in memory.
const STRANGE: usize = 64 << 20;

/// A value as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Missing,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    /// A text of CSV, which can stand for anything.
    Written(&'a str),
    List,
}

impl<'a> From<Scalar<'a>> for Cell<'a> {
    fn from(scalar: Scalar<'a>) -> Self {
        match scalar {
            Scalar::Null => Cell::Missing,
            Scalar::Bool(flag) => Cell::Bool(flag),
            Scalar::Number(number) => Cell::Number(number),
            Scalar::Text(text) => Cell::Text(text),
            Scalar::Array | Scalar::Object => Cell::List,
        }
    }
}

/// Rows that are being read. Once something is wrong, values are no longer kept, only looked at.
pub(crate) struct Reader<'c> {
    contract: &'c Contract,
    rows: Rows,
    /// Rows begun, also those that are not kept.
    begun: usize,
    offences: Offences,
    /// Bytes of texts that are no category.
    strange: usize,
}

impl<'c> Reader<'c> {
    pub(crate) fn new(contract: &'c Contract) -> Self {
        let rows = Rows { width: contract.width(), ..Rows::default() };
        Reader { contract, rows, begun: 0, offences: Offences::default(), strange: 0 }
    }

    pub(crate) fn contract(&self) -> &'c Contract {
        self.contract
    }

    /// Rows begun so far.
    pub(crate) fn begun(&self) -> usize {
        self.begun
    }

    /// Notes which feature each column of a header stands for, and what is wrong with it; `names` in their order.
    pub(crate) fn header<'n>(&mut self, names: impl Iterator<Item = Cow<'n, str>>) -> Vec<Option<usize>> {
        let mut seen = vec![false; self.contract.width()];
        let mut places = Vec::with_capacity(seen.len());
        for name in names {
            let found = self.contract.find(&name, places.len());
            match found {
                Some(feature) if std::mem::replace(&mut seen[feature], true) => self.repeated(&name, None),
                Some(_) => {}
                None => self.unexpected(&name, None),
            }
            places.push(found);
        }
        (0..seen.len()).filter(|feature| !seen[*feature]).for_each(|feature| self.missing(feature, None));
        places
    }

    /// Begins the next row.
    pub(crate) fn begin(&mut self) {
        self.begun += 1;
        if self.offences.is_empty() || self.rows.count == 0 {
            self.rows.count += 1;
        } else {
            let last = self.rows.values.len() - self.rows.width;
            self.rows.values.truncate(last);
        }
        self.rows.values.resize(self.rows.count * self.rows.width, f64::from_bits(UNSET));
    }

    /// Begins this many rows, to be set in any order.
    pub(crate) fn begin_all(&mut self, count: usize) {
        self.begun = count;
        self.rows.count = count;
        self.rows.values.resize(count * self.rows.width, f64::from_bits(UNSET));
    }

    /// Sets a value of the row that was begun last.
    #[inline]
    pub(crate) fn set(&mut self, feature: usize, cell: &Cell<'_>) {
        self.set_in(self.rows.count - 1, feature, cell);
    }

    /// Sets a value of a row.
    pub(crate) fn set_in(&mut self, row: usize, feature: usize, cell: &Cell<'_>) {
        let value = self.value(row, feature, cell);
        self.rows.values[row * self.rows.width + feature] = value;
    }

    /// Whether the row that was begun last has this feature already.
    pub(crate) fn is_set(&self, feature: usize) -> bool {
        let at = (self.rows.count - 1) * self.rows.width + feature;
        self.rows.values[at].to_bits() != UNSET
    }

    #[inline]
    fn value(&mut self, row: usize, feature: usize, cell: &Cell<'_>) -> f64 {
        let kind = self.contract.kind(feature);
        let found = match (kind, cell) {
            (_, Cell::Missing) => Some(f64::NAN),
            (Kind::Numeric, Cell::Number(number)) => Some(*number),
            (Kind::Numeric, Cell::Bool(flag)) => Some(f64::from(u8::from(*flag))),
            (Kind::Numeric, Cell::Written(text)) => written_number(text),
            (Kind::Categorical(names), Cell::Text(text)) => Some(self.code(names, row, feature, text)),
            (Kind::Categorical(names), Cell::Written(text)) => Some(self.code(names, row, feature, text)),
            (Kind::Time, Cell::Text(text)) => seconds(text),
            (Kind::Time, Cell::Written(text)) => seconds(text),
            _ => None,
        };
        match found {
            Some(value) if value.is_nan() => f64::NAN,
            Some(value) => value,
            None => {
                self.refuse(row, feature, cell);
                f64::NAN
            }
        }
    }

    /// The number of a text among the categories, which are in order.
    fn code(&mut self, names: &[String], row: usize, feature: usize, text: &str) -> f64 {
        match names.binary_search_by(|name| name.as_str().cmp(text)) {
            Ok(code) => code as f64,
            Err(_) => {
                if self.offences.is_empty() {
                    let unknown = Unknown { row: row as u32, feature: feature as u32, text: text.to_owned() };
                    self.strange += unknown.bytes();
                    self.rows.unknown.push(unknown);
                    if self.strange > STRANGE {
                        self.overflow(feature);
                    }
                }
                f64::NAN
            }
        }
    }

    /// Refuses the rest, and forgets what was kept: a byte of a request must not become fifty in memory.
    #[cold]
    fn overflow(&mut self, feature: usize) {
        let found = format!(
            "its {} texts that are no category of the model take more than {} MiB; send fewer rows at once",
            self.rows.unknown.len(),
            STRANGE >> 20
        );
        self.rows.unknown = Vec::new();
        let (field, problem) = (self.contract.name(feature).to_owned(), Problem::Refused);
        self.offences.add(Offence { field, problem, row: None, rows: 1, expected: None, found: Some(found) });
    }

    #[cold]
    fn refuse(&mut self, row: usize, feature: usize, cell: &Cell<'_>) {
        let found = match cell {
            Cell::Missing => "null".to_owned(),
            Cell::Bool(flag) => flag.to_string(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => quoted(text),
            Cell::Written(text) => quoted(text),
            Cell::List => "a list or an object".to_owned(),
        };
        let row = if self.rows.count == self.begun { row } else { self.begun - 1 };
        self.offences.add(Offence {
            field: self.contract.name(feature).to_owned(),
            problem: Problem::WrongType,
            row: Some(row),
            rows: 1,
            expected: Some(expected(self.contract.kind(feature))),
            found: Some(found),
        });
    }

    /// Notes a column, or a field of the row that was begun last, that the model does not know.
    pub(crate) fn unexpected(&mut self, name: &str, row: Option<usize>) {
        if self.contract.extra() == Extra::Refuse {
            self.note(name, Problem::Unexpected, row);
        }
    }

    /// Notes a column or a field that is there twice.
    pub(crate) fn repeated(&mut self, name: &str, row: Option<usize>) {
        self.note(name, Problem::Repeated, row);
    }

    /// Notes a feature that is not there.
    pub(crate) fn missing(&mut self, feature: usize, row: Option<usize>) {
        let name = self.contract.name(feature);
        let expected = Some(expected(self.contract.kind(feature)));
        let (problem, field) = (Problem::Missing, name.to_owned());
        self.offences.add(Offence { field, problem, row, rows: 1, expected, found: None });
    }

    fn note(&mut self, name: &str, problem: Problem, row: Option<usize>) {
        self.offences.add(Offence { field: name.to_owned(), problem, row, rows: 1, expected: None, found: None });
    }

    /// Ends the row that was begun last: all features have to be there.
    pub(crate) fn end(&mut self) {
        let first = self.rows.values.len() - self.rows.width;
        for feature in 0..self.rows.width {
            if self.rows.values[first + feature].to_bits() == UNSET {
                self.missing(feature, Some(self.begun - 1));
            }
        }
    }

    /// The rows, if nothing is wrong with them.
    pub(crate) fn finish(mut self) -> Result<Rows, Vec<Offence>> {
        self.rows.sort_unknown();
        if self.offences.is_empty() { Ok(self.rows) } else { Err(self.offences.into_list()) }
    }
}

/// A number of CSV; `true` and `false` as pandas writes them.
fn written_number(text: &str) -> Option<f64> {
    let text = text.trim();
    match text {
        "True" | "true" | "TRUE" => Some(1.0),
        "False" | "false" | "FALSE" => Some(0.0),
        _ => text.parse().ok(),
    }
}

/// A kind in words, without all of its categories.
fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Numeric => "a number".to_owned(),
        Kind::Categorical(_) => "a text".to_owned(),
        Kind::Time => "a time such as \"2013-01-01T05:15:00\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_core::record::Mark;
    use ironbook_learn::{Feature, Signature};
    use std::sync::Arc;

    #[test]
    fn texts_that_are_no_category_are_bounded() {
        let carriers: Arc<[String]> = ["AA".to_owned()].into();
        let features = vec![Feature { name: "carrier".to_owned(), kind: Kind::Categorical(carriers) }];
        let signature = Signature { features, target: "late".to_owned(), classes: None, mark: Mark::default() };
        let contract = Contract::new(signature, Extra::Refuse);
        let read = |rows: usize| {
            let mut reader = Reader::new(&contract);
            for _ in 0..rows {
                reader.begin();
                reader.set(0, &Cell::Text("?".into()));
            }
            reader.finish()
        };
        assert_eq!(read(1000).unwrap().unknown().len(), 1000);
        let refused = read(STRANGE / 64 + 1).unwrap_err();
        assert_eq!((refused.len(), refused[0].problem), (1, Problem::Refused));
        assert!(refused[0].to_string().contains("send fewer rows"), "{}", refused[0]);
    }
}
