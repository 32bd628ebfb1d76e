//! The session's side against a fake runtime: this test binary, started again by a script that names [`fake_runtime`].
#![expect(clippy::exit, reason = "the fake runtime is a process of its own")]

use super::{Cause, Died, Done, Press, ProcessError, Runtime, Spawn};
use crate::event::Event;
use ironbook_core::Bundle;
use ironbook_core::frame::{self, Outcome, Reply, Request};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, getpid, kill_current_process_group, kill_process, pidfd_open};
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MEGABYTES: usize = 50;

/// Not a test by itself: in a process that [`start`] made it serves frames, in the test run it has nothing to do.
#[test]
fn fake_runtime() {
    if std::env::var_os(frame::FD_VARIABLE).is_some() {
        let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned().unwrap());
        Fake { socket }.serve();
        std::process::exit(0);
    }
}

struct Fake {
    socket: UnixStream,
}

impl Fake {
    fn send(&mut self, reply: &Reply) {
        io::stdout().flush().unwrap();
        frame::write(&mut self.socket, reply).unwrap();
    }

    fn done(&mut self, outcome: Outcome) {
        self.send(&Reply::Done {
            execution: 1,
            outcome,
            put: Vec::new(),
            gone: Vec::new(),
            seconds: 0.5,
            keeping: Default::default(),
        });
    }

    fn display(&mut self, text: &str, result: bool) {
        let bundle = Bundle::text(text);
        self.send(&Reply::Display { execution: 1, bundle, id: None, update: false, result });
    }

    fn serve(&mut self) {
        if std::env::var_os("FAKE_FAILS").is_some() {
            eprintln!("error while loading shared libraries");
            std::process::exit(127);
        }
        self.send(&Reply::Hello { pid: std::process::id() });
        while let Some(request) = frame::read::<Request>(&mut self.socket).unwrap() {
            match request {
                Request::Run { entry, .. } => self.cell(&entry),
                Request::List => {
                    print!("late ");
                    self.send(&Reply::Variables(Vec::new()));
                }
                Request::Shutdown => return,
                _ => {}
            }
        }
        // As the real one: when the session is gone, nothing stays.
        kill_current_process_group(Signal::KILL).unwrap();
    }

    fn cell(&mut self, name: &str) {
        match name {
            "print" => print!("no newline"),
            "display" => {
                print!("{}", "x".repeat(1_000_000));
                self.display("shown", false);
                self.display("value", true);
            }
            "pieces" => self.in_pieces(),
            "utf8" => {
                io::stdout().write_all(&"🦀".as_bytes()[..2]).unwrap();
                self.display("between", false);
                io::stdout().write_all(&"🦀".as_bytes()[2..]).unwrap();
                io::stdout().write_all(b"\xe2\x82").unwrap();
            }
            "flood" => (0..MEGABYTES).for_each(|_| io::stdout().write_all(&vec![b'.'; 1 << 20]).unwrap()),
            "waits" => {
                print!("waiting");
                io::stdout().flush().unwrap();
                assert!(matches!(frame::read::<Request>(&mut self.socket), Ok(Some(Request::Interrupt))));
                return self.done(Outcome::Interrupted);
            }
            "hangs" => {
                print!("hanging");
                io::stdout().flush().unwrap();
                loop {
                    std::thread::park();
                }
            }
            "child" => print!("{}", Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap().id()),
            "garbage" => {
                self.socket.write_all(&[9, 0, 0, 0, b'g', b'a', b'r', b'b', b'a', b'g', b'e', b'!', b'!']).unwrap();
            }
            other => die(other),
        }
        self.done(Outcome::Ok);
    }

    fn in_pieces(&mut self) {
        let mut bytes = Vec::new();
        let bundle = Bundle::text("in pieces".repeat(100_000));
        frame::write(&mut bytes, &Reply::Display { execution: 1, bundle, id: None, update: false, result: false })
            .unwrap();
        let (head, tail) = bytes.split_at(3);
        for piece in [head, &tail[..1], &tail[1..]] {
            self.socket.write_all(piece).unwrap();
            std::thread::yield_now();
        }
    }
}

fn die(how: &str) -> ! {
    let (text, signal) = match how {
        "exit" => std::process::exit(3),
        "abort" => ("", Signal::ABORT),
        "stack" => (
            "\nthread 'cell' (17) has overflowed its stack\nfatal runtime error: stack overflow, aborting\n",
            Signal::ABORT,
        ),
        "allocation" => ("memory allocation of 800000000000 bytes failed\n", Signal::ABORT),
        "kill" => ("", Signal::KILL),
        "bus" => ("", Signal::BUS),
        _ => ("", Signal::ILL),
    };
    eprint!("{text}");
    // std's own handlers of memory faults return once, to let the fault come again.
    loop {
        kill_process(getpid(), signal).unwrap();
    }
}

