//! Files of runs and models of a server: they lie where the server says, which may be behind it or anywhere else.

use super::{MlflowStore, check_id};
use crate::artifacts::{Repo, open_for};
use crate::error::Result;
use crate::model::{ArtifactInfo, ArtifactsOf};
use crate::store::{Artifacts, Models};
use std::io::Read;
use std::sync::{Arc, PoisonError};

impl MlflowStore {
    fn repo(&self, of: ArtifactsOf<'_>) -> Result<Arc<dyn Repo>> {
        let (ArtifactsOf::Run(id) | ArtifactsOf::Model(id)) = of;
        let lock = || self.repos.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(repo) = lock().get(id) {
            return Ok(Arc::clone(repo));
        }
        let uri = match of {
            ArtifactsOf::Run(run) => check_id("run", run).and_then(|()| self.run_artifacts(run))?,
            ArtifactsOf::Model(model) => self.model(model)?.artifact_uri,
        };
        let repo: Arc<dyn Repo> = Arc::from(open_for(&uri, &self.http)?);
        let mut repos = lock();
        // A process that watches a server for months must not remember every run.
        if repos.len() >= 10_000 {
            repos.clear();
        }
        repos.insert(id.to_owned(), Arc::clone(&repo));
        Ok(repo)
    }
}

impl Artifacts for MlflowStore {
    fn write_artifact(&self, of: ArtifactsOf<'_>, path: &str, bytes: &mut dyn Read) -> Result<()> {
        crate::artifacts::check(path)?;
        self.repo(of)?.write(path, bytes)
    }

    fn read_artifact(&self, of: ArtifactsOf<'_>, path: &str) -> Result<Box<dyn Read + Send>> {
        crate::artifacts::check(path)?;
        self.repo(of)?.read(path)
    }

    fn list_artifacts(&self, of: ArtifactsOf<'_>, directory: &str) -> Result<Vec<ArtifactInfo>> {
        if !directory.is_empty() {
            crate::artifacts::check(directory)?;
        }
        self.repo(of)?.list(directory)
    }

    fn delete_artifact(&self, of: ArtifactsOf<'_>, path: &str) -> Result<()> {
        crate::artifacts::check(path)?;
        self.repo(of)?.delete(path)
    }
}
