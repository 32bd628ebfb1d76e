//! The process of a stage, from inside.

use super::cache::write_whole;
use super::error::{Result, RunError};
use super::held::{Held, Replies, Said};
use super::task::{Failed, FailedKind, Outcome, Role, Task};
use super::worker::Order;
use crate::io::Io;
use crate::program::Functions;
use ironbook_track as track;
use rustix::process::{Resource, Rlimit, Signal, kill_current_process_group, setrlimit};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

/// Does what standard input says, and ends with the process on the other end of it.
pub(crate) fn serve(functions: &Functions) -> Result<()> {
    let input = |source: std::io::Error| RunError::io("read the task from", Path::new("standard input"), source);
    let mut pipe = BufReader::new(take_stdin().map_err(input)?);
    let mut line = String::new();
    pipe.read_line(&mut line).map_err(input)?;
    let task: Task = serde_json::from_str(&line).map_err(|error| input(error.into()))?;
    std::thread::Builder::new().name("parent".to_owned()).spawn(move || end_with_parent(pipe)).map_err(input)?;
    if let Some(mib) = task.memory_mb {
        let bytes = Some(mib.saturating_mul(1 << 20));
        // Without it the stage is merely not bounded.
        let _ = setrlimit(Resource::Data, Rlimit { current: bytes, maximum: bytes });
    }
    let (outcome, work) = (task.outcome.clone(), task.work.clone());
    let done = perform(functions, &task);
    let text = serde_json::to_vec(&done).map_err(|e| RunError::io("write", &outcome, e.into()))?;
    write_whole(&outcome, &text, &work)
}

/// Performs one stage after another, as standard input says, and ends with the process on the other end of it.
pub(crate) fn work(functions: &Functions) -> Result<()> {
    let input = |source: std::io::Error| RunError::io("read the task from", Path::new("standard input"), source);
    let output = |source: std::io::Error| RunError::io("answer to", Path::new("standard output"), source);
    let replies = Replies::new(take_stdout().map_err(output)?);
    let mut pipe = BufReader::new(take_stdin().map_err(input)?);
    let (orders, taken) = channel::<Order>();
    let listen = move || {
        let mut line = String::new();
        while matches!(pipe.read_line(&mut line), Ok(1..)) {
            // What cannot be read comes from no run.
            let Ok(order) = serde_json::from_str(&line) else { break };
            let _ = orders.send(order);
            line.clear();
        }
        end_with_parent(pipe);
    };
    std::thread::Builder::new().name("parent".to_owned()).spawn(listen).map_err(input)?;
    let held = Rc::new(Held::start(replies.clone()).map_err(output)?);
    for Order { task, log, forget } in taken {
        held.forget(&forget);
        print_to(&log).map_err(|e| RunError::io("write", &log, e))?;
        let stage = task.stage.clone();
        match held.while_busy(|| perform_with(functions, &task, Some(&held))) {
            Outcome::Done(finished) if finished.outputs.iter().any(|made| made.digest.is_empty()) => {
                replies.send(&stage, Said::Returned(finished.clone()));
                held.done(&stage, finished);
            }
            outcome => {
                if !matches!(outcome, Outcome::Done(_)) {
                    held.drop_all_of(&stage);
                }
                replies.send(&stage, Said::Ended(outcome));
            }
        }
    }
    Ok(())
}

/// Standard output, for answers only: what stages print goes elsewhere.
fn take_stdout() -> std::io::Result<File> {
    let own = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    Ok(own.into())
}

/// What is printed from now on goes to this file.
fn print_to(log: &Path) -> std::io::Result<()> {
    std::io::stdout().flush()?;
    let log = File::options().append(true).create(true).open(log)?;
    rustix::stdio::dup2_stdout(&log)?;
    rustix::stdio::dup2_stderr(&log)?;
    Ok(())
}

/// Standard input, for this thread only: what stages read from is empty.
fn take_stdin() -> std::io::Result<File> {
    let own = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(own.into())
}

/// The other end is open as long as the run lives.
fn end_with_parent(mut pipe: BufReader<File>) {
    let mut byte = [0];
    while matches!(pipe.read(&mut byte), Ok(1)) {}
    // With all that the stage has started.
    let _ = kill_current_process_group(Signal::KILL);
}

/// Performs a task in this process.
pub(crate) fn perform(functions: &Functions, task: &Task) -> Outcome {
    perform_with(functions, task, None)
}

fn perform_with(functions: &Functions, task: &Task, held: Option<&Rc<Held>>) -> Outcome {
    if let Err(error) = std::env::set_current_dir(&task.project) {
        let text = format!("cannot enter the project's directory {}: {error}", task.project.display());
        return Outcome::Failed(Failed::new(FailedKind::Start, text));
    }
    let run = task.run.as_deref().and_then(|run| resume(run, &task.project));
    note_panics();
    drop(ironbook_track::take_lookups());
    // Another stage in this process may have set it.
    ironbook_core::seed::set(ironbook_core::seed::DEFAULT);
    let mut io = Io::new(task.clone()).with_held(held);
    let result = catch_unwind(AssertUnwindSafe(|| call(functions, task, &mut io)));
    let outcome = match result {
        Ok(result) => io.end(result),
        Err(payload) => Outcome::Failed(Failed::new(FailedKind::Panic, panic_text(&*payload))),
    };
    if let Some(run) = run
        && let Err(error) = track::leave(&run)
    {
        warn(&format!("what the stage logged may be missing in the tracking store: {error}"));
    }
    outcome
}

fn call(functions: &Functions, task: &Task, io: &mut Io) -> crate::Result<()> {
    match &task.role {
        Role::Stage => match functions.stage(&task.stage) {
            Some(run) => run(io),
            None => Err(format!("the program has no function for the stage `{}`", task.stage).into()),
        },
        Role::Register(_) => match functions.register {
            Some(register) => register(io),
            None => Err("the program has no function that registers".into()),
        },
        Role::Predict { .. } => match (functions.predict, io.files()) {
            (Some(predict), Some((input, output))) => predict(io, &input, &output),
            _ => Err("the program has no function that predicts".into()),
        },
    }
}

fn resume(run: &str, project: &Path) -> Option<track::RunHandle> {
    match track::resume(run, project) {
        Ok(run) => Some(run),
        Err(error) => {
            warn(&format!("what the stage logs is not tracked: {error}"));
            None
        }
    }
}

/// Into the stage's log.
fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "warning: {text}");
}

/// The place and words of the latest panic.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn note_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
            let text = format!("{}{place}", words(info.payload()));
            *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
            default(info);
        }));
    });
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let noted = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    format!("it panicked: {}", noted.unwrap_or_else(|| words(payload)))
}

fn words(payload: &dyn std::any::Any) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".to_owned())
}
