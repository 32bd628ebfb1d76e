//! Long texts in the user's pager.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Shows a text with `$PAGER`, else with `less`; false if that is not possible.
pub fn show(text: &str) -> bool {
    let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let pager = pager.unwrap_or_else(|| "less".to_owned());
    let mut command = Command::new("sh");
    command.args(["-c", &pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Colours pass, and what fits the screen stays on it.
        command.env("LESS", "-FRX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // Whoever leaves the pager early has seen enough.
        drop(input.write_all(text.as_bytes()));
    }
    // 127: there is no such program.
    child.wait().is_ok_and(|status| status.code() != Some(127))
}
