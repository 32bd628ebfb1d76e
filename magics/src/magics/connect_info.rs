//! `%connect_info`: how other programs reach this session.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use std::fs;

/// `%connect_info`.
pub struct ConnectInfo;

impl Magic for ConnectInfo {
    fn name(&self) -> &'static str {
        "connect_info"
    }

    fn summary(&self) -> &'static str {
        "Show how a terminal or another client attaches to this session"
    }

    fn examples(&self) -> &'static [Example] {
        &[Example { code: "%connect_info", expect: Expect::Ok }]
    }

    fn lower(&self, _: &Call<'_>) -> Result<Lowered, Error> {
        Ok(Lowered::action(|cx| {
            let Some(connection) = cx.state.connection.clone() else {
                cx.say("No other client can attach: this session lives in its own program, without a kernel.");
                cx.say("`ironbook` and notebooks have one that can be shared.");
                return Ok(());
            };
            let path = &connection.file;
            let text = fs::read_to_string(path).map_err(|source| Error::file("read", path, source))?;
            cx.say(text);
            cx.say(format!("in {}", path.display()));
            let named = connection.id.clone().unwrap_or_else(|| path.display().to_string());
            cx.say(format!("\nA terminal attaches with\n\n    ironbook repl --existing {named}"));
            cx.say(format!("\nand Jupyter's clients with\n\n    jupyter console --existing {}", path.display()));
            Ok(())
        }))
    }
}
