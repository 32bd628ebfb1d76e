//! The copy of a built library: which files belong to it, and how it comes to its place whole or not at all.

use super::cargo::{Artifact, Metadata, failure, metadata_file};
use super::cuda::Cuda;
use super::error::BuildError;
use super::paths::Paths;
use super::rustc::Rustc;
use super::{Entry, Library, MANIFEST, Manifest, PIN, dylib_name, fingerprint, runtime_name};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Copies that nobody uses are removed when they are older than this.
const KEEP: Duration = Duration::from_hours(24);
/// And so many others are kept at most.
const KEPT: usize = 4;

/// The files of a build.
pub(super) struct Crates {
    /// The dylib, where cargo put it.
    dylib: PathBuf,
    /// Library name and file of every crate in it, proc macros included.
    files: Vec<(String, PathBuf)>,
    /// The crates that cells may name.
    externs: Vec<(String, PathBuf)>,
}

impl Crates {
    /// Takes from cargo's messages the dylib, the crates that it links, and the proc macros that they name.
    pub fn select(metadata: &Metadata, root: &str, artifacts: &[Artifact]) -> Result<Crates, BuildError> {
        let lacks = |what: &str| BuildError::Unexpected { what: what.to_owned() };
        let dylib = artifacts
            .iter()
            .filter(|artifact| artifact.package_id == root)
            .flat_map(|artifact| &artifact.filenames)
            .find(|file| file.extension().is_some_and(|is| is == std::env::consts::DLL_EXTENSION))
            .ok_or_else(|| lacks("the dylib"))?
            .clone();
        let facade = metadata.packages.iter().find(|package| package.name == super::FACADE);
        let facade = facade.ok_or_else(|| lacks("package ironbook"))?;
        // The facade's metadata names the file of every crate below it.
        let named = artifacts.iter().find(|artifact| artifact.package_id == facade.id).and_then(metadata_file);
        let named = named.and_then(|file| fs::read(file).ok()).unwrap_or_default();
        let named = hashes(&named);
        let linked: BTreeMap<&str, &Artifact> = metadata
            .linked(root)
            .into_iter()
            .filter(|id| *id != root)
            .filter_map(|id| Some((id, linked_artifact(artifacts, id, &named)?)))
            .collect();
        let file = |artifact: &&Artifact| metadata_file(artifact).map(Path::to_owned);
        let files = linked.values().filter_map(|artifact| Some((crate_name(artifact), file(artifact)?))).collect();
        let mut externs = Vec::new();
        let node = metadata.resolve.nodes.iter().find(|node| node.id == facade.id);
        for dep in node.map(|node| node.deps.as_slice()).unwrap_or_default() {
            let Some(path) = linked.get(dep.pkg.as_str()).and_then(file) else { continue };
            // The hack crate holds nothing; the facade itself is the dylib.
            if dep.is_normal() && dep.name != "ironbook_std_hack" {
                externs.push((dep.name.clone(), path));
            }
        }
        if !externs.iter().any(|(name, _)| name == "polars") {
            return Err(lacks("the metadata of polars"));
        }
        Ok(Crates { dylib, files, externs })
    }

    /// Removes the dylib from the target directory, so that cargo makes it again.
    pub fn forget_dylib(&self) {
        let deps = self.dylib.parent().map(|folder| folder.join("deps").join(dylib_name()));
        for path in deps.iter().chain([&self.dylib]) {
            // If it stays, the next link fails with the compiler's own words.
            drop(fs::remove_file(path));
        }
    }
}

impl Metadata {
    /// The packages inside the dylib, and the proc macros whose expansions they hold.
    fn linked(&self, root: &str) -> BTreeSet<&str> {
        let macros: BTreeSet<&str> = self
            .packages
            .iter()
            .filter(|package| package.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "proc-macro")))
            .map(|package| package.id.as_str())
            .collect();
        let mut seen = BTreeSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            let Some(node) = self.resolve.nodes.iter().find(|node| node.id == id) else { continue };
            // What a proc macro links runs in the compiler and is no part of the dylib.
            if seen.insert(node.id.as_str()) && !macros.contains(id) {
                open.extend(node.deps.iter().filter(|dep| dep.is_normal()).map(|dep| dep.pkg.as_str()));
            }
        }
        seen
    }
}

