//! Programs of versions, compiled directly against the library: seconds instead of a build by cargo.

use ironbook_session::library::{Library, Paths};
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

/// Compiles `src/main.rs` of a version against a library, or finds it compiled in `folder`.
///
/// # Errors
/// [`BuildError`].
pub fn build(library: &Library, version: &Path, folder: &Path) -> Result<PathBuf, BuildError> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(library.id.as_bytes());
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
    link(compiler(library), library, version, &fresh)?;
    fs::rename(&fresh, &program)?;
    Ok(program)
}

/// Compiles the tests of a version against a library, into the program `to`.
///
/// # Errors
/// [`BuildError`].
pub fn build_tests(library: &Library, version: &Path, to: &Path) -> Result<(), BuildError> {
    let mut command = compiler(library);
    command.arg("--test").env("CARGO_MANIFEST_DIR", std::path::absolute(version)?);
    link(command, library, version, to)
}

fn link(mut command: Command, library: &Library, version: &Path, to: &Path) -> Result<(), BuildError> {
    command.arg(version.join("src/main.rs")).args(["-C", "opt-level=1"]);
    for folder in library.library_path() {
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

/// Remembers the program of a version by its content, so that it is found without a look at the library's sources.
pub(crate) fn remember(paths: &Paths, content: &str, program: &Path, library: &Library) {
    let known = folder(paths).join("by-content");
    let text = format!("{}\n{}\n", program.display(), library.dylib.display());
    // Only a memory: without it the program is built again.
    drop(fs::create_dir_all(&known).and_then(|()| fs::write(known.join(content), text)));
}

/// The program of a version, if it is there, and the library that it is linked to.
pub(crate) fn recall(paths: &Paths, content: &str) -> Option<PathBuf> {
    let text = fs::read_to_string(folder(paths).join("by-content").join(content)).ok()?;
    let mut lines = text.lines().map(PathBuf::from);
    let (program, dylib) = (lines.next()?, lines.next()?);
    (program.is_file() && dylib.is_file()).then_some(program)
}

fn compiler(library: &Library) -> Command {
    let mut command = Command::new(&library.rustc);
    command.args(["--edition=2024", "--crate-type", "bin", "--crate-name", "pipeline", "-C", "prefer-dynamic"]);
    command.args(["-C", "debuginfo=0", "-C", "codegen-units=4"]);
    let named = |prefix: &str, path: &Path| {
        let mut text = std::ffi::OsString::from(prefix);
        text.push(path);
        text
    };
    for (name, path) in &library.externs {
        command.arg("--extern").arg(named(&format!("{name}="), path));
    }
    command.arg("-L").arg(named("dependency=", &library.deps));
    command.envs(library.linker_path.iter().map(|path| ("LIBRARY_PATH", path)));
    command.stdin(Stdio::null());
    command
}

/// Takes out of `src/stages.rs` what the compiler says is not used: imports, and `mut`.
///
/// # Errors
/// When a file cannot be read or written; when the stages do not compile.
pub(crate) fn tidy(library: &Library, version: &Path) -> Result<(), BuildError> {
    for _ in 0..4 {
        let mut command = compiler(library);
        command.arg(version.join("src/main.rs")).args(["--emit=metadata", "--error-format=json", "-W", "unused"]);
        let scratch = tempfile::tempdir()?;
        let output = command.arg("--out-dir").arg(scratch.path()).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let messages: Vec<serde_json::Value> =
            stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if !output.status.success() {
            let rendered = messages.iter().filter_map(|message| message["rendered"].as_str());
            return Err(BuildError::Compile(rendered.collect::<String>().trim().to_owned()));
        }
        let path = version.join("src/stages.rs");
        let text = fs::read_to_string(&path)?;
        let changed = changed(&text, &messages);
        if changed == text {
            return Ok(());
        }
        fs::write(&path, changed)?;
    }
    Ok(())
}

/// Applies what the compiler would do itself.
fn changed(text: &str, messages: &[serde_json::Value]) -> String {
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for message in messages {
        let code = message["code"]["code"].as_str().unwrap_or("");
        if !["unused_imports", "unused_mut", "unused_parens", "unused_braces"].contains(&code) {
            continue;
        }
        for child in message["children"].as_array().into_iter().flatten() {
            for span in child["spans"].as_array().into_iter().flatten() {
                let exact = span["suggestion_applicability"] == "MachineApplicable"
                    && span["file_name"].as_str().is_some_and(|name| name.ends_with("stages.rs"));
                if let (true, Some(with), Some(from), Some(to)) = (
                    exact,
                    span["suggested_replacement"].as_str(),
                    span["byte_start"].as_u64(),
                    span["byte_end"].as_u64(),
                ) {
                    edits.push((from as usize, to as usize, with.to_owned()));
                }
            }
        }
    }
    edits.sort();
    edits.dedup();
    let mut out = text.to_owned();
    let mut before = usize::MAX;
    for (from, to, with) in edits.into_iter().rev() {
        if to <= before && out.is_char_boundary(from) && to <= out.len() && out.is_char_boundary(to) {
            out.replace_range(from..to, &with);
            before = from;
        }
    }
    out
}
