//! Runs on a tracking server: MLflow's REST API, spoken by a blocking store.
//!
//! All requests of the process run on two background threads (`rt.rs`), which keep connections open, so that the store
//! works from any thread and inside of any runtime. `http.rs` repeats what may be repeated.

mod answer;
mod artifacts;
mod experiments;
mod http;
mod models;
mod options;
mod otlp;
mod registry;
mod retry;
pub(crate) mod rt;
mod runs;
mod traces;
mod wire;

pub(crate) use http::{Call, Failure, Http};
pub use options::{ClientOptions, Credentials, Secret};
pub(crate) use options::{percent_decode, without_credentials};
pub(crate) use retry::{Repeat, is_passing};

use crate::artifacts::Repo;
use crate::error::{Error, Result};
use crate::model::Search;
use crate::store::Store;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Runs on a tracking server: MLflow's, or any that speaks its REST API.
///
/// Every call is a request (a large batch several: see [`crate::store::Runs::log_batch`]); to write without waiting for
/// the network, put a [`crate::SpooledStore`] before it. Differences to the embedded store, all of them MLflow's:
/// points of one metric come by timestamp, then step, within pages; a failed model keeps no message; what a server is
/// too old for is [`Error::Unsupported`].
pub struct MlflowStore {
    http: Http,
    /// Where the files of a run or model lie; that never changes.
    repos: Mutex<HashMap<String, Arc<dyn Repo>>>,
}

impl fmt::Debug for MlflowStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlflowStore").field("uri", &self.http.base()).finish_non_exhaustive()
    }
}

impl MlflowStore {
    /// The server at `uri` (`http` or `https`), with options. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Uri`] for an address or a certificate that cannot be used.
    pub fn open(uri: &str, options: ClientOptions) -> Result<MlflowStore> {
        Ok(MlflowStore { http: Http::new(uri, options)?, repos: Mutex::default() })
    }

    /// [`MlflowStore::open`] with what the environment says (see [`ClientOptions::from_env`]).
    ///
    /// # Errors
    /// As there, and for variables that cannot be read.
    pub fn from_env(uri: &str) -> Result<MlflowStore> {
        MlflowStore::open(uri, ClientOptions::from_env()?)
    }

    /// The same server, without repeats: for a spool, which repeats by itself.
    #[must_use]
    pub fn without_retries(&self) -> MlflowStore {
        MlflowStore { http: self.http.without_retries(), repos: Mutex::default() }
    }

    /// What the server calls itself, for instance `3.17.2`.
    ///
    /// # Errors
    /// Of the connection, or that this is no tracking server.
    pub fn server_version(&self) -> Result<String> {
        let bytes = self.http.bytes(Call::get("/version", Vec::new()))?;
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        if text.is_empty() || text.len() > 64 || text.contains(['<', '\n']) {
            return Err(Error::Uri {
                uri: self.http.base().to_owned(),
                reason: "what answers there is no tracking server".to_owned(),
                todo: "give the address that opens MLflow's page in a browser".to_owned(),
            });
        }
        Ok(text)
    }

    /// A call of the API's second version.
    fn get(&self, path: &str, query: Vec<(&'static str, String)>) -> Result<Value> {
        self.http.json(Call::get(v2(path), query))
    }

    /// A call of the API's second version that may be repeated.
    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.http.json(Call::send(reqwest::Method::POST, v2(path), body))
    }

    /// A call of the API's second version that may not.
    fn post_once(&self, path: &str, body: &Value) -> Result<Value> {
        self.http.json(Call::send(reqwest::Method::POST, v2(path), body).once())
    }
}

fn v2(path: &str) -> String {
    format!("/api/2.0/mlflow/{path}")
}

fn v3(path: &str) -> String {
    format!("/api/3.0/mlflow/{path}")
}

/// A name as one part of a path, or (with `/`) a path.
pub(crate) fn escape(text: &str, keep_slash: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            b'/' if keep_slash => escaped.push('/'),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// A part of an answer that must be there.
fn part<'a>(store: &MlflowStore, answer: &'a Value, name: &str) -> Result<&'a Value> {
    let missing = || answer::remote(store.http.base(), 200, format!("its answer has no `{name}`"));
    answer.get(name).ok_or_else(missing)
}

/// An id that becomes part of a path: MLflow's have letters, digits, `-` and `_`.
fn check_id(what: &'static str, id: &str) -> Result<()> {
    let first = id.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if first && id.len() <= 256 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        Ok(())
    } else {
        Err(Error::NotFound { what, name: id.to_owned() })
    }
}

/// How many items to ask for: what was asked, at most what MLflow gives in one answer.
fn limit(search: &Search, most: usize) -> Result<usize> {
    if (1..=Search::MAX_LIMIT).contains(&search.limit) {
        return Ok(search.limit.min(most));
    }
    let expected = "ask for 1 to 50,000 at a time, and go on with the page's `next`";
    Err(Error::InvalidValue { what: "limit of a search", value: search.limit.to_string(), expected })
}

/// The query of a search by GET.
fn search_query(search: &Search, most: usize) -> Result<Vec<(&'static str, String)>> {
    let mut query = vec![("max_results", limit(search, most)?.to_string())];
    if !search.filter.trim().is_empty() {
        query.push(("filter", search.filter.clone()));
    }
    query.extend(search.order_by.iter().map(|key| ("order_by", key.clone())));
    query.extend(search.page.iter().map(|page| ("page_token", page.clone())));
    Ok(query)
}

/// The items of one page of a search.
fn page<T>(answer: &Value, name: &str, read: impl Fn(&Value) -> T) -> crate::model::Page<T> {
    crate::model::Page {
        items: wire::list(answer, name).map(read).collect(),
        next: wire::optional(answer, "next_page_token"),
    }
}

impl Store for MlflowStore {
    fn location(&self) -> String {
        self.http.base().to_owned()
    }
}
