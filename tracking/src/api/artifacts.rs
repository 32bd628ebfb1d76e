//! Lists of artifacts, and the small uploads of MLflow's page. Whole files are in [`super::download`].

use super::{Answer, Call, Refusal, Reply, wire};
use ironbook_store::{ArtifactInfo, ArtifactsOf};
use serde_json::json;

/// Most bytes that MLflow's page may upload at once.
pub(super) const UPLOAD_LIMIT: usize = 10 << 20;

/// A path of an artifact from a request, decoded until nothing is left to decode, and refused where it could lead out of
/// its root. The store checks again; this also catches what only becomes dangerous by decoding.
pub(crate) fn safe_path(path: &str) -> Result<String, Refusal> {
    let refused = || Refusal::invalid(format!("Invalid path: '{path}'"));
    let mut plain = path.to_owned();
    for round in 0.. {
        let decoded = decode(&plain).ok_or_else(refused)?;
        if decoded == plain {
            break;
        }
        if round == 8 {
            return Err(refused());
        }
        plain = decoded;
    }
    let drive = plain.as_bytes().get(1) == Some(&b':');
    let bad = plain.starts_with('/')
        || drive
        || plain.contains(['\\', '#'])
        || plain.chars().any(char::is_control)
        || plain.to_ascii_lowercase().starts_with("file:")
        || plain.split('/').any(|part| part == "..");
    if bad { Err(refused()) } else { Ok(trim(&plain)) }
}

/// A path without empty and `.` parts.
fn trim(path: &str) -> String {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/")
}

/// Decodes `%41`; `None` if what comes out is not text.
fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
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
    String::from_utf8(out).ok()
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
            "x#y",
            "%25252525252525252525252e%2e",
            "%ff",
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
            ("a%20b", "a b"),
            ("100%", "100%"),
        ] {
            assert_eq!(safe_path(path).unwrap(), is, "{path}");
        }
    }
}
