//! Building the language service, which lies beside `ironbook` and is read from the same sources.

use super::cargo;
use super::error::BuildError;
use super::paths::Paths;
use std::process::Stdio;

/// The package of its program.
const PACKAGE: &str = "ironbook-language";

/// Compiles the language service into cargo's target directory. cargo shows its own progress on standard error.
///
/// # Errors
/// [`BuildError::NoSources`] in an installed copy, [`BuildError::NoCargo`] where there is none, [`BuildError::Language`] if it
/// does not compile or is interrupted.
pub fn build_language(paths: &Paths) -> Result<(), BuildError> {
    if paths.installed.is_some() {
        return Err(BuildError::NoSources { what: "building the language service" });
    }
    let mut command = cargo::command(paths)?;
    command.args(["build", "--locked", "-p", PACKAGE]).stdout(Stdio::null());
    let built = command.status().is_ok_and(|status| status.success());
    if built { Ok(()) } else { Err(BuildError::Language) }
}
