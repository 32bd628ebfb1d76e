//! What a version is, as one hash, and which of its files are no longer as they were.
//!
//! Hashed are the definition in canonical form and the files that a build, run or test reads. Paths are relative to the version,
//! so that the place does not matter. The line with the version of the crate itself, in `Cargo.toml` and in `Cargo.lock`, is
//! hashed as `version = "0.0.0"`, whatever it says: the same pipeline has the same hash under each version.

mod files;

use super::Definition;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

/// Name of the file with the hashes of a version's files, one a line as `b3sum` writes them. The content hash is made of
/// them; they are kept to name what has changed.
pub const FILES: &str = "files.b3";

/// The stages' own code.
const SOURCE: &str = "src/stages.rs";

/// What is said of where a version comes from, and not of what it is.
const LEFT_OUT: [&str; 4] = ["version", "content", "origin", "verified"];

/// How a file of a version is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase", tag = "change", content = "path")]
pub enum Change {
    /// It was not there.
    Added(String),
    /// It is gone.
    Removed(String),
    /// It has another content.
    Changed(String),
}

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Changes {
    /// Files that changed.
    pub files: Vec<Change>,
    /// Whether the definition, or the list of hashes itself, is not what was hashed.
    pub definition: bool,
}

impl Changes {
    /// Whether the version is as it was written.
    pub fn none(&self) -> bool {
        self.files.is_empty() && !self.definition
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = self.files.iter().map(Change::to_string).collect();
        if self.definition {
            lines.push("changed pipeline.toml".to_owned());
        }
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added(path) => write!(f, "added {path}"),
            Change::Removed(path) => write!(f, "removed {path}"),
            Change::Changed(path) => write!(f, "changed {path}"),
        }
    }
}

/// The definition without what says where it comes from, keys sorted, as compact JSON.
pub fn canonical(definition: &Definition) -> String {
    let mut value = serde_json::to_value(definition).expect("a definition has only what JSON has");
    if let Value::Object(fields) = &mut value {
        for name in LEFT_OUT {
            fields.remove(name);
        }
        for stage in fields.get_mut("stages").and_then(Value::as_array_mut).into_iter().flatten() {
            stage.as_object_mut().map(|stage| stage.remove("cells"));
        }
    }
    sort(&mut value);
    value.to_string()
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.sort_keys();
            fields.values_mut().for_each(sort);
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

/// The content hash of a version: 64 hexadecimal digits.
///
/// # Errors
/// When a file of the version cannot be read, or is a link.
pub fn content_hash(definition: &Definition, directory: &Path) -> io::Result<String> {
    Ok(hash_of(definition, &files::hashes(directory)?))
}

fn hash_of(definition: &Definition, files: &BTreeMap<String, String>) -> String {
    let mut hasher = blake3::Hasher::new();
    let canonical = canonical(definition);
    hasher.update(format!("ironbook pipeline 1\n{}\n{canonical}\n", canonical.len()).as_bytes());
    hasher.update(files::list(files).as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// Puts the content hash and that of the stages' code into the definition, and writes `pipeline.toml` and the list of hashes ([`FILES`]) into the
/// directory of the version. All its other files have to be there.
///
/// # Errors
/// When a file of the version cannot be read or written, or is a link.
pub fn seal(definition: &mut Definition, directory: &Path) -> io::Result<()> {
    let hashes = files::hashes(directory)?;
    definition.source = hashes.get(SOURCE).cloned().unwrap_or_default();
    definition.content = hash_of(definition, &hashes);
    std::fs::write(directory.join(FILES), files::list(&hashes))?;
    definition.write(directory)
}

/// Which files of a version are not as they were when it was written. Without a list of hashes it is only known whether
/// anything is.
///
/// # Errors
/// When a file of the version cannot be read, or is a link.
pub fn verify(definition: &Definition, directory: &Path) -> io::Result<Changes> {
    let now = files::hashes(directory)?;
    let then = match std::fs::read_to_string(directory.join(FILES)) {
        Ok(text) => files::read(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => now.clone(),
        Err(error) => return Err(error),
    };
    Ok(Changes { files: files::changes(&then, &now), definition: hash_of(definition, &then) != definition.content })
}
