//! `%sh`, `%%sh` and `!`: shell commands.

use crate::command::{self, Errors};
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Form, Lowered, Magic};
use crate::split::Style;
use ironbook_session::FailureKind;

/// `%sh`.
pub struct Sh;

impl Magic for Sh {
    fn name(&self) -> &'static str {
        "sh"
    }

    fn summary(&self) -> &'static str {
        "Run a shell command (also written !command), or a cell as a shell script"
    }

    fn form(&self) -> Form {
        Form::Both
    }

    fn style(&self) -> Style {
        Style::Text
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "!echo hello", expect: Expect::Contains("hello") },
            Example { code: "%sh echo one; echo two", expect: Expect::Contains("two") },
            Example { code: "!exit 3", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let mut command = call.rest().to_owned();
        if call.body.is_some() {
            command.push('\n');
            command.push_str(call.body());
        }
        if command.trim().is_empty() {
            return Err(call.wrong("there is no command to run", "write `!command`"));
        }
        let errors = if call.body.is_some() { Errors::Apart } else { Errors::Among };
        Ok(Lowered::action(move |cx| command::run(cx, ("sh", errors), &command)))
    }
}
