//! What is different between two versions, in words and as a table.

mod code;
mod lines;
mod parts;
mod text;

pub use code::{CodeDifference, code_diff, functions};
pub use text::unified;

use crate::definition::Definition;
use crate::version::Level;
use serde::Serialize;
use std::fmt;

/// The part of a pipeline that something is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What it is run for.
    Target,
    /// A parameter.
    Parameter,
    /// A file that is read.
    Data,
    /// A stage that makes values.
    Stage,
    /// A stage that decides.
    Gate,
    /// How the model is registered.
    Register,
    /// What was accepted.
    Allowed,
    /// What it was made with.
    Toolchain,
    /// What it is for.
    Description,
    /// Files of the crate that no other part tells of.
    Files,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Target => "target",
            Part::Parameter => "parameter",
            Part::Data => "data",
            Part::Stage => "stage",
            Part::Gate => "gate",
            Part::Register => "register",
            Part::Allowed => "allowed",
            Part::Toolchain => "toolchain",
            Part::Description => "description",
            Part::Files => "files",
        })
    }
}

/// One thing that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The part of the pipeline.
    pub part: Part,
    /// Which one of these: the stage's name, the parameter's; empty where there is but one.
    pub name: String,
    /// What of it: `code`, `type`, `default`; empty when all of it was added or removed.
    pub what: String,
    /// How it was; none if it was not there.
    pub before: Option<String>,
    /// How it is; none if it is gone.
    pub after: Option<String>,
    /// How far this reaches.
    pub level: Level,
}

impl fmt::Display for Difference {
    /// In words: `parameter depth: default 6, was 5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.part)?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        let what = if self.what.is_empty() { String::new() } else { format!("{} ", self.what) };
        match (&self.before, &self.after) {
            (Some(_), Some(_)) if self.what == "code" => write!(f, ": code changed"),
            (Some(before), Some(after)) => write!(f, ": {what}{after}, was {before}"),
            (None, Some(after)) if after.is_empty() => write!(f, ": {what}added"),
            (None, Some(after)) => write!(f, ": {what}added ({after})"),
            (Some(before), None) if before.is_empty() => write!(f, ": {what}removed"),
            (Some(before), None) => write!(f, ": {what}removed (was {before})"),
            (None, None) => write!(f, ": {what}changed"),
        }
    }
}

/// All that is different, in the order of the definition. Where it comes from, its version and how it was verified are
/// not looked at.
pub fn diff(old: &Definition, new: &Definition) -> Vec<Difference> {
    let mut found = parts::Found::default();
    parts::targets(old, new, &mut found);
    parts::params(old, new, &mut found);
    parts::data(old, new, &mut found);
    parts::stages(old, new, &mut found);
    parts::register(old, new, &mut found);
    parts::rest(old, new, &mut found);
    let sealed = !old.content.is_empty() && !new.content.is_empty();
    if found.0.is_empty() && sealed && old.content != new.content {
        let hash = |content: &str| Some(content.chars().take(12).collect());
        found.add(Part::Files, "", "content", (hash(&old.content), hash(&new.content)), Level::Patch);
    }
    found.0
}
