//! What has to be read: the crates that a cell can meet, from cargo's metadata, and where their sources are.

use crate::crates;
use crate::packed;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why the sources cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// There are none.
    #[error("{path} has no sources of Ironbook; deep help needs them, instant help goes on without")]
    NoSource {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// The list of them in an installed copy cannot be read.
    #[error("the sources in {path} cannot be read: {reason}")]
    Packed {
        /// Where they are.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A program that is asked about them fails.
    #[error("`{program}` failed: {reason}")]
    Program {
        /// The program with its first arguments.
        program: String,
        /// What it said.
        reason: String,
    },
    /// The sources of std are not installed.
    #[error("the sources of std are missing ({path}); `rustup component add rust-src` installs them")]
    NoStd {
        /// Where they were looked for.
        path: PathBuf,
    },
}

/// A crate whose sources are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crate {
    /// Its library's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The file that begins it.
    pub root: PathBuf,
    /// Directories whose files belong to it.
    pub folders: Vec<PathBuf>,
    /// `2021` and so on.
    pub edition: String,
    /// Its features.
    pub features: Vec<String>,
    /// Further `cfg`s, those of its build script among them: names, and values if they have any.
    pub cfgs: Vec<(String, Option<String>)>,
    /// Environment variables that it is compiled with.
    pub env: Vec<(String, String)>,
    /// What it calls other crates of the project: a name and their places.
    pub deps: Vec<(String, usize)>,
    /// Whether it is one of the workspace.
    pub ours: bool,
    /// Whether it makes macros.
    pub is_macro: bool,
    /// Whether what its build script made is missing.
    pub lacks_script: bool,
    /// What it is licensed under, as its package says.
    pub license: String,
    /// The library that holds them, where it is not to be looked for among what cargo has built.
    pub library: Option<PathBuf>,
}

/// All that is read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Project {
    /// The crates; those of std are not among them.
    pub crates: Vec<Crate>,
    /// What cells may name: names and places.
    pub externs: Vec<(String, usize)>,
    /// The sources of std: the directory with `core`, `alloc` and `std`.
    pub std: PathBuf,
    /// The compiler's `cfg`s.
    pub cfgs: Vec<(String, Option<String>)>,
    /// The compiler's directory.
    pub sysroot: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
}

/// The package that cells use, and the one that depends on the crates of `%dep`.
const FACADE: &str = "ironbook";
const DEPS: &str = "ironbook-deps";

impl Project {
    /// Asks cargo and the compiler (`RUSTC`, `CARGO`, else those in `PATH`); `source` is Ironbook's workspace, `target` cargo's
    /// target directory. In an installed copy
    /// `source` is `lib/ironbook`, and only the compiler is asked.
    ///
    /// # Errors
    /// When there are no sources, or cargo or rustc fails.
    pub fn find(source: &Path, target: &Path) -> Result<Project, ProjectError> {
        let packed = packed::open(source).map_err(|reason| ProjectError::Packed { path: source.to_owned(), reason })?;
        if packed.is_none() && !source.join("Cargo.toml").is_file() {
            return Err(ProjectError::NoSource { path: source.to_owned() });
        }
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        let said = run(rustc.args(["--print=sysroot", "--print=host-tuple", "--print=cfg"]).current_dir(source))?;
        let mut lines = said.lines();
        let (sysroot, host) = (PathBuf::from(lines.next().unwrap_or("")), lines.next().unwrap_or(""));
        let std = std_sources(&sysroot)?;
        let cfgs = lines.map(cfg).collect();
        if let Some(packed) = packed {
            return Ok(Project { std, sysroot, cfgs, target: target.to_owned(), ..packed });
        }
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", host]);
        let metadata = run(cargo.current_dir(source))?;
        let metadata = serde_json::from_str(&metadata)
            .map_err(|error| ProjectError::Program { program: "cargo metadata".into(), reason: error.to_string() })?;
        let mut project = Project { std, sysroot, cfgs, target: target.to_owned(), ..Project::default() };
        project.add_library(&Metadata::of(&metadata));
        Ok(project)
    }

