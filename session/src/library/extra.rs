//! Crates of `%dep`: built by cargo beside the library so that shared crates keep their types, linked into one dylib.
//!
//! The crates are resolved in a shadow of Ironbook's workspace (links to its members, its lock file and profile), where
//! cargo finds every crate of the library already built. When a new crate asks for more features of one of them, that
//! would rebuild the library; such crates are built apart instead, and do not share types with it.

use super::cargo::{self, Artifact};
use super::error::BuildError;
use super::{Library, Paths};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A crate that cells want to use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Its package name.
    pub name: String,
    /// Its version requirement; any if none.
    pub version: Option<String>,
    /// Its features.
    pub features: Vec<String>,
    /// Its directory, for a crate of one's own.
    pub path: Option<PathBuf>,
    /// Whether its default features are on.
    pub default_features: bool,
}

/// Built crates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// The dylib that holds them all.
    pub dylib: PathBuf,
    /// The crates that cells name, with their metadata.
    pub externs: Vec<(String, PathBuf)>,
    /// Where the metadata of all of them is.
    pub deps: PathBuf,
    /// What shapes the types of each crate: changes when the crate is built otherwise.
    pub identities: BTreeMap<String, String>,
    /// Crates of the library whose features kept the new ones from sharing types with it; empty when they share.
    pub apart_because: Vec<String>,
    /// What was asked for, as it was built.
    pub packages: Vec<Package>,
    /// The lock file by which they were built.
    pub lock: PathBuf,
    /// What cargo says of them, `cargo metadata`, for whoever reads their sources.
    pub metadata: PathBuf,
}

/// A crate as it was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The name by which code knows it.
    pub library: String,
    /// Its version.
    pub version: String,
    /// As it was asked for; the path of a local crate is that of a copy that nobody edits.
    pub asked: Dependency,
}

/// How often a build that waits for another one looks again.
const WAIT: std::time::Duration = std::time::Duration::from_millis(100);
/// The crate that the dylib is.
pub const DYLIB_CRATE: &str = "ironbook_deps";
const MEMBER: &str = "ironbook-deps";

/// Called with what is being compiled; stops the build when it breaks.
pub type Report<'a> = dyn FnMut(&str) -> ControlFlow<()> + 'a;

/// Builds `dependencies` for cells that link to `library`.
///
/// # Errors
/// [`BuildError`], with cargo's last lines.
pub fn build(
    paths: &Paths,
    library: &Library,
    dependencies: &[Dependency],
    report: &mut Report<'_>,
) -> Result<Extra, BuildError> {
    can_build(paths)?;
    let _lock = lock(paths, report)?;
    let dependencies: Vec<Dependency> = dependencies.iter().map(|d| snapshot(paths, d)).collect::<Result<_, _>>()?;
    let shadow = shadow(paths, &dependencies)?;
    let apart_because = changed_features(paths, &shadow, library)?;
    let place = if apart_because.is_empty() { shadow } else { apart(paths, &dependencies)? };
    let mut command = cargo::command(&place)?;
    command.args(["build", "-p", MEMBER, "--lib", "--message-format=json-render-diagnostics"]);
    if !apart_because.is_empty() {
        command.env("RUSTFLAGS", "-C metadata=iso");
    }
    let artifacts = cargo::run(command, &place, &mut |said| match said {
        cargo::Report::Count { crates, .. } => report(&crates),
        _ => report(""),
    })?;
    let text = cargo::metadata_text(&place, &library.host)?;
    let metadata = cargo::read_metadata(&text)?;
    let names = direct(&metadata)?;
    let mut extra = install(paths, library, &artifacts, &names, (apart_because.is_empty(), &place.source))?;
    // Renamed, since somebody may be reading an earlier one.
    let part = extra.metadata.with_extension("part");
    fs::write(&part, &text).map_err(|e| BuildError::io("write", &part, e))?;
    fs::rename(&part, &extra.metadata).map_err(|e| BuildError::io("rename", &part, e))?;
    extra.apart_because = apart_because;
    extra.packages = packages(&metadata, &names, &dependencies);
    Ok(extra)
}

fn packages(metadata: &cargo::Metadata, names: &[(String, String)], asked: &[Dependency]) -> Vec<Package> {
    let package = |(library, id): &(String, String)| {
        let package = metadata.packages.iter().find(|package| package.id == *id)?;
        let asked = asked.iter().find(|asked| asked.name == package.name)?.clone();
        Some(Package { library: library.clone(), version: package.version.clone(), asked })
    };
    names.iter().filter_map(package).collect()
}

