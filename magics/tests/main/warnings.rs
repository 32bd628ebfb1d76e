//! What compiler and clippy remark of the crates that the sessions of `promotion/tests/corpus` become: nothing.

use crate::corpus::play;
use crate::session::library;
use crate::session_file::{self, SessionFile, Verdict};
use crate::verdicts::page;
use ironbook_promotion::{Options, Request, Writing, promote};
use ironbook_session::library::{Library, Paths};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What clippy says of a version's crate; the compiler alone where there is no clippy.
fn remarks(library: &Library, version: &Path) -> Vec<String> {
    let clippy = library.sysroot.join("bin/clippy-driver");
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(if clippy.is_file() { &clippy } else { &library.rustc });
    command.args(["--edition=2024", "--crate-type", "bin", "--crate-name", "pipeline", "--emit=metadata"]);
    command.args(["--error-format=json", "-C", "prefer-dynamic", "-W", "unused"]);
    for (name, path) in &library.externs {
        command.arg("--extern").arg(format!("{name}={}", path.display()));
    }
    command.arg("-L").arg(format!("dependency={}", library.deps.display()));
    command.arg("--out-dir").arg(scratch.path()).arg(version.join("src/main.rs"));
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let messages = stderr.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut found: Vec<String> = messages
        .filter(|message| message["code"].is_object())
        .filter_map(|message| message["rendered"].as_str().map(str::to_owned))
        .collect();
    if !output.status.success() && found.is_empty() {
        found.push(stderr.into_owned());
    }
    found
}

fn of_session(session: &SessionFile) -> Result<Vec<String>, String> {
    let mut played = play(session)?;
    let explored = played.shell.engine().explored(&mut |_| {}).map_err(|failure| failure.message)?;
    let options = Options { name: "a-pipeline".to_owned(), targets: session.targets.clone(), ..Options::default() };
    let request = Request { options, writing: Writing::default(), verify: false };
    let library = library();
    let page = page(session);
    let promoted = promote(&explored, page.as_ref(), &request, (&Paths::from_env(), &library), &mut |_| {});
    let promoted = promoted.map_err(|error| error.to_string())?;
    Ok(remarks(&library, &promoted.directory))
}

#[test]
fn nothing_is_to_be_remarked_of_what_sessions_become() {
    let only = std::env::var("IRONBOOK_SESSION").ok();
    let mut sessions = session_file::all().unwrap_or_else(|error| panic!("{error}"));
    sessions.retain(|session| matches!(session.expected, Verdict::Promotes(_)));
    sessions.retain(|session| only.as_ref().is_none_or(|only| session.name.contains(only.as_str())));
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(4) {
            scope.spawn(|| {
                while let Some(session) = sessions.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = of_session(session).unwrap_or_else(|error| vec![error]);
                    if !found.is_empty() {
                        wrong.lock().unwrap().push(format!("{}:\n{}", session.name, found.join("")));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), sessions.len(), wrong.join("\n"));
}
