//! Checks of cells that were not run as they stand: what front ends underline while a cell is typed.
//!
//! A request of our own, `ironbook_check_request` on the shell channel, that is answered also while a cell runs. It names
//! the page's cells in their order and those whose mistakes are wanted:
//! `{"cells": [{"id", "text"}], "wanted": [id]}`. Cells that ran to their end with this very text, last of all, and have not
//! been undone since are part of the session; all others are taken for run one after another, so that what they define is
//! known below them. The reply has `{"ran": [id], "cells": [{"id", "diagnostics": [...]}]}`; `ran` names the first kind,
//! which need not be sent again. `session` changes with the kernel's process, and when what cells had made is gone. Before
//! there is a session, `starting` is true and nothing is checked. A cell that takes a minute is ended, with a hint for what is
//! said of it.
//! Places are UTF-16 code units of the cell's text. No `status` is published: nothing runs.

mod chain;
mod page;
mod ran;

pub use ran::Ran;

use crate::requests::{self, Answer};
use crate::shared::Shared;
use crate::wire::Incoming;
use chain::Chain;
use ironbook_assist::View;
use ironbook_session::language::Prelude;
use ironbook_session::{Checker, Handle};
use page::Page;
use serde::Deserialize;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// The request.
pub const REQUEST: &str = "ironbook_check_request";

/// How long a request may take; no further cell is begun for it then.
pub const CHECKED_WITHIN: Duration = Duration::from_secs(30);
/// How long a completion waits for a check.
const LEFT_WITHIN: Duration = Duration::from_millis(150);
/// How long a request waits for the one before it.
const TURN_WITHIN: Duration = Duration::from_secs(2);
/// A single cell that takes longer is given up for the next request.
const STOPPED_AFTER: Duration = Duration::from_secs(60);

/// The session at one moment, to check cells in.
pub struct Ground {
    /// Counts the moments.
    pub generation: u64,
    /// The session without its runtime.
    pub checker: Checker,
}

/// What cells that have not run would leave.
pub struct Left {
    /// For what is known at once.
    pub view: Arc<View>,
    /// For the language service.
    pub prelude: Arc<Prelude>,
}

/// What was checked last, so that only what has changed is checked again.
pub struct Checks {
    session: String,
    chain: Mutex<Chain>,
    at_work: Mutex<Option<AtWork>>,
}

/// The cell that is being checked.
struct AtWork {
    handle: Handle,
    begun: Instant,
    stopped: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Checks { session: uuid::Uuid::new_v4().to_string(), chain: Mutex::default(), at_work: Mutex::default() }
    }
}

