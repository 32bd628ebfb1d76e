//! Values that come round again, as points on a circle.

use crate::error::FeatureError;
use crate::working::{Column, Working};
use ironbook_data::Kind;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

const STEP: &str = "cyclical";
const DAY: f64 = 86_400.0;

/// After what a value comes round again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cycle {
    /// A number: 24 for hours; for a column of times it is in seconds.
    Every(f64),
    /// The hour of a time (0 to 23, minutes left out), 24 to a round.
    Hour,
    /// The weekday of a time (Monday 0 to Sunday 6), 7 to a round.
    Weekday,
    /// The month of a time (January 0 to December 11), 12 to a round.
    Month,
}

/// One cycle or several, from `24.0`, `Cycle::Hour` or `[Cycle::Hour, Cycle::Weekday]`; several periods of one column
/// stand in the names of what they make (`<column>_24_sin`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cycles(pub(crate) Vec<Cycle>);

impl From<f64> for Cycles {
    fn from(period: f64) -> Self {
        Cycles(vec![Cycle::Every(period)])
    }
}

impl From<Cycle> for Cycles {
    fn from(cycle: Cycle) -> Self {
        Cycles(vec![cycle])
    }
}

impl<const N: usize> From<[Cycle; N]> for Cycles {
    fn from(cycles: [Cycle; N]) -> Self {
        Cycles(cycles.into())
    }
}

impl Cycle {
    /// Where a value stands in the round, and how long the round is.
    fn phase(self, value: f64) -> (f64, f64) {
        match self {
            Cycle::Every(period) => (value, period),
            Cycle::Hour => ((value.rem_euclid(DAY) / 3600.0).floor(), 24.0),
            // 1970-01-01 was a Thursday.
            Cycle::Weekday => (((value / DAY).floor() + 3.0).rem_euclid(7.0), 7.0),
            Cycle::Month => (month((value / DAY).floor()), 12.0),
        }
    }

    /// What stands between the column's name and `_sin`.
    fn suffix(self, among: &[Cycle]) -> String {
        match self {
            Cycle::Every(period) if among.iter().filter(|c| matches!(c, Cycle::Every(_))).count() > 1 => {
                format!("_{period}")
            }
            Cycle::Every(_) => String::new(),
            Cycle::Hour => "_hour".to_owned(),
            Cycle::Weekday => "_weekday".to_owned(),
            Cycle::Month => "_month".to_owned(),
        }
    }
}

/// The month, from 0, of a number of days since 1970-01-01.
///
/// Counted in years that begin in March, where the lengths of the months follow one line (as in H. Hinnant's
/// `civil_from_days`, "chrono-Compatible Low-Level Date Algorithms", 2014).
fn month(days: f64) -> f64 {
    let of_era = (days + 719_468.0).rem_euclid(146_097.0);
    let year = ((of_era - (of_era / 1460.0).floor() + (of_era / 36_524.0).floor() - (of_era / 146_096.0).floor())
        / 365.0)
        .floor();
    let of_year = of_era - (365.0 * year + (year / 4.0).floor() - (year / 100.0).floor());
    let from_march = ((5.0 * of_year + 2.0) / 153.0).floor();
    (from_march + 2.0).rem_euclid(12.0)
}

/// Sine and cosine of a column, in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cyclical {
    pub(crate) column: String,
    pub(crate) cycles: Cycles,
}

impl Cyclical {
    pub(crate) fn fit(&self, working: &Working<'_>) -> Result<Self, FeatureError> {
        let refuse =
            |value: String, expected| Err(FeatureError::Parameter { step: STEP, name: "period", value, expected });
        let column = &working.columns[working.position(&self.column, STEP)?];
        if self.cycles.0.is_empty() {
            return refuse("no cycle".to_owned(), "at least one, for instance Cycle::Hour");
        }
        for cycle in &self.cycles.0 {
            match cycle {
                Cycle::Every(period) if !period.is_finite() || *period <= 0.0 => {
                    return refuse(period.to_string(), "a positive number, for instance 24.0 for hours");
                }
                Cycle::Every(_) => column.refuse_text(STEP)?,
                _ => must_be_time(column)?,
            }
        }
        Ok(self.clone())
    }

    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        let at = working.position(&self.column, STEP)?;
        let column = &working.columns[at];
        column.refuse_text(STEP)?;
        column.refuse_infinite(STEP)?;
        let mut made = Vec::new();
        for cycle in &self.cycles.0 {
            let angle = |value: &f64| {
                let (phase, period) = cycle.phase(*value);
                TAU * (phase / period)
            };
            let name = |which: &str| format!("{}{}_{which}", self.column, cycle.suffix(&self.cycles.0));
            made.push(Column::numbers(name("sin"), column.values.iter().map(|x| angle(x).sin()).collect()));
            made.push(Column::numbers(name("cos"), column.values.iter().map(|x| angle(x).cos()).collect()));
        }
        working.replace(at, made, STEP)
    }
}

fn must_be_time(column: &Column<'_>) -> Result<(), FeatureError> {
    if column.kind == Kind::Time {
        return Ok(());
    }
    let needs = "hours, weekdays and months are taken of times: for numbers give the period, for instance 24.0";
    Err(FeatureError::WrongKind { column: column.name.clone(), found: column.kind.to_string(), step: STEP, needs })
}

#[cfg(test)]
mod tests {
    use super::month;

    #[test]
    fn months_of_every_day_of_four_centuries() {
        let mut day = -134_774.0; // 1601-01-01
        for year in 1601..2001_u32 {
            let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
            let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (expected, length) in lengths.into_iter().enumerate() {
                for _ in 0..length {
                    assert_eq!(month(day), expected as f64, "day {day} of {year}");
                    day += 1.0;
                }
            }
        }
        assert_eq!(day, 11_323.0, "2001-01-01 in days since 1970");
    }
}
