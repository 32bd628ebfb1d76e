//! The real runtime process with cells written by hand: order of outputs, panics, interrupts, deaths.

use ironbook_core::frame::{Outcome, Reply, Request};
use ironbook_session::event::Event;
use ironbook_session::library::{Library, Paths};
use ironbook_session::process::{Cause, Died, Done, Handle, Runtime, Spawn};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io::{BufRead as _, BufReader};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

struct Built {
    library: Library,
    cells: PathBuf,
}

/// The library, and the hand-written cells compiled against it, once for all tests.
fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let paths = Paths::from_env();
        let build = |_| Library::build(&paths, &mut |_| ControlFlow::Continue(()));
        let library = Library::locate(&paths).or_else(build).unwrap();
        let cells = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cells-{}.so", library.id));
        let source = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/tests/runtime/cells.rs";
        let mut rustc = Command::new(&library.rustc);
        rustc.args(["--edition=2024", "--crate-type=cdylib", "--crate-name=cell", "-Cprefer-dynamic", &source, "-o"]);
        // Another process of these tests may load the object at this moment: write, then rename.
        let part = cells.with_extension(format!("{}.part", std::process::id()));
        rustc.arg(&part).arg("--extern").arg(format!("ironbook={}", library.dylib.display()));
        rustc.arg("-L").arg(format!("dependency={}", library.deps.display()));
        let output = rustc.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::rename(&part, &cells).unwrap();
        Built { library, cells }
    })
}

fn start() -> Runtime {
    start_in(&std::env::temp_dir())
}

fn start_in(directory: &Path) -> Runtime {
    let library = &built().library;
    let env = vec![("RUST_BACKTRACE".to_owned(), None)];
    let program = library.runtime.clone();
    Runtime::spawn(&Spawn { program, library_path: library.library_path(), directory: directory.to_owned(), env })
        .unwrap()
}

fn cell(entry: &str) -> Request {
    Request::Run {
        execution: 7,
        library: built().cells.clone(),
        entry: entry.to_owned(),
        text: String::new(),
        number: 1,
        unchanged: Vec::new(),
        in_place: false,
    }
}

/// Runs a cell; its outputs as one text, displays in brackets and the result in braces.
fn run(runtime: &mut Runtime, entry: &str) -> (Result<Done, Died>, String) {
    run_with(runtime, entry, |_| {})
}

/// The same, calling `act` at the first output.
fn run_with(runtime: &mut Runtime, entry: &str, act: impl Fn(&Handle)) -> (Result<Done, Died>, String) {
    let handle = runtime.handle();
    let mut text = String::new();
    let result = runtime.run(&cell(entry), &mut |event| {
        if text.is_empty() {
            act(&handle);
        }
        text += &match event {
            Event::Stdout(part) | Event::Stderr(part) => part,
            Event::Display { bundle, .. } => format!("[{}]", bundle.plain()),
            Event::Result(bundle) => format!("{{{}}}", bundle.plain()),
            other => format!("{other:?}"),
        };
    });
    (result, text)
}

fn outcome(runtime: &mut Runtime, entry: &str) -> Outcome {
    run(runtime, entry).0.unwrap().outcome
}

