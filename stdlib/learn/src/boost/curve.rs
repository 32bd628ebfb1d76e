//! The learning curve of boosted trees: as a chart, and on the screen while they grow.

use super::booster::History;
use crate::table::number;
use ironbook_core::display::Live;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_plot::Chart;

impl History {
    /// The metric after each round, on the training and on the validation rows; `best` is marked.
    pub fn chart(&self, best: Option<usize>) -> Option<Chart> {
        let rounds: Vec<f64> = (1..=self.train.len()).map(|round| round as f64).collect();
        let mut chart = Chart::line(&rounds, &self.train).ok()?.name("training").x_label("round").y_label(&self.metric);
        if self.valid.len() == rounds.len() {
            chart = chart.series("validation", &rounds, &self.valid).ok()?;
        }
        let marked = best.map(|best| chart.clone().vline((best + 1) as f64, format!("best: {}", best + 1)));
        Some(marked.and_then(Result::ok).unwrap_or(chart).title(format!("{} by round", self.metric)))
    }

    fn line(&self, best: Option<usize>) -> String {
        let at = best.unwrap_or(self.train.len().saturating_sub(1));
        let value = |list: &[f64]| list.get(at).map_or_else(|| "none".to_owned(), |value| number(*value));
        let valid = if self.valid.is_empty() { String::new() } else { format!(", validation {}", value(&self.valid)) };
        let which = if best.is_some() { "best round" } else { "round" };
        format!(
            "{} rounds; {which} {}: {} training {}{valid}",
            self.train.len(),
            at + 1,
            self.metric,
            value(&self.train)
        )
    }
}

impl Display for History {
    fn bundle(&self) -> Bundle {
        let line = self.line(None);
        self.chart(None).map_or_else(|| Bundle::text(&line), |chart| chart.bundle())
    }
}

impl Inspect for History {
    fn shape(&self) -> Option<String> {
        Some(format!("{} rounds", self.train.len()))
    }
}

/// The curve on the screen.
pub(super) struct Curve(Live);

impl Curve {
    pub(super) fn new(live: bool) -> Self {
        Curve(if live { Live::new() } else { Live::off() })
    }

    /// Shows the rounds so far, if it is time.
    pub(super) fn update(&mut self, history: &History) {
        let passing = || history.chart(None).map_or_else(Bundle::default, |chart| chart.passing(history.line(None)));
        self.0.update(passing);
    }

    /// The last state, if any was shown.
    pub(super) fn end(self, history: &History, best: Option<usize>) {
        let whole =
            || history.chart(best).map_or_else(Bundle::default, |chart| chart.bundle().plainly(history.line(best)));
        self.0.end(whole);
    }
}
