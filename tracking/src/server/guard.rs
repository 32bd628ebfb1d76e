//! What is refused before any route sees it: strangers, other sites' pages, names that point here by deceit.

use super::auth::Credentials;
use super::state::Shared;
use crate::api::{Refusal, Reply, Told};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::Next;
use ironbook_store::Code;
use std::net::IpAddr;
use std::sync::LazyLock;

/// Who may call, from where.
#[derive(Clone, Default)]
pub struct Guard {
    /// Who may call; nobody is asked if empty.
    pub credentials: Credentials,
    /// Names that the header `Host` may have besides this machine's own (`*` stands for any part). If they are empty, a
    /// server that listens beyond loopback also takes addresses and this machine's name; one that asks who calls takes any.
    pub hosts: Vec<String>,
    /// Origins of pages that may call besides those of this server and of this machine (`*`: all).
    pub origins: Vec<String>,
    /// The name or address at which the server was told to listen, which is one of its own.
    pub listens: Option<String>,
    /// Whether the server listens on a loopback address.
    pub loopback: bool,
    /// Whether strangers may call although the server can be reached from other machines.
    pub allow_remote: bool,
}

/// Paths that anybody may ask.
const OPEN: [&str; 2] = ["/health", "/version"];

impl Guard {
    /// For a server that only this machine reaches, and that asks nobody.
    pub fn local() -> Guard {
        Guard { loopback: true, ..Guard::default() }
    }

    pub(super) fn asks(&self) -> bool {
        self.credentials.ask()
    }

    pub(super) fn trusts_network(&self) -> bool {
        self.allow_remote
    }

    /// Whether a request may have come to this name. A page of another site can make its name point to this machine;
    /// the name stays its own.
    fn knows_host(&self, host: Option<&str>) -> bool {
        let open = self.hosts.is_empty() && !self.loopback;
        // A page cannot make a browser send what it does not know, so that names do not matter where everybody is asked.
        if open && self.asks() {
            return true;
        }
        let Some(host) = host else { return false };
        let name = name_of(host);
        is_local(name)
            || self.listens.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(bare(name)))
            || open && (address_of(name).is_some() || is_this_machine(name))
            || self.hosts.iter().any(|known| fits(known, host) || fits(known, name))
    }

    /// Whether a page of this origin may change something here.
    fn knows_origin(&self, origin: &str, host: Option<&str>) -> bool {
        let Some((_, place)) = origin.split_once("://") else { return false };
        is_local(name_of(place)) || host == Some(place) || self.origins.iter().any(|known| fits(known, origin))
    }

    /// Why a request is refused, if it is.
    fn refuse(&self, method: &Method, path: &str, host: Option<&str>, headers: &HeaderMap) -> Option<Refusal> {
        if OPEN.contains(&path) {
            return None;
        }
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        if !self.knows_host(host) {
            let message = "Invalid Host header - possible DNS rebinding attack detected. Name this host with `--allowed-hosts` if it is yours.";
            return Some(Refusal::new(Code::PermissionDenied, message));
        }
        let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"));
        let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if changes && origin.is_some_and(|origin| !self.knows_origin(origin, host)) {
            let message = "Cross-origin request blocked. Name its origin with `--cors-allowed-origins` if it is yours.";
            return Some(Refusal::new(Code::PermissionDenied, message));
        }
        // A browser asks what it may send before it sends who it is.
        let asked = *method != Method::OPTIONS && self.asks();
        if asked && !self.credentials.accept(text(header::AUTHORIZATION)) {
            let message = "You are not authenticated. Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.";
            return Some(Refusal::new(Code::Unauthenticated, message));
        }
        None
    }
}

/// The name of a host, without its port.
fn name_of(host: &str) -> &str {
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    host.split(':').next().unwrap_or(host)
}

/// The name of a host without the brackets of an IPv6 address.
fn bare(name: &str) -> &str {
    name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name)
}

fn address_of(name: &str) -> Option<IpAddr> {
    bare(name).parse().ok()
}

/// Whether a name means this machine wherever it is said.
fn is_local(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || address_of(name).is_some_and(|address| address.is_loopback())
}

/// Whether a name is the one that this machine has in its network.
fn is_this_machine(name: &str) -> bool {
    static OWN: LazyLock<Option<String>> = LazyLock::new(|| {
        let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
        let told = files.iter().find_map(|file| std::fs::read_to_string(file).ok());
        told.or_else(|| std::env::var("HOSTNAME").ok())
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
    });
    OWN.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name))
}

/// The host that a request came to: HTTP/2 says it in the address, not in a header.
fn host_of(request: &Request) -> Option<String> {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| request.uri().authority().map(|authority| authority.as_str())).map(str::to_owned)
}

/// Whether a text fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern.eq_ignore_ascii_case(text),
        Some((before, after)) => {
            let (pattern_text, rest) = (before.to_ascii_lowercase(), text.to_ascii_lowercase());
            let Some(rest) = rest.strip_prefix(&pattern_text) else { return false };
            (0..=rest.len()).any(|i| rest.is_char_boundary(i) && fits(after, &rest[i..]))
        }
    }
}