impl Checks {
    /// What was checked last, for one request at a time; none where the one before is still at it.
    fn turn(&self) -> Option<MutexGuard<'_, Chain>> {
        let turn = self.chain_within(TURN_WITHIN);
        if turn.is_none() {
            self.stop_overdue();
        }
        turn
    }

    /// What was checked last, also after a check that panicked; none where one is still at it by then.
    fn chain_within(&self, time: Duration) -> Option<MutexGuard<'_, Chain>> {
        let asked = Instant::now();
        loop {
            match self.chain.try_lock() {
                Ok(chain) => return Some(chain),
                Err(TryLockError::Poisoned(chain)) => return Some(chain.into_inner()),
                Err(TryLockError::WouldBlock) if asked.elapsed() > time => return None,
                // A lock cannot be waited for with an end.
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// What cells that have not run would leave to one below them, by the check that was last; `above` are all cells above
    /// it. None where no check was since the session has changed, and where it takes long.
    pub fn left_by(&self, above: &[String], generation: u64, view: &View) -> Option<Left> {
        let chain = self.chain_within(LEFT_WITHIN)?;
        let last = chain.cells.iter().zip(&chain.links).rfind(|(cell, _)| above.contains(cell));
        let (_, link) = last.filter(|_| chain.generation == generation)?;
        let variables = link.followed.with_columns(link.after.variables());
        let view = View { variables, items: link.after.items(), ..view.clone() };
        Some(Left { view: Arc::new(view), prelude: Arc::new(link.after.prelude()) })
    }

    fn stop_overdue(&self) {
        if let Some(work) = &mut *self.at_work()
            && work.begun.elapsed() > STOPPED_AFTER
        {
            work.stopped = true;
            work.handle.interrupt();
        }
    }

    fn begins(&self, handle: Handle) {
        *self.at_work() = Some(AtWork { handle, begun: Instant::now(), stopped: false });
    }

    /// The cell was checked, or stopped: whether it was checked.
    fn ends(&self) -> bool {
        self.at_work().take().is_some_and(|work| !work.stopped)
    }

    fn at_work(&self) -> MutexGuard<'_, Option<AtWork>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct Asked {
    cells: Vec<Cell>,
    wanted: Vec<String>,
}

#[derive(Deserialize)]
struct Cell {
    id: String,
    text: String,
}

/// Answers a request.
pub fn check(shared: &Shared, request: &Incoming) -> Answer {
    let asked: Asked = request.content(json!({"wanted": []}))?;
    let done = shared.ran();
    let session = format!("{}-{:x}", shared.checks.session, done.undone);
    let (ran, pending): (Vec<&Cell>, Vec<&Cell>) = asked.cells.iter().partition(|cell| done.holds(cell));
    // What stands below the last cell that is asked for changes nothing for it.
    let last = pending.iter().rposition(|cell| asked.wanted.contains(&cell.id));
    let pending = &pending[..last.map_or(0, |last| last + 1)];
    let ran: Vec<&str> = ran.iter().map(|cell| cell.id.as_str()).collect();
    let Some(ground) = shared.ground() else {
        return Ok(json!({"status": "ok", "session": session, "starting": true, "ran": [], "cells": []}));
    };
    let view = shared.view();
    let late = || requests::error("Timeout", "the cells above take long to check; what is known of them is kept");
    let Some(mut chain) = shared.checks.turn() else { return Ok(late()) };
    if !chain.follow(&ground, &view, pending, &shared.checks) {
        return Ok(late());
    }
    let page = Page::new(pending, &chain.links);
    let mut cells: Vec<Value> = pending
        .iter()
        .zip(&chain.links)
        .filter(|(cell, _)| asked.wanted.contains(&cell.id))
        .map(|(cell, link)| json!({"id": cell.id, "diagnostics": page.told(cell, &link.followed.diagnostics)}))
        .collect();
    let clear = ran.iter().filter(|id| asked.wanted.iter().any(|wanted| wanted == *id));
    cells.extend(clear.map(|id| json!({"id": id, "diagnostics": []})));
    Ok(json!({"status": "ok", "session": session, "starting": false, "ran": ran, "cells": cells}))
}

fn hashed(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_does_not_queue_behind_one_that_is_at_it_and_ends_one_that_is_overdue() {
        let checks = Checks::default();
        let held = checks.turn().unwrap();
        checks.begins(Handle::default());
        std::thread::scope(|scope| assert!(scope.spawn(|| checks.turn().is_none()).join().unwrap()));
        assert!(checks.ends(), "it has its time");
        checks.begins(Handle::default());
        let long_ago = Instant::now().checked_sub(2 * STOPPED_AFTER).unwrap();
        checks.at_work().as_mut().unwrap().begun = long_ago;
        std::thread::scope(|scope| assert!(scope.spawn(|| checks.turn().is_none()).join().unwrap()));
        assert!(!checks.ends());
        drop(held);
        assert!(checks.turn().is_some());
    }

    #[test]
    fn a_check_that_panicked_holds_up_no_completion() {
        let checks = Checks::default();
        let panicked = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _held = checks.turn();
                    panic!("a check");
                })
                .join()
        });
        assert!(panicked.is_err());
        let (asked, above) = (Instant::now(), ["a".to_owned()]);
        assert!(checks.left_by(&above, 0, &View::default()).is_none(), "nothing was checked");
        assert!(asked.elapsed() < LEFT_WITHIN, "it waited for a lock that is free");
    }
}
