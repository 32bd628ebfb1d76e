//! A search on the screen while it runs: a line and charts that move in place.

use super::charts;
use super::search::Search;
use super::summary::Summary;
use ironbook_core::display::{Live, display};
use ironbook_core::table::number;
use ironbook_core::{Bundle, Display as _, Progress};
use ironbook_tune::{Counts, View};

/// The display of one search.
pub(super) struct Shown {
    live: Live,
    /// What terminals show of it.
    progress: Progress,
    metric: String,
}

impl Shown {
    pub(super) fn new(search: &Search<'_>, before: Counts) -> Self {
        let before = before.complete + before.pruned + before.failed;
        let total = search.limit().map(|trials| trials.saturating_sub(before) as u64);
        let progress = Progress::new(search.name.clone(), total);
        Shown { live: Live::new(), progress, metric: search.metric.clone() }
    }

    /// Shows the trials so far, if it is time.
    pub(super) fn update(&mut self, view: &View<'_>) {
        let Shown { live, progress, metric } = self;
        progress.set(view.ended() as u64, found(metric, view));
        live.update(|| passing(metric, view));
    }

    /// Shows what came of it, in place of the passing state.
    pub(super) fn end(self, summary: &Summary) {
        drop(self.progress);
        if self.live.shown() {
            self.live.end(|| summary.bundle());
        } else {
            display(summary);
        }
    }
}

/// `best roc_auc 0.7421 in trial 23, 12 pruned, 3 failed`.
fn found(metric: &str, view: &View<'_>) -> String {
    let counts = view.history().counts();
    let best = match view.history().best().and_then(|best| Some((best.number(), best.value()?))) {
        Some((trial, value)) => format!("best {metric} {} in trial {trial}", number(value)),
        None => "none complete yet".to_owned(),
    };
    let others = [(counts.pruned, "pruned"), (counts.failed, "failed")];
    let others = others.iter().filter(|other| other.0 > 0).map(|(count, what)| format!("{count} {what}"));
    [best].into_iter().chain(others).collect::<Vec<_>>().join(", ")
}

/// The charts so far; what there is in words stands in the bar.
fn passing(metric: &str, view: &View<'_>) -> Bundle {
    Bundle::text("").html(format!("<div>{}</div>", charts::html(view.history(), metric)))
}
