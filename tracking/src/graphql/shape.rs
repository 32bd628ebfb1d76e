//! Answers after a table of types: which fields a thing has, and how each is written.

use super::parse::Selection;
use serde_json::{Map, Value};

/// A type of the schema.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Type {
    GetRun,
    SearchRuns,
    GetExperiment,
    Curves,
    SearchVersions,
    Run,
    RunInfo,
    RunData,
    RunInputs,
    RunOutputs,
    Metric,
    RunMetric,
    Pair(&'static str),
    DatasetInput,
    Dataset,
    ModelInput,
    ModelOutput,
    Experiment,
    Version,
    ApiError,
}

/// How a field is written.
enum Kind {
    /// Text; absent is empty.
    Text,
    /// A whole number as text, so that scripts do not round it; absent is 0.
    Long,
    /// A number, null where it is none.
    Float,
    /// A list of texts.
    Texts,
    /// A thing.
    One(Type),
    /// A list of things.
    Many(Type),
}

impl Type {
    /// Its name in MLflow's schema.
    fn name(self) -> &'static str {
        match self {
            Type::GetRun => "MlflowGetRunResponse",
            Type::SearchRuns => "MlflowSearchRunsResponse",
            Type::GetExperiment => "MlflowGetExperimentResponse",
            Type::Curves => "MlflowGetMetricHistoryBulkIntervalResponse",
            Type::SearchVersions => "MlflowSearchModelVersionsResponse",
            Type::Run => "MlflowRunExtension",
            Type::RunInfo => "MlflowRunInfo",
            Type::RunData => "MlflowRunData",
            Type::RunInputs => "MlflowRunInputs",
            Type::RunOutputs => "MlflowRunOutputs",
            Type::Metric => "MlflowMetricExtension",
            Type::RunMetric => "MlflowMetricWithRunId",
            Type::Pair(name) => name,
            Type::DatasetInput => "MlflowDatasetInput",
            Type::Dataset => "MlflowDataset",
            Type::ModelInput => "MlflowModelInput",
            Type::ModelOutput => "MlflowModelOutput",
            Type::Experiment => "MlflowExperiment",
            Type::Version => "MlflowModelVersion",
            Type::ApiError => "ApiError",
        }
    }

    /// The kind of one of its fields, by the field's name in the REST API.
    fn field(self, name: &str) -> Option<Kind> {
        use Kind::{Float, Long, Many, One, Text, Texts};
        Some(match (self, name) {
            (Type::GetRun, "run") => One(Type::Run),
            (Type::SearchRuns, "runs") => Many(Type::Run),
            (Type::GetExperiment, "experiment") => One(Type::Experiment),
            (Type::Curves, "metrics") => Many(Type::RunMetric),
            (Type::SearchVersions, "model_versions") => Many(Type::Version),
            (Type::SearchRuns | Type::SearchVersions, "next_page_token") => Text,
            (
                Type::GetRun | Type::SearchRuns | Type::GetExperiment | Type::Curves | Type::SearchVersions,
                "api_error",
            ) => One(Type::ApiError),
            (Type::Run, "info") => One(Type::RunInfo),
            (Type::Run, "data") => One(Type::RunData),
            (Type::Run, "inputs") => One(Type::RunInputs),
            (Type::Run, "outputs") => One(Type::RunOutputs),
            (Type::Run, "experiment") => One(Type::Experiment),
            (Type::Run, "model_versions") => Many(Type::Version),
            (Type::RunInfo, "start_time" | "end_time") => Long,
            (
                Type::RunInfo,
                "run_id" | "run_uuid" | "run_name" | "experiment_id" | "user_id" | "status" | "artifact_uri"
                | "lifecycle_stage",
            ) => Text,
            (Type::RunData, "metrics") => Many(Type::Metric),
            (Type::RunData, "params") => Many(Type::Pair("MlflowParam")),
            (Type::RunData, "tags") => Many(Type::Pair("MlflowRunTag")),
            (Type::Pair(_), "key" | "value") => Text,
            (Type::Metric | Type::RunMetric, "value") => Float,
            (Type::Metric | Type::RunMetric, "timestamp" | "step") => Long,
            (Type::Metric | Type::RunMetric, "key" | "run_id") => Text,
            (Type::Metric, "dataset_name" | "dataset_digest" | "model_id") => Text,
            (Type::RunInputs, "dataset_inputs") => Many(Type::DatasetInput),
            (Type::RunInputs, "model_inputs") => Many(Type::ModelInput),
            (Type::RunOutputs, "model_outputs") => Many(Type::ModelOutput),
            (Type::DatasetInput, "dataset") => One(Type::Dataset),
            (Type::DatasetInput, "tags") => Many(Type::Pair("MlflowInputTag")),
            (Type::Dataset, "name" | "digest" | "source_type" | "source" | "schema" | "profile") => Text,
            (Type::ModelInput | Type::ModelOutput, "model_id") => Text,
            (Type::ModelOutput, "step") => Long,
            (Type::Experiment, "creation_time" | "last_update_time") => Long,
            (Type::Experiment, "tags") => Many(Type::Pair("MlflowExperimentTag")),
            (
                Type::Experiment,
                "experiment_id"
                | "name"
                | "artifact_location"
                | "lifecycle_stage"
                | "effective_trace_archival_retention"
                | "workspace",
            ) => Text,
            (Type::Version, "creation_timestamp" | "last_updated_timestamp") => Long,
            (Type::Version, "aliases") => Texts,
            (Type::Version, "tags") => Many(Type::Pair("MlflowModelVersionTag")),
            (
                Type::Version,
                "name" | "version" | "user_id" | "current_stage" | "description" | "source" | "run_id" | "status"
                | "status_message" | "run_link" | "model_id",
            ) => Text,
            (Type::ApiError, "code" | "message" | "help_url" | "trace_id") => Text,
            _ => return None,
        })
    }
}

