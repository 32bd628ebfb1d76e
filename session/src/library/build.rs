//! Building the library: cargo for the crates, rustc for the runtime, then a copy that nothing replaces.

use super::cargo::{self, Artifact, Dependency, Metadata, Report};
use super::cuda::Cuda;
use super::error::BuildError;
use super::index::make;
use super::paths::Paths;
use super::place::{self, Crates};
use super::rustc::Rustc;
use super::{Library, cuda, fingerprint, weights};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

/// The package whose library is the dylib.
pub(super) const PACKAGE: &str = "ironbook-runtime";
/// No time left is told before so much of the build's weight is done: the first crates say little of the rest.
const FORESEEABLE: f64 = 0.03;

/// How far a build is.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildProgress {
    /// What it does.
    pub stage: Stage,
    /// Steps done (cargo's count: crates and their build scripts).
    pub done: usize,
    /// Steps in all; 0 while not known.
    pub total: usize,
    /// The crates being compiled.
    pub crate_name: String,
    /// Time left, once it can be told.
    pub eta: Option<Duration>,
    /// Time since the start.
    pub elapsed: Duration,
}

/// What a build does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Another Ironbook builds; this one waits for it.
    WaitingForBuilder,
    /// Another cargo uses the target directory.
    WaitingForCargo,
    /// cargo finds out what there is to do, and downloads crates.
    Resolving,
    /// Crates are compiled.
    Compiling,
    /// The runtime is linked to the dylib.
    Linking,
    /// The result is copied to its place.
    Copying,
    /// The names in it are gathered for completion.
    Indexing,
}

impl Stage {
    /// What is being done, in words.
    pub fn words(self) -> &'static str {
        match self {
            Stage::WaitingForBuilder => "waiting for another Ironbook that builds it",
            Stage::WaitingForCargo => "waiting for another cargo in the same target directory",
            Stage::Resolving => "finding out what to compile",
            Stage::Compiling => "compiling",
            Stage::Linking => "linking the runtime",
            Stage::Copying => "copying",
            Stage::Indexing => "gathering names for completion",
        }
    }
}

pub(super) type Callback<'a> = dyn FnMut(&BuildProgress) -> ControlFlow<()> + 'a;

pub(super) fn build(paths: &Paths, progress: &mut Callback<'_>) -> Result<Library, BuildError> {
    if paths.installed.is_some() {
        return Ok(Library::locate(paths)?);
    }
    let mut watch = Watch::new(progress);
    let _lock = lock(paths, &mut watch)?;
    match Library::locate(paths) {
        Ok(library) => return index(library, &mut watch),
        Err(missing) if missing.can_build() => {}
        Err(missing) => return Err(missing.into()),
    }
    let rustc = Rustc::find(paths)?;
    // Before the build: if a source is edited meanwhile, the entry is of the older state and is not found.
    let sources = fingerprint::sources(&paths.source)?;
    watch.tell(Stage::Resolving)?;
    let metadata = cargo::metadata(paths, &rustc.host)?;
    let root = metadata.package(PACKAGE)?.to_owned();
    watch.plan(&metadata, &root);
    if paths.cuda.is_some() {
        let bindings = cuda::bindings(&metadata.packages);
        let bindings = bindings.ok_or_else(|| BuildError::Unexpected { what: "the bindings of CUDA".to_owned() })?;
        Cuda::write_stub(&paths.data, &bindings)?;
    }
    let mut attempt = || {
        let artifacts = compile(paths, &mut watch)?;
        let crates = Crates::select(&metadata, &root, &artifacts)?;
        watch.tell(Stage::Copying)?;
        let fresh = place::Fresh::new(paths, &crates)?;
        watch.tell(Stage::Linking)?;
        Ok::<_, BuildError>((fresh.link_runtime(paths, &rustc), fresh, crates))
    };
    let (mut linked, mut fresh, mut crates) = attempt()?;
    if let Err(BuildError::Compile { .. }) = linked {
        // A build of the whole workspace leaves a dylib with std inside under the same name: make it again.
        crates.forget_dylib();
        (linked, fresh, crates) = attempt()?;
    }
    linked?;
    let library = fresh.settle(paths, &crates, &rustc, &sources)?;
    index(library, &mut watch)
}

/// The library with its index of names, if it can be made.
fn index(library: Library, watch: &mut Watch<'_>) -> Result<Library, BuildError> {
    if library.index_path().is_none() {
        watch.tell(Stage::Indexing)?;
        if make::make(&library, &mut || watch.report()).is_break() {
            return Err(BuildError::Interrupted);
        }
    }
    Ok(library)
}

