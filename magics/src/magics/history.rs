//! `%history`: the cells so far.

use crate::context::Context;
use crate::error::Error;
use crate::history;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use ironbook_session::FailureKind;

/// `%history`.
pub struct History;

#[derive(clap::Args)]
struct Arguments {
    /// Show the cells' numbers
    #[arg(short)]
    numbers: bool,
    /// Search the cells of earlier sessions, too
    #[arg(short, long)]
    global: bool,
    /// At most so many, the newest
    #[arg(short, long, value_name = "N")]
    limit: Option<usize>,
    /// A cell (`3`), a range (`3-5`), or text that a cell has in it, with `*` and `?` as wildcards
    pattern: Vec<String>,
}

impl Magic for History {
    fn name(&self) -> &'static str {
        "history"
    }

    fn summary(&self) -> &'static str {
        "Show earlier cells"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "let answer = 42;\n%history -n", expect: Expect::Ok },
            Example { code: "%history -l none", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let args: Arguments = call.args()?;
        Ok(Lowered::action(move |cx| show(cx, &args)))
    }
}

fn show(cx: &mut Context<'_>, args: &Arguments) -> Result<(), Error> {
    let own = |state: &crate::context::State| {
        state.cells.iter().map(|cell| (cell.number.to_string(), cell.number, cell.text.clone())).collect::<Vec<_>>()
    };
    let mut cells = match (&cx.state.history_file, args.global) {
        (Some(file), true) => {
            let entries = history::read(file)?;
            entries.into_iter().map(|e| (format!("{}/{}", e.session, e.number), e.number, e.text)).collect()
        }
        (None, true) => {
            return Err(Error::Refused {
                reason: "no history of earlier sessions is kept here".to_owned(),
                advice: "`%history` without -g searches this session".to_owned(),
            });
        }
        (_, false) => own(cx.state),
    };
    let pattern = args.pattern.join(" ");
    match range(&pattern).filter(|_| !args.global) {
        Some((first, last)) => cells.retain(|(_, number, _)| (first..=last).contains(number)),
        None => cells.retain(|(_, _, text)| pattern.is_empty() || history::fits(&format!("*{pattern}*"), text)),
    }
    let skip = args.limit.map_or(0, |limit| cells.len().saturating_sub(limit));
    let shown = cells.iter().skip(skip).map(|(label, _, text)| match args.numbers || args.global {
        true => format!("{label}: {}", text.trim_end().replace('\n', &format!("\n{}", " ".repeat(label.len() + 2)))),
        false => text.trim_end().to_owned(),
    });
    let shown: Vec<_> = shown.collect();
    cx.say(if shown.is_empty() { "No such cells.".to_owned() } else { shown.join("\n") });
    Ok(())
}

fn range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}
