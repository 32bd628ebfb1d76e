//! The files of a version that a build, run or test reads, with their hashes.

use super::Change;
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// What is read: files, and all files of directories.
const READ: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "params.yaml",
    "rust-toolchain.toml",
    ".cargo",
    "build.rs",
    "src",
    "samples",
    "vendor",
];

/// Hash of each file by its path, with `/` on every system.
pub(super) fn hashes(directory: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let package = package_name(directory)?;
    for name in READ {
        collect(directory, name, &mut |path, bytes| {
            let hash = match path {
                "Cargo.toml" => blake3::hash(&without_version(bytes, "[package]", None)),
                "Cargo.lock" => blake3::hash(&without_version(bytes, "[[package]]", package.as_deref())),
                _ => blake3::hash(bytes),
            };
            found.insert(path.to_owned(), hash.to_hex().to_string());
        })?;
    }
    Ok(found)
}

fn collect(directory: &Path, relative: &str, each: &mut impl FnMut(&str, &[u8])) -> io::Result<()> {
    let path = directory.join(relative);
    let kind = match fs::symlink_metadata(&path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(&path, &error)),
    };
    if kind.is_dir() {
        for entry in fs::read_dir(&path).map_err(|error| at(&path, &error))? {
            let name = entry.map_err(|error| at(&path, &error))?.file_name();
            let name = name.to_str().ok_or_else(|| {
                io::Error::other(format!("{} has a name that is no Unicode; rename it", path.join(&name).display()))
            })?;
            collect(directory, &format!("{relative}/{name}"), each)?;
        }
        return Ok(());
    }
    if kind.is_symlink() {
        let words = format!("{} is a link; a version has only files of its own: put the file there", path.display());
        return Err(io::Error::other(words));
    }
    each(relative, &fs::read(&path).map_err(|error| at(&path, &error))?);
    Ok(())
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
}

/// Name of the version's own package.
fn package_name(directory: &Path) -> io::Result<Option<String>> {
    let text = match fs::read_to_string(directory.join("Cargo.toml")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(&directory.join("Cargo.toml"), &error)),
    };
    let name = text.parse::<toml::Table>().ok().and_then(|table| table.get("package")?.get("name").cloned());
    Ok(name.and_then(|name| name.as_str().map(str::to_owned)))
}

/// The text with the version `0.0.0` in sections of this head, and of this name if one is given.
fn without_version(bytes: &[u8], head: &str, name: Option<&str>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    let named = name.map(|name| format!("name = \"{name}\""));
    let mut out = String::with_capacity(text.len());
    let (mut in_head, mut is_named) = (false, named.is_none());
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        if words.starts_with('[') {
            in_head = words == head;
            is_named = named.is_none();
        }
        is_named |= named.as_deref() == Some(words);
        if in_head && is_named && words.starts_with("version = ") {
            out.push_str("version = \"0.0.0\"\n");
        } else {
            out.push_str(line);
        }
    }
    out.into_bytes()
}

/// The hashes as lines.
pub(super) fn list(hashes: &BTreeMap<String, String>) -> String {
    hashes.iter().map(|(path, hash)| format!("{hash}  {path}\n")).collect()
}

/// The hashes of such lines; others are passed over, and the content hash then tells.
pub(super) fn read(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(hash, path)| (path.to_owned(), hash.to_owned())).collect()
}

/// What is different.
pub(super) fn changes(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Change> {
    let gone = then.keys().filter(|path| !now.contains_key(*path)).cloned().map(Change::Removed);
    let other = now.iter().filter_map(|(path, hash)| match then.get(path) {
        None => Some(Change::Added(path.clone())),
        Some(before) if before != hash => Some(Change::Changed(path.clone())),
        Some(_) => None,
    });
    gone.chain(other).collect()
}
