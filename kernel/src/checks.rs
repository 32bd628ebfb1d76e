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

use crate::requests::{self, Answer};
use crate::shared::Shared;
use crate::wire::Incoming;
use ironbook_assist::{Followed, View};
use ironbook_magics::CellRecord;
use ironbook_session::diagnostics::{Diagnostic, Fix, Severity};
use ironbook_session::language::Prelude;
use ironbook_session::{Checker, ExecutionId, Handle, Place};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
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

#[derive(Default)]
struct Chain {
    generation: u64,
    /// The cells, by the front end's identities.
    cells: Vec<String>,
    links: Vec<Link>,
}

/// A checked cell: the hash of all texts up to it, the state after it, and what was found.
struct Link {
    hash: u64,
    after: Checker,
    followed: Followed,
}

/// The cells that are part of the session.
#[derive(Default)]
pub struct Ran {
    /// By the front end's identity of a cell what it ran last, if that stands.
    cells: HashMap<String, Option<String>>,
    /// All texts that stand.
    texts: HashSet<String>,
    /// The executions that were undone, in short.
    undone: u64,
}

impl Ran {
    /// Of the cells that have run, oldest first, and the executions that are undone.
    pub fn new(records: &[CellRecord], undone: &BTreeSet<ExecutionId>) -> Ran {
        let mut ran = Ran { undone: hashed(undone), ..Ran::default() };
        for record in records.iter().rev() {
            let stands = record.ok && !record.executions.iter().any(|id| undone.contains(id));
            let text = stands.then(|| record.text.trim().to_owned());
            if let Some(cell) = &record.cell {
                if ran.cells.contains_key(cell) {
                    continue;
                }
                ran.cells.insert(cell.clone(), text.clone());
            }
            ran.texts.extend(text);
        }
        ran
    }

