//! Which language service kernels and editors use here, if any.

use crate::config::Config;
use ironbook_session::language;
use ironbook_session::library::Paths;
use std::path::{Path, PathBuf};

/// Where its program is, or would be.
pub enum Place {
    /// There is to be none: `IRONBOOK_LANGUAGE` is `0`, or the configuration says `language = false`.
    Off,
    /// `IRONBOOK_LANGUAGE` names it.
    Named(PathBuf),
    /// In an installed copy.
    Installed(PathBuf),
    /// In cargo's target directory, beside `ironbook`.
    Built(PathBuf),
    /// Beside a copy of `ironbook` that lies elsewhere.
    Beside(PathBuf),
}

impl Place {
    /// As the environment and the configuration say.
    pub fn find(paths: &Paths) -> Place {
        let variable = std::env::var("IRONBOOK_LANGUAGE").ok().filter(|value| !value.is_empty());
        if variable.is_none() && !Config::load(paths).settings.language {
            return Place::Off;
        }
        let program = language::program(variable.as_deref(), std::env::current_exe().ok().as_deref());
        match program {
            None => Place::Off,
            Some(path) if variable.is_some() => Place::Named(path),
            Some(path) if paths.installed.is_some() => Place::Installed(path),
            Some(path) if is_below(&path, &paths.target) => Place::Built(path),
            Some(path) => Place::Beside(path),
        }
    }

    /// The program, unless there is to be none.
    pub fn program(&self) -> Option<&Path> {
        match self {
            Place::Off => None,
            Place::Named(path) | Place::Installed(path) | Place::Built(path) | Place::Beside(path) => Some(path),
        }
    }

    /// What makes it, where it is not there.
    pub fn advice(&self) -> &'static str {
        match self {
            Place::Off => "`ironbook config set language on` wants it again, unless IRONBOOK_LANGUAGE is 0",
            Place::Named(_) => "IRONBOOK_LANGUAGE names it",
            Place::Installed(_) => "this copy was packed without it",
            Place::Built(_) => "`ironbook setup` makes it",
            Place::Beside(_) => {
                "`cargo build -p ironbook-language` in Ironbook's sources makes it, and IRONBOOK_LANGUAGE names it"
            }
        }
    }
}

/// Its program, unless there is to be none.
pub fn program(paths: &Paths) -> Option<PathBuf> {
    Place::find(paths).program().map(Path::to_owned)
}

/// Whether a file would lie two directories below a directory at most, whatever links lead there.
fn is_below(file: &Path, folder: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let (Some(own), Some(folder)) = (file.parent().and_then(real), real(folder)) else { return false };
    own.parent() == Some(&*folder)
}

/// What is to be said, and done, where the sources of std that the service reads are not there.
pub fn missing_std(sysroot: &Path) -> Option<(String, String)> {
    let named = std::env::var_os("RUST_SRC_PATH").filter(|path| !path.is_empty()).map(PathBuf::from);
    let sources = named.clone().unwrap_or_else(|| sysroot.join("lib/rustlib/src/rust/library"));
    if sources.join("core/src/lib.rs").is_file() {
        return None;
    }
    let words = format!("the language service misses the sources of std ({})", sources.display());
    let toolchain = sysroot.parent().filter(|folder| folder.ends_with("toolchains")).and_then(|_| sysroot.file_name());
    let advice = match (named, toolchain) {
        (Some(_), _) => "RUST_SRC_PATH names another directory".to_owned(),
        (None, Some(name)) => {
            format!("`rustup component add rust-src --toolchain {}` installs them", name.to_string_lossy())
        }
        (None, None) => "`rustup component add rust-src`, or your system's package of them, installs them".to_owned(),
    };
    Some((words, advice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_lead_to_the_same_directory() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("real/debug/deps")).unwrap();
        symlink(at("real"), at("link")).unwrap();
        assert!(is_below(&at("real/debug/x"), &at("link")) && is_below(&at("link/debug/x"), &at("real")));
        assert!(!is_below(&at("real/debug/deps/x"), &at("real")) && !is_below(&at("elsewhere/x"), &at("real")));
    }

    #[test]
    fn the_toolchain_that_lacks_the_sources_is_named() {
        let (words, advice) = missing_std(Path::new("/r/toolchains/1.95.0-x86_64-unknown-linux-gnu")).unwrap();
        assert!(words.contains("/r/toolchains/1.95.0-x86_64-unknown-linux-gnu/lib/rustlib/src"), "{words}");
        assert!(advice.contains("--toolchain 1.95.0-x86_64-unknown-linux-gnu"), "{advice}");
        assert!(!missing_std(Path::new("/usr")).unwrap().1.contains("--toolchain"));
    }
}
