//! A session with magics, started for this command.

use crate::Error;
use ironbook_magics::{CellOutcome, Shell, ShellHandle};
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, Event, Session, Tier};
use std::path::PathBuf;

/// How to start one.
#[derive(Debug)]
pub struct Start<'a> {
    /// Where things are.
    pub paths: &'a Paths,
    /// The built library.
    pub library: Library,
    /// The cells' working directory.
    pub directory: PathBuf,
    /// `auto`, or a level of rustc.
    pub opt: &'a str,
    /// Whether compiled cells of earlier sessions are used, and kept for later ones.
    pub cache: Cache,
}

/// Which compiled cells are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Those of earlier sessions too.
    Shared,
    /// Only those of this session.
    Own,
}

impl Cache {
    /// What `--no-cache` means.
    pub fn from_flag(no_cache: bool) -> Cache {
        if no_cache { Cache::Own } else { Cache::Shared }
    }

    /// A directory for a session's own cells, removed with what is returned.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(self) -> Result<Option<tempfile::TempDir>, Error> {
        if self == Cache::Shared {
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("ironbook-cells-").tempdir();
        folder.map(Some).map_err(|source| Error::Write { path: std::env::temp_dir(), source })
    }
}

/// The file of the history of cells: `IRONBOOK_HISTORY`, or one in Ironbook's data.
pub fn history_path(paths: &Paths) -> PathBuf {
    std::env::var_os("IRONBOOK_HISTORY").map_or_else(|| paths.data.join("history.jsonl"), PathBuf::from)
}

/// A running session.
pub struct Kernel {
    shell: Shell<Session>,
    /// The directory of a session's own cache, removed with it.
    _own_cache: Option<tempfile::TempDir>,
}

impl Kernel {
    /// Starts a session; its runtime comes up in the background.
    ///
    /// # Errors
    /// When the cache cannot be made.
    pub fn start(start: Start<'_>) -> Result<Kernel, Error> {
        let own_cache = start.cache.folder()?;
        let cache = own_cache.as_ref().map_or_else(|| start.paths.cells(), |folder| folder.path().to_owned());
        let tier = start.opt.parse().map_or(Tier::Auto, Tier::Fixed);
        let config = Config { library: start.library, cache, directory: start.directory, tier };
        let session = Session::start(config).map_err(|failure| Error::Environment(Box::new(failure)))?;
        Ok(Kernel { shell: Shell::new(session), _own_cache: own_cache })
    }

    /// Runs a cell.
    pub fn run(&mut self, text: &str, cell: Option<&str>, out: &mut dyn FnMut(Event)) -> CellOutcome {
        let handle = self.shell.handle();
        self.shell.run_cell(text, cell, &mut |event| match event {
            Event::Input { .. } => {
                handle.answer(Err("the cells run by themselves, without a terminal".to_owned()));
            }
            event => out(event),
        })
    }

    /// The session.
    pub fn session(&mut self) -> &mut Session {
        self.shell.engine()
    }

    /// Stops what runs, from any thread.
    pub fn handle(&self) -> ShellHandle {
        self.shell.handle()
    }
}
