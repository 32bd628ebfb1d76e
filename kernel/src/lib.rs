//! The Jupyter kernel.

pub mod kernelspec;

use std::path::{Path, PathBuf};

/// Why a kernel could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// This build has no kernel.
    #[error("the kernel is not built in yet (asked to connect as {} says)", connection_file.display())]
    NotBuiltIn {
        /// The connection file.
        connection_file: PathBuf,
    },
}

/// Runs a kernel that is connected as Jupyter's connection file says.
///
/// # Errors
/// Always, until the kernel is there.
pub fn start(connection_file: &Path) -> Result<(), StartError> {
    Err(StartError::NotBuiltIn { connection_file: connection_file.to_owned() })
}
