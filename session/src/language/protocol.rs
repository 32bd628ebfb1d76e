//! Requests and replies of the language service: one JSON value on each line of its standard input and output.

use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::PathBuf;

/// What is asked about a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Query {
    /// What may stand there.
    Complete,
    /// What stands there.
    Hover,
    /// The call that it is an argument of.
    Signature,
    /// Where it is defined.
    Definition,
    /// Where else it is named in the text.
    References,
    /// What has to be written for it to be called so.
    Rename(String),
    /// Nothing: from now on texts may name the crates that this file of cargo's metadata lists under `ironbook-deps`,
    /// and none of those that an earlier one did. The answer is [`Answer::Nothing`], or
    /// [`Answer::Refused`] where the file cannot be read; what it knew stays then.
    Crates(Option<PathBuf>),
    /// What each word of the text is; of no place.
    Tokens,
    /// The types and names that may be shown within the text; of no place.
    Hints,
    /// How the text may be changed between the place and this byte.
    Assists(usize),
    /// The expressions around it.
    Around,
}

/// A question about a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Names it in the reply.
    pub id: u64,
    /// The text, if it is another than that of the request before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The place, in bytes of the text.
    pub at: usize,
    /// What is asked.
    pub query: Query,
    /// For so long, in milliseconds, somebody waits for the answer; later there is none. For ever if it is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_ms: Option<u64>,
}

/// What the service says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// It has read the library, and answers from now on.
    Ready {
        /// Seconds since it was started.
        seconds: f64,
        /// Crates that it has read.
        crates: usize,
    },
    /// Nobody asked for long, or memory is short: it ends, and is started again for the next question.
    Rests,
    /// It cannot work here.
    Unable {
        /// Why, and what to do.
        reason: String,
    },
    /// To a request.
    Answer {
        /// Which.
        id: u64,
        /// What it found.
        answer: Answer,
    },
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing.
    #[default]
    Nothing,
    /// To [`Query::Complete`]: what may stand there, best first.
    Candidates(Vec<Candidate>),
    /// To [`Query::Hover`].
    Hover {
        /// What it is about, in bytes of the text.
        range: Range<usize>,
        /// Markdown.
        markdown: String,
    },
    /// To [`Query::Signature`].
    Signature(Signature),
    /// To [`Query::Definition`] and [`Query::References`].
    Targets(Vec<Target>),
    /// To [`Query::Rename`]: bytes of the text with what is written there.
    Edits(Vec<(Range<usize>, String)>),
    /// To [`Query::Rename`], when it would change what the text means; to [`Query::Crates`], when the file cannot be read; why.
    Refused(String),
    /// To [`Query::Tokens`], in order.
    Tokens(Vec<Token>),
    /// To [`Query::Hints`], in order.
    Hints(Vec<Hint>),
    /// To [`Query::Assists`].
    Assists(Vec<Assist>),
    /// To [`Query::Around`]: bytes of the text, the smallest first.
    Around(Vec<Range<usize>>),
}

/// Something that may stand at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// What it is called.
    pub name: String,
    /// What is written.
    pub insert: String,
    /// The bytes of the text that it takes the place of.
    pub range: Range<usize>,
    /// What it is, in the words of JupyterLab: `function`, `class`, `module`, `instance`, `property`, `keyword`, `snippet`.
    pub kind: String,
    /// Its signature or type.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// A line about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// How well it fits the place: more is better.
    pub score: u32,
    /// A `use` that it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<String>,
    /// What is written instead where there are tab stops, in the words of the Language Server Protocol: `sqrt()$0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
}

/// A word of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is, in the words of the Language Server Protocol.
    pub kind: String,
    /// And what more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<String>,
}

/// Words that may be shown within the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The byte of the text that they stand at.
    pub at: usize,
    /// The words.
    pub label: String,
    /// Whether they name a parameter, before its argument; otherwise they are a type.
    pub is_parameter: bool,
    /// What has to be written for the text to say so itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<(Range<usize>, String)>,
}

/// A change of the text that may be wished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assist {
    /// What it does.
    pub title: String,
    /// Its kind, in the words of the Language Server Protocol: `refactor.extract`.
    pub kind: String,
    /// Bytes of the text with what is written there.
    pub edits: Vec<(Range<usize>, String)>,
}

/// A call being written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The function, with its parameters.
    pub label: String,
    /// Bytes of each parameter in the label.
    pub parameters: Vec<Range<usize>>,
    /// The parameter that the place is in.
    pub active: Option<usize>,
    /// Its documentation, in Markdown.
    pub doc: String,
}

/// A place that something is defined or named at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// In the text: the bytes of its name.
    Text(Range<usize>),
    /// In a file of the library, of a crate or of std.
    File {
        /// The file.
        path: String,
        /// Where its name begins.
        start: Spot,
        /// Where it ends.
        end: Spot,
    },
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// Line, from 0.
    pub line: u32,
    /// Column in UTF-16 code units, from 0.
    pub column: u32,
}
