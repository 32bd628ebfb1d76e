//! The Rust compiler that builds the library and compiles cells, found without starting it when it is known.

use super::error::Missing;
use super::paths::Paths;
use serde::{Deserialize, Serialize};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

/// A Rust compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rustc {
    /// The compiler itself, not rustup's proxy.
    pub path: PathBuf,
    /// Its sysroot.
    pub sysroot: PathBuf,
    /// What `rustc -vV` prints.
    pub version: String,
    /// Its host triple.
    pub host: String,
}

/// What is remembered of a compiler: valid while every file is as it was.
#[derive(Serialize, Deserialize)]
struct Known {
    rustc: Rustc,
    state: Vec<String>,
}

impl Rustc {
    /// The compiler that Ironbook's workspace chooses.
    ///
    /// # Errors
    /// When there is none, or it does not answer.
    pub fn find(paths: &Paths) -> Result<Rustc, Missing> {
        let proxy = find_program("rustc").ok_or_else(|| Missing::NoRustc { cargo_bin: cargo_bin() })?;
        Rustc::recall(&proxy, &choice_state(&proxy, &paths.source), paths)
    }

    /// The compiler of a toolchain that rustup has installed, whether or not it is the default.
    pub(super) fn of_toolchain(name: &str, paths: &Paths) -> Option<Rustc> {
        let program = rustup_home().join("toolchains").join(name).join("bin/rustc");
        let state = program.is_file().then(|| vec![stamp(&program)])?;
        Rustc::recall(&program, &state, paths).ok()
    }

    /// Who `program` is: remembered as long as `choice` and the compiler are as they were, else asked.
    fn recall(program: &Path, choice: &[String], paths: &Paths) -> Result<Rustc, Missing> {
        let memory = paths.data.join("rustc").join(format!("{}.json", hash(choice)));
        let known: Option<Known> = fs::read_to_string(&memory).ok().and_then(|text| serde_json::from_str(&text).ok());
        if let Some(known) = known
            && known.state == compiler_state(&known.rustc)
        {
            return Ok(known.rustc);
        }
        let rustc = Rustc::ask(program, &paths.source)?;
        let known = Known { state: compiler_state(&rustc), rustc };
        // Only a memory: without it the next start asks again.
        if let (Some(folder), Ok(text)) = (memory.parent(), serde_json::to_string(&known)) {
            let fresh = memory.with_extension(std::process::id().to_string());
            let written = fs::create_dir_all(folder)
                .and_then(|()| fs::write(&fresh, text))
                .and_then(|()| fs::rename(&fresh, &memory));
            drop(written);
        }
        Ok(known.rustc)
    }

    /// Starts the compiler to learn who it is.
    fn ask(proxy: &Path, directory: &Path) -> Result<Rustc, Missing> {
        let answer = |arguments: &[&str]| -> Result<String, Missing> {
            let broken = |words: String| Missing::RustcBroken { path: proxy.to_owned(), words };
            let output = Command::new(proxy)
                .args(arguments)
                .current_dir(directory)
                .stdin(Stdio::null())
                .output()
                .map_err(|error| broken(error.to_string()))?;
            if output.status.success() {
                Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
            } else {
                Err(broken(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
            }
        };
        let sysroot = PathBuf::from(answer(&["--print", "sysroot"])?);
        let version = answer(&["-vV"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
        let real = sysroot.join("bin").join(format!("rustc{}", env::consts::EXE_SUFFIX));
        let path = if real.is_file() { real } else { proxy.to_owned() };
        Ok(Rustc { path, sysroot, version, host })
    }
}

/// A program in PATH, or where rustup installs (front ends are also started by desktops that do not know that).
pub fn find_program(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .chain(std::iter::once(cargo_bin()))
        .map(|folder| folder.join(&file))
        .find(|program| program.is_file())
}

/// Where rustup puts its programs.
pub(super) fn cargo_bin() -> PathBuf {
    env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from).join("bin")
}

/// Where rustup keeps toolchains.
fn rustup_home() -> PathBuf {
    env::var_os("RUSTUP_HOME").map_or_else(|| home().join(".rustup"), PathBuf::from)
}

fn home() -> PathBuf {
    env::var_os("HOME").map(PathBuf::from).unwrap_or_default()
}

/// Everything that decides which compiler the proxy starts.
fn choice_state(proxy: &Path, source: &Path) -> Vec<String> {
    let rustup = rustup_home();
    let mut state = vec![
        stamp(proxy),
        stamp(&rustup.join("settings.toml")),
        stamp(&rustup.join("toolchains")),
        env::var("RUSTUP_TOOLCHAIN").unwrap_or_default(),
    ];
    for folder in source.ancestors() {
        state.extend(["rust-toolchain.toml", "rust-toolchain"].map(|name| stamp(&folder.join(name))));
    }
    state
}

/// What changes when the compiler is replaced in its place.
fn compiler_state(rustc: &Rustc) -> Vec<String> {
    vec![stamp(&rustc.path), stamp(&rustc.sysroot.join("lib"))]
}

/// Path, size and time of a file; the path alone if there is none.
fn stamp(path: &Path) -> String {
    let time = |meta: &fs::Metadata| meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    match fs::metadata(path) {
        Ok(meta) => {
            let nanos = time(&meta).map_or(0, |at| at.as_nanos());
            format!("{} {} {nanos}", path.display(), meta.len())
        }
        Err(_) => path.display().to_string(),
    }
}

fn hash(state: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in state {
        hasher.update(part.as_bytes());
        hasher.update(b"\0");
    }
    hasher.finalize().to_hex()[..16].to_owned()
}
