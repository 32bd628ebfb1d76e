//! Files that are written whole or not at all: beside their place first, then renamed.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes a file, in place of an older one.
///
/// # Errors
/// When the directory or disk refuses; an older file is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Of a link, the file that it leads to.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let permissions = std::fs::metadata(path).map(|meta| meta.permissions());
    filled(path, bytes)?.persist(path)?;
    // An existing file keeps its permissions; a new one gets the usual ones, not those of a temporary file.
    drop(std::fs::set_permissions(path, permissions.unwrap_or_else(|_| usual_permissions())));
    Ok(())
}

/// Writes a file that is not there yet.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when it is; otherwise as [`replace`].
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    filled(path, bytes)?.persist_noclobber(path)?;
    drop(std::fs::set_permissions(path, usual_permissions()));
    Ok(())
}

/// A new file in the directory of `path`.
///
/// # Errors
/// When no file can be made there.
pub fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // `tempfile_in` would add the temporary file's name, which means nothing to the user, to the system's words.
    let new = |path: &Path| File::options().read(true).write(true).create_new(true).open(path);
    let ending = path.extension().map(|ending| format!(".{}", ending.display())).unwrap_or_default();
    tempfile::Builder::new().prefix(".ironbook-").suffix(&ending).make_in(folder, new)
}

fn filled(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let file = beside(path)?;
    let mut inner = file.as_file();
    inner.write_all(bytes)?;
    inner.sync_data()?;
    Ok(file)
}

fn usual_permissions() -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_a_link_and_a_file_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.rs"), folder.path().join("b.rs"));
        create(&file, b"1").unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(create(&link, b"2").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        replace(&link, b"3").unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"3");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }
}
