//! An installed copy: the library lies beside the program, without what would build it; only its own compiler is looked for.
//!
//! `<prefix>/bin/ironbook` finds `<prefix>/lib/ironbook/`, wherever the prefix was moved to; nothing in it is ever written.

use super::error::Missing;
use super::paths::Paths;
use super::rustc::Rustc;
use super::{Library, MANIFEST, Manifest, PIN, index};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file that makes a directory an installed copy's `lib/ironbook`.
const MARK: &str = "installed.json";

/// What the mark holds.
#[derive(Serialize, Deserialize)]
struct Mark {
    id: String,
}

/// One file of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its path from the root, with `/`.
    pub name: String,
    /// What is in it.
    pub content: Content,
    /// Whether it is a program.
    pub executable: bool,
}

/// What a file of an installation holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A copy of this file.
    File(PathBuf),
    /// These bytes.
    Bytes(Vec<u8>),
}

/// `lib/ironbook` of the installation that a program lies in.
pub(super) fn folder_of(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?.parent()?.join("lib").join("ironbook");
    folder.join(MARK).is_file().then_some(folder)
}

/// The installed library, if the compiler that made it is there.
pub(super) fn locate(paths: &Paths, folder: &Path) -> Result<Library, Missing> {
    let damaged = || Missing::Damaged { path: folder.to_owned() };
    let mark: Mark = read(&folder.join(MARK)).ok_or_else(damaged)?;
    let manifest: Manifest = read(&paths.std().join(&mark.id).join(MANIFEST)).ok_or_else(damaged)?;
    let rustc = compiler(paths, &manifest.rustc_version)?;
    Library::open(paths, &mark.id, &rustc).ok_or_else(damaged)
}

/// The compiler of this version: the one in PATH, or one of those that rustup keeps beside its default.
fn compiler(paths: &Paths, version: &str) -> Result<Rustc, Missing> {
    let field = |name: &str| version.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    let (release, host) = (field("release:"), field("host:"));
    let fits = |rustc: &Rustc| rustc.version == version;
    let found = Rustc::find(paths);
    if let Some(rustc) = found.as_ref().ok().filter(|rustc| fits(rustc)) {
        return Ok(rustc.clone());
    }
    let kept = [release, "stable"].map(|name| format!("{name}-{host}"));
    if let Some(rustc) = kept.iter().filter_map(|name| Rustc::of_toolchain(name, paths)).find(fits) {
        return Ok(rustc);
    }
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let found = match &found {
        Ok(rustc) => format!("the one found is {}", first(&rustc.version)),
        Err(missing) => first(&missing.to_string()),
    };
    Err(Missing::InstalledRustc { needed: first(version), found, toolchain: release.to_owned() })
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// What `lib/ironbook` of an installation holds: the library with its metadata and proc macros, and the mark.
///
/// # Errors
/// When the library's directory cannot be read.
pub fn pieces(library: &Library) -> io::Result<Vec<Piece>> {
    let place = |name: &str| format!("lib/ironbook/std/{}/{name}", library.id);
    let piece = |name: String, content: Content, executable: bool| Piece { name, content, executable };
    let file_name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let copy =
        |path: &Path, executable: bool| piece(place(&file_name(path)), Content::File(path.to_owned()), executable);
    let mark = format!("{{\"id\": \"{}\"}}\n", library.id);
    let mut pieces = vec![
        piece(format!("lib/ironbook/{MARK}"), Content::Bytes(mark.into_bytes()), false),
        copy(&library.root.join(MANIFEST), false),
        piece(place(PIN), Content::Bytes(Vec::new()), false),
        copy(&library.dylib, false),
        copy(&library.runtime, true),
    ];
    let index = [index::FILE, index::DOCS].map(|name| library.root.join(name));
    pieces.extend(index.iter().filter(|path| path.is_file()).map(|path| copy(path, false)));
    for entry in fs::read_dir(&library.deps)? {
        let path = entry?.path();
        pieces.push(piece(place(&format!("deps/{}", file_name(&path))), Content::File(path), false));
    }
    pieces.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy_of_nothing(folder: &Path) -> PathBuf {
        let lib = folder.join("lib/ironbook");
        fs::create_dir_all(lib.join("std/0a")).unwrap();
        fs::write(lib.join(MARK), "{\"id\": \"0a\"}").unwrap();
        let manifest =
            r#"{"rustc_version": "rustc 0.1.2 (of a test)\nrelease: 0.1.2\nhost: t", "externs": [], "crates": []}"#;
        fs::write(lib.join("std/0a").join(MANIFEST), manifest).unwrap();
        lib
    }

    #[test]
    fn a_program_knows_its_copy_and_sources_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("bin/ironbook");
        let nothing = |_: &str| None;
        assert_eq!(Paths::resolve(&nothing, Some(&program)).installed, None);
        let lib = copy_of_nothing(folder.path());
        let paths = Paths::resolve(&nothing, Some(&program));
        assert_eq!(paths.installed.as_ref(), Some(&lib));
        assert_eq!((paths.std(), &paths.source), (lib.join("std"), &lib));
        let sources = |name: &str| (name == "IRONBOOK_SOURCE").then(|| "/s".into());
        assert_eq!(Paths::resolve(&sources, Some(&program)).installed, None);
    }

    #[test]
    fn another_compiler_is_refused_with_the_one_to_install() {
        let folder = tempfile::tempdir().unwrap();
        let lib = copy_of_nothing(folder.path());
        let paths = Paths {
            source: lib.clone(),
            data: folder.path().join("data"),
            target: folder.path().join("target"),
            cuda: None,
            installed: Some(lib.clone()),
        };
        let missing = Library::locate(&paths).unwrap_err();
        assert!(matches!(&missing, Missing::InstalledRustc { toolchain, .. } if toolchain == "0.1.2"), "{missing}");
        assert!(missing.to_string().contains("rustc 0.1.2 (of a test)"), "{missing}");
        assert!(missing.remedy().contains("rustup toolchain install 0.1.2") && !missing.can_build());
        fs::remove_file(lib.join("std/0a").join(MANIFEST)).unwrap();
        assert!(matches!(Library::locate(&paths), Err(Missing::Damaged { .. })));
    }
}
