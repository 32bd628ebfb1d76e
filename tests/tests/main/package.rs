//! `ironbook package`: what it packs works elsewhere, with nothing but a compiler and a linker.

use crate::kernelspec::seen_by;
use crate::support::{Desk, Done, ironbook, jupyter};
use ironbook_session::language::{Query, Request};
use ironbook_session::library::{Paths, Rustc, find_program};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, SystemTime};

/// A user who has a compiler, a linker, and an empty home.
struct User {
    desk: Desk,
    rustc: Rustc,
}

impl User {
    fn new() -> User {
        let desk = Desk::new();
        let rustc = Rustc::find(&Paths::from_env()).unwrap();
        fs::create_dir(desk.path("home")).unwrap();
        fs::create_dir(desk.path("tools")).unwrap();
        symlink(&rustc.path, desk.path("tools/rustc")).unwrap();
        for tool in ["cc", "ld"] {
            symlink(find_program(tool).unwrap(), desk.path("tools").join(tool)).unwrap();
        }
        User { desk, rustc }
    }

    /// A program with this user's environment and no more.
    fn command(&self, program: &Path, tools: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.desk.path("home")).env("PATH", self.desk.path(tools)).stdin(Stdio::null());
        command.current_dir(self.desk.path("home"));
        command
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Done {
        self.command(program, "tools").args(arguments).output().unwrap().into()
    }

    /// The same for a user whose `rustc` is another version.
    fn with_other_rustc(&self, program: &Path) -> Command {
        let other = self.desk.path("other");
        if !other.exists() {
            fs::create_dir(&other).unwrap();
            let script = format!(
                "#!/bin/sh\ncase \"$*\" in\n*sysroot*) echo {};;\n*) printf 'rustc 1.11.1 (other)\\nrelease: 1.11.1\\nhost: {}\\n';;\nesac\n",
                self.desk.path("nowhere").display(),
                self.rustc.host
            );
            fs::write(other.join("rustc"), script).unwrap();
            fs::set_permissions(other.join("rustc"), fs::Permissions::from_mode(0o755)).unwrap();
            for tool in ["cc", "ld"] {
                symlink(find_program(tool).unwrap(), other.join(tool)).unwrap();
            }
        }
        self.command(program, "other")
    }
}

/// Every file below a directory, with its time.
fn files(root: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            all.extend(files(&entry.path()));
        }
        all.insert(entry.path(), entry.metadata().unwrap().modified().unwrap());
    }
    all
}

/// Packs into the desk; the least compression, since nobody keeps it.
fn packed(desk: &Desk, only: &str, ending: &str) -> PathBuf {
    let mut command = ironbook();
    command.args(["package", "--level", "1", "--only", only, "--out"]).arg(desk.path("packed"));
    let done = Done::from(command.output().unwrap());
    done.check(0, &["ok:", "needs rustc"]);
    for part in
        ["front ends", "runtime", "the library", "metadata", "proc macros", "language service", "in all", ending]
    {
        assert!(done.stdout.contains(part), "no {part} in:\n{}", done.stdout);
    }
    let mut made = fs::read_dir(desk.path("packed")).unwrap().flatten().map(|entry| entry.path());
    made.find(|path| path.to_string_lossy().ends_with(ending)).unwrap()
}

const POLARS: &str = r#"df!["a" => [1, 2, 3]]?.lazy().select([col("a").sum()]).collect()?"#;

#[test]
fn the_archive_runs_where_there_is_only_a_compiler() {
    let user = User::new();
    let archive = packed(&user.desk, "archive", ".tar.gz");
    let unpacked =
        Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(user.desk.folder.path()).status().unwrap();
    assert!(unpacked.success());
    let root = user.desk.path(archive.file_name().unwrap().to_str().unwrap().trim_end_matches(".tar.gz"));
    // Where it was unpacked first does not matter.
    let moved = user.desk.path("moved away");
    fs::rename(root, &moved).unwrap();
    let program = moved.join("bin/ironbook");
    let before = files(&moved);
    let named = |name: &str| before.keys().any(|path| path.file_name().is_some_and(|file| file == name));
    assert!(named("index-1.json") && named("index-1.docs"), "completion knows the library's names there as well");

    let done = user.run(&program, &["-e", "1 + 1"]);
    done.check(0, &[]);
    assert_eq!(done.stdout.trim(), "2");
    let done = user.run(&program, &["-e", POLARS]);
    done.check(0, &[]);
    assert!(done.stdout.contains('6'), "{}", done.stdout);

    user.run(&program, &["setup"]).check(0, &["ready", "moved away"]);
    user.run(&program, &["setup", "--cuda"]).check(1, &["needs Ironbook's sources", "clone"]);
    user.run(&program, &["-e", "%dep itoa"]).check(1, &["needs Ironbook's sources"]);
    let doctor = user.run(&program, &["doctor"]);
    doctor.check(0, &[]);
    assert!(doctor.stdout.contains("installed: ") && doctor.stdout.contains("not needed"), "{}", doctor.stdout);
    user.run(&program, &["kernel", "install"]).check(0, &["ok:"]);
    let spec = fs::read_to_string(user.desk.path("home/.local/share/jupyter/kernels/ironbook/kernel.json")).unwrap();
    assert!(spec.contains(program.to_str().unwrap()), "{spec}");

    completes_as_from_sources(&user, &moved);
    promotes_as_from_sources(&user, &program);
    another_compiler_is_refused(&user, &program);
    assert_eq!(before, files(&moved), "an installation is never written to");
}

