//! From what a user writes to a version.

use super::{Error, Folder};
use crate::definition::{Definition, FILE};
use crate::version::{Version, number};
use std::path::{Path, PathBuf};

/// A version that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is.
    pub definition: Definition,
    /// Its version.
    pub version: Version,
    /// Its directory.
    pub directory: PathBuf,
}

impl Folder {
    /// The version that a text names: `name` and `name@latest` the highest, `name@1` the highest 1.x, `name@1.3` the
    /// highest 1.3.x, `name@1.3.0` this one; a path with a separator, `.` or `..` the version in that directory.
    ///
    /// # Errors
    /// When there is none, or its definition is not read.
    pub fn resolve(&self, text: &str) -> Result<Found, Error> {
        if text.contains(['/', std::path::MAIN_SEPARATOR]) || text == "." || text == ".." {
            return by_path(Path::new(text));
        }
        let (name, wanted) = text.split_once('@').unwrap_or((text, "latest"));
        let wanted = Wanted::read(wanted).ok_or_else(|| Error::Form { text: text.to_owned() })?;
        if name.is_empty() {
            return Err(Error::Form { text: text.to_owned() });
        }
        let known = self.versions(name)?;
        if known.is_empty() {
            return Err(Error::NoPipeline {
                name: name.to_owned(),
                root: self.root().to_owned(),
                known: self.names()?,
            });
        }
        let Some(version) = known.iter().rev().copied().find(|version| wanted.is(*version)) else {
            let wanted = text.split_once('@').map_or("", |(_, wanted)| wanted).to_owned();
            return Err(Error::NoVersion { name: name.to_owned(), wanted, known });
        };
        let directory = self.directory(name, version);
        Ok(Found { definition: read(&directory, name, version)?, version, directory })
    }
}

fn by_path(path: &Path) -> Result<Found, Error> {
    let directory = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    let definition = Definition::read(directory)?;
    Ok(Found { version: definition.semver(), definition, directory: directory.to_owned() })
}

/// The definition in the directory of a version, which has to be that of this version.
pub(super) fn read(directory: &Path, name: &str, version: Version) -> Result<Definition, Error> {
    let definition = Definition::read(directory)?;
    let (expected, found) = (format!("{name}@{version}"), format!("{}@{}", definition.name, definition.version));
    if expected == found { Ok(definition) } else { Err(Error::Moved { path: directory.join(FILE), expected, found }) }
}

/// The part behind the `@`.
enum Wanted {
    Latest,
    Beginning(Vec<u64>),
}

impl Wanted {
    fn read(text: &str) -> Option<Wanted> {
        if text == "latest" {
            return Some(Wanted::Latest);
        }
        let numbers: Vec<u64> = text.split('.').map(number).collect::<Option<_>>()?;
        (numbers.len() <= 3).then_some(Wanted::Beginning(numbers))
    }

    fn is(&self, version: Version) -> bool {
        match self {
            Wanted::Latest => true,
            Wanted::Beginning(numbers) => [version.major, version.minor, version.patch].starts_with(numbers),
        }
    }
}
