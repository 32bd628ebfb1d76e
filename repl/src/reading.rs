//! Reading a cell from the terminal, while what others do is shown above it.

use crate::terminal::shortened;
use ironbook_assist::{Candidate, Completeness, Completions};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, ExternalPrinter, Helper};
use std::io;
use std::path::{Path, PathBuf};

/// Characters of a candidate in the list.
const WIDTH: usize = 76;
/// Cells that the arrow keys find again.
const MOST_LINES: usize = 5000;

/// What the editor asks about the text.
pub trait Words: Send + Sync {
    /// What could stand at a byte of the text.
    fn complete(&self, text: &str, at: usize) -> Completions;
    /// Whether Enter ends the cell.
    fn whole(&self, text: &str) -> Completeness;
    /// Names that the session knows.
    fn names(&self) -> Vec<String>;
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// A cell.
    Cell(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the terminal is closed.
    End,
}

/// Writes above a prompt that is being edited.
pub type Above = Box<dyn FnMut(String) + Send>;

/// The line editor.
pub struct Reader {
    editor: Editor<Input, DefaultHistory>,
    lines: PathBuf,
}

impl Reader {
    /// An editor that keeps its lines in this file.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn new(words: Box<dyn Words>, lines: &Path) -> io::Result<Reader> {
        let make = || -> rustyline::Result<Editor<Input, DefaultHistory>> {
            let builder = Config::builder().max_history_size(MOST_LINES)?.history_ignore_dups(true)?;
            let config = builder.completion_type(CompletionType::List).build();
            let mut editor = Editor::with_config(config)?;
            editor.set_helper(Some(Input { words }));
            // There are none before the first session.
            drop(editor.load_history(lines));
            Ok(editor)
        };
        Ok(Reader { editor: make().map_err(into_io)?, lines: lines.to_owned() })
    }

    /// What writes above the prompt, also while [`Reader::read`] waits.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn above(&mut self) -> io::Result<Above> {
        let mut printer = self.editor.create_external_printer().map_err(into_io)?;
        // What a terminal that is gone does not show is lost.
        Ok(Box::new(move |text| drop(printer.print(text))))
    }

    /// Reads a cell.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn read(&mut self, prompt: &str, prefill: &str) -> io::Result<Read> {
        match self.editor.readline_with_initial(prompt, (prefill, "")) {
            Ok(text) => {
                drop(self.editor.add_history_entry(text.trim_end()));
                Ok(Read::Cell(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Read::Interrupted),
            Err(ReadlineError::Eof) => Ok(Read::End),
            Err(error) => Err(into_io(error)),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // The history is a comfort; a session ends well without it.
        drop(self.editor.save_history(&self.lines));
    }
}

fn into_io(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}

/// Tells the editor whether Enter ends the cell, and what could stand at the cursor.
struct Input {
    words: Box<dyn Words>,
}

impl Validator for Input {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // What can never be right is run all the same, for the compiler's words on it.
        Ok(match self.words.whole(context.input()) {
            Completeness::Incomplete { .. } => ValidationResult::Incomplete,
            _ => ValidationResult::Valid(None),
        })
    }
}

impl Completer for Input {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &rustyline::Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let found = self.words.complete(line, at);
        let pair = |candidate: Candidate| {
            let about = if candidate.summary.is_empty() { &candidate.signature } else { &candidate.summary };
            let display = shortened(&format!("{}  {about}", candidate.text), WIDTH);
            Pair { display: display.trim_end().to_owned(), replacement: candidate.text }
        };
        Ok((found.range.start, found.candidates.into_iter().map(pair).collect()))
    }
}

impl rustyline::highlight::Highlighter for Input {}

impl rustyline::hint::Hinter for Input {
    type Hint = String;
}

impl Helper for Input {}
