//! The register of running servers: each has an entry in Ironbook's data, and holds a lock on it while it lives.
//!
//! A killed server leaves its entry behind but not the lock, so that nobody has to trust the number of a process.

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Hexadecimal digits of an identity.
const DIGITS: usize = 6;

/// What is known of a running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its identity, short enough to be typed.
    pub id: String,
    /// Its process.
    pub pid: u32,
    /// The name under which the model is served.
    pub name: String,
    /// The version that answers.
    pub version: String,
    /// The model's address, or what it was called in its session.
    pub source: String,
    /// Where it listens: `http://127.0.0.1:8080`.
    pub url: String,
    /// Whether clients must know a key.
    pub key: bool,
    /// The directory of the request log.
    pub log: Option<PathBuf>,
    /// A row that the model can answer, as JSON.
    pub example: String,
    /// The process of the session that started it, if one did.
    pub session: Option<u32>,
    /// Whether it goes on when that session ends.
    pub kept: bool,
    /// The file with what it has to say.
    pub messages: Option<PathBuf>,
    /// The directory that it was started in.
    pub directory: PathBuf,
    /// When it was started, in seconds since 1970.
    pub started: u64,
}

/// An entry that is held. Dropped, it is taken out of the register.
#[derive(Debug)]
pub struct Registered {
    path: PathBuf,
    messages: Option<PathBuf>,
    _locked: File,
}

impl Entry {
    /// The port that it listens at.
    #[must_use]
    pub fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap_or_default()
    }

    /// Puts it into the register of this folder.
    ///
    /// # Errors
    /// When the register cannot be written.
    pub fn register(&self, folder: &Path) -> io::Result<Registered> {
        // Killed servers leave entries behind, and not everybody asks for the list.
        drop(list(folder));
        create(folder)?;
        let path = folder.join(format!("{}.json", self.id));
        // Locked before it has its name: nobody finds it unlocked.
        let unnamed = folder.join(format!("{}.new", self.id));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unnamed)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        file.write_all(format!("{:#}\n", serde_json::to_value(self)?).as_bytes())?;
        fs::rename(&unnamed, &path)?;
        Ok(Registered { path, messages: self.messages.clone(), _locked: file })
    }

    /// Tells its process to stop; whether there was one to tell. It answers what it has accepted before it ends.
    #[must_use]
    pub fn stop(&self, folder: &Path) -> bool {
        let process = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let Some(process) = process.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else { return false };
        // Looked at only now: while the lock is held, the descriptor is that of the server and of no later process.
        self.runs(folder) && pidfd_send_signal(&process, Signal::TERM).is_ok()
    }

    /// Whether its process lives.
    #[must_use]
    pub fn runs(&self, folder: &Path) -> bool {
        running(&folder.join(format!("{}.json", self.id))).is_some()
    }
}

impl Registered {
    /// Notes that another version answers now; beside the entry, whose file is the one that is locked.
    ///
    /// # Errors
    /// When the register cannot be written.
    pub fn answers(&self, version: &str) -> io::Result<()> {
        let unnamed = self.path.with_extension("version.new");
        fs::write(&unnamed, version)?;
        fs::rename(&unnamed, self.path.with_extension("version"))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        // What cannot be removed is found unlocked, and removed by the next one who looks.
        drop(fs::remove_file(&self.path));
        drop(fs::remove_file(self.path.with_extension("version")));
        if let Some(messages) = &self.messages {
            drop(fs::remove_file(messages));
        }
    }
}

/// The folder of the register: in Ironbook's data (`IRONBOOK_HOME`, else `ironbook` in the user's cache).
#[must_use]
pub fn folder() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")));
    let data = named("IRONBOOK_HOME").unwrap_or_else(|| cache().unwrap_or_else(std::env::temp_dir).join("ironbook"));
    data.join("servers")
}

/// Creates the folder, for this user alone.
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A new identity.
pub(crate) fn fresh_id() -> String {
    // The seeds of a hash map are drawn by the system.
    format!("{:016x}", RandomState::new().hash_one(std::process::id())).chars().take(DIGITS).collect()
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The running servers, oldest first; entries of those that are no more are removed.
#[must_use]
pub fn list(folder: &Path) -> Vec<Entry> {
    let files = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let paths = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "json"));
    let mut entries: Vec<Entry> = paths.filter_map(|path| running(&path)).collect();
    entries.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
    entries
}

/// The entry in a file, if its server lives; otherwise it is removed.
fn running(path: &Path) -> Option<Entry> {
    let file = File::open(path).ok()?;
    let mut entry = fs::read_to_string(path).ok().and_then(|text| serde_json::from_str::<Entry>(&text).ok());
    let newer = path.with_extension("version");
    if flock(&file, FlockOperation::NonBlockingLockShared).is_err() {
        if let (Some(entry), Ok(version)) = (&mut entry, fs::read_to_string(&newer)) {
            entry.version = version;
        }
        return entry;
    }
    drop(fs::remove_file(path));
    drop(fs::remove_file(newer));
    if let Some(messages) = entry.and_then(|entry| entry.messages) {
        drop(fs::remove_file(messages));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(folder: &Path) -> Entry {
        let messages = folder.join("words.err");
        fs::write(&messages, "it began\n").unwrap();
        Entry {
            id: fresh_id(),
            pid: std::process::id(),
            name: "flights".to_owned(),
            version: "3".to_owned(),
            source: "models:/flights@champion".to_owned(),
            url: "http://127.0.0.1:8080".to_owned(),
            key: false,
            log: None,
            example: "{}".to_owned(),
            session: None,
            kept: false,
            messages: Some(messages),
            directory: folder.to_owned(),
            started: now(),
        }
    }

    #[test]
    fn a_server_is_listed_while_it_holds_its_entry() {
        let folder = tempfile::tempdir().unwrap();
        let entry = entry(folder.path());
        assert_eq!((entry.port(), entry.id.len(), entry.runs(folder.path())), ("8080", DIGITS, false));
        let held = entry.register(folder.path()).unwrap();
        assert_eq!(list(folder.path()), std::slice::from_ref(&entry));
        assert!(entry.runs(folder.path()));
        held.answers("4").unwrap();
        assert_eq!(list(folder.path())[0].version, "4");
        drop(held);
        assert_eq!(list(folder.path()), []);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "words and entry are gone");
    }

    #[test]
    fn what_a_killed_server_left_behind_is_removed_and_its_number_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let killed = entry(folder.path());
        fs::write(folder.path().join(format!("{}.json", killed.id)), serde_json::to_string(&killed).unwrap()).unwrap();
        fs::write(folder.path().join(format!("{}.version", killed.id)), "4").unwrap();
        // This process has that number, and is not told to stop.
        assert!(!killed.stop(folder.path()));
        assert_eq!(list(folder.path()), []);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
