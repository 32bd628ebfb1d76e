//! `%%bash`: a cell as a bash script.

use crate::command::{self, Errors};
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Form, Lowered, Magic};
use ironbook_session::FailureKind;

/// `%bash`.
pub struct Bash;

impl Magic for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn summary(&self) -> &'static str {
        "Run the cell as a bash script"
    }

    fn form(&self) -> Form {
        Form::Cell
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%%bash\nfor i in {1..3}; do echo $((i * i)); done", expect: Expect::Contains("9") },
            Example { code: "%%bash\nset -e\nfalse\necho never", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let script = call.body().to_owned();
        Ok(Lowered::action(move |cx| command::run(cx, ("bash", Errors::Apart), &script)))
    }
}
