//! `%restart`: a new runtime process.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};

/// `%restart`.
pub struct Restart;

impl Magic for Restart {
    fn name(&self) -> &'static str {
        "restart"
    }

    fn summary(&self) -> &'static str {
        "Start a new runtime process: variables go, items and history stay"
    }

    fn examples(&self) -> &'static [Example] {
        &[Example { code: "let answer = 42;\n%restart\n%who", expect: Expect::Contains("answer") }]
    }

    fn lower(&self, _: &Call<'_>) -> Result<Lowered, Error> {
        Ok(Lowered::action(|cx| {
            let lost = cx.engine.restart();
            let names: Vec<_> =
                lost.iter().map(|lost| format!("{} (cell {})", lost.name, cx.cell_number(lost.cell))).collect();
            cx.say(match names.as_slice() {
                [] => "Restarted; there were no variables.".to_owned(),
                names => format!("Restarted; gone: {}", names.join(", ")),
            });
            Ok(())
        }))
    }
}