struct Started {
    runtime: Runtime,
    _directory: tempfile::TempDir,
}

fn spec(env: &[(&str, &str)]) -> (Spawn, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("runtime");
    let exe = std::env::current_exe().unwrap();
    let script = format!("#!/bin/sh\nexec '{}' --exact process::tests::fake_runtime --nocapture\n", exe.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
    let spawn = Spawn { program, library_path: Vec::new(), directory: directory.path().to_owned(), env };
    (spawn, directory)
}

/// Starts a program that was just written. Another test's fork may hold the file open for writing until its exec.
fn spawned(spec: &Spawn) -> Runtime {
    loop {
        match Runtime::spawn(spec) {
            Err(error) if format!("{error:?}").contains("ExecutableFileBusy") => std::thread::yield_now(),
            started => return started.unwrap(),
        }
    }
}

fn start() -> Started {
    let (spec, directory) = spec(&[]);
    let mut runtime = spawned(&spec);
    runtime.poll_idle(&mut |_| {}).unwrap(); // what the test harness prints before the test
    Started { runtime, _directory: directory }
}

fn cell(name: &str) -> Request {
    Request::Run {
        execution: 1,
        library: PathBuf::new(),
        entry: name.to_owned(),
        text: String::new(),
        number: 1,
        unchanged: Vec::new(),
        in_place: false,
    }
}

/// Runs a cell, joining the texts of each stream that come in a row.
fn run(runtime: &mut Runtime, name: &str) -> (Result<Done, Died>, Vec<Event>) {
    let mut events = Vec::new();
    let result = runtime.run(&cell(name), &mut |event| join(&mut events, event));
    (result, events)
}

fn join(events: &mut Vec<Event>, event: Event) {
    match (events.last_mut(), event) {
        (Some(Event::Stdout(old)), Event::Stdout(new)) | (Some(Event::Stderr(old)), Event::Stderr(new)) => {
            old.push_str(&new);
        }
        (_, event) => events.push(event),
    }
}

fn died(name: &str) -> Died {
    run(&mut start().runtime, name).0.unwrap_err()
}

fn shown(text: &str) -> Event {
    Event::Display { bundle: Bundle::text(text), id: None, update: false }
}

#[test]
fn what_was_printed_comes_before_done() {
    let mut fake = start();
    for _ in 0..50 {
        let (done, events) = run(&mut fake.runtime, "print");
        assert_eq!(done.unwrap().outcome, Outcome::Ok);
        assert_eq!(events, [Event::Stdout("no newline".into())]);
    }
}

#[test]
fn what_was_printed_comes_before_the_display_that_follows() {
    let (done, events) = run(&mut start().runtime, "display");
    let value = Event::Result(Bundle::text("value"));
    assert_eq!(done.unwrap().seconds, 0.5);
    assert_eq!(events, [Event::Stdout("x".repeat(1_000_000)), shown("shown"), value]);
}

#[test]
fn frames_and_characters_may_come_in_pieces() {
    let mut fake = start();
    assert_eq!(run(&mut fake.runtime, "pieces").1, [shown(&"in pieces".repeat(100_000))]);
    let (_, events) = run(&mut fake.runtime, "utf8");
    let printed: String = events
        .iter()
        .filter_map(|event| if let Event::Stdout(text) = event { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(printed, "🦀\u{fffd}");
    assert!(events.contains(&shown("between")));
}

#[test]
fn large_output_is_complete() {
    let mut bytes = 0;
    let mut fake = start();
    let done = fake.runtime.run(&cell("flood"), &mut |event| match event {
        Event::Stdout(text) => bytes += text.len(),
        other => panic!("{other:?}"),
    });
    assert_eq!((done.unwrap().outcome, bytes), (Outcome::Ok, MEGABYTES << 20));
}

#[test]
fn what_comes_between_cells_is_kept_for_the_next() {
    let mut fake = start();
    assert!(matches!(fake.runtime.call(&Request::List), Ok(Reply::Variables(_))));
    assert_eq!(run(&mut fake.runtime, "print").1, [Event::Stdout("late no newline".into())]);
}

#[test]
fn the_first_press_interrupts() {
    let mut fake = start();
    let handle = fake.runtime.handle();
    assert_eq!(handle.press(), Press::Nothing);
    let mut presses = Vec::new();
    let done = fake.runtime.run(&cell("waits"), &mut |_| presses.push(handle.press()));
    assert_eq!((done.unwrap().outcome, presses), (Outcome::Interrupted, vec![Press::Interrupted]));
    assert!(run(&mut fake.runtime, "print").0.is_ok());
}

#[test]
fn the_second_press_kills() {
    let mut fake = start();
    let handle = fake.runtime.handle();
    let died = fake.runtime.run(&cell("hangs"), &mut |_| {
        assert_eq!((handle.press(), handle.press()), (Press::Interrupted, Press::Killed));
    });
    assert_eq!(died.unwrap_err().cause, Cause::Interrupted);
    assert_eq!(run(&mut fake.runtime, "print").0.unwrap_err().cause, Cause::Interrupted);
    assert_eq!(handle.press(), Press::Nothing);
}

#[test]
fn a_cell_that_does_not_stop_is_killed() {
    let mut fake = start();
    fake.runtime.set_grace(Duration::from_millis(50));
    let handle = fake.runtime.handle();
    let died = fake.runtime.run(&cell("hangs"), &mut |_| assert!(handle.interrupt())).unwrap_err();
    assert_eq!(died.cause, Cause::Interrupted);
    assert_eq!(died.words, "the cell did not stop within 0.05 s of the interrupt, so its runtime process was ended");
}

#[test]
fn a_handle_kills() {
    let mut fake = start();
    let handle = fake.runtime.handle();
    let died = fake.runtime.run(&cell("hangs"), &mut |_| handle.kill()).unwrap_err();
    assert_eq!(died.cause, Cause::Killed);
}

#[test]
fn deaths_are_put_in_words() {
    let cases = [
        ("exit", Cause::Exit(3), "the cell called exit(3), which ends the runtime process"),
        ("abort", Cause::Signal(6), "the cell was ended by abort() (SIGABRT)"),
        ("stack", Cause::StackOverflow, "the cell overflowed its stack"),
        (
            "allocation",
            Cause::OutOfMemory,
            "the cell asked for 800000000000 bytes of memory at once, which the system refused",
        ),
        ("kill", Cause::Signal(9), "the cell was killed from outside (SIGKILL)"),
        ("bus", Cause::Signal(7), "the cell was ended by a bus error (SIGBUS)"),
        ("illegal", Cause::Signal(4), "the cell was ended by an illegal instruction (SIGILL)"),
    ];
    for (how, cause, words) in cases {
        let died = died(how);
        assert_eq!((died.cause, died.words.as_str()), (cause, words), "{how}");
    }
}

#[test]
fn a_broken_channel_ends_the_process() {
    assert_eq!(died("garbage").cause, Cause::Lost);
}

#[test]
fn a_program_that_fails_at_once_says_why() {
    let (spec, _directory) = spec(&[("FAKE_FAILS", "1")]);
    match Runtime::spawn(&spec) {
        Err(ProcessError::DiedAtStart { words, stderr }) => {
            assert_eq!(words, "the runtime process ended with exit status 127");
            assert!(stderr.contains("loading shared libraries"), "{stderr}");
        }
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let (mut spec, _directory) = spec(&[]);
    spec.program = PathBuf::from("/nowhere/ironbook-runtime");
    let error = Runtime::spawn(&spec).err().unwrap();
    assert!(matches!(&error, ProcessError::NotStarted { program, .. } if program == &spec.program), "{error}");
}

/// A process by a descriptor: readable once it has ended.
fn process(pid: &str) -> OwnedFd {
    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    pidfd_open(pid, PidfdFlags::empty()).unwrap()
}

fn assert_ends(process: &OwnedFd) {
    let timeout = Duration::from_secs(5).try_into().unwrap();
    let ended = poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&timeout));
    assert_eq!(ended, Ok(1), "a child outlives the runtime");
}

fn with_child(runtime: &mut Runtime) -> OwnedFd {
    match run(runtime, "child").1.as_slice() {
        [Event::Stdout(pid)] => process(pid),
        other => panic!("{other:?}"),
    }
}

#[test]
fn dropping_a_runtime_ends_its_children() {
    let mut fake = start();
    let child = with_child(&mut fake.runtime);
    let runtime = process(&fake.runtime.pid().to_string());
    let started = Instant::now();
    drop(fake);
    assert_ends(&runtime);
    assert_ends(&child);
    assert!(started.elapsed() < super::END_WITHIN, "an idle runtime ends when asked");
}

#[test]
fn the_death_of_a_runtime_ends_its_children() {
    let mut fake = start();
    let child = with_child(&mut fake.runtime);
    assert_eq!(run(&mut fake.runtime, "abort").0.unwrap_err().cause, Cause::Signal(6));
    assert_ends(&child);
}
