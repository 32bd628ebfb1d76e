//! What a run shows: bars where standard error is a terminal, else one line per event.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The place for progress and notes.
pub(crate) struct Console {
    bars: Option<MultiProgress>,
    running: Mutex<HashMap<String, ProgressBar>>,
    quiet: bool,
}

impl Console {
    /// Standard error; `quiet` shows warnings and failures only.
    pub(crate) fn new(quiet: bool) -> Console {
        let terminal = std::io::stderr().is_terminal() && !quiet;
        let bars = terminal.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        Console { bars, running: Mutex::default(), quiet }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, ProgressBar>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line that matters.
    pub(crate) fn say(&self, text: &str) {
        let write = || {
            // Without standard error nobody looks.
            let _ = writeln!(std::io::stderr(), "{text}");
        };
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// A line about what goes well.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// A stage begins.
    pub(crate) fn started(&self, stage: &str) {
        let Some(bars) = &self.bars else { return self.note(&format!("{stage}: started")) };
        let bar = bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}") {
            bar.set_style(style);
        }
        bar.set_prefix(stage.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        self.running().insert(stage.to_owned(), bar);
    }

    /// The last line that a stage has printed.
    pub(crate) fn line(&self, stage: &str, line: &str) {
        if let Some(bar) = self.running().get(stage) {
            bar.set_message(line.to_owned());
        }
    }

    /// A stage has ended.
    pub(crate) fn ended(&self, stage: &str, words: &str) {
        if let Some(bar) = self.running().remove(stage) {
            bar.finish_and_clear();
        }
        self.note(&format!("{stage}: {words}"));
    }

    /// A stage has failed.
    pub(crate) fn failed(&self, stage: &str, words: &str) {
        if let Some(bar) = self.running().remove(stage) {
            bar.finish_and_clear();
        }
        self.say(&format!("{stage}: {words}"));
    }
}
