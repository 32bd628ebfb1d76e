//! `%restore`: back to a checkpoint.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use ironbook_session::FailureKind;

/// `%restore`.
pub struct Restore;

#[derive(clap::Args)]
struct Arguments {
    /// The checkpoint
    name: String,
}

impl Magic for Restore {
    fn name(&self) -> &'static str {
        "restore"
    }

    fn summary(&self) -> &'static str {
        "Make variables and items as they were at a checkpoint; the history stays"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example {
                code: "let answer = 42;\n%checkpoint before\n%reset -f\n%restore before\n%who",
                expect: Expect::Contains("answer"),
            },
            Example { code: "%restore nothing_of_this_name", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let Arguments { name } = call.args()?;
        Ok(Lowered::action(move |cx| {
            let restored = cx.engine.restore_checkpoint(&name, cx.out)?;
            let count = restored.back.len();
            cx.say(format!("as at checkpoint `{name}`: {count} variable{}", if count == 1 { "" } else { "s" }));
            for lost in restored.lost {
                cx.say(format!("  without `{}` (cell {}): {}", lost.name, cx.cell_number(lost.cell), lost.why));
            }
            if !restored.again.is_empty() {
                cx.say("`%rerun --lost` runs the cells that make what is missing anew");
            }
            Ok(())
        }))
    }
}
