//! What MLflow 3.17 keeps of a trace in columns, and everybody else as tags and metadata.

use ironbook_store::TraceInfo;
use rusqlite::types::Value as Sql;
use serde_json::Value;

/// Tag with the name of a trace.
pub(super) const NAME: &str = "mlflow.traceName";
/// Metadata with its session.
const SESSION: &str = "mlflow.trace.session";
/// Metadata that became columns: its name, and its parts, whose names the columns have.
const GROUPS: [(&str, &[&str]); 2] = [
    (
        "mlflow.trace.tokenUsage",
        &[
            "input_tokens",
            "output_tokens",
            "total_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
            "cache_creation_input_tokens_above_1hr",
        ],
    ),
    ("mlflow.trace.cost", &["input_cost", "output_cost", "total_cost"]),
];

/// All the columns: name, session, and the parts of the groups.
pub(super) fn columns() -> impl Iterator<Item = &'static str> {
    ["trace_name", "session_id"].into_iter().chain(GROUPS.iter().flat_map(|(_, parts)| parts.iter().copied()))
}

/// Whether metadata of this name is in columns.
pub(super) fn is_promoted(key: &str) -> bool {
    key == SESSION || GROUPS.iter().any(|(name, _)| *name == key)
}

/// Puts what columns say where everybody else has it.
pub(super) fn restore(info: &mut TraceInfo, values: &[Sql]) {
    let (Some(name), Some(session)) = (values.first(), values.get(1)) else { return };
    if let Sql::Text(name) = name {
        set(&mut info.tags, NAME, name.clone());
    }
    if let Sql::Text(session) = session {
        set(&mut info.metadata, SESSION, session.clone());
    }
    let mut rest = values.iter().skip(2);
    for (group, parts) in GROUPS {
        // As Python writes it.
        let said: Vec<String> = parts
            .iter()
            .zip(&mut rest)
            .filter_map(|(part, value)| match value {
                Sql::Integer(whole) => Some(format!("\"{part}\": {whole}")),
                Sql::Real(fraction) => Some(format!("\"{part}\": {fraction:?}")),
                _ => None,
            })
            .collect();
        if !said.is_empty() {
            set(&mut info.metadata, group, format!("{{{}}}", said.join(", ")));
        }
    }
}

fn set(pairs: &mut Vec<(String, String)>, key: &str, value: String) {
    pairs.retain(|(other, _)| other != key);
    pairs.push((key.to_owned(), value));
    pairs.sort();
}

/// What the columns are to say, in their order.
pub(super) fn values(info: &TraceInfo) -> Vec<Sql> {
    let find =
        |pairs: &[(String, String)], name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone());
    let text = |found: Option<String>| found.map_or(Sql::Null, Sql::Text);
    let mut values = vec![text(find(&info.tags, NAME)), text(find(&info.metadata, SESSION))];
    for (group, parts) in GROUPS {
        let said: Value =
            find(&info.metadata, group).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let is_cost = group.ends_with("cost");
        values.extend(parts.iter().map(|part| {
            let number = said.get(*part);
            match (number.and_then(Value::as_i64), number.and_then(Value::as_f64)) {
                (Some(whole), _) if !is_cost => Sql::Integer(whole),
                (_, Some(fraction)) if is_cost => Sql::Real(fraction),
                _ => Sql::Null,
            }
        }));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_metadata_say_the_same() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let info = TraceInfo {
            tags: vec![pair(NAME, "answer"), pair("other", "x")],
            metadata: vec![
                pair("mlflow.trace.cost", "{\"total_cost\": 0.5}"),
                pair(SESSION, "s-1"),
                pair("mlflow.trace.tokenUsage", "{\"input_tokens\": 3, \"total_tokens\": 7}"),
            ],
            ..TraceInfo::default()
        };
        let values = values(&info);
        assert_eq!(values.len(), columns().count());
        let mut bare = TraceInfo { tags: vec![pair("other", "x")], ..TraceInfo::default() };
        restore(&mut bare, &values);
        assert_eq!(bare, info);
        assert!(info.metadata.iter().all(|(key, _)| is_promoted(key)));
    }
}
