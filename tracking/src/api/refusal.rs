//! What a request is answered that cannot be served: MLflow's JSON of a code and a message.

use super::reply::Reply;
use ironbook_store::{Code, Error};

/// Why a request was not served.
#[derive(Debug)]
pub struct Refusal {
    /// MLflow's code.
    pub code: Code,
    /// Status of the answer; usually the code's.
    pub status: u16,
    /// What was wrong, for the caller.
    pub message: String,
    /// What the caller should not see (paths of this machine, causes), for whoever runs the server.
    pub detail: Option<String>,
}

impl Refusal {
    /// A refusal with the status of its code.
    pub fn new(code: Code, message: impl Into<String>) -> Refusal {
        Refusal { code, status: code.http_status(), message: message.into(), detail: None }
    }

    /// A wrong argument.
    pub fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new(Code::InvalidParameterValue, message)
    }

    /// A thing that is not there.
    pub fn absent(what: &str, name: &str) -> Refusal {
        Refusal::new(Code::ResourceDoesNotExist, format!("There is no {what} '{name}'."))
    }

    /// The answer.
    pub fn reply(&self) -> Reply {
        let body = serde_json::json!({ "error_code": self.code.as_str(), "message": self.message });
        Reply::json(&body).status(self.status).told(self.told())
    }

    /// What whoever runs the server should hear of it, if anything.
    pub fn told(&self) -> Option<&str> {
        let failed = (self.status >= 500).then_some(self.message.as_str());
        self.detail.as_deref().or(failed)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        let code = error.code();
        match &error {
            // Their second line speaks to users of a notebook.
            Error::NotFound { what, name } => Refusal::absent(what, name),
            Error::Full { .. } => with_detail(code, "The server's disk is full; nothing was written.", &error),
            Error::Locked { .. } => {
                with_detail(code, "The store is busy with another writer; nothing was written. Try again.", &error)
            }
            Error::NotAStore { .. } | Error::NewerSchema { .. } | Error::Database { .. } | Error::Io { .. } => {
                let known = match code {
                    Code::PermissionDenied => "The server may not read or write that.",
                    Code::ResourceDoesNotExist => "There is no such file.",
                    _ => "The store failed; the server's log says why.",
                };
                with_detail(code, known, &error)
            }
            _ => Refusal::new(code, error.to_string()),
        }
    }
}

fn with_detail(code: Code, message: &str, error: &Error) -> Refusal {
    let mut detail = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        detail.push_str(": ");
        detail.push_str(&next.to_string());
        cause = next.source();
    }
    Refusal { detail: Some(detail), ..Refusal::new(code, message) }
}
