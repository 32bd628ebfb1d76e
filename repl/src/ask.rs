//! What a cell asks the user, on the terminal.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// How often a question looks whether the cell was interrupted meanwhile.
const LOOK_PERIOD: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// The answer, or why there is none; `over` says that nobody waits for it any more.
///
/// # Errors
/// When there is no terminal, it is closed, or the question is over.
pub fn answer(prompt: &str, password: bool, over: &dyn Fn() -> bool) -> Result<String, String> {
    if !io::stdin().is_terminal() {
        return Err("the cells run by themselves, without a terminal".to_owned());
    }
    let hidden = if password { Hidden::begin() } else { None };
    let line = line(prompt, over).map_err(|error| error.to_string());
    if hidden.is_some() {
        // The user's Enter was hidden, too.
        drop(io::stderr().write_all(b"\n"));
    }
    line
}

fn line(prompt: &str, over: &dyn Fn() -> bool) -> io::Result<String> {
    let mut terminal = io::stderr();
    terminal.write_all(prompt.as_bytes())?;
    terminal.flush()?;
    let input = io::stdin().lock();
    while rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&LOOK_PERIOD)))? == 0 {
        if over() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted"));
        }
    }
    let mut text = String::new();
    let mut input = input;
    if input.read_line(&mut text)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal is closed"));
    }
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// While it lives, the terminal does not show what is typed.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Option<Hidden> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet).ok()?;
        Some(Hidden(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
