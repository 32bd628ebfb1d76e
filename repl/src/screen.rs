//! A running cell on the terminal: its outputs as they come, its progress bars, its failure.

use crate::terminal::{Style, Terminal, shortened};
use crate::{fit, pager};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ironbook_core::Bundle;
use ironbook_core::progress::State;
use ironbook_session::{Event, Failure};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Where nobody watches, a line of progress this often at most.
const LINE_PERIOD: Duration = Duration::from_secs(1);

/// Shows the events of one cell after another.
pub struct Screen {
    /// The terminal it draws on.
    pub terminal: Terminal,
    /// Whether the cursor of standard output stands behind text.
    open_line: bool,
    bars: BTreeMap<u64, ProgressBar>,
    last_line: Option<Instant>,
    /// The newest state of displays that were updated, and the one that stands on the terminal.
    updates: BTreeMap<String, (Bundle, Bundle)>,
}

impl Screen {
    /// A screen on this terminal.
    pub fn new(terminal: Terminal) -> Screen {
        Screen { terminal, open_line: false, bars: BTreeMap::new(), last_line: None, updates: BTreeMap::new() }
    }

    /// Shows one event.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Stdout(text) => self.print(text),
            Event::Stderr(text) => self.aside(text),
            Event::Note(text) => {
                let text = if self.terminal.live {
                    fit::wrapped(&format!("note: {text}"), self.terminal.size().0)
                } else {
                    format!("note: {text}")
                };
                let text = text.strip_prefix("note:").unwrap_or(&text);
                let note = format!("{}{text}\n", self.terminal.paint(Style::Cyan, "note:"));
                self.close_line();
                self.aside(&note);
            }
            Event::Result(bundle) => self.show_value(bundle),
            Event::Display { bundle, id, update } => match id {
                // Each state of a live display would be a line; the last one is shown when the cell ends.
                Some(id) if *update => self.updates.entry(id.clone()).or_default().0 = bundle.clone(),
                Some(id) => {
                    self.show_value(bundle);
                    self.updates.insert(id.clone(), (bundle.clone(), bundle.clone()));
                }
                None => self.show_value(bundle),
            },
            Event::Progress(state) => self.progress(state),
            Event::Page(text) if self.terminal.reads_out() => {
                self.show_long(&fit::wrapped(text, self.terminal.size().0));
            }
            Event::Page(text) => self.show(text),
            // Who holds the session answers; outputs stay on a terminal.
            Event::Clear { .. } | Event::Input { .. } => {}
        }
    }

    /// Ends a cell: bars go, updated displays show their last state.
    pub fn end(&mut self) {
        for bar in std::mem::take(&mut self.bars).into_values() {
            bar.finish_and_clear();
        }
        for (newest, shown) in std::mem::take(&mut self.updates).into_values() {
            if newest.plain() != shown.plain() {
                self.show_value(&newest);
            }
        }
        self.close_line();
        self.last_line = None;
    }

    /// Shows why a cell failed.
    pub fn failure(&mut self, failure: &Failure) {
        self.close_line();
        let mut text = failure.report.join("\n");
        text.push('\n');
        self.aside(&text);
    }

    /// A line of our own on standard error.
    pub fn say(&mut self, line: &str) {
        self.close_line();
        self.aside(&format!("{line}\n"));
    }

    /// A value: its picture, its table, or its text, as the terminal can show them.
    fn show_value(&mut self, bundle: &Bundle) {
        if !self.terminal.reads_out() {
            return self.show(bundle.plain());
        }
        if let Some(picture) = self.terminal.images.picture(bundle, self.terminal.place()) {
            self.close_line();
            return self.above_bars(|terminal| terminal.out_raw(&format!("{picture}\n")));
        }
        match fit::table(bundle, self.terminal.size().0) {
            Some(table) => self.show_long(&table),
            None => self.show_long(bundle.plain()),
        }
    }

    /// A text, in the pager if it is longer than the screen and the user wants that.
    fn show_long(&mut self, text: &str) {
        let is_long = || text.lines().count() >= self.terminal.size().1;
        let paged = self.terminal.pager && self.bars.is_empty() && self.terminal.reads_out() && is_long();
        if !(paged && pager::show(text)) {
            self.show(text);
        }
    }

    /// A text, on lines of its own.
    fn show(&mut self, text: &str) {
        if !text.is_empty() {
            self.close_line();
            self.print(&format!("{text}\n"));
        }
    }

    fn print(&mut self, text: &str) {
        if !text.is_empty() {
            self.open_line = !text.ends_with('\n');
            self.above_bars(|terminal| terminal.out(text));
        }
    }

    fn aside(&self, text: &str) {
        self.above_bars(|terminal| terminal.err(text));
    }

    fn close_line(&mut self) {
        if std::mem::take(&mut self.open_line) {
            self.terminal.out("\n");
        }
    }

    fn above_bars(&self, write: impl FnOnce(&Terminal)) {
        match self.bars.values().next() {
            Some(bar) => bar.suspend(|| write(&self.terminal)),
            None => write(&self.terminal),
        }
    }

    fn progress(&mut self, state: &State) {
        if !self.terminal.live {
            let due = state.finished || self.last_line.is_none_or(|at| at.elapsed() >= LINE_PERIOD);
            if due {
                self.last_line = Some(Instant::now());
                let line = progress_line(state);
                self.say(&line);
            }
            return;
        }
        let bar = self.bars.entry(state.id).or_insert_with(|| new_bar(state));
        bar.set_position(state.done);
        bar.set_message(shortened(&state.message, self.terminal.width.saturating_sub(60)));
        if state.finished {
            bar.finish_and_clear();
            self.bars.remove(&state.id);
        }
    }
}

fn new_bar(state: &State) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(state.total, ProgressDrawTarget::stderr());
    let template = match state.total {
        Some(_) => "{prefix} {bar:24} {pos}/{len} {eta} {msg}",
        None => "{prefix} {spinner} {pos} {elapsed} {msg}",
    };
    // The templates are constants; if one did not parse, the default bar would do.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("━╸ "));
    bar.set_prefix(state.title.clone());
    bar
}

/// `fit: 12/100 loss 0.31`.
fn progress_line(state: &State) -> String {
    let total = state.total.map(|total| format!("/{total}")).unwrap_or_default();
    format!("  {}: {}{total} {}", state.title, state.done, state.message).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_as_a_line() {
        let state = State {
            id: 1,
            title: "fit".into(),
            done: 12,
            total: Some(100),
            message: "loss 0.31".into(),
            elapsed_s: 1.0,
            finished: false,
        };
        assert_eq!(progress_line(&state), "  fit: 12/100 loss 0.31");
        assert_eq!(progress_line(&State { total: None, message: String::new(), ..state }), "  fit: 12");
    }
}
