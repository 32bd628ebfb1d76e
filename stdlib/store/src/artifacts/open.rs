//! Which kind of place a URI names.

use super::http::Proxied;
use super::object::Objects;
use super::{Files, Repo};
use crate::client::{Http, without_credentials};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use url::Url;

/// The place of a run's or model's artifacts, as the server at `http` names it.
pub(crate) fn open_for(uri: &str, http: &Http) -> Result<Box<dyn Repo>> {
    let bad = |reason: &str| Error::Uri {
        uri: without_credentials(uri),
        reason: reason.to_owned(),
        todo: "artifacts lie in a directory, in `s3://`, `gs://`, or behind a server (`mlflow-artifacts:`)".to_owned(),
    };
    let Ok(url) = Url::parse(uri) else {
        // A path without a scheme: a directory that the server and this machine share.
        return if Path::new(uri).is_absolute() {
            Ok(directory(PathBuf::from(uri)))
        } else {
            Err(bad("it is not absolute"))
        };
    };
    let path = || decoded(url.path());
    match (url.scheme(), url.host_str()) {
        ("mlflow-artifacts", None | Some("")) => Ok(Box::new(Proxied::new(http.clone(), &path())?)),
        ("mlflow-artifacts", Some(host)) => {
            // Another server, without the credentials of this one.
            let port = url.port().map_or(String::new(), |port| format!(":{port}"));
            let scheme = http.base().split(':').next().unwrap_or("http");
            let base = format!("{scheme}://{host}{port}");
            let other = if http.base() == base { http.clone() } else { http.elsewhere(&base)? };
            Ok(Box::new(Proxied::new(other, &path())?))
        }
        ("s3" | "s3a", Some(bucket)) => Ok(Box::new(Objects::s3(uri, bucket, &path(), &|n| std::env::var(n).ok())?)),
        ("gs", Some(bucket)) => Ok(Box::new(Objects::gcs(uri, bucket, &path())?)),
        ("file", None | Some("" | "localhost")) => match url.to_file_path() {
            Ok(path) => Ok(directory(path)),
            Err(()) => Err(bad("it names no path of this system")),
        },
        (scheme, _) => Err(bad(&format!("artifacts in `{scheme}:` are not known here"))),
    }
}

/// Files are written beside the directory before they are moved into it.
fn directory(path: PathBuf) -> Box<dyn Repo> {
    let scratch = path.parent().unwrap_or(&path).join(".ironbook-scratch");
    Box::new(Files::new(path, scratch))
}

fn decoded(path: &str) -> String {
    crate::client::percent_decode(path)
}
