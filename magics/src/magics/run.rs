//! `%run`: runs the cells of a file.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::script;
use ironbook_session::FailureKind;

/// `%run`.
pub struct Run;

#[derive(clap::Args)]
struct Arguments {
    /// A script (.rs, its cells split at `// %%`) or a notebook (.ipynb)
    file: String,
}

impl Magic for Run {
    fn name(&self) -> &'static str {
        "run"
    }

    fn summary(&self) -> &'static str {
        "Run the cells of a script or a notebook in this session"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[Example { code: "%run no_such_file.rs", expect: Expect::Failed(FailureKind::Magic) }]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| run(cx, &args.file)))
    }
}

fn run(cx: &mut Context<'_>, file: &str) -> Result<(), Error> {
    let path = cx.path(file);
    let text = std::fs::read_to_string(&path).map_err(|source| Error::file("read", &path, source))?;
    let cells = script::cells(&path, &text)?;
    let identity = std::fs::canonicalize(&path).unwrap_or(path);
    if cx.state.running.contains(&identity) {
        return Err(Error::Refused {
            reason: format!("`{file}` runs itself"),
            advice: "take the `%run` out of it".to_owned(),
        });
    }
    cx.state.running.push(identity);
    let done = cells.iter().try_for_each(|cell| cx.run_cell(cell));
    cx.state.running.pop();
    done
}
