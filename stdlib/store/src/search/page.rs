//! Tokens of pages: base64 of `{"offset": n}`, as MLflow's.

use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The token of the page that begins at this item.
pub fn next_page(offset: usize) -> String {
    STANDARD.encode(format!("{{\"offset\": {offset}}}"))
}

/// At which item the page of a token begins; 0 without one.
///
/// # Errors
/// [`Error::InvalidValue`] if it is not a token.
pub fn start_of(page: Option<&str>) -> Result<usize> {
    let Some(token) = page.filter(|token| !token.is_empty()) else { return Ok(0) };
    let offset = decode(token).and_then(|json| match &json["offset"] {
        serde_json::Value::Number(number) => number.as_u64(),
        serde_json::Value::String(text) => text.parse().ok(),
        _ => None,
    });
    offset.filter(|offset| *offset > 0).and_then(|offset| usize::try_from(offset).ok()).ok_or_else(|| bad(token))
}

/// The JSON inside of a token.
pub(crate) fn decode(token: &str) -> Option<serde_json::Value> {
    serde_json::from_slice(&STANDARD.decode(token).ok()?).ok()
}

/// A token around JSON.
pub(crate) fn encode(json: &serde_json::Value) -> String {
    STANDARD.encode(json.to_string())
}

/// The error for what is no token.
pub(crate) fn bad(token: &str) -> Error {
    Error::InvalidValue {
        what: "page token",
        value: token.to_owned(),
        expected: "give the token that came with the page before, or none for the first page",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_mlflow() {
        assert_eq!(next_page(100), "eyJvZmZzZXQiOiAxMDB9");
        assert_eq!(start_of(Some("eyJvZmZzZXQiOiAxMDB9")).unwrap(), 100);
        assert_eq!((start_of(None).unwrap(), start_of(Some("")).unwrap()), (0, 0));
        for bad in ["x", "eyJ9", "e30=", "eyJvZmZzZXQiOiAtMX0=", "bnVsbA=="] {
            assert_eq!(start_of(Some(bad)).unwrap_err().code(), crate::Code::InvalidParameterValue, "{bad}");
        }
    }
}
