//! Interrupting and killing a runtime from another thread, for instance from a Ctrl-C handler.

use ironbook_core::frame::{self, Request};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::net::{SendFlags, send};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long after the first interrupt a cell may go on.
const GRACE: Duration = Duration::from_secs(3);
/// How long a killed process may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// Interrupts and kills a runtime; usable from any thread, also while the session waits for a cell.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// What a press of the interrupt key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// No cell was running.
    Nothing,
    /// The first press: the cell was asked to stop.
    Interrupted,
    /// The second press: the runtime was killed.
    Killed,
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Handle { shared }
    }

    /// Asks the running cell to stop; whether one was running.
    ///
    /// A cell that has not stopped when the grace time is over (3 s unless set) ends with its process.
    pub fn interrupt(&self) -> bool {
        {
            let mut state = self.shared.lock();
            if !state.running {
                return false;
            }
            state.interrupted.get_or_insert_with(Instant::now);
        }
        self.shared.nudge();
        true
    }

    /// Kills the runtime and everything that its cells started.
    pub fn kill(&self) {
        self.shared.kill_for(Asked::Kill);
    }

    /// Answers what the cell asked the user.
    pub fn answer(&self, text: Result<String, String>) {
        // A process that is gone waits for nothing.
        let _ = self.shared.send(&Request::Answer { text });
    }

    /// One press of the interrupt key: the first interrupts, the second kills.
    pub fn press(&self) -> Press {
        let (running, pressed) = {
            let state = self.shared.lock();
            (state.running, state.interrupted.is_some())
        };
        match (running, pressed) {
            (false, _) => Press::Nothing,
            (true, false) => {
                self.interrupt();
                Press::Interrupted
            }
            (true, true) => {
                self.shared.kill_for(Asked::SecondPress);
                Press::Killed
            }
        }
    }

    /// Whether a cell is running.
    pub fn running(&self) -> bool {
        self.shared.lock().running
    }
}

/// Who asked for the process to be killed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// [`Handle::kill`].
    Kill,
    /// The user pressed twice.
    SecondPress,
    /// The cell went on after the interrupt.
    Unresponsive(Duration),
}

/// What the session's thread and the handles share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Locked for one small request at a time: the runtime always reads, so this never waits long.
    writer: Mutex<UnixStream>,
    wake: Arc<OwnedFd>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` once the process has been waited for: its number may belong to another one then.
    pid: Option<Pid>,
    running: bool,
    interrupted: Option<Instant>,
    killed: Option<(Asked, Instant)>,
    grace: Duration,
}

impl Shared {
    pub(super) fn new(writer: UnixStream, child: &Child) -> io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let pid = Some(Pid::from_child(child));
        let state = State { pid, running: false, interrupted: None, killed: None, grace: GRACE };
        Ok(Shared { writer: Mutex::new(writer), wake: Arc::new(wake), state: Mutex::new(state) })
    }

    pub(super) fn wake(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.wake)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_grace(&self, grace: Duration) {
        self.lock().grace = grace;
    }

    pub(super) fn send(&self, request: &Request) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        send_over(&mut writer, request)
    }

    /// Sends the request that starts an execution. Interrupts are sent after it, or not at all.
    pub(super) fn begin(&self, request: &Request) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut state = self.lock();
            state.running = true;
            state.interrupted = None;
        }
        send_over(&mut writer, request)
    }

    pub(super) fn end(&self) {
        self.lock().running = false;
    }

    /// Sends the interrupt, and wakes the session's thread so that it minds the deadline.
    fn nudge(&self) {
        let mut bytes = Vec::new();
        let written = frame::write(&mut bytes, &Request::Interrupt);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if written.is_ok() {
            // A full socket means that the process hangs; the deadline ends it.
            let _ = send(&*writer, &bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        }
        self.rouse();
    }

    fn rouse(&self) {
        let _ = rustix::io::write(&*self.wake, &1u64.to_ne_bytes());
    }

    /// When the session's thread has to act by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let state = self.lock();
        match state.killed {
            Some((_, at)) => Some(at + GONE_WITHIN),
            None => state.interrupted.map(|at| at + state.grace),
        }
    }

    pub(super) fn killed(&self) -> bool {
        self.lock().killed.is_some()
    }

    pub(super) fn asked(&self) -> Option<Asked> {
        self.lock().killed.map(|(asked, _)| asked)
    }

    pub(super) fn kill_unresponsive(&self) {
        let grace = self.lock().grace;
        self.kill_for(Asked::Unresponsive(grace));
    }

    fn kill_for(&self, asked: Asked) {
        {
            let mut state = self.lock();
            if state.pid.is_some() {
                state.killed.get_or_insert((asked, Instant::now()));
            }
        }
        self.kill_group();
        self.rouse();
    }

    /// Kills the process, if it still runs, and everything that its cells started.
    pub(super) fn kill_group(&self) {
        // Under the lock: the group's number is ours until the process has been waited for.
        if let Some(pid) = self.lock().pid {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }

    /// Whether the process has ended, by itself, within this time. It is not waited for, so that its number stays ours.
    pub(super) fn exited_within(&self, time: Duration) -> bool {
        let Some(pid) = self.lock().pid else { return true };
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        let timeout = time.try_into().ok();
        let ended = rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&process, PollFlags::IN)], timeout.as_ref()));
        matches!(ended, Ok(1..))
    }

    /// The process is about to be waited for.
    pub(super) fn forget(&self) {
        self.lock().pid = None;
    }
}

fn send_over(writer: &mut UnixStream, request: &Request) -> io::Result<()> {
    let mut bytes = Vec::new();
    frame::write(&mut bytes, request)?;
    writer.write_all(&bytes)
}
