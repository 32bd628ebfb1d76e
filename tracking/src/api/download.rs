//! Files on their way to a client: read piece by piece, so that a large one needs no memory.

use super::artifacts::safe_path;
use super::{Fields, Refusal, proxy};
use crate::server::{Shared, blocking};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use ironbook_store::ArtifactsOf;
use std::io::{self, Read};

/// Bytes read at once.
const PIECE: usize = 256 << 10;

/// What is opened for reading.
pub(crate) type Opened = Box<dyn Read + Send>;

/// A file as an answer. It is always an attachment, and never taken for anything but its kind: what runs put among their
/// artifacts must not run as a page of this server.
pub(crate) fn file(name: &str, from: Opened) -> Response<Body> {
    let stream = futures_util::stream::unfold(Some(from), |state| async move {
        let mut from = state?;
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::with_capacity(PIECE);
            let count = (&mut from).take(PIECE as u64).read_to_end(&mut piece);
            count.map(|count| (count, piece, from))
        });
        match read.await {
            Ok(Ok((0, _, _))) => None,
            Ok(Ok((_, piece, from))) => Some((Ok(Bytes::from(piece)), Some(from))),
            Ok(Err(error)) => Some((Err(error), None)),
            Err(_) => Some((Err(io::Error::other("reading panicked")), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(name)));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    if let Ok(value) = HeaderValue::from_str(&attachment(name.rsplit('/').next().unwrap_or(name))) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A page among a run's artifacts, to be looked at in a frame: in an origin that is nobody's, with what stands within it
/// and nothing else, so that it can reach neither this server nor any other.
fn shown(mut response: Response<Body>) -> Response<Body> {
    const ALONE: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                         img-src data: blob:; font-src data:; media-src data:";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(ALONE));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    response
}

/// `Content-Disposition` that makes a browser keep the file under its name.
pub(super) fn attachment(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&b);
    if !name.is_empty() && name.bytes().all(plain) {
        return format!("attachment; filename={name}");
    }
    let ascii: String =
        name.chars().filter(|c| c.is_ascii() && !c.is_ascii_control() && !"\"\\".contains(*c)).collect();
    let mut coded = String::new();
    for byte in name.bytes() {
        if plain(byte) { coded.push(char::from(byte)) } else { coded.push_str(&format!("%{byte:02X}")) }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{coded}")
}

/// The kind of a file by its name, as MLflow's server says it: text for what is read as text.
fn kind(name: &str) -> &'static str {
    let end = name.rsplit('/').next().and_then(|n| n.rsplit_once('.')).map_or("", |(_, end)| end).to_ascii_lowercase();
    match end.as_str() {
        "txt" | "log" | "err" | "cfg" | "conf" | "cnf" | "cf" | "ini" | "properties" | "prop" | "hocon" | "toml"
        | "yaml" | "yml" | "xml" | "json" | "js" | "py" | "py3" | "csv" | "tsv" | "md" | "rst" | "jsonnet" | "rs" => {
            "text/plain; charset=utf-8"
        }
        "html" | "htm" => "text/html; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "pdf" => "application/pdf",
        "mp4" => "video/mp4",
        "mp3" => "audio/mpeg",
        "wav" => "audio/x-wav",
        _ => "application/octet-stream",
    }
}

/// The artifact of a run: `/get-artifact?run_id=...&path=...`; with `view=1` a page is sent to be looked at.
pub(crate) async fn of_run(shared: Shared, query: String) -> Result<Response<Body>, Refusal> {
    let fields = Fields::of_query(&query);
    let (run, path) = (fields.run_id()?, safe_path(&fields.need("path")?)?);
    let opened = blocking(&shared, {
        let path = path.clone();
        move |state| Ok(state.store.read_artifact(ArtifactsOf::Run(&run), &path)?)
    });
    let file = file(&path, opened.await?);
    let page = kind(&path).starts_with("text/html") && fields.text("view")?.as_deref() == Some("1");
    Ok(if page { shown(file) } else { file })
}

/// The artifact of a logged model: `.../logged-models/ID/artifacts/files?artifact_file_path=...`.
pub(crate) async fn of_model(shared: Shared, id: String, query: String) -> Result<Response<Body>, Refusal> {
    let path = safe_path(&Fields::of_query(&query).need("artifact_file_path")?)?;
    let opened = blocking(&shared, {
        let path = path.clone();
        move |state| Ok(state.store.read_artifact(ArtifactsOf::Model(&id), &path)?)
    });
    Ok(file(&path, opened.await?))
}

/// The artifact of a version of a registered model: `/model-versions/get-artifact?name=...&version=...&path=...`.
pub(crate) async fn of_version(shared: Shared, query: String) -> Result<Response<Body>, Refusal> {
    let fields = Fields::of_query(&query);
    let (name, version) = (fields.need("name")?, fields.need("version")?);
    let path = safe_path(&fields.need("path")?)?;
    let opened = blocking(&shared, {
        let path = path.clone();
        move |state| {
            let uri = state.store.version_uri(&name, &version)?;
            open_below(state, &uri, &path)
        }
    });
    Ok(file(&path, opened.await?))
}

/// Opens a file below a place: a model, a run, or what this server holds for others.
fn open_below(state: &crate::server::State, uri: &str, path: &str) -> Result<Opened, Refusal> {
    let absent = || Refusal::absent("artifact", path);
    if let Some(rest) = uri.strip_prefix("models:/") {
        let (id, below) = rest.split_once('/').unwrap_or((rest, ""));
        return Ok(state.store.read_artifact(ArtifactsOf::Model(id), &join(below, path)?)?);
    }
    if let Some(rest) = uri.strip_prefix("runs:/") {
        let (id, below) = rest.split_once('/').unwrap_or((rest, ""));
        return Ok(state.store.read_artifact(ArtifactsOf::Run(id), &join(below, path)?)?);
    }
    let root = proxy::path_of(uri).ok_or_else(absent)?;
    let repo = state.proxied.as_ref().ok_or_else(absent)?;
    Ok(repo.read(&join(&root, path)?)?)
}

fn join(root: &str, path: &str) -> Result<String, Refusal> {
    let root = safe_path(root)?;
    Ok(if root.is_empty() { path.to_owned() } else { format!("{root}/{path}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_headers() {
        assert_eq!(attachment("model.pkl"), "attachment; filename=model.pkl");
        assert_eq!(
            attachment("ä \"b\"\r\n.txt"),
            "attachment; filename=\" b.txt\"; filename*=UTF-8''%C3%A4%20%22b%22%0D%0A.txt"
        );
    }
}
