//! Assessments between MLflow's table and its JSON.

use crate::api::clock::{parse_timestamp, timestamp};
use ironbook_store::Assessment;
use serde_json::{Map, Value, json};

/// The columns of [`Row`].
pub(super) const SELECT: &str = "SELECT assessment_id, name, assessment_type, value, error, created_timestamp,
    last_updated_timestamp, source_type, source_id, run_id, span_id, rationale, overrides, valid, assessment_metadata
    FROM assessments";

/// A row of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) error: Option<String>,
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) source_type: String,
    pub(super) source_id: Option<String>,
    pub(super) run: Option<String>,
    pub(super) span: Option<String>,
    pub(super) rationale: Option<String>,
    pub(super) overrides: Option<String>,
    pub(super) valid: bool,
    pub(super) metadata: Option<String>,
}

impl Row {
    /// Reads [`SELECT`].
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
        Ok(Row {
            id: row.get(0)?,
            name: row.get(1)?,
            kind: row.get(2)?,
            value: row.get(3)?,
            error: row.get(4)?,
            created: row.get(5)?,
            updated: row.get(6)?,
            source_type: row.get(7)?,
            source_id: row.get(8)?,
            run: row.get(9)?,
            span: row.get(10)?,
            rationale: row.get(11)?,
            overrides: row.get(12)?,
            valid: row.get(13)?,
            metadata: row.get(14)?,
        })
    }

    /// As MLflow's JSON has it.
    pub(super) fn assessment(&self, trace: &str) -> Assessment {
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| Value::from(text));
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                fields.insert(name.to_owned(), value);
            }
        };
        put("assessment_name", self.name.as_str().into());
        put("trace_id", trace.into());
        put("span_id", self.span.clone().into());
        put("rationale", self.rationale.clone().into());
        put("overrides", self.overrides.clone().into());
        put("valid", self.valid.into());
        put("create_time", timestamp(self.created).into());
        put("last_update_time", timestamp(self.updated).into());
        let mut source = json!({ "source_type": self.source_type });
        if let Some(id) = &self.source_id {
            source["source_id"] = id.as_str().into();
        }
        put("source", source);
        put("metadata", self.metadata.as_deref().map_or(Value::Null, parsed));
        let value = parsed(&self.value);
        match self.kind.as_str() {
            "feedback" => {
                let mut feedback = json!({ "value": value });
                if let Some(error) = &self.error {
                    feedback["error"] = parsed(error);
                }
                put("feedback", feedback);
            }
            "expectation" if value.is_array() || value.is_object() => {
                let text = Value::from(self.value.as_str());
                put(
                    "expectation",
                    json!({ "serialized_value": { "serialization_format": "JSON_FORMAT", "value": text } }),
                );
            }
            "expectation" => put("expectation", json!({ "value": value })),
            kind => put(kind, value),
        }
        Assessment { assessment_id: self.id.clone(), fields }
    }

    /// From MLflow's JSON; nothing where it says neither feedback nor expectation.
    pub(super) fn of(assessment: &Assessment) -> Option<Row> {
        let fields = &assessment.fields;
        let text =
            |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let time = |name: &str| text(name).and_then(|time| parse_timestamp(&time)).unwrap_or_default();
        let source =
            |name: &str| fields.get("source").and_then(|s| s.get(name)).and_then(Value::as_str).map(str::to_owned);
        let kind = ["feedback", "expectation", "issue"]
            .into_iter()
            .find(|kind| fields.get(*kind).is_some_and(|v| !v.is_null()))?;
        let inner = &fields[kind];
        let value = match (kind, inner.get("serialized_value")) {
            ("issue", _) => inner.to_string(),
            (_, Some(serialized)) => serialized.get("value").and_then(Value::as_str).unwrap_or("null").to_owned(),
            (_, None) => inner.get("value").unwrap_or(&Value::Null).to_string(),
        };
        let metadata = fields.get("metadata").filter(|m| m.as_object().is_some_and(|m| !m.is_empty()));
        Some(Row {
            id: assessment.assessment_id.clone(),
            name: text("assessment_name")?,
            kind: kind.to_owned(),
            value,
            error: inner.get("error").filter(|e| !e.is_null()).map(Value::to_string),
            created: time("create_time"),
            updated: time("last_update_time"),
            source_type: source("source_type").unwrap_or_else(|| "SOURCE_TYPE_UNSPECIFIED".to_owned()),
            source_id: source("source_id"),
            run: metadata
                .and_then(|m| m.get("mlflow.assessment.sourceRunId"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            span: text("span_id"),
            rationale: text("rationale"),
            overrides: text("overrides"),
            valid: fields.get("valid").and_then(Value::as_bool).unwrap_or(true),
            metadata: metadata.map(Value::to_string),
        })
    }

    /// The number that MLflow keeps beside a value, and whether the value itself is a number.
    pub(super) fn aggregate(&self) -> (Option<f64>, bool) {
        match serde_json::from_str::<Value>(&self.value) {
            Ok(Value::Bool(flag)) => (Some(f64::from(u8::from(flag))), false),
            Ok(Value::Number(number)) => (number.as_f64(), true),
            Ok(Value::String(word)) if word.eq_ignore_ascii_case("yes") => (Some(1.0), false),
            Ok(Value::String(word)) if word.eq_ignore_ascii_case("no") => (Some(0.0), false),
            _ => (None, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_json_and_rows_again() {
        let row = |kind: &str, value: &str| Row {
            id: "a-1".to_owned(),
            name: "helpful".to_owned(),
            kind: kind.to_owned(),
            value: value.to_owned(),
            created: 1_700_000_000_123,
            updated: 1_700_000_000_124,
            source_type: "HUMAN".to_owned(),
            source_id: Some("mira".to_owned()),
            span: Some("00ff".to_owned()),
            rationale: Some("It is.".to_owned()),
            valid: true,
            metadata: Some(r#"{"round":"2"}"#.to_owned()),
            ..Row::default()
        };
        for (kind, value) in
            [("feedback", "true"), ("feedback", r#"{"a":0.5}"#), ("expectation", "\"ß\""), ("expectation", "[\"a\",1]")]
        {
            let row = row(kind, value);
            assert_eq!(Row::of(&row.assessment("tr-1")).as_ref(), Some(&row), "{kind} {value}");
        }
        let list = row("expectation", "[1]").assessment("tr-1");
        assert_eq!(list.fields["expectation"]["serialized_value"]["value"], "[1]");
    }
}
