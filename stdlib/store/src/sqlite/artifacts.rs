//! Artifacts of the embedded store.

use super::{SqliteStore, fill, models};
use crate::artifacts::Repo;
use crate::error::Result;
use crate::model::{ArtifactInfo, ArtifactsOf};
use crate::store::Artifacts;
use std::io::Read;

impl SqliteStore {
    fn repo_of(&self, of: ArtifactsOf<'_>) -> Result<Box<dyn Repo>> {
        let uri = self.pool.read(|t| match of {
            ArtifactsOf::Run(id) => Ok(fill::find(t, &self.places, id)?.info.artifact_uri),
            ArtifactsOf::Model(id) => Ok(models::find(t, &self.places, id)?.model.artifact_uri),
        })?;
        self.repo(&uri)
    }
}

impl Artifacts for SqliteStore {
    fn write_artifact(&self, of: ArtifactsOf<'_>, path: &str, bytes: &mut dyn Read) -> Result<()> {
        self.repo_of(of)?.write(path, bytes)
    }

    fn read_artifact(&self, of: ArtifactsOf<'_>, path: &str) -> Result<Box<dyn Read + Send>> {
        self.repo_of(of)?.read(path)
    }

    fn list_artifacts(&self, of: ArtifactsOf<'_>, directory: &str) -> Result<Vec<ArtifactInfo>> {
        self.repo_of(of)?.list(directory)
    }

    fn delete_artifact(&self, of: ArtifactsOf<'_>, path: &str) -> Result<()> {
        self.repo_of(of)?.delete(path)
    }
}