/// The artifact that is linked, where one package is also compiled for build scripts and proc macros: the one whose hash
/// is among those that the metadata of a crate above it names.
fn linked_artifact<'a>(artifacts: &'a [Artifact], id: &str, named: &BTreeSet<&str>) -> Option<&'a Artifact> {
    let all = artifacts.iter().filter(|artifact| artifact.package_id == id && artifact.is_library());
    // Without a name: those for the host have fewer features where they differ, and perhaps are not optimised.
    all.max_by_key(|artifact| {
        let is_named = hash(artifact).is_some_and(|hash| named.contains(hash));
        (is_named, artifact.profile.opt_level != "0", artifact.features.len())
    })
}

/// `62d5276f1ad98052` of `librayon-62d5276f1ad98052.rmeta`: what tells two builds of a crate apart.
fn hash(artifact: &Artifact) -> Option<&str> {
    let stem = metadata_file(artifact)?.file_stem()?.to_str()?;
    stem.rsplit_once('-').map(|(_, hash)| hash)
}

/// The hashes of files that a crate's metadata names, each behind a hyphen.
fn hashes(metadata: &[u8]) -> BTreeSet<&str> {
    const DIGITS: usize = 16;
    let of = |part: &'_ [u8]| part[0] == b'-' && part[1..].iter().all(u8::is_ascii_hexdigit);
    metadata
        .windows(DIGITS + 1)
        .filter(|part| of(part))
        .filter_map(|part| std::str::from_utf8(&part[1..]).ok())
        .collect()
}

/// A library's name as `extern crate` has it.
fn crate_name(artifact: &Artifact) -> String {
    artifact.target.name.replace('-', "_")
}

/// A copy in the making, removed unless it settles.
pub(super) struct Fresh {
    folder: PathBuf,
}

impl Fresh {
    /// Copies the files of a build to a new directory.
    pub fn new(paths: &Paths, crates: &Crates) -> Result<Fresh, BuildError> {
        let folder = paths.std().join(format!(".building-{}", std::process::id()));
        remove_leftovers(&paths.std());
        let fresh = Fresh { folder };
        let deps = fresh.folder.join("deps");
        fs::create_dir_all(&deps).map_err(|error| BuildError::io("create", &deps, error))?;
        let copy =
            |from: &Path, to: &Path| fs::copy(from, to).map(drop).map_err(|error| BuildError::io("write", to, error));
        copy(&crates.dylib, &fresh.folder.join(dylib_name()))?;
        for (_, file) in &crates.files {
            let to = deps.join(file.file_name().unwrap_or_default());
            let metadata = file.extension().is_some_and(|is| is == "rmeta");
            // rustc replaces metadata by renaming, so a link stays as it is; linkers may write in place.
            if !metadata || fs::hard_link(file, &to).is_err() {
                copy(file, &to)?;
            }
        }
        Ok(fresh)
    }

    /// Compiles the runtime against the copied dylib.
    pub fn link_runtime(&self, paths: &Paths, rustc: &Rustc) -> Result<(), BuildError> {
        let main = paths.source.join("runtime/main.rs");
        let mut command = Command::new(&rustc.path);
        command.envs(paths.cuda.iter().map(|_| ("LIBRARY_PATH", Cuda::linker_path(&paths.data))));
        command.arg(&main).arg("--edition=2024").args(["--crate-type", "bin", "--crate-name", "ironbook_runtime"]);
        command.args(["-C", "prefer-dynamic", "-C", "opt-level=1", "-C", "link-arg=-Wl,-rpath,$ORIGIN"]);
        command.arg("--extern").arg(with_prefix("ironbook_std=", &self.folder.join(dylib_name())));
        command.arg("-L").arg(with_prefix("dependency=", &self.folder.join("deps")));
        command.arg("-o").arg(self.folder.join(runtime_name())).stdin(Stdio::null());
        let output = command.output().map_err(|error| BuildError::io("start", &rustc.path, error))?;
        if output.status.success() {
            return Ok(());
        }
        Err(failure(String::from_utf8_lossy(&output.stderr).lines().take(40), paths))
    }

