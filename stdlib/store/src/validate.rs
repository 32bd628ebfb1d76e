//! MLflow's rules for names and lengths, so that whatever is logged here is accepted there.

use crate::error::{Error, Result};
use crate::model::{Batch, Metric};
use std::borrow::Cow;
use std::collections::HashSet;

/// Longest name of a parameter, metric or tag, in characters.
pub const MAX_KEY: usize = 250;
/// Values of parameters are cut to so many characters.
pub const MAX_PARAM_VALUE: usize = 6000;
/// Values of tags are cut to so many characters.
pub const MAX_TAG_VALUE: usize = 8000;
/// Longest name of an experiment, in characters.
pub const MAX_EXPERIMENT_NAME: usize = 500;

/// Checks the name of a parameter, metric or tag (`what`, for the message): `^[/\w.\- :]*$` with Unicode's word
/// characters, at most [`MAX_KEY`] characters, and a path that is its own normal form.
///
/// Rust counts some vowel signs (of Devanagari, for instance) as letters that Python does not: these pass here.
pub fn key(what: &'static str, name: &str) -> Result<()> {
    let length = name.chars().count();
    if length > MAX_KEY {
        return Err(Error::TooLong { what, length, limit: MAX_KEY });
    }
    let allowed = |c: char| c.is_alphanumeric() || "_/.- :".contains(c);
    if name.chars().all(allowed) && is_normal_path(name) {
        Ok(())
    } else {
        Err(Error::InvalidName { what, name: name.to_owned() })
    }
}

fn is_normal_path(name: &str) -> bool {
    // MLflow compares with `posixpath.normpath`, then refuses what begins with `..` or `/`.
    !name.starts_with("..") && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Checks the name of an experiment: not empty, at most [`MAX_EXPERIMENT_NAME`] characters.
pub fn experiment_name(name: &str) -> Result<()> {
    let length = name.chars().count();
    if length > MAX_EXPERIMENT_NAME {
        return Err(Error::TooLong { what: "name of an experiment", length, limit: MAX_EXPERIMENT_NAME });
    }
    if name.trim().is_empty() {
        return Err(Error::InvalidValue {
            what: "name of an experiment",
            value: name.to_owned(),
            expected: "give it at least one letter",
        });
    }
    Ok(())
}

/// Checks the id of a run: 32 hexadecimal digits, lower case.
pub fn run_id(id: &str) -> Result<()> {
    if id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        Ok(())
    } else {
        Err(Error::NotFound { what: "run", name: id.to_owned() })
    }
}

/// Checks everything of a batch that can be checked without the store.
pub fn batch(batch: &Batch<'_>) -> Result<()> {
    let mut last = None;
    for Metric { key: name, timestamp, .. } in batch.metrics {
        // A batch is often a long history of one metric.
        if last != Some(name) {
            key("metric", name)?;
            last = Some(name);
        }
        self::timestamp(*timestamp)?;
    }
    let mut seen = HashSet::new();
    for param in batch.params {
        key("parameter", &param.key)?;
        if !seen.insert(&param.key) {
            return Err(Error::DuplicateParam { key: param.key.clone() });
        }
    }
    batch.tags.iter().try_for_each(|tag| key("tag", &tag.key))
}

/// Checks a time: not negative.
pub fn timestamp(ms: i64) -> Result<()> {
    if ms >= 0 {
        return Ok(());
    }
    let expected = "give milliseconds since 1970, not negative";
    Err(Error::InvalidValue { what: "timestamp", value: ms.to_string(), expected })
}

/// Cuts a text to at most `limit` characters.
pub fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some((at, _)) => Cow::Owned(text[..at].to_owned()),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_mlflow() {
        let reference = include_str!("../tests/reference/names.json");
        let names: Vec<(String, bool)> = serde_json::from_str(reference).unwrap();
        for (name, accepted) in names {
            assert_eq!(key("metric", &name).is_ok(), accepted, "{name:?}");
        }
    }

    #[test]
    fn cutting_counts_characters() {
        assert_eq!(cut("äöü", 2), "äö");
        assert_eq!(cut("abc", 3), "abc");
    }
}
