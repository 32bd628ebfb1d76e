//! `%save`: the session's cells as a script.

use crate::context::Context;
use crate::error::Error;
use crate::export::{self, Arguments};
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::script::{self, Script, ScriptCell};
use ironbook_session::FailureKind;

/// `%save`.
pub struct Save;

impl Magic for Save {
    fn name(&self) -> &'static str {
        "save"
    }

    fn summary(&self) -> &'static str {
        "Write cells to a script, which `ironbook run` and `%run` read"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%save work.rs 1-3 5", expect: Expect::Failed(FailureKind::Magic) },
            Example { code: "%save work.ipynb", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| save(cx, &args)))
    }
}

fn save(cx: &mut Context<'_>, args: &Arguments) -> Result<(), Error> {
    let path = export::target(cx, args, "rs", "a script ends in .rs; `%notebook` writes a notebook")?;
    let cells: Vec<ScriptCell> = export::chosen(cx, args)?.into_iter().map(|chosen| chosen.cell).collect();
    let text = match export::before(&path, args)? {
        Some(before) => script::append(&before, &cells),
        None => script::write(&Script { cells: cells.clone(), ..Script::default() }),
    };
    export::write(&path, args, &text)?;
    cx.say(export::said(&path, args, cells.len()));
    Ok(())
}
