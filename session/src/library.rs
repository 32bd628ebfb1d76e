//! The standard library's dylib: where its built copy is, and how it is built.
//!
//! Every built library is copied to `std/<content-hash>/` in Ironbook's data directory; cells and the runtime
//! use that copy only, so that a later build can replace nothing under a running session.

mod build;
mod cargo;
pub mod cuda;
mod error;
pub mod extra;
mod fingerprint;
pub mod index;
pub mod installed;
mod paths;
mod place;
mod rustc;
mod service;
mod tool;
mod weights;

pub use build::{BuildProgress, Stage};
pub use cargo::without_caller;
pub use error::{BuildError, Missing};
pub use paths::Paths;
pub use rustc::{Rustc, find_program};
pub use service::build_language;

use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The name under which cells know the dylib.
pub const FACADE: &str = "ironbook";
/// The file that describes a copy; written last, so that a copy with it is complete.
const MANIFEST: &str = "manifest.json";
/// The file that a session holds locked, shared, while it uses the copy.
const PIN: &str = "in-use";

/// A built copy of the standard library, with the compiler that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// Content hash: equal for equal dylib, crates, runtime and compiler.
    pub id: String,
    /// `std/<id>/`.
    pub root: PathBuf,
    /// The dylib, for `--extern ironbook=`.
    pub dylib: PathBuf,
    /// Metadata and proc macros of the crates inside it, for `-L dependency=`.
    pub deps: PathBuf,
    /// Crates that cells may name: `ironbook` (the dylib) and the facade's own dependencies, for `--extern`.
    pub externs: Vec<(String, PathBuf)>,
    /// Every crate inside the dylib by its library name, for paths of types that only they name.
    pub crates: Vec<(String, PathBuf)>,
    /// The executable that runs cells.
    pub runtime: PathBuf,
    /// The compiler itself, not a proxy that would choose one.
    pub rustc: PathBuf,
    /// Its `rustc -vV`.
    pub rustc_version: String,
    /// Its sysroot.
    pub sysroot: PathBuf,
    /// Its host triple.
    pub host: String,
    /// Where the shared objects of CUDA are, if it is for NVIDIA GPUs.
    pub cuda: Vec<PathBuf>,
    /// `LIBRARY_PATH` for whatever is linked to it, if it needs one.
    pub linker_path: Option<OsString>,
}

/// What `manifest.json` holds; file names are relative to `deps/`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Manifest {
    rustc_version: String,
    externs: Vec<(String, String)>,
    crates: Vec<(String, String)>,
}

/// What `std/index/<fingerprint>.json` holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    id: String,
    sources: String,
    rustc_version: String,
}

impl Library {
    /// Finds the built library that belongs to the sources and the compiler; starts no process when warm.
    ///
    /// # Errors
    /// [`Missing`] says why there is none; [`Missing::remedy`] what to do.
    pub fn locate(paths: &Paths) -> Result<Library, Missing> {
        if let Some(folder) = &paths.installed {
            return installed::locate(paths, folder);
        }
        if !paths.source.join("Cargo.toml").is_file() {
            return Err(Missing::NoSource { path: paths.source.clone() });
        }
        let rustc = Rustc::find(paths)?;
        let sources = fingerprint::sources(&paths.source)?;
        let fingerprint = fingerprint::combined(&sources, &rustc.version);
        let found = read_entry(&paths.index().join(format!("{fingerprint}.json")))
            .and_then(|entry| Library::open(paths, &entry.id, &rustc));
        found.ok_or_else(|| why_missing(paths, &sources, &rustc))
    }

    /// Builds the library, or finds that another process has just done so.
    ///
    /// `progress` is called at least ten times a second; when it breaks, cargo is stopped, and the next build
    /// goes on where this one was.
    ///
    /// # Errors
    /// [`BuildError`], with the last lines of the compiler where it was the compiler.
    pub fn build(
        paths: &Paths,
        progress: &mut dyn FnMut(&BuildProgress) -> ControlFlow<()>,
    ) -> Result<Library, BuildError> {
        build::build(paths, progress)
    }

