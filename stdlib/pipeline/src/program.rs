//! The program that an exported crate builds to.

use crate::failure::Result;
use crate::io::Io;
use std::process::ExitCode;

/// A function that takes a stage's inputs, calls it, and leaves its outputs.
pub type StageFn = fn(&mut Io) -> Result<()>;

/// The stages of a program, by the names that its definition gives them.
pub struct Pipeline {
    definition: &'static str,
    stages: Vec<(&'static str, StageFn)>,
}

impl Pipeline {
    /// A pipeline of this definition: the text of `pipeline.toml`.
    pub fn new(definition: &'static str) -> Pipeline {
        Pipeline { definition, stages: Vec::new() }
    }

    /// With the function of a stage.
    #[must_use]
    pub fn stage(mut self, name: &'static str, run: StageFn) -> Pipeline {
        self.stages.push((name, run));
        self
    }

    /// Does what the program's arguments say.
    pub fn main(self) -> ExitCode {
        let _ = (self.definition, self.stages);
        ExitCode::FAILURE
    }
}
