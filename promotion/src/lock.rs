//! `Cargo.lock` of a version: the workspace's, without what the version does not need.
//!
//! Which packages that are, is the same for all versions that are made with one library, as they name no crates but the
//! facade and those that it stands on. cargo tells it once; what it said is remembered, and goes into installed copies.

use crate::vendor::Sources;
use crate::write;
use ironbook_session::library::{Paths, find_program};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// File of an installed copy with what [`common`] gives.
pub(crate) const READY: &str = "pipeline.lock";
/// What each package of a lock file begins with.
const PACKAGE: &str = "[[package]]\n";

/// The lock file of a version that is called `name` and names these packages.
///
/// # Errors
/// As [`common`].
pub(crate) fn of_version(
    paths: &Paths,
    sources: &Sources,
    link: Option<&Path>,
    (name, dependencies): (&str, &[&str]),
) -> io::Result<String> {
    let common = common(paths, sources, link)?;
    match with_root(&common, name, dependencies) {
        Some(text) => Ok(text),
        // A crate has its name: cargo knows how to tell them apart.
        None => by_cargo(sources, link, (name, dependencies)),
    }
}

/// The lock file of every version, without the version's own crate.
///
/// # Errors
/// When cargo is not there, or does not resolve the crate from what is on this machine.
pub(crate) fn common(paths: &Paths, sources: &Sources, link: Option<&Path>) -> io::Result<String> {
    let ready = sources.root.join(READY);
    if link.is_none() && ready.is_file() {
        return fs::read_to_string(ready);
    }
    let memory = paths.data.join("pipeline-locks");
    let known = memory.join(format!("{}.lock", key(sources, link)?));
    if let Ok(text) = fs::read_to_string(&known) {
        return Ok(text);
    }
    let text = without_root(&by_cargo(sources, link, (NAMELESS, &[]))?);
    let fresh = memory.join(format!(".{}", std::process::id()));
    // Only a memory: without it cargo is asked again.
    drop(fs::create_dir_all(&memory).and_then(|()| fs::write(&fresh, &text)).and_then(|()| fs::rename(&fresh, &known)));
    Ok(text)
}

/// Stands for the name of a version's crate.
const NAMELESS: &str = "pipeline-of-this-version";

fn key(sources: &Sources, link: Option<&Path>) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(sources.hash().as_bytes());
    hasher.update(sources.workspace().as_bytes());
    hasher.update(&whole(sources)?);
    hasher.update(if link.is_some() { b"linked" } else { b"" });
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

/// The lock file that the sources were built with.
fn whole(sources: &Sources) -> io::Result<Vec<u8>> {
    fs::read(sources.root.join("Cargo.lock")).or_else(|_| fs::read(sources.root.join(READY)))
}

/// What cargo makes of the workspace's lock file for a crate of this name that names these packages: it takes out what is
/// not needed.
fn by_cargo(sources: &Sources, link: Option<&Path>, (name, dependencies): (&str, &[&str])) -> io::Result<String> {
    let scratch = tempfile::tempdir()?;
    let root = scratch.path();
    write::write_crate(sources, link, (name, dependencies, &[]), root)?;
    fs::create_dir_all(root.join("src"))?;
    fs::write(root.join("src/main.rs"), "fn main() {}\n")?;
    fs::write(root.join("Cargo.lock"), whole(sources)?)?;
    resolved(root)
}

/// The lock file of the crate in this directory, of the packages of another one that it needs.
///
/// # Errors
/// When cargo is not there, or does not resolve the crate from what is on this machine.
pub(crate) fn of_crate(base: &Path, directory: &Path) -> io::Result<String> {
    fs::copy(base, directory.join("Cargo.lock"))?;
    resolved(directory)
}

fn resolved(root: &Path) -> io::Result<String> {
    let cargo =
        find_program("cargo").ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "cargo is not installed"))?;
    let output = Command::new(cargo)
        .args(["update", "--workspace", "--offline", "--quiet", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(io::Error::other(format!("cargo does not resolve the crate: {words}")));
    }
    fs::read_to_string(root.join("Cargo.lock"))
}

/// The value of a line `key = "value"` of a package.
fn field<'a>(package: &'a str, key: &str) -> Option<&'a str> {
    let lines = package.lines().filter_map(|line| line.split_once(" = "));
    lines.filter(|(name, _)| *name == key).map(|(_, value)| value.trim_matches('"')).next()
}

/// Whether a package is of this name, and no registry's.
fn is_own(package: &str, name: &str) -> bool {
    field(package, "name") == Some(name) && field(package, "source").is_none()
}

