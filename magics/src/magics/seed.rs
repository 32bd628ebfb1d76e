//! `%seed`: the seed of everything that is given none.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use ironbook_session::FailureKind;

/// `%seed`.
pub struct Seed;

#[derive(clap::Args)]
struct Arguments {
    /// The seed
    seed: u64,
}

impl Magic for Seed {
    fn name(&self) -> &'static str {
        "seed"
    }

    fn summary(&self) -> &'static str {
        "Set the session's seed, which library calls without one derive theirs from"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%seed 42\nironbook::seed::get()", expect: Expect::Contains("42") },
            Example { code: "%seed lucky", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::rust(format!("::ironbook::seed::set({});", args.seed)))
    }
}
