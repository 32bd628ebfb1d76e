//! How a runtime process ended, in words.

use super::handle::Asked;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

/// The runtime process ended; its variables are gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Died {
    /// What ended it.
    pub cause: Cause,
    /// One sentence without a full stop, for instance "the cell was ended by a segmentation fault (SIGSEGV)".
    pub words: String,
    /// What the user can do.
    pub hints: Vec<String>,
}

/// What ended a runtime process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It exited with this status.
    Exit(i32),
    /// A signal of this number that nobody here sent.
    Signal(i32),
    /// A thread overflowed its stack.
    StackOverflow,
    /// An allocation failed, or the system killed it for want of memory.
    OutOfMemory,
    /// The user interrupted a cell that did not stop, or pressed twice.
    Interrupted,
    /// [`Handle::kill`](super::Handle::kill).
    Killed,
    /// It closed or broke the channel.
    Lost,
}

/// Since when the process was on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Starting,
    Running,
    Between,
}

impl When {
    /// What ended, if a signal of this number ended it: SIGKILL and SIGTERM come from outside.
    fn subject(self, signal: Option<i32>) -> &'static str {
        match self {
            When::Starting => "the runtime process",
            When::Between if matches!(signal, Some(9 | 15)) => "the runtime process",
            When::Running => "the cell",
            When::Between => "a thread that outlived its cell",
        }
    }
}

/// What is known of the end.
pub(super) struct Evidence {
    pub(super) when: When,
    pub(super) status: Option<ExitStatus>,
    pub(super) error: Option<io::Error>,
    pub(super) asked: Option<Asked>,
    pub(super) out_of_memory: bool,
    pub(super) stderr: String,
}

struct Verdict {
    cause: Cause,
    words: String,
    hints: Vec<&'static str>,
}

