//! `ironbook sessions`: what runs, and how to attach to it or end it.

mod ended;

use crate::attached::Target;
use crate::config::Config;
use crate::interactive::{self, Options};
use crate::memory;
use crate::terminal::{Style, Terminal, seconds, shortened};
use crate::{Error, existing};
use clap::{Args, Subcommand};
use ironbook_kernel::client::{Client, Info, Told};
use ironbook_kernel::running::{self, Entry, StartedBy};
use ironbook_session::library::Paths;
use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a session may take to say how it is.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// How long it may take to end when it is asked to, and when it has a signal.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
/// How often it is looked whether it has.
const LOOK_PERIOD: Duration = Duration::from_millis(50);

/// `ironbook sessions`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Sessions {
    #[command(subcommand)]
    command: Option<Command>,

    /// As JSON, for scripts
    #[arg(long)]
    json: bool,

    /// List those that ended and can be gone on with, instead
    #[arg(long)]
    ended: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Attach this terminal to a session
    Attach {
        /// Its identity, or the beginning of it
        id: String,
    },
    /// End sessions; what is on disk of them can be gone on with
    Stop(Stop),
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Stop {
    /// Its identity, or the beginning of it
    id: Option<String>,

    /// All of them
    #[arg(long)]
    all: bool,
}

/// How a session is.
struct Looked {
    entry: Entry,
    info: Option<Info>,
    /// Bytes.
    memory: Option<u64>,
}

/// Does what the command says.
///
/// # Errors
/// When there is no such session, or it cannot be attached to.
pub fn run(sessions: Sessions, paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    match sessions.command {
        None if sessions.ended => {
            ended::list(sessions.json, paths, &terminal);
            Ok(0)
        }
        None => {
            list(sessions.json, paths, &terminal);
            Ok(0)
        }
        Some(Command::Attach { id }) => {
            let entries = running::list(&paths.data);
            let config = Config::load(paths);
            let options = Options { opt: config.settings.opt.clone(), no_cache: false };
            let file = named(&id, &entries)?.connection_file.clone();
            interactive::run(&options, &config, paths, Target::Existing(file))
        }
        Some(Command::Stop(which)) => stop(&which, paths, &terminal),
    }
}

fn named<'a>(id: &str, entries: &'a [Entry]) -> Result<&'a Entry, Error> {
    existing::session(id, entries)?
        .ok_or_else(|| Error::NoSuchSession { named: id.to_owned(), known: existing::ids(entries) })
}

fn list(json: bool, paths: &Paths, terminal: &Terminal) {
    let looked = look(running::list(&paths.data));
    if json {
        let all: Vec<Value> = looked.iter().map(as_json).collect();
        terminal.out(&format!("{:#}\n", Value::from(all)));
        return;
    }
    if looked.is_empty() {
        terminal.say("No sessions run. `ironbook` starts one, and so does each notebook.");
        return;
    }
    let head = ["id", "started by", "where", "age", "state", "memory", "variables"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(looked.iter().map(row));
    fit(&mut rows, terminal.width);
    table(&rows, terminal);
    if terminal.live {
        let id = looked.last().map_or("ID", |looked| &looked.entry.id);
        for words in [
            format!("ironbook sessions attach {id}   attaches this terminal"),
            format!("ironbook sessions stop {id}     ends it"),
        ] {
            terminal.say(&terminal.paint(Style::Dim, &words));
        }
    }
}

/// Rows below a dim head.
fn table<const N: usize>(rows: &[[String; N]], terminal: &Terminal) {
    let widths: Vec<usize> =
        (0..N).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let line = cells.join("  ");
        let line = if number == 0 && terminal.color { format!("\x1b[2m{}\x1b[0m", line.trim_end()) } else { line };
        terminal.out(&format!("{}\n", line.trim_end()));
    }
}

/// Shortens the places so that the table fits the terminal.
fn fit(rows: &mut [[String; 7]], width: usize) {
    const PLACE: usize = 2;
    let longest = |rows: &[[String; 7]], at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let others: usize = (0..7).filter(|at| *at != PLACE).map(|at| longest(rows, at) + 2).sum();
    let room = width.saturating_sub(others).max(12);
    for row in rows {
        let place = &row[PLACE];
        let length = place.chars().count();
        if length > room {
            // The end says more than the beginning.
            let end: String = place.chars().skip(length + 1 - room).collect();
            row[PLACE] = format!("…{end}");
        }
    }
}

/// Asks all of them at once.
fn look(entries: Vec<Entry>) -> Vec<Looked> {
    let asking: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            thread::spawn(move || {
                let info = ask(&entry.connection_file);
                let memory = memory::of_tree(entry.pid);
                Looked { entry, info, memory }
            })
        })
        .collect();
    asking.into_iter().filter_map(|asked| asked.join().ok()).collect()
}

