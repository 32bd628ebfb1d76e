//! The session's runtime: started in the background, lent for a request, and started again when it died.

use super::{Session, Variable};
use crate::event::{Event, Failure, FailureKind};
use crate::library::extra::DYLIB_CRATE;
use crate::process::{self, Died, ProcessError, Runtime, Spawn};
use ironbook_core::frame::{Reply, Request};
use std::collections::BTreeSet;
use std::thread::JoinHandle;

pub(super) enum Slot {
    None,
    Starting(JoinHandle<Result<Runtime, ProcessError>>),
    Ready(Box<Runtime>),
}

impl Session {
    /// Starts a runtime in the background.
    pub(crate) fn launch(&mut self) {
        let mut library_path = self.config.library.library_path();
        let dylibs = self.compiler.extras.externs.iter().filter(|(name, _)| name == DYLIB_CRATE);
        library_path.extend(dylibs.filter_map(|(_, path)| Some(path.parent()?.to_owned())));
        let rustc = self.config.library.rustc_version.lines().next().map(str::to_owned);
        let spec = Spawn {
            program: self.config.library.runtime.clone(),
            library_path,
            directory: self.config.directory.clone(),
            // Libraries that capture a backtrace for each error would do so in every `?` of a cell.
            env: [("RUST_BACKTRACE".to_owned(), None), ("IRONBOOK_RUSTC".to_owned(), rustc)]
                .into_iter()
                .chain(self.env.iter().map(|(n, v)| (n.clone(), v.clone())))
                .collect(),
        };
        self.handle.set(None);
        self.items.runtime_restarted();
        self.slot = Slot::Starting(std::thread::spawn(move || Runtime::spawn(&spec)));
    }

    /// The runtime, once it is up.
    pub(crate) fn runtime(&mut self) -> Result<&mut Runtime, Failure> {
        if let Slot::None = self.slot {
            self.launch();
        }
        if let Slot::Starting(_) = self.slot {
            let Slot::Starting(thread) = std::mem::replace(&mut self.slot, Slot::None) else { return self.runtime() };
            let started =
                thread.join().unwrap_or_else(|_| Err(ProcessError::Io(std::io::Error::other("a thread panicked"))));
            let runtime =
                started.map_err(|error| Failure::new(FailureKind::Environment, "runtime", error.to_string()))?;
            self.handle.set(Some(runtime.handle()));
            self.slot = Slot::Ready(Box::new(runtime));
            self.begin_keeping();
        }
        match &mut self.slot {
            Slot::Ready(runtime) => Ok(runtime),
            _ => Err(Failure::new(FailureKind::Environment, "runtime", "the runtime process is not running")),
        }
    }

    /// Takes the runtime for one request, while the session itself is read.
    pub(crate) fn lend_runtime(&mut self) -> Result<Box<Runtime>, Failure> {
        self.runtime()?;
        match std::mem::replace(&mut self.slot, Slot::None) {
            Slot::Ready(runtime) => Ok(runtime),
            _ => Err(Failure::new(FailureKind::Environment, "runtime", "the runtime process is not running")),
        }
    }

    /// Gives it back.
    pub(crate) fn return_runtime(&mut self, runtime: Box<Runtime>) {
        self.slot = Slot::Ready(runtime);
    }

    /// After the runtime died: its variables are gone, a new one is started; what was lost is named.
    pub(crate) fn bury(&mut self, died: &Died, out: &mut dyn FnMut(Event)) -> Failure {
        if self.durable.is_some() {
            self.probe = None;
            self.launch();
            let restored = self.restore_values(out);
            self.tell_restored(&restored, out);
            self.write_lost(&restored.lost, out);
            return died_failure(died);
        }
        let lost = self.take_variables();
        self.launch();
        if !lost.is_empty() {
            let list: Vec<String> =
                lost.iter().map(|v| format!("`{}` (cell {})", v.name, self.shown(v.cell))).collect();
            let cells: BTreeSet<u64> = lost.iter().map(|v| self.shown(v.cell)).collect();
            let cells: Vec<String> = cells.iter().map(u64::to_string).collect();
            out(Event::Note(format!(
                "variables lost with the runtime: {}; run cell {} again to make them anew",
                list.join(", "),
                cells.join(", ")
            )));
        }
        died_failure(died)
    }

    /// Whether the runtime is up.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.slot, Slot::Ready(_))
    }

    /// Ends the runtime.
    pub(crate) fn end_runtime(&mut self) {
        self.probe = None;
        self.slot = Slot::None;
    }

    /// Process id of the runtime, when it is up.
    pub fn runtime_pid(&mut self) -> Option<u32> {
        self.runtime().ok().map(|runtime| runtime.pid())
    }

    /// Ends the runtime and starts a new one; the variables that this ends are returned. Items and history stay.
    pub fn restart(&mut self) -> Vec<Variable> {
        let lost = self.take_variables();
        self.slot = Slot::None;
        self.write_changes(&mut |_| {});
        self.launch();
        lost
    }

    /// Takes, without waiting, what threads that outlived their cell have emitted; a runtime that died is told of by
    /// the next execution.
    pub fn listen(&mut self, out: &mut dyn FnMut(Event)) {
        drop(self.died_between(out));
    }

    /// Does the same, and says how the runtime ended if it has.
    pub(crate) fn died_between(&mut self, out: &mut dyn FnMut(Event)) -> Option<Died> {
        match &mut self.slot {
            Slot::Ready(runtime) => runtime.poll_idle(out).err(),
            _ => None,
        }
    }

    pub(crate) fn acknowledged(&mut self, request: &Request) -> Result<(), Failure> {
        let reply = self.runtime()?.call(request);
        match reply {
            Ok(Reply::Ack(None)) => Ok(()),
            Ok(Reply::Ack(Some(words))) => Err(Failure::new(FailureKind::Environment, "runtime", words)),
            Ok(_) => Err(Failure::new(
                FailureKind::Environment,
                "runtime",
                "the runtime gave another answer than was asked for",
            )),
            Err(died) => Err(self.bury(&died, &mut |_| {})),
        }
    }
}

/// The failure that a death of the runtime is.
fn died_failure(died: &Died) -> Failure {
    let kind = match died.cause {
        process::Cause::Interrupted => FailureKind::Interrupted,
        _ => FailureKind::Died,
    };
    let failure = Failure::new(kind, "runtime died", died.words.clone());
    died.hints.iter().fold(failure, |failure, hint| failure.hint(hint.clone()))
}
