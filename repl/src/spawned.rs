//! A kernel that a terminal starts as its child: it ends with the terminal, unless it is to be kept.

use crate::Error;
use crate::interactive::Options;
use ironbook_kernel::connection;
use ironbook_kernel::running::OWN_FOLDER;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that the path of a socket may have; the system allows 107.
const LONGEST_PATH: usize = 95;
/// Bytes of the end of the kernel's log that are told when it has ended.
const LOG_END: u64 = 2000;
/// Lines of these.
const LOG_LINES: usize = 5;

/// How long the kernel is to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// As long as this process.
    Ours,
    /// Until somebody ends it.
    Kept,
}

/// A kernel that was started here.
pub struct Spawned {
    /// Its connection file.
    pub file: PathBuf,
    pid: u32,
    ended: Arc<Ended>,
    /// Its standard input: the kernel ends when this closes.
    lifeline: Option<ChildStdin>,
}

/// Whether the process has ended.
#[derive(Default)]
struct Ended {
    has: Mutex<bool>,
    changed: Condvar,
}

impl Spawned {
    /// Starts a kernel in the current directory. When it ends, `tell` is called with words on how, from another thread.
    ///
    /// # Errors
    /// When there is no room for its sockets, or the program cannot be started.
    pub fn start(
        options: &Options,
        lifetime: Lifetime,
        tell: impl FnOnce(String) + Send + 'static,
    ) -> Result<Spawned, Error> {
        let folder = folder().map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
        let made = || -> io::Result<(PathBuf, Child)> {
            let file = connection::write(&folder)?;
            let child = command(&file, &folder, options, lifetime)?.spawn()?;
            Ok((file, child))
        };
        let (file, mut child) = made().map_err(|source| {
            drop(fs::remove_dir_all(&folder));
            Error::StartKernel { source }
        })?;
        let lifeline = child.stdin.take();
        let ended = Arc::new(Ended::default());
        let (pid, noticed) = (child.id(), Arc::clone(&ended));
        thread::spawn(move || {
            let status = child.wait();
            noticed.set();
            // What was ended from outside has nothing to say on it.
            let by_itself =
                status.as_ref().is_ok_and(|status| !matches!(status.signal(), Some(9 | 15)) && !status.success());
            let log = if by_itself { log_end(&folder) } else { String::new() };
            // A kernel that was killed could not do it.
            drop(fs::remove_dir_all(&folder));
            tell(status.map_or_else(|error| error.to_string(), how) + &log);
        });
        Ok(Spawned { file, pid, ended, lifeline })
    }

    /// Lets the kernel end; one that does not in this time is ended by force.
    pub fn end(mut self, within: Duration) {
        self.lifeline = None;
        if !self.ended.wait(within) {
            self.signal(Signal::TERM);
            if !self.ended.wait(Duration::from_secs(1)) {
                self.signal(Signal::KILL);
            }
        }
    }

    /// Ends it by force, if it has not ended.
    pub fn kill(&self) {
        if !self.ended.wait(Duration::ZERO) {
            self.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            // It may have ended in this moment.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Ended {
    fn set(&self) {
        *self.has.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    fn wait(&self, within: Duration) -> bool {
        let has = self.has.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(has, within, |has| !*has);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The running program's file. After an update the one that it was started from has no name any more; the new one does.
fn own_program() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let renewed = program.to_str().and_then(|path| path.strip_suffix(" (deleted)")).map(PathBuf::from);
    Ok(renewed.filter(|renewed| !program.exists() && renewed.exists()).unwrap_or(program))
}

fn command(file: &Path, folder: &Path, options: &Options, lifetime: Lifetime) -> io::Result<Command> {
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut command = Command::new(own_program()?);
    command.args(["kernel", "start", "--terminal", "--opt", &options.opt, "-f"]).arg(file);
    if options.no_cache {
        command.arg("--no-cache");
    }
    match lifetime {
        Lifetime::Ours => command.arg("--until-stdin-closes").stdin(Stdio::piped()),
        Lifetime::Kept => command.stdin(Stdio::null()),
    };
    // A Ctrl-C at the terminal is the terminal's business; a process that Jupyter once named is not this kernel's parent.
    command.process_group(0).env_remove("JPY_PARENT_PID").env_remove("JPY_SESSION_NAME");
    command.stdout(log.try_clone()?).stderr(log);
    Ok(command)
}

/// A new folder for the sockets, for this user alone.
fn folder() -> io::Result<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|place| !place.is_empty()).map(PathBuf::from);
    let places = runtime.into_iter().chain([std::env::temp_dir(), PathBuf::from("/dev/shm"), PathBuf::from("/tmp")]);
    let alone = Permissions::from_mode(0o700);
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for place in places.filter(|place| place.as_os_str().len() + OWN_FOLDER.len() <= LONGEST_PATH) {
        match tempfile::Builder::new().prefix(OWN_FOLDER).permissions(alone.clone()).tempdir_in(place) {
            Ok(folder) => return Ok(folder.keep()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(9), _) => "its process was killed (signal 9); perhaps the memory was full".to_owned(),
        (Some(signal), _) => format!("its process was ended by signal {signal}"),
        (None, Some(0)) => "it was shut down".to_owned(),
        (None, code) => format!("its process ended with status {}", code.unwrap_or(-1)),
    }
}

/// The last lines of the kernel's log, each on a line of its own.
fn log_end(folder: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(folder.join("log"))?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_END)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].iter().map(|line| format!("\n  {line}")).collect()
}
