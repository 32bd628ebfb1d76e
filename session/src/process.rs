//! The runtime process, seen from the session: started, spoken to, interrupted, and put in words when it dies.
//!
//! What a cell prints comes over two pipes, everything else as frames over a socket. The socket is the process's
//! standard input, so that no other child of ours can inherit an end of it.

mod channel;
mod death;
mod decode;
mod handle;
mod hold;
mod markers;
#[cfg(test)]
mod tests;

pub use death::{Cause, Died};
pub use handle::{Handle, Press};

use crate::event::Event;
use channel::{Channel, Step};
use death::When;
use handle::Shared;
use ironbook_core::frame::{self, Reply, Request, Variable};
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a runtime may take to say that it is ready.
const START_WITHIN: Duration = Duration::from_secs(30);
/// How long a runtime may take to drop its variables at the end.
const END_WITHIN: Duration = Duration::from_secs(2);

/// How to start a runtime.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// The program.
    pub program: PathBuf,
    /// Directories with the shared objects that it needs; put before those that `LD_LIBRARY_PATH` names.
    pub library_path: Vec<PathBuf>,
    /// Its working directory.
    pub directory: PathBuf,
    /// Changes to the environment that it inherits; `None` removes a variable.
    pub env: Vec<(String, Option<String>)>,
}

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program could not be started.
    #[error("cannot start {}\nIt is built together with the standard library: `ironbook setup` builds both.", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No socket, pipe or wake-up descriptor.
    #[error(
        "cannot set up the channel to the runtime process\nThe process may have too many open files: see `ulimit -n`."
    )]
    Io(#[from] io::Error),
    /// It started and ended at once.
    #[error(
        "{words}{}\nIf the standard library was built by another rustc, `ironbook setup` builds it anew.",
        after_colon(stderr)
    )]
    DiedAtStart {
        /// How it ended.
        words: String,
        /// What it wrote to its standard error.
        stderr: String,
    },
    /// It started and did not say that it is ready.
    #[error(
        "the runtime process was not ready after {seconds} s{}\nThe disk may be very slow; try again.",
        after_colon(stderr)
    )]
    NotReady {
        /// How long it was waited for.
        seconds: u64,
        /// What it wrote to its standard error.
        stderr: String,
    },
}

fn after_colon(stderr: &str) -> String {
    let text = stderr.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// How an execution ended that the runtime survived.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// How it ended.
    pub outcome: frame::Outcome,
    /// Variables put by it, in order.
    pub put: Vec<Variable>,
    /// Names taken and not put back.
    pub gone: Vec<String>,
    /// Seconds inside the cell.
    pub seconds: f64,
    /// What has changed of how variables are kept on disk.
    pub keeping: frame::Keeping,
}

/// A runtime process. Dropping it ends the process and everything that its cells started.
pub struct Runtime {
    child: Child,
    channel: Channel,
    shared: Arc<Shared>,
    /// Outputs that came while nobody listened.
    late: Vec<Event>,
    dead: Option<Died>,
    /// Processes that the system had killed for want of memory when this one started.
    oom_kills: Option<u64>,
}

impl Runtime {
    /// Starts a runtime and waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be started, ends at once, or is not ready after 30 s.
    pub fn spawn(spec: &Spawn) -> Result<Runtime, ProcessError> {
        let (ours, theirs) = UnixStream::pair()?;
        let oom_kills = death::oom_kills();
        let mut child = command(spec, theirs)
            .spawn()
            .map_err(|source| ProcessError::NotStarted { program: spec.program.clone(), source })?;
        let shared = Arc::new(Shared::new(ours.try_clone()?, &child)?);
        let stdout = child.stdout.take().map(OwnedFd::from);
        let stderr = child.stderr.take().map(OwnedFd::from);
        let channel = Channel::new(ours, stdout, stderr, shared.wake());
        let mut runtime = Runtime { child, channel, shared, late: Vec::new(), dead: None, oom_kills };
        runtime.greet()?;
        Ok(runtime)
    }

