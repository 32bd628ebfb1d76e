//! Commands of `ironbook` that need the library: the runtime's executable runs them, with no session around.

mod drift;
mod serve;

use std::ffi::OsString;
use std::process::ExitCode;

/// A tool: it reads its arguments, prints, and says how the process ends.
type Tool = fn(&[OsString]) -> ExitCode;

/// All tools, by name.
const TOOLS: &[(&str, Tool)] = &[("drift", drift::main), ("serve", serve::main)];

/// Exit status of wrong use.
const USAGE: u8 = 2;

/// Runs the tool of this name with the arguments that follow it.
pub fn main(name: &str, arguments: &[OsString]) -> ExitCode {
    crate::init();
    match TOOLS.iter().find(|(known, _)| *known == name) {
        Some((_, tool)) => tool(arguments),
        None => {
            complain(&format!("the library has no tool \"{name}\"\n`ironbook --help` lists what there is"));
            ExitCode::from(USAGE)
        }
    }
}

/// Writes an error as the command line does: first what was wrong, below what to do.
#[expect(clippy::print_stderr, reason = "a tool is a program")]
fn complain(error: &str) {
    let mut lines = error.lines();
    eprintln!("error: {}", lines.next().unwrap_or_default());
    lines.for_each(|line| eprintln!("help: {line}"));
}
