//! Models as JSON files.

use crate::error::LearnError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Version of the files written; raised when a model's fields change their meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a, T> {
    format: &'a str,
    version: u32,
    model: &'a T,
}

#[derive(Deserialize)]
struct Read {
    format: String,
    version: u32,
    model: Value,
}

/// Writes beside the file and renames, so that a full disk or a crash never leaves half a model.
pub(crate) fn save<T: Serialize>(format: &str, model: &T, path: &Path) -> Result<(), LearnError> {
    let failed = |source| LearnError::Write { path: path.to_owned(), source };
    let file = Written { format, version: VERSION, model };
    let json = serde_json::to_vec_pretty(&file).map_err(|e| failed(e.into()))?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = Path::new(&name);
    let written = fs::File::create(temporary)
        .and_then(|mut file| file.write_all(&json).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(temporary, path));
    if written.is_err() {
        // The first error is the one to report, whether or not there is something to clean up.
        let _ = fs::remove_file(temporary);
    }
    written.map_err(failed)
}

pub(crate) fn load<T: DeserializeOwned>(format: &str, path: &Path) -> Result<T, LearnError> {
    let bytes = fs::read(path).map_err(|source| LearnError::Read { path: path.to_owned(), source })?;
    let broken = |source| LearnError::NotAModel { path: path.to_owned(), source };
    let file: Read = serde_json::from_slice(&bytes).map_err(broken)?;
    if file.format != format || file.version > VERSION {
        return Err(LearnError::OtherModel {
            path: path.to_owned(),
            found: format!("{} version {}", file.format, file.version),
            expected: format!("{format} version {VERSION}"),
        });
    }
    serde_json::from_value(file.model).map_err(broken)
}