/// Refuses or passes on, and marks what goes out.
pub(super) async fn watch(State(shared): State<Shared>, request: Request, next: Next) -> Response<Body> {
    let guard = &shared.guard;
    let origin = request.headers().get(header::ORIGIN).cloned();
    let host = host_of(&request);
    let refused = guard.refuse(request.method(), request.uri().path(), host.as_deref(), request.headers());
    let mut response = match refused {
        Some(refusal) => {
            let reply = refusal.reply();
            let asked = refusal.code == Code::Unauthenticated;
            let reply = if asked { reply.header(header::WWW_AUTHENTICATE, "Basic realm=\"ironbook\"") } else { reply };
            reply.response()
        }
        None if request.method() == Method::OPTIONS => Reply::raw("text/plain", Vec::new()).status(204).response(),
        None => next.run(request).await,
    };
    let known = origin.filter(|o| o.to_str().is_ok_and(|o| guard.knows_origin(o, host.as_deref())));
    // The one place where failures are reported, whichever route had them.
    if let Some(Told(problem)) = response.extensions_mut().remove() {
        (shared.report)(&problem);
    }
    mark(&mut response, known);
    response
}

fn mark(response: &mut Response<Body>, origin: Option<HeaderValue>) {
    let preflight = response.status() == StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    let Some(origin) = origin else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if preflight {
        let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        let names = "authorization, content-type, x-mlflow-experiment-id, x-mlflow-run-id";
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(names));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(guard: &Guard, method: &Method, path: &str, headers: &[(&str, &str)]) -> Option<Code> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(header::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let host = map.get(header::HOST).map(|host| host.to_str().unwrap());
        guard.refuse(method, path, host, &map).map(|refusal| refusal.code)
    }

    #[test]
    fn a_strange_host_is_refused_on_loopback() {
        let guard = Guard::local();
        for host in ["localhost", "localhost:5000", "LocalHost", "127.0.0.1:5000", "127.0.1.1:5000", "[::1]:5000"] {
            assert_eq!(refused(&guard, &Method::GET, "/x", &[("host", host)]), None, "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:5000", "192.168.0.1"] {
            assert_eq!(refused(&guard, &Method::GET, "/x", &[("host", host)]), Some(Code::PermissionDenied), "{host}");
            assert_eq!(refused(&guard, &Method::GET, "/health", &[("host", host)]), None);
        }
        assert_eq!(refused(&guard, &Method::GET, "/x", &[]), Some(Code::PermissionDenied));
        let named = Guard { hosts: vec!["*.lab.example".to_owned()], ..Guard::local() };
        assert_eq!(refused(&named, &Method::GET, "/x", &[("host", "a.lab.example:80")]), None);
        assert!(refused(&named, &Method::GET, "/x", &[("host", "a.lab.example.evil")]).is_some());
    }

    #[test]
    fn a_name_that_points_here_is_not_ours() {
        let guard = Guard { allow_remote: true, listens: Some("box.lan".to_owned()), ..Guard::default() };
        for host in ["192.168.0.1:5000", "[fe80::1]:5000", "localhost", "BOX.lan:5000"] {
            assert_eq!(refused(&guard, &Method::GET, "/x", &[("host", host)]), None, "{host}");
        }
        for host in ["evil.example", "192.168.0.1.evil.example", "box.lan.evil.example"] {
            assert_eq!(refused(&guard, &Method::GET, "/x", &[("host", host)]), Some(Code::PermissionDenied), "{host}");
        }
        let asks = Guard { credentials: Credentials::default().token("t"), ..Guard::default() };
        let headers = [("host", "any.example"), ("authorization", "Bearer t")];
        assert_eq!(refused(&asks, &Method::GET, "/x", &headers), None);
    }

    #[test]
    fn http_2_says_the_host_in_the_address() {
        let request = |uri: &str| Request::builder().uri(uri).body(Body::empty()).unwrap();
        assert_eq!(host_of(&request("http://localhost:5000/x")).as_deref(), Some("localhost:5000"));
        assert_eq!(host_of(&request("/x")), None);
    }

    #[test]
    fn other_sites_change_nothing() {
        let guard = Guard::local();
        let post = |origin| refused(&guard, &Method::POST, "/api/x", &[("host", "localhost:5000"), ("origin", origin)]);
        assert_eq!(post("http://localhost:3000"), None);
        assert_eq!(post("http://localhost:5000"), None);
        for origin in ["https://evil.example", "null", "http://localhost.evil.example", "http://evil.example:5000"] {
            assert_eq!(post(origin), Some(Code::PermissionDenied), "{origin}");
        }
        let open = Guard { origins: vec!["https://good.example".to_owned()], ..Guard::local() };
        let headers = [("host", "localhost"), ("origin", "https://good.example")];
        assert_eq!(refused(&open, &Method::POST, "/api/x", &headers), None);
    }

    #[test]
    fn strangers_are_asked() {
        let guard = Guard { credentials: Credentials::default().token("t"), ..Guard::local() };
        let get = |auth: &str, path: &str| {
            refused(&guard, &Method::GET, path, &[("host", "localhost"), ("authorization", auth)])
        };
        assert_eq!(get("Bearer t", "/x"), None);
        assert_eq!(get("Bearer u", "/x"), Some(Code::Unauthenticated));
        assert_eq!(get("Bearer u", "/version"), None);
    }
}
