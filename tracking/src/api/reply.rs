//! Answers of the API.

use super::wire::Each;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use ironbook_store::Page;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    kind: &'static str,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    told: Option<Told>,
}

/// What whoever runs the server should hear of an answer; it travels with the answer, and is not sent.
#[derive(Clone, Debug)]
pub struct Told(pub String);

impl Reply {
    /// JSON of anything.
    pub fn json(value: &impl Serialize) -> Reply {
        // Only a map with keys that are no text could fail, and there is none.
        Reply::raw("application/json", serde_json::to_vec(value).unwrap_or_default())
    }

    /// The answer of calls that have nothing to say: `{}`.
    pub fn empty() -> Reply {
        Reply::raw("application/json", b"{}".to_vec())
    }

    /// Bytes of some kind.
    pub fn raw(kind: &'static str, body: Vec<u8>) -> Reply {
        Reply { status: 200, kind, headers: Vec::new(), body, told: None }
    }

    /// The same with another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Reply {
        self.status = status;
        self
    }

    /// The same with one more header; one that cannot be a header is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Reply {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    /// The same, with something for whoever runs the server.
    #[must_use]
    pub fn told(mut self, told: Option<&str>) -> Reply {
        self.told = told.map(|text| Told(text.to_owned()));
        self
    }

    /// The same for HTTP.
    pub fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(told) = self.told {
            response.extensions_mut().insert(told);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

/// A page of things: `{name: [...], "next_page_token": ...}`, both only where there is something.
pub fn page<'a, T, V: Serialize>(name: &'static str, page: &'a Page<T>, view: fn(&'a T) -> V) -> Reply {
    struct PageJson<'a, T, V>(&'static str, &'a Page<T>, fn(&'a T) -> V);
    impl<'a, T, V: Serialize> Serialize for PageJson<'a, T, V> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let mut map = to.serialize_map(None)?;
            if !self.1.items.is_empty() {
                map.serialize_entry(self.0, &Each(&self.1.items, self.2))?;
            }
            if let Some(next) = &self.1.next {
                map.serialize_entry("next_page_token", next)?;
            }
            map.end()
        }
    }
    Reply::json(&PageJson(name, page, view))
}

/// A list of things: `{name: [...]}`, or `{}`.
pub fn list<'a, T, V: Serialize>(name: &'static str, items: &'a [T], view: fn(&'a T) -> V) -> Reply {
    if items.is_empty() { Reply::empty() } else { Reply::json(&BTreeMap::from([(name, Each(items, view))])) }
}
