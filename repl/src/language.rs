//! Which language service kernels and editors use here, if any.

use crate::config::Config;
use ironbook_session::language;
use ironbook_session::library::Paths;
use std::path::PathBuf;

/// Its program: what `IRONBOOK_LANGUAGE` names, else the one beside `ironbook`; none where that variable is `0`, or the
/// configuration says `language = false`.
pub fn program(paths: &Paths) -> Option<PathBuf> {
    let variable = std::env::var("IRONBOOK_LANGUAGE").ok().filter(|value| !value.is_empty());
    if variable.is_none() && !Config::load(paths).settings.language {
        return None;
    }
    language::program(variable.as_deref(), std::env::current_exe().ok().as_deref())
}
