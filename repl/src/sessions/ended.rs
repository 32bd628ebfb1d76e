//! `ironbook sessions --ended`: what can be gone on with.

use super::{home, table};
use crate::memory;
use crate::terminal::{Style, Terminal, seconds};
use ironbook_session::durable::{SessionInfo, sessions};
use ironbook_session::library::Paths;
use serde_json::{Value, json};

/// Lists the sessions on disk that nobody works in.
pub(super) fn list(json: bool, paths: &Paths, terminal: &Terminal) {
    let mut ended = sessions(&paths.sessions());
    ended.retain(|session| session.pid.is_none() && session.executions > 0);
    if json {
        let all: Vec<Value> = ended.iter().map(as_json).collect();
        terminal.out(&format!("{:#}\n", Value::from(all)));
        return;
    }
    if ended.is_empty() {
        terminal.say("No session has ended that could be gone on with.");
        return;
    }
    let head = ["id", "where", "last used", "how it ended", "on disk", "executions"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(ended.iter().map(row));
    table(&rows, terminal);
    if terminal.live {
        let words = format!("ironbook repl --resume {}   goes on with it; in a notebook, %resume", ended[0].id);
        terminal.say(&terminal.paint(Style::Dim, &words));
    }
}

fn age(session: &SessionInfo) -> f64 {
    session.used.elapsed().map_or(0.0, |age| age.as_secs_f64().floor())
}

fn row(session: &SessionInfo) -> [String; 6] {
    let how = if session.ended { "was left" } else { "was killed" };
    [
        session.id.clone(),
        home(&session.directory.display().to_string()),
        format!("{} ago", seconds(age(session).max(1.0))),
        how.to_owned(),
        memory::words(session.bytes),
        session.executions.to_string(),
    ]
}

fn as_json(session: &SessionInfo) -> Value {
    json!({
        "id": session.id,
        "directory": session.directory,
        "age_s": age(session),
        "killed": !session.ended,
        "bytes": session.bytes,
        "executions": session.executions,
    })
}
