//! How a tracking server is reached: address, credentials, certificates, patience; from a URI and MLflow's variables.

use crate::error::{Error, Result};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text, for whoever needs to send it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody.
    #[default]
    None,
    /// `Authorization: Bearer`.
    Token(Secret),
    /// `Authorization: Basic`.
    Basic(String, Secret),
}

/// How to reach a server. [`ClientOptions::from_env`] reads what MLflow's client reads.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Who asks.
    pub credentials: Credentials,
    /// Accepts any certificate (`MLFLOW_TRACKING_INSECURE_TLS`).
    pub insecure_tls: bool,
    /// Certificates to trust instead of the system's, PEM (`MLFLOW_TRACKING_SERVER_CERT_PATH`).
    pub server_certificates: Option<PathBuf>,
    /// Certificate and key to show to the server, PEM (`MLFLOW_TRACKING_CLIENT_CERT_PATH`).
    pub client_certificate: Option<PathBuf>,
    /// How long a server may stay silent (`MLFLOW_HTTP_REQUEST_TIMEOUT`, 120 s).
    pub timeout: Duration,
    /// How often a call is repeated (`MLFLOW_HTTP_REQUEST_MAX_RETRIES`, 7).
    pub max_retries: u32,
    /// Seconds of the second wait, doubled by each further one (`MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR`, 2).
    pub backoff_factor: f64,
    /// Up to so many seconds are added to each wait at random (`MLFLOW_HTTP_REQUEST_BACKOFF_JITTER`, 1).
    pub backoff_jitter: f64,
    /// Waits as long as `Retry-After` says (`MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER`).
    pub respect_retry_after: bool,
    /// Workspace on servers that have workspaces (`MLFLOW_WORKSPACE`).
    pub workspace: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions {
            credentials: Credentials::None,
            insecure_tls: false,
            server_certificates: None,
            client_certificate: None,
            timeout: Duration::from_secs(120),
            max_retries: 7,
            backoff_factor: 2.0,
            backoff_jitter: 1.0,
            respect_retry_after: true,
            workspace: None,
        }
    }
}

/// Most repeats that MLflow allows.
const MOST_RETRIES: u32 = 10;

impl ClientOptions {
    /// What the environment says.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a variable that cannot be read, instead of going on without it.
    pub fn from_env() -> Result<ClientOptions> {
        ClientOptions::from_variables(&|name| std::env::var(name).ok())
    }

    /// What variables say.
    ///
    /// # Errors
    /// As [`ClientOptions::from_env`].
    pub fn from_variables(get: &dyn Fn(&str) -> Option<String>) -> Result<ClientOptions> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let credentials = match (get("MLFLOW_TRACKING_USERNAME"), get("MLFLOW_TRACKING_PASSWORD")) {
            (Some(user), Some(password)) => Credentials::Basic(user, Secret(password)),
            _ => get("MLFLOW_TRACKING_TOKEN").map_or(Credentials::None, |token| Credentials::Token(Secret(token))),
        };
        let mut options = ClientOptions { credentials, ..ClientOptions::default() };
        if let Some(text) = get("MLFLOW_TRACKING_INSECURE_TLS") {
            options.insecure_tls = truth("MLFLOW_TRACKING_INSECURE_TLS", &text)?;
        }
        options.server_certificates = get("MLFLOW_TRACKING_SERVER_CERT_PATH").map(PathBuf::from);
        options.client_certificate = get("MLFLOW_TRACKING_CLIENT_CERT_PATH").map(PathBuf::from);
        if let Some(text) = get("MLFLOW_HTTP_REQUEST_TIMEOUT") {
            options.timeout = Duration::from_secs_f64(number("MLFLOW_HTTP_REQUEST_TIMEOUT", &text, 0.001)?);
        }
        if let Some(text) = get("MLFLOW_HTTP_REQUEST_MAX_RETRIES") {
            let value = text.trim().parse().ok().filter(|n| *n <= MOST_RETRIES);
            options.max_retries = value.ok_or(Error::InvalidValue {
                what: "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
                value: text,
                expected: "give a whole number from 0 to 10",
            })?;
        }
        if let Some(text) = get("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR") {
            options.backoff_factor = number("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", &text, 0.0)?;
        }
        if let Some(text) = get("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER") {
            options.backoff_jitter = number("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", &text, 0.0)?;
        }
        if let Some(text) = get("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER") {
            options.respect_retry_after = truth("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", &text)?;
        }
        options.workspace = get("MLFLOW_WORKSPACE");
        Ok(options)
    }
}

