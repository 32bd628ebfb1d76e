//! Where runs go, and what is still on its way there.

use crate::format::{bytes, moment};
use crate::{active, auto, place};
use ironbook_core::{Bundle, Display};
use ironbook_store::spool::{project_status, sync_project};
use ironbook_store::{Result, SPOOL, SpoolStatus, SpooledStore, locate};
use std::path::PathBuf;
use std::time::Duration;

/// Where runs go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The address that was set; `None` for the project's own store.
    pub uri: Option<String>,
    /// The store that it names.
    pub location: String,
}

/// Where the runs of this process go.
///
/// # Errors
/// Of the store.
pub fn destination() -> Result<Destination> {
    let uri = place::uri();
    let location = match &uri {
        Some(uri) => uri.clone(),
        None => locate(&active::working_directory()?).display().to_string(),
    };
    Ok(Destination { uri, location })
}

impl Display for Destination {
    fn bundle(&self) -> Bundle {
        Bundle::text(match &self.uri {
            Some(uri) => format!("runs go to {uri}"),
            None => format!("runs go to the project's own store, {}", self.location),
        })
    }
}

/// What waits for each server that this project has written to.
#[derive(Clone, Debug)]
pub struct Waiting(pub Vec<SpoolStatus>);

/// What is still on its way to servers, and what they refused; nothing is sent.
///
/// # Errors
/// Of the spools' files.
pub fn status() -> Result<Waiting> {
    project_status(&spools()?).map(Waiting)
}

/// Sends what waits, for at most so many seconds, and says what still waits then.
///
/// # Errors
/// Of the spools' files. A server that is away is no error.
pub fn sync(seconds: f64) -> Result<Waiting> {
    let timeout = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    auto::flush();
    let spools = spools()?;
    if spools.is_dir() {
        sync_project(&spools, timeout, &SpooledStore::destination)?;
    }
    status()
}

fn spools() -> Result<PathBuf> {
    Ok(locate(&active::working_directory()?).join(SPOOL))
}

impl Display for Waiting {
    fn bundle(&self) -> Bundle {
        if self.0.is_empty() {
            return Bundle::text("nothing waits: no run of this project has gone to a server");
        }
        Bundle::text(self.0.iter().map(words).collect::<Vec<_>>().join("\n"))
    }
}

fn words(of: &SpoolStatus) -> String {
    let mut text = format!("{}: ", of.destination);
    match of.waiting {
        0 => text.push_str("nothing waits"),
        n => {
            let since = of.oldest.map(|at| format!(", since {}", moment(at))).unwrap_or_default();
            text.push_str(&format!("{n} calls wait ({} points, {}{since})", of.points, bytes(of.bytes)));
        }
    }
    if let Some(error) = of.last_error.as_ref().filter(|_| of.waiting > 0) {
        text.push_str(&format!("\n  {}", error.replace('\n', "\n  ")));
    }
    if of.refused_count > 0 {
        text.push_str(&format!("\n  {} calls were refused:", of.refused_count));
        for refused in of.refused.iter().take(5) {
            text.push_str(&format!("\n    {} of {}: {}", refused.what, refused.of, first_line(&refused.reason)));
        }
    }
    text
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
