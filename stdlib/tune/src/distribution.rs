//! What a parameter may be: a range of numbers or a set of choices, as Optuna writes it into its database.

mod json;
mod range;

pub use range::{FloatRange, IntRange, Whole};

use crate::decimal;
use crate::error::{Result, TuneError};
use crate::value::ParamValue;
use std::fmt;

/// Whole numbers up to this have a float each; the database keeps all values as floats.
const LARGEST: i64 = 1 << 53;

/// What a parameter may be.
///
/// In the database, and for samplers, each value is one float: numbers as they are, a choice by its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Any number between two ends, both included.
    Float {
        /// Lower end.
        low: f64,
        /// Upper end; with a step the last value that steps reach.
        high: f64,
        /// Whether orders of magnitude matter rather than differences.
        log: bool,
        /// Distance between values, if not all are allowed.
        step: Option<f64>,
    },
    /// Whole numbers between two ends, both included.
    Int {
        /// Lower end.
        low: i64,
        /// Upper end; the last value that steps reach.
        high: i64,
        /// Whether orders of magnitude matter rather than differences.
        log: bool,
        /// Distance between values.
        step: i64,
    },
    /// One of these.
    Categorical {
        /// At least one.
        choices: Vec<ParamValue>,
    },
}

impl Distribution {
    /// Numbers from `low` to `high`.
    ///
    /// # Errors
    /// [`TuneError::EmptyRange`], [`TuneError::NotFinite`].
    pub fn float(name: &str, (low, high): (f64, f64)) -> Result<Self> {
        check_ends(name, low, high)?;
        Ok(Distribution::Float { low, high, log: false, step: None })
    }

    /// Numbers from `low` to `high`, by their orders of magnitude.
    ///
    /// # Errors
    /// As [`Distribution::float`]; [`TuneError::LogRange`] unless `low` is above 0.
    pub fn log_float(name: &str, (low, high): (f64, f64)) -> Result<Self> {
        check_ends(name, low, high)?;
        if low <= 0.0 {
            return Err(TuneError::LogRange { name: name.to_owned(), range: format!("{low:?}..={high:?}") });
        }
        Ok(Distribution::Float { low, high, log: true, step: None })
    }

    /// The numbers `low`, `low + step`, ... up to `high`.
    ///
    /// # Errors
    /// As [`Distribution::float`]; [`TuneError::Step`] unless `step` is above 0.
    pub fn float_step(name: &str, (low, high): (f64, f64), step: f64) -> Result<Self> {
        check_ends(name, low, high)?;
        if step.is_nan() || step <= 0.0 || step.is_infinite() {
            return Err(TuneError::Step { name: name.to_owned(), step: format!("{step:?}") });
        }
        Ok(Distribution::Float { low, high: decimal::last_step(low, high, step), log: false, step: Some(step) })
    }

    /// Whole numbers from `low` to `high`.
    ///
    /// # Errors
    /// [`TuneError::EmptyRange`]; [`TuneError::TooLarge`] beyond 2^53.
    pub fn int(name: &str, (low, high): (i64, i64)) -> Result<Self> {
        Distribution::int_step(name, (low, high), 1)
    }

    /// Whole numbers from `low` to `high`, by their orders of magnitude.
    ///
    /// # Errors
    /// As [`Distribution::int`]; [`TuneError::LogRange`] unless `low` is at least 1.
    pub fn log_int(name: &str, (low, high): (i64, i64)) -> Result<Self> {
        check_whole(name, low, high)?;
        if low < 1 {
            return Err(TuneError::LogRange { name: name.to_owned(), range: format!("{low}..={high}") });
        }
        Ok(Distribution::Int { low, high, log: true, step: 1 })
    }

    /// The whole numbers `low`, `low + step`, ... up to `high`.
    ///
    /// # Errors
    /// As [`Distribution::int`]; [`TuneError::Step`] unless `step` is above 0.
    pub fn int_step(name: &str, (low, high): (i64, i64), step: i64) -> Result<Self> {
        check_whole(name, low, high)?;
        if step <= 0 {
            return Err(TuneError::Step { name: name.to_owned(), step: step.to_string() });
        }
        Ok(Distribution::Int { low, high: low + (high - low) / step * step, log: false, step })
    }

    /// One of `choices`.
    ///
    /// # Errors
    /// [`TuneError::NoChoices`].
    pub fn categorical(name: &str, choices: Vec<ParamValue>) -> Result<Self> {
        if choices.is_empty() {
            return Err(TuneError::NoChoices { name: name.to_owned() });
        }
        Ok(Distribution::Categorical { choices })
    }

