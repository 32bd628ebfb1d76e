//! Where a project's store is.

use std::path::{Path, PathBuf};

/// Name of the directory that holds a project's store.
pub const DIRECTORY: &str = ".ironbook";

/// The `.ironbook` directory for work done in `start`: that of the nearest ancestor that has one (`start` included),
/// else in the git root (the nearest ancestor with `.git`), else in `start` itself. Creates nothing.
pub fn locate(start: &Path) -> PathBuf {
    let start = std::path::absolute(start).unwrap_or_else(|_| start.to_owned());
    let existing = start.ancestors().find(|a| a.join(DIRECTORY).is_dir());
    // In a linked worktree or a submodule `.git` is a file.
    let root = existing.or_else(|| start.ancestors().find(|a| a.join(".git").exists()));
    root.unwrap_or(&start).join(DIRECTORY)
}
