//! Faults: killed and interrupted processes, a missing compiler or linker, a full disk. Nothing is lost, nothing is left.

use crate::support::{Desk, Running, assert_ends, ironbook, output_types, printed, run};
use rustix::process::{Signal, kill_process};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const FOREVER: &str = "println!(\"at work {}\", std::process::id());\nloop {\n    std::hint::spin_loop();\n}";
const KILLED: &str = "let id = std::process::id().to_string();\nstd::process::Command::new(\"kill\").args([\"-9\", &id]).status()?;\nloop {}";

#[test]
fn a_killed_runtime_fails_its_cell_only() {
    let desk = Desk::new();
    let path =
        desk.notebook("n.ipynb", &["println!(\"runtime {}\", std::process::id());", KILLED, "println!(\"after\");"]);
    let out = desk.path("out.ipynb");
    let done = run(["run", path.to_str().unwrap(), "-o", out.to_str().unwrap(), "--keep-going"]);
    done.check(1, &["SIGKILL", "failed: cell 2"]);
    let written = desk.read("out.ipynb");
    assert!(output_types(&written, 1).contains(&"error".to_owned()));
    assert_eq!(printed(&written, 2), "after\n", "the session lives on");
    assert_ends(printed(&written, 0).trim().trim_start_matches("runtime "));
}

#[test]
fn ctrl_c_interrupts_the_cell_and_writes_what_there_is() {
    let desk = Desk::new();
    let path = desk.notebook("n.ipynb", &["println!(\"first\");", FOREVER, "println!(\"never\");"]);
    let mut command = ironbook();
    command.arg("run").arg(&path).arg("-o").arg(desk.path("out.ipynb")).arg("--keep-going");
    let mut running = Running::start(&mut command);
    let runtime = running.wait_for("at work ");
    let memory = peak_memory(running.child.id());
    assert!(memory < 50 << 20, "the front end takes {} MB", memory >> 20);
    kill_process(running.pid(), Signal::INT).unwrap();
    let (status, stderr) = running.finish();
    assert_eq!(status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("interrupted:"), "{stderr}");
    let written = desk.read("out.ipynb");
    assert_eq!(printed(&written, 0), "first\n");
    assert!(output_types(&written, 1).contains(&"error".to_owned()));
    assert!(output_types(&written, 2).is_empty());
    assert_ends(&runtime);
}

#[test]
fn a_killed_front_end_leaves_no_runtime() {
    let desk = Desk::new();
    let path = desk.notebook("n.ipynb", &[FOREVER]);
    let mut command = ironbook();
    let mut running = Running::start(command.arg("run").arg(&path));
    let runtime = running.wait_for("at work ");
    kill_process(running.pid(), Signal::KILL).unwrap();
    running.finish();
    assert_ends(&runtime);
}

#[test]
fn without_a_compiler_it_says_so() {
    let desk = Desk::new();
    let path = desk.notebook("n.ipynb", &["1"]);
    let bare = |arguments: &[&str]| {
        let mut command = ironbook();
        // Clones share a target directory: the program may have been compiled in another one.
        command.env_clear().env("IRONBOOK_SOURCE", crate::support::workspace());
        command.env("PATH", "").env("HOME", desk.folder.path()).args(arguments);
        crate::support::Done::from(command.output().unwrap())
    };
    let path = path.to_str().unwrap();
    bare(&["run", path]).check(1, &["no Rust compiler was found", "help:", "rustup"]);
    let doctor = bare(&["doctor"]);
    doctor.check(1, &[]);
    assert!(doctor.stdout.contains("FAIL compiler"), "{}", doctor.stdout);
}

#[test]
fn without_a_linker_it_says_so() {
    let desk = Desk::new();
    let path = desk.notebook("n.ipynb", &["let unlinked = 1;\nunlinked + 1"]);
    let tools = desk.path("tools");
    fs::create_dir(&tools).unwrap();
    for name in ["rustc", "cargo"] {
        symlink(in_path(name), tools.join(name)).unwrap();
    }
    let done = ironbook().args(["run", "--no-cache"]).arg(path).env("PATH", &tools).output().unwrap();
    crate::support::Done::from(done).check(1, &["linker", "gcc"]);
    let doctor = ironbook().arg("doctor").env("PATH", &tools).output().unwrap();
    let words = String::from_utf8_lossy(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(1), "{words}");
    assert!(words.contains("FAIL linker"), "{words}");
}

#[test]
fn a_full_disk_keeps_the_work() {
    let desk = Desk::new();
    let path = desk.notebook("n.ipynb", &["for i in 0..20_000 {\n    println!(\"line {i}\");\n}"]);
    let small = desk.path("small");
    fs::create_dir(&small).unwrap();
    // A file system of 64 kB in a namespace of our own; where that is not allowed, there is nothing to try it on.
    let script = "mount -t tmpfs -o size=64k none \"$1\" && shift && exec \"$@\"";
    let program = ironbook();
    let in_namespace = |arguments: &[&std::ffi::OsStr]| {
        let mut command = std::process::Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(&small).args(arguments);
        command.env("TMPDIR", desk.folder.path()).env("NO_COLOR", "1");
        command.output()
    };
    if !in_namespace(&["true".as_ref()]).is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: no file system can be mounted here");
        return;
    }
    let out = small.join("out.ipynb");
    let arguments = [program.get_program(), "run".as_ref(), path.as_os_str(), "-o".as_ref(), out.as_os_str()];
    let done = crate::support::Done::from(in_namespace(&arguments).unwrap());
    done.check(1, &["the disk is full", "is kept in"]);
    let kept =
        done.stderr.lines().find_map(|line| line.split_once("is kept in ")).map(|(_, path)| path.trim().to_owned());
    let kept = fs::read_to_string(kept.unwrap()).unwrap();
    assert!(kept.contains("line 19999"));
}

fn in_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()).unwrap()
}

/// The most memory that a process has held, in bytes.
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
