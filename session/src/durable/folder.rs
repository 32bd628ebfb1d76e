//! The directory of a session: who works in it, and which there are.

use super::journal;
use ironbook_core::keep::{Place, number_of};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The file that a session holds as long as it lives; it has the number of its process.
const LOCK: &str = "lock";
/// The directory of values.
const VALUES: &str = "values";
/// Sessions that ended are removed after this.
const OLD: Duration = Duration::from_secs(14 * 24 * 3600);
/// And the oldest of them before, while all together are larger.
const MOST: u64 = 32 << 30;

/// A session's directory, held.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    id: String,
    _lock: File,
}

/// A session on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionInfo {
    /// Its name.
    pub id: String,
    /// Its directory.
    pub path: PathBuf,
    /// The cells' working directory.
    pub directory: PathBuf,
    /// When something was last written.
    pub used: SystemTime,
    /// Executions that ran.
    pub executions: usize,
    /// Bytes on disk.
    pub bytes: u64,
    /// The process that works in it, if one does.
    pub pid: Option<u32>,
    /// Whether it ended because it was asked to.
    pub ended: bool,
}

impl Folder {
    /// Makes the directory of a new session below `root`.
    ///
    /// # Errors
    /// Of the file system.
    pub fn create(root: &Path) -> io::Result<Folder> {
        fs::create_dir_all(root)?;
        private(root)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        for salt in 0u32.. {
            let text = format!("{} {} {salt}", now.as_nanos(), std::process::id());
            let id = blake3::hash(text.as_bytes()).to_hex()[..8].to_owned();
            let path = root.join(&id);
            match fs::create_dir(&path) {
                Ok(()) => {
                    fs::create_dir(path.join(VALUES))?;
                    return Folder::hold(path, id);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("no free name"))
    }

    /// Takes an existing one.
    ///
    /// # Errors
    /// `WouldBlock` when its session is alive.
    pub fn open(root: &Path, id: &str) -> io::Result<Folder> {
        let path = root.join(id);
        // Nothing is made, and no lock taken, in a directory that is no session's.
        fs::metadata(path.join(journal::NAME))?;
        Folder::hold(path, id.to_owned())
    }

    fn hold(path: PathBuf, id: String) -> io::Result<Folder> {
        let mut lock = File::options().create(true).truncate(false).read(true).write(true).open(path.join(LOCK))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        lock.set_len(0)?;
        lock.rewind()?;
        write!(lock, "{}", std::process::id())?;
        Ok(Folder { path, id, _lock: lock })
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn values(&self) -> Values {
        Values { directory: self.path.join(VALUES) }
    }

    /// Removes it, for a session in which nothing was done.
    pub(super) fn remove(&self) {
        drop(fs::remove_dir_all(&self.path));
    }
}

/// Values of users are nobody else's to read.
fn private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// The files of values.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) directory: PathBuf,
}

impl Values {
    pub(super) fn remove(&self, place: Place, name: &str) {
        // A large value may not have been written yet.
        drop(fs::remove_file(place.file(&self.directory, name)));
    }

    /// Removes what nobody refers to: what a process that was killed had begun.
    pub(super) fn sweep(&self, used: &dyn Fn(&str, u64) -> bool) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !number_of(&name).is_some_and(|number| used(&name, number)) {
                drop(fs::remove_file(entry.path()));
            }
        }
    }
}

/// The sessions below `root`, the one that was used last first.
pub fn sessions(root: &Path) -> Vec<SessionInfo> {
    newest(root, usize::MAX)
}

/// So many of them, the one that was used last first.
pub(super) fn newest(root: &Path, most: usize) -> Vec<SessionInfo> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let used = |path: PathBuf| {
        let used = fs::metadata(path.join(journal::NAME)).and_then(|metadata| metadata.modified()).ok()?;
        Some((used, path))
    };
    let mut all: Vec<(SystemTime, PathBuf)> = entries.filter_map(|entry| used(entry.path())).collect();
    all.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    all.truncate(most);
    all.iter().filter_map(|(used, path)| info(path, *used)).collect()
}

fn info(path: &Path, used: SystemTime) -> Option<SessionInfo> {
    let id = path.file_name()?.to_str()?.to_owned();
    let journal = path.join(journal::NAME);
    let journal::Glance { directory, executions, ended } = journal::glance(&journal)?;
    let bytes = [path.to_owned(), path.join(VALUES)].iter().map(|path| size(path)).sum();
    Some(SessionInfo { id, path: path.to_owned(), directory, used, executions, bytes, pid: holder(path), ended })
}

fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file).map(|file| file.len()).sum()
}

/// The process that holds a directory.
fn holder(path: &Path) -> Option<u32> {
    let mut lock = File::open(path.join(LOCK)).ok()?;
    if flock(&lock, FlockOperation::NonBlockingLockShared).is_ok() {
        return None;
    }
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    Some(text.trim().parse().unwrap_or(0))
}

/// Removes sessions that ended long ago, and the oldest while all together are too large.
pub(super) fn tidy(root: &Path) {
    let all = sessions(root);
    let mut total: u64 = all.iter().map(|session| session.bytes).sum();
    for session in all.iter().rev().filter(|session| session.pid.is_none()) {
        let old = session.used.elapsed().is_ok_and(|age| age > OLD);
        if (old || total > MOST)
            && let Ok(folder) = Folder::open(root, &session.id)
        {
            folder.remove();
            total -= session.bytes;
        }
    }
}
