//! Requests to a server: authorization, repeats with growing waits, errors in our words.

use super::options::{ClientOptions, Credentials, address};
use super::retry::{self, Repeat};
use super::{answer, rt};
use crate::error::{Error, Result};
use base64::Engine;
use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A larger JSON answer is an error: memory is bounded.
const LARGEST_ANSWER: usize = 256 << 20;

/// One server.
#[derive(Clone)]
pub(crate) struct Http {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    /// Address without credentials and without a slash at the end.
    base: String,
    headers: HeaderMap,
    options: ClientOptions,
}

/// What to ask.
#[derive(Clone)]
pub(crate) struct Call {
    pub(super) method: Method,
    /// From the server's address on, for instance `/api/2.0/mlflow/runs/get`; already escaped.
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Bytes>,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) repeat: Repeat,
    /// What a server that has no such route cannot do.
    pub(super) newer: Option<&'static str>,
}

impl Call {
    /// A question without effect.
    pub(crate) fn get(path: impl Into<String>, query: Vec<(&'static str, String)>) -> Call {
        Call { query, ..Call::new(Method::GET, path) }
    }

    /// A call that may be repeated without harm.
    pub(crate) fn send(method: Method, path: impl Into<String>, body: &Value) -> Call {
        Call { body: Some(body.to_string().into()), ..Call::new(method, path) }
    }

    /// A call without a body.
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Call {
        Call {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            content_type: "application/json",
            headers: Vec::new(),
            repeat: Repeat::Safe,
            newer: None,
        }
    }

    /// Not to be repeated when it may have been carried out.
    pub(super) fn once(self) -> Call {
        Call { repeat: Repeat::Once, ..self }
    }

    /// Not known to all servers; `what` completes "cannot ...".
    pub(super) fn newer(self, what: &'static str) -> Call {
        Call { newer: Some(what), ..self }
    }
}

impl Http {
    /// A server at `uri`; credentials in it go before those of the options. Nothing is sent.
    pub(crate) fn new(uri: &str, options: ClientOptions) -> Result<Http> {
        let (url, inside) = address(uri)?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization(inside.as_ref().unwrap_or(&options.credentials)) {
            let value = value.map_err(|()| Error::InvalidValue {
                what: "credential of a tracking server",
                value: "***".to_owned(),
                expected: "it has a line break or another character that cannot be sent",
            })?;
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(workspace) = &options.workspace {
            let value = HeaderValue::from_str(workspace).map_err(|_| Error::InvalidValue {
                what: "MLFLOW_WORKSPACE",
                value: workspace.clone(),
                expected: "use letters, digits and `-`",
            })?;
            headers.insert(HeaderName::from_static("x-mlflow-workspace"), value);
        }
        let client = build(&base, &options)?;
        Ok(Http { inner: Arc::new(Inner { client, base, headers, options }) })
    }

    /// The same server, without repeats.
    pub(crate) fn without_retries(&self) -> Http {
        let Inner { client, base, headers, options } = &*self.inner;
        let options = ClientOptions { max_retries: 0, ..options.clone() };
        let inner = Inner { client: client.clone(), base: base.clone(), headers: headers.clone(), options };
        Http { inner: Arc::new(inner) }
    }

    /// The address, without credentials.
    pub(crate) fn base(&self) -> &str {
        &self.inner.base
    }

    /// Another server, reached in the same way but without the credentials of this one.
    pub(crate) fn elsewhere(&self, uri: &str) -> Result<Http> {
        Http::new(uri, ClientOptions { credentials: Credentials::None, ..self.inner.options.clone() })
    }

    /// Sends a call and reads the JSON of the answer.
    pub(crate) fn json(&self, call: Call) -> Result<Value> {
        let bytes = self.bytes(call)?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|_| answer::not_json(self.base(), 200, &bytes))
    }

    /// Sends a call and reads the answer.
    pub(super) fn bytes(&self, call: Call) -> Result<Vec<u8>> {
        let http = self.clone();
        rt::wait(async move {
            let mut attempt = 0;
            loop {
                // An answer that breaks off in the middle counts as one that did not come.
                let failure = match http.attempt(&call).await {
                    Ok(response) => match http.collect(response).await {
                        Ok(bytes) => return Ok(bytes),
                        Err(failure) => failure,
                    },
                    Err(failure) => failure,
                };
                http.pause_or(failure, call.repeat, &mut attempt).await?;
            }
        })?
    }

    /// Sends a call until there is a good answer, whose body is not read yet.
    pub(crate) async fn open(&self, call: &Call) -> Result<Response> {
        let mut attempt = 0;
        loop {
            match self.attempt(call).await {
                Ok(response) => return Ok(response),
                Err(failure) => self.pause_or(failure, call.repeat, &mut attempt).await?,
            }
        }
    }

    /// A request with what every request has.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.inner.base);
        self.inner.client.request(method, url).headers(self.inner.headers.clone())
    }