    /// Whether a cell is part of the session as it stands. One that nobody has heard of may have run under another name.
    fn holds(&self, cell: &Cell) -> bool {
        let text = cell.text.trim();
        match self.cells.get(&cell.id) {
            Some(last) => last.as_deref() == Some(text),
            None => self.texts.contains(text),
        }
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

impl Chain {
    /// Checks the cells one after another, as far as they have changed; whether it came to the end in time.
    fn follow(&mut self, ground: &Ground, view: &View, cells: &[&Cell], checks: &Checks) -> bool {
        let begun = Instant::now();
        if self.generation != ground.generation {
            self.links.clear();
            self.generation = ground.generation;
        }
        self.cells = cells.iter().map(|cell| cell.id.clone()).collect();
        let mut hash = 0;
        for (place, cell) in cells.iter().enumerate() {
            hash = chained(hash, &cell.text);
            if self.links.get(place).is_some_and(|link| link.hash == hash) {
                continue;
            }
            // As soon as one differs, those after it stand on other ground.
            self.links.truncate(place);
            if begun.elapsed() > CHECKED_WITHIN {
                return false;
            }
            let mut after = self.links.last().map_or(&ground.checker, |link| &link.after).clone();
            checks.begins(after.handle());
            let before = self.links.last().map(|link| &link.followed);
            let mut followed = Followed::new(&mut after, &cell.text, view, before);
            if !checks.ends() {
                // It would take as long the next time.
                followed = self.left_alone(ground, &mut after);
            }
            self.links.push(Link { hash, after, followed });
        }
        true
    }

    /// A cell that was stopped makes nothing for those below it.
    fn left_alone(&self, ground: &Ground, after: &mut Checker) -> Followed {
        *after = self.links.last().map_or(&ground.checker, |link| &link.after).clone();
        let words = format!("this cell takes more than {} s to check, and is left alone", STOPPED_AFTER.as_secs());
        Followed::not(after, words)
    }
}

fn chained(before: u64, text: &str) -> u64 {
    hashed(&(before, text))
}

fn hashed(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The cells of the executions that diagnostics name.
struct Page<'a> {
    cells: BTreeMap<ExecutionId, &'a Cell>,
}

impl<'a> Page<'a> {
    fn new(cells: &[&'a Cell], links: &[Link]) -> Page<'a> {
        let executions = cells
            .iter()
            .zip(links)
            .flat_map(|(cell, link)| link.followed.executions.iter().map(move |execution| (*execution, *cell)));
        Page { cells: executions.collect() }
    }

    fn told(&self, cell: &Cell, diagnostics: &[Diagnostic]) -> Vec<Value> {
        diagnostics.iter().map(|diagnostic| self.one(cell, diagnostic)).collect()
    }

    fn one(&self, cell: &Cell, diagnostic: &Diagnostic) -> Value {
        let inside = diagnostic.place.as_ref().filter(|place| self.of(place).is_some_and(|at| at.id == cell.id));
        let range = inside.map_or_else(|| first_line(&cell.text), |place| place.range.clone());
        let mut message = diagnostic.message.clone();
        if !diagnostic.label.is_empty() && !message.contains(&diagnostic.label) {
            message.push_str(&format!("\n{}", diagnostic.label));
        }
        // Where else it says something, in words: one cell is underlined at a time.
        let related = diagnostic.related.iter().map(|(_, text)| text).filter(|text| !text.is_empty());
        json!({
            "severity": severity(diagnostic.severity),
            "code": diagnostic.code,
            "message": message,
            "remarks": related.chain(&diagnostic.remarks).collect::<Vec<_>>(),
            "start": units(&cell.text, range.start),
            "end": units(&cell.text, range.end),
            "fixes": diagnostic.fixes.iter().filter_map(|fix| self.fix(fix)).collect::<Vec<_>>(),
        })
    }

    /// A fix, if all that it changes lies in cells of the request.
    fn fix(&self, fix: &Fix) -> Option<Value> {
        let edits: Option<Vec<Value>> = fix.edits.iter().map(|(place, text)| self.edit(place, text)).collect();
        Some(json!({"title": fix.title, "sure": fix.sure, "edits": edits?}))
    }

    fn edit(&self, place: &Place, text: &str) -> Option<Value> {
        let cell = self.of(place)?;
        let (start, end) = (units(&cell.text, place.range.start), units(&cell.text, place.range.end));
        Some(json!({"cell": cell.id, "start": start, "end": end, "text": text}))
    }

    fn of(&self, place: &Place) -> Option<&'a Cell> {
        self.cells.get(&place.execution).copied()
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "hint",
    }
}

/// The first line with anything on it.
fn first_line(text: &str) -> std::ops::Range<usize> {
    let start = text.len() - text.trim_start().len();
    start..text[start..].find('\n').map_or(text.len(), |length| start + length)
}

/// The UTF-16 code units before a byte.
fn units(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < byte).map(|(_, c)| c.len_utf16()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_session::library::{Library, Paths};
    use ironbook_session::{Config, Tier};
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn places_are_utf16_and_a_page_without_place_is_its_first_line() {
        assert_eq!([0, 1, 5, 6].map(|byte| units("a🦀b", byte)), [0, 1, 3, 4]);
        assert_eq!(first_line("\n  let a;\nb"), 3..9);
        assert_eq!(first_line(" "), 1..1);
    }

    #[test]
    fn only_what_a_cell_ran_last_and_still_stands_counts_as_run() {
        let record = |cell: Option<&str>, text: &str, id, ok| CellRecord {
            text: text.to_owned(),
            ok,
            executions: vec![id],
            cell: cell.map(str::to_owned),
            ..CellRecord::default()
        };
        let records = [
            record(Some("a"), "let a = 1;", 1, true),
            record(Some("b"), "let b = 1;", 2, true),
            record(None, "let c = 1;", 3, true),
            record(Some("a"), "let a = 2;", 4, true),
            record(Some("d"), "let d = 1;", 5, false),
        ];
        let holds = |ran: &Ran, id: &str, text: &str| ran.holds(&Cell { id: id.to_owned(), text: text.to_owned() });
        let ran = Ran::new(&records, &BTreeSet::new());
        assert!(holds(&ran, "a", " let a = 2;\n") && holds(&ran, "b", "let b = 1;"));
        assert!(!holds(&ran, "a", "let a = 1;"), "it has run something else since");
        assert!(!holds(&ran, "new", "let a = 1;"));
        assert!(holds(&ran, "new", "let b = 1;") && holds(&ran, "c", "let c = 1;"), "under another name");
        assert!(!holds(&ran, "d", "let d = 1;"), "it failed");
        let after = Ran::new(&records, &BTreeSet::from([1, 2, 3]));
        assert!(!holds(&after, "b", "let b = 1;") && !holds(&after, "c", "let c = 1;"));
        assert!(holds(&after, "a", "let a = 2;"));
        assert_ne!(ran.undone, after.undone);
    }

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

    /// It would be begun again with each question, and take a minute of a processor each time.
    #[test]
    fn a_cell_that_takes_too_long_is_left_alone() {
        let (folder, paths) = (tempfile::tempdir().unwrap(), Paths::from_env());
        let library = Library::locate(&paths);
        let library = library.or_else(|_| Library::build(&paths, &mut |_| ControlFlow::Continue(()))).unwrap();
        let config = Config { library, cache: paths.cells(), directory: folder.path().to_owned(), tier: Tier::Auto };
        let ground = Ground { generation: 1, checker: Checker::new(config).unwrap() };
        let cell = |id: &str, text: &str| Cell { id: id.to_owned(), text: text.to_owned() };
        let slow = "#[allow(long_running_const_eval)]\nconst SLOW: u64 = { let mut i = 0; while i < 90_000_000_000 { i += 1; } i };\nlet s = SLOW;";
        let (slow, below) = (cell("a", slow), cell("b", "let n: i32 = \"text\";"));
        let (checks, mut chain) = (Checks::default(), Chain::default());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let long_ago = Instant::now().checked_sub(2 * STOPPED_AFTER).unwrap();
                let mut is_stopped = false;
                while !done.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(10));
                    match &mut *checks.at_work() {
                        // As if a minute had gone by.
                        Some(work) if work.begun.elapsed() > Duration::from_secs(1) => work.begun = long_ago,
                        _ if is_stopped => return,
                        _ => continue,
                    }
                    is_stopped = true;
                    checks.stop_overdue();
                }
            });
            let told = |chain: &mut Chain| {
                let ended = chain.follow(&ground, &View::default(), &[&slow, &below], &checks);
                let of =
                    |link: &Link| link.followed.diagnostics.first().map(|found| (found.severity, found.code.clone()));
                (ended, chain.links.iter().map(of).collect::<Vec<_>>())
            };
            let wanted = [Some((Severity::Hint, None)), Some((Severity::Error, Some("E0308".to_owned())))];
            assert_eq!(told(&mut chain), (true, wanted.to_vec()));
            let begun = Instant::now();
            assert_eq!(told(&mut chain), (true, wanted.to_vec()));
            assert!(begun.elapsed() < Duration::from_secs(1), "it was not begun again");
            done.store(true, Ordering::SeqCst);
        });
    }

    #[test]
    fn a_fix_that_lies_elsewhere_is_not_offered() {
        let cell = Cell { id: "a".to_owned(), text: "é x".to_owned() };
        let page = Page { cells: BTreeMap::from([(7, &cell)]) };
        let fix = |execution| Fix {
            title: "try".to_owned(),
            edits: vec![(Place { execution, range: 3..4 }, "y".to_owned())],
            sure: true,
        };
        assert_eq!(page.fix(&fix(7)).unwrap()["edits"], json!([{"cell": "a", "start": 2, "end": 3, "text": "y"}]));
        assert_eq!(page.fix(&fix(8)), None);
    }
}
