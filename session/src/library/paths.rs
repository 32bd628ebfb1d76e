//! Where Ironbook's sources, its data and cargo's target directory are.

use super::cuda::{self, Cuda};
use super::installed;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The places that building and finding the library need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Ironbook's workspace (`IRONBOOK_SOURCE`, else the clone that cargo runs this in, else where this program was compiled);
    /// `lib/ironbook` of an installed copy.
    pub source: PathBuf,
    /// Ironbook's data (`IRONBOOK_HOME`, else `~/.cache/ironbook`).
    pub data: PathBuf,
    /// cargo's target directory (`CARGO_TARGET_DIR`, else that of the running program, else one in `data`).
    pub target: PathBuf,
    /// What the library is built with if it is the one for NVIDIA GPUs (`ironbook setup --cuda`; `IRONBOOK_CUDA=0` for the
    /// other one, `1` for this one even where there is no driver).
    pub cuda: Option<Cuda>,
    /// `lib/ironbook` of the installed copy that the running program belongs to, unless `IRONBOOK_SOURCE` names sources.
    pub installed: Option<PathBuf>,
}

impl Paths {
    /// The places as the environment says.
    pub fn from_env() -> Paths {
        Paths::resolve(&|name| env::var_os(name).filter(|value| !value.is_empty()), env::current_exe().ok().as_deref())
    }

    /// The same with the environment and the running program given.
    pub fn resolve(variable: &dyn Fn(&str) -> Option<OsString>, program: Option<&Path>) -> Paths {
        let compiled = Path::new(env!("CARGO_MANIFEST_DIR"));
        let by_cargo = || workspace_of(Path::new(&variable("CARGO_MANIFEST_DIR")?));
        let named = variable("IRONBOOK_SOURCE").map(PathBuf::from);
        let installed = if named.is_none() { program.and_then(installed::folder_of) } else { None };
        let source = named
            .or_else(|| installed.clone())
            .or_else(by_cargo)
            .unwrap_or_else(|| compiled.parent().unwrap_or(compiled).to_owned());
        let data = variable("IRONBOOK_HOME").map_or_else(
            || {
                let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
                let home = || variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
                cache.or_else(home).unwrap_or_else(env::temp_dir).join("ironbook")
            },
            PathBuf::from,
        );
        let target = variable("CARGO_TARGET_DIR")
            .map(PathBuf::from)
            .map(|target| if target.is_absolute() { target } else { source.join(target) })
            .or_else(|| program.and_then(target_of))
            .unwrap_or_else(|| data.join("target"));
        // What is installed is built for the CPU.
        let cuda = if installed.is_none() { cuda::wanted(variable, &data) } else { None };
        Paths { source, data, target, cuda, installed }
    }

    /// Built copies of the library.
    pub fn std(&self) -> PathBuf {
        let name = if self.cuda.is_some() { "std-cuda" } else { "std" };
        self.installed.as_ref().unwrap_or(&self.data).join(name)
    }

    /// Which copy belongs to which sources and compiler.
    pub(super) fn index(&self) -> PathBuf {
        self.std().join("index")
    }

    /// Where sessions are kept, so that they outlive their processes.
    pub fn sessions(&self) -> PathBuf {
        self.data.join("sessions")
    }

    /// Where compiled cells are kept.
    pub fn cells(&self) -> PathBuf {
        self.data.join("cells")
    }
}

/// Ironbook's workspace that a package lies in: a program may have been compiled in another clone that shares the target directory.
fn workspace_of(package: &Path) -> Option<PathBuf> {
    let is_ours =
        |folder: &&Path| ["repl", "stdlib/ironbook"].iter().all(|name| folder.join(name).join("Cargo.toml").is_file());
    package.ancestors().skip(1).find(is_ours).map(Path::to_owned)
}

/// The target directory that a program lies in: `<target>/debug/ironbook`, `<target>/debug/deps/main-0f3a`.
fn target_of(program: &Path) -> Option<PathBuf> {
    program
        .ancestors()
        .skip(1)
        .take(3)
        .find(|directory| directory.join("CACHEDIR.TAG").is_file() && directory.join("debug").is_dir())
        .map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<OsString> {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn variables_come_first() {
        let paths = Paths::resolve(
            &with(&[("IRONBOOK_SOURCE", "/s"), ("IRONBOOK_HOME", "/d"), ("CARGO_TARGET_DIR", "t"), ("HOME", "/h")]),
            None,
        );
        let (source, data, target) = ("/s".into(), "/d".into(), "/s/t".into());
        assert_eq!(paths, Paths { source, data, target, cuda: None, installed: None });
    }

    #[test]
    fn the_clone_that_cargo_runs_in_is_taken_before_the_one_of_the_build() {
        let clone = tempfile::tempdir().unwrap();
        for name in ["repl", "stdlib/ironbook"] {
            std::fs::create_dir_all(clone.path().join(name)).unwrap();
            std::fs::write(clone.path().join(name).join("Cargo.toml"), "").unwrap();
        }
        let package = |name: &str| Some(clone.path().join(name).into_os_string());
        let source = |package: &dyn Fn() -> Option<OsString>| {
            Paths::resolve(&|name| if name == "CARGO_MANIFEST_DIR" { package() } else { None }, None).source
        };
        assert_eq!(source(&|| package("repl")), clone.path());
        assert_eq!(source(&|| package("stdlib/core")), clone.path());
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(source(&|| Some("/some/other/package".into())), built);
        assert_eq!(source(&|| None), built);
    }

    #[test]
    fn home_is_the_default() {
        let paths = Paths::resolve(&with(&[("HOME", "/h")]), Some(Path::new("/nowhere/bin/ironbook")));
        assert_eq!(paths.data, Path::new("/h/.cache/ironbook"));
        assert_eq!(paths.target, Path::new("/h/.cache/ironbook/target"));
        assert!(paths.source.join("session").is_dir(), "the workspace that this was compiled in");
    }
}
