//! `ironbook track sync` and `ironbook track status`: what waits to be sent to tracking servers.

use super::{Problem, tell};
use clap::Args;
use ironbook_store::spool::{project_status, sync_project};
use ironbook_store::{SPOOL, SpooledStore, locate};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `ironbook track sync`.
#[derive(Args, Debug)]
pub struct SyncArgs {
    /// Stop after so many seconds; what was not sent keeps waiting.
    #[arg(long, value_name = "S", default_value_t = 300)]
    timeout: u64,
}

fn directory() -> Result<PathBuf, Problem> {
    Ok(locate(&std::env::current_dir()?).join(SPOOL))
}

/// Sends what waits. The exit status says whether all of it arrived.
pub(super) fn sync(args: &SyncArgs) -> Result<ExitCode, Problem> {
    let directory = directory()?;
    let mut out = std::io::stdout();
    if !directory.is_dir() {
        let _ = writeln!(out, "nothing waits");
        return Ok(ExitCode::SUCCESS);
    }
    let done = sync_project(&directory, Duration::from_secs(args.timeout), &SpooledStore::destination)?;
    let mut all = true;
    for one in done {
        match one.report {
            Ok(report) => {
                all &= report.waiting == 0 && report.refused == 0;
                let _ = writeln!(out, "{}: {}", one.destination, sentence(&report));
            }
            Err(e) => {
                all = false;
                tell(&format!("{}: {}", one.destination, Problem::from(e).0));
            }
        }
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sentence(report: &ironbook_store::SyncReport) -> String {
    let sent = report.before.saturating_sub(report.waiting);
    let mut text = format!("{sent} sent, {} waiting, {} refused", report.waiting, report.refused);
    if let Some(error) = &report.error {
        text.push_str(&format!(" ({error})"));
    }
    text
}

/// Says what waits; sends nothing.
pub(super) fn status() -> Result<ExitCode, Problem> {
    let mut out = std::io::stdout();
    let spools = project_status(&directory()?)?;
    if spools.is_empty() {
        let _ = writeln!(out, "nothing waits");
    }
    for spool in spools {
        let points = spool.points;
        let _ = writeln!(out, "{}: {} calls wait with {points} points of metrics", spool.destination, spool.waiting);
        if let Some(error) = &spool.last_error {
            let _ = writeln!(out, "  it last failed with: {error}");
        }
        if spool.refused_count > 0 {
            let _ = writeln!(out, "  {} calls were refused:", spool.refused_count);
        }
        for refused in &spool.refused {
            let _ = writeln!(out, "  {} {}: {}", refused.of, refused.what, refused.reason);
        }
    }
    Ok(ExitCode::SUCCESS)
}