    /// Directories in which a process that is linked to the dylib finds its shared objects.
    pub fn library_path(&self) -> Vec<PathBuf> {
        let own = [self.root.clone(), self.sysroot.join("lib/rustlib").join(&self.host).join("lib")];
        own.into_iter().chain(self.cuda.iter().cloned()).collect()
    }

    /// The metadata of a crate inside the dylib, by its library name (`polars_core`).
    pub fn metadata_of(&self, crate_name: &str) -> Option<&Path> {
        let named = |(name, _): &&(String, PathBuf)| name == crate_name;
        self.externs.iter().find(named).or_else(|| self.crates.iter().find(named)).map(|(_, path)| path.as_path())
    }

    /// The compiler that made it, which compiles cells.
    pub fn compiler(&self) -> Rustc {
        Rustc {
            path: self.rustc.clone(),
            sysroot: self.sysroot.clone(),
            version: self.rustc_version.clone(),
            host: self.host.clone(),
        }
    }

    /// The index of names for completion ([`index::Index::load`]); a library without one works as well.
    pub fn index_path(&self) -> Option<PathBuf> {
        Some(self.root.join(index::FILE)).filter(|path| path.is_file())
    }

    /// Keeps this copy from being removed for as long as the file lives.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn pin(&self) -> io::Result<File> {
        let path = self.root.join(PIN);
        // An installed copy brings the file along, and often cannot be written.
        let file = File::open(&path).or_else(|_| File::options().create(true).append(true).open(&path))?;
        file.lock_shared()?;
        Ok(file)
    }

    /// Opens a copy; `None` if it is incomplete or was made by another compiler.
    fn open(paths: &Paths, id: &str, rustc: &Rustc) -> Option<Library> {
        let root = paths.std().join(id);
        let text = std::fs::read_to_string(root.join(MANIFEST)).ok()?;
        let manifest: Manifest = serde_json::from_str(&text).ok()?;
        let dylib = root.join(dylib_name());
        let runtime = root.join(runtime_name());
        if manifest.rustc_version != rustc.version || !dylib.is_file() || !runtime.is_file() {
            return None;
        }
        let deps = root.join("deps");
        let absolute = |list: Vec<(String, String)>| -> Vec<(String, PathBuf)> {
            list.into_iter().map(|(name, file)| (name, deps.join(file))).collect()
        };
        let mut externs = vec![(FACADE.to_owned(), dylib.clone())];
        externs.extend(absolute(manifest.externs));
        Some(Library {
            id: id.to_owned(),
            root,
            dylib,
            externs,
            crates: absolute(manifest.crates),
            deps,
            runtime,
            rustc: rustc.path.clone(),
            rustc_version: rustc.version.clone(),
            sysroot: rustc.sysroot.clone(),
            host: rustc.host.clone(),
            linker_path: paths.cuda.as_ref().map(|_| cuda::Cuda::linker_path(&paths.data)),
            cuda: paths.cuda.iter().flat_map(|cuda| cuda.library_path(&paths.data)).collect(),
        })
    }
}

/// The dylib's file name on this platform.
fn dylib_name() -> String {
    format!("{}ironbook_std{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// The runtime's file name on this platform.
fn runtime_name() -> String {
    format!("ironbook-runtime{}", std::env::consts::EXE_SUFFIX)
}

fn read_entry(path: &Path) -> Option<Entry> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// Why no library fits: the compiler changed, the sources changed, or none was ever built.
fn why_missing(paths: &Paths, sources: &str, rustc: &Rustc) -> Missing {
    let entries: Vec<Entry> = std::fs::read_dir(paths.index())
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|file| read_entry(&file.path()))
        .filter(|entry| paths.std().join(&entry.id).join(MANIFEST).is_file())
        .collect();
    if let Some(entry) = entries.iter().find(|entry| entry.sources == sources && entry.rustc_version != rustc.version) {
        let short = |version: &str| version.lines().next().unwrap_or_default().to_owned();
        return Missing::OtherRustc { have: short(&entry.rustc_version), want: short(&rustc.version) };
    }
    if entries.is_empty() { Missing::NotBuilt } else { Missing::SourcesChanged }
}
