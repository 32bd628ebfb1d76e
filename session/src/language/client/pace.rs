//! How fast completions are answered, and how long it is worth to wait for the next one.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// After so many late ones in a row it is waited less.
const LATE: usize = 2;
/// The part of its patience that who asks then waits.
const PART: u32 = 4;

/// The pace of one process.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Completions without an answer: when they were asked for, and the patience of who asked.
    open: HashMap<u64, (Instant, Duration)>,
    /// Answers in a row that came later than somebody waited.
    late: usize,
}

impl Pace {
    /// A completion was asked for.
    pub(super) fn asked(&mut self, id: u64, patience: Duration) {
        self.open.insert(id, (Instant::now(), patience));
    }

    /// There is an answer.
    pub(super) fn answered(&mut self, id: u64) {
        if let Some((when, patience)) = self.open.remove(&id) {
            self.late = if when.elapsed() > patience { self.late + 1 } else { 0 };
        }
    }

    /// How long the next one is waited for: a quarter of the patience while answers come late, or not at all. One in time
    /// ends that, also when nobody waited for it any more.
    pub(super) fn wait(&self, patience: Duration) -> Duration {
        let overdue = self.open.values().filter(|(when, patience)| when.elapsed() > *patience).count();
        if self.late + overdue >= LATE { patience / PART } else { patience }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(2);
    const LONG: Duration = Duration::from_secs(100);

    #[test]
    fn late_answers_shorten_the_wait_until_one_is_in_time() {
        let mut pace = Pace::default();
        for id in [1, 2] {
            assert_eq!(pace.wait(LONG), LONG);
            pace.asked(id, MOMENT);
            std::thread::sleep(2 * MOMENT);
        }
        assert_eq!(pace.wait(LONG), LONG / 4, "two without an answer");
        pace.answered(1);
        pace.answered(2);
        assert_eq!(pace.wait(LONG), LONG / 4, "two late answers");
        pace.asked(3, LONG);
        assert_eq!(pace.wait(LONG), LONG / 4);
        pace.answered(3);
        assert_eq!(pace.wait(LONG), LONG);
        pace.answered(9);
        assert_eq!(pace.wait(LONG), LONG);
    }
}
