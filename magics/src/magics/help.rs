//! `%help`: how cells work, or help on a magic or a name.

use crate::error::Error;
use crate::help;
use crate::magic::{Call, Example, Expect, Lowered, Magic, VARIABLE};
use ironbook_session::FailureKind;

/// `%help`.
pub struct Help;

#[derive(clap::Args)]
struct Arguments {
    /// A magic (with or without its sign), a variable or an item
    #[arg(value_hint = VARIABLE)]
    name: Option<String>,
}

impl Magic for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn summary(&self) -> &'static str {
        "Explain how cells work, or a magic, a variable or an item"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%help", expect: Expect::Contains("%lsmagic") },
            Example { code: "%help timeit", expect: Expect::Contains("Usage: %timeit") },
            Example { code: "%timeit?", expect: Expect::Contains("Usage: %timeit") },
            Example { code: "%help trakc", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| match args.name {
            None => {
                cx.page(help::OVERVIEW);
                Ok(())
            }
            Some(name) if cx.registry.find(&name).is_some() => help::magic(cx, &name),
            Some(name) => help::subject(cx, &name),
        }))
    }
}
