//! The routes as an OpenAPI document, with the columns of the model that is served.

use crate::served::Served;
use ironbook_data::Kind;
use serde_json::{Map, Value, json};

/// Categories of a column that are listed.
const LISTED: usize = 200;

/// The document.
pub(crate) fn openapi(served: &Served, key: bool) -> Value {
    let signature = served.contract.signature();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": served.name,
            "version": served.version,
            "description": format!("Predicts \"{}\". Served by Ironbook.", signature.target),
        },
        "paths": paths(&served.name),
        "components": { "schemas": schemas(served) },
    });
    if key {
        document["components"]["securitySchemes"] = json!({
            "bearer": { "type": "http", "scheme": "bearer" },
            "key": { "type": "apiKey", "in": "header", "name": "x-api-key" },
        });
        document["security"] = json!([{ "bearer": [] }, { "key": [] }]);
    }
    document
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// A route that takes rows.
fn scores(summary: &str, request: &str, answer: &str) -> Value {
    let mut responses = json!({ "200": { "description": "Predictions.", "content": content(&reference(answer)) } });
    for (status, description) in [
        ("400", "The body is no JSON (its position is said), or not of this form."),
        ("401", "The API key is missing or wrong."),
        ("403", "The Host header is no name of this server, or the request comes from a page of another site."),
        ("408", "The body did not come in time."),
        ("413", "The body is too large."),
        ("415", "The body is of a type that is not read."),
        ("422", "Columns are missing, unexpected or of another type; each is named."),
        ("429", "Too many requests wait; try again."),
        ("500", "The model failed."),
        ("504", "The model took too long."),
    ] {
        responses[status] = json!({ "description": description, "content": content(&reference("Refusal")) });
    }
    json!({
        "post": {
            "summary": summary,
            "requestBody": { "required": true, "content": content(&reference(request)) },
            "responses": responses,
        },
    })
}

fn reads(summary: &str) -> Value {
    json!({ "get": { "summary": summary, "responses": { "200": { "description": "As asked." } } } })
}

fn paths(model: &str) -> Value {
    let mut predict = scores("Predictions with probabilities, for rows.", "Rows", "Predictions");
    let csv = json!({ "schema": { "type": "string" } });
    predict["post"]["requestBody"]["content"]["text/csv"] = csv.clone();
    let mut invocations = scores("MLflow's scoring protocol.", "Invocation", "Invoked");
    invocations["post"]["requestBody"]["content"]["text/csv"] = csv;
    json!({
        "/predict": predict,
        "/invocations": invocations,
        format!("/v2/models/{model}/infer"):
            scores("The Open Inference Protocol, version 2.", "Inference", "Inferred"),
        format!("/v2/models/{model}"): reads("The tensors that the model takes and gives."),
        "/v2/health/live": reads("Whether the server lives."),
        "/v2/health/ready": reads("Whether the server takes requests."),
        "/ping": reads("Whether the server lives, as MLflow asks it."),
        "/version": reads("The version of the server."),
        "/metrics": reads("Counts for Prometheus."),
    })
}

fn column(kind: &Kind) -> Value {
    match kind {
        Kind::Numeric => json!({ "type": ["number", "boolean", "null"] }),
        Kind::Time => json!({ "type": ["string", "null"], "format": "date-time" }),
        Kind::Categorical(names) => {
            let some: Vec<&String> = names.iter().take(LISTED).collect();
            // Others are allowed: the model takes them as unknown.
            json!({ "type": ["string", "null"], "examples": some })
        }
    }
}

fn schemas(served: &Served) -> Value {
    let signature = served.contract.signature();
    let columns: Map<String, Value> = signature.features.iter().map(|f| (f.name.clone(), column(&f.kind))).collect();
    let names: Vec<&str> = signature.names().collect();
    let (prediction, shares) = match &signature.classes {
        Some(classes) => {
            let values = match &classes.text {
                Some(text) => json!({ "type": "string", "enum": text }),
                None => json!({ "type": "number", "enum": classes.values }),
            };
            let share = |name: String| (name, json!({ "type": "number", "minimum": 0, "maximum": 1 }));
            let shares: Map<String, Value> = classes.names().into_iter().map(share).collect();
            (values, Some(json!({ "type": "object", "properties": shares })))
        }
        None => (json!({ "type": "number" }), None),
    };
    let mut predicted = json!({ "prediction": prediction.clone() });
    if let Some(shares) = &shares {
        predicted["probability"] = shares.clone();
    }
    let invoked = shares.map_or_else(|| json!([prediction.clone()]), |shares| json!([prediction.clone(), shares]));
    let records = json!({ "type": "array", "items": reference("Row") });
    let values = json!({ "type": "array", "items": { "type": "array" } });
    let split = json!({
        "type": "object",
        "properties": { "columns": { "type": "array", "items": { "type": "string" }, "examples": [names] }, "data": values },
        "required": ["data"],
    });
    let tensor = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" },
            "shape": { "type": "array", "items": { "type": "integer" } },
            "datatype": { "type": "string", "enum": ["FP64", "FP32", "INT64", "INT32", "BOOL", "BYTES"] },
            "data": { "type": "array" },
        },
        "required": ["name", "shape", "datatype"],
    });
    let tensors = json!({ "type": "array", "items": tensor });
    json!({
        "Row": {
            "type": "object",
            "properties": columns,
            "required": names,
            "additionalProperties": served.contract.extra() == crate::contract::Extra::Ignore,
        },
        "Rows": { "oneOf": [
            { "type": "object", "properties": { "rows": records }, "required": ["rows"] }, records, reference("Row"),
        ] },
        "Predictions": {
            "type": "object",
            "properties": {
                "model": { "type": "string" },
                "version": { "type": "string" },
                "request_id": { "type": "string" },
                "predictions": { "type": "array", "items": { "type": "object", "properties": predicted } },
            },
        },
        "Invocation": { "oneOf": [
            { "type": "object", "properties": { "dataframe_split": split }, "required": ["dataframe_split"] },
            { "type": "object", "properties": { "dataframe_records": records }, "required": ["dataframe_records"] },
            { "type": "object", "properties": { "instances": { "oneOf": [records, values] } }, "required": ["instances"] },
            { "type": "object", "properties": { "inputs": { "type": ["object", "array"] } }, "required": ["inputs"] },
        ] },
        "Invoked": {
            "type": "object",
            "properties": { "predictions": { "type": "array", "items": { "anyOf": invoked } } },
        },
        "Inference": {
            "type": "object",
            "properties": { "id": { "type": "string" }, "inputs": tensors, "outputs": { "type": "array" } },
            "required": ["inputs"],
        },
        "Inferred": {
            "type": "object",
            "properties": {
                "model_name": { "type": "string" },
                "model_version": { "type": "string" },
                "outputs": tensors,
            },
        },
        "Refusal": {
            "type": "object",
            "properties": {
                "error_code": { "type": "string" },
                "message": { "type": "string" },
                "error": { "type": "string" },
                "fields": { "type": "array", "items": { "type": "object" } },
                "position": { "type": "object" },
            },
        },
    })
}
