//! `%rerun`: cells again, or just what is out of date or lost.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic, VARIABLE};
use ironbook_session::{ExecutionId, FailureKind, Slice};
use std::collections::BTreeSet;

/// `%rerun`.
pub struct Rerun;

#[derive(clap::Args)]
struct Arguments {
    /// Run what brings variables up to date that are out of date, in the order in which they depend on each other
    #[arg(long, conflicts_with = "lost")]
    stale: bool,
    /// Run what makes anew the variables that were lost with a runtime or process
    #[arg(long)]
    lost: bool,
    /// Only say what would run
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Numbers of cells (`3`, `5-7`), the last one if there are none; with `--stale`, names of variables
    #[arg(value_hint = VARIABLE)]
    what: Vec<String>,
}

impl Magic for Rerun {
    fn name(&self) -> &'static str {
        "rerun"
    }

    fn summary(&self) -> &'static str {
        "Run cells again: by number, or what is out of date, or what was lost"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%rerun --stale", expect: Expect::Contains("up to date") },
            Example { code: "%rerun --lost", expect: Expect::Contains("lost") },
            Example { code: "%rerun 12345", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| {
            if args.stale {
                let names: BTreeSet<String> = args.what.iter().cloned().collect();
                let slice = cx.engine.outdated_by((!names.is_empty()).then_some(&names));
                return slice_again(cx, &slice, args.dry_run, "Everything is up to date.");
            }
            if args.lost {
                let slice = cx.engine.lost_makers();
                return slice_again(cx, &slice, args.dry_run, "Nothing was lost.");
            }
            cells_again(cx, &args)
        }))
    }
}

fn slice_again(cx: &mut Context<'_>, slice: &Slice, dry_run: bool, nothing: &str) -> Result<(), Error> {
    if slice.executions.is_empty() {
        let names: Vec<&str> = slice.names.iter().map(String::as_str).collect();
        return match names.as_slice() {
            [] => {
                cx.say(nothing);
                Ok(())
            }
            names => Err(Error::Refused {
                reason: format!("no cell of this session makes {}", names.join(", ")),
                advice: "run the code that does".to_owned(),
            }),
        };
    }
    for id in &slice.executions {
        execution_again(cx, *id, dry_run)?;
    }
    Ok(())
}

fn execution_again(cx: &mut Context<'_>, id: ExecutionId, dry_run: bool) -> Result<(), Error> {
    let number = cx.cell_number(id);
    let Some(source) = cx.engine.source(id) else {
        return Err(Error::Refused {
            reason: format!("the text of cell {number} is not known any more"),
            advice: "run the code again by hand".to_owned(),
        });
    };
    let rust = source.rust();
    let line = rust.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("").to_owned();
    if rust.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(is_result) {
        return Err(Error::Refused {
            reason: format!("cell {number} uses the result of another cell: {line}"),
            advice: "a result has no name to make it anew by: run the two by hand, or give the value a name".to_owned(),
        });
    }
    cx.say(format!("cell {number}: {line}"));
    if dry_run { Ok(()) } else { cx.run_again(source) }
}

/// `__`, `___`, `_3`.
fn is_result(word: &str) -> bool {
    word == "__" || word == "___" || word.strip_prefix('_').is_some_and(|rest| rest.parse::<u64>().is_ok())
}

fn cells_again(cx: &mut Context<'_>, args: &Arguments) -> Result<(), Error> {
    let numbers = numbers(cx, &args.what)?;
    for number in numbers {
        let found = cx.state.cells.iter().rev().find(|cell| cell.number == number);
        let Some(text) = found.map(|cell| cell.text.clone()) else {
            return Err(Error::Refused {
                reason: format!("there is no cell {number}"),
                advice: "`%history -n` lists the cells with their numbers".to_owned(),
            });
        };
        if text.trim_start().starts_with("%rerun") {
            return Err(Error::Refused {
                reason: format!("cell {number} runs cells itself"),
                advice: "name those cells".to_owned(),
            });
        }
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("").to_owned();
        cx.say(format!("cell {number}: {line}"));
        if !args.dry_run {
            cx.run_cell(&text)?;
        }
    }
    Ok(())
}

/// The numbers that are meant; the last cell's without any.
fn numbers(cx: &Context<'_>, words: &[String]) -> Result<Vec<u64>, Error> {
    if words.is_empty() {
        let cells = cx.state.cells.iter().rev();
        let last =
            cells.map(|cell| (cell.number, cell.text.trim_start())).find(|(_, text)| !text.starts_with("%rerun"));
        return last.map(|(number, _)| vec![number]).ok_or_else(|| Error::Refused {
            reason: "no cell has run yet".to_owned(),
            advice: "`%rerun 3 5-7` runs cells by their numbers".to_owned(),
        });
    }
    let wrong = |word: &String| Error::Refused {
        reason: format!("`{word}` is no number of a cell"),
        advice: "`%rerun 3 5-7` runs cells by their numbers, `%rerun --stale model` what a variable needs".to_owned(),
    };
    let mut all = Vec::new();
    for word in words {
        let (from, to) = word.split_once('-').unwrap_or((word, word));
        match (from.parse::<u64>(), to.parse::<u64>()) {
            (Ok(from), Ok(to)) if from <= to && to - from < 10_000 => all.extend(from..=to),
            _ => return Err(wrong(word)),
        }
    }
    Ok(all)
}
