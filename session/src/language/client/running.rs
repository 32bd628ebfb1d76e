//! The service's process: what it is told and says, and its end.

use crate::language::protocol::Reply;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, SyncSender};

pub(super) struct Running {
    /// None once it is waited for.
    pub(super) child: Option<Child>,
    pub(super) pid: u32,
    /// Lines on their way to it.
    pub(super) lines: SyncSender<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        let Some(mut child) = self.child.take() else { return };
        // A process with much memory takes a while to be gone, and whoever asks holds the lock meanwhile.
        let reap = move || drop(child.wait());
        // Where no thread can be had, it is not waited for.
        drop(std::thread::Builder::new().name("reaper".to_owned()).spawn(reap));
    }
}

impl Running {
    /// Kills it with what it has started: the server of macros may be in one that never ends. It may be gone already; its
    /// number stays ours until it has been waited for.
    pub(super) fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
    }
}

/// Writes what was posted until nobody posts any more, or the service does not read.
pub(super) fn write(mut input: ChildStdin, posted: &Receiver<String>) {
    while let Ok(line) = posted.recv() {
        if input.write_all(line.as_bytes()).and_then(|()| input.flush()).is_err() {
            return;
        }
    }
}

pub(super) fn read(output: ChildStdout, take: &mut dyn FnMut(Reply)) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        // A line that is none of ours is a dependency's.
        if let Ok(reply) = serde_json::from_str(&line) {
            take(reply);
        }
    }
}