/// Whether crates can be added at all.
///
/// # Errors
/// When this is an installed copy: new crates are resolved together with Ironbook's sources.
pub fn can_build(paths: &Paths) -> Result<(), BuildError> {
    match paths.installed {
        Some(_) => Err(BuildError::NoSources { what: "adding a crate with `%dep`" }),
        None => Ok(()),
    }
}

/// All sessions of a user share the shadow workspace: one builds at a time.
fn lock(paths: &Paths, report: &mut Report<'_>) -> Result<File, BuildError> {
    let directory = paths.data.join("deps");
    fs::create_dir_all(&directory).map_err(|e| BuildError::io("make", &directory, e))?;
    let path = directory.join("lock");
    let file = File::options().create(true).append(true).open(&path).map_err(|e| BuildError::io("open", &path, e))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(BuildError::io("lock", &path, error)),
            Err(TryLockError::WouldBlock) if report("waiting for another session's crates").is_break() => {
                return Err(BuildError::Interrupted);
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(WAIT),
        }
    }
}

/// A local crate is built from a copy whose path carries a hash of its content: an edited crate is another crate, so
/// that values made by its earlier form are never read with the later one's layout.
fn snapshot(paths: &Paths, dependency: &Dependency) -> Result<Dependency, BuildError> {
    let Some(path) = &dependency.path else { return Ok(dependency.clone()) };
    let files = source_files(path).map_err(|e| BuildError::io("read", path, e))?;
    let mut hasher = blake3::Hasher::new();
    for file in &files {
        hasher.update(file.to_string_lossy().as_bytes());
        hasher.update(&fs::read(path.join(file)).map_err(|e| BuildError::io("read", path.join(file), e))?);
    }
    let hash = hasher.finalize().to_hex();
    let copy = paths.data.join("deps").join("local").join(format!("{}-{}", dependency.name, &hash[..12]));
    if !copy.join("Cargo.toml").is_file() {
        for file in &files {
            let to = copy.join(file);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(|e| BuildError::io("make", parent, e))?;
            }
            fs::copy(path.join(file), &to).map_err(|e| BuildError::io("copy", &to, e))?;
        }
    }
    Ok(Dependency { path: Some(copy), ..dependency.clone() })
}

