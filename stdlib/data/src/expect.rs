//! What a table has to be like before it is worked with: columns, missing values, ranges, sets, patterns.

mod bounds;
mod member;
mod rules;
mod validation;

pub use member::Member;
pub use validation::{Offender, Validation, ValidationCheck};

use crate::error::DataError;
use bounds::Bounds;
use polars::prelude::{DataFrame, DataType};
use rules::{Expectation, Rule};
use serde::{Deserialize, Serialize};
use std::ops::RangeBounds;

/// Says what a frame has to be like; [`check`](Expectations::check) then looks.
///
/// ```
/// # use polars::prelude::*;
/// use ironbook_data::expect;
///
/// let flights = df!["origin" => ["EWR", "JFK", "XXX"], "distance" => [Some(1400), None, Some(-5)]]?;
/// let validation = expect(&flights)
///     .row_count(1..)
///     .one_of("origin", ["EWR", "JFK", "LGA"])
///     .in_range("distance", 0..=5000)
///     .max_missing("distance", 0.4)
///     .check()?;
/// assert_eq!(validation.failed().map(|check| check.column.as_str()).collect::<Vec<_>>(), ["origin", "distance"]);
/// assert!(validation.require().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn expect(df: &DataFrame) -> Expectations<&DataFrame> {
    Expectations { of: df, list: Vec::new() }
}

/// What is expected of a table: of a given one ([`expect`]), or of any ([`Expectations::new`], for data to come).
///
/// | expectation | holds when | in Great Expectations | in pandera |
/// |---|---|---|---|
/// | [`columns`](Self::columns) | all of these are there | `expect_column_to_exist` | `Column` |
/// | [`only_columns`](Self::only_columns) | these and no others are there, in any order | `expect_table_columns_to_match_set` | `strict=True` |
/// | [`of_type`](Self::of_type) | the column has this type | `expect_column_values_to_be_of_type` | `Column(dtype)` |
/// | [`row_count`](Self::row_count) | the number of rows is in a range | `expect_table_row_count_to_be_between` | |
/// | [`not_null`](Self::not_null) | no value is missing | `expect_column_values_to_not_be_null` | `nullable=False` |
/// | [`max_missing`](Self::max_missing) | at most this share of the values is missing | the same with `mostly` | |
/// | [`unique`](Self::unique), [`unique_together`](Self::unique_together) | no value (no combination) is there twice | `expect_column_values_to_be_unique`, `expect_compound_columns_to_be_unique` | `unique` |
/// | [`in_range`](Self::in_range) | each number is in a range | `expect_column_values_to_be_between` | `Check.in_range` |
/// | [`one_of`](Self::one_of) | each value is one of these | `expect_column_values_to_be_in_set` | `Check.isin` |
/// | [`matches`](Self::matches) | each text has a part that fits a pattern | `expect_column_values_to_match_regex` | `Check.str_contains` |
/// | [`mean_in`](Self::mean_in) | the mean is in a range | `expect_column_mean_to_be_between` | |
///
/// Null and NaN are missing; all expectations but the first two about them leave missing values out. Of a table without
/// rows everything holds that is said of rows: ask for a [`row_count`](Self::row_count) as well.
///
/// ```
/// # use polars::prelude::*;
/// use ironbook_data::Expectations;
///
/// let expected = Expectations::new().columns(["age", "country"]).not_null("age").mean_in("age", 18.0..=80.0);
/// let validation = expected.check(&df!["age" => [31, 45], "country" => ["at", "ua"]]?)?.require()?;
/// assert!(validation.passed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Expectations<F = ()> {
    of: F,
    list: Vec<Expectation>,
}

impl Expectations {
    /// Nothing is expected yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds a frame against the expectations.
    ///
    /// # Errors
    /// [`DataError::NoExpectations`]; [`DataError::Expectation`] for one that makes no sense (a pattern that is none, a
    /// range with NaN); [`DataError::Interrupted`]. What does not hold is no error here: see [`Validation::require`].
    pub fn check(&self, df: &DataFrame) -> Result<Validation, DataError> {
        rules::check(&self.list, df)
    }
}

