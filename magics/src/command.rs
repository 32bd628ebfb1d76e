//! Runs shell commands and passes their output on as it comes.

use crate::context::{Context, Stop};
use crate::error::Error;
use ironbook_session::Event;
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How often a command that writes nothing is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);
/// How long output is awaited after the end of a command whose children keep its pipes open.
const DRAIN: Duration = Duration::from_millis(200);
/// A command that has not ended so long after an interrupt is killed, as a cell is (it may have been started with
/// interrupts ignored, and then cannot help it).
const GRACE: Duration = Duration::from_secs(3);

/// Where a command's words on standard error go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errors {
    /// To standard error.
    Apart,
    /// Among the others, as on a terminal: of most commands they are no errors.
    Among,
}

/// Runs `text` with `program` (`sh`, `bash`), in the session's directory and environment. It reads no input.
///
/// # Errors
/// When the program cannot be started, when the command fails, and when the user interrupts it.
pub(crate) fn run(cx: &mut Context<'_>, (program, errors): (&str, Errors), text: &str) -> Result<(), Error> {
    let mut command = Command::new(program);
    command.arg("-c").arg(text).current_dir(cx.engine.directory()).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, value) in &cx.state.env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let path =
        cx.state.env.get("PATH").cloned().map_or_else(|| std::env::var_os("PATH"), |set| set.map(OsString::from));
    command.envs(with_own(path, std::env::current_exe().ok()).map(|path| ("PATH", path)));
    let stop = cx.state.stop.clone();
    stop.check()?;
    let child = command.spawn().map_err(|source| Error::Start { program: program.to_owned(), source })?;
    let status = attend(child, &stop, &mut |event| match event {
        Event::Stderr(text) if errors == Errors::Among => (cx.out)(Event::Stdout(text)),
        event => (cx.out)(event),
    })?;
    if status.success() {
        return Ok(());
    }
    if stop.requested.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    let command = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim().to_owned();
    Err(Error::Command { command, outcome: words(status) })
}

/// `PATH` with the directory of the running `ironbook` in front, so that `!ironbook ..` is this very program.
fn with_own(path: Option<OsString>, program: Option<PathBuf>) -> Option<OsString> {
    let program = program.filter(|program| program.file_stem().is_some_and(|name| name == "ironbook"))?;
    let path = path.unwrap_or_default();
    let directories = [program.parent()?.to_owned()].into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(directories).ok()
}

fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "failed".to_owned(),
    }
}

/// Bytes of one of the two pipes.
struct Chunk {
    error: bool,
    bytes: Vec<u8>,
}

fn attend(mut child: Child, stop: &Stop, out: &mut dyn FnMut(Event)) -> Result<ExitStatus, Error> {
    let running = |id| *stop.child.lock().unwrap_or_else(PoisonError::into_inner) = id;
    running(Some(child.id()));
    let (sender, receiver) = channel();
    let stdout = child.stdout.take().map(|pipe| forward(pipe, false, sender.clone()));
    let stderr = child.stderr.take().map(|pipe| forward(pipe, true, sender));
    drop((stdout, stderr)); // the threads end with their pipes
    let ended = pump(&mut child, &receiver, stop, out);
    running(None);
    ended.map_err(|source| Error::Start { program: "sh".to_owned(), source })
}

fn forward(mut pipe: impl Read + Send + 'static, error: bool, sender: Sender<Chunk>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            if sender.send(Chunk { error, bytes: buffer[..count].to_vec() }).is_err() {
                return;
            }
        }
    })
}

fn pump(
    child: &mut Child,
    receiver: &Receiver<Chunk>,
    stop: &Stop,
    out: &mut dyn FnMut(Event),
) -> std::io::Result<ExitStatus> {
    let mut asked: Option<Instant> = None;
    let mut decoders = [Decoder::default(), Decoder::default()];
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(chunk) => {
                let text = decoders[usize::from(chunk.error)].decode(&chunk.bytes);
                emit(chunk.error, text, out);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let interrupted = ended.is_none() && stop.requested.load(Ordering::Relaxed);
        if interrupted && asked.get_or_insert_with(Instant::now).elapsed() > GRACE {
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
        }
        if ended.is_none() {
            ended = child.try_wait()?.map(|status| (status, Instant::now()));
        }
        if ended.is_some_and(|(_, at)| at.elapsed() > DRAIN) {
            break;
        }
    }
    for (error, decoder) in [false, true].into_iter().zip(&mut decoders) {
        emit(error, decoder.rest(), out);
    }
    match ended {
        Some((status, _)) => Ok(status),
        None => child.wait(),
    }
}

fn emit(error: bool, text: String, out: &mut dyn FnMut(Event)) {
    if !text.is_empty() {
        out(if error { Event::Stderr(text) } else { Event::Stdout(text) });
    }
}

/// Decodes UTF-8 that comes in pieces.
#[derive(Default)]
struct Decoder {
    left: Vec<u8>,
}

impl Decoder {
    fn decode(&mut self, bytes: &[u8]) -> String {
        self.left.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.left) {
            // Only a character cut off at the end waits for more.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => last_whole(&self.left),
        };
        let rest = self.left.split_off(whole);
        let text = String::from_utf8_lossy(&self.left).into_owned();
        self.left = rest;
        text
    }

    fn rest(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.left)).into_owned()
    }
}

/// End of the last character that is complete, invalid bytes counting as characters.
fn last_whole(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let lead = bytes[tail..].iter().rposition(|byte| *byte >= 0xc0).map(|at| tail + at);
    match lead {
        Some(at) if matches!(std::str::from_utf8(&bytes[at..]), Err(e) if e.error_len().is_none()) => at,
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::with_own;

    #[test]
    fn commands_find_the_program_that_runs_them() {
        let found = |path: &str, program: &str| with_own(Some(path.into()), Some(program.into()));
        assert_eq!(found("/usr/bin:/bin", "/opt/ib/ironbook"), Some("/opt/ib:/usr/bin:/bin".into()));
        assert_eq!(found("/usr/bin", "/home/me/target/debug/deps/main-0f3a"), None);
    }
}
