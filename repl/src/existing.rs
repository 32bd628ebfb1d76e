//! Which running session the user means: the newest one, an identity, or a connection file.

use crate::Error;
use ironbook_kernel::kernelspec::runtime_folder;
use ironbook_kernel::running::{self, Entry};
use ironbook_session::library::Paths;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The connection file of the session that is meant; the empty name means the one that was started last.
///
/// # Errors
/// When there is none, or several could be meant.
pub fn find(named: &str, paths: &Paths) -> Result<PathBuf, Error> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    choose(
        named,
        &running::list(&paths.data),
        runtime_folder(&variable as &dyn Fn(&str) -> Option<OsString>).as_deref(),
    )
}

fn choose(named: &str, entries: &[Entry], jupyter: Option<&Path>) -> Result<PathBuf, Error> {
    if named.is_empty() {
        let newest = entries.last().ok_or(Error::NoSessions)?;
        return Ok(newest.connection_file.clone());
    }
    let path = PathBuf::from(named);
    if path.is_file() {
        return Ok(path);
    }
    if let Some(entry) = session(named, entries)? {
        return Ok(entry.connection_file.clone());
    }
    // As `jupyter console --existing` finds them.
    let names = [named.to_owned(), format!("{named}.json"), format!("kernel-{named}.json")];
    let found = names.iter().filter_map(|name| Some(jupyter?.join(name))).find(|path| path.is_file());
    found.ok_or_else(|| Error::NoSuchSession { named: named.to_owned(), known: ids(entries) })
}

/// The session whose identity begins so.
///
/// # Errors
/// When several do.
pub fn session<'a>(named: &str, entries: &'a [Entry]) -> Result<Option<&'a Entry>, Error> {
    let fitting: Vec<&Entry> = entries.iter().filter(|entry| entry.id.starts_with(named)).collect();
    match fitting[..] {
        [] => Ok(None),
        [entry] => Ok(Some(entry)),
        _ => Err(Error::SeveralSessions { named: named.to_owned(), known: ids(fitting) }),
    }
}

/// Identities in a row.
pub fn ids<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> String {
    let ids: Vec<&str> = entries.into_iter().map(|entry| entry.id.as_str()).collect();
    if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_kernel::running::StartedBy;
    use std::fs;

    fn entry(id: &str) -> Entry {
        let file = PathBuf::from(format!("/run/{id}.json"));
        Entry { id: id.to_owned(), ..Entry::new(StartedBy::Terminal, None, &file, Path::new("/")) }
    }

    #[track_caller]
    fn check(named: &str, expected: Result<&str, &str>) {
        let jupyter = tempfile::tempdir().unwrap();
        fs::write(jupyter.path().join("kernel-77.json"), "{}").unwrap();
        let chosen = choose(named, &[entry("a1b2c3"), entry("a1ffff"), entry("09c0de")], Some(jupyter.path()));
        match (chosen, expected) {
            (Ok(path), Ok(end)) => assert!(path.to_string_lossy().ends_with(end), "{path:?}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (chosen, _) => panic!("{chosen:?}"),
        }
    }

    #[test]
    fn sessions_are_found_by_what_the_user_types() {
        check("", Ok("/run/09c0de.json"));
        check("a1b", Ok("/run/a1b2c3.json"));
        check("a1", Err("a1b2c3, a1ffff"));
        check("kernel-77.json", Ok("kernel-77.json"));
        check("77", Ok("kernel-77.json"));
        check("zz", Err("`zz`"));
    }

    #[test]
    fn without_sessions_there_is_no_newest_one() {
        assert!(matches!(choose("", &[], None), Err(Error::NoSessions)));
    }
}
