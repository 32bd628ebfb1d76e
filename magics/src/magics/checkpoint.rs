//! `%checkpoint`: the session as it is now, under a name.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::table::{left, right, table};
use ironbook_session::FailureKind;

/// `%checkpoint`.
pub struct Checkpoint;

#[derive(clap::Args)]
struct Arguments {
    /// Its name; without one, the checkpoints are listed
    name: Option<String>,
    /// Forget the checkpoint instead
    #[arg(short, long, requires = "name")]
    delete: bool,
}

impl Magic for Checkpoint {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn summary(&self) -> &'static str {
        "Name the session as it is now: `%restore` goes back to it, `%diff` compares"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "let answer = 42;\n%checkpoint before", expect: Expect::Contains("1 variable") },
            Example { code: "%checkpoint before\n%checkpoint", expect: Expect::Contains("before") },
            Example { code: "%checkpoint --delete nothing_of_this_name", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let Arguments { name, delete } = call.args()?;
        Ok(Lowered::action(move |cx| match name {
            None => list(cx),
            Some(name) if delete => forget(cx, &name),
            Some(name) => make(cx, &name),
        }))
    }
}

fn make(cx: &mut Context<'_>, name: &str) -> Result<(), Error> {
    let made = cx.engine.checkpoint(name, cx.out)?;
    let plural = if made.variables == 1 { "" } else { "s" };
    cx.say(format!("checkpoint `{name}`: {} variable{plural}", made.variables));
    for (variable, why) in made.missing {
        cx.say(format!("  without `{variable}`: {why}"));
    }
    Ok(())
}

fn forget(cx: &mut Context<'_>, name: &str) -> Result<(), Error> {
    if cx.engine.forget_checkpoint(name, cx.out)? {
        cx.say(format!("forgotten: checkpoint `{name}`"));
        return Ok(());
    }
    Err(Error::Refused {
        reason: format!("there is no checkpoint `{name}`"),
        advice: "`%checkpoint` lists them".to_owned(),
    })
}

fn list(cx: &mut Context<'_>) -> Result<(), Error> {
    let all = cx.engine.checkpoints()?;
    if all.is_empty() {
        cx.say("There are no checkpoints; `%checkpoint NAME` makes one.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = all
        .into_iter()
        .map(|checkpoint| {
            let cell = cx.cell_number(checkpoint.at).to_string();
            let missing: Vec<String> = checkpoint.missing.into_iter().map(|(name, _)| name).collect();
            vec![checkpoint.name, cell, checkpoint.variables.to_string(), missing.join(", ")]
        })
        .collect();
    cx.show(table(&[left("name"), right("after cell"), right("variables"), left("without")], &rows));
    Ok(())
}
