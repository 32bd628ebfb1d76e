//! The kernels for GPUs, compiled for the CPU, against numpy and SciPy.

use std::process::Command;

/// `kernels/check.py` builds `kernels.cu` with a C++ compiler and compares every kernel.
#[test]
fn kernels_are_numpys() {
    let compiler = Command::new("c++").arg("--version").output().is_ok_and(|out| out.status.success());
    let python = std::env::var_os("IRONBOOK_TEST_PYTHON").filter(|_| compiler);
    let Some(python) = python else {
        assert!(std::env::var_os("CI").is_none(), "CI has c++ and sets IRONBOOK_TEST_PYTHON");
        println!("SKIPPED: kernels_are_numpys (it needs c++, and IRONBOOK_TEST_PYTHON with numpy and scipy)");
        return;
    };
    let script = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/tests/kernels/check.py";
    let out = Command::new(python).arg(script).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}{complained}");
    assert!(said.lines().filter(|line| line.starts_with("ok")).count() > 90, "{said}");
}
