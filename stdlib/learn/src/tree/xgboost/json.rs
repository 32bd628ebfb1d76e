//! JSON values together with their place in the file, for errors that say where.

use super::broken;
use crate::error::LearnError;
use serde_json::Value;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    pub(super) place: String,
}

impl<'a> At<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        At { value, place: String::new() }
    }

    /// The member of an object, if it is there.
    pub(super) fn find(&self, key: &str) -> Option<At<'a>> {
        let place = if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) };
        self.value.get(key).map(|value| At { value, place })
    }

    pub(super) fn get(&self, key: &str) -> Result<At<'a>, LearnError> {
        self.find(key).ok_or_else(|| match self.place.as_str() {
            "" => broken(format!("it has no \"{key}\"")),
            place => broken(format!("{place} has no \"{key}\"")),
        })
    }

    pub(super) fn wrong(&self, expected: &str) -> LearnError {
        let text = self.value.to_string();
        let short: String = text.chars().take(40).collect();
        let dots = if short.len() < text.len() { ".." } else { "" };
        broken(format!("{} is {short}{dots}, not {expected}", self.place))
    }

    pub(super) fn text(&self) -> Result<&'a str, LearnError> {
        self.value.as_str().ok_or_else(|| self.wrong("a text"))
    }

    /// A whole number, also one in quotes, as XGBoost writes its parameters.
    pub(super) fn count(&self) -> Result<usize, LearnError> {
        let number = match self.value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_u64().and_then(|n| usize::try_from(n).ok()),
        };
        number.ok_or_else(|| self.wrong("a whole number"))
    }

    pub(super) fn items(&self) -> Result<impl Iterator<Item = At<'a>> + use<'a>, LearnError> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let place = self.place.clone();
        Ok(list.iter().enumerate().map(move |(i, value)| At { value, place: format!("{place}[{i}]") }))
    }

    /// The numbers of a list; `what` is how each is read.
    pub(super) fn numbers<T>(&self, what: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, LearnError> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let number = |(i, value): (usize, &'a Value)| {
            what(value).ok_or_else(|| At { value, place: format!("{}[{i}]", self.place) }.wrong("a number in range"))
        };
        list.iter().enumerate().map(number).collect()
    }
}

/// A whole number from -1 on.
pub(super) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().filter(|n| (-1..=i64::from(u32::MAX)).contains(n))
}

pub(super) fn natural(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|n| u32::try_from(n).ok())
}

pub(super) fn float(value: &Value) -> Option<f64> {
    value.as_f64().filter(|x| x.is_finite())
}

pub(super) fn float_or_nan(value: &Value) -> Option<f64> {
    if value.is_null() { Some(f64::NAN) } else { float(value) }
}

/// `true`, `false`, 1 or 0.
pub(super) fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_u64().filter(|n| *n < 2).map(|n| n == 1))
}
