//! Rows transformed as they come, each knowing those before it.

use crate::error::FeatureError;
use crate::pipeline::FittedPipeline;
use crate::step::Fitted;
use crate::steps::lag::{FittedLag, Group, Past};
use crate::working::Working;
use ironbook_data::Matrix;
use std::collections::BTreeMap;

/// A fitted pipeline that remembers the rows it has transformed, for its lags.
///
/// Rows pushed in the order of their times, in pieces of any size, get the same features, bit for bit, as by one
/// `transform` of all of them.
#[derive(Clone, Debug)]
pub struct Stream<'p> {
    pipeline: &'p FittedPipeline,
    /// A memory per step; those of steps without lags stay empty.
    memories: Vec<Memory>,
}

/// What a lag step knows of the rows before.
#[derive(Clone, Debug, Default)]
struct Memory {
    groups: BTreeMap<Group, Known>,
}

/// What is known of a group.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Rows of the fit; those whose time was pushed again are gone.
    fitted: Vec<Past>,
    /// Rows pushed, in order, as many as the longest lag at most.
    pushed: Vec<Past>,
}

impl<'p> Stream<'p> {
    pub(crate) fn new(pipeline: &'p FittedPipeline) -> Self {
        let memory = |step: &Fitted| match step {
            Fitted::Lag(lag) => {
                let known = |past: &Vec<Past>| Known { fitted: past.clone(), pushed: Vec::new() };
                Memory { groups: lag.history.iter().map(|(group, past)| (group.clone(), known(past))).collect() }
            }
            _ => Memory::default(),
        };
        Stream { pipeline, memories: pipeline.steps.iter().map(memory).collect() }
    }

    /// Transforms the next rows and remembers them; when it fails, nothing is remembered.
    ///
    /// # Errors
    /// As [`FittedPipeline::transform`]; [`FeatureError::OutOfOrder`] for a row that is older than one of its group that
    /// was pushed before.
    pub fn push(&mut self, rows: &Matrix) -> Result<Matrix, FeatureError> {
        let mut working = Working::aligned(rows, &self.pipeline.inputs)?;
        let mut changed = Vec::with_capacity(self.memories.len());
        for (step, memory) in self.pipeline.steps.iter().zip(&self.memories) {
            ironbook_core::check()?;
            changed.push(match step {
                Fitted::Lag(lag) => memory.push(lag, &mut working)?,
                step => {
                    step.apply(&mut working)?;
                    BTreeMap::new()
                }
            });
        }
        let made = working.into_matrix(&self.pipeline.outputs)?;
        self.memories.iter_mut().zip(changed).for_each(|(memory, changed)| memory.groups.extend(changed));
        Ok(made)
    }
}

impl Memory {
    /// Adds the lags of the next rows; returns what is known of their groups then.
    fn push(&self, lag: &FittedLag, working: &mut Working<'_>) -> Result<BTreeMap<Group, Known>, FeatureError> {
        let mut lagged = lag.empty(working.rows);
        let mut changed = BTreeMap::new();
        for (group, rows) in lag.series(working)? {
            let mut known = self.groups.get(&group).cloned().unwrap_or_default();
            for row in rows {
                known.push(lag, lag.past(working, row)?, |before| lag.look(&mut lagged, row, before))?;
            }
            changed.insert(group, known);
        }
        lag.insert(working, lagged)?;
        Ok(changed)
    }
}

impl Known {
    /// Shows `look` the series before the row, then adds the row to it.
    fn push(&mut self, lag: &FittedLag, row: Past, look: impl FnOnce(&[&Past])) -> Result<(), FeatureError> {
        if let Some(last) = self.pushed.last().filter(|last| last.time > row.time) {
            return Err(FeatureError::OutOfOrder { column: lag.order.by.clone(), found: row.time, last: last.time });
        }
        // Of a time that both have, the pushed rows count.
        self.fitted.retain(|past| past.time != row.time);
        let mut before: Vec<&Past> =
            self.fitted.iter().filter(|past| past.time < row.time).chain(&self.pushed).collect();
        before.sort_by(|a, b| a.time.total_cmp(&b.time));
        look(&before);
        self.pushed.push(row);
        let surplus = self.pushed.len().saturating_sub(lag.reach());
        self.pushed.drain(..surplus);
        Ok(())
    }
}
