//! The published JSON Schema has the fields of the definition, and no others.

use crate::support::full;
use serde_json::Value;
use std::collections::BTreeSet;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../schema/pipeline-1.json")).unwrap()
}

/// The part of the schema that a reference names.
fn followed<'a>(schema: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(path) => schema.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path} is not there")),
        None => part,
    }
}

/// Names of fields, `stages[].inputs[].from`, of the schema.
fn of_schema(schema: &Value, part: &Value, way: &str, out: &mut BTreeSet<String>) {
    let part = followed(schema, part);
    for (name, field) in part["properties"].as_object().into_iter().flatten() {
        let way = format!("{way}{name}");
        out.insert(way.clone());
        let field = followed(schema, field);
        of_schema(schema, field, &format!("{way}."), out);
        if !field["items"].is_null() {
            of_schema(schema, &field["items"], &format!("{way}[]."), out);
        }
    }
}

/// The same of a value. Digests have names of the user's.
fn of_value(value: &Value, way: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let own = format!("{way}{name}");
                out.insert(own.clone());
                if own != "verified.digests" {
                    of_value(field, &format!("{own}."), out);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                of_value(item, &format!("{}[].", way.trim_end_matches('.')), out);
            }
        }
        _ => {}
    }
}

#[test]
fn the_schema_has_the_fields_of_the_definition() {
    let schema = schema();
    let (mut published, mut written) = (BTreeSet::new(), BTreeSet::new());
    of_schema(&schema, &schema, "", &mut published);
    of_value(&serde_json::to_value(full()).unwrap(), "", &mut written);
    assert!(written.len() > 50, "{written:?}");
    assert_eq!(published, written);
}

#[test]
fn what_the_schema_requires_cannot_be_left_out() {
    let schema = schema();
    let whole = serde_json::to_value(full()).unwrap();
    for name in schema["properties"].as_object().unwrap().keys() {
        let mut less = whole.clone();
        less.as_object_mut().unwrap().remove(name);
        let reads = serde_json::from_value::<ironbook_pipeline::Definition>(less).is_ok();
        let required = schema["required"].as_array().unwrap().contains(&Value::from(name.as_str()));
        assert_eq!(reads, !required, "{name}");
    }
}
