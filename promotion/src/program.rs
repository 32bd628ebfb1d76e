//! Programs of versions, compiled directly against the library: seconds instead of a build by cargo.

use ironbook_session::library::extra::{DYLIB_CRATE, Extra};
use ironbook_session::library::{Library, Paths};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::ops::Range;
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
fn main_file(crates: Crates<'_>, version: &Path, scratch: &Path) -> io::Result<PathBuf> {
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

fn compiler(Crates { library, extra }: Crates<'_>) -> Command {
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

/// Takes out of `src/stages.rs` what the compiler says is not used: imports, `mut`, names.
///
/// # Errors
/// When a file cannot be read or written; when the stages do not compile.
pub(crate) fn tidy(crates: Crates<'_>, version: &Path) -> Result<(), BuildError> {
    for _ in 0..4 {
        let mut command = compiler(crates);
        let scratch = tempfile::tempdir()?;
        command.arg(main_file(crates, version, scratch.path())?);
        command.args(["--emit=metadata", "--error-format=json", "-W", "unused"]);
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

/// What the compiler remarks where it would do itself what is to be done.
const TIDIED: &[&str] = &["unused_imports", "unused_mut", "unused_parens", "unused_braces"];
/// The same where it leaves the choice: the session shows that nobody wants the name, or the value.
const CHOSEN: &[&str] = &["unused_variables", "unused_must_use"];

/// Applies what the compiler would do itself, or proposes.
fn changed(text: &str, messages: &[serde_json::Value]) -> String {
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for message in messages {
        let code = message["code"]["code"].as_str().unwrap_or("");
        let chosen = CHOSEN.contains(&code);
        if !chosen && !TIDIED.contains(&code) {
            continue;
        }
        let children = message["children"].as_array().into_iter().flatten();
        let found: Vec<_> = children
            .flat_map(|child| child["spans"].as_array().into_iter().flatten())
            .filter(|span| chosen || span["suggestion_applicability"] == "MachineApplicable")
            .filter_map(|span| Some((bytes(span)?, span["suggested_replacement"].as_str()?)))
            .collect();
        if found.is_empty() && code == "unused_imports" {
            let spans = message["spans"].as_array().into_iter().flatten();
            edits.extend(
                spans.filter_map(|span| whole_use(text, bytes(span)?)).map(|(from, to)| (from, to, String::new())),
            );
        }
        edits.extend(found.into_iter().map(|((from, to), with)| (from, to, with.to_owned())));
    }
    edits.sort();
    edits.dedup();
    let mut out = text.to_owned();
    let mut before = usize::MAX;
    for (from, to, with) in edits.into_iter().rev() {
        if to <= before && out.is_char_boundary(from) && to <= out.len() && out.is_char_boundary(to) {
            let mutable = out[from..to].trim() == "mut";
            out.replace_range(from..to, &with);
            before = from;
            if let Some(line) = bound_anew(&out, from).filter(|_| mutable) {
                before = line.start;
                out.replace_range(line, "");
            }
        }
    }
    out
}

/// The line around a byte, if it binds a name to itself: it was to be changed, and is not.
fn bound_anew(text: &str, at: usize) -> Option<Range<usize>> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let end = at + text.get(at..)?.find('\n')? + 1;
    let (name, value) = text[start..end].trim().strip_prefix("let ")?.strip_suffix(';')?.split_once(" = ")?;
    (name == value).then_some(start..end)
}

/// The bytes of a span of `src/stages.rs`.
fn bytes(span: &serde_json::Value) -> Option<(usize, usize)> {
    let at = |key: &str| span[key].as_u64().and_then(|at| usize::try_from(at).ok());
    let here = span["file_name"].as_str().is_some_and(|name| name.ends_with("stages.rs"));
    here.then_some(())?;
    Some((at("byte_start")?, at("byte_end")?))
}

/// The line of an import that has nothing else: of one of all names the compiler proposes nothing.
fn whole_use(text: &str, (from, to): (usize, usize)) -> Option<(usize, usize)> {
    let start = text.get(..from)?.rfind('\n').map_or(0, |at| at + 1);
    let end = to + text.get(to..)?.find('\n')? + 1;
    let path = &text[from..to];
    let line = text[start..end].trim();
    (line == format!("use {path};") || line == format!("use {path}::*;")).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_used_goes() {
        let text = "use a::*;\nuse b::{c, d};\nfn f() {\n    let mut x = x;\n    let (p, q) = g();\n    h(p);\n}\n";
        let span = |of: &str, with: Option<&str>, how: &str| {
            let from = text.find(of).unwrap();
            json!({"file_name": "src/stages.rs", "byte_start": from, "byte_end": from + of.len(),
                "suggested_replacement": with, "suggestion_applicability": how})
        };
        let said = |code: &str, at: &str, child: Option<serde_json::Value>| {
            let children = child.map(|span| json!({"spans": [span]}));
            json!({"code": {"code": code}, "spans": [span(at, None, "")], "children": Vec::from_iter(children)})
        };
        let messages = [
            said("unused_imports", "a", None),
            said("unused_imports", "c", Some(span("c, ", Some(""), "MachineApplicable"))),
            said("unused_mut", "mut x", Some(span("mut ", Some(""), "MachineApplicable"))),
            said("unused_variables", "q", Some(span("q", Some("_q"), "MaybeIncorrect"))),
            said("unused_must_use", "h(p)", Some(span("h(p)", Some("let _ = h(p)"), "MaybeIncorrect"))),
            said("dead_code", "f", Some(span("f", Some("_f"), "MachineApplicable"))),
        ];
        assert_eq!(changed(text, &messages), "use b::{d};\nfn f() {\n    let (p, _q) = g();\n    let _ = h(p);\n}\n");
    }
}
