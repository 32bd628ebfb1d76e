//! Finding the Parquet files of a directory.

use crate::error::DriftError;
use ironbook_data::DataError;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// The Parquet files in a directory and those below it, in the order of their names, but for those whose names begin with
/// `.` or `_`, which writers keep for themselves.
///
/// # Errors
/// [`DriftError::Data`] for a directory that is not there or cannot be read.
pub(crate) fn parquet_files(directory: &Path) -> Result<Vec<PathBuf>, DriftError> {
    let mut found = Vec::new();
    walk(directory, &mut found).map_err(|source| DataError::Read { path: directory.to_owned(), source })?;
    found.sort();
    match found.is_empty() {
        true => Err(DataError::Read { path: directory.to_owned(), source: Error::from(ErrorKind::NotFound) }.into()),
        false => Ok(found),
    }
}

/// How many files a server is writing there: each gets its name once it is complete.
pub(crate) fn unfinished(directory: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    entries.flatten().filter(|entry| entry.file_name().as_encoded_bytes().ends_with(b".parquet.unfinished")).count()
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".")
            || entry.file_name().as_encoded_bytes().starts_with(b"_")
        {
            continue;
        }
        // Through links, as reading goes.
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet")) {
            found.push(path);
        }
    }
    Ok(())
}