    fn greet(&mut self) -> Result<(), ProcessError> {
        let deadline = Instant::now() + START_WITHIN;
        let late = &mut self.late;
        let step = loop {
            match self.channel.next(Some(deadline), &mut |event| late.push(event)) {
                Ok(Step::Frame(Reply::Hello { .. })) => return Ok(()),
                Ok(Step::Frame(_) | Step::Woken) => {}
                other => break other,
            }
        };
        if matches!(step, Ok(Step::TimedOut)) {
            return Err(ProcessError::NotReady { seconds: START_WITHIN.as_secs(), stderr: self.channel.stderr_tail() });
        }
        let died = self.bury(When::Starting, step.err(), &mut |_| {});
        Err(ProcessError::DiedAtStart { words: died.words, stderr: self.channel.stderr_tail() })
    }

    /// Runs or shows, passing outputs on as they come; everything that the cell emitted has been passed on when this returns.
    ///
    /// # Errors
    /// [`Died`] when the process ended; also at every later call.
    pub fn run(&mut self, request: &Request, out: &mut dyn FnMut(Event)) -> Result<Done, Died> {
        self.run_unless(request, &|| false, out)
    }

    /// As [`Runtime::run`], for a cell that is to stop at once if `stopped` by the time that interrupts reach it.
    ///
    /// # Errors
    /// As [`Runtime::run`].
    pub fn run_unless(
        &mut self,
        request: &Request,
        stopped: &dyn Fn() -> bool,
        out: &mut dyn FnMut(Event),
    ) -> Result<Done, Died> {
        self.poll_idle(out)?;
        self.channel.forget_tails();
        if let Err(error) = self.shared.begin(request) {
            return Err(self.bury(When::Running, Some(error), out));
        }
        if stopped() {
            self.handle().interrupt();
        }
        let result = self.follow(out);
        self.shared.end();
        result
    }

    fn follow(&mut self, out: &mut dyn FnMut(Event)) -> Result<Done, Died> {
        loop {
            match self.channel.next(self.shared.deadline(), out) {
                Ok(Step::Frame(Reply::Done { outcome, put, gone, seconds, keeping, .. })) => {
                    self.channel.finish(out);
                    return Ok(Done { outcome, put, gone, seconds, keeping });
                }
                Ok(Step::Frame(reply)) => deliver(reply, out),
                Ok(Step::Woken) => {}
                Ok(Step::TimedOut) if !self.shared.killed() => self.shared.kill_unresponsive(),
                Ok(Step::TimedOut | Step::Closed) => return Err(self.bury(When::Running, None, out)),
                Err(error) => return Err(self.bury(When::Running, Some(error), out)),
            }
        }
    }

    /// Asks for something that is answered between cells: `List`, `Drop`, `Preload`, `SetEnv`, `SetDirectory`.
    ///
    /// Outputs of threads that outlived their cell are kept for the next [`Runtime::run`] or [`Runtime::poll_idle`].
    ///
    /// # Errors
    /// [`Died`] when the process ended.
    pub fn call(&mut self, request: &Request) -> Result<Reply, Died> {
        self.alive()?;
        let mut late = std::mem::take(&mut self.late);
        let answer = self.ask(request, &mut |event| late.push(event));
        self.late = late;
        answer
    }

    fn ask(&mut self, request: &Request, late: &mut dyn FnMut(Event)) -> Result<Reply, Died> {
        if let Err(error) = self.shared.send(request) {
            return Err(self.bury(When::Between, Some(error), late));
        }
        loop {
            match self.channel.next(None, late) {
                Ok(Step::Frame(
                    reply @ (Reply::Variables(_) | Reply::Ack(_) | Reply::Kept(_) | Reply::Restored { .. }),
                )) => return Ok(reply),
                Ok(Step::Frame(reply)) => deliver(reply, late),
                Ok(Step::Woken | Step::TimedOut) => {}
                Ok(Step::Closed) => return Err(self.bury(When::Between, None, late)),
                Err(error) => return Err(self.bury(When::Between, Some(error), late)),
            }
        }
    }

