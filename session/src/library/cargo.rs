//! Running cargo: its messages, its progress, and stopping it together with its compilers.

use super::error::BuildError;
use super::paths::Paths;
use super::rustc::{cargo_bin, find_program};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// How often the caller hears of a running cargo at least.
const TICK: Duration = Duration::from_millis(100);
/// How long an interrupted cargo may take before it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// How many lines of a failed build are kept.
const LAST_LINES: usize = 30;

/// One line of `cargo --message-format=json`.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

/// A compiled target.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Artifact {
    /// The package, as `cargo metadata` names it.
    pub package_id: String,
    pub target: Target,
    pub profile: Profile,
    pub features: Vec<String>,
    pub filenames: Vec<PathBuf>,
    /// Whether it was there already.
    pub fresh: bool,
}

/// The target of an artifact.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Target {
    pub name: String,
    pub kind: Vec<String>,
}

/// The profile of an artifact.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Profile {
    pub opt_level: String,
}

/// The parts of `cargo metadata` that are used.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub packages: Vec<Package>,
    pub resolve: Resolve,
}

/// A package.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub manifest_path: PathBuf,
    pub targets: Vec<Target>,
}

/// The resolved graph.
#[derive(Debug, Deserialize)]
pub(super) struct Resolve {
    pub nodes: Vec<Node>,
}

/// A package in the resolved graph.
#[derive(Debug, Deserialize)]
pub(super) struct Node {
    pub id: String,
    pub deps: Vec<Dependency>,
}

/// An edge of the resolved graph.
#[derive(Debug, Deserialize)]
pub(super) struct Dependency {
    /// The name under which the dependent knows the crate.
    pub name: String,
    pub pkg: String,
    pub dep_kinds: Vec<DependencyKind>,
}

/// Why an edge is there.
#[derive(Debug, Deserialize)]
pub(super) struct DependencyKind {
    /// `None` for a normal dependency, else `build` or `dev`.
    pub kind: Option<String>,
}

impl Dependency {
    /// Whether the dependent links the crate, rather than using it in tests or build scripts.
    pub fn is_normal(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.is_none())
    }

    /// Whether it is compiled when the dependent is built.
    pub fn is_built(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"))
    }
}

impl Resolve {
    /// The packages that building one of them compiles, by walking edges that `follow` accepts.
    pub fn closure(&self, root: &str, follow: impl Fn(&Dependency) -> bool) -> Vec<&str> {
        let nodes: BTreeMap<&str, &Node> = self.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut seen: Vec<&str> = Vec::new();
        let mut open: Vec<&str> = nodes.get_key_value(root).map(|(id, _)| *id).into_iter().collect();
        while let Some(id) = open.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let deps = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
            open.extend(deps.iter().filter(|dep| follow(dep)).map(|dep| dep.pkg.as_str()));
        }
        seen
    }
}

/// What a running cargo says.
pub(super) enum Report<'a> {
    /// Nothing new.
    Tick,
    /// A target is compiled, or was there.
    Artifact(&'a Artifact),
    /// cargo's own count, and the crates that are being compiled.
    Count { done: usize, total: usize, crates: String },
    /// It waits for another cargo.
    Blocked,
}

/// cargo, ready to run in the workspace.
pub(super) fn command(paths: &Paths) -> Result<Command, BuildError> {
    let program = find_program("cargo").ok_or_else(|| BuildError::NoCargo { cargo_bin: cargo_bin() })?;
    let mut command = Command::new(program);
    command.envs(paths.cuda.iter().flat_map(|cuda| cuda.environment(&paths.data)));
    command.current_dir(&paths.source).stdin(Stdio::null()).env("CARGO_TARGET_DIR", &paths.target);
    without_caller(&mut command);
    Ok(command)
}

/// Takes out of a command's environment what `cargo run` and `cargo test` tell their program of itself. Build scripts that
/// look at it would run again, and all that stands on them, polars too, would be compiled anew.
pub fn without_caller(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let own = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix));
        if own || ["CARGO", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "CARGO_MAKEFLAGS", "OUT_DIR"].contains(&&*name)
        {
            command.env_remove(&*name);
        }
    }
}

