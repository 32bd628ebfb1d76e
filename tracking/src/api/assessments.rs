//! What was said about traces.

use super::{Answer, Call, Refusal, Reply, trace_json};
use ironbook_store::Assessment;
use serde_json::{Map, Value, json};

fn answer(trace: &str, of: &Assessment) -> Answer {
    Ok(Reply::json(&json!({ "assessment": trace_json::assessment(trace, of) })))
}

pub(super) fn create(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let assessment = trace_json::read_assessment(&fields.need_object("assessment")?)?;
    let trace = call.part("trace_id")?;
    answer(trace, &call.store().create_assessment(trace, &assessment)?)
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let trace = call.part("trace_id")?;
    answer(trace, &call.store().assessment(trace, call.part("assessment_id")?)?)
}

/// Names that a mask may have: how protobuf's JSON writes them, and how the fields are called.
const CHANGEABLE: [(&str, &str); 6] = [
    ("assessmentName", "assessment_name"),
    ("expectation", "expectation"),
    ("feedback", "feedback"),
    ("rationale", "rationale"),
    ("metadata", "metadata"),
    ("valid", "valid"),
];

pub(super) fn update(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let given = fields.need_object("assessment")?;
    let mask = fields.need("update_mask")?;
    let mut changed = Map::new();
    for name in mask.split(',').map(str::trim) {
        let known = CHANGEABLE.iter().find(|(camel, snake)| name == *camel || name == *snake);
        if let Some((_, snake)) = known {
            changed.insert((*snake).to_owned(), given.value(snake)?.cloned().unwrap_or(Value::Null));
        }
    }
    if changed.is_empty() {
        let names = CHANGEABLE.map(|(_, snake)| snake).join(", ");
        return Err(Refusal::invalid(format!("'update_mask' names nothing that can change: {names}.")));
    }
    changed.insert("last_update_time".to_owned(), trace_json::now().into());
    let trace = call.part("trace_id")?;
    let assessment = Assessment { assessment_id: call.part("assessment_id")?.to_owned(), fields: changed };
    answer(trace, &call.store().update_assessment(trace, &assessment)?)
}

pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.store().delete_assessment(call.part("trace_id")?, call.part("assessment_id")?)?;
    Ok(Reply::empty())
}
