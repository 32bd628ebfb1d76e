//! Which names, operators and values each subject of a search has: the tables of MLflow.

use super::ast::{Entity, Field, Op, Subject};

const NUMERIC: &[Op] = &[Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le];
const TEXT: &[Op] = &[Op::Eq, Op::Ne, Op::Like, Op::ILike];
const TEXT_OR_LIST: &[Op] = &[Op::Eq, Op::Ne, Op::Like, Op::ILike, Op::In, Op::NotIn];
const TEXT_OR_NULL: &[Op] = &[Op::Eq, Op::Ne, Op::Like, Op::ILike, Op::IsNull, Op::IsNotNull];
const ID: &[Op] = &[Op::Eq, Op::Ne, Op::In, Op::NotIn];
const SPOKEN: &[Op] = &[Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le, Op::Like, Op::ILike, Op::IsNull, Op::IsNotNull];

/// What a field can be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Quoted text.
    Text,
    /// Quoted text that is a whole number.
    Id,
    /// A number.
    Number,
    /// A whole number, in quotes or not.
    Integer,
    /// Numbers for `<` and its like, text otherwise.
    Either,
}

/// What the grammar says of a field.
pub(super) struct Rule {
    pub(super) ops: &'static [Op],
    pub(super) takes: Takes,
}

/// Words for the kinds of fields, as one may write them before the dot.
fn entities(subject: Subject) -> &'static [(&'static str, Entity)] {
    match subject {
        Subject::Runs => &[
            ("metric", Entity::Metric),
            ("metrics", Entity::Metric),
            ("param", Entity::Param),
            ("params", Entity::Param),
            ("parameter", Entity::Param),
            ("parameters", Entity::Param),
            ("tag", Entity::Tag),
            ("tags", Entity::Tag),
            ("attribute", Entity::Attribute),
            ("attributes", Entity::Attribute),
            ("attr", Entity::Attribute),
            ("run", Entity::Attribute),
            ("dataset", Entity::Dataset),
            ("datasets", Entity::Dataset),
        ],
        Subject::Experiments | Subject::RegisteredModels | Subject::ModelVersions => {
            &[("attribute", Entity::Attribute), ("tag", Entity::Tag), ("tags", Entity::Tag)]
        }
        Subject::LoggedModels => &[
            ("attributes", Entity::Attribute),
            ("metrics", Entity::Metric),
            ("params", Entity::Param),
            ("tags", Entity::Tag),
        ],
        Subject::Traces => &[
            ("attribute", Entity::Attribute),
            ("attributes", Entity::Attribute),
            ("trace", Entity::Attribute),
            ("tag", Entity::Tag),
            ("tags", Entity::Tag),
            ("metadata", Entity::Metadata),
            ("request_metadata", Entity::Metadata),
            ("span", Entity::Span),
            ("feedback", Entity::Feedback),
            ("expectation", Entity::Expectation),
            ("issue", Entity::Issue),
        ],
    }
}

/// The attributes that a filter may name.
fn attributes(subject: Subject) -> &'static [&'static str] {
    match subject {
        Subject::Runs => &["run_id", "run_name", "status", "start_time", "end_time", "user_id", "artifact_uri"],
        Subject::Experiments => &["name", "experiment_id", "creation_time", "last_update_time"],
        Subject::RegisteredModels => &["name"],
        Subject::ModelVersions => &["name", "version_number", "run_id", "source_path"],
        Subject::LoggedModels => &[
            "name",
            "model_id",
            "model_type",
            "status",
            "source_run_id",
            "experiment_id",
            "creation_timestamp",
            "last_updated_timestamp",
        ],
        Subject::Traces => &[
            "request_id",
            "timestamp_ms",
            "execution_time_ms",
            "end_time_ms",
            "status",
            "name",
            "run_id",
            "client_request_id",
            "text",
        ],
    }
}

/// The attributes that one may order by.
fn orderable(subject: Subject) -> &'static [&'static str] {
    match subject {
        Subject::RegisteredModels => &["name", "timestamp", "last_updated_timestamp"],
        Subject::ModelVersions => &["name", "version_number", "creation_timestamp", "last_updated_timestamp"],
        Subject::Traces => &[
            "timestamp_ms",
            "execution_time_ms",
            "end_time_ms",
            "status",
            "request_id",
            "experiment_id",
            "name",
            "run_id",
        ],
        other => attributes(other),
    }
}

/// Other words for attributes.
fn unalias(subject: Subject, key: &str) -> &str {
    match (subject, key) {
        (Subject::Runs, "created" | "Created") => "start_time",
        (Subject::Runs, "run name" | "Run name" | "Run Name") => "run_name",
        (Subject::Traces, "timestamp") => "timestamp_ms",
        (Subject::Traces, "execution_time") => "execution_time_ms",
        (Subject::Traces, "end_time") => "end_time_ms",
        (Subject::LoggedModels, "creation_time" | "creation_timestamp_ms") => "creation_timestamp",
        (Subject::LoggedModels, "last_updated_timestamp_ms") => "last_updated_timestamp",
        (_, key) => key,
    }
}

/// Why a name is none: what is wrong, and what would be right.
pub(super) type Unknown = (String, String);

