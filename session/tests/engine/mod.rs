//! The engine end to end: cells through the real compiler, library and runtime.

mod check;
mod concurrency;
mod durable;
mod identity;
mod imports;
mod kills;
mod language;
mod lifetimes;
mod lints;
mod record;
mod results;
mod shown;
mod survival;
mod values;

use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, Event, ExecuteOptions, Execution, Failure, FailureKind, Session, Source, Status, Tier};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

/// The library as it is now; built once per test process if its sources have changed.
fn library() -> Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    let found = LIBRARY.get_or_init(|| {
        let paths = Paths::from_env();
        let located = Library::locate(&paths);
        located.or_else(|_| Library::build(&paths, &mut |_| ControlFlow::Continue(()))).unwrap()
    });
    found.clone()
}

/// A session in a directory of its own.
pub struct Engine {
    pub session: Session,
    pub directory: TempDir,
    cache: Arc<TempDir>,
}

/// What one cell gave.
pub struct Ran {
    pub text: String,
    pub stdout: String,
    pub results: Vec<String>,
    pub notes: Vec<String>,
    pub execution: Execution,
}

impl Engine {
    /// A fresh session with an empty cache.
    pub fn new() -> Self {
        Engine::with_cache(Arc::new(TempDir::new().unwrap()))
    }

    /// Another session over the same compiled cells.
    pub fn again(&self) -> Self {
        Engine::with_cache(Arc::clone(&self.cache))
    }

    fn with_cache(cache: Arc<TempDir>) -> Self {
        let directory = TempDir::new().unwrap();
        let config = Config {
            library: library(),
            cache: cache.path().to_owned(),
            directory: directory.path().to_owned(),
            tier: Tier::Auto,
        };
        Engine { session: Session::start(config).unwrap(), directory, cache }
    }

    /// Runs one cell.
    pub fn cell(&mut self, text: &str) -> Ran {
        let (mut stdout, mut results, mut notes) = (String::new(), Vec::new(), Vec::new());
        let mut out = |event: Event| match event {
            Event::Stdout(text) | Event::Stderr(text) => stdout.push_str(&text),
            Event::Result(bundle) | Event::Display { bundle, .. } => results.push(bundle.plain().to_owned()),
            Event::Note(note) => notes.push(note),
            _ => {}
        };
        let execution = self.session.execute(&Source::plain(text), &ExecuteOptions::default(), &mut out);
        Ran { text: text.to_owned(), stdout, results, notes, execution }
    }

    /// Runs cells that have to run to their end without a word from the engine.
    #[track_caller]
    pub fn cells(&mut self, texts: &[&str]) {
        for text in texts {
            let ran = self.cell(text).ok();
            assert_eq!(ran.notes, Vec::<String>::new(), "{text}");
        }
    }

    /// Runs a cell and interrupts it once it has printed `word`.
    #[track_caller]
    pub fn interrupted(&mut self, text: &str, word: &str) {
        let handle = self.session.handle();
        let mut printed = String::new();
        let mut out = |event: Event| {
            if let Event::Stdout(text) = event {
                printed.push_str(&text);
                if printed.contains(word) {
                    handle.interrupt();
                }
            }
        };
        let execution = self.session.execute(&Source::plain(text), &ExecuteOptions::default(), &mut out);
        match &execution.status {
            Status::Failed(failure) => assert_eq!(failure.kind, FailureKind::Interrupted, "{text}\n{}", plain(failure)),
            Status::Ok => panic!("this ran to its end: {text}"),
        }
    }

    /// Runs a cell and expects its value.
    #[track_caller]
    pub fn gives(&mut self, text: &str, value: &str) -> Ran {
        let ran = self.cell(text).ok();
        assert_eq!(ran.results.join("\n"), value, "{text}");
        ran
    }

    /// The live variables' names.
    pub fn names(&self) -> Vec<String> {
        self.session.variable_names()
    }

    /// Writes a file into the session's directory.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Ran {
    /// Expects that the cell ran to its end.
    #[track_caller]
    pub fn ok(self) -> Self {
        if let Status::Failed(failure) = &self.execution.status {
            panic!("{}\n{}: {}\n{}", self.text, failure.name, failure.message, plain(failure));
        }
        self
    }

    /// Expects a failure of this kind whose report has all of these parts.
    #[track_caller]
    pub fn fails(self, kind: FailureKind, parts: &[&str]) -> Self {
        match &self.execution.status {
            Status::Ok => panic!("this ran: {}\n{:?}", self.text, self.results),
            Status::Failed(failure) => {
                let report = plain(failure);
                assert_eq!(failure.kind, kind, "{}\n{report}", self.text);
                for part in parts {
                    assert!(report.contains(part), "no `{part}` in\n{report}\nof\n{}", self.text);
                }
            }
        }
        self
    }

    /// Expects a note with this part.
    #[track_caller]
    pub fn notes(self, part: &str) -> Self {
        assert!(self.notes.iter().any(|note| note.contains(part)), "no `{part}` in {:?} of\n{}", self.notes, self.text);
        self
    }
}

/// A failure's report without colours, its name first.
fn plain(failure: &Failure) -> String {
    let mut out = format!("{}\n", failure.name);
    let mut rest = failure.report.join("\n");
    rest.push('\n');
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            for c in chars.by_ref() {
                if c == 'm' {
                    break;
                }
            }
        } else {
            out.push(c);
        }
    }
    out
}
