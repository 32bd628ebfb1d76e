//! `%load`: a file's text into the cell.

use crate::context::NextInput;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use ironbook_core::Bundle;
use ironbook_session::FailureKind;

/// `%load`.
pub struct Load;

#[derive(clap::Args)]
struct Arguments {
    /// The file
    #[arg(value_hint = clap::ValueHint::FilePath)]
    file: String,
}

impl Magic for Load {
    fn name(&self) -> &'static str {
        "load"
    }

    fn summary(&self) -> &'static str {
        "Put the text of a file into the cell"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[Example { code: "%load no_such_file.rs", expect: Expect::Failed(FailureKind::Magic) }]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| {
            let path = cx.path(&args.file);
            let text = std::fs::read_to_string(&path).map_err(|source| Error::file("read", &path, source))?;
            // The magic stays as a comment, as in IPython: running the cell again does not load again.
            let text = format!("// %load {}\n{text}", args.file);
            cx.show(Bundle::text(text.clone()).with("text/markdown", format!("```rust\n{text}\n```").into()));
            cx.state.next_input = Some(NextInput { text, replace: true });
            Ok(())
        }))
    }
}
