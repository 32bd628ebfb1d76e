//! Emptying the cache, all of it or what is no longer of use.

use super::{Cache, parse};
use crate::run::error::{Result, RunError};
use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Freed {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Cache {
    /// Removes everything.
    ///
    /// # Errors
    /// [`RunError::Busy`] while a run uses it.
    pub fn clear(&self) -> Result<Freed> {
        let _alone = self.idle()?;
        let mut freed = Freed::default();
        for part in ["entries", "objects", "logs", "locks", "seen"] {
            files(&self.root().join(part)).iter().for_each(|path| remove(path, &mut freed));
        }
        remove(&self.root().join(super::super::data::FINGERPRINTS), &mut freed);
        Ok(freed)
    }

    /// Removes entries that were made longer ago than `age`, damaged ones, and values that no entry names.
    ///
    /// # Errors
    /// [`RunError::Busy`] while a run uses it.
    pub fn prune(&self, age: Duration) -> Result<Freed> {
        let _alone = self.idle()?;
        let mut freed = Freed::default();
        let mut used: HashSet<PathBuf> = HashSet::new();
        for path in files(&self.root().join("entries")) {
            match fs::read_to_string(&path).ok().and_then(|text| parse(&text)).filter(|_| !is_older(&path, age)) {
                Some(entry) => used.extend(entry.outputs.iter().map(|made| self.object(&made.digest))),
                None => remove(&path, &mut freed),
            }
        }
        let unused = files(&self.root().join("objects")).into_iter().filter(|path| !used.contains(path));
        unused.for_each(|path| remove(&path, &mut freed));
        let old = ["logs", "seen"].iter().flat_map(|part| files(&self.root().join(part)));
        let logs = old.filter(|path| is_older(path, age));
        logs.for_each(|path| remove(&path, &mut Freed::default()));
        files(&self.root().join("locks")).iter().for_each(|path| remove(path, &mut Freed::default()));
        Ok(freed)
    }

    /// That no run uses it, as long as the result is held.
    fn idle(&self) -> Result<File> {
        let alone = self.sweep()?;
        let work = self.root().join("work");
        let mut left = fs::read_dir(&work).map_err(|e| RunError::io("read", &work, e))?;
        if left.next().is_some() { Err(RunError::Busy(self.root().to_owned())) } else { Ok(alone) }
    }
}

fn is_older(path: &Path, age: Duration) -> bool {
    fs::metadata(path).and_then(|of| of.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|is| is > age))
}

fn remove(path: &Path, freed: &mut Freed) {
    let len = fs::metadata(path).map_or(0, |of| of.len());
    if fs::remove_file(path).is_ok() {
        *freed = Freed { files: freed.files + 1, bytes: freed.bytes + len };
    }
}

/// The files of a directory and of those in it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()),
            Ok(_) => vec![entry.path()],
            Err(_) => Vec::new(),
        })
        .collect()
}
