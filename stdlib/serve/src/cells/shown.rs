//! What a cell shows of servers.

use crate::running::{self, Entry};
use ironbook_core::table::Table;
use ironbook_core::{Bundle, Display};
use std::path::Path;

/// Characters of a row that is shown to be tried; wider ones are left to the page.
const SHORT: usize = 400;

/// Where a server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a process that ends with the session.
    Child,
    /// In a process that goes on.
    Kept,
    /// On threads of the session's runtime.
    Threads,
}

/// A server that has started, and answers.
#[derive(Clone, Debug)]
pub struct Started {
    pub(crate) entry: Entry,
    pub(crate) place: Place,
    /// The key, if it was made up for this server.
    pub(crate) key: Option<String>,
    /// Whether one of this session at the same port was stopped for it.
    pub(crate) in_place: bool,
}

/// The servers that run.
#[derive(Clone, Debug)]
pub struct Servers {
    pub(crate) all: Vec<Entry>,
    /// The process of this session.
    pub(crate) session: u32,
}

/// What was stopped.
#[derive(Clone, Debug, Default)]
pub struct Stopped {
    pub(crate) ended: Vec<Entry>,
    /// Those that still answer what they have accepted.
    pub(crate) still: Vec<Entry>,
}

impl Started {
    /// Where it listens: `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.entry.url
    }

    /// A line for a shell that asks for the answer to a row.
    #[must_use]
    pub fn curl(&self) -> String {
        let Entry { url, example, key, .. } = &self.entry;
        let secret = match (&self.key, key) {
            (Some(key), _) => format!(" -H 'x-api-key: {key}'"),
            (None, true) => " -H 'x-api-key: KEY'".to_owned(),
            (None, false) => String::new(),
        };
        if example.is_empty() || example.chars().count() > SHORT {
            return format!("curl {url}/openapi.json{secret}");
        }
        let row = example.replace('\'', "'\\''");
        format!("curl {url}/predict{secret} -H 'content-type: application/json' -d '{row}'")
    }

    fn ends(&self) -> String {
        let stop = format!("`%serve --stop {}`", self.entry.port());
        match self.place {
            Place::Child => format!("with this session, or by {stop}"),
            Place::Kept => format!("by {stop}, in any session"),
            Place::Threads => format!(
                "with this session's runtime, also when that is restarted: its type is this session's own; or by {stop}"
            ),
        }
    }
}

impl Display for Started {
    fn bundle(&self) -> Bundle {
        let Entry { name, version, url, log, .. } = &self.entry;
        let mut table = Table::card(format!("Serving {name} version {version} at {url}"));
        let page = format!("{url}/");
        let openapi = format!("{url}/openapi.json");
        table.field("page", &page);
        table.field("try", self.curl());
        if let Some(key) = &self.key {
            table.field("key", key);
        }
        table.field("routes", &openapi);
        table.field("metrics", format!("{url}/metrics"));
        if let Some(log) = log {
            table.field("log", format!("{}, Parquet; `%drift REFERENCE --log {0}` compares", log.display()));
        }
        table.field("ends", self.ends());
        if self.in_place {
            table.note("It took the place of this session's server at the same port.");
        }
        table.link(page);
        // With a key, a link leads nowhere.
        if !self.entry.key {
            table.link(openapi);
            table.link(format!("{url}/metrics"));
        }
        table.bundle()
    }
}

impl Servers {
    fn ends(&self, entry: &Entry) -> &'static str {
        match entry {
            Entry { kept: true, .. } => "when stopped",
            Entry { pid, .. } if *pid == std::process::id() => "with this session's runtime",
            Entry { session: Some(session), .. } if *session == self.session => "with this session",
            Entry { session: Some(_), .. } => "with another session",
            Entry { session: None, .. } => "when stopped",
        }
    }
}