/// The field of a name as it stands in a filter (`ordering`: in an order).
pub(super) fn field(subject: Subject, name: &str, ordering: bool) -> Result<Field, Unknown> {
    let (entity, key) = match split(name) {
        None => (Entity::Attribute, unquote(name)),
        Some((word, key)) => {
            let word = unquote(word);
            let words = entities(subject);
            let Some((_, entity)) = words.iter().find(|(known, _)| *known == word) else {
                return Err((format!("`{word}` is not a kind of field here"), one_of(words.iter().map(|(w, _)| *w))));
            };
            (*entity, unquote(key))
        }
    };
    let known = match entity {
        Entity::Attribute if ordering => orderable(subject),
        Entity::Attribute => attributes(subject),
        Entity::Dataset => &["name", "digest", "context"],
        Entity::Issue => &["id"],
        Entity::Span if key.strip_prefix("attributes.").is_none_or(str::is_empty) => {
            &["name", "type", "status", "content", "attributes.NAME"]
        }
        _ => &[],
    };
    let key = if entity == Entity::Attribute { unalias(subject, key) } else { key };
    if known.is_empty() && key.is_empty() {
        return Err((format!("`{name}` names nothing"), format!("write {}.NAME", entity.as_str())));
    }
    if !known.is_empty() && !known.contains(&key) {
        let kind = entity.as_str();
        return Err((format!("there is no {kind} `{key}` here"), one_of(known.iter().copied())));
    }
    Ok(Field { entity, key: key.to_owned() })
}

/// The word before the first dot and what follows, unless the whole is in backticks.
fn split(name: &str) -> Option<(&str, &str)> {
    if let Some(rest) = name.strip_prefix('`') {
        let end = rest.find('`')?;
        return rest[end + 1..].strip_prefix('.').map(|key| (&name[..end + 2], key));
    }
    name.split_once('.')
}

fn unquote(text: &str) -> &str {
    for quote in ['`', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

/// `use a, b or c`.
pub(super) fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    match words.split_last() {
        Some((last, [])) => format!("use {last}"),
        Some((last, first)) => format!("use {} or {last}", first.join(", ")),
        None => String::new(),
    }
}

/// What may stand after a field.
pub(super) fn rule(subject: Subject, field: &Field) -> Rule {
    let rule = |ops, takes| Rule { ops, takes };
    match (subject, field.entity, field.key.as_str()) {
        (_, Entity::Metric, _) => rule(NUMERIC, Takes::Number),
        (Subject::LoggedModels, Entity::Param | Entity::Tag, _) => rule(TEXT_OR_LIST, Takes::Text),
        (Subject::RegisteredModels | Subject::ModelVersions, Entity::Tag, _) => rule(TEXT, Takes::Text),
        (_, Entity::Param | Entity::Tag | Entity::Metadata, _) => rule(TEXT_OR_NULL, Takes::Text),
        (_, Entity::Dataset, _) => rule(TEXT_OR_LIST, Takes::Text),
        (_, Entity::Span, "content") => rule(&[Op::Like, Op::ILike], Takes::Text),
        (_, Entity::Span, key) if key.starts_with("attributes.") => rule(TEXT, Takes::Text),
        (_, Entity::Span, _) => rule(TEXT_OR_LIST, Takes::Text),
        (_, Entity::Feedback | Entity::Expectation, _) => rule(SPOKEN, Takes::Either),
        (_, Entity::Issue, _) => rule(&[Op::Eq], Takes::Text),
        (Subject::Runs, Entity::Attribute, "start_time" | "end_time") => rule(NUMERIC, Takes::Number),
        (Subject::Runs, Entity::Attribute, "run_id") => rule(TEXT_OR_LIST, Takes::Text),
        (Subject::RegisteredModels, Entity::Attribute, "name") => rule(TEXT_OR_LIST, Takes::Text),
        (Subject::Experiments, Entity::Attribute, "experiment_id") => rule(ID, Takes::Id),
        (Subject::Experiments, Entity::Attribute, "creation_time" | "last_update_time") => {
            rule(NUMERIC, Takes::Integer)
        }
        (Subject::ModelVersions, Entity::Attribute, "version_number") => rule(NUMERIC, Takes::Integer),
        (Subject::ModelVersions, Entity::Attribute, "name" | "run_id") => rule(TEXT_OR_LIST, Takes::Text),
        (Subject::LoggedModels, Entity::Attribute, "creation_timestamp" | "last_updated_timestamp") => {
            rule(NUMERIC, Takes::Number)
        }
        (Subject::LoggedModels, Entity::Attribute, "experiment_id") => rule(ID, Takes::Id),
        (Subject::LoggedModels, Entity::Attribute, _) => rule(TEXT_OR_LIST, Takes::Text),
        (Subject::Traces, Entity::Attribute, "timestamp_ms" | "execution_time_ms" | "end_time_ms") => {
            rule(NUMERIC, Takes::Number)
        }
        (Subject::Traces, Entity::Attribute, "text") => rule(&[Op::Like, Op::ILike], Takes::Text),
        (Subject::Traces, Entity::Attribute, _) => rule(TEXT_OR_LIST, Takes::Text),
        (_, Entity::Attribute, _) => rule(TEXT, Takes::Text),
    }
}
