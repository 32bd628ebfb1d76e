//! A hash over everything that shapes the library, so that an unchanged one is found without cargo.

use super::error::Missing;
use std::fs;
use std::path::{Path, PathBuf};

/// Raised when the layout of a copy changes.
const LAYOUT: &str = "1";

/// Hash of the lock file, the workspace manifest, and the sources of the standard library and the runtime.
pub(super) fn sources(source: &Path) -> Result<String, Missing> {
    let mut files = vec![source.join("Cargo.lock"), source.join("Cargo.toml")];
    for directory in ["runtime", "stdlib"] {
        collect(&source.join(directory), &mut files)?;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(LAYOUT.as_bytes());
    for path in &files {
        let name = path.strip_prefix(source).unwrap_or(path).as_os_str().as_encoded_bytes();
        let content = fs::read(path).map_err(|source| Missing::Read { path: path.clone(), source })?;
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name);
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(&content);
    }
    Ok(short(&hasher))
}

/// The key of the index: sources and compiler.
pub(super) fn combined(sources: &str, rustc_version: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(sources.as_bytes());
    hasher.update(rustc_version.as_bytes());
    short(&hasher)
}

/// 32 hexadecimal digits of a hash.
pub(super) fn short(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Files below a directory in a fixed order; tests and benchmarks shape no library.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Missing> {
    let failed = |source| Missing::Read { path: directory.to_owned(), source };
    let mut entries = fs::read_dir(directory).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let kind = entry.file_type().map_err(failed)?;
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if kind.is_file() {
            files.push(entry.path());
        } else if kind.is_dir() && !["tests", "benches", "examples", "target"].iter().any(|skip| name == *skip) {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_source_changes_it_and_a_test_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for path in ["Cargo.lock", "Cargo.toml", "runtime/src/lib.rs", "stdlib/core/src/lib.rs"] {
            at(path, "a");
        }
        let first = sources(folder.path()).unwrap();
        at("stdlib/core/tests/main.rs", "b");
        at("stdlib/core/src/.lib.rs.swp", "b");
        assert_eq!(first, sources(folder.path()).unwrap());
        at("stdlib/core/src/lib.rs", "b");
        assert_ne!(first, sources(folder.path()).unwrap());
        assert_ne!(combined(&first, "rustc 1.95"), combined(&first, "rustc 1.96"));
    }
}
