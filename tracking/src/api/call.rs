//! A request as the routes see it.

use super::Method;
use super::fields::Fields;
use super::refusal::Refusal;
use crate::server::State;
use axum::http::{HeaderMap, HeaderName, header};
use ironbook_store::Store;
use serde_json::{Map, Value};

/// A whole request.
pub struct Call<'a> {
    /// What all requests share.
    pub state: &'a State,
    /// Its method.
    pub method: Method,
    /// Its query, as it came.
    pub query: &'a str,
    /// Parts of the path that have names, decoded.
    pub path: &'a [(String, String)],
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
}

impl Call<'_> {
    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.state.store
    }

    /// A part of the path.
    pub fn part(&self, name: &str) -> Result<&str, Refusal> {
        let found = self.path.iter().find(|(part, _)| part == name);
        found
            .map(|(_, value)| value.as_str())
            .ok_or_else(|| Refusal::invalid(format!("`{name}` is missing in the path")))
    }

    /// A header that is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The kind of the body, without parameters.
    pub fn content_type(&self) -> Option<&str> {
        Some(self.header(&header::CONTENT_TYPE)?.split(';').next().unwrap_or_default().trim())
    }

    /// Refuses a body that does not say that it is JSON. Browsers ask before they send such a body to another site, so
    /// that this also keeps other sites' forms away.
    pub fn must_be_json(&self) -> Result<(), Refusal> {
        match (self.method, self.content_type()) {
            (Method::Post, None) => Err(Refusal::invalid("Bad Request. Content-Type header is missing.")),
            (Method::Post, Some(kind)) if !kind.eq_ignore_ascii_case("application/json") => {
                Err(Refusal::invalid(format!("Bad Request. Content-Type must be application/json, not {kind}.")))
            }
            _ => Ok(()),
        }
    }

    /// The arguments: of a read the query, else the body.
    pub fn fields(&self) -> Result<Fields<'static>, Refusal> {
        if self.method == Method::Get && !self.query.is_empty() {
            return Ok(Fields::of_query(self.query));
        }
        self.must_be_json()?;
        object(self.body).map(Fields::of_json)
    }
}

/// The object in a body; an empty body is an empty object.
fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    let malformed = |e: serde_json::Error| Refusal::invalid(format!("The body is not JSON: {e}."));
    // serde_json's own limit on depth is off in this workspace, and a tree is freed by recursion.
    if depth(body) > MAX_DEPTH {
        return Err(Refusal::invalid(format!("The body is nested more than {MAX_DEPTH} deep.")));
    }
    match serde_json::from_slice(body).map_err(malformed)? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        // Old clients encode twice.
        Value::String(inner) if depth(inner.as_bytes()) <= MAX_DEPTH => match serde_json::from_str(&inner) {
            Ok(Value::Object(map)) => Ok(map),
            _ => Err(Refusal::invalid("The body is text, not an object.")),
        },
        _ => Err(Refusal::invalid("The body must be a JSON object.")),
    }
}

/// Deepest nesting of a body: protobuf's own limit is 100.
pub(super) const MAX_DEPTH: usize = 100;

/// How deep JSON is nested at most, brackets in texts left out.
pub(super) fn depth(json: &[u8]) -> usize {
    let (mut now, mut most, mut text, mut escaped) = (0usize, 0, false, false);
    for &byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'[' | b'{' if !text => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' if !text => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_objects() {
        assert!(object(b"  ").unwrap().is_empty());
        assert_eq!(object(br#""{\"a\": 1}""#).unwrap()["a"], 1);
        assert!(object(b"[1]").is_err());
        assert!(object(b"{").unwrap_err().message.contains("not JSON"));
    }

    #[test]
    fn depth_is_bounded_before_it_is_built() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(object(deep.as_bytes()).unwrap_err().message.contains("nested"));
        assert_eq!(depth(br#"{"a": "[[[\"[[", "b": [1]}"#), 2);
    }
}
