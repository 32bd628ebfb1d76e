//! What came of holding a table against expectations.

use crate::cells::grouped;
use crate::error::DataError;
use ironbook_core::inspect::Inspect;
use ironbook_core::table::Table;
use ironbook_core::{Bundle, Display};
use serde::{Deserialize, Serialize};

/// Which expectations hold of a table, and what stands against the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Rows of the table.
    pub rows: usize,
    /// Whether all expectations hold.
    pub passed: bool,
    /// Each expectation with what was found, in the order in which they were given.
    pub checks: Vec<ValidationCheck>,
}

/// One expectation of a [`Validation`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidationCheck {
    /// Its column, or several separated by commas; empty for one about the table.
    pub column: String,
    /// What was expected, in words.
    pub expected: String,
    /// What was found, in words.
    pub found: String,
    /// Rows that are against it, for an expectation about rows.
    pub violations: Option<usize>,
    /// The first five of them.
    pub offenders: Vec<Offender>,
    /// Whether it holds.
    pub passed: bool,
}

/// A row that is against an expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offender {
    /// Its number, from 0.
    pub row: usize,
    /// The value, as tables show it.
    pub value: String,
}

impl Validation {
    /// The expectations that do not hold.
    pub fn failed(&self) -> impl Iterator<Item = &ValidationCheck> {
        self.checks.iter().filter(|check| !check.passed)
    }

    /// The validation itself if all holds, otherwise an error that says what does not: for `?` in a pipeline.
    ///
    /// # Errors
    /// [`DataError::Unexpected`].
    pub fn require(self) -> Result<Validation, DataError> {
        if self.passed {
            return Ok(self);
        }
        let reasons = self.failed().map(ValidationCheck::reason).collect();
        Err(DataError::Unexpected { expectations: self.checks.len(), reasons })
    }
}

/// Characters of a value in a message.
const CHARACTERS: usize = 40;

impl ValidationCheck {
    fn reason(&self) -> String {
        let found = match self.column.as_str() {
            "" => format!("{}: {}", self.expected, self.found),
            column => format!("{column} {}: {}", self.expected, self.found),
        };
        match self.offenders.is_empty() {
            true => found,
            false => format!("{found} ({})", self.first()),
        }
    }

    /// `null in row 3, null in row 7`.
    fn first(&self) -> String {
        let short = |value: &str| match value.char_indices().nth(CHARACTERS) {
            Some((at, _)) => format!("{}..", &value[..at]),
            None => value.to_owned(),
        };
        let one = |offender: &Offender| format!("{} in row {}", short(&offender.value), offender.row);
        let more = self.violations.is_some_and(|count| count > self.offenders.len());
        self.offenders.iter().map(one).collect::<Vec<_>>().join(", ") + if more { ", .." } else { "" }
    }
}

impl Display for Validation {
    fn bundle(&self) -> Bundle {
        let title =
            format!("Validation of {} rows: {}", grouped(self.rows), if self.passed { "passed" } else { "not passed" });
        let mut table = Table::new(title, &["column", "expected", "found", "first values against it", "holds"]);
        for check in &self.checks {
            let holds = if check.passed { "yes" } else { "no" }.to_owned();
            table.row([check.column.clone(), check.expected.clone(), check.found.clone(), check.first(), holds]);
        }
        table.bundle()
    }
}

impl Inspect for Validation {
    fn shape(&self) -> Option<String> {
        let holding = self.checks.iter().filter(|check| check.passed).count();
        Some(format!("{holding} of {} hold", self.checks.len()))
    }
}

/// A share as per cent.
pub(super) fn share(share: f64) -> String {
    format!("{}%", ironbook_core::table::number(100.0 * share))
}
