//! Asking the user for a line of text, in whatever front end the cell runs.

use crate::interrupt::{self, Interrupted};
use std::io::{self, Write as _};
use std::sync::RwLock;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The front end asks nobody: a notebook that runs by itself, or a client that allows no input.
    #[error("nobody can be asked here: {0}")]
    Refused(String),
    /// The user interrupted the cell instead of answering.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// Standard input failed, or is at its end.
    #[error("cannot read the answer")]
    Io(#[from] io::Error),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is shown before the answer.
    pub prompt: String,
    /// Whether the answer is a secret, not to be shown as it is typed.
    pub password: bool,
}

type Asker = Box<dyn Fn(&Question) -> Result<String, InputError> + Send + Sync>;

static ASKER: RwLock<Option<Asker>> = RwLock::new(None);

/// Sends all further questions to `asker` (the runtime does so at its start).
pub fn set_asker(asker: impl Fn(&Question) -> Result<String, InputError> + Send + Sync + 'static) {
    *ASKER.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Box::new(asker));
}

/// Asks the user for a line of text and waits for it; in a program without a session, standard input is read.
///
/// # Errors
/// [`InputError`] when nobody can be asked, or the cell is interrupted.
pub fn input(prompt: &str) -> Result<String, InputError> {
    ask(&Question { prompt: prompt.to_owned(), password: false })
}

/// As [`input`], for a secret: it is not shown as it is typed, and no notebook keeps it.
///
/// # Errors
/// As [`input`].
pub fn password(prompt: &str) -> Result<String, InputError> {
    ask(&Question { prompt: prompt.to_owned(), password: true })
}

fn ask(question: &Question) -> Result<String, InputError> {
    interrupt::check()?;
    let asker = ASKER.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    match &*asker {
        Some(asker) => asker(question),
        None => from_stdin(question),
    }
}

fn from_stdin(question: &Question) -> Result<String, InputError> {
    let mut err = io::stderr();
    write!(err, "{}", question.prompt)?;
    err.flush()?;
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