fn without_root(lock: &str) -> String {
    let mut packages = lock.split(PACKAGE);
    let head = packages.next().unwrap_or_default().to_owned();
    // The last one has no empty line behind it.
    let others = packages.filter(|package| !is_own(package, NAMELESS)).map(str::trim_end);
    let others: Vec<String> = others.map(|package| format!("{PACKAGE}{package}\n")).collect();
    head + &others.join("\n")
}

/// The lock file with the version's crate at its place, as cargo would write it.
fn with_root(common: &str, name: &str, dependencies: &[&str]) -> Option<String> {
    let mut packages = common.split(PACKAGE);
    let head = packages.next()?;
    let mut packages: Vec<String> = packages.map(|package| package.trim_end().to_owned() + "\n").collect();
    if packages.iter().any(|package| field(package, "name") == Some(name)) {
        return None;
    }
    // Where there are several versions of a package, its version is named with it, as the facade does.
    let facade = packages.iter().find(|package| is_own(package, "ironbook"))?;
    let entries: Vec<&str> = facade.lines().filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\",")).collect();
    let mut named = vec!["ironbook"];
    for wanted in dependencies {
        named.push(entries.iter().copied().find(|entry| entry.split(' ').next() == Some(wanted))?);
    }
    named.sort_unstable();
    let list: String = named.iter().map(|entry| format!(" \"{entry}\",\n")).collect();
    let own = format!("name = \"{name}\"\nversion = \"{}\"\ndependencies = [\n{list}]\n", write::UNNAMED);
    let at = packages.iter().position(|package| field(package, "name").is_some_and(|other| other > name));
    packages.insert(at.unwrap_or(packages.len()), own);
    let packages: Vec<String> = packages.iter().map(|package| format!("{PACKAGE}{package}")).collect();
    Some(head.to_owned() + &packages.join("\n"))
}

/// The lock file with another version of the crate of this name.
pub(crate) fn with_version(lock: &str, name: &str, version: &str) -> String {
    let mut done = false;
    let mut set = |package: &str| {
        let old = field(package, "version").unwrap_or_default();
        if done || !is_own(package, name) {
            return package.to_owned();
        }
        done = true;
        package.replacen(&format!("version = \"{old}\""), &format!("version = \"{version}\""), 1)
    };
    lock.split(PACKAGE).map(&mut set).collect::<Vec<_>>().join(PACKAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "# By cargo.\nversion = 4\n\n\
        [[package]]\nname = \"ironbook\"\nversion = \"0.1.0+abc\"\ndependencies = [\n \"polars\",\n \"rand 0.10.4\",\n]\n\n\
        [[package]]\nname = \"pipeline-of-this-version\"\nversion = \"1.0.0\"\ndependencies = [\n \"ironbook\",\n]\n\n\
        [[package]]\nname = \"polars\"\nversion = \"0.55.0\"\nsource = \"registry\"\n\n\
        [[package]]\nname = \"rand\"\nversion = \"0.9.2\"\nsource = \"registry\"\n\n\
        [[package]]\nname = \"rand\"\nversion = \"0.10.4\"\nsource = \"registry\"\n";

    #[test]
    fn a_version_is_put_where_cargo_would() {
        let common = without_root(LOCK);
        assert!(!common.contains(NAMELESS));
        assert_eq!(with_root(&common, NAMELESS, &[]).unwrap(), LOCK);
        let late = with_root(&common, "late", &["rand", "polars"]).unwrap();
        let own = "[[package]]\nname = \"late\"\nversion = \"1.0.0\"\n\
                   dependencies = [\n \"ironbook\",\n \"polars\",\n \"rand 0.10.4\",\n]\n\n[[package]]\nname = \"polars\"\n";
        assert!(late.contains(own), "{late}");
        let last = with_root(&common, "zebra", &[]).unwrap();
        assert!(last.ends_with(
            "\n\n[[package]]\nname = \"zebra\"\nversion = \"1.0.0\"\ndependencies = [\n \"ironbook\",\n]\n"
        ));
        assert_eq!(with_root(&common, "polars", &[]), None, "two crates of one name");
        assert_eq!(with_root(&common, "late", &["itoa"]), None, "a crate that the facade does not have");
    }

    #[test]
    fn only_its_own_version_is_set() {
        let set = with_version(&LOCK.replace(NAMELESS, "rand"), "rand", "1.2.0+7");
        assert_eq!(set.matches("1.2.0+7").count(), 1);
        assert!(
            set.contains("name = \"rand\"\nversion = \"1.2.0+7\"\ndependencies") && set.contains("0.10.4"),
            "{set}"
        );
    }
}
