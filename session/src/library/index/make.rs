//! Making the index: rustdoc renders crates of re-exports from the library's metadata, and its pages are read.

use super::crates::{self, Source};
use super::page::{self, Docs};
use super::{Entry, EntryKind, LOG, Stored};
use crate::library::{FACADE, Library};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Traits that Rust has in scope, as far as their methods are called by name.
const TRAITS: &[&str] = &[
    "AsMut",
    "AsRef",
    "Clone",
    "Default",
    "DoubleEndedIterator",
    "ExactSizeIterator",
    "Extend",
    "From",
    "FromIterator",
    "Into",
    "IntoIterator",
    "Iterator",
    "Ord",
    "PartialOrd",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
];

/// What the index is made of.
struct Inputs<'a> {
    rustdoc: PathBuf,
    dylib: &'a Path,
    /// The metadata of the crates in it.
    deps: &'a Path,
    /// The foreign crates that the facade names.
    libraries: Vec<&'a str>,
}

/// Why there is no index; a library is good without one.
#[derive(Debug, thiserror::Error)]
enum IndexError {
    #[error("interrupted")]
    Interrupted,
    #[error("rustdoc failed:\n{words}")]
    Rustdoc { words: String },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Makes the index of a library, in its copy; `tick` is called while rustdoc works. Why it could not be made is written
/// down beside it. Breaks if `tick` does.
pub fn make(library: &Library, tick: &mut dyn FnMut() -> ControlFlow<()>) -> ControlFlow<()> {
    let work = library.root.join(".index");
    let inputs = Inputs {
        rustdoc: library.rustc.with_file_name(format!("rustdoc{}", std::env::consts::EXE_SUFFIX)),
        dylib: &library.dylib,
        deps: &library.deps,
        libraries: library.externs.iter().map(|(name, _)| name.as_str()).filter(|name| *name != FACADE).collect(),
    };
    // What a process that was killed left would be read as well.
    drop(fs::remove_dir_all(&work));
    let made = fs::create_dir_all(&work).map_err(IndexError::from).and_then(|()| {
        let sources = render_all(&inputs, &work, tick)?;
        let (stored, docs) = read_all(&work, &sources)?;
        Ok(stored.write(&library.root, &docs)?)
    });
    drop(fs::remove_dir_all(&work));
    match made {
        Ok(()) => ControlFlow::Continue(()),
        Err(IndexError::Interrupted) => ControlFlow::Break(()),
        Err(error) => {
            // Where this cannot be written, nothing else could.
            drop(fs::write(library.root.join(LOG), error.to_string()));
            ControlFlow::Continue(())
        }
    }
}

fn render_all(
    inputs: &Inputs<'_>,
    work: &Path,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Vec<Source>, IndexError> {
    let mut rendered = Vec::new();
    for source in crates::sources(&inputs.libraries) {
        match render(inputs, work, &source, tick) {
            Err(IndexError::Rustdoc { .. }) if source.internal => {}
            done => {
                done?;
                rendered.push(source);
            }
        }
    }
    Ok(rendered)
}

fn render(
    inputs: &Inputs<'_>,
    work: &Path,
    source: &Source,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<(), IndexError> {
    let file = work.join(format!("{}.rs", source.name));
    let log = work.join(format!("{}.log", source.name));
    fs::write(&file, &source.text)?;
    let mut command = Command::new(&inputs.rustdoc);
    command.arg(&file).args(["--edition=2024", "--crate-name", source.name, "--cap-lints=allow", "-o"]).arg(work);
    if source.internal {
        command.env("RUSTC_BOOTSTRAP", "1");
    }
    if source.name == "library" {
        command.arg("--extern").arg(format!("ironbook={}", inputs.dylib.display()));
        command.arg("-L").arg(format!("dependency={}", inputs.deps.display()));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            let words = || fs::read_to_string(&log).unwrap_or_default().lines().take(40).collect::<Vec<_>>().join("\n");
            return if status.success() { Ok(()) } else { Err(IndexError::Rustdoc { words: words() }) };
        }
        if tick().is_break() {
            drop(child.kill());
            drop(child.wait());
            return Err(IndexError::Interrupted);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Pages of one module: its folder, and their file names.
struct Module {
    path: String,
    folder: PathBuf,
    pages: Vec<String>,
    modules: Vec<String>,
}

fn read_all(work: &Path, sources: &[Source]) -> io::Result<(Stored, String)> {
    let mut modules = Vec::new();
    for source in sources {
        let facade = names_of_folders(&work.join(source.name).join("ironbook_facade"));
        find_modules(work, source.name, &mut Vec::new(), &facade, &mut modules)?;
    }
    let mut traits: BTreeSet<&str> = TRAITS.iter().copied().collect();
    let prelude = modules.iter().filter(|module| module.path.is_empty()).flat_map(|module| &module.pages);
    traits.extend(prelude.filter_map(|file| file.strip_prefix("trait.")?.strip_suffix(".html")));
    let in_scope = |name: &str| traits.contains(name);
    let mut docs = Docs::default();
    let mut found = BTreeMap::new();
    for module in &modules {
        let mut entries = Vec::new();
        for file in &module.pages {
            let Some((kind, name)) = page::subject(file) else { continue };
            let html = fs::read_to_string(module.folder.join(file))?;
            entries.extend(page::read(kind, name, &html, &in_scope, &mut docs));
        }
        for name in &module.modules {
            let html = fs::read_to_string(module.folder.join(name).join("index.html")).unwrap_or_default();
            let entry = page::read(EntryKind::Module, name, &html, &|_| false, &mut docs);
            entries.extend(entry.map(|entry| Entry { members: Vec::new(), ..entry }));
        }
        found.insert(module.path.clone(), entries);
    }
    let mut stored = Stored::default();
    for (path, entries) in found {
        stored.add(path, entries);
    }
    Ok((stored, docs.0))
}

fn names_of_folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn find_modules(
    work: &Path,
    source: &str,
    folders: &mut Vec<String>,
    facade: &[String],
    out: &mut Vec<Module>,
) -> io::Result<()> {
    let names: Vec<&str> = folders.iter().map(String::as_str).collect();
    let path = crates::module_path(source, &names, &|name| facade.iter().any(|known| known == name));
    if path.is_none() && !folders.is_empty() {
        return Ok(());
    }
    let folder = folders.iter().fold(work.join(source), |folder, name| folder.join(name));
    let modules = names_of_folders(&folder);
    if let Some(path) = path {
        let mut pages = Vec::new();
        for entry in fs::read_dir(&folder)? {
            pages.push(entry?.file_name().to_string_lossy().into_owned());
        }
        pages.sort();
        let modules = if path == "std::prelude" {
            Vec::new()
        } else if path.is_empty() {
            modules.iter().filter(|name| facade.contains(name)).cloned().collect()
        } else {
            modules.clone()
        };
        out.push(Module { path, folder: folder.clone(), pages, modules });
    }
    for name in modules {
        folders.push(name);
        find_modules(work, source, folders, facade, out)?;
        folders.pop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Index, MemberKind};
    use super::*;

    /// With the compiler's own library, which is always there.
    #[test]
    fn names_of_std_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
        let rustdoc = Path::new(String::from_utf8(sysroot.stdout).unwrap().trim()).join("bin/rustdoc");
        let inputs = Inputs { rustdoc, dylib: Path::new(""), deps: Path::new(""), libraries: Vec::new() };
        let mut rendered = Vec::new();
        for source in crates::sources(&[]).into_iter().filter(|source| source.name != "library") {
            render(&inputs, folder.path(), &source, &mut || ControlFlow::Continue(())).unwrap();
            rendered.push(source);
        }
        let (stored, docs) = read_all(folder.path(), &rendered).unwrap();
        stored.write(folder.path(), &docs).unwrap();
        let index = Index::load(&folder.path().join(super::super::FILE)).unwrap();
        let vec = index.named("Vec").next().unwrap();
        let push = vec.members.iter().find(|member| member.name == "push").unwrap();
        assert_eq!((push.kind, push.signature.as_str()), (MemberKind::Method, "pub fn push(&mut self, value: T)"));
        assert!(index.doc(push.doc).starts_with("Appends an element to the back of a collection."));
        assert!(vec.members.iter().any(|member| member.name == "iter"), "methods of the slice behind it");
        let sqrt = index.named("f64").flat_map(|entry| &entry.members).find(|member| member.name == "sqrt");
        assert_eq!(sqrt.map(|member| member.signature.as_str()), Some("pub fn sqrt(self) -> f64"));
        assert!(index.module("std::fs").unwrap().any(|entry| entry.name == "read_to_string"));
        assert!(index.module("std::prelude").unwrap().any(|entry| entry.name == "println"));
    }
}
