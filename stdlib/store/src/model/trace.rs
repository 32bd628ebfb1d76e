//! Traces: what an application did for one request, as spans; assessments of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a trace is. Fields that stores search by have names here; everything else that came with it is kept as it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TraceInfo {
    /// `tr-` and 32 hexadecimal digits.
    pub trace_id: String,
    /// Id of its experiment.
    pub experiment: String,
    /// When it began.
    pub request_time: i64,
    /// How long it took, in milliseconds.
    pub execution_duration: Option<i64>,
    /// `OK`, `ERROR`, `IN_PROGRESS` or `STATE_UNSPECIFIED`.
    pub state: String,
    /// Id that the client gave it.
    pub client_request_id: Option<String>,
    /// First characters of the request.
    pub request_preview: Option<String>,
    /// First characters of the response.
    pub response_preview: Option<String>,
    /// Fixed facts, by name.
    pub metadata: Vec<(String, String)>,
    /// Tags, by name.
    pub tags: Vec<(String, String)>,
    /// What was said about it.
    pub assessments: Vec<Assessment>,
}

/// What a person or a program said about a trace: MLflow's JSON, with its id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// `a-` and 32 hexadecimal digits.
    pub assessment_id: String,
    /// Its fields as MLflow's REST API writes them (`assessment_name`, `feedback` or `expectation`, `source`, ...).
    pub fields: Map<String, Value>,
}

/// One step of a trace. `content` is the span as MLflow's `Span.to_dict` writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Id of its trace.
    pub trace_id: String,
    /// Its id: 16 hexadecimal digits.
    pub span_id: String,
    /// Id of the span around it.
    pub parent_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Kind of step: `LLM`, `TOOL`, ...
    pub span_type: Option<String>,
    /// `OK`, `ERROR` or `UNSET`.
    pub status: String,
    /// When it began, in nanoseconds since 1970.
    pub start_ns: i64,
    /// When it ended, in nanoseconds since 1970.
    pub end_ns: Option<i64>,
    /// The span as JSON.
    pub content: Value,
}