    /// The same with crates of `%dep`; one that cargo's metadata (a file) does not tell of is not known.
    ///
    /// # Errors
    /// When the file cannot be read, or is none of cargo's.
    pub fn with_crates(&self, metadata: Option<&Path>) -> io::Result<Project> {
        let mut project = self.clone();
        if let Some(path) = metadata {
            let value = serde_json::from_slice(&std::fs::read(path)?)?;
            project.add_crates(&Metadata::of(&value));
        }
        Ok(project)
    }

    /// The facade, and what cells can meet of the crates below it.
    fn add_library(&mut self, metadata: &Metadata<'_>) {
        let Some(facade) = metadata.named(FACADE) else { return };
        let mut walk = Walk { metadata, places: BTreeMap::new(), order: Vec::new(), first: self.crates.len() };
        let place = walk.place(facade);
        walk.read(self, &crates::is_met);
        self.externs = self.crates.get(place).map(|facade| facade.deps.clone()).unwrap_or_default();
        self.externs.push((FACADE.into(), place));
    }

    /// What the package of `%dep` depends on. Where it was built with the library, crates of both are the same ones.
    fn add_crates(&mut self, metadata: &Metadata<'_>) {
        let Some(node) = metadata.named(DEPS).and_then(|id| metadata.nodes.get(id)) else { return };
        let mut walk = Walk { metadata, places: BTreeMap::new(), order: Vec::new(), first: self.crates.len() };
        if metadata.named(FACADE).is_some() {
            let known = |package: &Value| {
                let (_, name) = library(package)?;
                let same = |read: &Crate| read.name == name && read.version == text(&package["version"]);
                self.crates.iter().position(same)
            };
            walk.places = metadata.packages.iter().filter_map(|(id, package)| Some((*id, known(package)?))).collect();
        }
        let asked = array(&node["deps"]).iter().filter(|dep| is_normal(dep) && text(&dep["name"]) != FACADE);
        for dep in asked {
            let (name, place) = (text(&dep["name"]).to_owned(), walk.place(text(&dep["pkg"])));
            self.externs.retain(|(other, _)| *other != name);
            self.externs.push((name, place));
        }
        walk.read(self, &|_| true);
    }
}

/// Packages, and what they depend on, by their ids.
struct Metadata<'a> {
    packages: BTreeMap<&'a str, &'a Value>,
    nodes: BTreeMap<&'a str, &'a Value>,
    members: BTreeSet<&'a str>,
}

impl<'a> Metadata<'a> {
    fn of(value: &'a Value) -> Metadata<'a> {
        let by_id = |values: &'a Value| array(values).iter().map(|value| (text(&value["id"]), value)).collect();
        Metadata {
            packages: by_id(&value["packages"]),
            nodes: by_id(&value["resolve"]["nodes"]),
            members: array(&value["workspace_members"]).iter().map(text).collect(),
        }
    }

    /// The id of a package.
    fn named(&self, name: &str) -> Option<&'a str> {
        self.packages.iter().find(|(_, package)| package["name"] == name).map(|(id, _)| *id)
    }
}

/// A way through packages, from those that are asked for to all that they need.
struct Walk<'a> {
    metadata: &'a Metadata<'a>,
    /// Places of packages among the crates of the project.
    places: BTreeMap<&'a str, usize>,
    /// Those that are new there, and the place of the first.
    order: Vec<&'a str>,
    first: usize,
}

impl<'a> Walk<'a> {
    fn place(&mut self, id: &'a str) -> usize {
        *self.places.entry(id).or_insert_with(|| {
            self.order.push(id);
            self.first + self.order.len() - 1
        })
    }

