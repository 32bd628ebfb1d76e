//! A process that performs one stage after another, from outside. Values stay in its memory for the stages that follow, and
//! are written meanwhile: a stage has ended when its values are on the disk, but the next one begins when it has returned.

use super::child::{self, Ended};
use super::held::{Reply, Said};
use super::stop::Stop;
use super::task::{Failed, FailedKind, Finished, Outcome, Task};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The hidden subcommand that it is started with.
pub(crate) const COMMAND: &str = "__worker";

/// A stage that a worker is to perform.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) task: Task,
    /// Where the stage prints to.
    pub(crate) log: PathBuf,
    /// Values, each with its stage, that nobody takes any more.
    pub(crate) forget: Vec<(String, String)>,
}

/// Between looks whether the run is to stop.
const NAP: Duration = Duration::from_millis(20);

/// The process.
pub(crate) struct Worker {
    group: Option<Pid>,
    pipe: Mutex<Option<ChildStdin>>,
    /// Stages whose end is waited for; none once the process is gone.
    waiting: Mutex<Option<HashMap<String, Waiting>>>,
    is_stopping: AtomicBool,
}

struct Waiting {
    tell: Sender<Heard>,
    has_returned: bool,
}

enum Heard {
    Said(Said),
    /// The process has ended; whether it did so while another stage ran.
    Gone(io::Result<ExitStatus>, bool),
}

impl Worker {
    /// Starts it; until its first stage begins, it prints to `log`.
    pub(crate) fn start(threads: usize, log: &Path) -> io::Result<Arc<Worker>> {
        let mut command = child::command(COMMAND, threads)?;
        let log = std::fs::File::options().append(true).create(true).open(log)?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let replies = child.stdout.take();
        let worker = Arc::new(Worker {
            group,
            pipe: Mutex::new(child.stdin.take()),
            waiting: Mutex::new(Some(HashMap::new())),
            is_stopping: AtomicBool::new(false),
        });
        let own = Arc::clone(&worker);
        std::thread::Builder::new().name("worker".to_owned()).spawn(move || own.listen(child, replies))?;
        Ok(worker)
    }

    fn waiting(&self) -> MutexGuard<'_, Option<HashMap<String, Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, signal: Signal) {
        // A group that is gone needs none.
        let _ = self.group.map(|group| kill_process_group(group, signal));
    }

    /// Passes on what it says, until it ends.
    fn listen(&self, mut child: Child, replies: Option<ChildStdout>) {
        for line in replies.into_iter().flat_map(|replies| BufReader::new(replies).lines()) {
            let reply = line.and_then(|line| Ok(serde_json::from_str::<Reply>(&line)?));
            let Ok(Reply { stage, said }) = reply else { break };
            let mut waiting = self.waiting();
            let Some(all) = waiting.as_mut() else { break };
            let has_ended = matches!(said, Said::Ended(_));
            let Some(of) = all.get_mut(&stage) else { continue };
            of.has_returned = true;
            // Whoever waits has the other end.
            let _ = of.tell.send(Heard::Said(said));
            if has_ended {
                all.remove(&stage);
            }
        }
        // What cannot say anything any more, and what it has started and left behind.
        self.signal(Signal::KILL);
        let status = child.wait();
        let left = self.waiting().take().unwrap_or_default();
        let was_running = left.values().any(|of| !of.has_returned);
        for of in left.into_values() {
            let status = status.as_ref().map(|status| *status).map_err(|error| error.kind().into());
            let _ = of.tell.send(Heard::Gone(status, was_running && of.has_returned));
        }
    }

    /// Has it perform a stage: `returned` is told when it can begin another one, `tell` the last line of the log.
    pub(crate) fn perform(
        &self,
        order: &Order,
        stop: &Stop,
        tell: &dyn Fn(&str),
        returned: &mut dyn FnMut(Finished),
    ) -> Ended {
        let (sender, heard) = channel();
        let stage = order.task.stage.clone();
        match self.waiting().as_mut() {
            Some(waiting) => waiting.insert(stage, Waiting { tell: sender, has_returned: false }),
            None => return Ended::Lost,
        };
        self.send(order);
        let mut looked = Instant::now();
        loop {
            match heard.recv_timeout(NAP) {
                Ok(Heard::Said(Said::Returned(finished))) => returned(finished),
                Ok(Heard::Said(Said::Ended(outcome))) => return Ended::With(outcome),
                Ok(Heard::Gone(..)) | Err(RecvTimeoutError::Disconnected) if stop.is_asked() => return Ended::Stopped,
                Ok(Heard::Gone(_, true)) | Err(RecvTimeoutError::Disconnected) => return Ended::Lost,
                Ok(Heard::Gone(Ok(status), false)) => {
                    return Ended::With(Outcome::Failed(child::died(&order.task, status, &order.log)));
                }
                Ok(Heard::Gone(Err(error), false)) => {
                    let failed = Failed::new(FailedKind::Died, format!("its process is lost: {error}"));
                    return Ended::With(Outcome::Failed(failed));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if stop.is_asked() {
                self.stop(stop);
            }
            if looked.elapsed() > child::LOOK {
                looked = Instant::now();
                child::last_lines(&order.log, 1).iter().for_each(|line| tell(line));
            }
        }
    }

    fn send(&self, order: &Order) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pipe) = pipe.as_mut() else { return };
        // A process that is gone is noticed where its answers are read.
        let _ = serde_json::to_string(order).map_err(io::Error::from).and_then(|text| writeln!(pipe, "{text}"));
    }

    /// Ends it: at once what runs, after a moment what is being written.
    fn stop(&self, stop: &Stop) {
        if self.is_stopping.swap(true, Ordering::AcqRel) {
            return;
        }
        let asked = Instant::now();
        let wait = |for_what: &dyn Fn(&Worker) -> bool| {
            while for_what(self) && asked.elapsed() < child::GRACE && !stop.is_insisted() {
                std::thread::sleep(NAP);
            }
        };
        wait(&|own| own.waiting().as_ref().is_some_and(|all| all.values().any(|of| of.has_returned)));
        self.signal(Signal::TERM);
        wait(&|own| own.waiting().is_some());
        self.signal(Signal::KILL);
    }

    /// Ends it, when all its stages have ended.
    pub(crate) fn end(&self) {
        drop(self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.signal(Signal::KILL);
    }
}
