//! Building the language service, which lies beside `ironbook` and is read from the same sources.

use super::build::{Callback, Watch};
use super::cargo;
use super::error::BuildError;
use super::paths::Paths;
use std::path::PathBuf;

/// The package, and its program.
const NAME: &str = "ironbook-language";

/// Compiles the language service, or finds that it is new enough; gives its program. `profile` is cargo's: `dev`, `release`.
///
/// # Errors
/// [`BuildError::NoSources`] in an installed copy, [`BuildError::NoCargo`] where there is none, those of the library's build
/// otherwise.
pub fn build_language(paths: &Paths, profile: &str, progress: &mut Callback<'_>) -> Result<PathBuf, BuildError> {
    if paths.installed.is_some() {
        return Err(BuildError::NoSources { what: "building the language service" });
    }
    let mut command = cargo::command(paths)?;
    command.args(["build", "--locked", "-p", NAME, "--bin", NAME, "--profile", profile]);
    command.arg("--message-format=json-render-diagnostics");
    let mut watch = Watch::new(progress);
    let built = cargo::run(command, paths, &mut |report| watch.hear(&report));
    let artifacts = built.map_err(|error| match error {
        BuildError::Compile { lines } => BuildError::Language { lines },
        error => error,
    })?;
    let program = artifacts.into_iter().find(|artifact| artifact.target.name == NAME && artifact.is_program());
    let path = program.and_then(|program| program.filenames.into_iter().next());
    path.ok_or_else(|| BuildError::Unexpected { what: format!("the program {NAME}") })
}
