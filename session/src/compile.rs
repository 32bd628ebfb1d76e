//! Calling rustc on a generated crate, and the cache of what it made.

use crate::cache;
use crate::diagnostics::{Message, parse_messages};
use crate::library::Library;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What rustc is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A shared object at this optimisation level.
    Object {
        /// `-C opt-level`.
        opt_level: u8,
        /// With line tables, for a backtrace.
        lines: bool,
    },
    /// Types and borrows only.
    Check,
}

/// Crates of `%dep`, as rustc arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Identity of all of them together.
    pub id: String,
    /// Their names and files, for `--extern`.
    pub externs: Vec<(String, PathBuf)>,
    /// Directories for `-L dependency=`.
    pub search: Vec<PathBuf>,
}

/// How the compiler is called.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// The standard library that cells link to.
    pub library: Library,
    /// Crates of `%dep`.
    pub extras: Extras,
    /// Where compiled cells are kept.
    pub cache: PathBuf,
    /// Environment variables of the session, for `env!`; `None` removes one.
    pub env: BTreeMap<String, Option<String>>,
}

/// What one call of the compiler gave.
#[derive(Debug)]
pub struct Compiled {
    /// Whether there were no errors.
    pub succeeded: bool,
    /// The shared object, if one was asked for and made.
    pub object: Option<PathBuf>,
    /// Files and environment variables that the cell read at compile time (`include_str!`, `env!`), with their state.
    pub inputs: Vec<Input>,
    /// The compiler's messages.
    pub messages: Vec<Message>,
    /// How long it took.
    pub seconds: f64,
}

/// Something that a compiled cell depends on besides its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// A file and the hash of its content.
    File(PathBuf, String),
    /// An environment variable and its value.
    Env(String, Option<String>),
}

impl Input {
    fn is_current(&self, env: &BTreeMap<String, Option<String>>) -> bool {
        match self {
            Input::File(path, hash) => file_hash(path).as_ref() == Some(hash),
            Input::Env(name, value) => env.get(name).cloned().unwrap_or_else(|| std::env::var(name).ok()) == *value,
        }
    }
}

/// The name that a generated text has as a file, and in the locations of its panics.
pub fn file_name(text: &str) -> String {
    format!("cell_{}.rs", &blake3::hash(text.as_bytes()).to_hex()[..12])
}

fn file_hash(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| blake3::hash(&bytes).to_hex().to_string())
}

/// Codegen options of all cells. A cell calls its own `no_mangle` functions, not those that an earlier one has loaded.
const OPTIONS: [&str; 6] = [
    "metadata=ironbook",
    "prefer-dynamic",
    "embed-bitcode=no",
    "overflow-checks=on",
    "debug-assertions=off",
    "link-arg=-Wl,-Bsymbolic-functions",
];

/// Where a running compiler can be reached, to be stopped by an interrupt.
#[derive(Clone, Debug, Default)]
pub struct Stoppable {
    group: Arc<Mutex<Option<Pid>>>,
}

impl Stoppable {
    /// Ends the compiler that runs, with its linker.
    pub fn stop(&self) {
        if let Some(group) = *self.lock() {
            // One that has just ended needs no end.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn set(&self, group: Option<Pid>) {
        *self.lock() = group;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pid>> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Compiler {
    /// The value of an environment variable as the compiler sees it.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned().unwrap_or_else(|| std::env::var(name).ok())
    }

    /// Compiles `text`.
    ///
    /// # Errors
    /// When the compiler cannot be started or the cache directory cannot be written.
    pub fn compile(&self, text: &str, goal: Goal) -> io::Result<Compiled> {
        self.compile_stoppable(text, goal, &Stoppable::default())
    }

    /// As [`Compiler::compile`], for one that can be stopped; it then ends without an object.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn compile_stoppable(&self, text: &str, goal: Goal, stoppable: &Stoppable) -> io::Result<Compiled> {
        let started = Instant::now();
        let work = WorkDir::new(&self.cache)?;
        let file = file_name(text);
        std::fs::write(work.path.join(&file), text)?;
        let mut command = Command::new(&self.library.rustc);
        command.envs(self.library.linker_path.iter().map(|path| ("LIBRARY_PATH", path)));
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let child = command
            .current_dir(&work.path)
            .args(self.arguments(&file, text, goal))
            // A group of its own: the terminal's Ctrl-C is for the session, which then does not run the cell.
            .process_group(0)
            .env_remove("RUSTC_WRAPPER")
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        stoppable.set(Some(Pid::from_child(&child)));
        let output = child.wait_with_output();
        stoppable.set(None);
        let output = output?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let inputs = std::fs::read_to_string(work.path.join("cell.d")).map(|d| inputs(&d, &file)).unwrap_or_default();
        let object = match goal {
            Goal::Object { .. } if output.status.success() => Some(self.keep(&work.path, text, goal, &inputs)?),
            _ => None,
        };
        let messages = parse_messages(&stderr);
        let seconds = started.elapsed().as_secs_f64();
        let succeeded = output.status.success();
        Ok(Compiled { succeeded, object, inputs, messages, seconds })
    }

    fn arguments(&self, file: &str, text: &str, goal: Goal) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        let mut add = |text: &str| args.push(text.into());
        for fixed in [file, "--edition=2024", "--crate-type=cdylib", "--crate-name=cell", "--error-format=json"] {
            add(fixed);
        }
        add("--diagnostic-width=400");
        for option in OPTIONS {
            add("-C");
            add(option);
        }
        match goal {
            Goal::Object { opt_level, lines } => {
                add(&format!("-Copt-level={opt_level}"));
                add(if lines { "-Cdebuginfo=line-tables-only" } else { "-Cdebuginfo=0" });
                add("--emit=link=cell.so,dep-info=cell.d");
            }
            Goal::Check => add("--emit=metadata=cell.rmeta"),
        }
        // A type's visible path may run through a crate that cells do not name otherwise.
        let named = |name: &str| self.library.externs.iter().chain(&self.extras.externs).any(|(n, _)| n == name);
        let others = self.library.crates.iter().filter(|(name, _)| !named(name) && text.contains(&format!("{name}::")));
        for (name, path) in self.library.externs.iter().chain(&self.extras.externs).chain(others) {
            args.push("--extern".into());
            let mut value = OsString::from(format!("{name}="));
            value.push(path);
            args.push(value);
        }
        // The dylib of `%dep` depends on the library under its own name.
        let root = (!self.extras.externs.is_empty()).then_some(&self.library.root);
        for directory in std::iter::once(&self.library.deps).chain(&self.extras.search).chain(root) {
            args.push("-L".into());
            let mut value = OsString::from("dependency=");
            value.push(directory);
            args.push(value);
        }
        args
    }

