//! What goes to the session: frames, each after everything that was printed before it.

use super::system;
use ironbook_core::frame::{self, Reply};
use ironbook_core::input::{self, InputError, Question};
use ironbook_core::{interrupt, rt, sink};
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How often partial lines are written out while a cell runs.
const FLUSH_PERIOD: Duration = Duration::from_millis(20);
/// How long the cell waits for the session to take a frame, before it prints on.
const TAKEN_WITHIN: Duration = Duration::from_millis(100);

/// The sending end of the socket.
pub(super) struct Output {
    socket: Mutex<File>,
    execution: AtomicU64,
}

impl Output {
    pub(super) fn new(socket: File) -> Self {
        Output { socket: Mutex::new(socket), execution: AtomicU64::new(0) }
    }

    /// Names the execution that emits from now on.
    pub(super) fn set_execution(&self, execution: u64) {
        self.execution.store(execution, Ordering::Relaxed);
    }

    /// Sends a frame. A session that is gone is noticed by the reading side.
    pub(super) fn send(&self, reply: &Reply) {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = frame::write(&mut *socket, reply);
    }

    /// Sends what the cell emits: what it printed before comes before it, what it prints after comes after.
    ///
    /// The session empties the pipes before it takes a frame, so it is enough to print nothing until the frame is taken.
    /// Only the cell's own thread can promise that; others just send.
    pub(super) fn emit(&self, reply: &Reply) {
        let ordered = rt::on_cell_thread();
        if ordered {
            flush();
        }
        self.send(reply);
        if ordered {
            self.wait_until_taken();
        }
    }

    fn wait_until_taken(&self) {
        let deadline = Instant::now() + TAKEN_WITHIN;
        let mut pause = Duration::from_micros(10);
        loop {
            let unread = system::unread(&self.socket.lock().unwrap_or_else(PoisonError::into_inner));
            if !matches!(unread, Ok(1..)) || Instant::now() >= deadline {
                return;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(1));
        }
    }

    fn event(&self, event: sink::Event) -> Reply {
        let execution = self.execution.load(Ordering::Relaxed);
        match event {
            sink::Event::Display { bundle, id, update } => {
                Reply::Display { execution, bundle, id, update, result: rt::emitting_result() }
            }
            sink::Event::Progress(state) => Reply::Progress { execution, state },
            sink::Event::Clear { wait } => Reply::Clear { execution, wait },
        }
    }
}

/// Sends all displays and progress of this process to the session.
pub(super) fn route(output: &Arc<Output>) {
    let output = Arc::clone(output);
    sink::set(move |event| output.emit(&output.event(event)));
}

/// How often a cell that waits for an answer looks for an interrupt.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// Sends all questions of this process to the session; the answers come over `answers`.
pub(super) fn route_questions(output: &Arc<Output>, answers: Receiver<Result<String, String>>) {
    let output = Arc::clone(output);
    let answers = Mutex::new(answers);
    input::set_asker(move |question| {
        let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&output, question, &answers)
    });
}

fn ask(output: &Output, question: &Question, answers: &Receiver<Result<String, String>>) -> Result<String, InputError> {
    // An answer to a question that was given up.
    while answers.try_recv().is_ok() {}
    let execution = output.execution.load(Ordering::Relaxed);
    let Question { prompt, password } = question.clone();
    output.emit(&Reply::Input { execution, prompt, password });
    loop {
        match answers.recv_timeout(LOOK_PERIOD) {
            Ok(answer) => return answer.map_err(InputError::Refused),
            Err(RecvTimeoutError::Timeout) => interrupt::check()?,
            Err(RecvTimeoutError::Disconnected) => return Err(InputError::Refused("the session is gone".to_owned())),
        }
    }
}

/// Writes out what Rust and C code printed and what still waits in their buffers.
///
/// Never on threads that cells started: one could wait for a `StdoutLock` of the cell while the cell waits for it.
pub(super) fn flush() {
    let _ = io::stdout().flush();
    system::flush_c();
}

/// Shows partial lines while a cell runs: std flushes its standard output at newlines only.
pub(super) struct Ticker {
    thread: Thread,
    running: Arc<AtomicBool>,
}

impl Ticker {
    pub(super) fn spawn() -> io::Result<Self> {
        let running = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&running);
        let tick = move || loop {
            if flag.load(Ordering::Acquire) {
                std::thread::sleep(FLUSH_PERIOD);
                flush();
            } else {
                std::thread::park();
            }
        };
        let handle = std::thread::Builder::new().name("flush".to_owned()).spawn(tick)?;
        Ok(Ticker { thread: handle.thread().clone(), running })
    }

    pub(super) fn start(&self) {
        self.running.store(true, Ordering::Release);
        self.thread.unpark();
    }

    pub(super) fn stop(&self) {
        self.running.store(false, Ordering::Release);
    }
}
