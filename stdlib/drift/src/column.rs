//! One column of both tables: what kind it is, which test it gets, and what comes of it.

use crate::detail::{Order, category_table, histogram, summary};
use crate::error::DriftError;
use crate::options::{DriftOptions, fits};
use crate::report::{Approximation, Both, ColumnDrift, ColumnKind, Detail, Role, TestResult, Verdict};
use crate::stats::{Applied, Test};
use crate::values::{Categories, Class, Counts, Fuzz, Numbers, Sample, Texts, class, together};
use crate::words;
use polars::prelude::DataType;

/// Whole numbers of which the current table has no more than so many different ones are categories, to Evidently.
const FEW: usize = 10;
/// Rows of the reference up to which p-values are taken, from Evidently.
const SMALL: u64 = 1000;

/// One pair of columns, with what is wanted of it.
pub(crate) struct Pair<'a> {
    pub options: &'a DriftOptions,
    pub role: Role,
    pub name: &'a str,
    /// Rows of the two tables.
    pub rows: [u64; 2],
    pub types: [&'a DataType; 2],
    pub samples: [&'a Sample; 2],
}

impl Pair<'_> {
    /// Compares the two.
    ///
    /// # Errors
    /// [`DriftError::TestKind`], [`DriftError::Threshold`], [`DriftError::Polars`].
    pub fn compare(&self) -> Result<ColumnDrift, DriftError> {
        let classes = self.types.map(class);
        match self.samples {
            _ if classes.contains(&Class::Null) => Ok(self.without_type()),
            [Sample::Numbers(reference), Sample::Numbers(current)] => self.numeric(classes, [reference, current]),
            [Sample::Text(reference), Sample::Text(current)] => self.text([reference, current]),
            [Sample::Times(reference), Sample::Times(current)] => {
                let [[first_r, last_r], [first_c, last_c]] = [reference.shown()?, current.shown()?];
                let (first, last) = (Both::new(first_r, first_c), Both::new(last_r, last_c));
                let column = ColumnDrift { detail: Detail::Times { first, last }, ..self.blank(ColumnKind::Time) };
                Ok(self.unless_empty(column, "it is a time, which goes on anyway"))
            }
            [Sample::Other { .. }, Sample::Other { .. }] => {
                Ok(self.unless_empty(self.blank(ColumnKind::Other), "it is neither numbers, categories nor times"))
            }
            _ => {
                let types = self.types();
                let reason = format!("it is {} in one table and {} in the other", types.reference, types.current);
                Ok(ColumnDrift { reason: Some(reason), ..self.blank(ColumnKind::Other) })
            }
        }
    }

    fn is_listed(&self, names: &[String]) -> bool {
        names.iter().any(|name| name == self.name)
    }

    fn types(&self) -> Both<String> {
        Both::of(self.types.map(ToString::to_string))
    }

    /// The column as far as it is known before it is looked at.
    fn blank(&self, kind: ColumnKind) -> ColumnDrift {
        ColumnDrift {
            name: self.name.to_owned(),
            role: self.role,
            kind,
            types: self.types(),
            verdict: Verdict::Untested,
            reason: None,
            result: None,
            importance: None,
            rank: 0.0,
            missing: Both::of(self.samples.map(Sample::missing)),
            infinite: Both::default(),
            approximation: None,
            detail: Detail::Nothing,
        }
    }

    /// Values that are not missing.
    fn present(&self) -> [u64; 2] {
        [0, 1].map(|side| self.rows[side].saturating_sub(self.samples[side].missing()))
    }

    /// A column of which one side is nothing but nulls, so that polars knows no type.
    fn without_type(&self) -> ColumnDrift {
        self.judged(self.blank(ColumnKind::Other), self.present())
    }

    /// A column that is not tested, for this reason where both sides have values.
    fn unless_empty(&self, column: ColumnDrift, reason: &str) -> ColumnDrift {
        match self.present() {
            present if present.contains(&0) => self.judged(column, present),
            _ => ColumnDrift { reason: Some(reason.to_owned()), ..column },
        }
    }

    /// The verdict without a test, where one side has no values.
    fn judged(&self, column: ColumnDrift, present: [u64; 2]) -> ColumnDrift {
        let names = &self.options.names;
        let (verdict, reason) = match present {
            [0, 0] => (Verdict::Untested, "it has no values in either table".to_owned()),
            [0, _] => (Verdict::Drifted, format!("it has no values in {}", names[0])),
            _ => (Verdict::Drifted, format!("it has no values in {}", names[1])),
        };
        ColumnDrift { verdict, reason: Some(reason), ..column }
    }

    fn numeric(&self, [a, b]: [Class; 2], both: [&Numbers; 2]) -> Result<ColumnDrift, DriftError> {
        let [reference, current] = both;
        let few = match b {
            Class::Boolean => true,
            // Of a column that has lost its values, those of before say what it is.
            Class::Whole if current.len() == 0 => reference.distinct() <= FEW,
            Class::Whole => current.distinct() <= FEW,
            _ => false,
        };
        let categorical = self.is_listed(&self.options.categorical) || few && !self.is_listed(&self.options.numeric);
        let (kind, detail) = if categorical {
            let booleans = [a, b] == [Class::Boolean; 2];
            let name = |value: f64| if booleans { (value == 1.0).to_string() } else { words::digits(value) };
            let categories = Categories::of_numbers(reference, current, name);
            (ColumnKind::Categorical, Detail::Categories(category_table(&categories, Order::Values)))
        } else {
            let summary = Both::of(both.map(summary));
            (ColumnKind::Numeric, Detail::Numbers { summary, histogram: histogram(reference, current) })
        };
        let column = ColumnDrift {
            approximation: approximation(both),
            infinite: Both::of(both.map(Numbers::infinite)),
            detail,
            ..self.blank(kind)
        };
        let present = both.map(Numbers::len);
        if present.contains(&0) {
            return Ok(self.judged(column, present));
        }
        let counts = categorical.then(|| Counts::of_numbers(reference, current));
        let applied = match &counts {
            Some(counts) => Applied::Counts(counts),
            None => Applied::Numbers(reference, current),
        };
        let test = match self.chosen(kind)? {
            Some(test) => test,
            None => usual(kind, reference.len(), distinct_up_to(reference, current)),
        };
        self.tested(column, test, &applied)
    }

    fn text(&self, [reference, current]: [&Texts; 2]) -> Result<ColumnDrift, DriftError> {
        if reference.too_many || current.too_many {
            let reason = "it has more different texts than are counted of a table that is read in pieces";
            return Ok(self.unless_empty(self.blank(ColumnKind::FreeText), reason));
        }
        let categories = together(reference, current);
        let counts = &categories.counts;
        let distinct = [0, 1].map(|side| counts.distinct(side) as u64);
        let free = (0..2).all(|side| 2 * distinct[side] > counts.totals[side])
            && !self.is_listed(&self.options.categorical)
            && !self.options.tests.contains_key(self.name);
        let kind = if free { ColumnKind::FreeText } else { ColumnKind::Categorical };
        let detail = Detail::Categories(category_table(&categories, Order::Frequency));
        let column = ColumnDrift { detail, ..self.blank(kind) };
        if counts.totals.contains(&0) {
            return Ok(self.judged(column, counts.totals));
        }
        if free {
            let reason = "it is free text: more than half of its values differ".to_owned();
            return Ok(ColumnDrift { reason: Some(reason), detail: Detail::Nothing, ..column });
        }
        let test = self.chosen(kind)?.unwrap_or_else(|| usual(kind, counts.totals[0], counts.each.len()));
        self.tested(column, test, &Applied::Counts(counts))
    }

    /// The test that the options ask for.
    fn chosen(&self, kind: ColumnKind) -> Result<Option<Test>, DriftError> {
        let (kind, general) = match kind {
            ColumnKind::Numeric => ("numeric", self.options.numeric_test),
            _ => ("categorical", self.options.categorical_test),
        };
        let own = self.options.tests.get(self.name).copied();
        own.or(general).map(|test| fits(test, kind, self.name).map(|()| test)).transpose()
    }

    fn tested(&self, column: ColumnDrift, test: Test, to: &Applied<'_>) -> Result<ColumnDrift, DriftError> {
        let threshold = self.options.threshold_of(self.name, test)?;
        let Some(score) = test.apply(to) else {
            return Ok(ColumnDrift { reason: Some(format!("{test} is not for it")), ..column });
        };
        let strength = test.strength(score, threshold);
        let error = test.error(to);
        let result = TestResult { test, outcome: test.outcome(), score, threshold, adjusted: None, error, strength };
        let verdict = if test.is_drift(score, threshold) { Verdict::Drifted } else { Verdict::Stable };
        Ok(ColumnDrift { verdict, result: Some(result), rank: strength, ..column })
    }
}

/// What is not known of numbers that were read in pieces.
fn approximation(both: [&Numbers; 2]) -> Option<Approximation> {
    let fuzz = both.map(Numbers::fuzz);
    let of = |part: fn(&Fuzz) -> f64| Both::of(fuzz.map(|fuzz| fuzz.map_or(0.0, part)));
    fuzz.iter().any(Option::is_some).then(|| Approximation { rank: of(|f| f.rank), value: of(|f| f.value) })
}

/// Different values of both samples, counted no further than it matters.
fn distinct_up_to(reference: &Numbers, current: &Numbers) -> usize {
    match reference.distinct().max(current.distinct()) {
        many if many > 5 => many,
        _ => Counts::of_numbers(reference, current).each.len(),
    }
}

/// Evidently's choice: by the rows of the reference and the different values of both samples.
fn usual(kind: ColumnKind, rows: u64, values: usize) -> Test {
    match (rows <= SMALL, kind == ColumnKind::Numeric && values > 5) {
        (true, true) => Test::Ks,
        (true, false) if values > 2 => Test::ChiSquare,
        (true, false) => Test::Z,
        (false, true) => Test::Wasserstein,
        (false, false) => Test::JensenShannon,
    }
}
