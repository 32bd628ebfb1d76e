//! Versions that are there already: their programs, and the same code on other data.

use crate::data::fingerprint;
use crate::place;
use crate::program::{self, BuildError};
use crate::vendor::{self, Sources};
use crate::write;
use ironbook_pipeline::Definition;
use ironbook_pipeline::folder::{self, Folder};
use ironbook_pipeline::version::{Level, Version};
use ironbook_session::library::{Library, Paths, find_program, without_caller};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program of a version: compiled directly where this Ironbook's library is the one that the version was made
/// with, else built by cargo from the sources that travel with it.
///
/// # Errors
/// [`BuildError`].
pub fn program(
    definition: &Definition,
    directory: &Path,
    (paths, library): (&Paths, &dyn Fn() -> Option<Library>),
) -> Result<PathBuf, BuildError> {
    if let Some(program) = program::recall(paths, &definition.content) {
        return Ok(program);
    }
    let same =
        Sources::read(&vendor::folder(paths)).is_ok_and(|sources| sources.hash() == definition.toolchain.library);
    let library = if same { library() } else { None };
    match library.filter(|library| has_all(library, directory)) {
        Some(library) => {
            let built = program::build(&library, directory, &program::folder(paths))?;
            program::remember(paths, &definition.content, &built, (&library).into());
            Ok(built)
        }
        None => by_cargo(directory, &paths.target),
    }
}

/// Whether a version needs no other crates than the library has: those of `%dep` cargo builds by the version's lock file.
fn has_all(library: &Library, directory: &Path) -> bool {
    let manifest =
        fs::read_to_string(directory.join("Cargo.toml")).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let Some(dependencies) = manifest.as_ref().and_then(|manifest| manifest.get("dependencies")?.as_table()) else {
        return true;
    };
    let known = |name: &String| library.externs.iter().any(|(extern_name, _)| *extern_name == name.replace('-', "_"));
    dependencies.keys().all(known)
}

fn by_cargo(directory: &Path, target: &Path) -> Result<PathBuf, BuildError> {
    let cargo =
        find_program("cargo").ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "cargo is not installed"))?;
    let mut command = Command::new(cargo);
    without_caller(&mut command);
    let output = command
        .args(["build", "--locked", "--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(directory.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let program = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back();
    match (output.status.success(), program) {
        (true, Some(program)) => Ok(program),
        _ => Err(BuildError::Compile("cargo's messages are above".to_owned())),
    }
}

/// The next version of a pipeline: the same code on other files.
///
/// # Errors
/// When a name is that of no file of the pipeline, a file cannot be read, or the version not be written.
pub fn with_data(
    definition: &Definition,
    directory: &Path,
    data: &[(String, PathBuf)],
    project: &Path,
) -> Result<(Version, PathBuf), folder::Error> {
    let folder = Folder::of(project);
    let failed = |path: &Path, source: io::Error| folder::Error::Write { path: path.to_owned(), source };
    let mut draft = folder.begin(&definition.name)?;
    copy(directory, draft.path()).map_err(|error| failed(draft.path(), error))?;
    let mut next = definition.clone();
    next.verified = None;
    next.origin.promoted = write::now();
    for (name, path) in data {
        let Some(file) = next.data.iter_mut().find(|file| file.name == *name) else { continue };
        let full = std::path::absolute(path).map_err(|error| failed(path, error))?;
        let (hash, bytes) = fingerprint(&full).map_err(|error| failed(path, error))?;
        file.path = place::from_project(&full, project, path.is_relative()).display().to_string();
        file.fingerprint = hash;
        file.bytes = bytes;
    }
    let latest = folder.latest(&definition.name)?.unwrap_or(Version::FIRST);
    let version = latest.next(Level::Patch);
    next.version = version.to_string();
    write::finish(&mut next, draft.path()).map_err(|error| failed(draft.path(), error))?;
    Ok((version, draft.publish(version)?))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()? {
            kind if kind.is_dir() && entry.file_name() == "target" => {}
            kind if kind.is_dir() => {
                fs::create_dir_all(&target)?;
                copy(&entry.path(), &target)?;
            }
            _ => {
                fs::copy(entry.path(), &target)?;
                // cargo goes by times; where one cannot be set, a crate is only compiled once more.
                drop(
                    entry
                        .metadata()?
                        .modified()
                        .and_then(|time| File::options().write(true).open(target)?.set_modified(time)),
                );
            }
        }
    }
    Ok(())
}
