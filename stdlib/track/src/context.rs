//! What a run records by itself: the state of the project and of the machine. Nothing here can fail a run.

use crate::process::Identity;
use crate::system;
use ironbook_store::model::{Tag, tag};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Longest that a run waits for git (a repository on a slow network).
const PATIENCE: Duration = Duration::from_secs(3);

/// The tags for a run started in `directory`.
pub(crate) fn tags(directory: &Path, rustc: Option<&str>) -> Vec<Tag> {
    let mut tags = Identity::current().tags();
    tags.push(Tag::new(tag::DIRECTORY, directory.display()));
    tags.push(Tag::new(tag::VERSION, env!("CARGO_PKG_VERSION")));
    let told = std::env::var("IRONBOOK_RUSTC").ok();
    tags.extend(rustc.or(told.as_deref()).map(|version| Tag::new(tag::RUSTC, version.trim())));
    tags.push(Tag::new(tag::DEVICE, system::device()));
    tags.push(Tag::new(tag::SEED, ironbook_core::seed::get()));
    tags.push(Tag::new(tag::SOURCE, "ironbook"));
    tags.push(Tag::new(tag::SOURCE_TYPE, "NOTEBOOK"));
    tags.extend(lock_file(directory).map(|hash| Tag::new(tag::CARGO_LOCK, hash)));
    tags.extend(git(directory));
    tags
}

/// BLAKE3 of the nearest `Cargo.lock`.
fn lock_file(directory: &Path) -> Option<String> {
    let lock = directory.ancestors().map(|a| a.join("Cargo.lock")).find(|l| l.is_file())?;
    Some(blake3::hash(&std::fs::read(lock).ok()?).to_hex().to_string())
}

/// Commit, branch and whether tracked files differ from the commit, from one call of git.
fn git(directory: &Path) -> Vec<Tag> {
    // Without optional locks git does not disturb the user's own commands.
    let arguments = ["--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=no"];
    output("git", &arguments, Some(directory)).map_or_else(Vec::new, |status| git_tags(&status))
}

fn git_tags(status: &str) -> Vec<Tag> {
    let header = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let mut tags = Vec::new();
    // Before the first commit there is none to name.
    let commit = header("# branch.oid ").filter(|oid| *oid != "(initial)");
    tags.extend(commit.map(|oid| Tag::new(tag::GIT_COMMIT, oid)));
    let branch = header("# branch.head ").filter(|head| *head != "(detached)");
    tags.extend(branch.map(|head| Tag::new(tag::GIT_BRANCH, head)));
    let dirty = status.lines().any(|line| !line.starts_with('#') && !line.is_empty());
    tags.push(Tag::new(tag::GIT_DIRTY, dirty));
    tags
}

/// What a program prints, trimmed; nothing if it is absent, fails or takes longer than [`PATIENCE`].
pub(crate) fn output(program: &str, arguments: &[&str], directory: Option<&Path>) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).env("LC_ALL", "C");
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    let (send, receive) = mpsc::channel();
    // If nobody waits any more, the answer is dropped.
    std::thread::spawn(move || drop(send.send(command.output())));
    let done = receive.recv_timeout(PATIENCE).ok()?.ok()?;
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    (done.status.success() && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: &str, expected: &[(&str, &str)]) {
        let tags = git_tags(status);
        let found: Vec<_> = tags.iter().map(|t| (t.key.as_str(), t.value.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn git_status_is_read() {
        check(
            "# branch.oid 1f3a\n# branch.head main\n1 .M N... 100644 100644 100644 aa aa src/lib.rs",
            &[(tag::GIT_COMMIT, "1f3a"), (tag::GIT_BRANCH, "main"), (tag::GIT_DIRTY, "true")],
        );
        check("# branch.oid 1f3a\n# branch.head (detached)", &[(tag::GIT_COMMIT, "1f3a"), (tag::GIT_DIRTY, "false")]);
        check("# branch.oid (initial)\n# branch.head main", &[(tag::GIT_BRANCH, "main"), (tag::GIT_DIRTY, "false")]);
    }

    #[test]
    fn a_program_that_is_absent_says_nothing() {
        assert_eq!(output("no-such-program-of-this-name", &[], None), None);
    }
}