/// What a session says of itself, if it says anything in time.
fn ask(file: &Path) -> Option<Info> {
    let (sender, told) = channel();
    let _client = Client::attach(file, ANSWERS_WITHIN, move |told| drop(sender.send(told))).ok()?;
    let deadline = Instant::now() + ANSWERS_WITHIN;
    loop {
        match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Told::Up { info, .. }) => return Some(*info),
            Ok(Told::Gone(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn row(looked: &Looked) -> [String; 7] {
    let Looked { entry, info, memory } = looked;
    let by = match (entry.started_by, &entry.notebook) {
        (StartedBy::Terminal, _) => "terminal",
        (StartedBy::Jupyter, Some(_)) => "notebook",
        (StartedBy::Jupyter, None) => "jupyter",
    };
    let place = entry.notebook.clone().unwrap_or_else(|| entry.directory.display().to_string());
    let variables = info.as_ref().map_or_else(|| "-".to_owned(), |info| info.own.variables.len().to_string());
    let memory = memory.map_or_else(|| "-".to_owned(), memory::words);
    [entry.id.clone(), by.to_owned(), home(&place), seconds(age(entry)), state(info.as_ref()), memory, variables]
}

/// `idle`, `busy in [7]`, or that it does not answer.
fn state(info: Option<&Info>) -> String {
    match info.map(|info| &info.own.running) {
        None => "not answering".to_owned(),
        Some(None) => "idle".to_owned(),
        Some(Some(cell)) => format!("busy in [{}]", cell.number),
    }
}

fn as_json(looked: &Looked) -> Value {
    let Looked { entry, info, memory } = looked;
    let mut value = json!(entry);
    value["state"] = json!(match info {
        None => "not answering",
        Some(info) if info.own.running.is_some() => "busy",
        Some(_) => "idle",
    });
    value["memory_bytes"] = json!(memory);
    value["variables"] = json!(info.as_ref().map(|info| info.own.variables.len()));
    value["cells"] = json!(info.as_ref().map(|info| info.own.count));
    value
}

fn age(entry: &Entry) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs().saturating_sub(entry.started) as f64
}

/// A path with `~` for the home directory.
fn home(path: &str) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    match path.strip_prefix(&home) {
        Some(rest) if !home.is_empty() && rest.starts_with('/') => format!("~{rest}"),
        _ => shortened(path, 200),
    }
}

fn stop(which: &Stop, paths: &Paths, terminal: &Terminal) -> Result<u8, Error> {
    let entries = running::list(&paths.data);
    let chosen: Vec<&Entry> = match &which.id {
        Some(id) => vec![named(id, &entries)?],
        None => entries.iter().collect(),
    };
    if chosen.is_empty() {
        terminal.say("No sessions run.");
    }
    let mut status = 0;
    for entry in chosen {
        let (mark, words) = match end(entry, paths) {
            Some(words) => (terminal.paint(Style::Green, "ended:"), words),
            None => {
                status = 1;
                (terminal.paint(Style::Red, "still there:"), "it could not even be killed; is it another user's?")
            }
        };
        terminal.say(&format!("{mark} {}, {words}", entry.id));
    }
    Ok(status)
}

/// Ends a session, gently at first; says what it took.
fn end(entry: &Entry, paths: &Paths) -> Option<&'static str> {
    let gone = |within: Duration| {
        let deadline = Instant::now() + within;
        loop {
            if running::list(&paths.data).iter().all(|running| running.id != entry.id) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(LOOK_PERIOD);
        }
    };
    let asked = Client::attach(&entry.connection_file, ANSWERS_WITHIN, |_| {});
    if asked.is_ok_and(|client| client.shutdown(ANSWERS_WITHIN)) && gone(ENDS_WITHIN) {
        return Some("as it was asked to");
    }
    // It holds the lock of its entry, so that the number is its own.
    let pid = i32::try_from(entry.pid).ok().and_then(Pid::from_raw)?;
    let _ = kill_process(pid, Signal::TERM);
    if gone(ENDS_WITHIN) {
        return Some("by SIGTERM: it did not end when it was asked to");
    }
    let leads_group = getpgid(Some(pid)).is_ok_and(|group| group == pid);
    let _ = if leads_group { kill_process_group(pid, Signal::KILL) } else { kill_process(pid, Signal::KILL) };
    gone(ENDS_WITHIN).then_some("by SIGKILL: it did not answer, and SIGTERM did not end it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_places_lose_their_beginning() {
        let row = |place: &str| ["a1b2c3", "notebook", place, "3 min", "idle", "120 MB", "4"].map(str::to_owned);
        let mut rows = [row("short"), row("/a/very/long/path/to/some/directory/of/notebooks/flights.ipynb")];
        fit(&mut rows, 80);
        assert_eq!(rows[0][2], "short");
        assert!(rows[1][2].starts_with('…') && rows[1][2].ends_with("flights.ipynb"), "{:?}", rows[1]);
        let total: usize = rows[1].iter().map(|cell| cell.chars().count() + 2).sum();
        assert!(total <= 82, "{total}");
    }
}