impl Expectations<&DataFrame> {
    /// Holds the frame against the expectations.
    ///
    /// # Errors
    /// [`DataError::NoExpectations`]; [`DataError::Expectation`] for one that makes no sense (a pattern that is none, a
    /// range with NaN); [`DataError::Interrupted`]. What does not hold is no error here: see [`Validation::require`].
    pub fn check(&self) -> Result<Validation, DataError> {
        rules::check(&self.list, self.of)
    }
}

impl<F> Expectations<F> {
    fn and(mut self, columns: Vec<String>, rule: Rule) -> Self {
        self.list.push(Expectation { columns, rule });
        self
    }

    /// All of these columns are there; there may be others.
    #[must_use]
    pub fn columns(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.and(names.into_iter().map(Into::into).collect(), Rule::Columns)
    }

    /// These columns are there, in any order, and no others.
    #[must_use]
    pub fn only_columns(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.and(names.into_iter().map(Into::into).collect(), Rule::OnlyColumns)
    }

    /// The column is of this type.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "DataType::Int64 reads better in a cell than a reference to it")]
    pub fn of_type(self, column: impl Into<String>, dtype: DataType) -> Self {
        self.and(vec![column.into()], Rule::OfType(dtype.to_string()))
    }

    /// The number of rows is in this range: `1000..`, `1..=500`.
    #[must_use]
    pub fn row_count(self, range: impl RangeBounds<usize>) -> Self {
        self.and(Vec::new(), Rule::RowCount(Bounds::of(&range, |&rows| rows as f64)))
    }

    /// No value of the column is missing.
    #[must_use]
    pub fn not_null(self, column: impl Into<String>) -> Self {
        self.and(vec![column.into()], Rule::NotNull)
    }

    /// At most this share of the column's values (0 to 1) is missing.
    #[must_use]
    pub fn max_missing(self, column: impl Into<String>, share: f64) -> Self {
        self.and(vec![column.into()], Rule::MaxMissing(share))
    }

    /// No value of the column is there twice. All rows of a repeated value count, the first one too.
    #[must_use]
    pub fn unique(self, column: impl Into<String>) -> Self {
        self.and(vec![column.into()], Rule::Unique)
    }

    /// No combination of values of these columns is there twice; rows in which all of them are missing are left out.
    #[must_use]
    pub fn unique_together(self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.and(columns.into_iter().map(Into::into).collect(), Rule::Unique)
    }

    /// Each number of the column is in this range: `0..=5000`, `0.0..1.0`, `..=100`.
    #[must_use]
    pub fn in_range<N: Copy + Into<f64>>(self, column: impl Into<String>, range: impl RangeBounds<N>) -> Self {
        self.and(vec![column.into()], Rule::InRange(Bounds::of(&range, |&end| end.into())))
    }

    /// Each value of the column is one of these: texts, numbers or booleans.
    #[must_use]
    pub fn one_of(self, column: impl Into<String>, values: impl IntoIterator<Item = impl Into<Member>>) -> Self {
        self.and(vec![column.into()], Rule::OneOf(values.into_iter().map(Into::into).collect()))
    }

    /// Each text of the column has a part that fits this regular expression (`^` and `$` stand for its ends).
    #[must_use]
    pub fn matches(self, column: impl Into<String>, pattern: impl Into<String>) -> Self {
        self.and(vec![column.into()], Rule::Matches(pattern.into()))
    }

    /// The mean of the column's numbers is in this range; it is in none where all are missing.
    #[must_use]
    pub fn mean_in<N: Copy + Into<f64>>(self, column: impl Into<String>, range: impl RangeBounds<N>) -> Self {
        self.and(vec![column.into()], Rule::MeanIn(Bounds::of(&range, |&end| end.into())))
    }
}
