//! A session with magics, started for this command.

use crate::Error;
use crate::ask::Asked;
use crate::interrupt::Interrupts;
use ironbook_assist::View;
use ironbook_magics::{CellOutcome, Keep, RunOptions, Shell, ShellHandle};
use ironbook_session::library::index::Index;
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, Event, Session, Tier};
use std::path::PathBuf;
use std::sync::Arc;

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
}

/// The file of the history of cells: `IRONBOOK_HISTORY`, or one in Ironbook's data.
pub fn history_path(paths: &Paths) -> PathBuf {
    std::env::var_os("IRONBOOK_HISTORY").map_or_else(|| paths.data.join("history.jsonl"), PathBuf::from)
}

/// A running session.
pub struct Kernel {
    shell: Shell<Session>,
    asked: Asked,
    /// The library's names, if it has an index of them.
    index: Option<Arc<Index>>,
    /// The directory of a session's own cache, removed with it.
    _own_cache: Option<tempfile::TempDir>,
}

impl Kernel {
    /// Starts a session; its runtime comes up in the background.
    ///
    /// # Errors
    /// When the cache cannot be made.
    pub fn start(start: Start<'_>) -> Result<Kernel, Error> {
        let own_cache = match start.cache {
            Cache::Shared => None,
            Cache::Own => {
                let folder = tempfile::Builder::new().prefix("ironbook-cells-").tempdir();
                Some(folder.map_err(|source| Error::Write { path: std::env::temp_dir(), source })?)
            }
        };
        let cache = own_cache.as_ref().map_or_else(|| start.paths.cells(), |folder| folder.path().to_owned());
        let tier = start.opt.parse().map_or(Tier::Auto, Tier::Fixed);
        let index = start.library.index_path().and_then(|path| Index::load(&path).ok()).map(Arc::new);
        let config = Config { library: start.library, cache, directory: start.directory, tier };
        let session = Session::start(config).map_err(|failure| Error::Environment(Box::new(failure)))?;
        Ok(Kernel { shell: Shell::new(session), asked: Asked::Nobody, index, _own_cache: own_cache })
    }

    /// Keeps the cells' history in this file.
    ///
    /// A history that cannot be written stops nothing.
    pub fn set_history_file(&mut self, path: &std::path::Path) {
        drop(self.shell.set_history_file(path));
    }

    /// Lets cells ask the user at the terminal.
    pub fn ask_user(&mut self) {
        self.asked = Asked::User;
    }

    /// Runs a cell.
    pub fn run(&mut self, text: &str, cell: Option<&str>, out: &mut dyn FnMut(Event)) -> CellOutcome {
        self.run_as(text, RunOptions { cell, ..RunOptions::default() }, out)
    }

    /// Runs a cell that leaves no trace: no number, no place in the history.
    pub fn run_untraced(&mut self, text: &str, out: &mut dyn FnMut(Event)) -> CellOutcome {
        self.run_as(text, RunOptions { keep: Keep::Nothing, ..RunOptions::default() }, out)
    }

    /// The number that the next cell gets.
    pub fn next_number(&self) -> u64 {
        self.shell.next_number()
    }

    fn run_as(&mut self, text: &str, options: RunOptions<'_>, out: &mut dyn FnMut(Event)) -> CellOutcome {
        let (handle, asked) = (self.shell.handle(), self.asked);
        self.shell.run(text, options, &mut |event| match event {
            Event::Input { prompt, password } => {
                handle.answer(asked.answer(&prompt, password, &|| Interrupts::listen().any()));
            }
            event => out(event),
        })
    }

    /// What completion needs to know before the first cell; the runtime, which may still be starting, is not waited for.
    pub fn first_view(&mut self) -> View {
        let directory = self.shell.engine().directory().to_owned();
        View { directory, registry: self.shell.registry().clone(), index: self.index.clone(), ..View::default() }
    }

    /// What completion needs to know, as it is now.
    pub fn view(&mut self) -> View {
        View::of(&mut self.shell, self.index.clone())
    }

    /// Stops what runs, from any thread.
    pub fn handle(&self) -> ShellHandle {
        self.shell.handle()
    }
}
