//! Lists of artifacts, and the small uploads of MLflow's page. Whole files are in [`super::download`].

use super::{Answer, Call, Refusal, Reply, wire};
use ironbook_store::{ArtifactInfo, ArtifactsOf};
use serde_json::json;

/// Most bytes that MLflow's page may upload at once.
pub(super) const UPLOAD_LIMIT: usize = 10 << 20;

/// A path of an artifact from a request as it was given, refused where it could lead out of its root. It is decoded again
/// and again for this check alone: what only becomes dangerous by decoding is refused, but `50%25` stays the name it is.
pub(crate) fn safe_path(path: &str) -> Result<String, Refusal> {
    if fully_decoded(path).is_some_and(|plain| stays_inside(&plain)) && stays_inside(path) {
        return Ok(trim(path));
    }
    Err(Refusal::invalid(format!("Invalid path: '{path}'")))
}

/// A text decoded until nothing is left to decode; `None` if that does not end soon.
pub(super) fn fully_decoded(text: &str) -> Option<String> {
    let mut plain = text.to_owned();
    for _ in 0..8 {
        let decoded = decode(&plain);
        if decoded == plain {
            return Some(plain);
        }
        plain = decoded;
    }
    None
}

fn stays_inside(plain: &str) -> bool {
    let drive = matches!(plain.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    !(plain.starts_with('/')
        || drive
        || plain.contains('\\')
        || plain.chars().any(char::is_control)
        || plain.to_ascii_lowercase().starts_with("file:")
        || plain.split('/').any(|part| part == ".."))
}

/// A path without empty and `.` parts.
fn trim(path: &str) -> String {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/")
}

/// Decodes `%41`; bytes that are no text become signs that stand for nothing.
fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|d| std::str::from_utf8(d).ok());
        match digits.and_then(|d| u8::from_str_radix(d, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The answer of a list of artifacts.
pub(super) fn listing(root: &str, files: &[ArtifactInfo]) -> Reply {
    if files.is_empty() {
        return Reply::json(&json!({ "root_uri": root }));
    }
    Reply::json(&json!({ "root_uri": root, "files": wire::Each(files, wire::file) }))
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let run = call.store().run(&fields.run_id()?)?;
    let path = safe_path(&fields.text("path")?.unwrap_or_default())?;
    let files = call.store().list_artifacts(ArtifactsOf::Run(&run.info.id), &path)?;
    Ok(listing(&run.info.artifact_uri, &files))
}

pub(super) fn upload(call: &Call<'_>) -> Answer {
    let fields = Fields::of_query(call.query);
    let run = fields.some_text("run_uuid")?.or(fields.some_text("run_id")?);
    let run = run.ok_or_else(|| Refusal::invalid("Request must specify run_uuid."))?;
    let path = fields.some_text("path")?.ok_or_else(|| Refusal::invalid("Request must specify path."))?;
    let path = safe_path(&path)?;
    if call.body.is_empty() {
        return Err(Refusal::invalid("Request must specify data."));
    }
    if call.body.len() > UPLOAD_LIMIT {
        return Err(Refusal::invalid("Artifact size is too large. Max size is 10MB."));
    }
    super::locations::check(call, &call.store().run(&run)?.info.artifact_uri)?;
    call.store().write_artifact(ArtifactsOf::Run(&run), &path, &mut &*call.body)?;
    Ok(Reply::raw("application/json", Vec::new()))
}

use super::Fields;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_out_are_refused() {
        let bad = [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "%2e%2e/x",
            "%252e%252e%252fx",
            "..%2fx",
            "a\\..\\x",
            "C:/x",
            "C:x",
            "file:///etc/passwd",
            "a%00b",
            "a\nb",
            "%2Fetc",
            "%25252525252525252525252e%2e",
        ];
        for path in bad {
            assert!(safe_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn plain_paths_pass() {
        for (path, is) in [
            ("a/b.txt", "a/b.txt"),
            ("", ""),
            ("a//b/./c", "a/b/c"),
            ("ä b", "ä b"),
            ("a%20b", "a%20b"),
            ("100%", "100%"),
            ("100%25", "100%25"),
            ("%ff", "%ff"),
            ("x#y", "x#y"),
            ("epoch:1/a", "epoch:1/a"),
        ] {
            assert_eq!(safe_path(path).unwrap(), is, "{path}");
        }
    }
}
