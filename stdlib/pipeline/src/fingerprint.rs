//! What tells whether a file is the same as before.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// `blake3:` and the hash of a file's content, and its bytes. A directory's is over the relative paths and hashes of its
/// files, in the order of their paths.
///
/// # Errors
/// When something cannot be read.
pub fn fingerprint(path: &Path) -> io::Result<(String, u64)> {
    let (hash, bytes) = if fs::metadata(path)?.is_dir() { of_directory(path)? } else { of_file(path)? };
    Ok((format!("blake3:{}", hash.to_hex()), bytes))
}

fn of_file(path: &Path) -> io::Result<(blake3::Hash, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hasher.finalize(), bytes)),
            read => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}

fn of_directory(path: &Path) -> io::Result<(blake3::Hash, u64)> {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    for relative in relative_files(path)? {
        let (hash, len) = of_file(&path.join(&relative))?;
        hasher.update(relative.to_string_lossy().as_bytes());
        hasher.update(&[0]);
        hasher.update(hash.as_bytes());
        bytes += len;
    }
    Ok((hasher.finalize(), bytes))
}

fn relative_files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(root.join(&directory))? {
            let entry = entry?;
            let relative = directory.join(entry.file_name());
            if fs::metadata(entry.path())?.is_dir() {
                open.push(relative);
            } else {
                found.push(relative);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What changes when a file does, without reading it: one line for each file.
pub(crate) fn stamp(path: &Path) -> io::Result<Stamp> {
    let of = fs::metadata(path)?;
    if !of.is_dir() {
        return Ok(Stamp { text: line(&of), newest_ns: newest(&of) });
    }
    let mut stamp = Stamp { text: String::new(), newest_ns: 0 };
    for relative in relative_files(path)? {
        let of = fs::metadata(path.join(&relative))?;
        stamp.text.push_str(&format!("{} {}\n", relative.display(), line(&of)));
        stamp.newest_ns = stamp.newest_ns.max(newest(&of));
    }
    Ok(stamp)
}

/// The size, times and identity of a file, or of those in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) text: String,
    /// Nanoseconds since 1970 of the latest change.
    pub(crate) newest_ns: i128,
}

fn line(of: &Metadata) -> String {
    let (mtime, ctime) = (at(of.mtime(), of.mtime_nsec()), at(of.ctime(), of.ctime_nsec()));
    format!("{}:{mtime}:{ctime}:{}:{}", of.len(), of.dev(), of.ino())
}

fn newest(of: &Metadata) -> i128 {
    at(of.mtime(), of.mtime_nsec()).max(at(of.ctime(), of.ctime_nsec()))
}

fn at(seconds: i64, nanoseconds: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds)
}
