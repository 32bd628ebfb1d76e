//! The index of names: what the built library, and the standard library of Rust, offer; with signatures and documentation.
//!
//! It is made with the library (`make.rs`) and read by what completes and explains names. Signatures and summaries are in
//! one file; the documentation in another, read piece by piece, so that a front end holds a few megabytes.

pub(super) mod crates;
pub(super) mod make;
mod markdown;
mod page;

pub use markdown::first_sentence;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The file with names and signatures, in a library's copy; the number changes with the form of the files.
pub const FILE: &str = "index-1.json";
/// The file beside it with the documentation.
pub(super) const DOCS: &str = "index-1.docs";
/// Why there is none, if it could not be made.
pub(super) const LOG: &str = "index.log";

/// A piece of the documentation: its place and its length in bytes.
pub type DocRange = (u32, u32);

/// What a name of a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// A `struct`.
    Struct,
    /// An `enum`.
    Enum,
    /// A `union`.
    Union,
    /// A `trait`.
    Trait,
    /// A `fn`.
    Function,
    /// A macro; its name is without `!`.
    Macro,
    /// A `const`.
    Constant,
    /// A `static`.
    Static,
    /// A `type` alias.
    Alias,
    /// A type of the language: `f64`, `str`, `slice`.
    Primitive,
    /// A module.
    Module,
}

/// What a name of a type or trait is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberKind {
    /// A function with `self`.
    Method,
    /// A function without.
    Function,
    /// A field.
    Field,
    /// A variant of an `enum`.
    Variant,
    /// A constant.
    Constant,
    /// A type of a trait.
    Type,
}

/// A method, a field, a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// What it is.
    #[serde(rename = "k")]
    pub kind: MemberKind,
    /// Its name.
    #[serde(rename = "n")]
    pub name: String,
    /// Its declaration, on one line.
    #[serde(rename = "s")]
    pub signature: String,
    /// The first sentence of its documentation.
    #[serde(rename = "d", default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Its documentation.
    #[serde(rename = "r", default, skip_serializing_if = "is_empty")]
    pub doc: DocRange,
}

/// A name of a module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is.
    #[serde(rename = "k")]
    pub kind: EntryKind,
    /// Its name.
    #[serde(rename = "n")]
    pub name: String,
    /// Its declaration; on one line for functions.
    #[serde(rename = "s")]
    pub declaration: String,
    /// The first sentence of its documentation.
    #[serde(rename = "d", default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Its documentation.
    #[serde(rename = "r", default, skip_serializing_if = "is_empty")]
    pub doc: DocRange,
    /// Its own methods and so on, and those of what it dereferences to.
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// The traits that it implements and that cells have in scope; their methods are those of their own entries.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<String>,
}

fn is_empty(range: &DocRange) -> bool {
    range.1 == 0
}

/// The index as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Stored {
    entries: Vec<Entry>,
    /// Path of each module as cells write it, with its names' places in `entries`. The prelude is `""`.
    modules: BTreeMap<String, Vec<u32>>,
}

/// The index of names.
#[derive(Debug, Default)]
pub struct Index {
    stored: Stored,
    docs: Docs,
    /// Places of entries by name, the prelude's first.
    names: HashMap<String, Vec<u32>>,
    /// Names in the modules of the facade.
    own: HashSet<String>,
}

/// Where documentation is read from.
#[derive(Debug, Default)]
enum Docs {
    #[default]
    None,
    Text(String),
    File(PathBuf),
}

impl Index {
    /// Reads an index ([`super::Library::index_path`]).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load(path: &Path) -> io::Result<Index> {
        let text = std::fs::read(path)?;
        let stored: Stored = serde_json::from_slice(&text)?;
        Ok(Index::over(stored, Docs::File(path.with_file_name(DOCS))))
    }

    /// An index of these modules: path (`""` is the prelude), and what is in it. For tests.
    pub fn of(modules: impl IntoIterator<Item = (String, Vec<Entry>)>, docs: impl Into<String>) -> Index {
        let mut stored = Stored::default();
        for (path, entries) in modules {
            stored.add(path, entries);
        }
        Index::over(stored, Docs::Text(docs.into()))
    }

    fn over(stored: Stored, docs: Docs) -> Index {
        let mut names: HashMap<String, Vec<u32>> = HashMap::new();
        // In the map's order the prelude, `""`, comes first.
        for place in stored.modules.values().flatten() {
            let Some(entry) = stored.entries.get(*place as usize) else { continue };
            let places = names.entry(entry.name.clone()).or_default();
            if !places.contains(place) {
                places.push(*place);
            }
        }
        let facade =
            stored.modules.iter().filter(|(path, _)| path.starts_with(super::FACADE)).flat_map(|(_, places)| places);
        let own =
            facade.filter_map(|place| stored.entries.get(*place as usize)).map(|entry| entry.name.clone()).collect();
        Index { stored, docs, names, own }
    }

    /// How many names it has.
    pub fn len(&self) -> usize {
        self.stored.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.stored.entries.is_empty()
    }

    /// All that is called so, the prelude's first.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Entry> {
        let places = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.stored.entries.get(*place as usize))
    }

    /// Whether a name is one of the facade's own modules', not only of a library below it.
    pub fn is_own(&self, name: &str) -> bool {
        self.own.contains(name)
    }

    /// The names of a module (`ironbook::eval`, `std::fs`; `""` for the prelude), if it is known.
    pub fn module(&self, path: &str) -> Option<impl Iterator<Item = &Entry>> {
        let places = self.stored.modules.get(path)?;
        Some(places.iter().filter_map(|place| self.stored.entries.get(*place as usize)))
    }

    /// The paths of all modules.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.stored.modules.keys().map(String::as_str)
    }

    /// The documentation of a piece, in Markdown; empty if there is none.
    pub fn doc(&self, range: DocRange) -> String {
        let (start, length) = (range.0 as usize, range.1 as usize);
        match &self.docs {
            Docs::Text(text) => text.get(start..start + length).unwrap_or_default().to_owned(),
            Docs::File(path) if length > 0 => read_piece(path, range).unwrap_or_default(),
            _ => String::new(),
        }
    }
}

fn read_piece(path: &Path, (start, length): DocRange) -> io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(u64::from(start)))?;
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

impl Stored {
    /// Adds a module's names. What another module has under the same name is kept once.
    fn add(&mut self, path: String, entries: Vec<Entry>) {
        let places = entries.into_iter().map(|entry| {
            let same = |other: &Entry| {
                (other.kind, &other.name, &other.declaration) == (entry.kind, &entry.name, &entry.declaration)
                    && other.members.len() == entry.members.len()
            };
            let place = self.entries.iter().position(same).unwrap_or_else(|| {
                self.entries.push(entry);
                self.entries.len() - 1
            });
            u32::try_from(place).unwrap_or(u32::MAX)
        });
        let places = places.collect();
        self.modules.insert(path, places);
    }

    /// Writes both files into a folder, names last: they are the index.
    fn write(&self, folder: &Path, docs: &str) -> io::Result<()> {
        for (name, text) in [(DOCS, docs), (FILE, serde_json::to_string(self)?.as_str())] {
            let fresh = folder.join(format!(".{name}"));
            std::fs::write(&fresh, text)?;
            std::fs::rename(fresh, folder.join(name))?;
        }
        Ok(())
    }
}
