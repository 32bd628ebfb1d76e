//! The standard library's sources, as they travel with a version.

use crate::lock;
use ironbook_session::library::Paths;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use toml::{Table, Value};

/// Directory of a version that holds them.
pub(crate) const FOLDER: &str = "vendor";
/// Directory of an installed copy that holds them.
const INSTALLED: &str = "source";
/// Directories of a crate that its users do not need.
const NOT_NEEDED: &[&str] = &["tests", "benches", "examples", "target"];
/// Seconds from 1970 to the time that all written files have. cargo tells by times whether a crate has changed; what these
/// are is told by their version, so that a build of another pipeline beside this one finds them compiled.
const TIME: Duration = Duration::from_secs(315_532_800);

/// Where the sources of the library are: in the workspace, or in an installed copy.
pub(crate) fn folder(paths: &Paths) -> PathBuf {
    paths.installed.as_ref().map_or_else(|| paths.source.clone(), |installed| installed.join(INSTALLED))
}

/// How packages begin that no version has, unless they are the library's: ours, and rust-analyzer, which is the language service's.
const FRONT_ENDS: [&str; 2] = ["ironbook", "ra_ap_"];

/// The files that an installed copy needs to promote, by their paths below its `lib/ironbook`: the sources, and the lock file
/// of a version.
///
/// # Errors
/// When a file cannot be read; when cargo does not resolve the crates from what is on this machine.
pub fn packed(paths: &Paths) -> io::Result<Vec<(String, Vec<u8>)>> {
    let source = folder(paths);
    let sources = Sources::read(&source)?;
    let mut files = vec![
        ("Cargo.toml".to_owned(), fs::read(source.join("Cargo.toml"))?),
        (lock::READY.to_owned(), lock::common(paths, &sources, None)?.into_bytes()),
    ];
    files.extend(sources.files.into_iter().map(|(path, content)| (path.display().to_string(), content)));
    Ok(files.into_iter().map(|(path, content)| (format!("{INSTALLED}/{path}"), content)).collect())
}

/// Files below the sources that a pipeline needs: the crates of the standard library that are reached from the facade.
pub(crate) struct Sources {
    /// Paths relative to the sources, with their contents.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// Directories of the crates.
    crates: Vec<String>,
    /// The manifest of the workspace.
    manifest: Table,
    /// Where they were read.
    pub root: PathBuf,
}

impl Sources {
    /// Reads them.
    ///
    /// # Errors
    /// When a file cannot be read, or a manifest makes no sense.
    pub fn read(source: &Path) -> io::Result<Sources> {
        let manifest: Table = table(&source.join("Cargo.toml"))?;
        let known = dependencies_of(&manifest);
        let mut crates: Vec<String> = Vec::new();
        let mut open = vec!["ironbook".to_owned()];
        while let Some(name) = open.pop() {
            let Some(directory) = known.get(&name) else { continue };
            if crates.contains(directory) {
                continue;
            }
            crates.push(directory.clone());
            let own = table(&source.join(directory).join("Cargo.toml"))?;
            let names = ["dependencies", "build-dependencies"].into_iter().filter_map(|key| own.get(key)?.as_table());
            open.extend(names.flat_map(|table| table.keys().cloned()));
        }
        crates.sort();
        let mut files = BTreeMap::new();
        for directory in &crates {
            collect(source, Path::new(directory), &mut files)?;
        }
        Ok(Sources { files, crates, manifest, root: source.to_owned() })
    }

    /// Hash over all of them.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (path, content) in &self.files {
            hasher.update(path.as_os_str().as_encoded_bytes());
            hasher.update(&(content.len() as u64).to_le_bytes());
            hasher.update(content);
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The version that they have in a version of a pipeline: the library's, and what it is of, so that cargo never takes one
    /// for another.
    pub fn version(&self) -> String {
        let version = || self.manifest.get("workspace")?.get("package")?.get("version")?.as_str();
        format!("{}+{}", version().unwrap_or("0.0.0"), &self.hash()[..12])
    }

    /// The manifest of the workspace that they form.
    pub fn workspace(&self) -> String {
        let workspace = self.manifest.get("workspace").and_then(Value::as_table);
        let mut table = Table::new();
        table.insert("resolver".into(), Value::String("3".into()));
        let members = self.crates.iter().cloned().map(Value::String).collect();
        table.insert("members".into(), Value::Array(members));
        for key in ["package", "dependencies", "lints"] {
            if let Some(value) = workspace.and_then(|workspace| workspace.get(key)) {
                table.insert(key.into(), value.clone());
            }
        }
        if let Some(Value::Table(package)) = table.get_mut("package") {
            package.insert("version".into(), Value::String(self.version()));
        }
        if let Some(Value::Table(dependencies)) = table.get_mut("dependencies") {
            // Crates of the workspace that are not here.
            dependencies.retain(|_, value| {
                let path = value.get("path").and_then(Value::as_str);
                path.is_none_or(|path| self.crates.iter().any(|directory| directory == path))
            });
        }
        let mut root = Table::new();
        root.insert("workspace".into(), Value::Table(table));
        toml::to_string(&root).unwrap_or_default()
    }

