//! A search on the screen while it runs: a line and charts that move in place.

use super::charts;
use super::search::Search;
use super::summary::{Summary, elapsed};
use ironbook_core::display::{Live, display};
use ironbook_core::table::number;
use ironbook_core::{Bundle, Display as _, bundle::escape_html};
use ironbook_tune::{Counts, View};

/// The display of one search.
pub(super) struct Shown {
    live: Live,
    title: String,
    metric: String,
    /// Trials of the study before this run.
    before: usize,
}

impl Shown {
    pub(super) fn new(search: &Search<'_>, before: Counts) -> Self {
        let before = before.complete + before.pruned + before.failed;
        Shown { live: Live::new(), title: search.name.clone(), metric: search.metric.clone(), before }
    }

    /// Shows the trials so far, if it is time.
    pub(super) fn update(&mut self, view: &View<'_>) {
        let Shown { live, title, metric, before } = self;
        live.update(|| passing(title, metric, *before, view));
    }

    /// Shows what came of it, in place of the passing state.
    pub(super) fn end(self, summary: Summary) {
        if self.live.shown() {
            self.live.end(|| summary.bundle());
        } else {
            display(&summary);
        }
    }
}

fn passing(title: &str, metric: &str, before: usize, view: &View<'_>) -> Bundle {
    let counts = view.history().counts();
    let done = counts.complete + counts.pruned + counts.failed;
    let of = view.trials().map_or_else(String::new, |trials| format!(" of {}", before + trials));
    let mut line = format!("{title}: {done}{of} trials");
    let others = [(counts.pruned, "pruned"), (counts.failed, "failed")];
    let others: Vec<String> =
        others.iter().filter(|other| other.0 > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !others.is_empty() {
        line.push_str(&format!(" ({})", others.join(", ")));
    }
    line.push_str(&match view.history().best().and_then(|best| Some((best.number(), best.value()?))) {
        Some((trial, value)) => format!(", best {metric} {} in trial {trial}", number(value)),
        None => ", none complete yet".to_owned(),
    });
    line.push_str(&format!("; {}", elapsed(view.elapsed())));
    if let Some(left) = view.left() {
        line.push_str(&format!(", about {} left", elapsed(left)));
    }
    let charts = charts::html(view.history(), metric);
    let html = format!("<div><p>{}</p>{charts}</div>", escape_html(&line));
    Bundle::text(line).html(html)
}
