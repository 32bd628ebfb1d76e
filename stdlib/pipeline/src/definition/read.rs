//! Reading and writing `pipeline.toml`.

use super::spans::{Step, line, line_of};
use super::{Data, Definition, Error, FILE, Output, Param, SCHEMA, Stage, check};
use crate::version::Version;
use std::path::Path;
use std::{fs, io};

impl Definition {
    /// Reads the definition of a version: a `pipeline.toml`, or the directory that has one.
    ///
    /// # Errors
    /// When it cannot be read, or is no definition; names the file, the line and what to do.
    pub fn read(path: impl AsRef<Path>) -> Result<Definition, Error> {
        let path = path.as_ref();
        let file = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        let text = fs::read_to_string(&file).map_err(|source| Error::Read { path: file.clone(), source })?;
        Definition::parse(&text).map_err(|source| Error::In { path: file, source: Box::new(source) })
    }

    /// Reads a definition's text.
    ///
    /// # Errors
    /// When a newer release wrote it, it has an unknown field or lacks one, or its parts do not fit together. All
    /// problems of the last kind are named, each with its line.
    pub fn parse(text: &str) -> Result<Definition, Error> {
        refuse_newer(text)?;
        let definition: Definition = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        let problems = check::check(&definition, text);
        if problems.is_empty() { Ok(definition) } else { Err(Error::Invalid(problems)) }
    }

    /// The problems that [`Definition::parse`] would find in this definition.
    pub fn problems(&self) -> Vec<super::Problem> {
        check::check(self, &self.to_toml())
    }

    /// The text of `pipeline.toml`.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a definition has only what TOML has")
    }

    /// Writes `pipeline.toml` into the directory of a version.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        fs::write(directory.join(FILE), self.to_toml())
    }

    /// The version as numbers.
    ///
    /// # Panics
    /// When the definition was made by hand and its `version` is none; one that was read has a version.
    pub fn semver(&self) -> Version {
        self.version.parse().expect("the version was checked when the definition was read")
    }

    /// The stage of this name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// The parameter of this name.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// The file that is read under this name.
    pub fn data_named(&self, name: &str) -> Option<&Data> {
        self.data.iter().find(|data| data.name == name)
    }

    /// The output that `stage.value` names.
    pub fn output(&self, target: &str) -> Option<&Output> {
        let (stage, value) = target.split_once('.')?;
        self.stage(stage)?.outputs.iter().find(|output| output.name == value)
    }
}

/// A newer schema may have fields that this release would call unknown, so it is looked at first.
fn refuse_newer(text: &str) -> Result<(), Error> {
    let table: toml::Table = text.parse().map_err(|error| syntax(text, &error))?;
    match table.get("schema").and_then(toml::Value::as_integer) {
        Some(schema) if schema > i64::from(SCHEMA) => {
            Err(Error::Newer { line: line(text, &[Step::Key("schema")]), schema })
        }
        _ => Ok(()),
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| line_of(text, span.start));
    Error::Syntax { line, message: error.message().to_owned() }
}
