//! Files of runs and models.

use crate::error::Result;
use crate::model::{ArtifactInfo, ArtifactsOf};
use std::io::Read;
use std::path::Path;

/// The part of a [`crate::Store`] that has to do with artifacts. Paths are relative, with `/`. Errors are as there.
pub trait Artifacts: Send + Sync {
    /// Writes an artifact from `bytes`; one that is there is replaced. A reader of it sees the old or the new one whole.
    fn write_artifact(&self, of: ArtifactsOf<'_>, path: &str, bytes: &mut dyn Read) -> Result<()>;

    /// Opens an artifact.
    fn read_artifact(&self, of: ArtifactsOf<'_>, path: &str) -> Result<Box<dyn Read + Send>>;

    /// What lies directly in a directory (`""`: the root), sorted by path.
    fn list_artifacts(&self, of: ArtifactsOf<'_>, directory: &str) -> Result<Vec<ArtifactInfo>>;

    /// Removes an artifact, or a directory with all in it.
    fn delete_artifact(&self, of: ArtifactsOf<'_>, path: &str) -> Result<()>;

    /// Copies a local file, or a directory with all in it, to `path` (`None`: its own name, at the root).
    fn copy_artifact(&self, of: ArtifactsOf<'_>, local: &Path, path: Option<&str>) -> Result<()> {
        crate::artifacts::copy_into(self, of, local, path)
    }

    /// Copies an artifact, or a directory with all in it (`""`: everything), to a local path, and returns how many files.
    fn fetch_artifact(&self, of: ArtifactsOf<'_>, path: &str, local: &Path) -> Result<usize> {
        crate::artifacts::copy_out(self, of, path, local)
    }
}
