//! The magics that a shell knows, and what it says about the ones that it does not.

use crate::error::{Error, did_you_mean};
use crate::magic::{Expect, Form, Magic};
use crate::{foreign, magics};
use std::sync::Arc;

/// The magics of a shell: [`magics::ALL`] and those that were added.
#[derive(Clone, Default)]
pub struct Registry {
    added: Vec<Arc<dyn Magic>>,
}

impl Registry {
    /// Adds a magic; it hides an older one of its name.
    pub fn add(&mut self, magic: Box<dyn Magic>) {
        self.added.push(Arc::from(magic));
    }

    /// All magics, by name.
    pub fn all(&self) -> Vec<&dyn Magic> {
        let mut all: Vec<&dyn Magic> = self.added.iter().rev().map(|magic| &**magic).collect();
        all.extend(magics::ALL.iter().copied());
        all.sort_by_key(|magic| magic.name()); // stable: an added one stays before the one it hides
        all.dedup_by_key(|magic| magic.name());
        all
    }

    /// The magic of a name.
    pub fn find(&self, name: &str) -> Option<&dyn Magic> {
        let added = self.added.iter().rev().map(|magic| &**magic).find(|magic| magic.name() == name);
        added.or_else(|| magics::ALL.iter().copied().find(|magic| magic.name() == name))
    }

    /// What to say of a name that no magic has; `own` are the names of the user's magics.
    pub fn unknown(&self, name: &str, cell: bool, own: &[String]) -> Error {
        let sign = if cell { "%%" } else { "%" };
        let mut advice: Vec<String> = foreign::python(name).map(str::to_owned).into_iter().collect();
        if advice.is_empty() {
            let names = self.all();
            let names = names.iter().filter(|magic| magic.form() != if cell { Form::Line } else { Form::Cell });
            let names = names.map(|magic| magic.name()).chain(own.iter().map(String::as_str));
            advice.extend(did_you_mean(name, names, sign));
        }
        advice.push("`%lsmagic` lists all magics".to_owned());
        Error::Unknown { name: format!("{sign}{name}"), advice }
    }
}

/// The clap command of a magic: what reads its arguments and renders its help.
pub fn command(magic: &dyn Magic) -> clap::Command {
    let name = match magic.form() {
        Form::Cell => format!("%%{}", magic.name()),
        Form::Line | Form::Both => format!("%{}", magic.name()),
    };
    let command = clap::Command::new(magic.name())
        .bin_name(name)
        .no_binary_name(true)
        .styles(clap::builder::Styles::plain())
        .color(clap::ColorChoice::Never)
        .disable_help_subcommand(true)
        .allow_negative_numbers(true)
        .term_width(100);
    // After the arguments: a doc comment of their struct would set it, too.
    magic.arguments(command).about(magic.summary()).long_about(None)
}

/// A magic's help: what it does, its arguments, its examples.
pub fn help(magic: &dyn Magic) -> String {
    let mut text = command(magic).render_help().to_string().trim_end().to_owned();
    if magic.examples().iter().all(|example| matches!(example.expect, Expect::Failed(_))) {
        return text; // nothing that could be shown works everywhere: `%run` and `%load` need a file of the user's
    }
    text.push_str("\n\nExamples:\n");
    let works = magic.examples().iter().filter(|example| !matches!(example.expect, Expect::Failed(_)));
    for (number, example) in works.enumerate() {
        if number > 0 {
            text.push('\n');
        }
        for line in example.code.trim_end().lines() {
            text.push_str("  ");
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
