//! Where a project's store is.

use std::path::{Path, PathBuf};

/// Name of the directory that holds a project's store.
pub const DIRECTORY: &str = ".ironbook";

/// The `.ironbook` directory for work done in `start`: in the nearest ancestor (`start` included) that has one or is the
/// root of a git repository, which is a project of its own; else in `start` itself. Creates nothing.
pub fn locate(start: &Path) -> PathBuf {
    let start = std::path::absolute(start).unwrap_or_else(|_| start.to_owned());
    // In a linked worktree or a submodule `.git` is a file.
    let root = start.ancestors().find(|a| a.join(DIRECTORY).is_dir() || a.join(".git").exists());
    root.unwrap_or(&start).join(DIRECTORY)
}
