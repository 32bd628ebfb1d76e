//! One column of both tables: what kind it is, which test it gets, and what comes of it.

use crate::detail::{Order, category_table, histogram, summary};
use crate::error::DriftError;
use crate::options::{DriftOptions, fits};
use crate::report::{Both, ColumnDrift, ColumnKind, Detail, Role, TestResult, Verdict};
use crate::stats::{Applied, Test};
use crate::times;
use crate::values::{Categories, Class, Counts, Numbers, class, numbers, tally};
use polars::prelude::Column;

/// Whole numbers of which the current table has no more than so many different ones are categories, to Evidently.
const FEW: usize = 10;
/// Rows of the reference up to which p-values are taken, from Evidently.
const SMALL: u64 = 1000;

/// One pair of columns, with what is wanted of it.
pub(crate) struct Pair<'a> {
    pub options: &'a DriftOptions,
    pub role: Role,
    pub reference: &'a Column,
    pub current: &'a Column,
}

impl Pair<'_> {
    /// Compares the two.
    ///
    /// # Errors
    /// [`DriftError::TestKind`], [`DriftError::Threshold`], [`DriftError::Polars`].
    pub fn compare(&self) -> Result<ColumnDrift, DriftError> {
        use Class::{Boolean, Null, Number, Other, Text, Time, Whole};
        match [self.reference, self.current].map(|column| class(column.dtype())) {
            [Null, _] | [_, Null] => Ok(self.without_type()),
            [a @ (Whole | Number | Boolean), b @ (Whole | Number | Boolean)] => self.numeric(a, b),
            [Text, Text] => self.text(),
            [Time, Time] => self.times(),
            [Other, Other] => Ok(self.untested("it is neither numbers, categories nor times")),
            _ => {
                let types = self.types();
                let reason = format!("it is {} in one table and {} in the other", types.reference, types.current);
                Ok(self.untested(reason))
            }
        }
    }

    fn name(&self) -> &str {
        self.reference.name()
    }

    fn is_listed(&self, names: &[String]) -> bool {
        names.iter().any(|name| name == self.name())
    }

    fn types(&self) -> Both<String> {
        Both::new(self.reference.dtype().to_string(), self.current.dtype().to_string())
    }

    /// The column as far as it is known before it is looked at.
    fn blank(&self, kind: ColumnKind) -> ColumnDrift {
        ColumnDrift {
            name: self.name().to_owned(),
            role: self.role,
            kind,
            types: self.types(),
            verdict: Verdict::Untested,
            reason: None,
            result: None,
            importance: None,
            rank: 0.0,
            missing: Both::new(self.reference.null_count() as u64, self.current.null_count() as u64),
            infinite: Both::default(),
            detail: Detail::Nothing,
        }
    }

    fn untested(&self, reason: impl Into<String>) -> ColumnDrift {
        ColumnDrift { reason: Some(reason.into()), ..self.blank(ColumnKind::Other) }
    }

    /// A column of which one side is nothing but nulls, so that polars knows no type.
    fn without_type(&self) -> ColumnDrift {
        let column = self.blank(ColumnKind::Other);
        let rows = [self.reference.len(), self.current.len()].map(|n| n as u64);
        let present = [rows[0] - column.missing.reference, rows[1] - column.missing.current];
        self.judged(column, present)
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

    fn numeric(&self, a: Class, b: Class) -> Result<ColumnDrift, DriftError> {
        let (reference, current) = rayon::join(|| numbers(self.reference), || numbers(self.current));
        let (reference, current) = (reference?, current?);
        let both = [&reference, &current];
        let few = match b {
            Class::Boolean => true,
            Class::Whole => current.distinct() <= FEW,
            _ => false,
        };
        let categorical = self.is_listed(&self.options.categorical) || few && !self.is_listed(&self.options.numeric);
        let (kind, detail) = if categorical {
            let booleans = [a, b] == [Class::Boolean; 2];
            let name = |value: f64| if booleans { (value == 1.0).to_string() } else { value.to_string() };
            let categories = Categories::of_numbers(&reference, &current, name);
            (ColumnKind::Categorical, Detail::Categories(category_table(&categories, Order::Values)))
        } else {
            let summary = Both::of(both.map(summary));
            (ColumnKind::Numeric, Detail::Numbers { summary, histogram: histogram(&reference, &current) })
        };
        let column = ColumnDrift {
            missing: Both::of(both.map(Numbers::missing)),
            infinite: Both::of(both.map(Numbers::infinite)),
            detail,
            ..self.blank(kind)
        };
        let present = both.map(Numbers::len);
        if present.contains(&0) {
            return Ok(self.judged(column, present));
        }
        let counts = categorical.then(|| Counts::of_numbers(&reference, &current));
        let applied = match &counts {
            Some(counts) => Applied::Counts(counts),
            None => Applied::Numbers(&reference, &current),
        };
        let test = match self.chosen(kind)? {
            Some(test) => test,
            None => usual(kind, reference.len(), distinct_up_to(&reference, &current)),
        };
        self.tested(column, test, &applied)
    }

    fn text(&self) -> Result<ColumnDrift, DriftError> {
        let (categories, missing) = tally(self.reference, self.current)?;
        let counts = &categories.counts;
        let distinct = [0, 1].map(|side| counts.distinct(side) as u64);
        let free = (0..2).all(|side| 2 * distinct[side] > counts.totals[side])
            && !self.is_listed(&self.options.categorical)
            && !self.options.tests.contains_key(self.name());
        let kind = if free { ColumnKind::FreeText } else { ColumnKind::Categorical };
        let detail = Detail::Categories(category_table(&categories, Order::Frequency));
        let column = ColumnDrift { missing: Both::of(missing), detail, ..self.blank(kind) };
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

    fn times(&self) -> Result<ColumnDrift, DriftError> {
        let blank = self.blank(ColumnKind::Time);
        let column = ColumnDrift { detail: times::range(self.reference, self.current)?, ..blank };
        let rows = [self.reference.len(), self.current.len()].map(|n| n as u64);
        let present = [rows[0] - column.missing.reference, rows[1] - column.missing.current];
        match present.contains(&0) {
            true => Ok(self.judged(column, present)),
            false => Ok(ColumnDrift { reason: Some("it is a time, which goes on anyway".to_owned()), ..column }),
        }
    }

    /// The test that the options ask for.
    fn chosen(&self, kind: ColumnKind) -> Result<Option<Test>, DriftError> {
        let (kind, general) = match kind {
            ColumnKind::Numeric => ("numeric", self.options.numeric_test),
            _ => ("categorical", self.options.categorical_test),
        };
        let own = self.options.tests.get(self.name()).copied();
        own.or(general).map(|test| fits(test, kind, self.name()).map(|()| test)).transpose()
    }

    fn tested(&self, column: ColumnDrift, test: Test, to: &Applied<'_>) -> Result<ColumnDrift, DriftError> {
        let threshold = self.options.threshold_of(self.name(), test)?;
        let Some(score) = test.apply(to) else {
            return Ok(ColumnDrift { reason: Some(format!("{test} is not for it")), ..column });
        };
        let strength = test.strength(score, threshold);
        let result = TestResult { test, outcome: test.outcome(), score, threshold, adjusted: None, strength };
        let verdict = if test.is_drift(score, threshold) { Verdict::Drifted } else { Verdict::Stable };
        Ok(ColumnDrift { verdict, result: Some(result), rank: strength, ..column })
    }
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
