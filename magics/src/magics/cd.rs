//! `%cd`: the session's directory.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use ironbook_session::FailureKind;

/// `%cd`.
pub struct Cd;

#[derive(clap::Args)]
struct Arguments {
    /// The new directory: a path, `~`, or `-` for the one before
    #[arg(value_hint = clap::ValueHint::DirPath)]
    directory: Option<String>,
}

impl Magic for Cd {
    fn name(&self) -> &'static str {
        "cd"
    }

    fn summary(&self) -> &'static str {
        "Show or change the session's directory"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%cd", expect: Expect::Ok },
            Example { code: "%cd no/such/directory", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| change(cx, args.directory.as_deref())))
    }
}

fn change(cx: &mut Context<'_>, directory: Option<&str>) -> Result<(), Error> {
    if let Some(directory) = directory {
        let path = match directory {
            "-" => cx.state.previous_directory.clone().ok_or_else(|| Error::Refused {
                reason: "there is no directory before this one".to_owned(),
                advice: "`%cd path` changes the directory".to_owned(),
            })?,
            path => cx.path(path),
        };
        let path = std::fs::canonicalize(&path).map_err(|source| Error::file("change to", &path, source))?;
        if !path.is_dir() {
            return Err(Error::file("change to", &path, std::io::ErrorKind::NotADirectory.into()));
        }
        let before = cx.engine.directory().to_owned();
        cx.engine.set_directory(&path)?;
        cx.state.previous_directory = Some(before);
    }
    let now = cx.engine.directory().display().to_string();
    cx.say(now);
    Ok(())
}
