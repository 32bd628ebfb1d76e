//! The page at `/`, on which a model can be tried, and the description of the routes for programs.

mod openapi;

pub(crate) use openapi::openapi;

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};

/// Nothing but this server's own files, and no script within the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn file(text: &'static str, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

pub(crate) fn index() -> Response<Body> {
    file(include_str!("../../page/index.html"), "text/html; charset=utf-8")
}

pub(crate) fn script() -> Response<Body> {
    file(include_str!("../../page/page.js"), "text/javascript; charset=utf-8")
}

pub(crate) fn style() -> Response<Body> {
    file(include_str!("../../page/page.css"), "text/css; charset=utf-8")
}

pub(crate) fn icon() -> Response<Body> {
    file(include_str!("../../page/icon.svg"), "image/svg+xml")
}
