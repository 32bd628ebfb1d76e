//! `%notebook`: the session's cells and their outputs as a Jupyter notebook.

use crate::context::Context;
use crate::error::Error;
use crate::export::{self, Arguments};
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::notebook::{Notebook as File, NotebookError};
use ironbook_session::{Event, FailureKind};

/// `%notebook`.
pub struct Notebook;

impl Magic for Notebook {
    fn name(&self) -> &'static str {
        "notebook"
    }

    fn summary(&self) -> &'static str {
        "Write cells and their outputs to a Jupyter notebook"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%notebook work.ipynb 1-3 5", expect: Expect::Failed(FailureKind::Magic) },
            Example { code: "%notebook work.rs", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| write(cx, &args)))
    }
}

fn write(cx: &mut Context<'_>, args: &Arguments) -> Result<(), Error> {
    let path = export::target(cx, args, "ipynb", "a notebook ends in .ipynb; `%save` writes a script")?;
    let chosen = export::chosen(cx, args)?;
    let mut forgotten = Vec::new();
    let cells = chosen.iter().map(|chosen| {
        let (cell, lacks) = export::with_outputs(cx, chosen);
        forgotten.extend(lacks.then_some(chosen.number));
        cell
    });
    let cells: Vec<_> = cells.collect();
    let mut notebook = match export::before(&path, args)? {
        Some(before) => {
            let wrong = |error: NotebookError| Error::Notebook { path: path.clone(), reason: error.to_string() };
            File::parse(&before).map_err(wrong)?
        }
        None => File::new(Vec::new()),
    };
    notebook.cells.extend(cells);
    notebook.complete();
    export::write(&path, args, &notebook.to_text())?;
    cx.say(export::said(&path, args, chosen.len()));
    if let Some(last) = forgotten.last() {
        let words = format!("the outputs of cells up to {last} are no longer remembered, and not in the notebook");
        (cx.out)(Event::Note(words));
    }
    Ok(())
}
