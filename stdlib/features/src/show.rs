//! How pipelines show themselves: a line per step, with what it learned.

use crate::pipeline::{FittedPipeline, Pipeline};
use crate::step::Fitted;
use crate::steps::impute::Filler;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_learn::Feature;
use ironbook_learn::table::{Table, number};

/// Rows shown at most: a step can have thousands of columns.
const ROWS: usize = 60;
/// Names listed at most before the rest is counted.
const SHOWN: usize = 8;

impl Display for Pipeline {
    fn bundle(&self) -> Bundle {
        let mut table = Table::new(format!("Pipeline of {}", count(self.steps.len(), "step")), &["step", "columns"]);
        self.steps.iter().for_each(|step| table.row(step.words()));
        table.bundle()
    }
}

impl Display for FittedPipeline {
    fn bundle(&self) -> Bundle {
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        let title = format!("Pipeline from {} to {outputs}, fitted to {} rows", count(inputs, "column"), self.n_rows);
        let mut table = Table::new(title, &["step", "column", "learned"]);
        let rows: Vec<[String; 3]> = self.steps.iter().flat_map(learned).collect();
        let more = rows.len().saturating_sub(ROWS);
        rows.into_iter().take(ROWS).for_each(|row| table.row(row));
        if more > 0 {
            table.note(format!("and {more} more"));
        }
        table.note(format!("makes {}", names(&self.outputs)));
        table.bundle()
    }
}

impl Inspect for Pipeline {
    fn shape(&self) -> Option<String> {
        Some(count(self.steps.len(), "step"))
    }
}

impl Inspect for FittedPipeline {
    fn shape(&self) -> Option<String> {
        Some(format!("{} columns to {}", self.inputs.len(), self.outputs.len()))
    }
}

/// `1 step`, `3 steps`.
fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn names(features: &[Feature]) -> String {
    let some: Vec<&str> = features.iter().take(SHOWN).map(|feature| feature.name.as_str()).collect();
    let more = features.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", some.join(", "))
}

/// Step, column and what was learned, a row per column.
fn learned(step: &Fitted) -> Vec<[String; 3]> {
    let row = |step: &str, column: &str, learned: String| [step.to_owned(), column.to_owned(), learned];
    match step {
        Fitted::Impute(step) => {
            let filling = |f: &crate::steps::impute::Filling| {
                let value = match &f.value {
                    Filler::Number(value) => number(*value),
                    Filler::Text(text) => format!("\"{text}\""),
                };
                row("impute", &f.column, if f.indicator { format!("{value}, with indicator") } else { value })
            };
            step.columns.iter().map(filling).collect()
        }
        Fitted::Scale(step) => {
            let line = |l: &crate::steps::scale::Line| {
                row(step.to.step(), &l.column, format!("(x - {}) / {}", number(l.from), number(l.by)))
            };
            step.columns.iter().map(line).collect()
        }
        Fitted::OneHot(step) => {
            step.columns.iter().map(|c| row("one_hot", &c.column, count(c.names.len(), "indicator"))).collect()
        }
        Fitted::Ordinal(step) => {
            step.columns.iter().map(|c| row("ordinal", &c.column, format!("{} categories", c.rank.len()))).collect()
        }
        Fitted::TargetEncode(step) => {
            let codes = |c: &crate::steps::target::Codes| {
                row("target_encode", &c.column, format!("{} categories", c.levels.len()))
            };
            step.columns.iter().map(codes).collect()
        }
        Fitted::Cyclical(step) => vec![row("cyclical", &step.column, "sine and cosine".to_owned())],
        Fitted::Lag(step) => {
            let remembered = format!("{} remembered", count(step.history.len(), "group"));
            step.columns.iter().map(|c| row(&format!("lag {:?}", step.steps), c, remembered.clone())).collect()
        }
        Fitted::Log1p(step) => step.columns.iter().map(|c| row("log1p", c, "ln(1 + x)".to_owned())).collect(),
        Fitted::Chosen(step) => vec![row("keep", &step.columns.join(", "), String::new())],
    }
}