/// What is selected of a thing.
pub(super) fn shape(kind: Type, thing: &Value, selection: &Selection) -> Result<Value, String> {
    let mut out = Map::new();
    for field in selection {
        if field.name == "__typename" {
            out.insert(field.key.clone(), kind.name().into());
            continue;
        }
        let name = snake(&field.name);
        let unknown = || format!("Cannot query field '{}' on type '{}'.", field.name, kind.name());
        let how = kind.field(&name).ok_or_else(unknown)?;
        let inner = matches!(how, Kind::One(_) | Kind::Many(_));
        if inner == field.selection.is_empty() {
            return Err(format!(
                "Field '{}' of type '{}' {} a selection of fields.",
                field.name,
                kind.name(),
                if inner { "needs" } else { "has not" }
            ));
        }
        let value = thing.get(&name).unwrap_or(&Value::Null);
        let written = match how {
            Kind::Text => value.as_str().unwrap_or_default().into(),
            Kind::Long => value.as_i64().unwrap_or_default().to_string().into(),
            Kind::Float => value.as_f64().map_or(Value::Null, Value::from),
            Kind::Texts => {
                if value.is_array() {
                    value.clone()
                } else {
                    Value::Array(Vec::new())
                }
            }
            // A message that is not there is one without fields, but for errors.
            Kind::One(Type::ApiError) if value.is_null() => Value::Null,
            Kind::One(kind) => shape(kind, value, &field.selection)?,
            Kind::Many(kind) => {
                let values = value.as_array().map(Vec::as_slice).unwrap_or_default();
                values.iter().map(|v| shape(kind, v, &field.selection)).collect::<Result<_, _>>()?
            }
        };
        out.insert(field.key.clone(), written);
    }
    Ok(Value::Object(out))
}

/// `runUuid` as the REST API spells it: `run_uuid`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::parse;
    use serde_json::json;

    #[test]
    fn exactly_what_is_asked() {
        let run = json!({ "run": { "info": { "run_id": "r", "start_time": 5 }, "data": { "metrics": [{ "key": "m", "value": "NaN", "step": 1 }] } } });
        let ask = |text: &str| shape(Type::GetRun, &run, &parse::query(text, None, &Map::new()).unwrap());
        let text = "{ apiError { code } run { i: info { runId startTime endTime } data { metrics { key value step __typename } tags { key } } } }";
        assert_eq!(
            ask(text).unwrap(),
            json!({ "apiError": null, "run": {
                "i": { "runId": "r", "startTime": "5", "endTime": "0" },
                "data": { "metrics": [{ "key": "m", "value": null, "step": "1", "__typename": "MlflowMetricExtension" }], "tags": [] },
            } })
        );
        assert!(ask("{ run { nothing } }").unwrap_err().contains("nothing"));
        assert!(ask("{ run }").is_err());
        assert!(ask("{ run { info { runId { x } } } }").is_err());
    }
}
