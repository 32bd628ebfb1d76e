//! `%whos`: the variables with their types, shapes and sizes.

use super::who::Filter;
use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::table::{bytes, left, right, table};

/// `%whos`.
pub struct Whos;

impl Magic for Whos {
    fn name(&self) -> &'static str {
        "whos"
    }

    fn summary(&self) -> &'static str {
        "List the variables with type, shape, size and the cell that made them"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Filter as clap::Args>::augment_args(command)
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "let answers = vec![42i32; 3];\n%whos", expect: Expect::Contains("Vec<i32>") },
            Example { code: "let answer = 42i32;\n%whos i32", expect: Expect::Contains("answer") },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let filter: Filter = call.args()?;
        Ok(Lowered::action(move |cx| list(cx, &filter)))
    }
}

fn list(cx: &mut Context<'_>, filter: &Filter) -> Result<(), Error> {
    let variables = filter.variables(cx);
    if variables.is_empty() {
        cx.say(filter.none());
        return Ok(());
    }
    let stale = variables.iter().any(|variable| variable.stale.is_some());
    let mut columns = vec![left("name"), left("type"), left("shape"), right("size"), right("cell")];
    columns.extend(stale.then_some(left("out of date")));
    let rows: Vec<_> = variables
        .into_iter()
        .map(|variable| {
            let shape = variable.shape.unwrap_or_default();
            let cell = cx.cell_number(variable.cell).to_string();
            let mut row = vec![variable.name, variable.type_name, shape, bytes(variable.bytes), cell];
            if stale {
                row.push(variable.stale.unwrap_or_default());
            }
            row
        })
        .collect();
    cx.show(table(&columns, &rows));
    Ok(())
}