fn names(reply: Result<Reply, Died>) -> Vec<String> {
    match reply {
        Ok(Reply::Variables(all)) => all.into_iter().map(|variable| variable.name).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_that_was_printed_comes_before_done() {
    let mut runtime = start();
    for _ in 0..50 {
        assert_eq!(run(&mut runtime, "partial").1, "no newline");
    }
    assert_eq!(run(&mut runtime, "printed").1.len(), 100 * 100_000);
}

#[test]
fn prints_and_displays_keep_their_order() {
    let expected: String = (0..100).map(|i| format!("a{i} [d{i} ]b{i} ")).collect();
    let mut runtime = start();
    assert_eq!(run(&mut runtime, "ordered").1, expected + "{end}");
    assert_eq!(run(&mut runtime, "from_c").1, "from C [shown]");
}

#[test]
fn a_panic_is_located_and_loses_no_variable() {
    let mut runtime = start();
    let done = run(&mut runtime, "panics").0.unwrap();
    let Outcome::Panic(panic) = done.outcome else { panic!("{:?}", done.outcome) };
    assert_eq!(panic.message, "index out of bounds: the len is 0 but the index is 7");
    assert!(panic.file.ends_with("cells.rs") && panic.line > 30 && panic.column > 1, "{panic:?}");
    assert!(panic.frames.iter().any(|(object, _)| object == &built().cells), "{panic:?}");
    assert_eq!(names(runtime.call(&Request::List)), ["kept"]);
}

#[test]
fn the_second_panic_is_located_as_well() {
    let mut runtime = start();
    for _ in 0..2 {
        let Outcome::Panic(panic) = outcome(&mut runtime, "panics_in_pool") else { panic!("a panic") };
        assert_eq!(panic.message, "in a worker");
        assert!(panic.frames.iter().any(|(object, _)| object == &built().cells), "{panic:?}");
    }
}

#[test]
fn a_panic_elsewhere_is_printed() {
    let (done, text) = run(&mut start(), "panics_in_thread");
    assert_eq!(done.unwrap().outcome, Outcome::Ok);
    assert!(text.starts_with("thread '<unnamed>' panicked at ") && text.ends_with("\nin a thread\n"), "{text}");
}

#[test]
fn a_destructor_that_panics_is_survived() {
    let mut runtime = start();
    assert_eq!(outcome(&mut runtime, "puts_loud"), Outcome::Ok);
    assert!(names(runtime.call(&Request::Drop { names: vec!["loud".to_owned()] })).is_empty());
    assert_eq!(outcome(&mut runtime, "partial"), Outcome::Ok);
}

#[test]
fn an_error_is_told_with_its_type() {
    let Outcome::Error { type_name, chain } = outcome(&mut start(), "fails") else { panic!("an error") };
    assert_eq!((type_name.as_str(), chain.len()), ("core::num::error::ParseIntError", 1));
}

#[test]
fn deaths_are_put_in_words() {
    let cases = [
        ("exits", Cause::Exit(3), "the cell called exit(3), which ends the runtime process"),
        ("aborts", Cause::Signal(6), "the cell was ended by abort() (SIGABRT)"),
        ("faults", Cause::Signal(11), "the cell was ended by a segmentation fault (SIGSEGV)"),
        ("overflows", Cause::StackOverflow, "the cell overflowed its stack"),
        (
            "allocates",
            Cause::OutOfMemory,
            "the cell asked for 70368744177664 bytes of memory at once, which the system refused",
        ),
        (
            "panics_twice",
            Cause::Signal(6),
            "the cell panicked, and a destructor panicked while that panic was cleaned up (SIGABRT)",
        ),
    ];
    for (entry, cause, words) in cases {
        let died = run(&mut start(), entry).0.unwrap_err();
        assert_eq!((died.cause, died.words.as_str()), (cause, words), "{entry}");
    }
}

#[test]
fn what_was_printed_before_the_end_is_shown() {
    assert_eq!(run(&mut start(), "exits").1, "bye\n");
    let (_, text) = run(&mut start(), "panics_twice");
    assert!(text.contains("first") && text.contains("in a destructor"), "{text}");
}

#[test]
fn a_large_array_fits_the_stack() {
    assert_eq!(run(&mut start(), "large_array").1, "1500000");
}

#[test]
fn an_interrupt_stops_loops_and_awaits_and_children() {
    let mut runtime = start();
    for entry in ["loops", "awaits", "waits_for_child"] {
        let (done, _) = run_with(&mut runtime, entry, |handle| assert!(handle.interrupt()));
        assert_eq!(done.unwrap().outcome, Outcome::Interrupted, "{entry}");
    }
    assert_eq!(names(runtime.call(&Request::List)), ["before"]);
    assert_eq!(outcome(&mut runtime, "partial"), Outcome::Ok);
}

#[test]
fn a_cell_that_spins_is_killed() {
    let mut runtime = start();
    runtime.set_grace(Duration::from_millis(50));
    let (died, _) = run_with(&mut runtime, "spins", |handle| assert!(handle.interrupt()));
    assert_eq!(died.unwrap_err().cause, Cause::Interrupted);
}

#[test]
fn a_thread_prints_after_its_cell() {
    let mut runtime = start();
    assert_eq!(run(&mut runtime, "outlives").1, "");
    assert_eq!(run(&mut runtime, "releases").1, "late\n");
}

#[test]
fn variables_of_another_type_are_refused_and_stay() {
    let mut runtime = start();
    assert_eq!(run(&mut runtime, "outlives").1, "");
    let Outcome::Refused { mismatched } = outcome(&mut runtime, "expects") else { panic!("a refusal") };
    assert_eq!(mismatched[0].0, "sender");
    assert!(mismatched[0].1.as_ref().unwrap().contains("Sender"), "{mismatched:?}");
    assert_eq!(names(runtime.call(&Request::List)), ["sender"]);
}

#[test]
fn what_is_not_there_is_said() {
    let mut runtime = start();
    assert!(
        matches!(outcome(&mut runtime, "no_such_entry"), Outcome::NotLoaded { message } if message.contains("no_such_entry"))
    );
    let show = Request::Show { execution: 8, name: "nothing".to_owned() };
    let done = runtime.run(&show, &mut |_| {}).unwrap();
    assert_eq!(done.outcome, Outcome::Refused { mismatched: vec![("nothing".to_owned(), None)] });
    let wrong = runtime.call(&Request::SetDirectory { path: "/no/such/place".into() });
    assert!(matches!(wrong, Ok(Reply::Ack(Some(_)))), "{wrong:?}");
}

#[test]
fn cells_see_no_input_and_no_channel() {
    assert_eq!(run(&mut start(), "reads").1, "0 None");
}

#[test]
fn buffered_writers_write_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut runtime = start_in(directory.path());
    assert_eq!(outcome(&mut runtime, "writes_at_end"), Outcome::Ok);
    drop(runtime);
    assert_eq!(std::fs::read_to_string(directory.path().join("written")).unwrap(), "flushed at the end");
}

fn process(pid: &str) -> OwnedFd {
    pidfd_open(Pid::from_raw(pid.parse().unwrap()).unwrap(), PidfdFlags::empty()).unwrap()
}

fn assert_ends(process: &OwnedFd) {
    let timeout = Duration::from_secs(5).try_into().unwrap();
    assert_eq!(poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&timeout)), Ok(1), "a process was left behind");
}

