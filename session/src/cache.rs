//! The size of the cache of compiled cells: what was used least recently is removed.
//!
//! An object that another process has loaded stays mapped there when its file goes; a session that looks for it later
//! finds that it is gone, and compiles the cell again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Most bytes that compiled cells take on disk, unless [`LIMIT_VARIABLE`] says otherwise.
pub const LIMIT: u64 = 2 << 30;
/// Environment variable with another limit, in MiB.
pub const LIMIT_VARIABLE: &str = "IRONBOOK_CACHE_MB";
/// Compiles of one process after which it looks at the size again.
const EVERY: u64 = 500;
/// What a killed compiler left is removed when it is older than this.
const LEFTOVER: Duration = Duration::from_hours(24);

/// Removes, in the background, what is too much: at the first call in a process and then every few hundred calls.
pub(crate) fn tidy(cache: &Path) {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    if CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY) {
        let cache = cache.to_owned();
        let megabytes = std::env::var(LIMIT_VARIABLE).ok().and_then(|text| text.parse::<u64>().ok());
        let limit = megabytes.map_or(LIMIT, |megabytes| megabytes << 20);
        // A process that ends meanwhile leaves the rest to the next one.
        drop(std::thread::Builder::new().name("cache".to_owned()).spawn(move || trim(&cache, limit)));
    }
}

/// Marks a file as just used.
pub(crate) fn touch(path: &Path) {
    // A cache that cannot be written is not tidied either.
    let _ = File::options().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
}

/// Removes the files of `cache` that were used least recently, until nine tenths of `limit` bytes are left.
pub fn trim(cache: &Path, limit: u64) {
    for (_, path, _) in files(&cache.join("work")).into_iter().filter(|(used, ..)| age(*used) > LEFTOVER) {
        let _ = fs::remove_dir_all(path);
    }
    let mut all = files(&cache.join("cells"));
    all.extend(files(&cache.join("entries")));
    let mut total: u64 = all.iter().map(|(_, _, size)| size).sum();
    if total <= limit {
        return;
    }
    all.sort();
    for (_, path, size) in all {
        if total <= limit / 10 * 9 {
            return;
        }
        if fs::remove_file(path).is_ok() {
            total -= size;
        }
    }
}

fn age(used: SystemTime) -> Duration {
    SystemTime::now().duration_since(used).unwrap_or_default()
}

/// When each entry of a directory was last used, and its size.
fn files(directory: &Path) -> Vec<(SystemTime, PathBuf, u64)> {
    let entry = |entry: fs::DirEntry| {
        let metadata = entry.metadata().ok()?;
        Some((metadata.modified().ok()?, entry.path(), metadata.len()))
    };
    fs::read_dir(directory).into_iter().flatten().flatten().filter_map(entry).collect()
}
