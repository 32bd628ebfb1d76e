//! `%opt`: at which optimisation level cells are compiled.

use crate::engine::Tier;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use ironbook_session::FailureKind;

/// `%opt`.
pub struct Opt;

#[derive(clap::Args)]
#[command(after_help = "auto: level 0, and 2 for cells whose own loops are worth it. Level 0 compiles fastest.")]
struct Arguments {
    /// The level
    #[arg(value_parser = ["auto", "0", "1", "2", "3"])]
    level: Option<String>,
}

impl Magic for Opt {
    fn name(&self) -> &'static str {
        "opt"
    }

    fn summary(&self) -> &'static str {
        "Show or set the optimisation level of compiled cells"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%opt 2\n%opt", expect: Expect::Contains("2") },
            Example { code: "%opt auto", expect: Expect::Contains("auto") },
            Example { code: "%opt 4", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| {
            match args.level.as_deref().map(|level| level.parse()) {
                None => {}
                Some(Ok(level)) => cx.engine.set_tier(Tier::Fixed(level)),
                Some(Err(_)) => cx.engine.set_tier(Tier::Auto), // clap lets through numbers and `auto` only
            }
            let level = match cx.engine.tier() {
                Tier::Auto => "auto".to_owned(),
                Tier::Fixed(level) => level.to_string(),
            };
            cx.say(format!("optimisation level: {level}"));
            Ok(())
        }))
    }
}