    /// Whether there is only one value.
    pub fn is_single(&self) -> bool {
        match self {
            Distribution::Float { low, high, step: None, .. } => low == high,
            Distribution::Float { low, high, step: Some(step), .. } => {
                low == high || decimal::is_single(*low, *high, *step)
            }
            Distribution::Int { low, high, log, step } => low == high || !log && high.saturating_sub(*low) < *step,
            Distribution::Categorical { choices } => choices.len() == 1,
        }
    }

    /// The first value, as a float.
    pub(crate) fn first(&self) -> f64 {
        match self {
            Distribution::Float { low, .. } => *low,
            Distribution::Int { low, .. } => *low as f64,
            Distribution::Categorical { .. } => 0.0,
        }
    }

    /// Whether the float stands for one of the values.
    pub fn contains(&self, value: f64) -> bool {
        match self {
            Distribution::Float { low, high, step: None, .. } => *low <= value && value <= *high,
            Distribution::Float { low, high, step: Some(step), .. } => {
                let steps = (value - low) / step;
                *low <= value && value <= *high && (steps - steps.round()).abs() < 1e-8
            }
            Distribution::Int { low, high, step, .. } => {
                let (low, high) = (*low as f64, *high as f64);
                low <= value && value <= high && (value - low) % (*step as f64) == 0.0
            }
            Distribution::Categorical { choices } => value >= 0.0 && (value as usize) < choices.len(),
        }
    }

    /// The value that a float stands for.
    pub fn value(&self, internal: f64) -> ParamValue {
        match self {
            Distribution::Float { .. } => ParamValue::Float(internal),
            Distribution::Int { .. } => ParamValue::Int(internal as i64),
            Distribution::Categorical { choices } => {
                choices.get(internal as usize).cloned().unwrap_or(ParamValue::Null)
            }
        }
    }

    /// The float that stands for a value; `None` if it is of the wrong kind, or no choice.
    pub fn internal(&self, value: &ParamValue) -> Option<f64> {
        match self {
            Distribution::Categorical { choices } => {
                choices.iter().position(|choice| choice.same(value)).map(|place| place as f64)
            }
            Distribution::Float { log, .. } | Distribution::Int { log, .. } => {
                value.as_f64().filter(|number| !number.is_nan() && (!log || *number > 0.0))
            }
        }
    }

    /// Whether a study may have both for one parameter: ranges of numbers may move, kind, scale and choices may not.
    pub fn is_compatible(&self, other: &Distribution) -> bool {
        match (self, other) {
            (Distribution::Float { log: a, .. }, Distribution::Float { log: b, .. })
            | (Distribution::Int { log: a, .. }, Distribution::Int { log: b, .. }) => a == b,
            (Distribution::Categorical { .. }, Distribution::Categorical { .. }) => self.is_same(other),
            _ => false,
        }
    }

    /// Equal as Optuna says: choices as Python compares them.
    pub(crate) fn is_same(&self, other: &Distribution) -> bool {
        match (self, other) {
            (Distribution::Categorical { choices: a }, Distribution::Categorical { choices: b }) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            _ => self == other,
        }
    }
}

/// As a user would write it.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = |log: &bool| if *log { "log " } else { "" };
        match self {
            Distribution::Float { low, high, log, step } => {
                write!(f, "{}float {low:?}..={high:?}", scale(log))?;
                step.map_or(Ok(()), |step| write!(f, " in steps of {step:?}"))
            }
            Distribution::Int { low, high, log, step } => {
                write!(f, "{}int {low}..={high}", scale(log))?;
                if *step == 1 { Ok(()) } else { write!(f, " in steps of {step}") }
            }
            Distribution::Categorical { choices } => {
                let names: Vec<String> = choices.iter().map(ParamValue::to_rust).collect();
                write!(f, "one of [{}]", names.join(", "))
            }
        }
    }
}

fn check_ends(name: &str, low: f64, high: f64) -> Result<()> {
    let range = || format!("{low:?}..={high:?}");
    if !low.is_finite() || !high.is_finite() || !(high - low).is_finite() {
        return Err(TuneError::NotFinite { name: name.to_owned(), range: range() });
    }
    if low > high {
        return Err(TuneError::EmptyRange { name: name.to_owned(), range: range() });
    }
    Ok(())
}

fn check_whole(name: &str, low: i64, high: i64) -> Result<()> {
    let range = || format!("{low}..={high}");
    if low > high {
        return Err(TuneError::EmptyRange { name: name.to_owned(), range: range() });
    }
    if low < -LARGEST || high > LARGEST {
        return Err(TuneError::TooLarge { name: name.to_owned(), range: range() });
    }
    Ok(())
}