    async fn attempt(&self, call: &Call) -> std::result::Result<Response, Failure> {
        let mut request = self.request(call.method.clone(), &call.path).query(&call.query);
        if let Some(body) = &call.body {
            request = request.header("content-type", call.content_type).body(body.clone());
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        self.judge(request.send().await, call.newer).await
    }

    /// A good answer, or what was wrong and whether it may pass.
    pub(crate) async fn judge(
        &self,
        sent: reqwest::Result<Response>,
        newer: Option<&'static str>,
    ) -> std::result::Result<Response, Failure> {
        let response = sent.map_err(|e| self.broken(e))?;
        let status = response.status().as_u16();
        if response.status().is_success() {
            return Ok(response);
        }
        let wait = self.inner.options.respect_retry_after.then(|| retry::retry_after(response.headers())).flatten();
        let location = response.headers().get("location").and_then(|v| v.to_str().ok()).map(str::to_owned);
        // What cannot be read of an explanation is left out.
        let body = collect_up_to(response, 1 << 20).await.unwrap_or_default();
        let error = answer::refusal(self.base(), status, &body, location.as_deref(), newer);
        Err(Failure { error, status: Some(status), unsent: false, wait })
    }

    /// An error of the connection.
    pub(crate) fn broken(&self, error: reqwest::Error) -> Failure {
        let unsent = error.is_connect() || error.is_builder();
        let lasting = error.is_builder();
        // The address is in our message; inside of the cause it would be said twice.
        let source = error.without_url();
        let error = if lasting {
            let todo = "look at the cause, and at the address".to_owned();
            Error::Uri { uri: self.base().to_owned(), reason: source.to_string(), todo }
        } else {
            Error::Unreachable { uri: self.base().to_owned(), source: source.into() }
        };
        Failure { error, status: (lasting).then_some(400), unsent, wait: None }
    }

    /// Waits before another attempt, or gives the error back.
    pub(crate) async fn pause_or(&self, failure: Failure, repeat: Repeat, attempt: &mut u32) -> Result<()> {
        let options = &self.inner.options;
        if *attempt >= options.max_retries || !repeat.allows(failure.status, failure.unsent) {
            return Err(failure.error);
        }
        let random = rand::random::<f64>();
        let wait = retry::delay(*attempt, options.backoff_factor, options.backoff_jitter, random);
        tokio::time::sleep(failure.wait.unwrap_or(Duration::ZERO).max(wait)).await;
        *attempt += 1;
        Ok(())
    }

    async fn collect(&self, response: Response) -> std::result::Result<Vec<u8>, Failure> {
        let read = collect_up_to(response, LARGEST_ANSWER).await;
        read.map_err(|failed| match failed {
            Some(error) => self.broken(error),
            None => Failure {
                error: answer::remote(self.base(), 200, "it answered with more than 256 MiB".to_owned()),
                status: Some(400),
                unsent: false,
                wait: None,
            },
        })
    }
}

/// Why an attempt failed.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    /// Whether the server cannot have seen the request.
    pub(crate) unsent: bool,
    /// How long the server wants us to wait.
    pub(crate) wait: Option<Duration>,
}

/// Reads a body; `None` as the error means that it is longer than `limit`.
async fn collect_up_to(response: Response, limit: usize) -> std::result::Result<Vec<u8>, Option<reqwest::Error>> {
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(part) = stream.next().await {
        let part = part.map_err(Some)?;
        if bytes.len() + part.len() > limit {
            return Err(None);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

fn authorization(credentials: &Credentials) -> Option<std::result::Result<HeaderValue, ()>> {
    let text = match credentials {
        Credentials::None => return None,
        Credentials::Token(token) => format!("Bearer {}", token.reveal()),
        Credentials::Basic(user, password) => {
            let pair = format!("{user}:{}", password.reveal());
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        }
    };
    Some(HeaderValue::from_str(&text).map_err(drop).map(|mut value| {
        value.set_sensitive(true);
        value
    }))
}

fn build(base: &str, options: &ClientOptions) -> Result<Client> {
    let connect = options.timeout.min(Duration::from_secs(30));
    let mut builder = Client::builder()
        .user_agent(concat!("ironbook/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect)
        .read_timeout(options.timeout)
        .tcp_keepalive(Duration::from_secs(60))
        .pool_idle_timeout(Duration::from_secs(50))
        // A redirected POST would become a GET, and credentials could go elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        .danger_accept_invalid_certs(options.insecure_tls);
    if let Some(path) = &options.server_certificates {
        let trusted = reqwest::Certificate::from_pem_bundle(&read(path)?).map_err(|e| unreadable(path, &e))?;
        if trusted.is_empty() {
            return Err(unreadable(path, &"there is no certificate in it"));
        }
        builder = builder.tls_built_in_root_certs(false);
        builder = trusted.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
    }
    if let Some(path) = &options.client_certificate {
        let identity = reqwest::Identity::from_pem(&read(path)?).map_err(|e| unreadable(path, &e))?;
        builder = builder.identity(identity);
    }
    builder.build().map_err(|e| Error::Uri {
        uri: base.to_owned(),
        reason: format!("no client can be made for it: {e}"),
        todo:
            "look at the certificates that MLFLOW_TRACKING_SERVER_CERT_PATH and MLFLOW_TRACKING_CLIENT_CERT_PATH name"
                .to_owned(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::io("read the certificates of", path, e))
}

fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> Error {
    Error::Uri {
        uri: path.display().to_string(),
        reason: format!("its certificates cannot be read: {reason}"),
        todo: "give a file in PEM form".to_owned(),
    }
}