/// Runs `cargo metadata`.
pub(super) fn metadata(paths: &Paths, host: &str) -> Result<Metadata, BuildError> {
    read_metadata(&metadata_text(paths, host)?)
}

/// The same as cargo prints it.
pub(super) fn metadata_text(paths: &Paths, host: &str) -> Result<Vec<u8>, BuildError> {
    let mut command = command(paths)?;
    command.args(["metadata", "--format-version", "1", "--filter-platform", host]);
    if paths.cuda.is_some() {
        command.args(["--features", "ironbook-runtime/cuda"]);
    }
    let output = command.output().map_err(|error| BuildError::io("start", command.get_program(), error))?;
    if !output.status.success() {
        return Err(failure(String::from_utf8_lossy(&output.stderr).lines(), paths));
    }
    Ok(output.stdout)
}

pub(super) fn read_metadata(text: &[u8]) -> Result<Metadata, BuildError> {
    serde_json::from_slice(text).map_err(|error| BuildError::Unexpected { what: format!("the metadata ({error})") })
}

/// Runs a cargo command with `--message-format=json-render-diagnostics`, telling `report` what happens; stops it
/// when `report` breaks.
pub(super) fn run(
    mut command: Command,
    paths: &Paths,
    report: &mut dyn FnMut(Report<'_>) -> ControlFlow<()>,
) -> Result<Vec<Artifact>, BuildError> {
    let mut child = command
        .envs([("CARGO_TERM_PROGRESS_WHEN", "always"), ("CARGO_TERM_PROGRESS_WIDTH", "300")])
        .envs([("CARGO_TERM_COLOR", "never"), ("CARGO_TERM_QUIET", "false"), ("CARGO_TERM_VERBOSE", "false")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that its compilers are stopped with it.
        .process_group(0)
        .spawn()
        .map_err(|error| BuildError::io("start", command.get_program(), error))?;
    let lines = listen(&mut child);
    let mut heard = Heard::default();
    if heard.follow(&lines, report).is_break() {
        stop(&mut child);
        return Err(BuildError::Interrupted);
    }
    let status: ExitStatus = child.wait().map_err(|error| BuildError::io("wait for", command.get_program(), error))?;
    if status.success() { Ok(heard.artifacts) } else { Err(failure(heard.last.iter().map(String::as_str), paths)) }
}

/// A line that cargo wrote.
enum Line {
    Message(String),
    Words(String),
}

/// Reads both outputs in threads, which end with the process.
fn listen(child: &mut Child) -> mpsc::Receiver<Line> {
    let (sender, lines) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        let sender: Sender<Line> = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                drop(sender.send(Line::Message(line)));
            }
        });
    }
    if let Some(stderr) = child.stderr.take() {
        thread::spawn(move || {
            let mut line = Vec::new();
            for byte in BufReader::new(stderr).bytes().map_while(Result::ok) {
                // The progress bar is drawn over itself with carriage returns.
                if byte == b'\n' || byte == b'\r' {
                    let words = String::from_utf8_lossy(&line).trim_end().to_owned();
                    drop(sender.send(Line::Words(words)));
                    line.clear();
                } else {
                    line.push(byte);
                }
            }
        });
    }
    lines
}

/// What was heard of a running cargo.
#[derive(Default)]
struct Heard {
    artifacts: Vec<Artifact>,
    last: VecDeque<String>,
}

