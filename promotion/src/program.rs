//! Programs of versions, compiled directly against the library: seconds instead of a build by cargo.

use ironbook_session::library::extra::{DYLIB_CRATE, Extra};
use ironbook_session::library::{Library, Paths};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a program was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The compiler found errors; the text is its own.
    #[error("the stages do not compile:\n{0}")]
    Compile(String),
    /// It could not be started, or a file could not be written.
    #[error("the stages cannot be compiled: {0}")]
    Io(#[from] io::Error),
}

/// What a program is compiled against.
#[derive(Clone, Copy, Debug)]
pub struct Crates<'a> {
    /// The library.
    pub library: &'a Library,
    /// Crates of `%dep`, where it names some.
    pub extra: Option<&'a Extra>,
}

impl<'a> From<&'a Library> for Crates<'a> {
    fn from(library: &'a Library) -> Crates<'a> {
        Crates { library, extra: None }
    }
}

/// Compiles `src/main.rs` of a version against what it needs, or finds it compiled in `folder`.
///
/// # Errors
/// [`BuildError`].
pub fn build<'a>(crates: impl Into<Crates<'a>>, version: &Path, folder: &Path) -> Result<PathBuf, BuildError> {
    let crates = crates.into();
    let mut hasher = blake3::Hasher::new();
    hasher.update(crates.library.id.as_bytes());
    if let Some(extra) = crates.extra {
        hasher.update(extra.dylib.as_os_str().as_encoded_bytes());
    }
    for file in ["src/main.rs", "src/stages.rs", "pipeline.toml"] {
        hasher.update(&fs::read(version.join(file))?);
        hasher.update(b"\0");
    }
    let program = folder.join(&hasher.finalize().to_hex()[..32]);
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(folder)?;
    let fresh =
        folder.join(format!(".{}-{}", program.file_name().unwrap_or_default().to_string_lossy(), std::process::id()));
    link(compiler(crates), crates, version, &fresh)?;
    fs::rename(&fresh, &program)?;
    Ok(program)
}

/// Compiles the tests of a version against a library, into the program `to`.
///
/// # Errors
/// [`BuildError`].
pub fn build_tests<'a>(crates: impl Into<Crates<'a>>, version: &Path, to: &Path) -> Result<(), BuildError> {
    let crates = crates.into();
    let mut command = compiler(crates);
    command.arg("--test").env("CARGO_MANIFEST_DIR", std::path::absolute(version)?);
    link(command, crates, version, to)
}

fn link(mut command: Command, crates: Crates<'_>, version: &Path, to: &Path) -> Result<(), BuildError> {
    let scratch = tempfile::tempdir()?;
    command.arg(main_file(crates, version, scratch.path())?).args(["-C", "opt-level=1"]);
    let more = crates.extra.and_then(|extra| extra.dylib.parent().map(Path::to_owned));
    for folder in crates.library.library_path().into_iter().chain(more) {
        command.arg("-C").arg(format!("link-arg=-Wl,-rpath,{}", folder.display()));
    }
    let output = command.arg("-o").arg(to).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(BuildError::Compile(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}

/// Where programs are kept.
pub(crate) fn folder(paths: &Paths) -> PathBuf {
    paths.data.join("pipeline-programs")
}

/// The file that is compiled. Crates of `%dep` are in one dylib, which cargo knows nothing of: it is named beside the
/// version, not in it.
pub(crate) fn main_file(crates: Crates<'_>, version: &Path, scratch: &Path) -> io::Result<PathBuf> {
    let source = std::path::absolute(version)?.join("src");
    if crates.extra.is_none() {
        return Ok(source.join("main.rs"));
    }
    let mut text = fs::read_to_string(source.join("main.rs"))?;
    for module in ["stages", "tests"] {
        let at = source.join(module).with_extension("rs");
        let named = format!("#[path = {:?}]\nmod {module};", at.display().to_string());
        text = text.replace(&format!("mod {module};"), &named);
    }
    let _ = writeln!(text, "\nextern crate {DYLIB_CRATE} as _;");
    let main = scratch.join("main.rs");
    fs::write(&main, text)?;
    Ok(main)
}

/// Remembers the program of a version by its content, so that it is found without a look at the library's sources.
pub(crate) fn remember(paths: &Paths, content: &str, program: &Path, crates: Crates<'_>) {
    let known = folder(paths).join("by-content");
    let mut text = format!("{}\n{}\n", program.display(), crates.library.dylib.display());
    if let Some(extra) = crates.extra {
        let _ = writeln!(text, "{}", extra.dylib.display());
    }
    // Only a memory: without it the program is built again.
    drop(fs::create_dir_all(&known).and_then(|()| fs::write(known.join(content), text)));
}

/// The program of a version, if it is there, and what it is linked to.
pub(crate) fn recall(paths: &Paths, content: &str) -> Option<PathBuf> {
    let text = fs::read_to_string(folder(paths).join("by-content").join(content)).ok()?;
    let files: Vec<&Path> = text.lines().map(Path::new).collect();
    (files.len() > 1 && files.iter().all(|file| file.is_file())).then(|| files[0].to_owned())
}

pub(crate) fn compiler(Crates { library, extra }: Crates<'_>) -> Command {
    let mut command = Command::new(&library.rustc);
    command.args(["--edition=2024", "--crate-type", "bin", "--crate-name", "pipeline", "-C", "prefer-dynamic"]);
    command.args(["-C", "debuginfo=0", "-C", "codegen-units=4"]);
    let named = |prefix: &str, path: &Path| {
        let mut text = std::ffi::OsString::from(prefix);
        text.push(path);
        text
    };
    let more = extra.map(|extra| extra.externs.as_slice()).unwrap_or_default();
    for (name, path) in library.externs.iter().chain(more) {
        command.arg("--extern").arg(named(&format!("{name}="), path));
    }
    // The dylib of `%dep` depends on the library under its own name.
    let of_extra = extra.into_iter().flat_map(|extra| [&extra.deps, &library.root]);
    for folder in std::iter::once(&library.deps).chain(of_extra) {
        command.arg("-L").arg(named("dependency=", folder));
    }
    command.envs(library.linker_path.iter().map(|path| ("LIBRARY_PATH", path)));
    command.stdin(Stdio::null());
    command
}
