//! The files: values one after the other, then a list of them with their digests, its length, and a mark.
//!
//! A file that was not finished has no mark, and is no file. Nothing is flushed to the device: after a power cut a digest
//! does not match, and the value is lost; after the death of any process all is there.

use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The last bytes of a finished file.
const MARK: &[u8; 8] = b"ironkept";
/// Bytes behind the list.
const TAIL: u64 = 16;
/// Longest list that is read.
const LONGEST_LIST: u64 = 64 << 20;

/// Where a value lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Place {
    /// With the other small values of this number.
    Small(u64),
    /// In a file of its own, which may still be on its way.
    Large(u64),
}

impl Place {
    /// The number, which grows from cell to cell.
    pub fn number(self) -> u64 {
        match self {
            Place::Small(number) | Place::Large(number) => number,
        }
    }

    /// The file that holds a variable.
    pub fn file(self, directory: &Path, name: &str) -> PathBuf {
        match self {
            Place::Small(number) => directory.join(format!("{number}.values")),
            // A name can be longer than a file's, and differ from another by case only.
            Place::Large(number) => {
                directory.join(format!("{number}-{}.value", &blake3::hash(name.as_bytes()).to_hex()[..16]))
            }
        }
    }
}

/// The number of a file of values.
pub fn number_of(file_name: &str) -> Option<u64> {
    let stem = file_name.strip_suffix(".values").or_else(|| file_name.strip_suffix(".value"))?;
    stem.split('-').next()?.parse().ok()
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    type_name: String,
    start: u64,
    len: u64,
    digest: String,
    /// The keeper that wrote it; nothing for those of the library.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    of: String,
}

/// Several values on their way into one file.
#[derive(Default)]
pub(super) struct Pack {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

impl Pack {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds what `write` writes; its digest.
    ///
    /// # Errors
    /// Of `write`; `FileTooLarge` above `limit` bytes. Nothing of the value is then in the pack.
    pub(super) fn add(
        &mut self,
        name: &str,
        (type_name, of): (&str, &str),
        limit: u64,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<blake3::Hash> {
        let start = self.bytes.len();
        let result = write(&mut Limited { to: &mut self.bytes, left: limit });
        if let Err(error) = result {
            self.bytes.truncate(start);
            return Err(error);
        }
        let digest = blake3::hash(&self.bytes[start..]);
        let len = (self.bytes.len() - start) as u64;
        let (name, type_name, of) = (name.to_owned(), type_name.to_owned(), of.to_owned());
        self.entries.push(Entry { name, type_name, start: start as u64, len, digest: digest.to_hex().to_string(), of });
        Ok(digest)
    }

    /// Writes the file.
    pub(super) fn save(self, path: &Path) -> io::Result<()> {
        let Pack { mut bytes, entries } = self;
        finish(&mut bytes, &entries)?;
        let written = File::create(path).and_then(|mut file| file.write_all(&bytes));
        written.inspect_err(|_| drop(fs::remove_file(path)))
    }
}

/// Ends a file: the list, its length, the mark.
fn finish(to: &mut impl Write, entries: &[Entry]) -> io::Result<()> {
    let list = serde_json::to_vec(entries)?;
    to.write_all(&list)?;
    to.write_all(&(list.len() as u64).to_le_bytes())?;
    to.write_all(MARK)
}

struct Limited<'a> {
    to: &'a mut Vec<u8>,
    left: u64,
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "a large value"))?;
        self.to.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One large value on its way into a file of its own.
pub(super) struct Single<W: Write> {
    to: W,
    hasher: blake3::Hasher,
    len: u64,
}

impl<W: Write> Single<W> {
    pub(super) fn new(to: W) -> Single<W> {
        Single { to, hasher: blake3::Hasher::new(), len: 0 }
    }

    /// Ends the file.
    pub(super) fn end(mut self, name: &str, type_name: &str, of: &str) -> io::Result<()> {
        let digest = self.hasher.finalize().to_hex().to_string();
        let (name, type_name, of) = (name.to_owned(), type_name.to_owned(), of.to_owned());
        finish(&mut self.to, &[Entry { name, type_name, start: 0, len: self.len, digest, of }])?;
        self.to.flush()
    }
}

