//! The register of running sessions: each kernel has an entry in Ironbook's data, and holds a lock on it while it lives.
//!
//! A killed kernel leaves its entry behind but not the lock, so that nobody has to trust the number of a process.

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Hexadecimal digits of an identity.
const DIGITS: usize = 6;

/// What is known of a running session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its identity, short enough to be typed.
    pub id: String,
    /// The kernel's process.
    pub pid: u32,
    /// Who started it.
    pub started_by: StartedBy,
    /// The notebook that it was started for, if Jupyter told.
    pub notebook: Option<String>,
    /// The file that says how to connect to it.
    pub connection_file: PathBuf,
    /// The directory that it was started in.
    pub directory: PathBuf,
    /// When it was started, in seconds since 1970.
    pub started: u64,
    /// Ironbook's version.
    pub version: String,
}

/// Who starts a kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartedBy {
    /// `ironbook`; the connection file's folder is its own and goes with it.
    Terminal,
    /// Jupyter.
    #[default]
    Jupyter,
}

/// An entry that is held. Dropped, it is taken out of the register.
#[derive(Debug)]
pub struct Registered {
    /// The entry.
    pub entry: Entry,
    path: PathBuf,
    _locked: File,
}

impl Entry {
    /// An entry for this process.
    pub fn new(started_by: StartedBy, notebook: Option<String>, connection_file: &Path, directory: &Path) -> Entry {
        let id: String = uuid::Uuid::new_v4().simple().to_string().chars().take(DIGITS).collect();
        let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Entry {
            id,
            pid: std::process::id(),
            started_by,
            notebook,
            connection_file: std::path::absolute(connection_file).unwrap_or_else(|_| connection_file.to_owned()),
            directory: directory.to_owned(),
            started: passed.as_secs(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Puts it into the register of this data directory.
    ///
    /// # Errors
    /// When the register cannot be written.
    pub fn register(self, data: &Path) -> io::Result<Registered> {
        // Killed kernels leave entries behind, and not everybody asks for the list.
        drop(list(data));
        let folder = folder(data);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let path = folder.join(format!("{}.json", self.id));
        // Locked before it has its name: nobody finds it unlocked.
        let unnamed = folder.join(format!("{}.new", self.id));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unnamed)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        file.write_all(format!("{:#}\n", serde_json::to_value(&self)?).as_bytes())?;
        fs::rename(&unnamed, &path)?;
        Ok(Registered { entry: self, path, _locked: file })
    }

    /// Removes what a kernel that was started by a terminal leaves behind: its sockets and connection file.
    fn tidy(&self) {
        if self.started_by == StartedBy::Terminal
            && let Some(folder) = self.connection_file.parent()
            && folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(OWN_FOLDER))
        {
            // What cannot be removed is in nobody's way.
            drop(fs::remove_dir_all(folder));
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
        self.entry.tidy();
    }
}

/// How the names of folders begin in which a terminal's kernel has its sockets.
pub const OWN_FOLDER: &str = "ironbook-";

/// The running sessions, oldest first; entries of kernels that are no more are removed.
pub fn list(data: &Path) -> Vec<Entry> {
    let files = fs::read_dir(folder(data)).into_iter().flatten().filter_map(Result::ok);
    let paths = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "json"));
    let mut entries: Vec<Entry> = paths.filter_map(|path| running(&path)).collect();
    entries.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
    entries
}

/// The entry in a file, if its kernel lives; otherwise it is removed.
fn running(path: &Path) -> Option<Entry> {
    let file = File::open(path).ok()?;
    let entry = fs::read_to_string(path).ok().and_then(|text| serde_json::from_str::<Entry>(&text).ok());
    if flock(&file, FlockOperation::NonBlockingLockShared).is_err() {
        return entry;
    }
    drop(fs::remove_file(path));
    if let Some(entry) = entry {
        entry.tidy();
    }
    None
}

fn folder(data: &Path) -> PathBuf {
    data.join("running")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(folder: &Path, started_by: StartedBy) -> Entry {
        Entry::new(started_by, None, &folder.join("kernel.json"), folder)
    }

    #[test]
    fn a_session_is_listed_while_it_holds_its_entry() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(list(data.path()), []);
        let held = entry(data.path(), StartedBy::Jupyter).register(data.path()).unwrap();
        assert_eq!(list(data.path()), std::slice::from_ref(&held.entry));
        assert_eq!(held.entry.id.len(), DIGITS);
        drop(held);
        assert_eq!(list(data.path()), []);
    }

    #[test]
    fn what_a_killed_kernel_left_behind_is_removed() {
        let data = tempfile::tempdir().unwrap();
        let own = data.path().join("ironbook-x");
        fs::create_dir(&own).unwrap();
        fs::write(own.join("kernel.json"), "{}").unwrap();
        let killed = entry(&own, StartedBy::Terminal);
        fs::create_dir(folder(data.path())).unwrap();
        let path = folder(data.path()).join(format!("{}.json", killed.id));
        fs::write(&path, serde_json::to_string(&killed).unwrap()).unwrap();
        assert_eq!(list(data.path()), []);
        assert!(!path.exists() && !own.exists());
    }

    #[test]
    fn jupyters_own_folders_are_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let own = data.path().join("ironbook-notebooks");
        fs::create_dir(&own).unwrap();
        drop(entry(&own, StartedBy::Jupyter).register(data.path()).unwrap());
        assert!(own.exists());
    }
}
