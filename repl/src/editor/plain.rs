//! Reading cells where the terminal knows no escape sequences: line by line, until the cell is whole.

use super::{Prompt, Read, Words};
use crate::interrupt::Interrupts;
use ironbook_assist::Completeness;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, BufRead as _, Write as _};

/// How often it is looked whether the user interrupts.
const LOOK_PERIOD: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Waits for a line; true if the user interrupts instead.
fn interrupted(interrupts: &Interrupts) -> io::Result<bool> {
    let input = io::stdin().lock();
    while rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&LOOK_PERIOD)))? == 0 {
        if interrupts.any() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads one cell.
pub fn read(words: &dyn Words, prompt: &Prompt, prefill: &str) -> io::Result<Read> {
    let interrupts = Interrupts::listen();
    interrupts.reset();
    let mut out = io::stdout().lock();
    let mark = if prompt.stale > 0 { "*" } else { "" };
    let first = format!("[{}]{mark}: ", prompt.number);
    let mut text = String::new();
    if !prefill.is_empty() {
        // What stands there already cannot be changed here, only run with Enter.
        text = format!("{prefill}\n");
        writeln!(out, "{first}{prefill}")?;
    }
    loop {
        let shown = if text.is_empty() { first.clone() } else { format!("{:>width$}", "...: ", width = first.len()) };
        write!(out, "{shown}")?;
        out.flush()?;
        let mut line = String::new();
        if interrupted(&interrupts)? {
            // The terminal has shown ^C itself.
            writeln!(out)?;
            return Ok(Read::Interrupted);
        }
        if io::stdin().lock().read_line(&mut line)? == 0 {
            writeln!(out)?;
            return Ok(if text.trim().is_empty() { Read::End } else { Read::Cell(text) });
        }
        text.push_str(line.trim_end_matches(['\n', '\r']));
        if text.trim().is_empty() || !matches!(words.whole(&text), Completeness::Incomplete { .. }) {
            return Ok(Read::Cell(text.trim_end().to_owned()));
        }
        text.push('\n');
    }
}
