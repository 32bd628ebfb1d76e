//! What a copy did, and what it left out.

use ironbook_store::Added;
use std::cell::RefCell;
use std::fmt;

/// Kinds of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Experiments.
    Experiment,
    /// Runs.
    Run,
    /// Points of metrics.
    Point,
    /// Logged models.
    Model,
    /// Registered models.
    Registered,
    /// Versions of registered models.
    Version,
    /// Traces.
    Trace,
    /// Files of runs and models.
    File,
}

impl Kind {
    /// All kinds, in the order of the summary.
    pub const ALL: [Kind; 8] = [
        Kind::Experiment,
        Kind::Run,
        Kind::Point,
        Kind::Model,
        Kind::Registered,
        Kind::Version,
        Kind::Trace,
        Kind::File,
    ];

    fn words(self) -> &'static str {
        match self {
            Kind::Experiment => "experiments",
            Kind::Run => "runs",
            Kind::Point => "points of metrics",
            Kind::Model => "logged models",
            Kind::Registered => "registered models",
            Kind::Version => "versions",
            Kind::Trace => "traces",
            Kind::File => "artifacts",
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Count {
    new: u64,
    completed: u64,
    there: u64,
}

#[derive(Default)]
struct Inner {
    counts: [Count; 8],
    skipped: Vec<String>,
    left_out: u64,
    notes: Vec<String>,
}

/// More messages than these are only counted.
const MOST: usize = 200;

/// What a copy did so far. Shared between the two sides.
#[derive(Default)]
pub struct Report {
    inner: RefCell<Inner>,
}

impl Report {
    /// Notes what became of one thing.
    pub fn count(&self, kind: Kind, added: Added) {
        let mut inner = self.inner.borrow_mut();
        let count = &mut inner.counts[kind as usize];
        match added {
            Added { new: true, .. } => count.new += 1,
            Added { rows: 0, .. } => count.there += 1,
            Added { .. } => count.completed += 1,
        }
    }

    /// Notes how many of many things were new.
    pub fn count_many(&self, kind: Kind, new: usize, all: usize) {
        let mut inner = self.inner.borrow_mut();
        let count = &mut inner.counts[kind as usize];
        count.new += new as u64;
        count.there += all.saturating_sub(new) as u64;
    }

    /// Notes something that was left out, with its place and the reason.
    pub fn skip(&self, what: impl Into<String>) {
        let mut inner = self.inner.borrow_mut();
        inner.left_out += 1;
        if inner.skipped.len() < MOST {
            inner.skipped.push(what.into());
        }
    }

    /// Notes something that whoever copies should know.
    pub fn note(&self, what: impl Into<String>) {
        let mut inner = self.inner.borrow_mut();
        if inner.notes.len() < MOST {
            inner.notes.push(what.into());
        }
    }

    /// How many things of a kind are new in the target.
    pub fn added(&self, kind: Kind) -> u64 {
        self.inner.borrow().counts[kind as usize].new
    }

    /// Whether something was left out.
    pub fn has_skipped(&self) -> bool {
        self.inner.borrow().left_out > 0
    }

    /// What was left out and why (the first of many).
    pub fn skipped(&self) -> Vec<String> {
        self.inner.borrow().skipped.clone()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner.borrow();
        let changed = inner.counts.iter().any(|count| count.new + count.completed > 0);
        if !changed {
            writeln!(f, "nothing new")?;
        }
        for kind in Kind::ALL {
            let Count { new, completed, there } = inner.counts[kind as usize];
            if new + completed + there == 0 {
                continue;
            }
            write!(f, "{:<18} {new} new", kind.words())?;
            if completed > 0 {
                write!(f, ", {completed} completed")?;
            }
            if there > 0 {
                write!(f, ", {there} there already")?;
            }
            writeln!(f)?;
        }
        inner.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        inner.skipped.iter().try_for_each(|what| writeln!(f, "skipped: {what}"))?;
        let more = inner.left_out.saturating_sub(inner.skipped.len() as u64);
        if more > 0 {
            writeln!(f, "skipped: {more} more")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_changed_nothing_says_so() {
        let report = Report::default();
        report.count(Kind::Run, Added { new: false, rows: 0 });
        report.count_many(Kind::Point, 0, 7);
        assert_eq!(
            report.to_string(),
            "nothing new\nruns               0 new, 1 there already\npoints of metrics  0 new, 7 there already\n"
        );
        report.count(Kind::Run, Added { new: false, rows: 2 });
        report.skip("runs/x: no meta.yaml");
        assert!(report.has_skipped() && !report.to_string().contains("nothing new"));
        assert!(report.to_string().contains("runs               0 new, 1 completed, 1 there already\n"));
    }
}
