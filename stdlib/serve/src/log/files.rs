//! Where the log's files are: a directory, in which a file has its name only once it is complete.

use crate::contract::time::civil;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Files that are not yet complete.
const UNFINISHED: &str = ".unfinished";

/// A place for files.
pub(super) trait Folder: Send {
    /// Begins a file.
    fn begin(&self) -> io::Result<Box<dyn Unfinished>>;
}

/// A file that is not yet complete.
pub(super) trait Unfinished: Send {
    /// Writes all of these bytes at the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Leaves only so many bytes.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;
    /// Gives the file its name.
    fn complete(self: Box<Self>) -> io::Result<()>;
    /// Removes the file.
    fn remove(self: Box<Self>);
}

/// A directory.
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Opens or creates it, and removes what killed processes have left unfinished there.
    pub(super) fn open(path: &Path) -> io::Result<Directory> {
        fs::create_dir_all(path)?;
        for entry in fs::read_dir(path)?.flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().ends_with(UNFINISHED) {
                remove_if_left(&entry.path());
            }
        }
        let directory = Directory { path: path.to_owned() };
        // Whether it can be written is better known at the start.
        directory.begin()?.remove();
        Ok(directory)
    }
}

/// The lock of a file that is being written is held; that of one whose process is gone is not.
fn remove_if_left(path: &Path) {
    let Ok(file) = File::open(path) else { return };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
        // What cannot be removed stays, and harms nobody.
        let _ = fs::remove_file(path);
    }
}

impl Folder for Directory {
    fn begin(&self) -> io::Result<Box<dyn Unfinished>> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("requests-{}-{}-{number}.parquet", stamp(SystemTime::now()), std::process::id());
        let under_way = self.path.join(format!(".{name}{UNFINISHED}"));
        let file = OpenOptions::new().write(true).create_new(true).open(&under_way)?;
        // Without a lock another process that starts meanwhile might take the file for one that was left.
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Box::new(OnDisk { file, under_way, name: self.path.join(name), bytes: 0 }))
    }
}

struct OnDisk {
    file: File,
    under_way: PathBuf,
    name: PathBuf,
    bytes: u64,
}

impl Unfinished for OnDisk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        self.file.write_all_at(bytes, self.bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.bytes = bytes;
        self.file.set_len(bytes)
    }

    fn complete(mut self: Box<Self>) -> io::Result<()> {
        self.file.flush()?;
        fs::rename(&self.under_way, &self.name)
    }

    fn remove(self: Box<Self>) {
        let _ = fs::remove_file(&self.under_way);
    }
}

/// `20260301T120000.123Z`.
pub(crate) fn stamp(time: SystemTime) -> String {
    let ms = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let (seconds, rest) = (ms / 1000, ms % 1000);
    let (year, month, day) = civil(seconds / 86_400);
    let second = seconds % 86_400;
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{h:02}{m:02}{s:02}.{rest:03}Z")
}