fn truth(what: &'static str, text: &str) -> Result<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Error::InvalidValue { what, value: text.to_owned(), expected: "give true or false" }),
    }
}

fn number(what: &'static str, text: &str, least: f64) -> Result<f64> {
    let value = text.trim().parse().ok().filter(|n| (least..=86_400.0).contains(n));
    value.ok_or(Error::InvalidValue {
        what,
        value: text.to_owned(),
        expected: "give a number of seconds that is not negative (the timeout: above 0), at most 86400",
    })
}

/// Takes a server's address apart: what may be shown (no credentials, no slash at the end), and the credentials in it.
pub(super) fn address(uri: &str) -> Result<(Url, Option<Credentials>)> {
    let bad = |reason: &str| Error::Uri {
        uri: without_credentials(uri),
        reason: reason.to_owned(),
        todo: "give the address of a tracking server, for instance http://localhost:5000".to_owned(),
    };
    let mut url = Url::parse(uri.trim()).map_err(|e| bad(&e.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("a tracking server is reached with http or https"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("the address of a server has no `?` or `#`"));
    }
    let decode = |text: &str| percent_decode(text);
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        (user, password) => Some(Credentials::Basic(decode(user), Secret(decode(password.unwrap_or_default())))),
    };
    // Neither fails for an address that has a host, and those of http have.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok((url, credentials))
}

pub(crate) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An address without what stands before `@`, for messages about addresses that cannot be read.
pub(crate) fn without_credentials(uri: &str) -> String {
    match uri.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[host..])
        }
        None => uri.rsplit('@').next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<ClientOptions> {
        ClientOptions::from_variables(&|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn defaults_are_those_of_mlflow() {
        let options = from(&[]).unwrap();
        assert_eq!((options.timeout.as_secs(), options.max_retries), (120, 7));
        assert_eq!((options.backoff_factor, options.backoff_jitter), (2.0, 1.0));
        assert_eq!(options.credentials, Credentials::None);
    }

    #[test]
    fn every_variable_is_read() {
        let options = from(&[
            ("MLFLOW_TRACKING_INSECURE_TLS", "true"),
            ("MLFLOW_TRACKING_SERVER_CERT_PATH", "/a/ca.pem"),
            ("MLFLOW_TRACKING_CLIENT_CERT_PATH", "/a/me.pem"),
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "1.5"),
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"),
            ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "3"),
            ("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0"),
            ("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "False"),
            ("MLFLOW_WORKSPACE", "team"),
        ]);
        let options = options.unwrap();
        assert!(options.insecure_tls && !options.respect_retry_after);
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!((options.server_certificates, options.client_certificate), (path("/a/ca.pem"), path("/a/me.pem")));
        assert_eq!((options.timeout, options.max_retries), (Duration::from_millis(1500), 0));
        assert_eq!((options.backoff_factor, options.backoff_jitter), (3.0, 0.0));
        assert_eq!(options.workspace.as_deref(), Some("team"));
    }

    #[test]
    fn a_user_goes_before_a_token_and_neither_is_shown() {
        let options = from(&[
            ("MLFLOW_TRACKING_TOKEN", "t0ken"),
            ("MLFLOW_TRACKING_USERNAME", "ann"),
            ("MLFLOW_TRACKING_PASSWORD", "s3cret"),
        ]);
        let options = options.unwrap();
        assert_eq!(options.credentials, Credentials::Basic("ann".into(), Secret::new("s3cret")));
        assert!(!format!("{options:?}").contains("s3cret"));
        let options = from(&[("MLFLOW_TRACKING_TOKEN", "t0ken")]).unwrap();
        assert_eq!(options.credentials, Credentials::Token(Secret::new("t0ken")));
        assert!(!format!("{options:?}").contains("t0ken"));
    }

    #[test]
    fn wrong_variables_are_said() {
        for (name, value) in [
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon"),
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "NaN"),
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "0"),
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "11"),
            ("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "-1"),
            ("MLFLOW_TRACKING_INSECURE_TLS", "perhaps"),
        ] {
            assert!(from(&[(name, value)]).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn credentials_leave_the_address() {
        let (url, credentials) = address("https://ann:p%40ss@host:8443/base/").unwrap();
        assert_eq!(url.as_str(), "https://host:8443/base");
        assert_eq!(credentials, Some(Credentials::Basic("ann".into(), Secret::new("p@ss"))));
        for uri in
            ["ftp://ann:s3cret@host", "http://ann:s3cret@host:99999999", "http://ann:s3cret@host/?a=b", "s3cret@"]
        {
            assert!(!address(uri).unwrap_err().to_string().contains("s3cret"), "{uri}");
        }
    }
}