impl Display for Servers {
    fn bundle(&self) -> Bundle {
        if self.all.is_empty() {
            return Bundle::text("No server runs; `%serve MODEL` starts one.");
        }
        let title = if self.all.len() == 1 { "1 server".to_owned() } else { format!("{} servers", self.all.len()) };
        let mut table = Table::new(title, &["name", "version", "model", "address", "since", "ends", "log", "id"]);
        for entry in &self.all {
            table.link(&entry.url);
            table.row([
                entry.name.clone(),
                entry.version.clone(),
                entry.source.clone(),
                entry.url.clone(),
                since(running::now().saturating_sub(entry.started)),
                self.ends(entry).to_owned(),
                entry.log.as_deref().map_or_else(|| "–".to_owned(), |log| shown(log, &entry.directory)),
                entry.id.clone(),
            ]);
        }
        table.bundle()
    }
}

impl Display for Stopped {
    fn bundle(&self) -> Bundle {
        let line = |entry: &Entry, what: &str| format!("{} at {} {what}", entry.name, entry.url);
        let mut lines: Vec<String> = self.ended.iter().map(|entry| line(entry, "has ended")).collect();
        lines.extend(self.still.iter().map(|entry| line(entry, "still answers what it has accepted, and ends then")));
        if lines.is_empty() {
            lines.push("This session has no server; `%serve` lists all.".to_owned());
        }
        Bundle::text(lines.join("\n"))
    }
}

/// A path as whoever started the server would write it.
fn shown(path: &Path, directory: &Path) -> String {
    directory.join(path).display().to_string()
}

/// A time that has passed, in its largest unit.
fn since(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            id: "3fa9c1".to_owned(),
            pid: 7,
            name: "flights".to_owned(),
            version: "3".to_owned(),
            source: "models:/flights@champion".to_owned(),
            url: "http://127.0.0.1:8080".to_owned(),
            key: false,
            log: Some("requests".into()),
            example: "{\"carrier\":\"O'Hare\"}".to_owned(),
            session: Some(5),
            kept: false,
            messages: None,
            directory: "/project".into(),
            started: running::now(),
        }
    }

    #[test]
    fn the_line_to_try_is_one_for_a_shell() {
        let mut started = Started { entry: entry(), place: Place::Child, key: None, in_place: false };
        let expected =
            "curl http://127.0.0.1:8080/predict -H 'content-type: application/json' -d '{\"carrier\":\"O'\\''Hare\"}'";
        assert_eq!(started.curl(), expected);
        started.key = Some("k".to_owned());
        assert!(started.curl().contains(" -H 'x-api-key: k' "));
        started.entry.example = "x".repeat(SHORT + 1);
        assert_eq!(started.curl(), "curl http://127.0.0.1:8080/openapi.json -H 'x-api-key: k'");
    }

    #[test]
    fn links_lead_to_pages_and_texts_stay_texts() {
        let mut entry = entry();
        entry.name = "<b>".to_owned();
        let bundle = Started { entry, place: Place::Child, key: None, in_place: true }.bundle();
        let html = bundle.get("text/html").unwrap();
        assert!(html.contains("<a href=\"http://127.0.0.1:8080/\"") && html.contains("&lt;b&gt;"), "{html}");
        assert!(
            bundle.plain().contains("ends     with this session, or by `%serve --stop 8080`"),
            "{}",
            bundle.plain()
        );
    }

    #[test]
    fn the_list_says_what_each_ends_with() {
        let of = |pid, session, kept| Entry { pid, session, kept, ..entry() };
        let all = vec![of(7, Some(5), false), of(7, Some(6), false), of(7, Some(5), true), of(7, None, false)];
        let all = [all, vec![of(std::process::id(), Some(5), false)]].concat();
        let servers = Servers { all, session: 5 };
        let ends: Vec<_> = servers.all.iter().map(|entry| servers.ends(entry)).collect();
        let expected = [
            "with this session",
            "with another session",
            "when stopped",
            "when stopped",
            "with this session's runtime",
        ];
        assert_eq!(ends, expected);
        let shown = servers.bundle().plain().to_owned();
        assert!(shown.contains("/project/requests") && shown.contains("version") && shown.contains("3"), "{shown}");
        assert!(Servers { all: Vec::new(), session: 5 }.bundle().plain().contains("No server runs"));
    }
}