/// The files of a local crate, relative to it; build products and hidden files are left out.
pub fn source_files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(root.join(&directory))? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with('.') || name == "target" {
                continue;
            }
            let relative = directory.join(name);
            if entry.file_type()?.is_dir() {
                open.push(relative);
            } else {
                files.push(relative);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A shadow of Ironbook's workspace with one more member that depends on the facade and on `dependencies`.
fn shadow(paths: &Paths, dependencies: &[Dependency]) -> Result<Paths, BuildError> {
    let root = paths.data.join("deps").join("workspace");
    let member = root.join("deps");
    fs::create_dir_all(member.join("src")).map_err(|e| BuildError::io("make", &member, e))?;
    for entry in fs::read_dir(&paths.source).map_err(|e| BuildError::io("read", &paths.source, e))?.flatten() {
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.');
        if entry.path().is_dir() && !hidden && name != "target" {
            let link = root.join(&name);
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(entry.path(), &link).map_err(|e| BuildError::io("link", &link, e))?;
        }
    }
    let manifest = read(&paths.source.join("Cargo.toml"))?.replacen("members = [", "members = [\n    \"deps\",", 1);
    write(&root.join("Cargo.toml"), &manifest)?;
    write(&root.join("Cargo.lock"), &read(&paths.source.join("Cargo.lock"))?)?;
    write(
        &member.join("Cargo.toml"),
        &member_manifest(dependencies, "ironbook = { path = \"../stdlib/ironbook\" }\n"),
    )?;
    write(&member.join("src/lib.rs"), "")?;
    Ok(Paths { source: root, ..paths.clone() })
}

/// A workspace of their own for crates that cannot share the library's.
fn apart(paths: &Paths, dependencies: &[Dependency]) -> Result<Paths, BuildError> {
    let root = paths.data.join("deps").join("apart");
    fs::create_dir_all(root.join("src")).map_err(|e| BuildError::io("make", &root, e))?;
    let manifest = member_manifest(dependencies, "");
    let profile = "\n[workspace]\n\n[profile.dev]\nopt-level = 2\ndebug = false\nincremental = false\n";
    write(&root.join("Cargo.toml"), &format!("{manifest}{profile}"))?;
    write(&root.join("src/lib.rs"), "")?;
    Ok(Paths { source: root, target: paths.target.join("apart"), ..paths.clone() })
}

fn member_manifest(dependencies: &[Dependency], more: &str) -> String {
    let mut text = format!(
        "[package]\nname = \"{MEMBER}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\n{more}"
    );
    for dependency in dependencies {
        let mut fields = Vec::new();
        match (&dependency.path, &dependency.version) {
            (Some(path), _) => fields.push(format!("path = {:?}", path.display().to_string())),
            (None, version) => fields.push(format!("version = {:?}", version.as_deref().unwrap_or("*"))),
        }
        if !dependency.features.is_empty() {
            fields.push(format!("features = {:?}", dependency.features));
        }
        if !dependency.default_features {
            fields.push("default-features = false".to_owned());
        }
        text.push_str(&format!("{} = {{ {} }}\n", dependency.name, fields.join(", ")));
    }
    text
}

/// Crates of the library that would be built with other features (or another version) together with the new ones.
fn changed_features(paths: &Paths, shadow: &Paths, library: &Library) -> Result<Vec<String>, BuildError> {
    let ours = features(paths, "ironbook-runtime", library)?;
    let theirs = features(shadow, MEMBER, library)?;
    let differs = |(name, features): (&String, &String)| {
        (theirs.get(name) != Some(features) && theirs.contains_key(name)).then(|| name.clone())
    };
    Ok(ours.iter().filter_map(differs).collect())
}

/// Packages from registries (name and version) with their features, as they are resolved for `package`.
fn features(paths: &Paths, package: &str, library: &Library) -> Result<BTreeMap<String, String>, BuildError> {
    let mut command = cargo::command(paths)?;
    command.args(["tree", "-p", package, "--prefix", "none", "-e", "normal,no-proc-macro", "-f", "{p}|{f}"]);
    command.args(["--target", &library.host]);
    let output = command.output().map_err(|error| BuildError::io("start", command.get_program(), error))?;
    if !output.status.success() {
        return Err(cargo::failure(String::from_utf8_lossy(&output.stderr).lines(), paths));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut all = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim_end_matches(" (*)");
        if let Some((package, features)) = line.split_once('|')
            && !package.contains(" (")
        {
            all.insert(package.to_owned(), features.to_owned());
        }
    }
    Ok(all)
}

/// The member's own dependencies: the names that cells use, and their package ids.
fn direct(metadata: &cargo::Metadata) -> Result<Vec<(String, String)>, BuildError> {
    let lacks = || BuildError::Unexpected { what: "the crates of `%dep`".to_owned() };
    let member = metadata.packages.iter().find(|package| package.name == MEMBER).ok_or_else(lacks)?;
    let node = metadata.resolve.nodes.iter().find(|node| node.id == member.id).ok_or_else(lacks)?;
    let named = node.deps.iter().filter(|d| d.is_normal() && d.name != "ironbook");
    Ok(named.map(|d| (d.name.clone(), d.pkg.clone())).collect())
}

/// Links the dylib and copies what cells need of the new crates to a place that no later build replaces.
fn install(
    paths: &Paths,
    library: &Library,
    artifacts: &[Artifact],
    names: &[(String, String)],
    (shared, workspace): (bool, &Path),
) -> Result<Extra, BuildError> {
    let libraries: Vec<&Artifact> =
        artifacts.iter().filter(|a| a.is_library() && a.target.name != DYLIB_CRATE).collect();
    let mut hasher = blake3::Hasher::new();
    hasher.update(library.id.as_bytes());
    let mut identities = BTreeMap::new();
    let mut found = Vec::new();
    for (name, id) in names {
        let artifact = libraries.iter().find(|a| a.package_id == *id);
        let artifact = artifact.ok_or_else(|| BuildError::Unexpected { what: format!("the crate `{name}`") })?;
        let identity = artifact.filenames.first().map(|f| f.display().to_string()).unwrap_or_default();
        hasher.update(identity.as_bytes());
        identities.insert(name.clone(), identity);
        found.push((name.clone(), *artifact));
    }
    let hash = hasher.finalize().to_hex()[..16].to_owned();
    let root = paths.data.join("deps").join("built").join(&hash);
    let deps = root.join("deps");
    fs::create_dir_all(&deps).map_err(|e| BuildError::io("make", &deps, e))?;
    let in_library = |name: &str| shared && library.metadata_of(name).is_some();
    for artifact in libraries.iter().filter(|a| !in_library(&a.target.name.replace('-', "_"))) {
        if let Some(file) = cargo::metadata_file(artifact) {
            place(file, &deps)?;
        }
    }
    let mut externs = Vec::new();
    for (name, artifact) in &found {
        let file = cargo::metadata_file(artifact)
            .ok_or_else(|| BuildError::Unexpected { what: format!("`{name}`'s metadata") })?;
        externs.push((name.clone(), place(file, &deps)?));
    }
    let dylib = root.join(format!("lib{DYLIB_CRATE}-{hash}.so"));
    if !dylib.is_file() {
        link(library, &found, paths, shared, &dylib, &hash)?;
    }
    externs.push((DYLIB_CRATE.to_owned(), dylib.clone()));
    let lock = place(&workspace.join("Cargo.lock"), &root)?;
    let metadata = root.join("metadata.json");
    Ok(Extra { dylib, externs, deps, identities, apart_because: Vec::new(), packages: Vec::new(), lock, metadata })
}

fn place(file: &Path, directory: &Path) -> Result<PathBuf, BuildError> {
    let to = directory.join(file.file_name().unwrap_or_default());
    if !to.exists() {
        fs::copy(file, &to).map_err(|e| BuildError::io("copy", &to, e))?;
    }
    Ok(to)
}

/// One dylib over all of the crates; the library's own crates stay in the library's.
fn link(
    library: &Library,
    found: &[(String, &Artifact)],
    paths: &Paths,
    shared: bool,
    dylib: &Path,
    hash: &str,
) -> Result<(), BuildError> {
    let source = dylib.with_extension("rs");
    let mut text = String::from("#![allow(unused)]\n");
    if shared {
        text.push_str("pub extern crate ironbook_std;\n");
    }
    let linked = found.iter().filter(|(_, artifact)| !artifact.is_proc_macro());
    text.extend(linked.clone().map(|(name, _)| format!("pub extern crate {name};\n")));
    write(&source, &text)?;
    let target = if shared { paths.target.clone() } else { paths.target.join("apart") };
    let mut args: Vec<OsString> =
        ["--edition=2024", "--crate-type=dylib", "-Cprefer-dynamic", "-Cdebuginfo=0"].map(Into::into).to_vec();
    args.push(format!("--crate-name={DYLIB_CRATE}").into());
    args.push(format!("-Cmetadata={hash}").into());
    args.push(format!("-Clink-arg=-Wl,-soname,lib{DYLIB_CRATE}-{hash}.so").into());
    if shared {
        args.push(pair("--extern=ironbook_std=", &library.dylib));
    }
    for (name, artifact) in linked {
        if let Some(file) = artifact.filenames.iter().find(|f| f.extension().is_some_and(|e| e == "rlib")) {
            args.push(pair(&format!("--extern={name}="), file));
        }
    }
    args.push(pair("-Ldependency=", &library.deps));
    args.push(pair("-Ldependency=", &target.join("debug/deps")));
    let part = dylib.with_extension("part");
    let output = Command::new(&library.rustc)
        .envs(library.linker_path.iter().map(|path| ("LIBRARY_PATH", path)))
        .arg(&source)
        .args(args)
        .arg("-o")
        .arg(&part)
        .output()
        .map_err(|e| BuildError::io("start", &library.rustc, e))?;
    if !output.status.success() {
        let lines =
            String::from_utf8_lossy(&output.stderr).lines().rev().take(30).map(str::to_owned).collect::<Vec<_>>();
        return Err(BuildError::Compile { lines: lines.into_iter().rev().collect() });
    }
    fs::rename(&part, dylib).map_err(|e| BuildError::io("rename", dylib, e))
}

fn pair(flag: &str, path: &Path) -> OsString {
    let mut text = OsString::from(flag);
    text.push(path);
    text
}

fn read(path: &Path) -> Result<String, BuildError> {
    fs::read_to_string(path).map_err(|e| BuildError::io("read", path, e))
}

/// Writes only what differs: an unchanged manifest keeps its time, and cargo its freshness.
fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|e| BuildError::io("write", path, e))
}
