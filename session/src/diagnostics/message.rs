//! The compiler's messages, from the lines of `--error-format=json`.

use serde::Deserialize;

/// A message of the compiler, or a note or help inside one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// How grave it is.
    pub level: Level,
    /// Its text.
    pub message: String,
    /// Its code, if it has one.
    #[serde(default)]
    pub code: Option<Code>,
    /// What it points at.
    #[serde(default)]
    pub spans: Vec<Span>,
    /// Its notes and helps.
    #[serde(default)]
    pub children: Vec<Message>,
    /// The compiler's own drawing.
    #[serde(default)]
    pub rendered: Option<String>,
}

impl Message {
    /// Its code as text: `E0308`, or a lint's name.
    pub fn code(&self) -> Option<&str> {
        self.code.as_ref().map(|code| code.code.as_str())
    }

    /// Whether it keeps the crate from being compiled.
    pub fn is_error(&self) -> bool {
        matches!(self.level, Level::Error | Level::Crash)
    }
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The crate is not compiled.
    Error,
    /// The compiler itself failed.
    #[serde(rename = "error: internal compiler error")]
    Crash,
    /// The crate is compiled, but something is odd.
    Warning,
    /// Belongs to another message.
    Note,
    /// Says what to do.
    Help,
    /// Remarks after errors.
    FailureNote,
    /// A line that is no message of the compiler: a linker's, or a crash's.
    #[serde(skip)]
    Raw,
    /// Any other.
    #[default]
    #[serde(other)]
    Other,
}

/// The code of a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Code {
    /// `E0308`, or a lint's name.
    pub code: String,
}

/// A range that a message points at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Span {
    /// The file's name as the compiler prints it.
    pub file_name: String,
    /// First byte in that file.
    pub byte_start: usize,
    /// Byte after the last.
    pub byte_end: usize,
    /// Line of the start, from 1.
    pub line_start: usize,
    /// Column of the start, in characters from 1.
    pub column_start: usize,
    /// Whether this is where the fault is.
    pub is_primary: bool,
    /// What stands at it.
    #[serde(default)]
    pub label: Option<String>,
    /// Text to put in its place.
    #[serde(default)]
    pub suggested_replacement: Option<String>,
    /// How sure the compiler is of that text.
    #[serde(default)]
    pub suggestion_applicability: Option<String>,
    /// The macro call that it was expanded from.
    #[serde(default)]
    pub expansion: Option<Box<Expansion>>,
    /// The lines it is on.
    #[serde(default)]
    pub text: Vec<Line>,
}

/// A line of a span.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// The line's text.
    pub text: String,
}

/// The macro call that a span was expanded from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Expansion {
    /// The call.
    pub span: Span,
    /// The macro, as `println!`.
    pub macro_decl_name: String,
}

/// Reads what the compiler wrote to its standard error; runs of other lines become one message of level
/// [`Level::Raw`] each.
pub fn parse_messages(stderr: &str) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut raw_goes_on = false;
    for line in stderr.lines() {
        match serde_json::from_str::<Message>(line) {
            Ok(message) => {
                raw_goes_on = false;
                messages.push(message);
            }
            // Notifications of artifacts and the like.
            Err(_) if line.starts_with("{\"$message_type\"") => {}
            Err(_) if raw_goes_on => {
                if let Some(last) = messages.last_mut() {
                    last.message.push('\n');
                    last.message.push_str(line);
                }
            }
            Err(_) if line.trim().is_empty() => {}
            Err(_) => {
                raw_goes_on = true;
                messages.push(Message { level: Level::Raw, message: line.to_owned(), ..Message::default() });
            }
        }
    }
    messages
}