    /// Writes the manifest, moves the copy to its place, and enters it in the index.
    pub fn settle(self, paths: &Paths, crates: &Crates, rustc: &Rustc, sources: &str) -> Result<Library, BuildError> {
        let names = |list: &[(String, PathBuf)]| {
            let file = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            list.iter().map(|(name, path)| (name.clone(), file(path))).collect()
        };
        let manifest = Manifest {
            rustc_version: rustc.version.clone(),
            externs: names(&crates.externs),
            crates: names(&crates.files),
        };
        let id = self.identity(&manifest)?;
        let text = json(&manifest)?;
        let manifest_path = self.folder.join(MANIFEST);
        fs::write(&manifest_path, text).map_err(|error| BuildError::io("write", manifest_path, error))?;
        let root = paths.std().join(&id);
        let there = root.join(MANIFEST).is_file();
        if !there {
            if root.exists() {
                fs::remove_dir_all(&root).map_err(|error| BuildError::io("remove", &root, error))?;
            }
            fs::rename(&self.folder, &root).map_err(|error| BuildError::io("create", &root, error))?;
        }
        let entry = Entry { id: id.clone(), sources: sources.to_owned(), rustc_version: rustc.version.clone() };
        enter(paths, &entry)?;
        remove_old(paths, &id);
        Library::open(paths, &id, rustc)
            .ok_or_else(|| BuildError::Unexpected { what: format!("files ({})", root.display()) })
    }

    /// The content hash. The dylib records the hashes of all crates in it, so it stands for them.
    fn identity(&self, manifest: &Manifest) -> Result<String, BuildError> {
        let mut hasher = blake3::Hasher::new();
        for name in [dylib_name(), runtime_name()] {
            let path = self.folder.join(name);
            let mut file = File::open(&path).map_err(|error| BuildError::io("read", &path, error))?;
            io::copy(&mut file, &mut hasher).map_err(|error| BuildError::io("read", &path, error))?;
        }
        hasher.update(json(manifest)?.as_bytes());
        Ok(fingerprint::short(&hasher))
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // Gone already if it settled.
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn with_prefix(prefix: &str, path: &Path) -> std::ffi::OsString {
    let mut text = std::ffi::OsString::from(prefix);
    text.push(path);
    text
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, BuildError> {
    serde_json::to_string_pretty(value).map_err(|error| BuildError::Unexpected { what: error.to_string() })
}

fn enter(paths: &Paths, entry: &Entry) -> Result<(), BuildError> {
    let folder = paths.index();
    let key = fingerprint::combined(&entry.sources, &entry.rustc_version);
    let path = folder.join(format!("{key}.json"));
    let fresh = folder.join(format!(".{key}.{}", std::process::id()));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&fresh, json(entry).unwrap_or_default()))
        .and_then(|()| fs::rename(&fresh, &path))
        .map_err(|error| BuildError::io("write", path, error))
}

/// Removes what interrupted builds left; the caller holds the builders' lock, so none is at work.
fn remove_leftovers(std: &Path) {
    for entry in fs::read_dir(std).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(".building-") {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// Removes copies that are old, or more than a few, and that no session holds.
fn remove_old(paths: &Paths, keep: &str) {
    let mut copies: Vec<(Duration, PathBuf)> = fs::read_dir(paths.std())
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name() != keep)
        .filter_map(|entry| {
            let made = fs::metadata(entry.path().join(MANIFEST)).and_then(|meta| meta.modified()).ok()?;
            Some((SystemTime::now().duration_since(made).ok()?, entry.path()))
        })
        .collect();
    copies.sort();
    for (rank, (age, root)) in copies.into_iter().enumerate() {
        if age < KEEP && rank < KEPT {
            continue;
        }
        let Ok(pin) = File::options().create(true).append(true).open(root.join(PIN)) else { continue };
        if pin.try_lock().is_ok() {
            // The manifest first: a copy without it is nobody's.
            drop(fs::remove_file(root.join(MANIFEST)));
            drop(fs::remove_dir_all(&root));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(file: &str, features: &[&str]) -> Artifact {
        let text = serde_json::json!({
            "package_id": "rayon", "target": { "name": "rayon", "kind": ["lib"] }, "profile": { "opt_level": "3" },
            "features": features, "filenames": [file], "fresh": true,
        });
        serde_json::from_value(text).unwrap()
    }

    /// A build script of CUDA's kernels links rayon as well, compiled once more and no less optimised.
    #[test]
    fn of_two_builds_the_one_that_is_linked_is_taken() {
        let artifacts = [
            artifact("deps/librayon-62d5276f1ad98052.rmeta", &[]),
            artifact("deps/librayon-113fa769dc5083f1.rmeta", &[]),
        ];
        let metadata = b"\x01rayon\x11-62d5276f1ad98052abc\0libc\x11-00ff00ff00ff00ff".as_slice();
        let taken = linked_artifact(&artifacts, "rayon", &hashes(metadata)).unwrap();
        assert_eq!(hash(taken), Some("62d5276f1ad98052"));
        let other = hashes(b"-113fa769dc5083f1");
        assert_eq!(hash(linked_artifact(&artifacts, "rayon", &other).unwrap()), Some("113fa769dc5083f1"));
    }
}
