//! Commands that the library answers: this process becomes the runtime's executable, which runs the tool of that name.
//!
//! Signals, the terminal, standard streams and the exit status are thereby the tool's own.

use crate::terminal::Terminal;
use crate::{Error, setup};
use ironbook_session::library::Paths;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;

/// Becomes the tool of this name; returns only when it could not.
///
/// # Errors
/// When there is no library and none can be built, or when its executable cannot be started.
pub fn run(name: &str, arguments: &[OsString], paths: &Paths) -> Result<u8, Error> {
    let library = setup::ready(paths, &Terminal::detect())?;
    // This copy of the lock is inherited, so that the library stays for as long as the tool runs.
    let pin = library.pin().map_err(|source| Error::Read { path: library.root.clone(), source })?;
    let _inherited = rustix::io::dup(&pin).map_err(|error| Error::StartTool { source: error.into() })?;
    let mut command = library.tool_command(name);
    Err(Error::StartTool { source: command.args(arguments).exec() })
}