    /// Adds the new ones to the project.
    fn read(&mut self, project: &mut Project, is_met: &dyn Fn(&str) -> bool) {
        let mut at = 0;
        while let Some(id) = self.order.get(at).copied() {
            at += 1;
            let Some(package) = self.metadata.packages.get(id) else {
                project.crates.push(Crate::default());
                continue;
            };
            let node = self.metadata.nodes.get(id).copied().unwrap_or(&Value::Null);
            let mut read = described(package, node, &project.target);
            read.ours = self.metadata.members.contains(id);
            // What a macro links runs in a compiler, which is not here.
            let below = if read.is_macro { [].as_slice() } else { array(&node["deps"]) };
            for dep in below.iter().filter(|dep| is_normal(dep)) {
                let to = text(&dep["pkg"]);
                if self.metadata.packages.get(to).is_some_and(|other| is_met(text(&other["name"]))) {
                    read.deps.push((text(&dep["name"]).to_owned(), self.place(to)));
                }
            }
            project.crates.push(read);
        }
    }
}

/// The library of a package, and its crate's name.
fn library(package: &Value) -> Option<(&Value, String)> {
    let kinds = ["lib", "rlib", "dylib", "cdylib", "proc-macro"];
    let is_library = |target: &&Value| array(&target["kind"]).iter().any(|kind| kinds.contains(&text(kind)));
    let library = array(&package["targets"]).iter().find(is_library)?;
    Some((library, text(&library["name"]).replace('-', "_")))
}

fn described(package: &Value, node: &Value, target: &Path) -> Crate {
    let (library, name) = library(package).unwrap_or((&Value::Null, String::new()));
    let root = PathBuf::from(text(&library["src_path"]));
    let folder = Path::new(text(&package["manifest_path"])).parent().unwrap_or(Path::new("/"));
    let mut read = Crate {
        name,
        version: text(&package["version"]).to_owned(),
        folders: root.parent().map(Path::to_owned).into_iter().collect(),
        root,
        edition: text(&library["edition"]).to_owned(),
        license: text(&package["license"]).to_owned(),
        features: array(&node["features"]).iter().map(|feature| text(feature).to_owned()).collect(),
        is_macro: array(&library["kind"]).iter().any(|kind| kind == "proc-macro"),
        env: vec![
            ("CARGO_MANIFEST_DIR".to_owned(), folder.display().to_string()),
            ("CARGO_PKG_NAME".to_owned(), text(&package["name"]).to_owned()),
            ("CARGO_PKG_VERSION".to_owned(), text(&package["version"]).to_owned()),
        ],
        ..Crate::default()
    };
    let has_script = array(&package["targets"])
        .iter()
        .any(|target| array(&target["kind"]).iter().any(|kind| kind == "custom-build"));
    if has_script {
        read.add_script(text(&package["name"]), target);
        read.lacks_script = !read.env.iter().any(|(name, _)| name == "OUT_DIR");
    }
    read
}

impl Crate {
    /// What the package's build script said when the library was built, if that was here.
    fn add_script(&mut self, package: &str, target: &Path) {
        let text = std::fs::read_to_string(&self.root).unwrap_or_default();
        let included = included(&text);
        let builds = ["debug/build", "apart/debug/build"].map(|folder| std::fs::read_dir(target.join(folder)));
        let own = |name: &str| {
            name.strip_prefix(package).and_then(|rest| rest.strip_prefix('-')).is_some_and(|hash| hash.len() == 16)
        };
        let newest = builds
            .into_iter()
            .flatten()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_str().is_some_and(own))
            // Of several versions it is the one that has made what this one includes.
            .filter(|entry| included.iter().all(|file| entry.path().join("out").join(file).is_file()))
            .filter_map(|entry| {
                let output = entry.path().join("output");
                Some((std::fs::metadata(&output).ok()?.modified().ok()?, entry.path()))
            })
            .max();
        let Some((_, folder)) = newest else { return };
        let said = std::fs::read_to_string(folder.join("output")).unwrap_or_default();
        for line in said.lines() {
            let Some(line) = line.strip_prefix("cargo::").or_else(|| line.strip_prefix("cargo:")) else { continue };
            if let Some(said) = line.strip_prefix("rustc-cfg=") {
                self.cfgs.push(cfg(said));
            } else if let Some((name, value)) = line.strip_prefix("rustc-env=").and_then(|rest| rest.split_once('=')) {
                self.env.push((name.to_owned(), value.to_owned()));
            }
        }
        let out = folder.join("out");
        self.env.push(("OUT_DIR".into(), out.display().to_string()));
        self.folders.push(out);
    }
}