/// Compiles the dylib and everything in it.
fn compile(paths: &Paths, watch: &mut Watch<'_>) -> Result<Vec<Artifact>, BuildError> {
    let mut command = cargo::command(paths)?;
    command.args(["rustc", "-p", PACKAGE, "--lib", "--message-format=json-render-diagnostics"]);
    if paths.cuda.is_some() {
        command.args(["--features", "cuda"]);
    }
    // With std shared; a dylib that holds std cannot be used by a later crate.
    command.args(["--", "-C", "prefer-dynamic"]);
    cargo::run(command, paths, &mut |report| watch.hear(&report))
}

/// Takes the builders' lock; waits while another process has it.
fn lock(paths: &Paths, watch: &mut Watch<'_>) -> Result<File, BuildError> {
    let folder = paths.std();
    fs::create_dir_all(&folder).map_err(|error| BuildError::io("create", &folder, error))?;
    let path = folder.join("lock");
    let file =
        File::options().create(true).append(true).open(&path).map_err(|error| BuildError::io("open", &path, error))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                watch.tell(Stage::WaitingForBuilder)?;
                thread::sleep(Duration::from_millis(100));
            }
            Err(TryLockError::Error(error)) => return Err(BuildError::io("lock", &path, error)),
        }
    }
}

impl Metadata {
    /// The id of a workspace package.
    fn package(&self, name: &str) -> Result<&str, BuildError> {
        let found = self.packages.iter().find(|package| package.name == name);
        found
            .map(|package| package.id.as_str())
            .ok_or_else(|| BuildError::Unexpected { what: format!("package {name}") })
    }
}

/// Turns what cargo says into progress, and foresees the end.
pub(super) struct Watch<'a> {
    callback: &'a mut Callback<'a>,
    state: BuildProgress,
    began: Instant,
    names: Vec<(String, String)>,
    done: BTreeSet<String>,
    weight: f64,
    weight_done: f64,
    weight_compiled: f64,
    compiling_since: Option<Instant>,
    foreseen: Option<Instant>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(callback: &'a mut Callback<'_>) -> Watch<'a> {
        let state = BuildProgress {
            stage: Stage::Resolving,
            done: 0,
            total: 0,
            crate_name: String::new(),
            eta: None,
            elapsed: Duration::ZERO,
        };
        Watch {
            callback,
            state,
            began: Instant::now(),
            names: Vec::new(),
            done: BTreeSet::new(),
            weight: 0.0,
            weight_done: 0.0,
            weight_compiled: 0.0,
            compiling_since: None,
            foreseen: None,
        }
    }

    /// Learns what will be compiled.
    fn plan(&mut self, metadata: &Metadata, root: &str) {
        let closure = metadata.resolve.closure(root, Dependency::is_built);
        self.names = metadata
            .packages
            .iter()
            .filter(|package| closure.contains(&package.id.as_str()))
            .map(|package| (package.id.clone(), package.name.clone()))
            .collect();
        self.weight = self.names.iter().map(|(_, name)| weights::weight(name)).sum();
    }

    fn tell(&mut self, stage: Stage) -> Result<(), BuildError> {
        self.state.stage = stage;
        if self.report().is_break() { Err(BuildError::Interrupted) } else { Ok(()) }
    }

    fn report(&mut self) -> ControlFlow<()> {
        self.state.elapsed = self.began.elapsed();
        self.state.eta = self.foreseen.map(|end| end.saturating_duration_since(Instant::now()));
        (self.callback)(&self.state)
    }

    pub(super) fn hear(&mut self, report: &Report<'_>) -> ControlFlow<()> {
        match report {
            Report::Tick => self.report(),
            Report::Blocked => {
                self.state.stage = Stage::WaitingForCargo;
                self.report()
            }
            Report::Count { done, total, crates } => {
                self.state.stage = Stage::Compiling;
                self.state.done = *done;
                self.state.total = *total;
                self.state.crate_name.clone_from(crates);
                ControlFlow::Continue(())
            }
            Report::Artifact(artifact) => {
                self.count(artifact);
                ControlFlow::Continue(())
            }
        }
    }

    fn count(&mut self, artifact: &Artifact) {
        if !artifact.fresh && self.compiling_since.is_none() {
            self.compiling_since = Some(Instant::now());
        }
        let known = self.names.iter().find(|(id, _)| *id == artifact.package_id);
        let Some((id, name)) = known.filter(|_| artifact.is_library()) else { return };
        if !self.done.insert(id.clone()) {
            return;
        }
        let weight = weights::weight(name);
        self.weight_done += weight;
        if !artifact.fresh {
            self.weight_compiled += weight;
        }
        if let Some(since) = self.compiling_since
            && self.weight_compiled > FORESEEABLE * self.weight
        {
            let left = (self.weight - self.weight_done).max(0.0);
            let seconds = since.elapsed().as_secs_f64() / self.weight_compiled * left;
            self.foreseen = Some(Instant::now() + Duration::from_secs_f64(seconds));
        }
    }
}
