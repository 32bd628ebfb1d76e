//! What cells run in: a directory and environment variables.

use super::Session;
use super::runtime::Slot;
use crate::durable::Entry;
use crate::event::{Failure, FailureKind};
use ironbook_core::frame::Request;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

impl Session {
    /// The cells' working directory.
    pub fn directory(&self) -> &Path {
        &self.config.directory
    }

    /// Changes it.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn set_directory(&mut self, path: &Path) -> Result<(), Failure> {
        let full = self.config.directory.join(path);
        let full = full.canonicalize().map_err(|error| {
            Failure::new(FailureKind::Magic, "directory", format!("cannot change to {}: {error}", full.display()))
        })?;
        self.acknowledged(&Request::SetDirectory { path: full.clone() })?;
        self.config.directory.clone_from(&full);
        self.write_down(&Entry::Directory { path: full }, &mut |_| {});
        Ok(())
    }

    /// The directory that the next execution begins in: cells can change it themselves.
    pub(crate) fn directory_now(&self) -> PathBuf {
        let own = &self.config.directory;
        let Slot::Ready(runtime) = &self.slot else { return own.clone() };
        let link = PathBuf::from(format!("/proc/{}/cwd", runtime.pid()));
        let identity = |path: &Path| path.metadata().ok().map(|of| (of.dev(), of.ino()));
        match (identity(&link), identity(own)) {
            // The session's own words for it may lead over links, as the user's do.
            (Some(now), Some(told)) if now != told => std::fs::read_link(link).unwrap_or_else(|_| own.clone()),
            _ => own.clone(),
        }
    }

    /// Sets an environment variable of the cells, or removes it.
    ///
    /// # Errors
    /// When the runtime is not there.
    pub fn set_env(&mut self, name: &str, value: Option<&str>) -> Result<(), Failure> {
        self.acknowledged(&Request::SetEnv { name: name.to_owned(), value: value.map(str::to_owned) })?;
        self.compiler.env.insert(name.to_owned(), value.map(str::to_owned));
        self.env.insert(name.to_owned(), value.map(str::to_owned));
        self.write_down(&Entry::Env { name: name.to_owned(), value: value.map(str::to_owned) }, &mut |_| {});
        Ok(())
    }
}
