//! What a server says when it refuses.

use crate::error::{Code, Error};
use crate::validate::cut;
use serde_json::Value;

/// An error of a server in its own words, without one of MLflow's codes.
pub(super) fn remote(uri: &str, status: u16, message: String) -> Error {
    Error::Remote { uri: uri.to_owned(), status, code: code_of(status), message }
}

/// Whether an error says that something is not there.
pub(super) fn is_missing(error: &Error) -> bool {
    error.code() == Code::ResourceDoesNotExist
}

/// An answer that should have been JSON.
pub(super) fn not_json(uri: &str, status: u16, body: &[u8]) -> Error {
    let text = String::from_utf8_lossy(body);
    let message = format!("its answer is not JSON: {:?}", cut(text.trim(), 120));
    Error::Remote { uri: uri.to_owned(), status, code: Code::InternalError, message }
}

/// The error for an answer that is not a success; `newer` says what servers without the route cannot do.
pub(super) fn refusal(
    uri: &str,
    status: u16,
    body: &[u8],
    location: Option<&str>,
    newer: Option<&'static str>,
) -> Error {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let field = |name: &str| json.as_ref().and_then(|v| v.get(name)).and_then(Value::as_str);
    let code = field("error_code").map(|text| Code::parse(text).unwrap_or_else(|| code_of(status)));
    let no_route = matches!(status, 404 | 405) && matches!(code, None | Some(Code::EndpointNotFound));
    if let (true, Some(what)) = (no_route || status == 501, newer) {
        return Error::Unsupported { store: format!("the server {uri}"), what: what.to_owned() };
    }
    if let (300..400, Some(to)) = (status, location) {
        let to = super::options::without_credentials(to);
        return remote(uri, status, format!("it has moved to {to}: use that address"));
    }
    let said = field("message").or_else(|| field("detail")).map(str::to_owned).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        let plain = without_markup(text.trim());
        if plain.is_empty() { format!("status {status}") } else { format!("status {status}, {:?}", cut(&plain, 200)) }
    });
    let code = code.unwrap_or_else(|| if no_route { Code::EndpointNotFound } else { code_of(status) });
    Error::Remote { uri: uri.to_owned(), status, code, message: said }
}

/// The code for a status that came without one.
fn code_of(status: u16) -> Code {
    match status {
        401 | 407 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::ResourceDoesNotExist,
        409 => Code::ResourceAlreadyExists,
        429 => Code::RequestLimitExceeded,
        501 => Code::NotImplemented,
        408 | 425 | 502..=504 => Code::TemporarilyUnavailable,
        400..=499 => Code::BadRequest,
        _ => Code::InternalError,
    }
}

/// The words of a page of HTML (proxies answer with pages).
fn without_markup(text: &str) -> String {
    if !text.starts_with('<') {
        return text.to_owned();
    }
    let mut words = String::new();
    for part in text.split('<') {
        words.push_str(part.split_once('>').map_or("", |(_, words)| words));
        words.push(' ');
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mlflows_code_and_message_are_kept() {
        let body = br#"{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run 'x' not found"}"#;
        let error = refusal("http://s", 404, body, None, Some("do that"));
        assert_eq!(error.code(), Code::ResourceDoesNotExist);
        assert!(error.to_string().contains("Run 'x' not found"), "{error}");
    }

    #[test]
    fn a_missing_route_is_said() {
        let page = b"<!doctype html><title>404 Not Found</title><p>The requested URL was not found</p>";
        assert_eq!(refusal("http://s", 404, page, None, Some("keep models")).code(), Code::NotImplemented);
        let error = refusal("http://s", 404, page, None, None);
        assert_eq!(error.code(), Code::EndpointNotFound);
        assert!(error.to_string().contains("404 Not Found The requested"), "{error}");
        let body = br#"{"error_code": "ENDPOINT_NOT_FOUND", "message": "no"}"#;
        assert!(matches!(refusal("http://s", 404, body, None, Some("x")), Error::Unsupported { .. }));
    }

    #[test]
    fn a_redirect_names_the_address_without_credentials() {
        let error = refusal("http://s", 308, b"", Some("https://ann:s3cret@t/x"), None).to_string();
        assert!(error.contains("https://t/x") && !error.contains("s3cret"), "{error}");
    }
}
