//! The files that a run reads: where they are, and whether they are what they were.

use super::cache::{Cache, write_whole};
use super::error::{Result, RunError, list};
use crate::definition::{Data, Definition};
use crate::fingerprint::{Stamp, fingerprint, stamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The file of the cache with fingerprints of files that are unchanged since.
pub(crate) const FINGERPRINTS: &str = "fingerprints.json";
/// A file that was changed so shortly before it was read may change again within the same tick of its clock.
const TICK_NS: i128 = 50_000_000;

/// A file of a run.
#[derive(Clone, Debug, Serialize)]
pub struct DataFile {
    /// As the stage gets it: relative to the project as in the definition, or absolute when given with `--data`.
    pub path: String,
    /// `blake3:` and the hash of its content.
    pub fingerprint: String,
    /// Bytes.
    pub bytes: u64,
    #[serde(skip)]
    stamp: String,
    #[serde(skip)]
    full: PathBuf,
}

impl DataFile {
    /// Whether it is still as it was when its fingerprint was taken.
    pub(crate) fn is_unchanged(&self) -> bool {
        stamp(&self.full).is_ok_and(|now| now.text == self.stamp)
    }
}

/// What `--data` and `--allow-changed-data` said.
#[derive(Clone, Debug, Default)]
pub struct DataOptions {
    /// Other files, by name.
    pub replaced: BTreeMap<String, PathBuf>,
    /// Whether files may differ from their fingerprints in the definition.
    pub allow_changed: bool,
}

impl DataOptions {
    /// From the texts `NAME=PATH`.
    ///
    /// # Errors
    /// For a text without `=`, and for a name that the definition has not.
    pub fn new(definition: &Definition, texts: &[String], allow_changed: bool) -> Result<DataOptions> {
        let mut replaced = BTreeMap::new();
        for text in texts {
            let pair = || RunError::NoPair { option: "--data", text: text.clone(), what: "PATH" };
            let (name, path) = text.split_once('=').ok_or_else(pair)?;
            if !definition.data.iter().any(|data| data.name == name) {
                let known = list(definition.data.iter().map(|data| data.name.as_str()));
                return Err(RunError::UnknownData { name: name.to_owned(), known });
            }
            let path = std::path::absolute(path).map_err(|e| RunError::io("find", Path::new(path), e))?;
            replaced.insert(name.to_owned(), path);
        }
        Ok(DataOptions { replaced, allow_changed })
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Known(BTreeMap<PathBuf, (String, String, u64)>);

/// The files with these names, their fingerprints compared with the definition's.
///
/// # Errors
/// For a file that is not there, and for one that has changed though it should not have.
pub fn resolve<'a>(
    wanted: impl IntoIterator<Item = &'a Data>,
    options: &DataOptions,
    project: &Path,
    (cache, work): (&Cache, &Path),
) -> Result<BTreeMap<String, DataFile>> {
    let store = cache.root().join(FINGERPRINTS);
    let mut known: Known =
        fs::read(&store).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let mut news = false;
    let mut files = BTreeMap::new();
    for data in wanted {
        let replaced = options.replaced.get(&data.name);
        let full = replaced.map_or_else(|| project.join(&data.path), Clone::clone);
        let missing = |source| RunError::NoData { name: data.name.clone(), path: full.clone(), source };
        let before = stamp(&full).map_err(missing)?;
        let (print, bytes) = match known.0.get(&full) {
            Some((stamp, print, bytes)) if *stamp == before.text => (print.clone(), *bytes),
            _ => {
                let (print, bytes) = steady(&full, &before).map_err(missing)?;
                if now_ns() - before.newest_ns > TICK_NS {
                    known.0.insert(full.clone(), (before.text.clone(), print.clone(), bytes));
                    news = true;
                }
                (print, bytes)
            }
        };
        if replaced.is_none() && !options.allow_changed && print != data.fingerprint {
            let recorded = data.fingerprint.clone();
            return Err(RunError::Changed { name: data.name.clone(), path: full, recorded, found: print });
        }
        let path = if replaced.is_some() { full.to_string_lossy().into_owned() } else { data.path.clone() };
        files.insert(data.name.clone(), DataFile { path, fingerprint: print, bytes, stamp: before.text, full });
    }
    if news {
        let bytes = serde_json::to_vec(&known).map_err(|e| RunError::io("write", &store, e.into()))?;
        write_whole(&store, &bytes, work)?;
    }
    Ok(files)
}

/// The fingerprint of a file that nobody writes meanwhile.
fn steady(path: &Path, before: &Stamp) -> io::Result<(String, u64)> {
    let found = fingerprint(path)?;
    if stamp(path)? == *before { Ok(found) } else { Err(io::Error::other("it is being written")) }
}

fn now_ns() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128)
}
