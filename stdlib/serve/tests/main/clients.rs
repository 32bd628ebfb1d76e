//! Clients that others wrote, in the Python that `IRONBOOK_TEST_SERVE` names (with `tests/env/serve.txt`).

use crate::stop::program;
use crate::support::{classifier, logged};
use std::process::Command;

#[test]
fn tritons_client_readers_of_parquet_and_a_browser() {
    let Some(python) = std::env::var_os("IRONBOOK_TEST_SERVE") else {
        eprintln!("SKIPPED serve.py: IRONBOOK_TEST_SERVE is not set (a Python with what tests/env/serve.txt lists)");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    logged(&classifier(10), directory.path());
    let script = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/../../tests/clients/serve.py";
    let mut command = Command::new(python);
    command.arg(script).arg(directory.path()).arg(program());
    if !std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|path| path.join("chromium").is_file())
    {
        command.arg("--no-browser");
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stdout));
}
