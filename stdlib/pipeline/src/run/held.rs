//! What a process that performs several stages keeps in memory: values for the stages after, and the thread that writes
//! them meanwhile.

use super::cache::{Cache, Made};
use super::task::{Failed, FailedKind, Finished, Outcome};
use ironbook_core::keep::{Detached, Keeper};
use rustix::process::setpriority_process;
use rustix::thread::gettid;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a worker says of a stage.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) stage: String,
    pub(crate) said: Said,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    /// Its function has returned. Outputs without a digest are in memory, and being written.
    Returned(Finished),
    /// It has ended, and all that it made is written.
    Ended(Outcome),
}

/// Where a worker says it. Clones are the same.
#[derive(Clone)]
pub(crate) struct Replies(Arc<Mutex<File>>);

impl Replies {
    pub(crate) fn new(to: File) -> Replies {
        Replies(Arc::new(Mutex::new(to)))
    }

    pub(crate) fn send(&self, stage: &str, said: Said) {
        let reply = Reply { stage: stage.to_owned(), said };
        let line = serde_json::to_string(&reply).map(|text| text + "\n").unwrap_or_default();
        // Who does not listen any more has ended, and this process with it.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }
}

/// How long a stage has to run before values are written beside it: what is short uses all cores, and would have to share them.
const SHORT: Duration = Duration::from_millis(100);
/// How long there has to be no stage: the next one usually follows at once.
const GAP: Duration = Duration::from_millis(20);
/// How long a value waits at most.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// Whether a stage is running, and since when that is so. Clones are the same.
#[derive(Clone)]
struct Busy(Arc<(Mutex<(bool, Instant)>, Condvar)>);

impl Busy {
    fn new() -> Busy {
        Busy(Arc::new((Mutex::new((false, Instant::now())), Condvar::new())))
    }

    fn set(&self, is_busy: bool) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = (is_busy, Instant::now());
        self.0.1.notify_all();
    }

    /// Waits until no stage runs, or one that is not short, or a value that was left at `left` has waited long enough.
    fn wait(&self, left: Instant) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let long = if state.0 { SHORT } else { GAP };
            let rest = long.saturating_sub(state.1.elapsed()).min(LONGEST_WAIT.saturating_sub(left.elapsed()));
            if rest.is_zero() {
                return;
            }
            state = self.0.1.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A value to be written.
pub(crate) struct Later {
    pub(crate) stage: String,
    pub(crate) name: String,
    pub(crate) write: Detached,
    pub(crate) cache: Cache,
    pub(crate) work: PathBuf,
    /// What is to be said if it cannot be written.
    pub(crate) refuse: Box<dyn FnOnce(&io::Error) -> Failed + Send>,
}

enum Job {
    Write(Later, Instant),
    /// All values of a stage were handed over.
    Done(String, Finished),
    /// They are of no use.
    Drop(String),
}

/// A value, and how it is copied.
type Value = (Keeper, Box<dyn Any>);
/// The name, digest and length of a value that was written, or why it was not.
type Written = Result<(String, String, u64), Failed>;

/// Values in memory. Stages take and leave them on one thread.
pub(crate) struct Held {
    values: RefCell<HashMap<(String, String), Value>>,
    writer: Sender<Job>,
    busy: Busy,
}

impl Held {
    /// Starts the thread that writes.
    pub(crate) fn start(replies: Replies) -> io::Result<Held> {
        let (writer, jobs) = channel();
        let busy = Busy::new();
        let own = busy.clone();
        std::thread::Builder::new().name("values".to_owned()).spawn(move || write_all(&jobs, &replies, &own))?;
        Ok(Held { values: RefCell::default(), writer, busy })
    }

    /// Does the work of a stage.
    pub(crate) fn while_busy<T>(&self, work: impl FnOnce() -> T) -> T {
        self.busy.set(true);
        let done = work();
        self.busy.set(false);
        done
    }

    /// Keeps a value, and has it written.
    pub(crate) fn put(&self, keeper: Keeper, value: Box<dyn Any>, later: Later) {
        self.values.borrow_mut().insert((later.stage.clone(), later.name.clone()), (keeper, value));
        self.tell(Job::Write(later, Instant::now()));
    }

    /// A copy of what a stage has made, if it is here.
    pub(crate) fn get(&self, stage: &str, name: &str) -> Option<Box<dyn Any>> {
        let values = self.values.borrow();
        let (keeper, value) = values.get(&(stage.to_owned(), name.to_owned()))?;
        keeper.share(&**value)
    }

    /// Lets values go that nobody takes any more.
    pub(crate) fn forget(&self, values: &[(String, String)]) {
        values.iter().for_each(|value| drop(self.values.borrow_mut().remove(value)));
    }

    /// The stage has returned; the writer says when its values are written.
    pub(crate) fn done(&self, stage: &str, finished: Finished) {
        self.tell(Job::Done(stage.to_owned(), finished));
    }

    /// The stage has failed.
    pub(crate) fn drop_all_of(&self, stage: &str) {
        self.values.borrow_mut().retain(|(of, _), _| of != stage);
        self.tell(Job::Drop(stage.to_owned()));
    }

    fn tell(&self, job: Job) {
        // It ends with this value only.
        let _ = self.writer.send(job);
    }
}

/// How much the writing thread gives way to stages: it takes the time that they leave, and a tenth where they leave none.
const NICE: i32 = 10;

fn write_all(jobs: &Receiver<Job>, replies: &Replies, busy: &Busy) {
    // Where that is not allowed, it only competes with them.
    let _ = setpriority_process(Some(gettid()), NICE);
    let mut written: HashMap<String, Vec<Written>> = HashMap::new();
    for job in jobs {
        match job {
            Job::Write(later, left) => {
                busy.wait(left);
                let (stage, made) = write(later);
                written.entry(stage).or_default().push(made);
            }
            Job::Done(stage, finished) => {
                let outcome = filled(finished, written.remove(&stage).unwrap_or_default());
                replies.send(&stage, Said::Ended(outcome));
            }
            Job::Drop(stage) => drop(written.remove(&stage)),
        }
    }
}

fn write(later: Later) -> (String, Written) {
    let Later { stage, name, write, cache, work, refuse } = later;
    let written = catch_unwind(AssertUnwindSafe(|| cache.write(&work, |to| write(to))));
    let written = written.unwrap_or_else(|_| Err(io::Error::other("writing it panicked")));
    (stage, written.map(|(digest, bytes)| (name, digest, bytes)).map_err(|error| refuse(&error)))
}

/// With the digests of what was written.
fn filled(mut finished: Finished, written: Vec<Written>) -> Outcome {
    for written in written {
        let (name, digest, bytes) = match written {
            Ok(written) => written,
            Err(failed) => return Outcome::Failed(failed),
        };
        if let Some(made) = finished.outputs.iter_mut().find(|made| made.name == name) {
            *made = Made { digest, bytes, ..made.clone() };
        }
    }
    match finished.outputs.iter().find(|made| made.digest.is_empty()) {
        Some(made) => {
            let text = format!("the value `{}` was not written", made.name);
            Outcome::Failed(Failed::new(FailedKind::Value, text))
        }
        None => Outcome::Done(finished),
    }
}