impl<W: Write> Write for Single<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A value as it lies on disk, its digest compared.
#[derive(Debug)]
pub struct Read {
    /// The type that it is of.
    pub type_name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: blake3::Hash,
    /// The keeper that wrote it.
    pub of: String,
}

/// Reads the value of a variable.
///
/// # Errors
/// When it is not there, not whole, or not what was written.
pub fn read(directory: &Path, place: Place, name: &str) -> io::Result<Read> {
    let mut file = File::open(place.file(directory, name))?;
    let entry = list(&mut file)?.into_iter().find(|entry| entry.name == name);
    let entry = entry.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it is not in its file"))?;
    let len = usize::try_from(entry.len).map_err(io::Error::other)?;
    file.seek(SeekFrom::Start(entry.start))?;
    let mut bytes = Vec::with_capacity(len);
    file.take(entry.len).read_to_end(&mut bytes)?;
    let digest = blake3::hash(&bytes);
    let whole = bytes.len() == len && digest.to_hex().as_str() == entry.digest;
    if whole {
        Ok(Read { type_name: entry.type_name, bytes, digest, of: entry.of })
    } else {
        Err(damaged("its digest does not match"))
    }
}

/// The digest that a file says a variable has.
pub fn digest(directory: &Path, place: Place, name: &str) -> io::Result<String> {
    let mut file = File::open(place.file(directory, name))?;
    let found = list(&mut file)?.into_iter().find(|entry| entry.name == name);
    found.map(|entry| entry.digest).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it is not in its file"))
}

fn list(file: &mut File) -> io::Result<Vec<Entry>> {
    let size = file.seek(SeekFrom::End(0))?;
    let at = size.checked_sub(TAIL).ok_or_else(unfinished)?;
    let mut tail = [0; TAIL as usize];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut tail)?;
    let (len, mark) = tail.split_at(8);
    if mark != MARK {
        return Err(unfinished());
    }
    let len = len.try_into().map(u64::from_le_bytes).map_err(io::Error::other)?;
    let start = at.checked_sub(len).filter(|_| len <= LONGEST_LIST).ok_or_else(|| damaged("its list is too long"))?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(len).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn unfinished() -> io::Error {
    damaged("it was not written to its end")
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("ironbook-keep-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn values_of_a_pack_are_found_by_name() {
        let folder = folder();
        let mut pack = Pack::default();
        pack.add("a", ("i32", ""), 8, |to| to.write_all(b"one")).unwrap();
        let long = pack.add("b", ("i32", ""), 8, |to| to.write_all(b"too long for it"));
        assert_eq!(long.unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        pack.add("c", ("f64", ""), 8, |to| to.write_all(b"three")).unwrap();
        pack.save(&Place::Small(4).file(&folder, "")).unwrap();
        let found = read(&folder, Place::Small(4), "c").unwrap();
        assert_eq!((found.type_name.as_str(), &*found.bytes), ("f64", &b"three"[..]));
        assert!(read(&folder, Place::Small(4), "b").is_err());
        assert!(read(&folder, Place::Small(5), "a").is_err());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_cut_or_changed_is_refused() {
        let folder = folder();
        let place = Place::Large(7);
        let path = place.file(&folder, "x");
        let mut file = Single::new(File::create(&path).unwrap());
        file.write_all(&[5; 1000]).unwrap();
        file.end("x", "Vec<u8>", "").unwrap();
        assert_eq!(read(&folder, place, "x").unwrap().bytes, [5; 1000]);
        let whole = fs::read(&path).unwrap();
        for len in [0, 10, 999, 1000, whole.len() - 1] {
            fs::write(&path, &whole[..len]).unwrap();
            assert!(read(&folder, place, "x").is_err(), "{len}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            let bytes = read(&folder, place, "x").map(|read| read.bytes);
            assert!(bytes.is_err() || bytes.unwrap() == [5; 1000], "{at}");
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn numbers_of_files() {
        assert_eq!(number_of("12.values"), Some(12));
        assert_eq!(number_of(Place::Large(3).file(Path::new(""), "x").to_str().unwrap()), Some(3));
        assert_eq!(number_of("journal.jsonl"), None);
    }
}
