//! `%who`: the names of the variables.

use crate::context::Context;
use crate::engine::Variable;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};

/// `%who`.
pub struct Who;

/// What `%who` and `%whos` list.
#[derive(clap::Args)]
pub(super) struct Filter {
    /// Only variables whose type has this in its name
    types: Vec<String>,
}

impl Filter {
    /// The variables that are meant, by name.
    pub(super) fn variables(&self, cx: &mut Context<'_>) -> Vec<Variable> {
        let mut all = cx.engine.variables();
        all.retain(|variable| {
            self.types.is_empty() || self.types.iter().any(|t| variable.type_name.contains(t.as_str()))
        });
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// What to say when there are none.
    pub(super) fn none(&self) -> String {
        match self.types.as_slice() {
            [] => "There are no variables.".to_owned(),
            types => format!("There are no variables of type {}.", types.join(" or ")),
        }
    }
}

impl Magic for Who {
    fn name(&self) -> &'static str {
        "who"
    }

    fn summary(&self) -> &'static str {
        "List the names of the variables"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Filter as clap::Args>::augment_args(command)
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "let answer = 42;\n%who", expect: Expect::Contains("answer") },
            Example { code: "let name = String::new();\n%who String", expect: Expect::Contains("name") },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let filter: Filter = call.args()?;
        Ok(Lowered::action(move |cx| {
            let variables = filter.variables(cx);
            let stale = variables.iter().any(|variable| variable.stale.is_some());
            let mark = |variable: Variable| variable.name + if variable.stale.is_some() { "*" } else { "" };
            let names: Vec<_> = variables.into_iter().map(mark).collect();
            cx.say(if names.is_empty() { filter.none() } else { names.join("  ") });
            if stale {
                cx.say("* out of date: `%whos` says why, `%rerun --stale` makes them anew");
            }
            Ok(())
        }))
    }
}
