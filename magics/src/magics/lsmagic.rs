//! `%lsmagic`: all magics with a line each.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Form, Lowered, Magic};
use crate::table::{left, table};

/// `%lsmagic`.
pub struct Lsmagic;

impl Magic for Lsmagic {
    fn name(&self) -> &'static str {
        "lsmagic"
    }

    fn summary(&self) -> &'static str {
        "List all magics"
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn examples(&self) -> &'static [Example] {
        &[Example { code: "%lsmagic", expect: Expect::Contains("%%writefile") }]
    }

    fn lower(&self, _: &Call<'_>) -> Result<Lowered, Error> {
        Ok(Lowered::action(list))
    }
}

fn list(cx: &mut Context<'_>) -> Result<(), Error> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for magic in cx.registry.all() {
        let name = magic.name();
        let written = match magic.form() {
            Form::Line => format!("%{name}"),
            Form::Cell => format!("%%{name}"),
            Form::Both => format!("%{name}, %%{name}"),
        };
        rows.push(vec![written, magic.summary().to_owned()]);
    }
    for own in cx.own_magics() {
        rows.push(vec![format!("%{own}"), format!("Calls `magic_{own}` of this session")]);
    }
    cx.show(table(&[left("magic"), left("what it does")], &rows));
    cx.say("`%help name` shows a magic's arguments and examples, `%help` how cells work.");
    Ok(())
}