/// The files of its build script that a source includes.
fn included(text: &str) -> Vec<&str> {
    let after = text.split("env!(\"OUT_DIR\"), \"/").skip(1);
    after.filter_map(|rest| rest.split_once('"').map(|(file, _)| file)).collect()
}

/// `name` or `name="value"`.
fn cfg(line: &str) -> (String, Option<String>) {
    match line.split_once('=') {
        Some((name, value)) => (name.trim().to_owned(), Some(value.trim().trim_matches('"').to_owned())),
        None => (line.trim().to_owned(), None),
    }
}

fn is_normal(dep: &Value) -> bool {
    array(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
}

/// `RUST_SRC_PATH`, else the `rust-src` component of the compiler.
fn std_sources(sysroot: &Path) -> Result<PathBuf, ProjectError> {
    let named = std::env::var_os("RUST_SRC_PATH").filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = named.unwrap_or_else(|| sysroot.join("lib/rustlib/src/rust/library"));
    if path.join("core/src/lib.rs").is_file() { Ok(path) } else { Err(ProjectError::NoStd { path }) }
}

/// The output of a program.
fn run(command: &mut Command) -> Result<String, ProjectError> {
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args().take(2))
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let failed = |reason: String| ProjectError::Program { program: words.join(" "), reason };
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, kind: &str) -> Value {
        json!({
            "id": name, "name": name, "version": "1.2.3", "manifest_path": format!("/{name}/Cargo.toml"),
            "targets": [{"kind": [kind], "name": name, "src_path": format!("/{name}/src/lib.rs"), "edition": "2021"}],
        })
    }

    fn node(name: &str, deps: &[(&str, Option<&str>)]) -> Value {
        let deps: Vec<Value> = deps
            .iter()
            .map(|(dep, kind)| json!({"name": dep.replace('-', "_"), "pkg": dep, "dep_kinds": [{"kind": kind}]}))
            .collect();
        json!({"id": name, "features": ["f"], "deps": deps})
    }

    #[test]
    fn what_cells_can_meet_is_read() {
        let metadata = json!({
            "packages": [
                package("ironbook", "lib"), package("polars-core", "lib"), package("brotli", "lib"),
                package("serde_derive", "proc-macro"), package("serde", "lib"), package("tempfile", "lib"),
            ],
            "workspace_members": ["ironbook"],
            "resolve": {"nodes": [
                node("ironbook", &[("polars-core", None), ("tempfile", Some("dev"))]),
                node("polars-core", &[("brotli", None), ("serde", None), ("serde_derive", None)]),
                node("serde", &[]), node("serde_derive", &[("serde", None)]), node("brotli", &[]), node("tempfile", &[]),
            ]},
        });
        let mut project = Project { target: "/nowhere".into(), ..Project::default() };
        project.add_library(&Metadata::of(&metadata));
        let names: Vec<&str> = project.crates.iter().map(|read| read.name.as_str()).collect();
        assert_eq!(names, ["ironbook", "polars_core", "serde", "serde_derive"]);
        assert_eq!(project.externs, [("polars_core".to_owned(), 1), ("ironbook".to_owned(), 0)]);
        assert_eq!(project.crates[1].deps, [("serde".to_owned(), 2), ("serde_derive".to_owned(), 3)]);
        assert!(project.crates[0].ours && !project.crates[1].ours && project.crates[3].is_macro);
        assert!(project.crates[3].deps.is_empty());
    }

    #[test]
    fn what_a_build_script_made_is_told_by_its_files() {
        assert_eq!(included("include!(concat!(env!(\"OUT_DIR\"), \"/private.rs\"));\nmod a;"), ["private.rs"]);
        assert!(included("mod a;").is_empty());
    }

    #[test]
    fn cfgs_have_names_and_values() {
        assert_eq!(cfg("unix"), ("unix".to_owned(), None));
        assert_eq!(cfg("target_os=\"linux\""), ("target_os".to_owned(), Some("linux".to_owned())));
    }
}
