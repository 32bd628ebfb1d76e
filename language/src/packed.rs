//! What is read, copied for an installed copy: there are no sources of Ironbook, no cargo, and none of its registries.
//!
//! `language/` below `lib/ironbook` holds a directory for each crate with its Rust files, what its build script made (`out`) and
//! its licences, and a list of the crates, with the licence that each names and all paths relative to the list. Macros are those that the library's copy has.

use crate::host;
use crate::macros::Built;
use crate::project::{Crate, Project};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directory, below `lib/ironbook`.
pub const FOLDER: &str = "language";
/// The list of crates in it.
const LIST: &str = "crates.json";
/// What files begin with that say under which terms a crate is given away.
const TERMS: &[&str] = &["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Copies all that a project reads, std apart, into a new directory; libraries of macros only if `deps`, a directory of the
/// library's copy, has none of their names.
///
/// # Errors
/// When a file cannot be read or written, or what cargo makes for a crate is not there.
pub fn pack(project: &Project, deps: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to).map_err(|error| of(to, &error))?;
    let built = Built::look(&project.target);
    let unbuilt = |read: &&Crate| read.lacks_script || (read.is_macro && built.of(read).is_none());
    let unbuilt: Vec<&str> = project.crates.iter().filter(unbuilt).map(|read| read.name.as_str()).collect();
    if !unbuilt.is_empty() {
        let target = project.target.display();
        let words =
            format!("{target} has not what cargo makes for {}; `cargo build -p ironbook` does", unbuilt.join(", "));
        return Err(io::Error::other(words));
    }
    let crates = project.crates.iter().map(|read| {
        let mut copy = copied(read, to)?;
        if let Some(library) = built.of(read).filter(|_| read.is_macro) {
            let name = PathBuf::from(library.file_name().unwrap_or_default());
            if !deps.join(&name).is_file() {
                fs::copy(&library, to.join(&name)).map_err(|error| of(&library, &error))?;
            }
            copy.library = Some(name);
        }
        Ok(copy)
    });
    let crates = crates.collect::<io::Result<Vec<Crate>>>()?;
    let list = Project { crates, externs: project.externs.clone(), ..Project::default() };
    let path = to.join(LIST);
    fs::write(&path, serde_json::to_vec(&list)?).map_err(|error| of(&path, &error))
}

/// An error about one file.
fn of(path: &Path, error: &io::Error) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

/// The project of an installed copy, without what the compiler says; none where this is no such copy.
///
/// # Errors
/// When the list of crates cannot be read.
pub(crate) fn open(source: &Path) -> io::Result<Option<Project>> {
    let folder = source.join(FOLDER);
    let list = match fs::read(folder.join(LIST)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        list => list?,
    };
    let mut project: Project = serde_json::from_slice(&list)?;
    let copies = fs::read_dir(source.join("std")).into_iter().flatten().flatten();
    let places: Vec<PathBuf> = copies.map(|copy| copy.path().join("deps")).chain([folder.clone()]).collect();
    for read in &mut project.crates {
        read.root = folder.join(&read.root);
        read.folders.iter_mut().for_each(|path| *path = folder.join(&*path));
        for (_, value) in read.env.iter_mut().filter(|(name, _)| is_place(name)) {
            *value = folder.join(&*value).display().to_string();
        }
        read.library = read
            .library
            .take()
            .and_then(|name| places.iter().map(|place| place.join(&name)).find(|path| path.is_file()));
    }
    Ok(Some(project))
}

/// Copies a crate; gives it with paths from the directory that it is copied into.
fn copied(read: &Crate, to: &Path) -> io::Result<Crate> {
    let own = PathBuf::from(format!("{}-{}", read.name, read.version));
    let mut copy = Crate { folders: Vec::new(), ..read.clone() };
    for (number, folder) in read.folders.iter().enumerate() {
        // The first is that of its root, the second what its build script made.
        let place = own.join(if number == 0 { "src" } else { "out" });
        copy_sources(folder, &to.join(&place))?;
        if let Ok(below) = read.root.strip_prefix(folder) {
            copy.root = place.join(below);
        }
        copy.folders.push(place);
    }
    for (name, value) in copy.env.iter_mut().filter(|(name, _)| is_place(name)) {
        if name == "CARGO_MANIFEST_DIR" {
            copy_terms(Path::new(&*value), &to.join(&own))?;
        }
        let place = if name == "OUT_DIR" { own.join("out") } else { own.clone() };
        *value = place.display().to_string();
    }
    Ok(copy)
}

/// Whether a variable that a crate is compiled with names a directory of it.
fn is_place(variable: &str) -> bool {
    ["CARGO_MANIFEST_DIR", "OUT_DIR"].contains(&variable)
}

/// Copies the Rust files below a directory.
fn copy_sources(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from).map_err(|error| of(from, &error))? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        let is_skipped = host::SKIPPED.iter().any(|name| entry.file_name() == *name);
        if entry.file_type()?.is_dir() {
            if !is_skipped {
                copy_sources(&path, &to)?;
            }
        } else if host::is_read(&path) {
            fs::create_dir_all(to.parent().unwrap_or(&to)).map_err(|error| of(&to, &error))?;
            fs::copy(&path, &to).map_err(|error| of(&to, &error))?;
        }
    }
    Ok(())
}

