//! The files of an installation, wherever it will lie: `bin`, `lib`, `share`.

use super::bytes;
use crate::{Error, cli, shell_files};
use clap_complete::Shell;
use ironbook_kernel::kernelspec::{DISPLAY_NAME, Kernelspec, NAME};
use ironbook_kernel::labextension;
use ironbook_session::library::installed::{self, Content, Piece};
use ironbook_session::library::{Library, Paths};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The licences that a copy carries.
pub const LICENSES: [(&str, &str); 2] = [
    ("LICENSE-APACHE", include_str!("../../../LICENSE-APACHE")),
    ("LICENSE-MIT", include_str!("../../../LICENSE-MIT")),
];
/// The program, from Jupyter's directory of the kernelspec: so it is found wherever the whole was moved to.
const PROGRAM: &str = "{resource_dir}/../../../../bin/ironbook";

/// Everything that is installed, the language service apart.
pub fn pieces(library: &Library, paths: &Paths) -> Result<Vec<Piece>, Error> {
    let program = std::env::current_exe().map_err(|source| Error::Pack { path: "ironbook".into(), source })?;
    let mut pieces = vec![Piece { name: "bin/ironbook".into(), content: Content::File(program), executable: true }];
    let spec = Kernelspec { program: PROGRAM.into(), display_name: DISPLAY_NAME.into(), env: Vec::new() };
    pieces.extend(
        spec.files().into_iter().map(|(file, bytes)| text(format!("share/jupyter/kernels/{NAME}/{file}"), bytes)),
    );
    let lab = format!("share/jupyter/labextensions/{}", labextension::NAME);
    pieces.extend(labextension::files().into_iter().map(|(file, bytes)| text(format!("{lab}/{file}"), bytes)));
    pieces.extend(for_shells()?);
    pieces.extend(LICENSES.map(|(name, license)| text(format!("lib/ironbook/{name}"), license)));
    let lib = installed::pieces(library);
    pieces.extend(lib.map_err(|source| Error::Pack { path: library.deps.clone(), source })?);
    let sources = ironbook_promotion::packed(paths);
    let sources = sources.map_err(|source| Error::Pack { path: paths.source.clone(), source })?;
    pieces.extend(sources.into_iter().map(|(file, bytes)| text(format!("lib/ironbook/{file}"), bytes)));
    Ok(pieces)
}

/// Completions and manual pages, where shells and `man` look for them.
fn for_shells() -> Result<Vec<Piece>, Error> {
    let places = [
        (Shell::Bash, "share/bash-completion/completions/ironbook"),
        (Shell::Zsh, "share/zsh/site-functions/_ironbook"),
        (Shell::Fish, "share/fish/vendor_completions.d/ironbook.fish"),
    ];
    let completions = places.map(|(shell, name)| text(name.into(), shell_files::completions(shell, cli::command())));
    let pages =
        shell_files::manual(cli::command()).map_err(|source| Error::Pack { path: "ironbook.1".into(), source })?;
    let pages = pages.into_iter().map(|(name, page)| text(format!("share/man/man1/{name}"), page));
    Ok(completions.into_iter().chain(pages).collect())
}

/// A file with this in it.
pub fn text(name: String, bytes: impl Into<Vec<u8>>) -> Piece {
    Piece { name, content: Content::Bytes(bytes.into()), executable: false }
}

/// The permissions of a file.
pub fn mode(piece: &Piece) -> u32 {
    if piece.executable { 0o755 } else { 0o644 }
}

/// Writes all files below a directory; the program last, so that nothing half done is started.
pub fn write(pieces: &[Piece], directory: &Path) -> Result<(), Error> {
    let (programs, others): (Vec<&Piece>, Vec<&Piece>) =
        pieces.iter().partition(|piece| piece.name.starts_with("bin/"));
    for piece in others.into_iter().chain(programs) {
        let path = directory.join(&piece.name);
        let wrong = |source| Error::Write { path: path.clone(), source };
        fs::create_dir_all(path.parent().unwrap_or(directory)).map_err(wrong)?;
        // A program that runs cannot be written over, but it can be replaced.
        if path.exists() {
            fs::remove_file(&path).map_err(wrong)?;
        }
        match &piece.content {
            Content::File(from) => drop(fs::copy(from, &path).map_err(wrong)?),
            Content::Bytes(_) => fs::write(&path, bytes(piece)?).map_err(wrong)?,
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(mode(piece))).map_err(wrong)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_and_man_find_their_files() {
        let names: Vec<String> = for_shells().unwrap().into_iter().map(|piece| piece.name).collect();
        for name in ["share/zsh/site-functions/_ironbook", "share/man/man1/ironbook.1", "share/man/man1/ironbook-run.1"]
        {
            assert!(names.iter().any(|known| known == name), "{name} is not among {names:?}");
        }
    }
}
