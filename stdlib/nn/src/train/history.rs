//! What happened in a training: losses per epoch, and why it ended.

use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::{Table, number};
use ironbook_plot::Chart;
use serde::{Deserialize, Serialize};

/// One epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Mean training loss over the epoch, while the weights moved.
    pub train_loss: f64,
    /// Mean validation loss at its end.
    pub valid_loss: Option<f64>,
    /// Learning rate of its last step.
    pub lr: f64,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// All epochs are done.
    Epochs,
    /// The validation loss no longer fell.
    Early,
}

/// The losses of a training, epoch by epoch; shows itself as curves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The epochs, first to last.
    pub epochs: Vec<Epoch>,
    /// The loss of each step.
    pub steps: Vec<f64>,
    /// Number of the epoch with the lowest validation loss, from 1.
    pub best: Option<usize>,
    /// Why it ended; `None` while it has not.
    pub stop: Option<Stop>,
}

impl History {
    /// The curves: training and validation loss per epoch, or the loss per step before there are two epochs.
    pub fn chart(&self) -> Option<Chart> {
        let chart = if self.epochs.len() < 2 { self.by_step() } else { self.by_epoch() };
        chart.map(|chart| chart.title("Loss").y_label("loss"))
    }

    /// Where the training stands, in a line.
    fn line(&self) -> String {
        let Some(last) = self.epochs.last() else {
            let loss = self.steps.last().map_or_else(String::new, |loss| format!(": loss {}", number(*loss)));
            return format!("step {}{loss}", self.steps.len());
        };
        let at = self.best.unwrap_or(self.epochs.len());
        let epoch = self.epochs.get(at.saturating_sub(1)).unwrap_or(last);
        let valid = epoch.valid_loss.map_or_else(String::new, |loss| format!(", validation {}", number(loss)));
        let best = if self.best.is_some() { "best " } else { "" };
        format!("{}; {best}epoch {at}: training loss {}{valid}", self.title(), number(epoch.train_loss))
    }

    /// The curves while they grow; a line in terminals.
    pub(super) fn passing(&self) -> Bundle {
        self.chart().map_or_else(Bundle::default, |chart| chart.passing(self.line()))
    }

    /// The finished curves; a line in terminals.
    pub(super) fn curve(&self) -> Bundle {
        self.chart().map_or_else(Bundle::default, |chart| chart.bundle().plainly(self.line()))
    }

    fn by_step(&self) -> Option<Chart> {
        let steps: Vec<f64> = (1..=self.steps.len()).map(|i| i as f64).collect();
        Some(Chart::line(&steps, &self.steps).ok()?.name("training").x_label("step"))
    }

    fn by_epoch(&self) -> Option<Chart> {
        let at: Vec<f64> = (1..=self.epochs.len()).map(|i| i as f64).collect();
        let train: Vec<f64> = self.epochs.iter().map(|e| e.train_loss).collect();
        let chart = Chart::line(&at, &train).ok()?.name("training").x_label("epoch");
        let valid: Option<Vec<f64>> = self.epochs.iter().map(|e| e.valid_loss).collect();
        let chart = match valid {
            Some(valid) => chart.series("validation", &at, &valid).ok()?,
            None => chart,
        };
        match self.best {
            Some(best) => chart.clone().vline(best as f64, format!("best: {best}")).ok().or(Some(chart)),
            None => Some(chart),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new(self.title(), &["epoch", "training", "validation", "learning rate"]);
        let count = self.epochs.len();
        for (i, epoch) in self.epochs.iter().enumerate().filter(|(i, _)| count <= 12 || *i < 3 || i + 8 >= count) {
            let valid = epoch.valid_loss.map_or_else(String::new, number);
            table.row([(i + 1).to_string(), number(epoch.train_loss), valid, number(epoch.lr)]);
        }
        if let Some(best) = self.best {
            table.note(format!("lowest validation loss in epoch {best}"));
        }
        table
    }

    fn title(&self) -> String {
        let end = match self.stop {
            Some(Stop::Epochs) => "",
            Some(Stop::Early) => ", stopped early",
            None => ", not finished",
        };
        format!("{} epochs, {} steps{end}", self.epochs.len(), self.steps.len())
    }
}

impl Display for History {
    fn bundle(&self) -> Bundle {
        let table = self.table().bundle();
        let Some(chart) = self.chart() else { return table };
        let mut bundle = chart.bundle();
        let text = format!("{}\n{}", bundle.plain(), table.plain());
        bundle.data.insert("text/plain".to_owned(), text.into());
        bundle
    }
}

impl Inspect for History {
    fn shape(&self) -> Option<String> {
        Some(self.title())
    }

    fn heap_bytes(&self) -> u64 {
        (self.epochs.len() * size_of::<Epoch>() + self.steps.len() * size_of::<f64>()) as u64
    }
}
