//! What a magic is: a name, arguments that clap reads, examples, and one function that lowers a call.

use crate::context::Context;
use crate::error::Error;
use crate::split::Style;
use ironbook_session::{FailureKind, Part};
use std::ops::Range;

/// The hint of an argument that is the name of a variable; for completion.
pub const VARIABLE: clap::ValueHint = clap::ValueHint::Other;
/// The name of the value of an argument that is the name of a column.
pub const COLUMN: &str = "COLUMN";

/// A magic. One file each under `magics/`; the file's stem is its name.
pub trait Magic: Send + Sync {
    /// What the user types after `%`.
    fn name(&self) -> &'static str;

    /// One line for the list of magics.
    fn summary(&self) -> &'static str;

    /// Adds the arguments; usually `Args::augment_args(command)` of a struct that derives [`clap::Args`].
    fn arguments(&self, command: clap::Command) -> clap::Command {
        command
    }

    /// Whether it is written `%name`, `%%name`, or either.
    fn form(&self) -> Form {
        Form::Line
    }

    /// How the text after the name is read.
    fn style(&self) -> Style {
        Style::Words
    }

    /// Whether it only looks at what is known of the session, so that it can run beside a cell.
    fn only_looks(&self) -> bool {
        false
    }

    /// Variables that the body of a cell has beside the session's, for completion: name and type.
    fn gives(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Examples, shown by help and run as tests.
    fn examples(&self) -> &'static [Example];

    /// What a call stands for. Nothing has run yet when this is called, and nothing may be done here.
    ///
    /// # Errors
    /// Whatever is wrong with the call.
    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error>;
}

/// How a magic is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `%name args`.
    Line,
    /// `%%name args` and the rest of the cell.
    Cell,
    /// Either.
    Both,
}

/// An example of a magic.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// A whole cell.
    pub code: &'static str,
    /// What comes of it.
    pub expect: Expect,
}

/// What comes of an example.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// It runs, and its outputs hold this text.
    Contains(&'static str),
    /// It runs.
    Ok,
    /// It fails.
    Failed(FailureKind),
}

/// A magic as it was called.
pub struct Call<'a> {
    /// The magic's name.
    pub name: &'a str,
    /// Its arguments, read by clap.
    pub matches: clap::ArgMatches,
    /// The cell's text.
    pub text: &'a str,
    /// For [`Style::Code`] and [`Style::Text`]: the bytes of what follows the options. For others: of all arguments.
    pub rest: Range<usize>,
    /// The lines below a cell magic.
    pub body: Option<Range<usize>>,
    /// Whether nothing follows it in the cell, so that its value is the cell's.
    pub last: bool,
    /// For a cell magic of [`Style::Code`] or [`Style::Body`]: its body with the magics in it lowered.
    pub parts: Vec<Part>,
}

impl Call<'_> {
    /// The arguments as the struct that declared them.
    ///
    /// # Errors
    /// When the struct asks for something that [`Magic::arguments`] did not declare: a fault of the magic.
    pub fn args<A: clap::FromArgMatches>(&self) -> Result<A, Error> {
        A::from_arg_matches(&self.matches).map_err(|error| Error::Arguments {
            magic: self.name.to_owned(),
            message: error.to_string(),
            advice: Vec::new(),
        })
    }

    /// The text of [`Call::rest`].
    pub fn rest(&self) -> &str {
        &self.text[self.rest.clone()]
    }

    /// The body of a cell magic, empty for a line.
    pub fn body(&self) -> &str {
        self.body.clone().map_or("", |body| &self.text[body])
    }

    /// An error about the arguments.
    pub fn wrong(&self, message: impl Into<String>, advice: impl Into<String>) -> Error {
        Error::Arguments { magic: self.name.to_owned(), message: message.into(), advice: vec![advice.into()] }
    }
}

/// What a call stands for.
pub enum Lowered {
    /// Rust text, compiled together with the Rust around it.
    Rust(Rust),
    /// Something that the session does, between the Rust above and below.
    Action(Action),
}

/// Something that the session does.
pub type Action = Box<dyn FnOnce(&mut Context<'_>) -> Result<(), Error>>;

impl Lowered {
    /// Something that the session does.
    pub fn action(action: impl FnOnce(&mut Context<'_>) -> Result<(), Error> + 'static) -> Self {
        Lowered::Action(Box::new(action))
    }

    /// Rust text that holds nothing of the cell's own text.
    pub fn rust(text: impl Into<String>) -> Self {
        Lowered::Rust(Rust { pieces: vec![Piece::Made(text.into())], ..Rust::default() })
    }
}

/// Rust text that a magic stands for.
#[derive(Clone, Debug, Default)]
pub struct Rust {
    /// The text, in pieces.
    pub pieces: Vec<Piece>,
    /// Optimisation level that the cell should have when the session chooses (for measurements).
    pub opt_level: Option<u8>,
}

/// A piece of lowered text.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Made by the magic; errors in it point at the whole magic.
    Made(String),
    /// Bytes of the cell as they stand; errors in it point at them.
    Verbatim(Range<usize>),
    /// A part that is lowered already.
    Part(Part),
}

impl Rust {
    /// Adds text.
    #[must_use]
    pub fn made(mut self, text: impl Into<String>) -> Self {
        self.pieces.push(Piece::Made(text.into()));
        self
    }

    /// Adds bytes of the cell.
    #[must_use]
    pub fn verbatim(mut self, range: Range<usize>) -> Self {
        self.pieces.push(Piece::Verbatim(range));
        self
    }

    /// Adds parts.
    #[must_use]
    pub fn parts(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.pieces.extend(parts.into_iter().map(Piece::Part));
        self
    }

    /// The parts of a source; `range` is the magic's.
    pub(crate) fn into_parts(self, range: &Range<usize>) -> impl Iterator<Item = Part> {
        self.pieces.into_iter().map(move |piece| match piece {
            Piece::Made(text) => Part::Lowered { text, range: range.clone() },
            Piece::Verbatim(range) => Part::User(range),
            Piece::Part(part) => part,
        })
    }
}

/// A Rust string literal of `text`.
pub fn literal(text: &str) -> String {
    format!("{text:?}")
}
