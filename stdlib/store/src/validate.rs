//! MLflow's rules for names and lengths, so that whatever is logged here is accepted there.

use crate::error::{Error, Result};
use crate::model::{Batch, DatasetInput, Metric, Tag};
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

/// Longest value of a tag of an experiment, in characters.
pub const MAX_EXPERIMENT_TAG_VALUE: usize = 20_000;
/// Longest value of a tag of the registry, in characters.
pub const MAX_REGISTRY_TAG_VALUE: usize = 100_000;

/// Refuses a text of more than `limit` characters.
pub fn at_most(what: &'static str, text: &str, limit: usize) -> Result<()> {
    // No text has more characters than bytes.
    if text.len() <= limit {
        return Ok(());
    }
    let length = text.chars().count();
    if length > limit { Err(Error::TooLong { what, length, limit }) } else { Ok(()) }
}

/// Checks tags whose values may not be cut.
pub fn tags(tags: &[Tag], limit: usize) -> Result<()> {
    tags.iter().try_for_each(|tag| {
        key("tag", &tag.key)?;
        at_most("value of a tag", &tag.value, limit)
    })
}

/// Checks the name of a registered model: not empty, without `/` and `:`, no `.` or `..`.
pub fn registered_name(name: &str) -> Result<()> {
    if name.trim().is_empty() || name.contains(['/', ':']) || name == "." || name.starts_with("..") {
        let expected = "give it at least one letter, no `/` and no `:`";
        return Err(Error::InvalidValue { what: "name of a registered model", value: name.to_owned(), expected });
    }
    at_most("name of a registered model", name, 256)
}

/// Checks the name of a logged model: not empty, without `/ : . % " '`.
pub fn model_name(name: &str) -> Result<()> {
    if name.is_empty() || name.contains(['/', ':', '.', '%', '"', '\'']) {
        let expected = "give it at least one letter, and none of `/ : . % \" '`";
        return Err(Error::InvalidValue { what: "name of a model", value: name.to_owned(), expected });
    }
    at_most("name of a model", name, 500)
}

/// Checks the form of an alias.
pub fn alias(alias: &str) -> Result<()> {
    if alias.is_empty() || !alias.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        let expected = "use letters, digits, `_` and `-`";
        return Err(Error::InvalidValue { what: "alias", value: alias.to_owned(), expected });
    }
    at_most("alias", alias, 255)
}

/// Checks an alias that is to be set: not `latest`, not `v1`, `v2`, ...
pub fn new_alias(name: &str) -> Result<()> {
    alias(name)?;
    let number = name.strip_prefix(['v', 'V']).is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_numeric()));
    if number || name.eq_ignore_ascii_case("latest") {
        let expected = "`latest`, `v1`, `v2`, ... have a meaning already: choose another";
        return Err(Error::InvalidValue { what: "alias", value: name.to_owned(), expected });
    }
    Ok(())
}

/// Checks data as the input of a run.
pub fn dataset_input(input: &DatasetInput) -> Result<()> {
    let data = &input.dataset;
    for (what, text, limit) in [
        ("name of a dataset", Some(&data.name), 500),
        ("digest of a dataset", Some(&data.digest), 36),
        ("source of a dataset", Some(&data.source), 65_535),
        ("schema of a dataset", data.schema.as_ref(), 1_048_575),
        ("profile of a dataset", data.profile.as_ref(), 16_777_215),
    ] {
        text.map_or(Ok(()), |text| at_most(what, text, limit))?;
    }
    for tag in &input.tags {
        at_most("name of an input's tag", &tag.key, 255)?;
        at_most("value of an input's tag", &tag.value, 500)?;
    }
    if data.name.is_empty() || data.digest.is_empty() {
        let expected = "it needs a name and a digest";
        return Err(Error::InvalidValue { what: "dataset", value: data.name.clone(), expected });
    }
    Ok(())
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
    use crate::model::Dataset;

    #[test]
    fn keys_follow_mlflow() {
        let reference = include_str!("../tests/reference/names.json");
        let names: Vec<(String, bool)> = serde_json::from_str(reference).unwrap();
        for (name, accepted) in names {
            assert_eq!(key("metric", &name).is_ok(), accepted, "{name:?}");
        }
    }

    #[test]
    fn names_and_lengths_follow_mlflow() {
        type Check = fn(&str) -> Result<()>;
        let reference: serde_json::Value = serde_json::from_str(include_str!("../tests/reference/rules.json")).unwrap();
        let kinds: [(&str, Check); 3] = [("registered", registered_name), ("alias", new_alias), ("model", model_name)];
        for (kind, check) in kinds {
            for case in reference[kind].as_array().unwrap() {
                let name = case[0].as_str().unwrap();
                assert_eq!(check(name).is_ok(), case[1].as_bool().unwrap(), "{kind} {name:?}");
            }
        }
        let input = |change: fn(&mut DatasetInput, String)| {
            move |text: String| {
                let dataset = Dataset { name: "n".to_owned(), digest: "d".to_owned(), ..Dataset::default() };
                let mut input = DatasetInput { tags: vec![Tag::new("k", "v")], dataset };
                change(&mut input, text);
                dataset_input(&input)
            }
        };
        let check = |what: &str, text: String| match what {
            "dataset name" => input(|i, text| i.dataset.name = text)(text),
            "dataset digest" => input(|i, text| i.dataset.digest = text)(text),
            "dataset source" => input(|i, text| i.dataset.source = text)(text),
            "input tag key" => input(|i, text| i.tags[0].key = text)(text),
            "input tag value" => input(|i, text| i.tags[0].value = text)(text),
            "experiment name" => experiment_name(&text),
            "experiment tag" => tags(&[Tag::new("k", text)], MAX_EXPERIMENT_TAG_VALUE),
            "registry tag" => tags(&[Tag::new("k", text)], MAX_REGISTRY_TAG_VALUE),
            "key" => key("tag", &text),
            other => panic!("{other}"),
        };
        for case in reference["lengths"].as_array().unwrap() {
            let (what, length) = (case[0].as_str().unwrap(), case[1].as_u64().unwrap() as usize);
            assert_eq!(check(what, "x".repeat(length)).is_ok(), case[2].as_bool().unwrap(), "{what} of {length}");
        }
    }

    #[test]
    fn cutting_counts_characters() {
        assert_eq!(cut("äöü", 2), "äö");
        assert_eq!(cut("abc", 3), "abc");
    }
}
