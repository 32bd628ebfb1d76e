//! Why something cannot be promoted, where, and what to do about it.

use std::fmt;

/// What would keep a pipeline from making again what the session has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A value was made from an older value of a cell that has run again since.
    StaleRead,
    /// A cell ran more than once, and each run changed what is needed.
    RanTwice,
    /// A cell's text is not the one that ran.
    Edited,
    /// The cell that made a value is not there any more.
    MakerGone,
    /// The cell that made a value failed.
    Failed,
    /// No order of the cells, each run once, gives what the session has.
    Order,
    /// Two runs of a cell are needed, and one replay would give both readers one value that changes.
    Alias,
    /// A cell that is to be left out made something that is needed.
    Skipped,
    /// A value depends on what a static or a thread-local holds.
    Statics,
    /// A value depends on the time.
    Clock,
    /// A value depends on randomness without a seed.
    Random,
    /// A value depends on the environment, another program or the network.
    Environment,
    /// A file is read that is not declared.
    File,
    /// A crate of `%dep` cannot be built together with the library.
    Crate,
    /// A cell returns early, which a stage cannot do.
    Returns,
    /// There is nothing of this name.
    UnknownTarget,
    /// There is nothing to promote.
    NoTarget,
    /// The target is a parameter: nothing is computed for it.
    ParameterTarget,
    /// The target is of a type whose values cannot be written.
    UnkeptTarget,
}

impl Reason {
    /// The name that `--allow` takes, and files carry.
    pub fn name(self) -> &'static str {
        match self {
            Reason::StaleRead => "stale-read",
            Reason::RanTwice => "ran-twice",
            Reason::Edited => "edited",
            Reason::MakerGone => "maker-gone",
            Reason::Failed => "failed",
            Reason::Order => "order",
            Reason::Alias => "alias",
            Reason::Skipped => "skipped",
            Reason::Statics => "statics",
            Reason::Clock => "clock",
            Reason::Random => "random",
            Reason::Environment => "environment",
            Reason::File => "file",
            Reason::Crate => "crate",
            Reason::Returns => "returns",
            Reason::UnknownTarget => "unknown-target",
            Reason::NoTarget => "no-target",
            Reason::ParameterTarget => "parameter-target",
            Reason::UnkeptTarget => "unkept-target",
        }
    }

    /// Whether `--allow` accepts it: only what a run may still get right.
    pub fn can_be_allowed(self) -> bool {
        matches!(self, Reason::Statics | Reason::Clock | Reason::Random | Reason::Environment | Reason::File)
    }
}

/// A place in a cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The number that the user sees at the cell.
    pub cell: u64,
    /// The line, from 1.
    pub line: usize,
    /// The line's text.
    pub text: String,
}

/// A reason with its place and its remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Where, if it is somewhere.
    pub place: Option<Place>,
    /// What is wrong, in words.
    pub words: String,
    /// What to do about it.
    pub remedy: String,
}

impl Refusal {
    /// A refusal without a place.
    pub fn new(reason: Reason, words: impl Into<String>, remedy: impl Into<String>) -> Refusal {
        Refusal { reason, place: None, words: words.into(), remedy: remedy.into() }
    }

    /// With the place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Refusal {
        self.place = Some(place);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.words, self.reason.name())?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> cell {}, line {}: {}", place.cell, place.line, place.text.trim())?;
        }
        write!(f, "\n  remedy: {}", self.remedy)
    }
}
