//! `%diff`: what has changed since a checkpoint.

use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::table::{left, right, table};
use ironbook_session::FailureKind;
use ironbook_session::durable::Change;

/// `%diff`.
pub struct Diff;

#[derive(clap::Args)]
struct Arguments {
    /// The checkpoint
    name: String,
    /// List the variables that are as they were, too
    #[arg(short, long)]
    all: bool,
}

impl Magic for Diff {
    fn name(&self) -> &'static str {
        "diff"
    }

    fn summary(&self) -> &'static str {
        "List the variables that are not as they were at a checkpoint"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%checkpoint before\nlet fresh = 1i32;\n%diff before", expect: Expect::Contains("new") },
            Example { code: "%diff nothing_of_this_name", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let Arguments { name, all } = call.args()?;
        Ok(Lowered::action(move |cx| {
            let mut changes = cx.engine.diff(&name, cx.out)?;
            let count = changes.len();
            changes.retain(|change| all || change.differs != Some(false));
            if changes.is_empty() {
                cx.say(format!("All {count} variables are as they were at checkpoint `{name}`."));
                return Ok(());
            }
            let rows: Vec<Vec<String>> = changes
                .into_iter()
                .map(|change| {
                    let cell = change.cell.map_or(String::new(), |cell| cx.cell_number(cell).to_string());
                    let (what, then, now) = (word(&change), side(change.then), side(change.now));
                    vec![change.name, what.to_owned(), then, now, cell]
                })
                .collect();
            cx.show(table(&[left("name"), left("change"), left("then"), left("now"), right("cell")], &rows));
            Ok(())
        }))
    }
}

fn word(change: &Change) -> &'static str {
    match (&change.then, &change.now, change.differs) {
        (None, _, _) => "new",
        (_, None, _) => "gone",
        (Some((then, _)), Some((now, _)), _) if then != now => "other type",
        (_, _, Some(true)) => "changed",
        (_, _, Some(false)) => "the same",
        (_, _, None) => "not on disk",
    }
}

fn side(of: Option<(String, Option<String>)>) -> String {
    match of {
        None => String::new(),
        Some((type_name, None)) => type_name,
        Some((type_name, Some(shape))) => format!("{type_name}, {shape}"),
    }
}
