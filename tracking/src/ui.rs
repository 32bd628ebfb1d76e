//! The page at `/`: Ironbook's own, or MLflow's compiled one, unchanged.

use crate::api::Refusal;
use crate::page;
use crate::server::{Page, Shared};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use sha2::{Digest, Sha256};
use std::path::{Component, Path, PathBuf};

/// The files of the page that is shown.
pub(crate) struct Files {
    page: Page,
}

impl Files {
    pub(crate) fn new(page: Page) -> Files {
        Files { page }
    }

    /// The content of a file; the page itself is the file `index.html`.
    fn read(&self, path: &str) -> Option<Bytes> {
        match &self.page {
            Page::None => None,
            Page::Ironbook => {
                let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
                page::FILES.iter().find(|file| file.name == name).map(|file| Bytes::from_static(file.bytes))
            }
            Page::Mlflow(root) => {
                let name = if path == "/" { "index.html" } else { path.strip_prefix("/static-files/")? };
                std::fs::read(below(root, name)?).ok().map(Bytes::from)
            }
        }
    }
}

/// A file below a directory, if its name stays there.
fn below(root: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    let plain = name.components().all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| root.join(name))
}

/// Answers what no route answers: files of the page, else that there is nothing.
pub(crate) async fn serve(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let api = path.starts_with("/api/") || path.starts_with("/ajax-api/") || path.starts_with("/v1/");
    if api || !reads {
        return crate::server::nowhere(path);
    }
    let Some(bytes) = tokio::task::block_in_place(|| shared.files.read(path)) else {
        return crate::server::nowhere(path);
    };
    let etag = etag(&bytes);
    let same = request.headers().get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == etag.as_bytes());
    let mut response = Response::new(if same { Body::empty() } else { Body::from(bytes) });
    if same {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(path)));
    if matches!(shared.files.page, Page::Ironbook) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::POLICY));
    }
    // Names of MLflow's files have their content's hash, so that these may be kept for long.
    let keep = if path.starts_with("/static-files/static/") { "public, max-age=2419200" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

fn etag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// The kind of a file of a page, by its name.
fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
    }
}

/// Finds MLflow's compiled page: in a directory that is named, else in the package that `python3` imports.
///
/// # Errors
/// Says what is missing.
pub(crate) fn find_mlflow(named: Option<&Path>) -> Result<PathBuf, Refusal> {
    let missing = |message: String| Refusal::new(ironbook_store::Code::ResourceDoesNotExist, message);
    let build = match named {
        Some(directory) => directory.to_owned(),
        None => {
            let script = "import importlib.util as u; print(u.find_spec('mlflow').submodule_search_locations[0])";
            let ran = std::process::Command::new("python3").args(["-c", script]).output();
            let out = ran.ok().filter(|out| out.status.success()).and_then(|out| String::from_utf8(out.stdout).ok());
            let hint = "no MLflow is installed for `python3`\ninstall it, or name the directory of its page with `--mlflow-ui`";
            let place = out.ok_or_else(|| missing(hint.to_owned()))?;
            Path::new(place.trim()).join("server/js/build")
        }
    };
    if build.join("index.html").is_file() {
        Ok(build)
    } else {
        let shown = build.display();
        Err(missing(format!(
            "{shown} has no `index.html`\nname the directory `mlflow/server/js/build` of an installed MLflow"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below() {
        let root = Path::new("/r");
        assert_eq!(below(root, "static/a.js"), Some(PathBuf::from("/r/static/a.js")));
        for bad in ["../x", "/etc/passwd", "a/../../x"] {
            assert_eq!(below(root, bad), None, "{bad}");
        }
    }
}