impl Heard {
    fn follow(
        &mut self,
        lines: &mpsc::Receiver<Line>,
        report: &mut dyn FnMut(Report<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut told = Instant::now();
        loop {
            let line = lines.recv_timeout(TICK.saturating_sub(told.elapsed()));
            match line {
                Ok(Line::Message(text)) => {
                    if let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_str(&text) {
                        report(Report::Artifact(&artifact))?;
                        self.artifacts.push(artifact);
                    }
                }
                Ok(Line::Words(words)) => {
                    if let Some((done, total, crates)) = parse_count(&words) {
                        report(Report::Count { done, total, crates })?;
                    } else if words.contains("waiting for file lock") {
                        report(Report::Blocked)?;
                    } else if !words.is_empty() {
                        self.keep(words);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return ControlFlow::Continue(()),
            }
            if told.elapsed() >= TICK {
                told = Instant::now();
                report(Report::Tick)?;
            }
        }
    }

    fn keep(&mut self, words: String) {
        let news = ["Compiling ", "Downloaded ", "Downloading ", "Finished "];
        if news.iter().any(|start| words.trim_start().starts_with(start)) {
            return;
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(words);
    }
}

/// Reads `Building [====>   ] 120/514: polars-core, polars-ops`.
fn parse_count(words: &str) -> Option<(usize, usize, String)> {
    let rest = words.trim_start().strip_prefix("Building [")?;
    let (_, rest) = rest.split_once("] ")?;
    let (count, crates) = rest.split_once(':').unwrap_or((rest, ""));
    let (done, total) = count.trim().split_once('/')?;
    Some((done.parse().ok()?, total.parse().ok()?, crates.trim().to_owned()))
}

/// Asks cargo and its compilers to stop, then makes them.
fn stop(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let signal = |signal| {
        if let Some(group) = group {
            // The group may be gone already.
            let _ = kill_process_group(group, signal);
        }
    };
    signal(Signal::INT);
    let since = Instant::now();
    while since.elapsed() < GRACE {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    signal(Signal::KILL);
    drop(child.wait());
}

/// A failed cargo, by what it wrote.
pub(super) fn failure<'a>(lines: impl Iterator<Item = &'a str>, paths: &Paths) -> BuildError {
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    let says = |words: &[&str]| lines.iter().any(|line| words.iter().any(|word| line.contains(word)));
    if says(&["No space left on device", "Disk quota exceeded", "os error 28"]) {
        return BuildError::DiskFull { path: paths.target.clone() };
    }
    if says(&["linker `cc` not found", "failed to find tool \"cc\"", "is `cc` not installed"]) {
        return BuildError::NoLinker;
    }
    if says(&["failed to download", "Could not resolve host", "failed to fetch", "unable to update registry"]) {
        return BuildError::Download { lines };
    }
    BuildError::Compile { lines }
}

/// The library file of an artifact that the compiler reads: metadata, or a proc macro's shared object.
pub(super) fn metadata_file(artifact: &Artifact) -> Option<&Path> {
    let extension = if artifact.is_proc_macro() { std::env::consts::DLL_EXTENSION } else { "rmeta" };
    artifact.filenames.iter().map(PathBuf::as_path).find(|path| path.extension().is_some_and(|is| is == extension))
}

impl Artifact {
    /// Whether it runs inside the compiler.
    pub fn is_proc_macro(&self) -> bool {
        self.target.kind.iter().any(|kind| kind == "proc-macro")
    }

    /// Whether it is a program of its package.
    pub fn is_program(&self) -> bool {
        self.target.kind.iter().any(|kind| kind == "bin")
    }

    /// Whether it is a library of any kind.
    pub fn is_library(&self) -> bool {
        !self
            .target
            .kind
            .iter()
            .any(|kind| ["custom-build", "bin", "test", "bench", "example"].contains(&kind.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_counts() {
        let line = "    Building [======>                 ] 120/514: polars-core, polars-ops";
        assert_eq!(parse_count(line), Some((120, 514, "polars-core, polars-ops".into())));
        assert_eq!(parse_count("   Compiling polars-ops v0.55.2"), None);
    }

    #[test]
    fn failures_are_told_apart() {
        let paths = Paths { source: "/s".into(), data: "/d".into(), target: "/t".into(), cuda: None, installed: None };
        let of = |line: &str| failure([line].into_iter(), &paths);
        assert!(matches!(
            of("error: failed to write: No space left on device (os error 28)"),
            BuildError::DiskFull { .. }
        ));
        assert!(matches!(of("error: linker `cc` not found"), BuildError::NoLinker));
        assert!(matches!(of("error: failed to download from registry"), BuildError::Download { .. }));
        assert!(matches!(of("error[E0308]: mismatched types"), BuildError::Compile { lines } if lines.len() == 1));
    }
}
