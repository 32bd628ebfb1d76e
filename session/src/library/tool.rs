//! Commands that need the library and no session: the runtime's executable runs them by name.

use super::Library;
use crate::process::searched;
use std::process::Command;

/// The first argument that makes the runtime's executable run a tool instead of serving a session.
pub const TOOL: &str = "tool";

impl Library {
    /// The command that runs the tool of this name (the facade's `tools` lists them); its arguments are still to be added.
    pub fn tool_command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.runtime);
        command.env("LD_LIBRARY_PATH", searched(&self.library_path())).args([TOOL, name]);
        command
    }
}