/// The language service there, which has neither cargo nor its registry: methods of a chain, and what a derive makes.
fn completes_as_from_sources(user: &User, moved: &Path) {
    if !user.rustc.sysroot.join("lib/rustlib/src/rust/library/core/src/lib.rs").is_file() {
        eprintln!("SKIPPED: the language service reads the sources of std, which are not here");
        return;
    }
    let mut service = user.command(&moved.join("bin/ironbook-language"), "tools");
    service.arg("serve").arg("--source").arg(moved.join("lib/ironbook")).arg("--target").arg(user.desk.path("home"));
    let mut child = service.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        if is_done.recv_timeout(Duration::from_secs(300)) == Err(RecvTimeoutError::Timeout) {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
        }
    });
    let (mut input, mut said) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let ready = said.next().unwrap().unwrap();
    assert!(ready.contains("Ready"), "{ready}");
    let head = "use ::ironbook::prelude::*;\n#[derive(Clone, Debug, ::serde::Serialize)]\nstruct Flight { hour: i32 }\n\
                fn f(df: DataFrame, flight: Flight) {\n";
    for (line, wanted) in [("df.lazy().sel", "select"), ("flight.serial", "serialize")] {
        let text = format!("{head}{line}");
        let request = Request { id: 1, at: text.len(), text: Some(text), query: Query::Complete, patience_ms: None };
        writeln!(input, "{}", serde_json::to_string(&request).unwrap()).unwrap();
        let answer = said.next().unwrap().unwrap();
        assert!(answer.contains(&format!("\"{wanted}\"")), "no {wanted} in {answer}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    drop(done);
}

/// What is promoted there, without cargo, is to the last file what is promoted in the workspace.
fn promotes_as_from_sources(user: &User, program: &Path) {
    let script = "// %%\nlet n = 3u64;\n\n// %%\nlet squares: Vec<u64> = (0..n).map(|x| x * x).collect();\n\
                  let table = df![\"square\" => squares.clone()]?;\n";
    let arguments = ["promote", "squares.rs", "--name", "squares", "--target", "table"];
    let (home, workspace) = (user.desk.path("home"), Desk::new());
    fs::write(home.join("squares.rs"), script).unwrap();
    workspace.write("squares.rs", script);
    user.run(program, &arguments).check(0, &[]);
    let done = ironbook().args(arguments).current_dir(workspace.folder.path()).output().unwrap();
    Done::from(done).check(0, &[]);
    let files = |root: &Path| fs::read_to_string(root.join("pipelines/squares/1.0.0/files.b3")).unwrap();
    assert_eq!(files(&home), files(workspace.folder.path()));
    assert!(files(&home).lines().any(|line| line.ends_with("  vendor/stdlib/ironbook/src/lib.rs")));
}

fn another_compiler_is_refused(user: &User, program: &Path) {
    let needed = user.rustc.version.lines().next().unwrap();
    let release = needed.split(' ').nth(1).unwrap();
    let install = format!("rustup toolchain install {release}");
    let done = Done::from(user.with_other_rustc(program).args(["-e", "1 + 1"]).output().unwrap());
    done.check(1, &[needed, "rustc 1.11.1 (other)", &install, "sources"]);
    let done = Done::from(user.with_other_rustc(program).arg("doctor").output().unwrap());
    done.check(1, &[]);
    assert!(done.stdout.contains(&install), "{}", done.stdout);
    let done = Done::from(user.command(program, "home").args(["-e", "1 + 1"]).output().unwrap());
    done.check(1, &[needed, "no Rust compiler was found", &install]);

    // What the remedy says helps, whatever the default compiler is.
    let toolchains = user.desk.path("rustup/toolchains");
    fs::create_dir_all(&toolchains).unwrap();
    symlink(&user.rustc.sysroot, toolchains.join(format!("{release}-{}", user.rustc.host))).unwrap();
    let mut command = user.with_other_rustc(program);
    command.args(["-e", "1 + 1"]).env("RUSTUP_HOME", user.desk.path("rustup"));
    let done = Done::from(command.output().unwrap());
    done.check(0, &[]);
    assert_eq!(done.stdout.trim(), "2");
}

#[test]
fn pip_installs_the_wheel_and_jupyter_finds_it() {
    let Some(python) = jupyter("pip_installs_the_wheel_and_jupyter_finds_it") else { return };
    let user = User::new();
    let wheel = packed(&user.desk, "wheel", ".whl");
    let venv = user.desk.path("venv");
    let made = Command::new(&python).args(["-m", "venv"]).arg(&venv).status().unwrap();
    assert!(made.success());
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]).arg(&wheel);
    Done::from(pip.output().unwrap()).check(0, &[]);

    // The client of another environment, to which this one is only a directory with kernels.
    let mut client = Command::new(&python);
    client.env("JUPYTER_PATH", venv.join("share/jupyter")).env("HOME", user.desk.path("home"));
    let seen = seen_by(client.env("XDG_DATA_HOME", user.desk.path("home")));
    let program = PathBuf::from(seen["command"][0].as_str().unwrap());
    assert_eq!(program.canonicalize().unwrap(), venv.join("bin/ironbook").canonicalize().unwrap());
    let done = user.run(&program, &["-e", "1 + 1"]);
    done.check(0, &[]);
    assert_eq!(done.stdout.trim(), "2");
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "uninstall", "--quiet", "--yes", "ironbook"]);
    Done::from(pip.output().unwrap()).check(0, &[]);
    assert!(!venv.join("lib/ironbook").exists() && !venv.join("bin/ironbook").exists(), "pip knows every file");
}