    /// Moves the shared object into the cache under the hash of what made it: write, then rename.
    /// What it read at compile time is in the name too: the loader takes an equal path for the same object.
    fn keep(&self, work: &Path, text: &str, goal: Goal, inputs: &[Input]) -> io::Result<PathBuf> {
        let directory = self.cache.join("cells");
        std::fs::create_dir_all(&directory)?;
        let mut name = self.key(text, goal);
        if !inputs.is_empty() {
            name.push('-');
            name.push_str(&blake3::hash(format!("{inputs:?}").as_bytes()).to_hex()[..12]);
        }
        let path = directory.join(format!("{name}.so"));
        std::fs::rename(work.join("cell.so"), &path)?;
        cache::tidy(&self.cache);
        Ok(path)
    }

    /// Identity of a compiled cell: its text, the libraries, and the options.
    pub fn key(&self, text: &str, goal: Goal) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in
            [text, &self.library.id, &self.library.rustc_version, &self.extras.id, &format!("{goal:?} {OPTIONS:?}")]
        {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// What was remembered under `key`, if nothing that it depends on has changed.
    pub fn recall<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let bytes = std::fs::read(self.entry(key)).ok()?;
        let kept: Kept<T> = serde_json::from_slice(&bytes).ok()?;
        let current = kept.object.is_file() && kept.inputs.iter().all(|input| input.is_current(&self.env));
        if !current {
            return None;
        }
        cache::touch(&kept.object);
        cache::touch(&self.entry(key));
        Some(kept.value)
    }

    /// Remembers a finished compilation.
    ///
    /// # Errors
    /// When the cache directory cannot be written.
    pub fn remember<T: Serialize>(&self, key: &str, object: &Path, inputs: &[Input], value: &T) -> io::Result<()> {
        let kept = Kept { object: object.to_owned(), inputs: inputs.to_vec(), value };
        let path = self.entry(key);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        write_atomically(&path, &serde_json::to_vec(&kept)?)
    }

    fn entry(&self, key: &str) -> PathBuf {
        self.cache.join("entries").join(format!("{key}.json"))
    }
}

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    object: PathBuf,
    inputs: Vec<Input>,
    value: T,
}

/// Writes a file so that readers see the old or the new content, never a part.
///
/// # Errors
/// Of the file system.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}-{}.tmp", std::process::id(), next()));
    std::fs::write(&temporary, bytes)?;
    std::fs::rename(&temporary, path)
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A directory for one call of the compiler, removed with it.
struct WorkDir {
    path: PathBuf,
}

impl WorkDir {
    fn new(cache: &Path) -> io::Result<Self> {
        let all = cache.join("work");
        std::fs::create_dir_all(&all)?;
        loop {
            // Process ids are not unique: containers can share a cache, and a killed process leaves its directories.
            let path = all.join(format!("{}-{}", std::process::id(), next()));
            match std::fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| WorkDir { path }),
            }
        }
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// What the dep-info file lists besides the generated file itself.
fn inputs(dep_info: &str, own: &str) -> Vec<Input> {
    let mut out = Vec::new();
    for line in dep_info.lines() {
        if let Some(env) = line.strip_prefix("# env-dep:") {
            let (name, value) = env.split_once('=').map_or((env, None), |(n, v)| (n, Some(v.to_owned())));
            out.push(Input::Env(name.to_owned(), value));
        } else if let Some(path) = line.strip_suffix(':')
            && path != own
        {
            let path = PathBuf::from(path.replace("\\ ", " "));
            if let Some(hash) = file_hash(&path) {
                out.push(Input::File(path, hash));
            }
        }
    }
    out
}
