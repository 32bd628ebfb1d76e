//! The thread that sends what waits, and what others know of it.

use super::deliver::{Deliverer, Outcome};
use super::journal::Journal;
use super::verdict::Verdict;
use crate::error::{Error, Result};
use crate::store::Store;
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The first and the longest wait after a failure.
const FIRST_WAIT: f64 = 0.1;
const LONGEST_WAIT: f64 = 30.0;
/// How often another process is asked whether it still sends.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// After so many failures of one call, while others succeed, it is set aside with the last reason.
const PATIENCE_OF_A_LANE: u32 = 50;

/// What the thread and the store share.
pub(super) struct Shared {
    pub(super) inner: Arc<dyn Store>,
    pub(super) journal: Journal,
    pub(super) files: PathBuf,
    pub(super) lock: PathBuf,
    state: Mutex<State>,
    /// Something is to be done.
    wake: Condvar,
    /// Something arrived or failed.
    changed: Condvar,
    /// The thread sleeps until it is woken.
    asleep: AtomicBool,
}

#[derive(Default)]
struct State {
    stop: bool,
    woken: bool,
    /// Waits are over: somebody asked for everything now.
    hurry: bool,
    /// What the destination last failed with, until something arrives.
    error: Option<String>,
    away: bool,
    failures: u64,
    moves: u64,
}

/// What is known of the destination.
#[derive(Clone, Debug)]
pub(super) struct Health {
    pub(super) away: bool,
    pub(super) failures: u64,
    pub(super) moves: u64,
    pub(super) error: Option<String>,
}

impl Shared {
    pub(super) fn new(inner: Arc<dyn Store>, journal: Journal, files: PathBuf, lock: PathBuf) -> Shared {
        Shared {
            inner,
            journal,
            files,
            lock,
            state: Mutex::default(),
            wake: Condvar::new(),
            changed: Condvar::new(),
            asleep: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that something waits; cheap while the thread is at work.
    pub(super) fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst) {
            self.state().woken = true;
            self.wake.notify_all();
        }
    }

    /// Ends all waits.
    pub(super) fn hurry(&self) {
        let mut state = self.state();
        state.hurry = true;
        state.woken = true;
        self.wake.notify_all();
    }

    pub(super) fn stop(&self) {
        self.state().stop = true;
        self.wake.notify_all();
    }

    pub(super) fn health(&self) -> Health {
        let state = self.state();
        Health { away: state.away, failures: state.failures, moves: state.moves, error: state.error.clone() }
    }

    /// Waits until something arrives or fails, at most so long.
    pub(super) fn wait_for_change(&self, at_most: Duration) {
        let state = self.state();
        let before = (state.moves, state.failures);
        // Another process may do the work, of which nobody tells: hence the short waits of the callers.
        let _ = self.changed.wait_timeout_while(state, at_most, |s| (s.moves, s.failures) == before);
    }

    fn moved(&self) {
        let cleared = {
            let mut state = self.state();
            state.moves += 1;
            state.away = false;
            state.error.take().is_some()
        };
        if cleared {
            // The note is for other processes; that it stays would only mislead.
            let _ = self.journal.set_note("error", None);
        }
        self.changed.notify_all();
    }

    fn failed(&self, away: bool, error: &Error) {
        let text = chain(error);
        let news = {
            let mut state = self.state();
            state.failures += 1;
            state.away |= away;
            let news = state.error.as_deref() != Some(&text);
            state.error = Some(text.clone());
            news
        };
        if news {
            let _ = self.journal.set_note("error", Some(&text));
        }
        self.changed.notify_all();
    }

    fn stopping(&self) -> bool {
        self.state().stop
    }

    /// Sleeps until woken (or, with `only_hurry`, until somebody is in a hurry), at most so long.
    fn sleep(&self, at_most: Duration, only_hurry: bool) -> bool {
        let state = self.state();
        let go_on = |s: &mut State| !s.stop && !s.hurry && (only_hurry || !s.woken);
        let (mut woken, _) =
            self.wake.wait_timeout_while(state, at_most, go_on).unwrap_or_else(PoisonError::into_inner);
        self.asleep.store(false, Ordering::SeqCst);
        woken.woken = false;
        std::mem::take(&mut woken.hurry)
    }
}

/// An error with its causes, in one line each.
fn chain(error: &Error) -> String {
    let mut text = error.to_string().lines().next().unwrap_or_default().to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}

/// Who waits until when.
#[derive(Default)]
struct Waits {
    all: Wait,
    lanes: HashMap<String, Wait>,
}