#[test]
fn no_process_is_left_behind() {
    let mut runtime = start();
    let child = process(&run(&mut runtime, "spawns").1);
    let own = process(&runtime.pid().to_string());
    assert_eq!(run(&mut runtime, "faults").0.unwrap_err().cause, Cause::Signal(11));
    assert_ends(&child);
    assert_ends(&own);
}

/// Not a test by itself: in the process that the next test kills, it starts a runtime with a child and a cell that spins.
#[test]
fn hold() {
    if std::env::var_os("IRONBOOK_HOLD").is_some() {
        let mut runtime = start();
        let (pid, child) = (runtime.pid(), run(&mut runtime, "spawns").1);
        let (result, _) = run_with(&mut runtime, "spins", |_| println!("\nheld {pid} {child}"));
        panic!("{result:?}");
    }
}

#[test]
fn a_session_that_is_killed_leaves_no_process() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "runtime::hold", "--nocapture"]).env("IRONBOOK_HOLD", "1").stdout(Stdio::piped());
    let mut session = command.spawn().unwrap();
    let mut lines = BufReader::new(session.stdout.take().unwrap()).lines();
    let line = lines.find_map(|line| line.unwrap().strip_prefix("held ").map(str::to_owned)).unwrap();
    let left: Vec<OwnedFd> = line.split(' ').map(process).collect();
    session.kill().unwrap();
    session.wait().unwrap();
    left.iter().for_each(assert_ends);
}
