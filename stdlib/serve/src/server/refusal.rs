//! What is answered when there is no answer, in the words of each protocol.

use crate::contract::Offence;
use crate::wire::Unreadable;
use crate::wire::scan::position;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use std::time::Duration;

/// Offences that the message repeats; the list has all.
const SHOWN: usize = 5;

/// Why a request gets no prediction.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Form(String),
    #[error("The input is no JSON: expected {expected} at line {line} column {column} (byte {at}).")]
    Malformed { at: usize, line: usize, column: usize, expected: &'static str },
    #[error("{}", fields(.0))]
    Fields(Vec<Offence>),
    #[error("API key missing or wrong. Send it as `Authorization: Bearer KEY` or `x-api-key: KEY`.")]
    Unknown,
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("{0}")]
    Nowhere(String),
    #[error("{0}")]
    Method(String),
    #[error("The body did not come within {} seconds.", .0.as_secs_f64())]
    Slow(Duration),
    #[error("The body has more than {0} bytes.")]
    TooLarge(usize),
    #[error("{0}")]
    Type(String),
    #[error("Too many requests wait. Try again in a second.")]
    Full,
    #[error("The model failed: {0}")]
    Failed(String),
    #[error("The model panicked: {0}")]
    Panicked(String),
    #[error("The server made a mistake in this call.")]
    Mistake,
    #[error("Request processing time exceeded limit")]
    Late,
    #[error("The server is being stopped.")]
    Stopping,
}

/// In whose words a refusal is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// `{"error_code": .., "message": ..}`.
    Mlflow,
    /// `{"error": ..}`.
    Oip,
}

fn fields(offences: &[Offence]) -> String {
    let some: Vec<String> = offences.iter().take(SHOWN).map(Offence::to_string).collect();
    let more = offences.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("The input does not fit the model's signature: {}{more}.", some.join("; "))
}

impl Refusal {
    /// Why a text cannot be read.
    pub(crate) fn of(unreadable: Unreadable, text: &[u8]) -> Refusal {
        match unreadable {
            Unreadable::Form(told) => Refusal::Form(told),
            Unreadable::Fields(offences) => Refusal::Fields(offences),
            Unreadable::Malformed(malformed) => {
                let (line, column) = position(text, malformed.at);
                Refusal::Malformed { at: malformed.at, line, column, expected: malformed.expected }
            }
        }
    }

    pub(crate) fn status(&self) -> u16 {
        match self {
            Refusal::Form(_) | Refusal::Malformed { .. } => 400,
            Refusal::Unknown => 401,
            Refusal::Forbidden(_) => 403,
            Refusal::Nowhere(_) => 404,
            Refusal::Method(_) => 405,
            Refusal::Slow(_) => 408,
            Refusal::TooLarge(_) => 413,
            Refusal::Type(_) => 415,
            Refusal::Fields(_) => 422,
            Refusal::Full => 429,
            Refusal::Failed(_) | Refusal::Panicked(_) | Refusal::Mistake => 500,
            Refusal::Stopping => 503,
            Refusal::Late => 504,
        }
    }

    /// MLflow's name of the error.
    fn code(&self) -> &'static str {
        match self {
            Refusal::Form(_) | Refusal::Malformed { .. } | Refusal::Method(_) | Refusal::Slow(_) => "BAD_REQUEST",
            Refusal::Fields(_) | Refusal::TooLarge(_) | Refusal::Type(_) => "INVALID_PARAMETER_VALUE",
            Refusal::Unknown => "UNAUTHENTICATED",
            Refusal::Forbidden(_) => "PERMISSION_DENIED",
            Refusal::Nowhere(_) => "ENDPOINT_NOT_FOUND",
            Refusal::Full => "REQUEST_LIMIT_EXCEEDED",
            Refusal::Failed(_) | Refusal::Panicked(_) | Refusal::Mistake => "INTERNAL_ERROR",
            Refusal::Late | Refusal::Stopping => "TEMPORARILY_UNAVAILABLE",
        }
    }

    fn body(&self, words: Words) -> Value {
        let mut body = match words {
            Words::Mlflow => json!({ "error_code": self.code(), "message": self.to_string() }),
            Words::Oip => json!({ "error": self.to_string() }),
        };
        match self {
            Refusal::Fields(offences) => body["fields"] = json!(offences),
            Refusal::Malformed { at, line, column, .. } => {
                body["position"] = json!({ "byte": at, "line": line, "column": column });
            }
            _ => {}
        }
        body
    }

    pub(crate) fn response(&self, words: Words) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body(words).to_string()));
        *response.status_mut() = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self {
            Refusal::Full => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Refusal::Unknown => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // What is left of the body is not read.
            Refusal::TooLarge(_) | Refusal::Slow(_) | Refusal::Stopping => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
