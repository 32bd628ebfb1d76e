//! The runtime process: it reads requests, runs cells on one thread, and sends what they show.
//!
//! The main thread does nothing but read, so that an interrupt is heard while a cell runs.

mod hook;
mod kept;
mod load;
mod output;
mod system;
mod worker;

use ironbook_core::frame::{self, Reply, Request};
use ironbook_core::interrupt;
use output::Output;
use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use worker::{Job, Shared};

/// Serves a session over the socket whose number is in [`frame::FD_VARIABLE`]; returns only when it cannot start.
///
/// The process ends, with its whole process group, when the session closes the socket.
///
/// With `tool NAME` as its first arguments it runs that tool of the library instead, with the arguments after them.
pub fn runtime_main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "tool") {
        let name = arguments.next().unwrap_or_default();
        return ironbook::tools::main(&name.to_string_lossy(), &arguments.collect::<Vec<_>>());
    }
    match start() {
        Ok(parts) => {
            listen(parts);
            system::end_group()
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "ironbook-runtime: {error}");
            let _ =
                writeln!(io::stderr(), "It is started by a session (`ironbook run`, `ironbook repl`), not by hand.");
            ExitCode::from(2)
        }
    }
}

/// What the reading thread needs.
struct Parts {
    requests: BufReader<File>,
    output: Arc<Output>,
    jobs: Sender<Job>,
    answers: Sender<Result<String, String>>,
    shared: Arc<Shared>,
}

/// How often processes that a cell waits for are interrupted again.
const REPEAT: std::time::Duration = std::time::Duration::from_millis(100);

fn start() -> io::Result<Parts> {
    let socket = system::claim_socket()?;
    system::keep_through_sigint()?;
    let requests = BufReader::new(socket.try_clone()?);
    let output = Arc::new(Output::new(socket));
    let shared = Arc::new(Shared::default());
    hook::install();
    output::route(&output);
    let (answers, from_user) = mpsc::channel();
    output::route_questions(&output, from_user);
    ironbook::init();
    ironbook::serve::cells::set_program(std::env::current_exe()?, &["tool", "serve"], ironbook::models::loaders());
    let jobs = worker::spawn(&output, &shared)?;
    output.send(&Reply::Hello { pid: std::process::id() });
    Ok(Parts { requests, output, jobs, answers, shared })
}

/// Reads until the session is gone.
fn listen(parts: Parts) {
    let Parts { mut requests, output, jobs, answers, shared } = parts;
    while let Ok(Some(request)) = frame::read::<Request>(&mut requests) {
        match request {
            Request::Interrupt if shared.settling() => interrupt::request(),
            Request::Interrupt if shared.running() => {
                interrupt::request();
                interrupt_children(&shared);
            }
            Request::Interrupt => {}
            // Without a question that waits, it is dropped by the next one.
            Request::Answer { text } => drop(answers.send(text)),
            Request::Shutdown if shared.running() => return,
            Request::List if shared.running() => output.send(&Reply::Variables(shared.known())),
            request => {
                // Requests and interrupts come in one stream: what asks for an interrupt after this is meant for this cell.
                if matches!(request, Request::Run { .. } | Request::Show { .. }) && shared.begin() {
                    interrupt::clear();
                }
                shared.queue(&request);
                if jobs.send(request).is_err() {
                    return;
                }
            }
        }
    }
}

/// Interrupts the processes that the cell waits for, until it has ended: one may be about to start just now.
fn interrupt_children(shared: &Arc<Shared>) {
    system::interrupt_children();
    let shared = Arc::clone(shared);
    let again = move || {
        while shared.running() && interrupt::requested() {
            std::thread::sleep(REPEAT);
            system::interrupt_children();
        }
    };
    // Without the thread the first signal has to do.
    drop(std::thread::Builder::new().name("interrupt".to_owned()).spawn(again));
}
