//! `%resume`: goes on with a session whose process is gone.

use crate::context::{CellRecord, Context};
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::page::Told;
use crate::table::{bytes, left, right, table};
use ironbook_session::FailureKind;
use std::time::Duration;

/// `%resume`.
pub struct Resume;

#[derive(clap::Args)]
struct Arguments {
    /// The session; the last one of this directory if none is named
    session: Option<String>,
    /// List the sessions of this directory that can be resumed
    #[arg(short, long)]
    list: bool,
}

impl Magic for Resume {
    fn name(&self) -> &'static str {
        "resume"
    }

    fn summary(&self) -> &'static str {
        "Go on with a session that ended or was killed: its variables, items and history"
    }

    fn arguments(&self, command: clap::Command) -> clap::Command {
        <Arguments as clap::Args>::augment_args(command)
    }

    fn examples(&self) -> &'static [Example] {
        &[
            Example { code: "%resume --list", expect: Expect::Contains("no session") },
            Example { code: "%resume nothing_of_this_name", expect: Expect::Failed(FailureKind::Magic) },
        ]
    }

    fn lower(&self, call: &Call<'_>) -> Result<Lowered, Error> {
        let Arguments { session, list } = call.args()?;
        Ok(Lowered::action(move |cx| if list { self::list(cx) } else { resume(cx, session.as_deref()) }))
    }
}

fn resume(cx: &mut Context<'_>, session: Option<&str>) -> Result<(), Error> {
    let (cells, restored) = cx.engine.become_session(session, cx.out)?;
    cx.state.page = Told::resumed(&cells).then(std::mem::take(&mut cx.state.page));
    let records = cells.into_iter().map(|cell| CellRecord {
        number: cell.number,
        text: cell.text,
        ok: cell.ok,
        executions: cell.executions,
        cell: cell.cell,
    });
    cx.state.cells = records.collect();
    let numbers = cx.state.cells.iter().flat_map(|cell| cell.executions.iter().map(|id| (*id, cell.number)));
    cx.state.numbers = numbers.collect();
    cx.state.number = cx.state.cells.last().map_or(0, |cell| cell.number) + 1;
    let (count, cells) = (restored.back.len(), cx.state.cells.len());
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    cx.say(format!("{cells} cell{} so far, {count} variable{} back", plural(cells), plural(count)));
    for lost in &restored.lost {
        cx.say(format!("  lost: `{}` (cell {}): {}", lost.name, cx.cell_number(lost.cell), lost.why));
    }
    if !restored.again.is_empty() {
        let cells: std::collections::BTreeSet<u64> = restored.again.iter().map(|id| cx.cell_number(*id)).collect();
        let cells: Vec<String> = cells.iter().map(u64::to_string).collect();
        let plural = if cells.len() == 1 { "" } else { "s" };
        cx.say(format!("`%rerun --lost` runs cell{plural} {} to make anew what was lost", cells.join(", ")));
    }
    Ok(())
}

fn list(cx: &mut Context<'_>) -> Result<(), Error> {
    let sessions = cx.engine.resumable();
    if sessions.is_empty() {
        cx.say("There is no session of this directory to resume; `ironbook sessions` lists those of others.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = sessions
        .into_iter()
        .map(|session| {
            let age = session.used.elapsed().unwrap_or_default();
            let how = if session.ended { "ended" } else { "was killed" };
            vec![session.id, session.executions.to_string(), bytes(session.bytes), how.to_owned(), ago(age)]
        })
        .collect();
    cx.show(table(&[left("session"), right("executions"), right("size"), left("how"), left("last used")], &rows));
    Ok(())
}

/// An age in words.
fn ago(age: Duration) -> String {
    match age.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s ago"),
        seconds if seconds < 7200 => format!("{} min ago", seconds / 60),
        seconds if seconds < 172_800 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}
