//! `ironbook convert`: a notebook as a script, or a script as a notebook.

use crate::Error;
use crate::cli::Convert;
use crate::headless;
use crate::terminal::Terminal;
use ironbook_magics::convert::{self, Left};
use ironbook_magics::{files, script};
use std::io;
use std::path::Path;

/// Converts the file.
///
/// # Errors
/// When one file cannot be read, or the other not be written.
pub fn run(options: &Convert) -> Result<u8, Error> {
    let Convert { from, to, force } = options;
    let ending = |path: &Path| path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_owned();
    let (text, left) = match (ending(from).as_str(), ending(to).as_str()) {
        ("ipynb" | "rs", kind @ ("ipynb" | "rs")) => converted(from, kind)?,
        ("ipynb" | "rs", _) => return Err(Error::FileKind { path: to.clone() }),
        _ => return Err(Error::FileKind { path: from.clone() }),
    };
    let written = if *force { files::replace(to, text.as_bytes()) } else { files::create(to, text.as_bytes()) };
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists { path: to.clone() },
        _ => Error::Write { path: to.clone(), source },
    })?;
    let terminal = Terminal::detect();
    terminal.say(&format!("written: {}", to.display()));
    if let Some(words) = left_words(left) {
        terminal.say(&format!("A script holds no outputs and no attachments: {words} left out."));
    }
    Ok(0)
}

/// The file as another kind, and what that kind does not hold.
fn converted(from: &Path, kind: &str) -> Result<(String, Left), Error> {
    let read = headless::text_of(from)?;
    if kind == "rs" {
        let (script, left) = match from.extension().is_some_and(|ending| ending == "rs") {
            true => (script::read(&read), Left::default()),
            false => convert::script(&headless::notebook_of(&read, from, headless::OtherLanguages::Refused)?),
        };
        return Ok((script::write(&script), left));
    }
    let notebook = headless::notebook_of(&read, from, headless::OtherLanguages::Refused)?;
    Ok((notebook.to_text(), Left::default()))
}

fn left_words(left: Left) -> Option<String> {
    let words = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("the {what} of 1 cell")),
        count => Some(format!("the {what} of {count} cells")),
    };
    let words: Vec<String> =
        [words(left.outputs, "outputs"), words(left.attachments, "attachments")].into_iter().flatten().collect();
    (!words.is_empty()).then(|| format!("{} are", words.join(" and ")))
}
