//! `%%writefile`: a cell's text into a file.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Form, Lowered, Magic};
use ironbook_session::FailureKind;
use std::io::Write as _;

/// `%writefile`.
pub struct Writefile;

#[derive(clap::Args)]
struct Arguments {
    /// Add to the file instead of replacing it
    #[arg(short, long)]
    append: bool,
    /// The file
    #[arg(value_hint = clap::ValueHint::FilePath)]
    file: String,
}

impl Magic for Writefile {
    fn name(&self) -> &'static str {
        "writefile"
    }

    fn summary(&self) -> &'static str {
        "Write the cell's text to a file"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn form(&self) -> Form {
        Form::Cell
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%%writefile notes.txt\nfirst line", expect: Expect::Contains("Wrote notes.txt") },
            Example {
                code: "%%writefile no/such/directory/notes.txt\ntext",
                expect: Expect::Failed(FailureKind::Magic),
            },
            Example { code: "%%writefile\ntext", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        let mut text = call.body().to_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(Lowered::action(move |cx| {
            let path = cx.path(&args.file);
            let mut options = std::fs::OpenOptions::new();
            options.create(true).write(true).append(args.append).truncate(!args.append);
            let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|source| Error::file("write", &path, source))?;
            cx.say(format!("{} {}", if args.append { "Added to" } else { "Wrote" }, args.file));
            Ok(())
        }))
    }
}
