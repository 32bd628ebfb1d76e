//! The sessions of `promotion/tests/corpus`, in real sessions: each does what its script says.

use crate::session::{plain, shell};
use crate::session_file::{self, SessionFile, Step, Verdict};
use ironbook_magics::Shell;
use ironbook_session::Status;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// A session after the last step of its script, and its directory.
pub struct Played {
    pub shell: Shell,
    #[allow(dead_code, reason = "it goes when the session does")]
    pub directory: TempDir,
}

/// Does what the script of a session says.
pub fn play(session: &SessionFile) -> Result<Played, String> {
    let directory = tempfile::tempdir().unwrap();
    copy(&session_file::corpus().join("data"), &directory.path().join("data"));
    let mut shell = shell(directory.path());
    for step in &session.steps {
        let Step::Run { cell, text, fails } = step else { continue };
        let identity = (!session.terminal).then_some(cell.as_str());
        let outcome = shell.run_cell(text, identity, &mut |_| {});
        match (&outcome.status, fails) {
            (Status::Ok, true) => return Err(format!("cell {cell} was to fail:\n{text}")),
            (Status::Failed(failure), false) => {
                return Err(format!("cell {cell}: {}\n{}", failure.message, plain(&failure.report.join("\n"))));
            }
            _ => {}
        }
    }
    Ok(Played { shell, directory })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// What is wrong with a session, if anything is.
fn fault(session: &SessionFile) -> Option<String> {
    let mut played = match play(session) {
        Ok(played) => played,
        Err(error) => return Some(error),
    };
    let live = played.shell.engine().variable_names();
    let unknown = matches!(&session.expected, Verdict::Refuses(refused) if refused.reason == "unknown-target");
    let wrong = session.targets.iter().find(|target| live.contains(target) == unknown);
    wrong.map(|target| format!("`{target}` is{} there in the end: {live:?}", if unknown { "" } else { " not" }))
}

#[test]
fn every_session_runs_as_its_script_says() {
    let sessions = session_file::all().unwrap_or_else(|error| panic!("{error}"));
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(4) {
            scope.spawn(|| {
                while let Some(session) = sessions.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(fault) = fault(session) {
                        wrong.lock().unwrap().push(format!("{}: {fault}", session.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), sessions.len(), wrong.join("\n\n"));
}