#[derive(Default)]
struct Wait {
    failures: u32,
    until: Option<Instant>,
}

impl Wait {
    fn fail(&mut self) {
        let regular = FIRST_WAIT * f64::from(1_u32 << self.failures.min(16));
        // Clients that fail together must not come back together.
        let jitter = 0.5 + rand::random::<f64>();
        self.failures = self.failures.saturating_add(1);
        self.until = Some(Instant::now() + Duration::from_secs_f64((regular * jitter).min(LONGEST_WAIT)));
    }

    fn over(&self) -> bool {
        self.until.is_none_or(|until| until <= Instant::now())
    }
}

impl Waits {
    fn ready(&self, lane: &str) -> bool {
        self.all.over() && self.lanes.get(lane).is_none_or(Wait::over)
    }

    fn next(&self) -> Duration {
        let now = Instant::now();
        let lanes = self.lanes.values().filter_map(|w| w.until);
        let soonest = lanes.chain(self.all.until).filter(|until| *until > now).min();
        soonest.map_or(Duration::from_millis(500), |until| until - now)
    }
}

/// Sends until told to stop.
pub(super) fn run(shared: &Shared) {
    let mut waits = Waits::default();
    while !shared.stopping() {
        // Said before it is looked: what comes in between wakes.
        shared.asleep.store(true, Ordering::SeqCst);
        if shared.journal.newest().is_ok_and(|id| id == 0) {
            // Another process of a project may have left something: look now and then.
            shared.sleep(Duration::from_secs(2), false);
            continue;
        }
        shared.asleep.store(false, Ordering::SeqCst);
        match try_lock(shared) {
            Ok(Some(_lock)) => {
                if let Err(error) = drain(shared, &mut waits) {
                    shared.failed(false, &error);
                    shared.sleep(Duration::from_secs(1), true);
                }
            }
            Ok(None) => drop(shared.sleep(ASK_AGAIN, true)),
            Err(error) => {
                shared.failed(false, &error);
                shared.sleep(Duration::from_secs(1), true);
            }
        }
    }
}

/// The right to send, if no other process has it. It ends with the process that holds it, however that ends.
fn try_lock(shared: &Shared) -> Result<Option<File>> {
    let open = File::options().create(true).append(true).open(&shared.lock);
    let file = open.map_err(|e| Error::io("open the lock", &shared.lock, e))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(Error::io("lock", &shared.lock, e)),
    }
}

/// Sends until nothing waits.
fn drain(shared: &Shared, waits: &mut Waits) -> Result<()> {
    let to = Deliverer { inner: &*shared.inner, journal: &shared.journal, files: &shared.files };
    while !shared.stopping() {
        let mut moved = false;
        for waiting in shared.journal.first()? {
            if waits.ready(&waiting.lane) && !shared.stopping() {
                let outcome = to.create(&waiting)?;
                moved |= note(shared, waits, &waiting.lane, outcome)?;
            }
        }
        let lanes = shared.journal.lanes()?;
        waits.lanes.retain(|lane, _| lanes.contains(lane));
        for lane in &lanes {
            if waits.ready(lane) && !shared.stopping() {
                let outcome = to.lane(lane)?;
                moved |= note(shared, waits, lane, outcome)?;
            }
        }
        shared.journal.checkpoint()?;
        if lanes.is_empty() {
            return Ok(());
        }
        if !moved && shared.sleep(waits.next().max(Duration::from_millis(20)), true) {
            *waits = Waits::default();
        }
    }
    Ok(())
}

/// Takes note of an outcome; whether something moved.
fn note(shared: &Shared, waits: &mut Waits, lane: &str, outcome: Outcome) -> Result<bool> {
    match outcome {
        Outcome::Moved => {
            waits.all = Wait::default();
            waits.lanes.remove(lane);
            shared.moved();
            Ok(true)
        }
        Outcome::Blocked => Ok(false),
        Outcome::Failed(Verdict::Away, error) => {
            waits.all.fail();
            shared.failed(true, &error);
            Ok(false)
        }
        Outcome::Failed(_, error) => {
            let wait = waits.lanes.entry(lane.to_owned()).or_default();
            wait.fail();
            if wait.failures >= PATIENCE_OF_A_LANE
                && let Some(first) = shared.journal.lane(lane, 1)?.first()
            {
                let local = (first.op.encode().0 == super::op::FIRST).then_some(lane);
                shared.journal.refuse(first.id, local, &chain(&error))?;
                waits.lanes.remove(lane);
            }
            shared.failed(false, &error);
            Ok(false)
        }
    }
}
