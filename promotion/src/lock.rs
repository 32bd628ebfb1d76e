//! `Cargo.lock` of a version: the one that cells were built by, without what the version does not need.

use ironbook_session::library::find_program;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes the lock file of the crate in `directory`, from `base`; `key` stands for the sources that it is of.
///
/// cargo takes out what is not needed; what it did is remembered below `memory`.
///
/// # Errors
/// When cargo is not there, or does not resolve the crate from what is on this machine.
pub(crate) fn write(base: &Path, memory: &Path, directory: &Path, (name, key): (&str, &str)) -> io::Result<()> {
    let memory = memory.join("pipeline-locks").join(format!("{key}.lock"));
    let to = directory.join("Cargo.lock");
    if let Ok(text) = fs::read_to_string(&memory) {
        return fs::write(to, text.replace(PLACEHOLDER, name));
    }
    fs::copy(base, &to)?;
    let cargo =
        find_program("cargo").ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "cargo is not installed"))?;
    let output = Command::new(cargo)
        .args(["update", "--workspace", "--offline", "--quiet", "--manifest-path"])
        .arg(directory.join("Cargo.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(io::Error::other(format!("cargo does not resolve the crate: {words}")));
    }
    let text = fs::read_to_string(&to)?;
    let general = text.replace(&format!("name = \"{name}\"\n"), &format!("name = \"{PLACEHOLDER}\"\n"));
    // Only a memory: without it cargo is asked again.
    if let Some(folder) = memory.parent() {
        let fresh = folder.join(format!(".{key}.{}", std::process::id()));
        let kept = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&fresh, general))
            .and_then(|()| fs::rename(&fresh, &memory));
        drop(kept);
    }
    Ok(())
}

/// Stands for the crate's name: packages of a lock file are sorted by name, which cargo does not insist on.
const PLACEHOLDER: &str = "pipeline-of-this-version";
