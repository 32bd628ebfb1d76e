//! What a run of a study came to.

use crate::history::Counts;
use crate::record::TrialRecord;
use std::fmt;
use std::time::Duration;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All trials of the budget are done.
    Trials,
    /// The time of the budget is over.
    Time,
    /// It was stopped or interrupted.
    Stopped,
    /// The sampler has tried everything.
    Exhausted,
}

/// A trial that did not end when it was to: its thread runs on, what it returns is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftBehind {
    pub(super) number: u32,
    pub(super) thread: String,
    pub(super) running: Duration,
}

impl LeftBehind {
    /// Number of the trial.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Name of its thread.
    pub fn thread(&self) -> &str {
        &self.thread
    }

    /// How long it had been running.
    pub fn running(&self) -> Duration {
        self.running
    }
}

impl fmt::Display for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.running.as_secs_f64();
        write!(f, "trial {} did not end within {seconds:.1} s; its thread \"{}\" runs on", self.number, self.thread)
    }
}

/// What a run of a study came to.
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) counts: Counts,
    pub(super) ended: Ended,
    pub(super) best: Option<TrialRecord>,
    pub(super) left_behind: Vec<LeftBehind>,
    pub(super) failures: Vec<(u32, String)>,
    pub(super) late: usize,
    pub(super) elapsed: Duration,
}

impl Report {
    /// How the trials of this run ended.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Why it ended.
    pub fn ended(&self) -> Ended {
        self.ended
    }

    /// The best trial of the whole study.
    pub fn best(&self) -> Option<&TrialRecord> {
        self.best.as_ref()
    }

    /// Trials that did not end when they were to.
    pub fn left_behind(&self) -> &[LeftBehind] {
        &self.left_behind
    }

    /// Numbers of the first failed trials of this run, at most 10, and why.
    pub fn failures(&self) -> &[(u32, String)] {
        &self.failures
    }

    /// Results that the storage refused, because another process had given their trials up meanwhile.
    pub fn late(&self) -> usize {
        self.late
    }

    /// How long it took.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { complete, pruned, failed, .. } = self.counts;
        let why = match self.ended {
            Ended::Trials => "all trials done",
            Ended::Time => "its time was over",
            Ended::Stopped => "stopped",
            Ended::Exhausted => "everything was tried",
        };
        let seconds = self.elapsed.as_secs_f64();
        write!(f, "{complete} complete, {pruned} pruned, {failed} failed in {seconds:.1} s; {why}")?;
        if let Some((best, value)) = self.best.as_ref().and_then(|best| Some((best, best.value()?))) {
            write!(f, "\nbest: {value:?} in trial {}", best.number())?;
            for param in best.params() {
                write!(f, "\n    {} = {}", param.name(), param.value())?;
            }
        }
        for (number, why) in &self.failures {
            write!(f, "\ntrial {number} failed: {}", why.lines().next().unwrap_or_default())?;
        }
        if self.late > 0 {
            write!(f, "\n{} results came after their trials were given up by another process", self.late)?;
        }
        self.left_behind.iter().try_for_each(|left| write!(f, "\n{left}"))
    }
}
