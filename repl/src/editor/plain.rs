//! Reading cells where the terminal knows no escape sequences: line by line, until the cell is whole.

use super::{Prompt, Read, Words};
use ironbook_assist::Completeness;
use std::io::{self, BufRead as _, Write as _};

/// Reads one cell.
pub fn read(words: &dyn Words, prompt: &Prompt, prefill: &str) -> io::Result<Read> {
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