impl Verdict {
    fn new(cause: Cause, words: impl Into<String>, hints: &[&'static str]) -> Self {
        Verdict { cause, words: words.into(), hints: hints.to_vec() }
    }
}

pub(super) fn describe(evidence: &Evidence) -> Died {
    let subject = evidence.when.subject(evidence.status.and_then(|status| status.signal()));
    let verdict = match (evidence.asked, &evidence.status) {
        (Some(asked), _) => on_request(asked),
        (None, Some(status)) => match (status.code(), status.signal()) {
            (Some(code), _) => exited(evidence.when, code),
            (None, Some(signal)) => signalled(signal, evidence),
            (None, None) => lost(evidence),
        },
        (None, None) => lost(evidence),
    };
    let hints = verdict.hints.into_iter().map(str::to_owned).collect();
    Died { cause: verdict.cause, words: format!("{subject} {}", verdict.words), hints }
}

fn on_request(asked: Asked) -> Verdict {
    match asked {
        Asked::Kill => Verdict::new(Cause::Killed, "was ended with its runtime process, as asked for", &[]),
        Asked::SecondPress => Verdict::new(
            Cause::Interrupted,
            "was ended with its runtime process by a second interrupt",
            &["the first interrupt stops a cell at the next turn of a loop and keeps all variables"],
        ),
        Asked::Unresponsive(grace) => Verdict::new(
            Cause::Interrupted,
            format!("did not stop within {} s of the interrupt, so its runtime process was ended", grace.as_secs_f64()),
            &[
                "a cell stops in its own loops and in those of the standard library, not inside calls of other crates or the system",
            ],
        ),
    }
}

fn exited(when: When, code: i32) -> Verdict {
    let words = match when {
        When::Starting => format!("ended with exit status {code}"),
        When::Running | When::Between => format!("called exit({code}), which ends the runtime process"),
    };
    let hints: &[&str] = match when {
        When::Starting => &[],
        When::Running | When::Between => &["to end a cell early, use `return;`, or `?` on an error"],
    };
    Verdict::new(Cause::Exit(code), words, hints)
}

fn signalled(signal: i32, evidence: &Evidence) -> Verdict {
    const SEGV: &[&str] =
        &["memory was used that is not the program's: look at `unsafe` code and at calls of C libraries in the cell"];
    let cause = Cause::Signal(signal);
    let ended = |what: &str, hints| Verdict::new(cause, format!("was ended by {what}"), hints);
    match signal {
        4 => ended(
            "an illegal instruction (SIGILL)",
            &["code for another processor, or an `unreachable_unchecked` that was reached"],
        ),
        5 => ended("a trap (SIGTRAP)", &["a breakpoint or a compiler's check in foreign code"]),
        6 => aborted(&evidence.stderr),
        7 => ended(
            "a bus error (SIGBUS)",
            &["a memory-mapped file became shorter while it was in use, or the disk is full"],
        ),
        8 => ended("an arithmetic fault (SIGFPE)", &["an integer division by zero in foreign code; Rust's own panics"]),
        9 => killed(evidence.out_of_memory),
        11 => ended("a segmentation fault (SIGSEGV)", SEGV),
        15 => ended("another process that asked it to end (SIGTERM)", &[]),
        24 => ended("its limit of processor time (SIGXCPU)", &["see `ulimit -t`"]),
        25 => ended("its limit of file size (SIGXFSZ)", &["see `ulimit -f`"]),
        _ => ended(&format!("signal {signal}"), &[]),
    }
}

fn killed(out_of_memory: bool) -> Verdict {
    if out_of_memory {
        let machine = memory().map_or_else(String::new, |memory| format!("; {memory}"));
        let words = format!("was killed by the system for want of memory (SIGKILL){machine}");
        return Verdict::new(Cause::OutOfMemory, words, SMALLER);
    }
    Verdict::new(
        Cause::Signal(9),
        "was killed from outside (SIGKILL)",
        &["another process did it, or a limit of memory that the system does not report"],
    )
}

const SMALLER: &[&str] = &[
    "drop variables that are no longer needed (`%reset name`, `drop(x)`), read fewer columns, or work lazily (`df.lazy()`)",
];

/// SIGABRT: what std or the C library wrote before it says why.
fn aborted(stderr: &str) -> Verdict {
    let cause = Cause::Signal(6);
    if let Some(thread) = between(stderr, "thread '", "' ").filter(|_| stderr.contains("has overflowed its stack")) {
        return overflowed(thread);
    }
    if let Some(bytes) = between(stderr, "memory allocation of ", " bytes failed") {
        return Verdict::new(
            Cause::OutOfMemory,
            format!("asked for {bytes} bytes of memory at once, which the system refused"),
            SMALLER,
        );
    }
    if stderr.contains("panic in a destructor during cleanup") {
        let words = "panicked, and a destructor panicked while that panic was cleaned up (SIGABRT)";
        return Verdict::new(cause, words, &["a `Drop` must not panic: check `std::thread::panicking()` in it"]);
    }
    if stderr.contains("panic in a function that cannot unwind") {
        let words = "panicked inside an `extern \"C\"` function, which a panic cannot leave (SIGABRT)";
        return Verdict::new(cause, words, &["catch panics in callbacks from C with `std::panic::catch_unwind`"]);
    }
    Verdict::new(cause, "was ended by abort() (SIGABRT)", &["the standard error above may say who called it"])
}

fn overflowed(thread: &str) -> Verdict {
    const CELL: &[&str] =
        &["make the recursion less deep, or a loop; put large arrays on the heap: `vec![0.0; n]` for `[0.0; n]`"];
    const OTHER: &[&str] = &["give the thread a larger stack: `std::thread::Builder::new().stack_size(bytes)`"];
    match thread {
        "cell" => Verdict::new(Cause::StackOverflow, "overflowed its stack", CELL),
        _ => Verdict::new(Cause::StackOverflow, format!("overflowed the stack of its thread `{thread}`"), OTHER),
    }
}

fn lost(evidence: &Evidence) -> Verdict {
    let words = match &evidence.error {
        Some(error) => format!("broke the channel to the session ({error}), so its runtime process was ended"),
        None => "closed the channel to the session, so its runtime process was ended".to_owned(),
    };
    Verdict::new(Cause::Lost, words, &["code that closes or writes to file descriptors it did not open can do that"])
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.rsplit_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// How often the system has killed a process for want of memory since it started.
pub(super) fn oom_kills() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/vmstat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

/// The machine's memory, in words.
fn memory() -> Option<String> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix(" kB")?;
    let gib = kilobytes.parse::<f64>().ok()? / (1024.0 * 1024.0);
    Some(format!("the machine has {gib:.1} GiB"))
}
