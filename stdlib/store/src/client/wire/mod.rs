//! MLflow's JSON and our model: protobuf's JSON, where absent means empty and whole numbers may be text.

mod logged;
mod registry;
mod run;
mod trace;

pub(super) use logged::{logged_model, status_name};
pub(super) use registry::{model_version, registered_model};
use run::metric_of_run;
pub(super) use run::{batch_parts, experiment, metric, run, run_info};
pub(super) use trace::{assessment, assessment_body, span, trace_body, trace_info};

use crate::model::{Param, Tag};
use serde_json::{Value, json};

/// A text, empty if absent.
pub(super) fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A text, if there is one that is not empty.
pub(super) fn optional(value: &Value, name: &str) -> Option<String> {
    Some(text(value, name)).filter(|text| !text.is_empty())
}

/// A whole number, 0 if absent.
pub(super) fn int(value: &Value, name: &str) -> i64 {
    optional_int(value, name).unwrap_or(0)
}

/// A whole number; protobuf's JSON writes some as text.
pub(super) fn optional_int(value: &Value, name: &str) -> Option<i64> {
    match value.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A number. MLflow's database turns the infinities into the largest numbers, as which they come back.
pub(super) fn float(value: &Value, name: &str) -> f64 {
    match value.get(name) {
        Some(Value::Number(number)) => number.as_f64().unwrap_or(f64::NAN),
        Some(Value::String(text)) => text.parse().unwrap_or(f64::NAN),
        _ => 0.0,
    }
}

/// A number as protobuf's JSON has it: NaN and the infinities are text.
pub(super) fn float_value(number: f64) -> Value {
    match () {
        () if number.is_nan() => json!("NaN"),
        () if number == f64::INFINITY => json!("Infinity"),
        () if number == f64::NEG_INFINITY => json!("-Infinity"),
        () => json!(number),
    }
}

/// The elements of a list, none if absent.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Tags, by name.
pub(super) fn tags(value: &Value, name: &str) -> Vec<Tag> {
    let mut tags: Vec<_> = list(value, name).map(|t| Tag { key: text(t, "key"), value: text(t, "value") }).collect();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    tags
}

/// Parameters, by name.
pub(super) fn params(value: &Value, name: &str) -> Vec<Param> {
    let found = list(value, name).map(|p| Param { key: text(p, "key"), value: text(p, "value") });
    let mut params: Vec<_> = found.collect();
    params.sort_by(|a, b| a.key.cmp(&b.key));
    params
}

/// Tags as MLflow wants them, cut to `limit` characters.
pub(super) fn tags_body(tags: &[Tag], limit: usize) -> Value {
    tags.iter().map(|t| json!({"key": t.key, "value": crate::validate::cut(&t.value, limit)})).collect()
}

/// Parameters as MLflow wants them, cut.
pub(super) fn params_body(params: &[Param]) -> Value {
    let cut = |text| crate::validate::cut(text, crate::validate::MAX_PARAM_VALUE);
    params.iter().map(|p| json!({"key": p.key, "value": cut(&p.value)})).collect()
}

/// Removes absent fields: protobuf does not know `null`.
pub(super) fn present(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_many_forms() {
        let value = json!({"a": 1, "b": "2", "c": "NaN", "d": "-Infinity", "f": 0.1});
        assert_eq!((int(&value, "a"), int(&value, "b"), int(&value, "z")), (1, 2, 0));
        assert!(float(&value, "c").is_nan());
        assert_eq!(float(&value, "d"), f64::NEG_INFINITY);
        assert_eq!((float(&value, "f"), float(&value, "z")), (0.1, 0.0));
        assert_eq!(float_value(f64::NEG_INFINITY), json!("-Infinity"));
    }
}
