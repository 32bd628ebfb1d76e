//! The process of a stage, from outside.

use super::error::is_full;
use super::stop::Stop;
use super::task::{Failed, FailedKind, Outcome, Task};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The hidden subcommand that a stage's process is started with.
pub(crate) const COMMAND: &str = "__stage";

/// Variables of the environment that numeric libraries take their number of threads from.
pub(crate) const THREADS: [&str; 2] = ["RAYON_NUM_THREADS", "POLARS_MAX_THREADS"];

/// What the process exits with when there is no room to say anything.
pub(crate) const NO_ROOM: u8 = 28;

/// How a process of a stage is started and bounded.
pub(crate) struct Bounds<'a> {
    pub(crate) log: &'a Path,
    pub(crate) timeout: Option<Duration>,
    /// Threads of numeric libraries.
    pub(crate) threads: usize,
}

/// How it ended.
pub(crate) enum Ended {
    With(Outcome),
    /// The process went with what it had not written yet, for a reason that is not the stage's.
    Lost,
    /// The run was told to stop.
    Stopped,
}

/// Between the first signal and the last.
pub(crate) const GRACE: Duration = Duration::from_secs(1);
const LONGEST_NAP: Duration = Duration::from_millis(20);
/// How often the last line of the log is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(200);

/// Runs a task in a process of its own; `tell` gets the last line of its log now and then.
pub(crate) fn run(task: &Task, bounds: &Bounds<'_>, stop: &Stop, tell: &dyn Fn(&str)) -> Ended {
    let _ = fs::remove_file(&task.outcome);
    let mut child = match start(task, bounds) {
        Ok(child) => child,
        Err(error) => {
            let kind = if is_full(&error) { FailedKind::NoRoom } else { FailedKind::Start };
            return Ended::With(Outcome::Failed(Failed::new(kind, format!("its process cannot be started: {error}"))));
        }
    };
    // Open until the end: the process ends with it.
    let _pipe = child.stdin.take().map(|mut pipe| {
        // A process that is gone already tells by its exit status.
        let _ = serde_json::to_string(task).map_err(io::Error::from).and_then(|text| writeln!(pipe, "{text}"));
        pipe
    });
    match wait(&mut child, bounds, stop, tell) {
        Waited::Ended(status) => Ended::With(outcome(task, status, bounds)),
        Waited::TooLong(limit) => {
            let text = format!("it was stopped after {} s, the longest that it may take", limit.as_secs_f64());
            Ended::With(Outcome::Failed(Failed::new(FailedKind::Timeout, text)))
        }
        Waited::Stopped => Ended::Stopped,
        Waited::Lost(error) => {
            Ended::With(Outcome::Failed(Failed::new(FailedKind::Died, format!("its process is lost: {error}"))))
        }
    }
}

fn start(task: &Task, bounds: &Bounds<'_>) -> io::Result<Child> {
    let log = File::options().append(true).create(true).open(bounds.log)?;
    let mut command = command(COMMAND, bounds.threads)?;
    command.arg(&task.stage).stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
    command.spawn()
}

/// This program with a hidden subcommand, in a group of its own.
pub(crate) fn command(subcommand: &str, threads: usize) -> io::Result<Command> {
    let mut command = Command::new(own_program()?);
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    command.arg(subcommand).process_group(0);
    for variable in THREADS {
        command.env(variable, threads.to_string());
    }
    Ok(command)
}

/// This program, also after another was built in its place.
fn own_program() -> io::Result<PathBuf> {
    let this = Path::new("/proc/self/exe");
    if this.exists() { Ok(this.to_owned()) } else { std::env::current_exe() }
}

enum Waited {
    Ended(ExitStatus),
    TooLong(Duration),
    Stopped,
    Lost(io::Error),
}

fn wait(child: &mut Child, bounds: &Bounds<'_>, stop: &Stop, tell: &dyn Fn(&str)) -> Waited {
    let start = Instant::now();
    let mut looked = start;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let signal = |signal| group.map(|group| kill_process_group(group, signal));
    loop {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => {
                // What it has started and left behind.
                signal(Signal::KILL);
                return Waited::Ended(status);
            }
            Err(error) => return Waited::Lost(error),
        }
        if let Some(limit) = bounds.timeout.filter(|limit| start.elapsed() > *limit) {
            end(child, &signal);
            return Waited::TooLong(limit);
        }
        if stop.is_asked() {
            signal(Signal::TERM);
            let asked = Instant::now();
            while matches!(child.try_wait(), Ok(None)) && asked.elapsed() < GRACE && !stop.is_insisted() {
                std::thread::sleep(LONGEST_NAP);
            }
            end(child, &signal);
            return Waited::Stopped;
        }
        if looked.elapsed() > LOOK {
            looked = Instant::now();
            if let Some(line) = last_lines(bounds.log, 1).pop() {
                tell(&line);
            }
        }
        std::thread::sleep((start.elapsed() / 64).clamp(Duration::from_micros(300), LONGEST_NAP));
    }
}

fn end(child: &mut Child, signal: &dyn Fn(Signal) -> Option<rustix::io::Result<()>>) {
    signal(Signal::KILL);
    let _ = child.wait();
}

/// What the process has said; without a word, what its exit status says.
fn outcome(task: &Task, status: ExitStatus, bounds: &Bounds<'_>) -> Outcome {
    let said = fs::read(&task.outcome).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match said {
        Some(outcome) if status.success() => outcome,
        _ => Outcome::Failed(died(task, status, bounds.log)),
    }
}

/// Why a process ended that has not said how its stage went.
pub(crate) fn died(task: &Task, status: ExitStatus, log: &Path) -> Failed {
    let lines = last_lines(log, 3);
    let limit = task.memory_mb.map(|mib| format!(" (it may take {mib} MiB)")).unwrap_or_default();
    if lines.iter().any(|line| line.starts_with("memory allocation of ")) {
        return Failed::new(FailedKind::Memory, format!("it ran out of memory{limit}"));
    }
    let no_room = status.code() == Some(i32::from(NO_ROOM));
    if no_room || lines.iter().any(|line| line.contains("No space left on device")) {
        return Failed::new(
            FailedKind::NoRoom,
            "there is no room on the disk; free some, or give another directory with --cache",
        );
    }
    let signal = status.signal().and_then(Signal::from_named_raw);
    if signal == Some(Signal::KILL) {
        let text = format!("it was killed, as systems do when memory runs out{limit}");
        return Failed::new(FailedKind::Memory, text);
    }
    if signal == Some(Signal::XFSZ) {
        return Failed::new(FailedKind::NoRoom, "it wrote a larger file than the user may (ulimit -f)");
    }
    let text = match (status.signal(), status.code()) {
        (Some(number), _) => format!("its process was ended by signal {number}"),
        (None, Some(code)) => format!("its process exited with status {code} before it was done"),
        (None, None) => "its process ended".to_owned(),
    };
    Failed::new(FailedKind::Died, text)
}

/// The last lines of a log that are not empty.
pub(crate) fn last_lines(log: &Path, count: usize) -> Vec<String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let from = file.seek(SeekFrom::End(0))?.saturating_sub(8192);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let clean = |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>();
    let lines: Vec<String> = text.split(['\n', '\r']).map(clean).filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].to_vec()
}
