//! Editing a cell in the user's own editor.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The editor's command: `$VISUAL`, `$EDITOR`, else one that is there.
pub fn editor() -> Option<String> {
    let named = |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    let there = || ["nano", "vi", "vim"].into_iter().find(|name| on_path(name).is_some()).map(str::to_owned);
    named("VISUAL").or_else(|| named("EDITOR")).or_else(there)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Opens a file in the user's editor and waits until it is closed.
///
/// # Errors
/// The words on why it could not be edited.
pub fn open(file: &Path) -> Result<(), String> {
    let command = editor().ok_or("there is no editor: set VISUAL or EDITOR, for instance export EDITOR=nano")?;
    // The command may have options of its own: `code --wait`.
    let script = format!("{command} \"$1\"");
    let status = Command::new("sh").args(["-c", &script, "sh"]).arg(file).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the editor `{command}` ended with {status}; set VISUAL or EDITOR to another")),
        Err(error) => Err(format!("the editor `{command}` cannot be started: {error}; set VISUAL or EDITOR")),
    }
}

/// The text as the user's editor leaves it.
///
/// # Errors
/// The words on why it could not be edited.
pub fn edited(text: &str) -> Result<String, String> {
    let failed = |error: io::Error| format!("the text cannot be handed to the editor: {error}");
    let file = tempfile::Builder::new().prefix("ironbook-cell-").suffix(".rs").tempfile().map_err(failed)?;
    std::fs::write(file.path(), format!("{text}\n")).map_err(failed)?;
    open(file.path())?;
    let text = std::fs::read_to_string(file.path()).map_err(failed)?;
    Ok(text.trim_end().to_owned())
}
