//! What has to be read: the crates that a cell can meet, from cargo's metadata, and where their sources are.

use crate::crates;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
}

/// All that is read.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The crates; those of std are not among them.
    pub crates: Vec<Crate>,
    /// What cells may name: names and places.
    pub externs: Vec<(String, usize)>,
    /// The sources of std: the directory with `core`, `alloc` and `std`.
    pub std: PathBuf,
    /// The compiler's `cfg`s.
    pub cfgs: Vec<(String, Option<String>)>,
}

impl Project {
    /// Asks cargo and the compiler; `source` is Ironbook's workspace, `target` cargo's target directory.
    ///
    /// # Errors
    /// When there are no sources, or cargo or rustc fails.
    pub fn find(source: &Path, target: &Path) -> Result<Project, ProjectError> {
        if !source.join("Cargo.toml").is_file() {
            return Err(ProjectError::NoSource { path: source.to_owned() });
        }
        let std = std_sources(source)?;
        let printed = run(Command::new("rustc").args(["--print", "cfg"]).current_dir(source))?;
        let host = run(Command::new("rustc").args(["--print", "host-tuple"]).current_dir(source))?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", host.trim()]);
        let metadata = run(cargo.current_dir(source))?;
        let metadata: Value = serde_json::from_str(&metadata)
            .map_err(|error| ProjectError::Program { program: "cargo metadata".into(), reason: error.to_string() })?;
        let mut project = Project::read(&metadata, target);
        project.std = std;
        project.cfgs = printed.lines().map(cfg).collect();
        Ok(project)
    }

    /// Reads cargo's metadata.
    fn read(metadata: &Value, target: &Path) -> Project {
        let packages: BTreeMap<&str, &Value> =
            array(&metadata["packages"]).iter().map(|package| (text(&package["id"]), package)).collect();
        let nodes: BTreeMap<&str, &Value> =
            array(&metadata["resolve"]["nodes"]).iter().map(|node| (text(&node["id"]), node)).collect();
        let members: BTreeSet<&str> = array(&metadata["workspace_members"]).iter().map(text).collect();
        let Some(facade) = packages.iter().find(|(_, package)| package["name"] == "ironbook") else {
            return Project::default();
        };
        let mut order: Vec<&str> = vec![facade.0];
        let mut project = Project::default();
        let mut at = 0;
        while let Some(id) = order.get(at).copied() {
            at += 1;
            let (Some(package), Some(node)) = (packages.get(id), nodes.get(id)) else { continue };
            let mut read = described(package, node, target);
            read.ours = members.contains(id);
            // What a macro links runs in a compiler, which is not here.
            let below = if read.is_macro { [].as_slice() } else { array(&node["deps"]) };
            for dep in below {
                let to = text(&dep["pkg"]);
                let Some(other) = packages.get(to).filter(|_| is_normal(dep)) else { continue };
                if !crates::is_met(text(&other["name"])) {
                    continue;
                }
                let place = order.iter().position(|id| *id == to).unwrap_or_else(|| {
                    order.push(to);
                    order.len() - 1
                });
                read.deps.push((text(&dep["name"]).to_owned(), place));
            }
            project.crates.push(read);
        }
        project.externs = project.crates.first().map(|facade| facade.deps.clone()).unwrap_or_default();
        project.externs.push(("ironbook".into(), 0));
        project
    }
}

fn described(package: &Value, node: &Value, target: &Path) -> Crate {
    let library = array(&package["targets"]).iter().find(|target| {
        array(&target["kind"]).iter().any(|kind| ["lib", "rlib", "dylib", "cdylib", "proc-macro"].contains(&text(kind)))
    });
    let root = library.map(|library| PathBuf::from(text(&library["src_path"]))).unwrap_or_default();
    let name = library.map(|library| text(&library["name"]).replace('-', "_")).unwrap_or_default();
    let folder = Path::new(text(&package["manifest_path"])).parent().unwrap_or(Path::new("/"));
    let mut read = Crate {
        name,
        version: text(&package["version"]).to_owned(),
        folders: root.parent().map(Path::to_owned).into_iter().collect(),
        root,
        edition: library.map(|library| text(&library["edition"]).to_owned()).unwrap_or_default(),
        features: array(&node["features"]).iter().map(|feature| text(feature).to_owned()).collect(),
        is_macro: library.is_some_and(|library| array(&library["kind"]).iter().any(|kind| kind == "proc-macro")),
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
    }
    read
}

impl Crate {
    /// What the package's build script said when the library was built, if that was here.
    fn add_script(&mut self, package: &str, target: &Path) {
        let Ok(entries) = std::fs::read_dir(target.join("debug/build")) else { return };
        let own = |name: &str| {
            name.strip_prefix(package).and_then(|rest| rest.strip_prefix('-')).is_some_and(|hash| hash.len() == 16)
        };
        let newest = entries
            .flatten()
            .filter(|entry| entry.file_name().to_str().is_some_and(own))
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
fn std_sources(source: &Path) -> Result<PathBuf, ProjectError> {
    let named = std::env::var_os("RUST_SRC_PATH").filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = match named {
        Some(path) => path,
        None => {
            let sysroot = run(Command::new("rustc").args(["--print", "sysroot"]).current_dir(source))?;
            Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library")
        }
    };
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
        let project = Project::read(&metadata, Path::new("/nowhere"));
        let names: Vec<&str> = project.crates.iter().map(|read| read.name.as_str()).collect();
        assert_eq!(names, ["ironbook", "polars_core", "serde", "serde_derive"]);
        assert_eq!(project.externs, [("polars_core".to_owned(), 1), ("ironbook".to_owned(), 0)]);
        assert_eq!(project.crates[1].deps, [("serde".to_owned(), 2), ("serde_derive".to_owned(), 3)]);
        assert!(project.crates[0].ours && !project.crates[1].ours && project.crates[3].is_macro);
        assert!(project.crates[3].deps.is_empty());
    }

    #[test]
    fn cfgs_have_names_and_values() {
        assert_eq!(cfg("unix"), ("unix".to_owned(), None));
        assert_eq!(cfg("target_os=\"linux\""), ("target_os".to_owned(), Some("linux".to_owned())));
    }
}
