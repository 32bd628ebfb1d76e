//! What all requests share.

use super::body::Limits;
use super::guard::Guard;
use super::held::Held;
use super::queue::Queue;
use crate::log::RequestLog;
use crate::metrics::Metrics;
use crate::served::Slot;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What all requests share.
pub(crate) struct State {
    pub(crate) slot: Slot,
    pub(crate) queue: Arc<Queue>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) log: Option<RequestLog>,
    pub(crate) guard: Guard,
    pub(crate) held: Arc<Held>,
    pub(crate) limits: Limits,
    /// How long a head may take to come, and a connection be silent.
    pub(crate) silence: Duration,
    /// How long a request may take, once its body is there.
    pub(crate) deadline: Duration,
    pub(crate) stopping: AtomicBool,
    pub(crate) ids: Ids,
    /// Told what went wrong inside, for whoever runs the server.
    pub(crate) report: Box<dyn Fn(&str) + Send + Sync>,
    /// When answers with status 500 are told of.
    pub(crate) failures: Seldom,
}

pub(crate) type Shared = Arc<State>;

/// Pause between two words on the same matter.
const PAUSE: Duration = Duration::from_secs(60);

/// What is said once a minute at most, however often it happens: words go to a file or a terminal.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<(Option<Instant>, u64)>);

impl Seldom {
    /// Whether it is to be said now, and how often it was not since the last time.
    pub(crate) fn due(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, silent) = &mut *state;
        if last.is_some_and(|last| last.elapsed() < PAUSE) {
            *silent += 1;
            return None;
        }
        *last = Some(Instant::now());
        Some(std::mem::take(silent))
    }
}

/// Ids of requests: a number of this server, drawn at its start, and one that counts.
#[derive(Debug)]
pub(crate) struct Ids {
    prefix: String,
    next: AtomicU64,
}

impl Ids {
    pub(crate) fn new() -> Ids {
        // The seed of a hash map is drawn by the system.
        let drawn = RandomState::new().hash_one(std::process::id());
        Ids { prefix: format!("{drawn:016x}"), next: AtomicU64::new(0) }
    }

    pub(crate) fn next(&self) -> String {
        format!("{}-{:x}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
