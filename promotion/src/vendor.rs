//! The standard library's sources, as they travel with a version.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Directory of a version that holds them.
pub(crate) const FOLDER: &str = "vendor";
/// Directories of a crate that its users do not need.
const NOT_NEEDED: &[&str] = &["tests", "benches", "examples", "target"];

/// Files below the sources that a pipeline needs: the crates of the standard library that are reached from the facade.
pub(crate) struct Sources {
    /// Paths relative to the sources, with their contents.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// Directories of the crates.
    crates: Vec<String>,
    /// The manifest of the workspace.
    manifest: Table,
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
        Ok(Sources { files, crates, manifest })
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

    /// The profiles of the workspace, so that a build beside it shares everything.
    pub fn profiles(&self) -> String {
        let mut profile = self.manifest.get("profile").cloned().unwrap_or_else(|| Value::Table(Table::new()));
        let names: Vec<String> = self.crates.iter().filter_map(|directory| self.package(directory)).collect();
        for profile in profile.as_table_mut().into_iter().flat_map(|all| all.iter_mut()).map(|(_, profile)| profile) {
            if let Some(Value::Table(packages)) = profile.get_mut("package") {
                packages.retain(|name, _| {
                    name == "*" || names.iter().any(|known| known == name) || !name.starts_with("ironbook")
                });
            }
        }
        let mut root = Table::new();
        root.insert("profile".into(), profile);
        toml::to_string(&root).unwrap_or_default()
    }

    /// The line of a manifest that names a crate as the workspace does; `name` is that of the library.
    pub fn dependency(&self, name: &str) -> Option<String> {
        let all = self.manifest.get("workspace")?.get("dependencies")?.as_table()?;
        let (package, value) = all.iter().find(|(package, _)| package.replace('-', "_") == name)?;
        Some(format!("{package} = {value}\n"))
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
            fs::write(path, content)?;
        }
        fs::write(to.join("Cargo.toml"), self.workspace())
    }
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
