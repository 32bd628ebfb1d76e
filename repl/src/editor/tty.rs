//! The terminal's input: keys as they are pressed, changes of its size, and its answers to questions.

use super::draw::Size;
use super::keys::{Input, decode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, read, retry_on_intr, write};
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr,
};
use std::io;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// How long the rest of a sequence may take after its Escape.
const ESCAPE: Duration = Duration::from_millis(50);

/// How long the news may take that the program goes on.
const GOES_ON: Duration = Duration::from_millis(100);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Something was typed, pasted or answered.
    Input(Input),
    /// The screen has another size.
    Resized,
    /// The program goes on after it was stopped.
    Continued,
    /// The terminal is gone, or the program is to end.
    Closed,
}

/// The terminal's input.
#[derive(Debug)]
pub struct Tty {
    /// What came and was not asked for yet.
    pending: Vec<u8>,
    /// A byte for each signal.
    signals: OwnedFd,
    /// How the terminal was, while it gives each key at once.
    before: Option<Termios>,
    /// Whether the editor draws on standard output; else on standard error.
    draws_on_stdout: bool,
}

impl Tty {
    /// The terminal of standard input; nothing if standard input is none, or nothing can be drawn.
    ///
    /// # Errors
    /// When no signal can be heard.
    pub fn open() -> io::Result<Option<Tty>> {
        let draws_on_stdout = isatty(rustix::stdio::stdout());
        if !isatty(rustix::stdio::stdin()) || !(draws_on_stdout || isatty(rustix::stdio::stderr())) {
            return Ok(None);
        }
        Ok(Some(Tty { pending: Vec::new(), signals: listen()?, before: None, draws_on_stdout }))
    }

    fn screen(&self) -> BorrowedFd<'static> {
        if self.draws_on_stdout { rustix::stdio::stdout() } else { rustix::stdio::stderr() }
    }

    /// From now on each key comes at once, and none has a meaning for the terminal itself.
    ///
    /// # Errors
    /// When the terminal cannot be changed.
    pub fn begin(&mut self) -> io::Result<()> {
        let now = tcgetattr(rustix::stdio::stdin())?;
        let mut raw = self.before.get_or_insert(now).clone();
        raw.input_modes.remove(InputModes::ICRNL | InputModes::INLCR | InputModes::IXON | InputModes::ISTRIP);
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        // What was typed ahead stays.
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &raw)?;
        self.write("\x1b[?2004h")
    }

    /// Leaves the terminal as it was.
    pub fn end(&mut self) {
        if let Some(before) = self.before.take() {
            // A terminal that is gone needs nothing.
            drop(self.write("\x1b[?2004l"));
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &before);
        }
    }

    /// Stops the program as the terminal's own Ctrl-Z does, and comes back when it goes on.
    ///
    /// # Errors
    /// When the terminal cannot be changed.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.end();
        kill_current_process_group(Signal::TSTP)?;
        // That it goes on is known already.
        if wait(&[self.signals.as_fd()], Some(GOES_ON))?[0] {
            let _ = retry_on_intr(|| read(&self.signals, &mut [0]));
        }
        self.begin()
    }

    /// Writes to the screen.
    ///
    /// # Errors
    /// When it is gone.
    pub fn write(&self, text: &str) -> io::Result<()> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match retry_on_intr(|| write(self.screen(), rest)) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::AGAIN) => drop(poll(&mut [PollFd::new(&self.screen(), PollFlags::OUT)], None)),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The size of the screen.
    pub fn size(&self) -> Size {
        let size = tcgetwinsize(self.screen()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or(Size { columns: 80, rows: 24 }, |size| Size {
            columns: usize::from(size.ws_col).max(8),
            rows: usize::from(size.ws_row).max(2),
        })
    }

    /// Whether more has come already.
    pub fn has_more(&self) -> bool {
        !self.pending.is_empty() || wait(&[rustix::stdio::stdin()], Some(Duration::ZERO)).is_ok_and(|ready| ready[0])
    }

    /// Waits for what happens next.
    ///
    /// # Errors
    /// When the terminal cannot be read.
    pub fn next(&mut self) -> io::Result<Happened> {
        let mut ended = false;
        loop {
            if let Some((input, length)) = decode(&self.pending, ended) {
                self.pending.drain(..length);
                return Ok(Happened::Input(input));
            }
            let timeout = (!self.pending.is_empty() && !ended).then_some(ESCAPE);
            let ready = wait(&[rustix::stdio::stdin(), self.signals.as_fd()], timeout)?;
            if ready[1] {
                let mut byte = [0];
                let _ = retry_on_intr(|| read(&self.signals, &mut byte));
                return Ok(match byte[0] {
                    b'w' => Happened::Resized,
                    b'c' => Happened::Continued,
                    _ => Happened::Closed,
                });
            }
            ended = !ready[0];
            if ready[0] && !self.fill()? {
                return Ok(Happened::Closed);
            }
        }
    }

    /// Reads what has come; false if the terminal is gone.
    fn fill(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 4096];
        match retry_on_intr(|| read(rustix::stdio::stdin(), &mut bytes)) {
            Ok(count) => {
                self.pending.extend_from_slice(&bytes[..count]);
                Ok(count > 0)
            }
            Err(Errno::AGAIN) => Ok(true),
            Err(Errno::IO) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the terminal something that ends with a question for its abilities, which all terminals answer; gives the answers
    /// that come in time. What was typed meanwhile stays for later.
    ///
    /// # Errors
    /// When the terminal cannot be read.
    pub fn ask(&mut self, question: &str, patience: Duration) -> io::Result<Vec<Input>> {
        self.write(question)?;
        let until = Instant::now() + patience;
        let mut answers = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !wait(&[rustix::stdio::stdin()], Some(left))?[0] || !self.fill()? {
                return Ok(answers);
            }
            let mut at = 0;
            while let Some((input, length)) = decode(&self.pending[at..], false) {
                if matches!(input, Input::Background(_) | Input::Abilities(_)) {
                    self.pending.drain(at..at + length);
                    answers.push(input);
                } else {
                    at += length;
                }
            }
            if answers.iter().any(|answer| matches!(answer, Input::Abilities(_))) {
                return Ok(answers);
            }
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.end();
    }
}

/// Which of the files can be read, at the latest after the timeout.
fn wait(files: &[BorrowedFd<'_>], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    let timeout = timeout.map(|timeout| Timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    let mut polled: Vec<PollFd<'_>> = files.iter().map(|file| PollFd::new(file, PollFlags::IN)).collect();
    retry_on_intr(|| poll(&mut polled, timeout.as_ref()))?;
    Ok(polled.iter().map(|polled| !polled.revents().is_empty()).collect())
}

/// A pipe with a byte for each signal that matters here.
fn listen() -> io::Result<OwnedFd> {
    let (heard, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let kinds = [
                SignalKind::window_change(),
                SignalKind::from_raw(Signal::CONT.as_raw()),
                SignalKind::terminate(),
                SignalKind::hangup(),
            ];
            let [Ok(mut window), Ok(mut goes_on), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else {
                return;
            };
            loop {
                let byte = tokio::select! {
                    _ = window.recv() => b'w',
                    _ = goes_on.recv() => b'c',
                    _ = terminate.recv() => b't',
                    _ = hangup.recv() => b't',
                };
                if write(&tell, &[byte]).is_err() {
                    return;
                }
            }
        });
    });
    Ok(heard)
}