    /// The workspace's profile, so that a build beside it shares everything.
    ///
    /// Crates of the library are members there and none here: they get what `"*"` does not mean there.
    pub fn profile(&self) -> String {
        let profile =
            self.manifest.get("profile").and_then(|all| all.get("dev")?.as_table()).cloned().unwrap_or_default();
        let empty = Table::new();
        let given = profile.get("package").and_then(Value::as_table).unwrap_or(&empty);
        let others = given.get("*").and_then(Value::as_table).unwrap_or(&empty);
        let mut packages: Table = given.clone();
        let names: Vec<String> = self.crates.iter().filter_map(|directory| self.package(directory)).collect();
        let is_front_ends = |name: &str| FRONT_ENDS.iter().any(|begin| name.starts_with(begin));
        packages.retain(|name, _| !is_front_ends(name) || names.iter().any(|known| known == name));
        for name in names {
            let mut own: Table =
                others.keys().filter_map(|key| Some((key.clone(), profile.get(key)?.clone()))).collect();
            own.extend(given.get(&name).and_then(Value::as_table).cloned().unwrap_or_default());
            match own == *others {
                true => packages.remove(&name),
                false => packages.insert(name, Value::Table(own)),
            };
        }
        let mut out = String::from("[profile.dev]\n");
        for (key, value) in profile.iter().filter(|(_, value)| !value.is_table()) {
            let _ = writeln!(out, "{key} = {value}");
        }
        out.push_str("\n[profile.dev.package]\n");
        for (name, value) in packages {
            let name = if name == "*" { "\"*\"".to_owned() } else { name };
            let _ = writeln!(out, "{name} = {value}");
        }
        out
    }

    /// The package of a library, and what the workspace's manifest says of it.
    pub fn dependency(&self, name: &str) -> Option<(&str, &Value)> {
        let all = self.manifest.get("workspace")?.get("dependencies")?.as_table()?;
        let (package, value) = all.iter().find(|(package, _)| package.replace('-', "_") == name)?;
        Some((package, value))
    }

    fn package(&self, directory: &str) -> Option<String> {
        let content = self.files.get(&Path::new(directory).join("Cargo.toml"))?;
        let table: Table = std::str::from_utf8(content).ok()?.parse().ok()?;
        Some(table.get("package")?.get("name")?.as_str()?.to_owned())
    }

    /// Writes them below a directory.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, to: &Path) -> io::Result<()> {
        for (path, content) in &self.files {
            let path = to.join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            write_timed(&path, content)?;
        }
        write_timed(&to.join("Cargo.toml"), self.workspace().as_bytes())
    }
}

fn write_timed(path: &Path, content: &[u8]) -> io::Result<()> {
    fs::write(path, content)?;
    File::options().write(true).open(path)?.set_modified(SystemTime::UNIX_EPOCH + TIME)
}

fn table(path: &Path) -> io::Result<Table> {
    let text = fs::read_to_string(path).map_err(|error| named(&error, path))?;
    text.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display())))
}

fn named(error: &io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Directories of the workspace's own crates, by name.
fn dependencies_of(manifest: &Table) -> BTreeMap<String, String> {
    let all = manifest.get("workspace").and_then(|workspace| workspace.get("dependencies")?.as_table());
    let path = |(name, value): (&String, &Value)| Some((name.clone(), value.get("path")?.as_str()?.to_owned()));
    all.into_iter().flatten().filter_map(path).collect()
}

fn collect(source: &Path, directory: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
    let full = source.join(directory);
    for entry in fs::read_dir(&full).map_err(|error| named(&error, &full))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = directory.join(&name);
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        match entry.file_type()? {
            kind if kind.is_file() => drop(files.insert(path, fs::read(entry.path())?)),
            // A crate inside of a crate's directory is one of its own.
            kind if kind.is_dir()
                && !NOT_NEEDED.iter().any(|skip| name == *skip)
                && !entry.path().join("Cargo.toml").is_file() =>
            {
                collect(source, &path, files)?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Sources {
        let manifest = |name: &str| format!("[package]\nname = \"{name}\"\n").into_bytes();
        let files = [("stdlib/core/Cargo.toml", "ironbook-core"), ("stdlib/learn/Cargo.toml", "ironbook-learn")];
        let files: BTreeMap<PathBuf, Vec<u8>> =
            files.into_iter().map(|(path, name)| (path.into(), manifest(name))).collect();
        let crates = vec!["stdlib/core".to_owned(), "stdlib/learn".to_owned()];
        Sources { files, crates, manifest: text.parse().unwrap(), root: PathBuf::new() }
    }

    #[test]
    fn crates_of_the_library_keep_the_profile_of_members() {
        let sources = sources(
            "[workspace.package]\nversion = \"0.3.0\"\n[profile.dev]\nopt-level = 1\ndebug = false\n\
             [profile.dev.package.\"*\"]\nopt-level = 3\n[profile.dev.package.ironbook-learn]\nopt-level = 3\n\
             [profile.dev.package.ironbook-kernel]\nopt-level = 2\n[profile.dev.package.ra_ap_ide]\nopt-level = 1\n\
             [profile.dev.package.rand]\nopt-level = 2\n",
        );
        assert_eq!(
            sources.profile(),
            "[profile.dev]\ndebug = false\nopt-level = 1\n\n[profile.dev.package]\n\"*\" = { opt-level = 3 }\n\
             ironbook-core = { opt-level = 1 }\nrand = { opt-level = 2 }\n"
        );
    }

    #[test]
    fn other_sources_are_another_version_and_the_same_are_as_old() {
        let text = "[workspace.package]\nversion = \"0.3.0\"\n";
        let mut other = sources(text);
        other.files.insert("stdlib/core/src/lib.rs".into(), b"fn f() {}".to_vec());
        let (one, other) = (sources(text), other);
        assert!(one.version().starts_with("0.3.0+") && one.version() != other.version());
        let folder = tempfile::tempdir().unwrap();
        other.write(folder.path()).unwrap();
        assert!(fs::read_to_string(folder.path().join("Cargo.toml")).unwrap().contains(&other.version()));
        let time = |path: &str| folder.path().join(path).metadata().unwrap().modified().unwrap();
        assert_eq!(time("Cargo.toml"), time("stdlib/core/src/lib.rs"));
        assert_eq!(time("Cargo.toml"), SystemTime::UNIX_EPOCH + TIME);
    }
}
