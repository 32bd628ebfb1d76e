//! Real clients on the real kernel: the scripts of `tests/clients`, two at a time and each with a time limit.

use crate::support::{ends, ironbook, workspace};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};

#[test]
fn jupyter_kernel_test_passes_whole() {
    check("kernel_test.py", &[], 240);
}

#[test]
fn the_protocol_is_kept_message_by_message() {
    check("protocol.py", &[], 400);
}

#[test]
fn faults_harm_nobody_else() {
    check("faults.py", &[], 600);
}

#[test]
fn wrong_messages_do_no_harm() {
    check("fuzz.py", &["--messages", "5000"], 240);
}

#[test]
fn nbclient_papermill_and_nbconvert_run_notebooks() {
    check("notebooks.py", &[], 400);
}

#[test]
fn jupyter_console_runs_on_a_terminal() {
    check("console.py", &[], 240);
}

#[test]
fn a_person_at_a_terminal_sees_what_is_promised() {
    check("terminal.py", &[&program()], 400);
}

#[test]
fn an_editor_is_helped() {
    check("lsp.py", &[&program()], 900);
}

#[test]
fn the_language_service_lives_as_long_as_it_is_wanted() {
    check("language.py", &[&program()], 900);
}

#[test]
fn an_editor_that_others_wrote_is_helped() {
    check_with("IRONBOOK_TEST_LSP", "lsp_pytest.py", &[&program()], 900);
}

#[test]
fn notebook_and_terminals_share_a_session() {
    check("shared.py", &[&program()], 400);
}

#[test]
fn jupyterlab_runs_in_a_browser() {
    if has_browser("lab.py") {
        check("lab.py", &[], 900);
    }
}

#[test]
fn jupyterlab_helps_while_typing() {
    if has_browser("lab_language.py") {
        check("lab_language.py", &[], 900);
    }
}

#[test]
fn mlflows_client_works_with_our_server() {
    check_with(MLFLOW, "track_server.py", &[&program()], 400);
}

#[test]
fn mlflow_predicts_what_ironbook_predicts() {
    check_with(MLFLOW, "track_models.py", &[&program()], 600);
}

#[test]
fn runs_reach_a_server_that_was_away() {
    check_with(MLFLOW, "track_remote.py", &[&program()], 600);
}

#[test]
fn mlflows_page_works_on_our_server() {
    if has_browser("track_mlflow_ui.py") {
        check_with(MLFLOW, "track_mlflow_ui.py", &[&program()], 300);
    }
}

#[test]
fn the_tracking_page_works_in_a_browser() {
    if has_browser("track_ui.py") {
        let store = tempfile::tempdir().unwrap();
        let server = format!("{} track server --port {{port}} --store {}", program(), store.path().display());
        check_with(MLFLOW, "track_ui.py", &[&server], 600);
    }
}

/// Names the Python with `tests/env/mlflow.txt`.
pub const MLFLOW: &str = "IRONBOOK_TEST_MLFLOW";

/// Path of the built command.
pub fn program() -> String {
    ironbook().get_program().to_string_lossy().into_owned()
}

fn has_browser(script: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join("chromium").is_file());
    if !found {
        assert!(std::env::var_os("CI").is_none(), "CI has Debian's chromium");
        eprintln!("SKIPPED {script}: chromium is not installed");
    }
    found
}

/// A prefix with our kernelspec, made once.
static PREFIX: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let prefix = tempfile::tempdir().expect("a temporary directory");
    let installed =
        ironbook().args(["kernel", "install", "--prefix"]).arg(prefix.path()).output().expect("ironbook starts");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    prefix
});

/// [`check_with`] the Python that has Jupyter's clients.
#[track_caller]
fn check(script: &str, arguments: &[&str], seconds: i64) {
    check_with("IRONBOOK_TEST_CLIENTS", script, arguments, seconds);
}

/// Runs a script to its end, in the Python that a variable names; it must succeed in so many seconds, and skip nothing.
#[track_caller]
pub fn check_with(variable: &str, script: &str, arguments: &[&str], seconds: i64) {
    let _turn = Turn::take();
    let Some(python) = std::env::var_os(variable) else {
        assert!(std::env::var_os("CI").is_none(), "CI sets {variable}");
        eprintln!("SKIPPED {script}: {variable} is not set (a Python with what tests/env lists)");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let log = folder.path().join("log");
    let mut child = Command::new(python)
        .arg(workspace().join("tests/clients").join(script))
        .args(arguments)
        .envs(surroundings(folder.path()))
        .stdin(Stdio::null())
        .stdout(File::create(&log).unwrap())
        .stderr(File::options().append(true).open(&log).unwrap())
        .process_group(0)
        .spawn()
        .expect("Python starts");
    let pid = Pid::from_child(&child);
    let in_time = ends(pid, seconds);
    if !in_time {
        // An interrupted script says where it hangs, and takes its kernels with it.
        kill_process(pid, Signal::INT).ok();
        if !ends(pid, 30) {
            kill_process_group(pid, Signal::KILL).ok();
        }
    }
    let status = child.wait().unwrap();
    let said = fs::read_to_string(&log).unwrap_or_default();
    assert!(in_time, "{script} did not end in {seconds} s:\n{said}");
    assert!(status.success(), "{script}: {status}\n{said}");
    assert!(!said.contains("skipped"), "{script} skipped something:\n{said}");
}

/// Two scripts at a time: each waits half of its time, and more would have deadlines pass on two cores.
struct Turn;

static TURNS: (Mutex<u32>, Condvar) = (Mutex::new(2), Condvar::new());

impl Turn {
    fn take() -> Turn {
        let (left, given_back) = &TURNS;
        let left = left.lock().unwrap_or_else(PoisonError::into_inner);
        *given_back.wait_while(left, |left| *left == 0).unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TURNS.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        TURNS.1.notify_one();
    }
}

/// Jupyter's directories and our history, away from the user's own.
fn surroundings(folder: &Path) -> impl Iterator<Item = (&'static str, std::path::PathBuf)> {
    let own = ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "IRONBOOK_HISTORY"];
    let kernels = PREFIX.path().join("share/jupyter");
    let fixed = [
        ("JUPYTER_PATH", kernels),
        ("PYTHONDONTWRITEBYTECODE", "1".into()),
        ("NO_COLOR", "1".into()),
        // Each kernel would start one.
        ("IRONBOOK_LANGUAGE", "0".into()),
    ];
    own.map(|name| (name, folder.join(name.to_lowercase()))).into_iter().chain(fixed)
}
