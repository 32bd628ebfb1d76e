//! Which language service kernels and editors use here, if any.

use crate::config::Config;
use ironbook_session::language;
use ironbook_session::library::Paths;
use std::path::{Path, PathBuf};

/// Its program: what `IRONBOOK_LANGUAGE` names, else the one beside `ironbook`; none where that variable is `0`, or the
/// configuration says `language = false`.
pub fn program(paths: &Paths) -> Option<PathBuf> {
    let variable = std::env::var("IRONBOOK_LANGUAGE").ok().filter(|value| !value.is_empty());
    if variable.is_none() && !Config::load(paths).settings.language {
        return None;
    }
    language::program(variable.as_deref(), std::env::current_exe().ok().as_deref())
}

/// What is to be said, and done, where the sources of std that the service reads are not there.
pub fn missing_std(sysroot: &Path) -> Option<(String, &'static str)> {
    let named = std::env::var_os("RUST_SRC_PATH").filter(|path| !path.is_empty()).map(PathBuf::from);
    let sources = named.unwrap_or_else(|| sysroot.join("lib/rustlib/src/rust/library"));
    let words = format!("the language service misses the sources of std ({})", sources.display());
    (!sources.join("core/src/lib.rs").is_file()).then_some((words, "`rustup component add rust-src` installs them"))
}
