//! The program that an exported crate builds to.

use crate::cli;
use crate::definition::Definition;
use crate::failure::Result;
use crate::io::Io;
use crate::run::error::RunError;
use crate::value::Value;
use std::path::Path;
use std::process::ExitCode;

/// A function that takes a stage's inputs, calls it, and leaves its outputs.
pub type StageFn = fn(&mut Io) -> Result<()>;

/// A function that reads rows from the first file, and writes their predictions to the second.
pub type PredictFn = fn(&mut Io, &Path, &Path) -> Result<()>;

/// The functions of a program.
#[derive(Default)]
pub(crate) struct Functions {
    pub(crate) stages: Vec<(&'static str, StageFn)>,
    pub(crate) register: Option<StageFn>,
    pub(crate) predict: Option<PredictFn>,
    /// The text of the stages' code; empty when it is not known.
    pub(crate) source: &'static str,
}

impl Functions {
    pub(crate) fn stage(&self, name: &str) -> Option<StageFn> {
        self.stages.iter().find(|(of, _)| *of == name).map(|(_, run)| *run)
    }

    /// What the definition and the program do not have in common.
    pub(crate) fn misfits(&self, definition: &Definition) -> Vec<String> {
        let stages = definition.stages.iter();
        let missing = stages.filter(|stage| self.stage(&stage.name).is_none());
        let missing = missing.map(|stage| format!("the stage `{}` has no function", stage.name));
        let extra = self.stages.iter().filter(|(name, _)| !definition.stages.iter().any(|stage| stage.name == *name));
        let extra = extra.map(|(name, _)| format!("the function `{name}` has no stage"));
        let register = definition.register.is_some() && self.register.is_none();
        let register = register.then(|| "there is no function that registers the model".to_owned());
        missing.chain(extra).chain(register).collect()
    }

    /// That they are those of the definition.
    pub(crate) fn fit(&self, definition: &Definition) -> std::result::Result<(), RunError> {
        let misfits = self.misfits(definition);
        if misfits.is_empty() { Ok(()) } else { Err(RunError::Misfit(misfits.join("; "))) }
    }
}

/// The stages of a program, by the names that its definition gives them.
pub struct Pipeline {
    pub(crate) definition: &'static str,
    pub(crate) functions: Functions,
}

/// Whether the stages' code is another than that of the definition: its hash then.
pub(crate) fn edited(source: &str, definition: &Definition) -> Option<String> {
    let hash = || blake3::hash(source.as_bytes()).to_hex().to_string();
    let known = !source.is_empty() && !definition.source.is_empty();
    known.then(hash).filter(|hash| *hash != definition.source)
}

impl Pipeline {
    /// A pipeline of this definition: the text of `pipeline.toml`.
    #[must_use]
    pub fn new(definition: &'static str) -> Pipeline {
        // A program without the rest of the library knows numbers and text only.
        ironbook_core::keep::register_plain();
        Pipeline { definition, functions: Functions::default() }
    }

    /// With the text of the stages' code: after an edit, nothing that was made before is taken for its work.
    #[must_use]
    pub fn source(mut self, source: &'static str) -> Pipeline {
        self.functions.source = source;
        self
    }

    /// With the function of a stage.
    #[must_use]
    pub fn stage(mut self, name: &'static str, run: StageFn) -> Pipeline {
        self.functions.stages.push((name, run));
        self
    }

    /// With a type of its own that values between stages have: `.value(keep!(Split))`.
    #[must_use]
    pub fn value(self, value: Value) -> Pipeline {
        value.register();
        self
    }

    /// With the function that takes the model, and registers it under [`Io::register_name`] and [`Io::register_alias`].
    #[must_use]
    pub fn register(mut self, register: StageFn) -> Pipeline {
        self.functions.register = Some(register);
        self
    }

    /// With the function that takes the model, and predicts the rows of a file into another one.
    #[must_use]
    pub fn predict(mut self, predict: PredictFn) -> Pipeline {
        self.functions.predict = Some(predict);
        self
    }

    /// Does what the program's arguments say.
    #[must_use]
    pub fn main(self) -> ExitCode {
        cli::main(&self)
    }
}
