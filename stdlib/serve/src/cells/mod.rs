//! Servers that cells start, list and stop: what `%serve` calls.
//!
//! A model of a saved format runs in a process of its own, which ends with the session unless it is kept; a value of another
//! type runs on threads of this process, and ends with it.

mod beside;
mod child;
mod offer;
mod shown;

pub use child::set_program;
pub use offer::{ByClone, ByFile, Copying, NoWay, Offer, Plain, WithProbabilities};
pub use shown::{Servers, Started, Stopped};

use crate::error::ServeError;
use crate::model::Model;
use crate::running::{self, Entry};
use ironbook_learn::{Persist, PersistError};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often it is looked whether a server has ended, and whether the user asked to stop.
const LOOK: Duration = Duration::from_millis(20);

/// What a cell asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What the cell calls the model: an expression, or an address.
    pub what: String,
    /// Options of `ironbook serve`, without the model.
    pub options: Vec<String>,
    /// What clients have to know.
    pub key: Key,
    /// Whether the server goes on when the session ends.
    pub keep: bool,
}

/// What clients have to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// What the environment variable `IRONBOOK_SERVE_KEY` says; nothing without it.
    FromEnvironment,
    /// This.
    Given(String),
    /// One that is made up here, and shown.
    Fresh,
    /// Nothing.
    Nothing,
}

impl Asked {
    /// A server with the defaults of `ironbook serve`.
    #[must_use]
    pub fn new(what: &str, options: &[&str]) -> Asked {
        let options = options.iter().map(|&option| option.to_owned()).collect();
        Asked { what: what.to_owned(), options, key: Key::FromEnvironment, keep: false }
    }

    /// The same with a key.
    #[must_use]
    pub fn key(mut self, key: Key) -> Asked {
        self.key = key;
        self
    }

    /// The same, which goes on when the session ends.
    #[must_use]
    pub fn keep(mut self) -> Asked {
        self.keep = true;
        self
    }

    /// The value of an option, `--port 8080` or `--port=8080`.
    fn option(&self, name: &str) -> Option<&str> {
        let mut options = self.options.iter();
        while let Some(option) = options.next() {
            if option == name {
                return options.next().map(String::as_str);
            }
            if let Some(value) = option.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
                return Some(value);
            }
        }
        None
    }
}

/// Serves what an address leads to: `models:/name@alias`, `runs:/run/path`, the directory of a logged model.
///
/// # Errors
/// [`ServeError::Ended`] with the words of the server that does not start, [`ServeError::NoProgram`] outside of a session.
pub fn start_at(asked: &Asked) -> Result<Started, ServeError> {
    child::start(asked, Path::new(&asked.what), None)
}

/// Serves a value: in a process of its own if its format is one that servers read, else on threads of this one. It answers
/// when this returns.
///
/// # Errors
/// As [`start_at`]; [`ServeError::Unfit`] for a value that can be neither saved nor copied.
pub fn start<M>(
    model: &M,
    copying: &Copying<M>,
    serving: fn(M) -> Box<dyn Model>,
    asked: &Asked,
) -> Result<Started, ServeError> {
    match copying {
        Copying::File { format, save, load } => {
            let saved = child::Saved::new(format, &|file| save(model, file))?;
            if child::knows(format, saved.file())? {
                return child::start(asked, saved.directory(), Some(&saved));
            }
            let copy = load(saved.file()).map_err(|source| broken(saved.file(), source))?;
            beside::start(asked, serving(copy), Some(saved.version()))
        }
        Copying::Clone(copy) => beside::start(asked, serving(copy(model)), None),
        Copying::NoWay => Err(ServeError::Unfit {
            flaw: "can be neither saved nor copied\nderive `Clone` for its type, and it is served on threads of the session".to_owned(),
        }),
    }
}

fn broken(file: &Path, source: PersistError) -> ServeError {
    ServeError::Model { file: file.to_owned(), source }
}

/// A model through its own file.
fn through_file<M: Persist>() -> Copying<M> {
    Copying::File { format: M::FORMAT, save: |model, path| model.save(path), load: |path| M::load(path) }
}

/// The servers that run: of this session, of others, and those that were started in a terminal.
#[must_use]
pub fn servers() -> Servers {
    let mut all: Vec<Entry> = running::list(&running::folder());
    all.extend(beside::list());
    Servers { all, session: session() }
}

/// Stops a server, by its name, port or identity; those of this session if none is named. What they have accepted is answered.
///
/// # Errors
/// [`ServeError::NotRunning`], [`ServeError::Several`].
pub fn stop(named: Option<&str>) -> Result<Stopped, ServeError> {
    let Servers { all, session } = servers();
    let chosen: Vec<Entry> = match named {
        None => all.iter().filter(|entry| entry.session == Some(session)).cloned().collect(),
        Some(named) => {
            let is = |entry: &&Entry| entry.name == named || entry.port() == named || entry.id == named;
            all.iter().filter(is).cloned().collect()
        }
    };
    match (named, chosen.len()) {
        (Some(named), 0) => {
            let running = all.iter().map(|entry| format!("{} at port {}", entry.name, entry.port()));
            return Err(ServeError::NotRunning { named: named.to_owned(), running: running.collect() });
        }
        (Some(named), 2..) => {
            let ports = chosen.iter().map(|entry| entry.port().to_owned()).collect();
            return Err(ServeError::Several { named: named.to_owned(), ports });
        }
        _ => {}
    }
    let mut stopped = Stopped::default();
    for entry in chosen {
        if end(&entry)? { stopped.ended.push(entry) } else { stopped.still.push(entry) }
    }
    Ok(stopped)
}

/// Stops the servers on threads of this process, whose log is completed.
pub fn stop_own() {
    beside::stop_all();
}

/// How long a server may take to answer what it has accepted.
const PATIENCE: Duration = Duration::from_secs(35);

/// Stops a server; whether it has ended.
fn end(entry: &Entry) -> Result<bool, ServeError> {
    if beside::stop(&entry.id) {
        return Ok(true);
    }
    let folder = running::folder();
    if !entry.stop(&folder) {
        return Ok(!entry.runs(&folder));
    }
    let until = Instant::now() + PATIENCE;
    while entry.runs(&folder) {
        ironbook_core::check()?;
        if Instant::now() > until {
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
    Ok(true)
}

/// Stops the server of this session that listens at the port which is asked for, so that a cell can be run again; whether
/// there was one.
fn make_room(asked: &Asked) -> Result<bool, ServeError> {
    let port = asked.option("--port").or_else(|| asked.option("-p")).unwrap_or(crate::cli::PORT);
    let Servers { all, session } = servers();
    match all.iter().find(|entry| entry.session == Some(session) && entry.port() == port) {
        Some(entry) => end(entry),
        None => Ok(false),
    }
}

/// The process of the session: the one that started this.
fn session() -> u32 {
    rustix::process::getppid().map_or(0, |parent| parent.as_raw_pid().unsigned_abs())
}
