//! Files that belong to a run or a model.

use serde::{Deserialize, Serialize};

/// Whose artifacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArtifactsOf<'a> {
    /// Those of the run with this id.
    Run(&'a str),
    /// Those of the logged model with this id.
    Model(&'a str),
}

/// A file or directory among a run's artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactInfo {
    /// Its path from the root of the artifacts, with `/`.
    pub path: String,
    /// Its size in bytes; absent for a directory.
    pub size: Option<u64>,
}

impl ArtifactInfo {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.size.is_none()
    }
}
