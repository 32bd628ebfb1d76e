//! Who may ask: whoever knows the key, by a name of this machine.

use super::refusal::Refusal;
use axum::http::{HeaderMap, Method, Uri, header};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// Paths that anybody may ask: they tell nothing but that the server is there, or are the page, which asks for the key.
const OPEN: [&str; 9] = [
    "/",
    "/ping",
    "/health",
    "/version",
    "/v2/health/live",
    "/v2/health/ready",
    "/page.js",
    "/page.css",
    "/favicon.ico",
];

/// A key that is never shown, kept as its digest.
#[derive(Clone)]
pub struct ApiKey([u8; 32]);

impl ApiKey {
    /// A key that clients must know.
    #[must_use]
    pub fn new(key: &str) -> ApiKey {
        ApiKey(Sha256::digest(key.as_bytes()).into())
    }

    /// In a time that does not depend on the key.
    fn is(&self, given: &str) -> bool {
        let other: [u8; 32] = Sha256::digest(given.as_bytes()).into();
        // All bytes are looked at, also after the first that differs.
        self.0.iter().zip(other).fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// Who may ask, from where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    pub(crate) key: Option<ApiKey>,
    /// Whether the server listens on a loopback address.
    pub(crate) loopback: bool,
    /// The name at which it was told to listen, which is one of its own.
    pub(crate) listens: String,
    /// Further names, `*` for any.
    pub(crate) hosts: Vec<String>,
}

impl Guard {
    /// Refuses who may not ask.
    pub(crate) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let path = uri.path();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // A page of another site can make its own name point to this machine; it cannot send a key that it does not know.
        if self.key.is_none() && !self.knows(text(header::HOST.as_str()).or_else(|| uri.host())) {
            return Err(Refusal::Forbidden(
                "The Host header is no name of this server. Name it with `--allowed-hosts` if it is.",
            ));
        }
        let Some(key) = &self.key else {
            return self.same_site(method, text(header::ORIGIN.as_str()), text(header::HOST.as_str()));
        };
        let bearer = text(header::AUTHORIZATION.as_str()).and_then(|value| value.split_once(' '));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
        let given = bearer.or_else(|| text("x-api-key"));
        if given.is_some_and(|given| key.is(given)) || OPEN.contains(&path) { Ok(()) } else { Err(Refusal::Unknown) }
    }

    /// Another site's page may not make a visitor's browser ask.
    fn same_site(&self, method: &Method, origin: Option<&str>, host: Option<&str>) -> Result<(), Refusal> {
        let Some(origin) = origin.filter(|_| !matches!(*method, Method::GET | Method::HEAD)) else { return Ok(()) };
        let place = origin.split_once("://").map(|(_, place)| place);
        if place.is_some() && (place == host || place.is_some_and(|place| is_local(name_of(place)))) {
            return Ok(());
        }
        Err(Refusal::Forbidden("The request comes from a page of another site."))
    }

    /// Whether a request may have come to this name.
    fn knows(&self, host: Option<&str>) -> bool {
        let Some(host) = host else { return false };
        let name = name_of(host);
        is_local(name)
            || self.listens.eq_ignore_ascii_case(bare(name))
            || self.hosts.iter().any(|known| known == "*" || known.eq_ignore_ascii_case(name))
            // Addresses cannot be made to point elsewhere.
            || !self.loopback && bare(name).parse::<IpAddr>().is_ok()
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

/// Whether a name means this machine wherever it is said.
fn is_local(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || bare(name).parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(guard: &Guard, method: &Method, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(header::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        guard.check(method, &path.parse().unwrap(), &map).map_or_else(|refusal| refusal.status(), |()| 200)
    }

    #[test]
    fn keys_are_asked_for() {
        let guard = Guard { key: Some(ApiKey::new("k-1")), loopback: true, ..Guard::default() };
        let post = |headers: &[(&str, &str)]| check(&guard, &Method::POST, "/invocations", headers);
        assert_eq!(post(&[("authorization", "Bearer k-1")]), 200);
        assert_eq!(post(&[("authorization", "bearer  k-1")]), 200);
        assert_eq!(post(&[("x-api-key", "k-1")]), 200);
        for wrong in ["Bearer k-2", "Bearer ", "k-1", "Basic k-1"] {
            assert_eq!(post(&[("authorization", wrong)]), 401, "{wrong}");
        }
        assert_eq!(post(&[]), 401);
        assert_eq!(check(&guard, &Method::GET, "/ping", &[]), 200);
        assert_eq!(check(&guard, &Method::GET, "/metrics", &[]), 401);
        assert!(!format!("{guard:?}").contains("k-1"));
    }

    #[test]
    fn strange_names_and_other_sites_are_refused() {
        let guard = Guard { loopback: true, listens: "127.0.0.1".to_owned(), ..Guard::default() };
        let get = |host: &str| check(&guard, &Method::GET, "/ping", &[("host", host)]);
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "127.0.1.1"] {
            assert_eq!(get(host), 200, "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8080", "192.168.0.1:8080"] {
            assert_eq!(get(host), 403, "{host}");
        }
        assert_eq!(check(&guard, &Method::GET, "/ping", &[]), 403);
        let open = Guard { listens: "box.lan".to_owned(), ..Guard::default() };
        assert_eq!(check(&open, &Method::GET, "/ping", &[("host", "192.168.0.1:80")]), 200);
        assert_eq!(check(&open, &Method::GET, "/ping", &[("host", "BOX.lan")]), 200);
        assert_eq!(check(&open, &Method::GET, "/ping", &[("host", "evil.example")]), 403);
        let post =
            |origin| check(&guard, &Method::POST, "/invocations", &[("host", "localhost:8080"), ("origin", origin)]);
        assert_eq!((post("http://localhost:8080"), post("http://127.0.0.1:3000")), (200, 200));
        assert_eq!((post("https://evil.example"), post("null")), (403, 403));
    }
}