/// Copies the files that say under which terms a package is given away.
fn copy_terms(package: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(package).map_err(|error| of(package, &error))?.flatten() {
        let name = entry.file_name();
        let is_one = TERMS.iter().any(|term| name.to_string_lossy().to_uppercase().starts_with(term));
        if is_one && entry.path().is_file() {
            fs::create_dir_all(to).map_err(|error| of(to, &error))?;
            fs::copy(entry.path(), to.join(&name)).map_err(|error| of(&to.join(name), &error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_has_not_made_is_missed() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, is_macro, lacks_script| Crate {
            name: name.to_owned(),
            is_macro,
            lacks_script,
            ..Crate::default()
        };
        let crates = vec![read("plain", false, false), read("derive", true, false), read("made", false, true)];
        let project = Project { crates, target: folder.path().join("target"), ..Project::default() };
        let error = pack(&project, folder.path(), &folder.path().join("to")).unwrap_err().to_string();
        assert!(error.contains("for derive, made;") && error.contains("cargo build -p ironbook"), "{error}");
    }

    #[test]
    fn what_is_packed_is_read_wherever_it_is_moved_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        let write = |path: &str, text: &str| {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        };
        for (path, text) in [
            ("a/LICENSE-MIT", "as is"),
            ("a/src/lib.rs", "mod deep;"),
            ("a/src/deep/mod.rs", "fn f() {}"),
            ("a/src/table.bin", "0101"),
            ("a/src/tests/one.rs", "fn t() {}"),
            ("made/out/gen.rs", "fn g() {}"),
            ("m/src/lib.rs", ""),
            ("n/src/lib.rs", ""),
            ("target/debug/deps/libm-0123456789abcdef.so", "of cargo"),
            ("target/debug/deps/libn-0123456789abcdef.so", "of cargo"),
            ("target/debug/deps/m-0123456789abcdef.d", &format!("libm.so: {}\n", at("m/src/lib.rs").display())),
            ("target/debug/deps/n-0123456789abcdef.d", &format!("libn.so: {}\n", at("n/src/lib.rs").display())),
            ("installed/std/0a/deps/libm-0123456789abcdef.so", "of the library"),
        ] {
            write(path, text);
        }
        let read = Crate {
            name: "a".into(),
            version: "1.0.0".into(),
            root: at("a/src/lib.rs"),
            folders: vec![at("a/src"), at("made/out")],
            env: vec![
                ("CARGO_MANIFEST_DIR".into(), at("a").display().to_string()),
                ("OUT_DIR".into(), at("made/out").display().to_string()),
                ("CARGO_PKG_NAME".into(), "a".into()),
            ],
            cfgs: vec![("x".into(), Some("1".into()))],
            ..Crate::default()
        };
        let macros = ["m", "n"].map(|name| Crate {
            name: name.into(),
            version: "1.0.0".into(),
            root: at(name).join("src/lib.rs"),
            folders: vec![at(name).join("src")],
            is_macro: true,
            ..Crate::default()
        });
        let crates = [vec![read.clone()], macros.to_vec()].concat();
        let project = Project { crates, externs: vec![("a".into(), 0)], target: at("target"), ..Project::default() };
        pack(&project, &at("installed/std/0a/deps"), &at("installed/language")).unwrap();
        for gone in ["a", "made", "m", "n", "target"] {
            fs::remove_dir_all(at(gone)).unwrap();
        }
        fs::rename(at("installed"), at("moved")).unwrap();

        let opened = open(&at("moved")).unwrap().unwrap();
        let own = at("moved/language/a-1.0.0");
        let moved = &opened.crates[0];
        assert_eq!(moved.root, own.join("src/lib.rs"));
        assert_eq!(moved.folders, [own.join("src"), own.join("out")]);
        let env: Vec<&str> = moved.env.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(env, [own.to_str().unwrap(), own.join("out").to_str().unwrap(), "a"]);
        assert_eq!((&moved.cfgs, &opened.externs), (&read.cfgs, &project.externs));
        for (path, is_there) in [
            ("src/lib.rs", true),
            ("src/deep/mod.rs", true),
            ("out/gen.rs", true),
            ("LICENSE-MIT", true),
            ("src/table.bin", false),
            ("src/tests/one.rs", false),
        ] {
            assert_eq!(own.join(path).exists(), is_there, "{path}");
        }
        let said = |read: &Crate| fs::read_to_string(read.library.as_ref().unwrap()).unwrap();
        assert_eq!([said(&opened.crates[1]), said(&opened.crates[2])], ["of the library", "of cargo"]);
        assert!(moved.library.is_none() && !at("moved/language/libm-0123456789abcdef.so").exists());
        assert!(open(&at("nowhere")).unwrap().is_none());
    }
}
