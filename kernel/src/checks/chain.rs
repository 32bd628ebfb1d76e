//! Cells that are checked one after another, as if they had run; what has not changed since is not checked again.

use super::{CHECKED_WITHIN, Cell, Checks, Ground, STOPPED_AFTER, hashed};
use ironbook_assist::{Followed, View};
use ironbook_session::Checker;
use std::time::Instant;

/// The cells that were checked last, as long as the session is the same.
#[derive(Default)]
pub(super) struct Chain {
    pub(super) generation: u64,
    /// The cells, by the front end's identities.
    pub(super) cells: Vec<String>,
    pub(super) links: Vec<Link>,
}

/// A checked cell: the hash of all texts up to it, the state after it, and what was found.
pub(super) struct Link {
    hash: u64,
    pub(super) after: Checker,
    pub(super) followed: Followed,
}

impl Chain {
    /// Checks the cells one after another, as far as they have changed; whether it came to the end in time.
    pub(super) fn follow(&mut self, ground: &Ground, view: &View, cells: &[&Cell], checks: &Checks) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_session::diagnostics::Severity;
    use ironbook_session::library::{Library, Paths};
    use ironbook_session::{Config, Tier};
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

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
}
