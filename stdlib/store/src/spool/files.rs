//! Artifacts through a spool: the content is copied first, under the name of its hash.

use super::journal::Row;
use super::op::Op;
use super::{SpooledStore, overlay};
use crate::artifacts::check;
use crate::error::{Error, Result};
use crate::model::{ArtifactInfo, ArtifactsOf};
use crate::store::Artifacts;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// The id in an [`ArtifactsOf`], and the same with another id.
fn id_of<'a>(of: ArtifactsOf<'a>) -> &'a str {
    let (ArtifactsOf::Run(id) | ArtifactsOf::Model(id)) = of;
    id
}

fn with<'a>(of: ArtifactsOf<'_>, id: &'a str) -> ArtifactsOf<'a> {
    match of {
        ArtifactsOf::Run(_) => ArtifactsOf::Run(id),
        ArtifactsOf::Model(_) => ArtifactsOf::Model(id),
    }
}

/// A copy that is removed unless it was moved to its name.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        // Gone when it was moved.
        let _ = fs::remove_file(&self.0);
    }
}

impl SpooledStore {
    fn lane_of_artifacts(&self, of: ArtifactsOf<'_>) -> Result<Arc<str>> {
        super::runs::check_id(id_of(of))?;
        self.lane_of(id_of(of))
    }

    /// Copies content; the copy and the hash of what is in it.
    fn copy(&self, bytes: &mut dyn Read) -> Result<(Copy, String)> {
        let files = &self.shared.files;
        fs::create_dir_all(files).map_err(|e| Error::io("create the directory", files, e))?;
        let copy = Copy(files.join(format!("new-{}-{:x}", std::process::id(), rand::random::<u64>())));
        let writing = |e| Error::io("write", &copy.0, e);
        let mut file = File::create_new(&copy.0).map_err(writing)?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; 256 << 10];
        loop {
            let count = match bytes.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Error::io("read the content of", "an artifact", e)),
            };
            hasher.update(&piece[..count]);
            file.write_all(&piece[..count]).map_err(writing)?;
        }
        Ok((copy, hasher.finalize().to_hex().to_string()))
    }

    /// What is newest of an artifact in the spool: its copy, or that it is to be deleted.
    fn waiting_artifact(&self, lane: &str, path: &str) -> Result<Option<Option<PathBuf>>> {
        let waiting = self.journal.calls(lane)?;
        Ok(waiting.iter().rev().find_map(|w| match &w.op {
            Op::WriteArtifact { path: p, hash } if p == path => Some(Some(self.shared.files.join(hash))),
            Op::DeleteArtifact { path: p } if path == p || path.starts_with(&format!("{p}/")) => Some(None),
            _ => None,
        }))
    }
}

impl Artifacts for SpooledStore {
    fn write_artifact(&self, of: ArtifactsOf<'_>, path: &str, bytes: &mut dyn Read) -> Result<()> {
        check(path)?;
        let lane = self.lane_of_artifacts(of)?;
        let (copy, hash) = self.copy(bytes)?;
        let (kind, body) = Op::WriteArtifact { path: path.to_owned(), hash: hash.clone() }.encode();
        let target = self.shared.files.join(&hash);
        let row = Row { kind, body, points: 0, file: Some(&hash) };
        // Moved while the write lock is held: otherwise the thread that sends could remove a file of the same name that
        // it is done with.
        let moved = || fs::rename(&copy.0, &target).map_err(|e| Error::io("write", &target, e));
        self.journal.push(&lane, &[row], moved)?;
        self.shared.wake();
        Ok(())
    }

    fn read_artifact(&self, of: ArtifactsOf<'_>, path: &str) -> Result<Box<dyn Read + Send>> {
        check(path)?;
        let lane = self.lane_of_artifacts(of)?;
        match self.waiting_artifact(&lane, path)? {
            Some(None) => Err(Error::NotFound { what: "artifact", name: path.to_owned() }),
            Some(Some(copy)) => match File::open(&copy) {
                Ok(file) => Ok(Box::new(file)),
                // It has arrived since.
                Err(_) => self.inner().read_artifact(with(of, &self.need_remote(&lane)?), path),
            },
            None => self.inner().read_artifact(with(of, &self.need_remote(&lane)?), path),
        }
    }

    fn list_artifacts(&self, of: ArtifactsOf<'_>, directory: &str) -> Result<Vec<ArtifactInfo>> {
        if !directory.is_empty() {
            check(directory)?;
        }
        let lane = self.lane_of_artifacts(of)?;
        let waiting = self.journal.calls(&lane)?;
        let there = self.ask(&lane, |remote| self.inner().list_artifacts(with(of, remote), directory))?;
        if there.is_none() && self.remote_of(&lane)?.is_some() {
            return Err(self.not_there_yet());
        }
        let size = |hash: &str| fs::metadata(self.shared.files.join(hash)).map_or(0, |meta| meta.len());
        Ok(overlay::on_list(there.unwrap_or_default(), directory, &waiting, size))
    }

    fn delete_artifact(&self, of: ArtifactsOf<'_>, path: &str) -> Result<()> {
        check(path)?;
        self.push(&self.lane_of_artifacts(of)?, &Op::DeleteArtifact { path: path.to_owned() })
    }
}