    /// Passes on, without waiting, what threads that outlived their cell have emitted.
    ///
    /// # Errors
    /// [`Died`] when the process ended.
    pub fn poll_idle(&mut self, out: &mut dyn FnMut(Event)) -> Result<(), Died> {
        self.late.drain(..).for_each(&mut *out);
        self.alive()?;
        loop {
            match self.channel.next(Some(Instant::now()), out) {
                Ok(Step::Frame(reply)) => deliver(reply, out),
                Ok(Step::Woken) => {}
                Ok(Step::TimedOut) => return Ok(()),
                Ok(Step::Closed) => return Err(self.bury(When::Between, None, out)),
                Err(error) => return Err(self.bury(When::Between, Some(error), out)),
            }
        }
    }

    /// A handle for other threads, to interrupt and to kill.
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.shared))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sets how long after the first interrupt a cell that does not stop is killed (3 s unless set).
    pub fn set_grace(&self, grace: Duration) {
        self.shared.set_grace(grace);
    }

    fn alive(&self) -> Result<(), Died> {
        self.dead.clone().map_or(Ok(()), Err)
    }

    /// Ends what is left of the process and its children, reads what they last wrote, and says what happened.
    fn bury(&mut self, when: When, error: Option<io::Error>, out: &mut dyn FnMut(Event)) -> Died {
        // A process that sent nonsense is not about to end.
        let nonsense = error.as_ref().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData);
        let ended = self.shared.exited_within(if nonsense { Duration::ZERO } else { END_WITHIN });
        self.shared.kill_group();
        self.channel.last_words(out);
        self.shared.forget();
        let status = self.child.wait().ok().filter(|_| ended || self.shared.killed());
        let out_of_memory = death::oom_kills() > self.oom_kills;
        let asked = self.shared.asked();
        let evidence =
            death::Evidence { when, status, error, asked, out_of_memory, stderr: self.channel.stderr_tail() };
        let died = death::describe(&evidence);
        self.dead = Some(died.clone());
        died
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.dead.is_some() {
            return;
        }
        if self.shared.send(&Request::Shutdown).is_ok() {
            let deadline = Instant::now() + END_WITHIN;
            while let Ok(Step::Frame(_) | Step::Woken) = self.channel.next(Some(deadline), &mut |_| {}) {}
        }
        self.shared.kill_group();
        self.shared.forget();
        let _ = self.child.wait();
    }
}

fn command(spec: &Spawn, socket: UnixStream) -> Command {
    let mut command = Command::new(&spec.program);
    command.current_dir(&spec.directory);
    for (name, value) in &spec.env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("LD_LIBRARY_PATH", searched(&spec.library_path));
    command.env(frame::FD_VARIABLE, "0").stdin(OwnedFd::from(socket));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    command
}

/// `LD_LIBRARY_PATH` with these directories before those that it names already.
pub(crate) fn searched(directories: &[PathBuf]) -> OsString {
    let mut path = OsString::new();
    let inherited = std::env::var_os("LD_LIBRARY_PATH").filter(|value| !value.is_empty());
    for part in directories.iter().map(|directory| directory.as_os_str()).chain(inherited.as_deref()) {
        if !path.is_empty() {
            path.push(":");
        }
        path.push(part);
    }
    path
}

/// Passes a frame on as the event that it stands for.
fn deliver(reply: Reply, out: &mut dyn FnMut(Event)) {
    match reply {
        Reply::Display { bundle, result: true, .. } => out(Event::Result(bundle)),
        Reply::Display { bundle, id, update, .. } => out(Event::Display { bundle, id, update }),
        Reply::Progress { state, .. } => out(Event::Progress(state)),
        Reply::Clear { wait, .. } => out(Event::Clear { wait }),
        Reply::Input { prompt, password, .. } => out(Event::Input { prompt, password }),
        Reply::Hello { .. }
        | Reply::Done { .. }
        | Reply::Variables(_)
        | Reply::Ack(_)
        | Reply::Kept(_)
        | Reply::Restored { .. } => {}
    }
}
