//! Which kind of place a URI names.

use super::http::Proxied;
use super::object::Objects;
use super::{Files, Repo};
use crate::client::{Http, percent_decode, without_credentials};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use url::Url;

/// What a URI names.
enum Place {
    Directory(PathBuf),
    Bucket(Url),
    Proxy(Url),
}

fn refuse<T>(uri: &str, reason: &str) -> Result<T> {
    Err(Error::Uri {
        uri: without_credentials(uri),
        reason: reason.to_owned(),
        todo: "give a local path, a file:// URI, s3://BUCKET/PATH or gs://BUCKET/PATH".to_owned(),
    })
}

fn place(uri: &str) -> Result<Place> {
    if uri.is_empty() {
        return refuse(uri, "it is empty");
    }
    // `C:\x` is a path: schemes have more than one letter.
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme).filter(|s| s.len() > 1 && !s.contains('/'));
    if scheme.is_none() {
        return Ok(Place::Directory(PathBuf::from(uri)));
    }
    let Ok(url) = Url::parse(uri) else { return refuse(uri, "it is not a URI") };
    match url.scheme() {
        "file" => match url.to_file_path() {
            Ok(path) => Ok(Place::Directory(path)),
            Err(()) => refuse(uri, "it names no file of this machine"),
        },
        "s3" | "s3a" | "gs" if url.host_str().is_none_or(str::is_empty) => refuse(uri, "it names no bucket"),
        "s3" | "s3a" | "gs" => Ok(Place::Bucket(url)),
        "mlflow-artifacts" => Ok(Place::Proxy(url)),
        _ => refuse(uri, "this kind of place is not known here"),
    }
}

/// The files below a URI: a local path or `file://` URI, `s3://BUCKET/PATH`, `gs://BUCKET/PATH`. Local files are written
/// in `scratch` before they are moved. Credentials of buckets come from the environment (`AWS_*`,
/// `MLFLOW_S3_ENDPOINT_URL`, `GOOGLE_APPLICATION_CREDENTIALS`).
///
/// # Errors
/// [`Error::Uri`] for other URIs, and for what is none.
pub fn open(uri: &str, scratch: &Path) -> Result<Box<dyn Repo>> {
    match place(uri)? {
        Place::Directory(root) => Ok(Box::new(Files::new(root, scratch))),
        Place::Bucket(url) => bucket(uri, &url),
        Place::Proxy(_) => refuse(uri, "it lies behind a tracking server, which is not known here"),
    }
}

/// The same for the artifacts of a run or model of the server at `http`.
pub(crate) fn open_for(uri: &str, http: &Http) -> Result<Box<dyn Repo>> {
    match place(uri)? {
        Place::Directory(root) if root.is_absolute() => {
            // A directory that the server and this machine share. Files are written beside it.
            let scratch = root.parent().unwrap_or(&root).join(".ironbook-scratch");
            Ok(Box::new(Files::new(root, scratch)))
        }
        Place::Directory(_) => refuse(uri, "it is relative to the directory in which the server was started"),
        Place::Bucket(url) => bucket(uri, &url),
        Place::Proxy(url) => {
            let path = percent_decode(url.path());
            let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
                return Ok(Box::new(Proxied::new(http.clone(), &path)?));
            };
            let port = url.port().map_or(String::new(), |port| format!(":{port}"));
            let scheme = http.base().split(':').next().unwrap_or("http");
            let base = format!("{scheme}://{host}{port}");
            // Another server gets the credentials of this one no more than it would from MLflow.
            let other = if http.base() == base { http.clone() } else { http.elsewhere(&base)? };
            Ok(Box::new(Proxied::new(other, &path)?))
        }
    }
}

fn bucket(uri: &str, url: &Url) -> Result<Box<dyn Repo>> {
    let (name, path) = (url.host_str().unwrap_or_default(), percent_decode(url.path()));
    Ok(match url.scheme() {
        "gs" => Box::new(Objects::gcs(uri, name, &path)?),
        _ => Box::new(Objects::s3(uri, name, &path, &|variable| std::env::var(variable).ok())?),
    })
}
